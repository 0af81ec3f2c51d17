"""Cells of a plan over REST: any slice at any level, batches of edits, a cell's past, undo."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.policies import require
from accounts.selectors import get_scope
from core.api import ApiView, etag_of, idempotent, is_not_modified, not_modified
from core.errors import Conflict, Denied, InvalidInput, Missing
from core.months import parse_month
from core.numbers import parse_quantity
from plans import serializers
from plans.api.base import EDIT_ACTIONS, PAGING, SLICE, PlanView, caller, horizon_of, scales_of, with_units
from plans.choices import AxisKind, Source, SpreadRule
from plans.cubes import MAX_CELL
from plans.hierarchy import load_hierarchy
from plans.selectors import find_version, get_heads, heads_tag, load_cell_history, load_measure_state, sum_nodes
from plans.selectors.slices import find_rows, list_cube_lines, list_lines, list_nodes, month_names
from plans.services import EditRequest, Note, Outcome, save_requests, undo_batch


class CellsView(PlanView):
    """Any slice of a plan at any level, one line per measure and node; one picture of all measures asked for."""

    required_actions = {"GET": "plan.read"}

    @extend_schema(parameters=[*SLICE, *PAGING], responses=serializers.SliceSerializer)
    def get(self, request: Request, version: str) -> Response:
        plan, measures, hierarchy = find_version(version), self.measures(), load_hierarchy()
        heads = get_heads(version_id=plan.pk, measures=[measure.code for measure in measures])
        scope = get_scope(caller(request))
        etag = etag_of(heads_tag(heads), hierarchy.sha, scope, request.get_full_path())
        if is_not_modified(request, etag):
            return not_modified(etag)
        months = self.months(horizon_of(plan, measures, heads))
        start, limit = self.page()
        nodes = list_nodes(self.nodes(), hierarchy=hierarchy, scope=scope)
        page = nodes[start : start + limit]
        lines: list[dict[str, Any]] = []
        for measure in measures:
            state = load_measure_state(measure, heads)
            if measure.axis_kind != AxisKind.PRODUCT_ORG:
                cube = state.cube(months=months)
                rows = find_rows(cube, self.nodes(), hierarchy=hierarchy, scope=scope)
                lines += list_cube_lines(measure.code, cube, rows)
                continue
            totals = sum_nodes(state, page, hierarchy=hierarchy, months=months, scope=scope, additive=measure.additive)
            lines += list_lines(measure.code, page, totals, hierarchy)
        body = {
            "version": plan.pk,
            "months": month_names(months),
            "lines": lines,
            "next": self.next_page(start, limit, len(nodes)),
        }
        return Response(body, headers={"ETag": etag})


class BatchView(PlanView):
    """Edits of any level with the base their writer saw; an outcome for each."""

    required_actions = {"POST": EDIT_ACTIONS}

    @extend_schema(
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
        request=serializers.BatchSerializer,
        responses=serializers.BatchResultSerializer,
    )
    def post(self, request: Request, version: str) -> Response:
        form = serializers.BatchSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        plan, key = find_version(version), _idempotency_key(request)
        scales = scales_of(plan, {row["measure"] for row in form.validated_data["edits"]})
        wanted, refused = _read_edits(form.validated_data["edits"], scales)
        try:
            result = save_requests(
                version_id=plan.pk,
                requests=wanted,
                actor=caller(request),
                mode=form.validated_data["mode"],
                source=Source.API if caller(request).is_service else Source.GRID,
                idem_key=key,
                fingerprint=hashlib.sha256(request.body).hexdigest(),
                refused=refused,
            )
        except (Conflict, Denied) as refusal:
            rows = refusal.details.get("results", [])
            refusal.details["results"] = _results_json(rows, form.validated_data["edits"], scales)
            raise
        rows = [outcome.as_json() for outcome in result.outcomes]
        results = _results_json(rows, form.validated_data["edits"], scales)
        return Response({"revision": result.revision, "batch": result.batch_id, "results": results})


class HistoryView(PlanView):
    """Who changed a cell, when and why, newest first."""

    required_actions = {"GET": "plan.read"}

    @extend_schema(
        parameters=[*SLICE[:3], OpenApiParameter("month", str, required=True)],
        responses=serializers.CellChangeSerializer(many=True),
    )
    def get(self, request: Request, version: str) -> Response:
        plan, (measure, *_rest), hierarchy = find_version(version), self.measures(), load_hierarchy()
        product, org = request.query_params.get("product", ""), request.query_params.get("org", "")
        key = hierarchy.products.id_of(product) or 0, hierarchy.orgs.id_of(org) or 0
        require(caller(request), "plan.read", product=product or None, org=org or None)
        if not hierarchy.is_in_scope(get_scope(caller(request)), product or None, org or None):
            raise Missing(_("There is no such cell."))
        month = self.months_of("month")
        changes = load_cell_history(version_id=plan.pk, measure=measure.code, key=key, month=month)
        scale = scales_of(plan, {measure.code})[measure.code]
        rows = serializers.CellChangeSerializer(changes, many=True).data
        return Response({"results": [with_units(row, scale, ("before", "after")) for row in rows]})

    def months_of(self, name: str) -> int:
        try:
            return parse_month(self.request.query_params.get(name, ""))
        except ValueError as error:
            raise InvalidInput(str(error), details={"parameter": name}) from error


class UndoView(ApiView):
    """Take a batch back, cell by cell; an undo can be undone."""

    required_actions = {"POST": EDIT_ACTIONS}

    @extend_schema(request=None, responses=OpenApiTypes.OBJECT)
    @idempotent
    def post(self, request: Request, version: str, batch: int) -> Response:
        plan = find_version(version)
        found = plan.batches.filter(pk=batch, author=caller(request)).first()
        if found is None:  # only one's own: nobody takes back what somebody else decided
            raise Missing(_("There is no such change of yours."))
        result = undo_batch(batch_id=batch, actor=caller(request))
        return Response({"batch": result.batch_id, "revision": result.revision, "applied": result.applied})


def _read_edits(rows: list[dict[str, Any]], scales: Mapping[str, int]) -> tuple[list[EditRequest], dict[int, Outcome]]:
    """The edits in smallest units; those whose number cannot be read are refused by position."""
    wanted, refused = [], {}
    for position, row in enumerate(rows):
        decimals = scales[row["measure"]]
        try:
            after, base = (_smallest(row.get(name), decimals) for name in ("value", "base"))
        except InvalidInput as error:
            refused[position] = Outcome("refused", None, error.code, message=str(error.message))
            after = base = None
        note = Note(row.get("reason") or "", row.get("cause") or "", row.get("comment") or "")
        wanted.append(
            EditRequest(
                row["measure"],
                row["product"] or None,
                row["org"] or None,
                row["month"],
                after,
                base,
                "base" in row,
                row.get("spread") or SpreadRule.CURRENT,
                note,
            )
        )
    return wanted, refused


def _smallest(value: Any, decimals: int) -> int | None:
    return None if value is None else parse_quantity(value, decimals=decimals, minimum=-MAX_CELL, maximum=MAX_CELL)


def _results_json(
    outcomes: list[dict[str, Any]], rows: list[dict[str, Any]], scales: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Outcomes with their values in whole units."""
    results = []
    for row, outcome in zip(rows, outcomes, strict=False):
        shown = with_units(outcome, scales[row["measure"]], ("value",))
        if "theirs" in shown:
            shown["theirs"] = with_units(shown["theirs"], scales[row["measure"]], ("value",))
        results.append(shown)
    return results


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (1 <= len(key) <= 64 and key.isprintable()):
        raise InvalidInput(_("An Idempotency-Key has 1 to 64 printable characters."), code="invalid_key")
    return key
