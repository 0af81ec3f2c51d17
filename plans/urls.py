"""REST of the plans; the pages are those of the rooms above."""

from django.urls import URLPattern, path

from plans.api import cells, passport, scenarios, snapshots

app_name = "plans"
urlpatterns: list[URLPattern] = []
api_urlpatterns = [
    path("plans/<str:version>/cells/", cells.CellsView.as_view(), name="cells"),
    path("plans/<str:version>/cells:batch", cells.BatchView.as_view(), name="cells-batch"),
    path("plans/<str:version>/cells/history/", cells.HistoryView.as_view(), name="cell-history"),
    path("plans/<str:version>/passport/", passport.PassportView.as_view(), name="passport"),
    path("plans/<str:version>/batches/<int:batch>/undo/", cells.UndoView.as_view(), name="undo"),
    path("plans/<str:version>/scenarios/", scenarios.ScenarioListView.as_view(), name="scenarios"),
    path("plans/<str:version>/refresh/", scenarios.RefreshView.as_view(), name="refresh"),
    path("plans/<str:version>/expire/", scenarios.ExpireView.as_view(), name="expire"),
    path("plans/<str:version>/merge/", scenarios.MergeView.as_view(), name="merge"),
    path("plans/<str:a>/compare/<str:b>/", scenarios.CompareView.as_view(), name="compare"),
    path("snapshots/<str:code>/", snapshots.SnapshotView.as_view(), name="snapshot"),
]
