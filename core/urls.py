"""Routes of the core: jobs."""

from django.urls import URLPattern, path

from core.job_api import JobCancelView, JobListView, JobView

app_name = "core"
urlpatterns: list[URLPattern] = []
api_urlpatterns = [
    path("jobs/", JobListView.as_view(), name="jobs"),
    path("jobs/<int:job_id>/", JobView.as_view(), name="job"),
    path("jobs/<int:job_id>/cancel/", JobCancelView.as_view(), name="job-cancel"),
]
