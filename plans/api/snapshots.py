"""Snapshots over REST: the manifest, or one measure's numbers in a format."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.policies import can
from accounts.selectors import get_scope
from core.api import etag_of, is_not_modified, not_modified
from core.errors import InvalidInput
from plans.api.base import SLICE, PlanView, caller
from plans.choices import AxisKind, FreezeKind
from plans.exports import write_csv, write_parquet
from plans.measures import Measure
from plans.models import Snapshot
from plans.selectors import (
    get_snapshot,
    load_manifest,
    load_snapshot_hierarchy,
    load_snapshot_state,
    sum_nodes,
    unknown_snapshot,
)
from plans.selectors.slices import LEAF, NodeQuery, find_rows, list_cube_lines, list_lines, list_nodes, month_names


class SnapshotView(PlanView):
    """A frozen picture: its manifest, or one measure's numbers as JSON, CSV or Parquet. Never changes."""

    required_actions = {"GET": ("plan.read", "release.read")}

    @extend_schema(
        parameters=[
            OpenApiParameter("measure", str, description="Code; the manifest without it."),
            *SLICE[1:],
            OpenApiParameter("format", str, enum=["json", "csv", "parquet"]),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, code: str) -> HttpResponseBase:
        snapshot = get_snapshot(code)
        if snapshot.kind != FreezeKind.APPROVED and not can(caller(request), "plan.read"):
            raise unknown_snapshot(code)
        scope = get_scope(caller(request))
        invalid = getattr(snapshot, "invalidation", None)
        etag = etag_of(snapshot.code, scope, invalid and invalid.pk, request.get_full_path())
        if is_not_modified(request, etag):
            return not_modified(etag)
        if not request.query_params.get("measure"):
            return Response(_snapshot_json(snapshot), headers={"ETag": etag})
        return self._numbers(snapshot, self.measures()[0], etag)

    def _numbers(self, snapshot: Snapshot, measure: Measure, etag: str) -> HttpResponseBase:
        state, scope = load_snapshot_state(snapshot, measure.code), get_scope(caller(self.request))
        months = self.months(state.block.months)
        hierarchy, query = load_snapshot_hierarchy(snapshot), self.nodes()
        if measure.axis_kind == AxisKind.PRODUCT_ORG:
            levels = query.levels or (() if query.product or query.org else (LEAF,))
            nodes = list_nodes(NodeQuery(query.product, query.org, levels), hierarchy=hierarchy, scope=scope)
            totals = sum_nodes(state, nodes, hierarchy=hierarchy, months=months, scope=scope, additive=measure.additive)
            lines = list_lines(measure.code, nodes, totals, hierarchy)
        else:
            cube = state.cube(months=months)
            lines = list_cube_lines(measure.code, cube, find_rows(cube, query, hierarchy=hierarchy, scope=scope))
        return _as_format(self.request.query_params.get("format", "json"), snapshot, lines, month_names(months), etag)


def _as_format(wanted: str, snapshot: Snapshot, lines: Any, months: list[str], etag: str) -> HttpResponseBase:
    name, headers = snapshot.code[:12], {"ETag": etag}
    if wanted == "json":
        return Response({"snapshot": snapshot.code, "months": months, "lines": list(lines)}, headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="snapshot-{name}.{wanted}"'
    if wanted == "csv":
        rows = write_csv(lines, months)
        return StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8", headers=headers)
    if wanted == "parquet":
        return HttpResponse(
            write_parquet(lines, months), content_type="application/vnd.apache.parquet", headers=headers
        )
    raise InvalidInput(_("A snapshot comes as json, csv or parquet."), details={"field": "format"})


def _snapshot_json(snapshot: Snapshot) -> dict[str, Any]:
    invalid = getattr(snapshot, "invalidation", None)
    return {
        "snapshot": snapshot.code,
        "kind": snapshot.kind,
        "version": snapshot.version_id,
        "at": snapshot.at,
        "by": str(snapshot.by) if snapshot.by else None,
        "invalid": None if invalid is None else {"at": invalid.at, "reason": invalid.reason},
        "manifest": load_manifest(snapshot),
    }
