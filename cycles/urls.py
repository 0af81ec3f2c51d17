"""Routes of the cycle room."""

from django.urls import URLPattern, path

from cycles.api import AttachmentView, CycleListView, CycleView, StepView, SubmissionListView

app_name = "cycles"
urlpatterns: list[URLPattern] = []
api_urlpatterns = [
    path("cycles/", CycleListView.as_view(), name="cycles"),
    path("cycles/<str:month>/", CycleView.as_view(), name="cycle"),
    path("cycles/<str:month>/steps/<str:step>/", StepView.as_view(), name="step"),
    path("cycles/<str:month>/submissions/", SubmissionListView.as_view(), name="submissions"),
    path(
        "cycles/<str:month>/steps/<str:step>/submissions/<str:department>/attachment/",
        AttachmentView.as_view(),
        name="attachment",
    ),
]
