"""Routes of the meeting room."""

from django.urls import URLPattern, path

from meetings import views
from meetings.api import (
    ActionListView,
    ActionView,
    ConflictListView,
    ConflictView,
    DecisionListView,
    DecisionView,
    MeetingListView,
    RiskListView,
    RiskView,
    SupplyQuestionView,
)

app_name = "meetings"
urlpatterns: list[URLPattern] = [
    path("presop/", views.PreSopView.as_view(), name="presop"),
    path("executive/", views.ExecutiveView.as_view(), name="executive"),
    path("meeting/<str:step>/", views.MeetingView.as_view(), name="step"),
    path("meeting/<str:step>/minutes/", views.MinutesView.as_view(), name="minutes"),
    path("cycle/<str:command>/", views.CommandView.as_view(), name="command"),
]
api_urlpatterns = [
    path("cycles/<str:month>/meetings/", MeetingListView.as_view(), name="meetings"),
    path("cycles/<str:month>/decisions/", DecisionListView.as_view(), name="decisions"),
    path("cycles/<str:month>/decisions/supply/", SupplyQuestionView.as_view(), name="supply-question"),
    path("cycles/<str:month>/decisions/<int:number>/", DecisionView.as_view(), name="decision"),
    path("cycles/<str:month>/actions/", ActionListView.as_view(), name="actions"),
    path("cycles/<str:month>/actions/<int:action_id>/", ActionView.as_view(), name="action"),
    path("cycles/<str:month>/risks/", RiskListView.as_view(), name="risks"),
    path("cycles/<str:month>/risks/<int:risk_id>/", RiskView.as_view(), name="risk"),
    path("cycles/<str:month>/conflicts/", ConflictListView.as_view(), name="conflicts"),
    path("cycles/<str:month>/conflicts/<int:conflict_id>/", ConflictView.as_view(), name="conflict"),
]
