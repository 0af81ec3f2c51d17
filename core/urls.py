"""Routes of the core: jobs."""

from django.urls import path

from core.job_api import JobCancelView, JobListView, JobView
from core.views import JobDetailPage, JobListPage

app_name = "core"
urlpatterns = [
    path("jobs/", JobListPage.as_view(), name="jobs"),
    path("jobs/<int:job_id>/", JobDetailPage.as_view(), name="job"),
]
api_urlpatterns = [
    path("jobs/", JobListView.as_view(), name="jobs"),
    path("jobs/<int:job_id>/", JobView.as_view(), name="job"),
    path("jobs/<int:job_id>/cancel/", JobCancelView.as_view(), name="job-cancel"),
]
