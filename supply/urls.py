"""Pages and REST of the supply room."""

from django.urls import URLPattern, path

from supply import api

app_name = "supply"
urlpatterns: list[URLPattern] = []
api_urlpatterns = [
    path("plan/consensus/", api.ConsensusPlanView.as_view(), name="consensus-plan"),
    path("releases/", api.ReleaseListView.as_view(), name="releases"),
    path("releases/latest/", api.ReleaseView.as_view(), name="release-latest"),
    path("releases/latest/lines/", api.ReleaseLinesView.as_view(), name="release-latest-lines"),
    path("releases/<int:number>/", api.ReleaseView.as_view(), name="release"),
    path("releases/<int:number>/lines/", api.ReleaseLinesView.as_view(), name="release-lines"),
    path("releases/<int:number>/delta/", api.ReleaseDeltaView.as_view(), name="release-delta"),
    path("releases/<int:number>/acks/", api.ReleaseAckView.as_view(), name="release-acks"),
]
