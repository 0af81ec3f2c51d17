"""Scenarios over REST: made, listed, refreshed, closed, taken over, compared."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import get_scope
from core.api import ApiView, idempotent
from core.errors import Denied
from plans import serializers
from plans.api.base import EDIT_ACTIONS, MOST_NODES, SLICE, PlanView, caller, horizon_of
from plans.choices import AxisKind
from plans.hierarchy import load_hierarchy
from plans.measures import get_measure
from plans.models import Version
from plans.policies import can_edit_measure
from plans.selectors import (
    find_version,
    get_heads,
    get_version,
    list_scenarios,
    list_stale_measures,
    load_measure_state,
    sum_nodes,
)
from plans.selectors.slices import list_lines, list_nodes, month_names
from plans.services import Selection, expire_scenario, fork_version, merge_version, refresh_scenario


class ScenarioListView(ApiView):
    """The open scenarios of a plan; a new one takes milliseconds at any size."""

    required_actions = {"GET": "plan.read", "POST": "scenario.write"}

    @extend_schema(responses=serializers.ScenarioSerializer(many=True))
    def get(self, request: Request, version: str) -> Response:
        plan = find_version(version)
        rows = list_scenarios(cycle_id=plan.cycle_id) if plan.kind != "scenario" else list_scenarios(parent_id=plan.pk)
        return Response({"results": [_scenario(row) for row in rows.select_related("created_by")]})

    @extend_schema(request=serializers.NewScenarioSerializer, responses={201: serializers.ScenarioSerializer})
    @idempotent
    def post(self, request: Request, version: str) -> Response:
        form = serializers.NewScenarioSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        scenario = fork_version(parent_id=find_version(version).pk, actor=caller(request), **form.validated_data)
        return Response(_scenario(get_version(scenario)), status=status.HTTP_201_CREATED)


class RefreshView(ApiView):
    """Put a scenario on its plan's present figures; its own edits stay."""

    required_actions = {"POST": "scenario.write"}

    @extend_schema(request=None, responses=serializers.ScenarioSerializer)
    @idempotent
    def post(self, request: Request, version: str) -> Response:
        plan = find_version(version)
        refresh_scenario(version_id=plan.pk, actor=caller(request))
        return Response(_scenario(get_version(plan.pk)))


class ExpireView(ApiView):
    """Close a scenario; its numbers stay readable."""

    required_actions = {"POST": "scenario.write"}

    @extend_schema(request=None, responses=serializers.ScenarioSerializer)
    @idempotent
    def post(self, request: Request, version: str) -> Response:
        plan = find_version(version)
        expire_scenario(version_id=plan.pk, actor=caller(request))
        return Response(_scenario(get_version(plan.pk)))


class MergeView(ApiView):
    """Take a scenario's edits, or a part of them, into a plan. What both changed must be decided first (409)."""

    required_actions = {"POST": EDIT_ACTIONS}

    @extend_schema(request=serializers.MergeSerializer, responses=OpenApiTypes.OBJECT)
    @idempotent
    def post(self, request: Request, version: str) -> Response:
        form = serializers.MergeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wanted, source = form.validated_data, find_version(version)
        target = find_version(wanted["into"])
        codes = wanted.get("measures") or [code for code, ref in get_heads(version_id=source.pk).items() if ref.pin]
        allowed = [code for code in codes if can_edit_measure(caller(request), get_measure(code), target)]
        if not allowed or (wanted.get("measures") and len(allowed) < len(codes)):
            raise Denied(_("Your role may not write these measures there."))
        if not get_scope(caller(request)).is_everything:
            raise Denied(_("Only who plans for the whole company merges scenarios."), code="outside_scope")
        result = merge_version(
            source_id=source.pk,
            target_id=target.pk,
            actor=caller(request),
            selection=Selection(tuple(allowed), wanted["product"], wanted["org"]),
            default=wanted["default"],
        )
        return Response({"batch": result.batch_id, "revision": result.revision, "applied": result.applied})


class CompareView(PlanView):
    """Two plans side by side, node by node."""

    required_actions = {"GET": "plan.read"}

    @extend_schema(parameters=SLICE, responses=serializers.ComparisonSerializer)
    def get(self, request: Request, a: str, b: str) -> Response:
        plans, measures, hierarchy = (find_version(a), find_version(b)), self.measures(), load_hierarchy()
        codes = [measure.code for measure in measures if measure.axis_kind == AxisKind.PRODUCT_ORG]
        heads = [get_heads(version_id=plan.pk, measures=codes) for plan in plans]
        months = self.months(horizon_of(plans[0], measures, heads[0]))
        scope = get_scope(caller(request))
        nodes = list_nodes(self.nodes(), hierarchy=hierarchy, scope=scope)[:MOST_NODES]
        lines = []
        for code in codes:
            sides = [
                list(
                    list_lines(
                        code,
                        nodes,
                        sum_nodes(
                            load_measure_state(code, refs), nodes, hierarchy=hierarchy, months=months, scope=scope
                        ),
                        hierarchy,
                    )
                )
                for refs in heads
            ]
            lines += [_compared(first, second) for first, second in zip(*sides, strict=True)]
        return Response({"a": plans[0].pk, "b": plans[1].pk, "months": month_names(months), "lines": lines})


def _scenario(version: Version) -> dict[str, Any]:
    stale = list_stale_measures(version_id=version.pk)
    shown = serializers.ScenarioSerializer(version, context={"stale": stale})
    shown.fields.pop("stale")
    return {**shown.data, "stale": stale}


def _compared(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    pairs = list(zip(first.pop("values"), second["values"], strict=True))
    return {
        **first,
        "a": [a for a, _b in pairs],
        "b": [b for _a, b in pairs],
        "difference": [(b or 0) - (a or 0) for a, b in pairs],
    }
