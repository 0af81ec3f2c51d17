"""The import pages: upload, findings and preview, save, downloads."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.mixins import AccessMixin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views import View

from accounts.policies import can
from accounts.selectors import get_actor
from core.errors import AppError, InvalidInput, Missing
from masterdata.batch_page import build_batch_page
from masterdata.importers.sandbox import ENCODINGS
from masterdata.importers.spec import get_sheet, list_sheets
from masterdata.models import ImportBatch
from masterdata.reports import rejected_file, stored_workbook, template_csv, template_workbook
from masterdata.selectors import find_fixes, get_batch, list_batches, list_suggestions
from masterdata.services import discard_batch, recheck_batch, save_fixes, stage_upload
from masterdata.tasks import enqueue_check, enqueue_commit, get_batch_job


class ImportPage(AccessMixin, View):
    """A page for those who may import; others are told so."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        if not can(get_actor(request), "import.run"):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)


def _own_batch(request: HttpRequest, batch_id: int) -> ImportBatch:
    try:
        return get_batch(batch_id=batch_id, user=get_actor(request))
    except Missing as missing:
        raise Http404 from missing


def _wants_partial(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


class UploadView(ImportPage):
    """Choose files; the list of own imports; templates to download."""

    def get(self, request: HttpRequest, error: str = "") -> HttpResponse:
        context = {
            "batches": list_batches(get_actor(request))[:12],
            "sheets": list_sheets(),
            "encodings": ENCODINGS,
            "error": error,
        }
        return render(request, "masterdata/upload.html", context, status=422 if error else 200)

    def post(self, request: HttpRequest) -> HttpResponse:
        files, encoding = request.FILES.getlist("files"), request.POST.get("encoding", "")
        try:
            batch = stage_upload(files=files, actor=get_actor(request), encoding=encoding)
        except AppError as refused:
            return self.get(request, error=str(refused.message))
        enqueue_check(batch=batch, actor=get_actor(request))
        return redirect("masterdata:import-batch", batch.pk)


class BatchView(ImportPage):
    """One import; a POST does one of mend, suggestions, recheck, commit, discard."""

    def get(self, request: HttpRequest, batch_id: int, error: str = "") -> HttpResponse:
        batch = _own_batch(request, batch_id)
        page = build_batch_page(
            batch,
            get_batch_job(batch),
            show=request.GET.get("show", ""),
            page=request.GET.get("page", 1),
            show_costs=can(get_actor(request), "finance.view_costs"),
        )
        template = "masterdata/_batch.html" if _wants_partial(request) else "masterdata/batch.html"
        return render(request, template, {"page": page, "batch": batch, "error": error})

    def post(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        batch = _own_batch(request, batch_id)
        error = ""
        try:
            self._act(request, batch)
        except AppError as refused:
            error = str(refused.message)
        if _wants_partial(request) or error:
            return self.get(request, batch_id, error=error)
        return redirect("masterdata:import-batch", batch.pk)

    def _act(self, request: HttpRequest, batch: ImportBatch) -> None:
        match request.POST.get("do"):
            case "mend":
                batch = save_fixes(batch=batch, fixes=find_fixes(batch, request.POST), actor=get_actor(request))
            case "suggestions":
                batch = save_fixes(batch=batch, fixes=list_suggestions(batch), actor=get_actor(request))
            case "recheck":
                batch = recheck_batch(batch=batch, actor=get_actor(request))
            case "commit" | "commit_valid" as what:
                enqueue_commit(batch=batch, actor=get_actor(request), valid_rows_only=what == "commit_valid")
                return
            case "discard":
                discard_batch(batch=batch, actor=get_actor(request))
                return
            case _:
                raise InvalidInput(_("The page did not say what to do. Load it again."), code="unknown_command")
        enqueue_check(batch=batch, actor=get_actor(request))


class RejectedView(ImportPage):
    """Download the rows left out, with their reasons."""

    def get(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        return rejected_file(_own_batch(request, batch_id))


class TemplateView(ImportPage):
    """Download empty sheets: all as a workbook, or one as CSV."""

    def get(self, request: HttpRequest, sheet: str = "") -> HttpResponse:
        if not sheet:
            return template_workbook()
        spec = get_sheet(sheet)
        if spec is None:
            raise Http404
        return template_csv(spec)


class StoredView(ImportPage):
    """Download what is stored now, as sheets to change and upload again."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return stored_workbook(get_actor(request))
