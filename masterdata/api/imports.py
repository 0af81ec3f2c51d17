"""``imports/``: upload, look at the findings, mend, commit. Checks and commits run as jobs."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.policies import can
from accounts.selectors import get_actor
from core.api import ApiView, idempotent
from core.errors import GuardFailed
from core.models import Job
from masterdata.choices import ImportState
from masterdata.importers.sandbox import ENCODINGS
from masterdata.models import ImportBatch
from masterdata.reports import batch_preview, batch_sheets, rejected_file
from masterdata.selectors import Fix, get_batch, list_batches, list_findings
from masterdata.services import discard_batch, save_fixes, stage_upload
from masterdata.tasks import enqueue_check, enqueue_commit, get_batch_job

_FINDINGS_A_PAGE = 500


class UploadSerializer(serializers.Serializer):
    """One or more parts named ``file``: CSV files, or one XLSX or ZIP."""

    file = serializers.ListField(child=serializers.FileField(), allow_empty=False)
    encoding = serializers.ChoiceField(choices=[(name, name) for name in ENCODINGS], allow_blank=True)


class FixSerializer(serializers.Serializer):
    sheet = serializers.CharField(max_length=80)
    row = serializers.IntegerField(min_value=1, max_value=10**8)
    column = serializers.CharField(max_length=64)
    value = serializers.CharField(max_length=200, allow_blank=True)


class FixesSerializer(serializers.Serializer):
    fixes = FixSerializer(many=True, allow_empty=False)


class CommitSerializer(serializers.Serializer):
    valid_rows_only = serializers.BooleanField(default=False)


def _summary(request: Request, batch: ImportBatch, job: Job | None) -> dict[str, Any]:
    return {
        "id": batch.pk,
        "name": batch.name,
        "state": batch.state,
        "created_at": batch.created_at.isoformat(),
        "errors": batch.report.get("errors"),
        "warnings": batch.report.get("warnings"),
        "sheets": batch_sheets(batch),
        "job": None
        if job is None
        else {"id": job.pk, "state": job.state, "progress": job.progress / 1000, "step": job.step, "error": job.error},
        "url": reverse("masterdata-api:import", args=[batch.pk], request=request),
    }


class ImportListView(ApiView):
    """Own imports. A POST stages the files and checks them in the background."""

    required_actions = {"GET": "import.run", "POST": "import.run"}
    throttle_scope = "imports"
    parser_classes = [MultiPartParser]

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        batches = list_batches(get_actor(request))[:100]
        return Response({"results": [_summary(request, batch, None) for batch in batches]})

    @extend_schema(request=UploadSerializer, responses={202: OpenApiTypes.OBJECT})
    @idempotent
    def post(self, request: Request) -> Response:
        data = {"file": request.FILES.getlist("file"), "encoding": request.POST.get("encoding", "")}
        form = UploadSerializer(data=data)
        form.is_valid(raise_exception=True)
        batch = stage_upload(
            files=form.validated_data["file"], actor=get_actor(request), encoding=form.validated_data["encoding"]
        )
        job = enqueue_check(batch=batch, actor=get_actor(request))
        return Response(_summary(request, batch, job), status=202)


class ImportView(ApiView):
    """One own import: state, counts, findings and the preview of what saving would change."""

    required_actions = {"GET": "import.run"}

    @extend_schema(
        parameters=[OpenApiParameter("severity", str, enum=["error", "warning"])], responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request, batch_id: int) -> Response:
        batch = get_batch(batch_id=batch_id, user=get_actor(request))
        findings = list_findings(batch, severity=request.query_params.get("severity", "")[:8], limit=_FINDINGS_A_PAGE)
        body = _summary(request, batch, get_batch_job(batch))
        body["findings"] = [finding.to_json() for finding in findings]
        body["changes"] = batch_preview(batch, show_costs=can(get_actor(request), "finance.view_costs"))
        return Response(body)


class ImportFixesView(ApiView):
    """Values typed for cells with findings; the import is checked again."""

    required_actions = {"POST": "import.run"}
    throttle_scope = "imports"

    @extend_schema(request=FixesSerializer, responses={202: OpenApiTypes.OBJECT})
    @idempotent
    def post(self, request: Request, batch_id: int) -> Response:
        batch = get_batch(batch_id=batch_id, user=get_actor(request))
        form = FixesSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        fixes = [Fix(**fix) for fix in form.validated_data["fixes"]]
        batch = save_fixes(batch=batch, fixes=fixes, actor=get_actor(request))
        job = enqueue_check(batch=batch, actor=get_actor(request))
        return Response(_summary(request, batch, job), status=202)


class ImportCommitView(ApiView):
    """Save in the background what the preview shows, all or nothing."""

    required_actions = {"POST": "import.run"}
    throttle_scope = "imports"

    @extend_schema(request=CommitSerializer, responses={202: OpenApiTypes.OBJECT})
    @idempotent
    def post(self, request: Request, batch_id: int) -> Response:
        batch = get_batch(batch_id=batch_id, user=get_actor(request))
        form = CommitSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        if batch.state != ImportState.CHECKED:
            raise GuardFailed(_("Only a checked import can be saved."), code="import_not_checked")
        job = enqueue_commit(batch=batch, actor=get_actor(request), **form.validated_data)
        return Response(_summary(request, batch, job), status=202)


class ImportDiscardView(ApiView):
    """Close an import unsaved."""

    required_actions = {"POST": "import.run"}
    throttle_scope = "imports"

    @extend_schema(request=None, responses=OpenApiTypes.OBJECT)
    @idempotent
    def post(self, request: Request, batch_id: int) -> Response:
        batch = get_batch(batch_id=batch_id, user=get_actor(request))
        batch = discard_batch(batch=batch, actor=get_actor(request))
        return Response(_summary(request, batch, None))


class ImportRejectedView(ApiView):
    """The rows left out, as they came, with the reasons: one workbook."""

    required_actions = {"GET": "import.run"}

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, batch_id: int) -> HttpResponse:
        return rejected_file(get_batch(batch_id=batch_id, user=get_actor(request)))
