"""Routes of the master data room."""

from django.urls import path

from masterdata.api.imports import (
    ImportCommitView,
    ImportDiscardView,
    ImportFixesView,
    ImportListView,
    ImportRejectedView,
    ImportView,
)
from masterdata.api.rows import RowListView, RowView
from masterdata.views import BatchView, RejectedView, StoredView, TemplateView, UploadView

app_name = "masterdata"
urlpatterns = [
    path("import/", UploadView.as_view(), name="import"),
    path("import/templates/", TemplateView.as_view(), name="import-templates"),
    path("import/templates/<str:sheet>.csv", TemplateView.as_view(), name="import-template"),
    path("import/stored/", StoredView.as_view(), name="import-stored"),
    path("import/<int:batch_id>/", BatchView.as_view(), name="import-batch"),
    path("import/<int:batch_id>/rejected/", RejectedView.as_view(), name="import-rejected"),
]
api_urlpatterns = [
    path("imports/", ImportListView.as_view(), name="imports"),
    path("imports/<int:batch_id>/", ImportView.as_view(), name="import"),
    path("imports/<int:batch_id>/fixes/", ImportFixesView.as_view(), name="import-fixes"),
    path("imports/<int:batch_id>/commit/", ImportCommitView.as_view(), name="import-commit"),
    path("imports/<int:batch_id>/discard/", ImportDiscardView.as_view(), name="import-discard"),
    path("imports/<int:batch_id>/rejected/", ImportRejectedView.as_view(), name="import-rejected"),
    path("masterdata/<str:sheet>/", RowListView.as_view(), name="rows"),
    path("masterdata/<str:sheet>/<path:key>/", RowView.as_view(), name="row"),
]
