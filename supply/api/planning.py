"""REST of stock, materials, the far months, last cycle's performance and policies."""

from __future__ import annotations

from dataclasses import asdict, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.policies import can, require
from accounts.selectors import get_actor, get_scope
from core.api import ApiView, etag_of, idempotent, is_not_modified, not_modified, require_match
from core.errors import unknown
from core.months import format_month
from masterdata.models import Policy, Product
from plans.models import Version
from plans.selectors import find_version
from supply import planning_serializers as shapes
from supply.boards.long_range import MONTHS, list_needs
from supply.boards.review import load_review_board
from supply.models import Investment
from supply.selectors.ageing import EDGES, load_ageing
from supply.selectors.flow import StockFlow, load_flow
from supply.selectors.idle_stock import list_idle_stock
from supply.selectors.material_cover import list_material_cover
from supply.selectors.outlook import list_imbalances, list_outlook
from supply.selectors.policies import PolicyRow, list_policies
from supply.selectors.values import UnitValues, load_unit_values
from supply.services.inventory import explain_deviation, save_disposition
from supply.services.investments import FIELDS as INVESTMENT_FIELDS
from supply.services.investments import remove_investment, save_investment
from supply.services.policies import FIELDS, review_policy

PLAN = OpenApiParameter("version", str, description="Plan id, or `working` for the newest cycle's plan (default).")
LEVEL = OpenApiParameter("level", str, enum=["product", "family", "site", "total"])


class PlanningView(ApiView):
    """Reads one plan for what its caller may see."""

    required_actions = {"GET": "plan.read"}

    @cached_property
    def actor(self) -> User:
        return get_actor(self.request)

    @cached_property
    def version(self) -> Version:
        """The plan of ``?version=``. Raises ``Missing``."""
        return find_version(self.request.query_params.get("version", "working"))

    @cached_property
    def flow(self) -> StockFlow:
        return load_flow(self.version.pk, get_scope(self.actor))

    @cached_property
    def values(self) -> UnitValues:
        return load_unit_values(self.flow.consensus)

    def money(self, row: Any, *names: str) -> Any:
        """The row as it is, or with its money hidden from roles that see no costs."""
        return row if can(self.actor, "finance.view_costs") else replace(row, **dict.fromkeys(names))


class StockView(PlanningView):
    """Projected finished stock, days of supply and service by month; too much and too little by money."""

    @extend_schema(parameters=[PLAN, LEVEL], responses=shapes.StockSerializer)
    def get(self, request: Request) -> Response:
        level = request.query_params.get("level", "product")
        rows = list_outlook(self.flow, self.values, level=level if level in ("family", "site", "total") else "product")
        much, little = list_imbalances(self.flow, self.values)
        body = {
            "months": self.flow.months,
            "is_balanced": self.flow.is_balanced,
            "rows": [self.money(row, "value") for row in rows],
            "too_much": [self.money(row, "money") for row in much],
            "too_little": [self.money(row, "money") for row in little],
        }
        return Response(shapes.StockSerializer(body).data)


class AgeingView(PlanningView):
    """Age of finished stock, first in first out: lots now, buckets now and at the month ends."""

    @extend_schema(parameters=[PLAN], responses=shapes.AgeingSerializer)
    def get(self, request: Request) -> Response:
        ageing = load_ageing(self.flow, self.values)
        body = {
            "months": ageing.months,
            "edges": EDGES,
            "buckets": ageing.units.tolist(),
            "aged_units": ageing.aged_units.tolist(),
            "lots": [self.money(lot, "value", "loss") for lot in ageing.lots],
        }
        return Response(shapes.AgeingSerializer(body).data)


class MaterialsView(PlanningView):
    """Cover of materials at the outer flex band, arrivals, months that no order can save, excess."""

    @extend_schema(parameters=[PLAN], responses=shapes.CoverSerializer(many=True))
    def get(self, request: Request) -> Response:
        rows = [asdict(self.money(row, "excess_value")) for row in list_material_cover(self.flow, self.values)]
        for row in rows:
            row["arrivals"] = [{"date": day, "quantity": quantity} for day, quantity in row["arrivals"]]
        return Response(shapes.CoverSerializer(rows, many=True).data)


class DispositionsView(PlanningView):
    """Slow-moving and dead stock with what is done about it."""

    required_actions = {"GET": "plan.read", "POST": "stock.dispose"}

    @extend_schema(parameters=[PLAN], responses=shapes.IdleSerializer(many=True))
    def get(self, request: Request) -> Response:
        cover = list_material_cover(self.flow, self.values)
        rows = []
        for row in list_idle_stock(self.flow, self.values, cover):
            decided = row.disposition
            hidden = self.money(row, "value")
            shown: dict[str, Any] = {str(name): getattr(hidden, str(name)) for name in shapes.IdleSerializer().fields}
            if decided is not None:
                shown["disposition"] = {
                    "item": row.item,
                    "site": row.site,
                    "kind": decided.kind,
                    "owner": getattr(decided.owner, "username", ""),
                    "due": decided.due,
                    "note": decided.note,
                }
            rows.append(shown)
        return Response(shapes.IdleSerializer(rows, many=True).data)

    @extend_schema(request=shapes.DispositionSerializer, responses={201: shapes.DispositionSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        form = shapes.DispositionSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        save_disposition(**form.validated_data, actor=self.actor)
        return Response(form.data, status=status.HTTP_201_CREATED)


class LongRangeView(PlanningView):
    """Need of all six kinds of resources over 24 months."""

    @extend_schema(parameters=[PLAN], responses=shapes.LongRangeSerializer)
    def get(self, request: Request) -> Response:
        rows = [
            {
                "kind": need.kind,
                "code": need.code,
                "label": need.label,
                "unit": need.unit,
                "load": need.load.round(3).tolist(),
                "available": [None if np.isnan(there) else round(float(there), 3) for there in need.available],
            }
            for need in list_needs(self.flow)
        ]
        first = self.flow.months.start
        return Response(shapes.LongRangeSerializer({"months": range(first, first + MONTHS), "rows": rows}).data)


class InvestmentsView(PlanningView):
    """Options of the long range."""

    required_actions = {"GET": "finance.view_costs", "POST": "capacity.edit"}

    @extend_schema(responses=shapes.InvestmentSerializer(many=True))
    def get(self, request: Request) -> Response:
        rows = Investment.objects.select_related("resource")
        return Response(shapes.InvestmentSerializer(rows, many=True).data)

    @extend_schema(request=shapes.InvestmentSerializer, responses={201: shapes.InvestmentSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        form = shapes.InvestmentSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        row = save_investment(values=form.validated_data, actor=self.actor)
        return Response(shapes.InvestmentSerializer(row).data, status=status.HTTP_201_CREATED)


class InvestmentView(PlanningView):
    """One option of the long range; changing or removing it needs ``If-Match``."""

    required_actions = {
        "GET": ("finance.view_costs", "capacity.edit"),
        "PATCH": "capacity.edit",
        "DELETE": "capacity.edit",
    }

    @extend_schema(responses=shapes.InvestmentSerializer)
    def get(self, request: Request, investment: int) -> Response:
        row = Investment.objects.select_related("resource").filter(pk=investment).first()
        if row is None:
            raise unknown("investment", str(investment))
        etag = _investment_tag(row)
        return not_modified(etag) if is_not_modified(request, etag) else self._show(row)

    @extend_schema(request=shapes.InvestmentSerializer(partial=True), responses=shapes.InvestmentSerializer)
    def patch(self, request: Request, investment: int) -> Response:
        form = shapes.InvestmentSerializer(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        return self._show(
            save_investment(
                values=form.validated_data,
                investment_id=investment,
                actor=self.actor,
                guard=lambda row: require_match(request, _investment_tag(row)),
            )
        )

    @extend_schema(responses={204: None})
    def delete(self, request: Request, investment: int) -> Response:
        remove_investment(
            investment_id=investment,
            actor=self.actor,
            guard=lambda row: require_match(request, _investment_tag(row)),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _show(self, row: Investment) -> Response:
        return Response(shapes.InvestmentSerializer(row).data, headers={"ETag": _investment_tag(row)})


class ReviewView(PlanningView):
    """Plan against what was produced, delivered and received, month by month; a cause can be added."""

    required_actions = {"GET": "plan.read", "POST": "deviation.explain"}

    @extend_schema(parameters=[PLAN], responses=shapes.MonthFiguresSerializer(many=True))
    def get(self, request: Request) -> Response:
        cycle = self.version.cycle
        trend = load_review_board(cycle, user=self.actor).trend if cycle is not None else []
        return Response(shapes.MonthFiguresSerializer(trend, many=True).data)

    @extend_schema(request=shapes.DeviationSerializer, responses={201: shapes.DeviationSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        form = shapes.DeviationSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        explain_deviation(**form.validated_data, actor=self.actor)
        body = {**form.validated_data, "month": format_month(form.validated_data["month"])}
        return Response(body, status=status.HTTP_201_CREATED)


class PoliciesView(PlanningView):
    """Policies of the plan's products with the safety stock that forecast errors propose."""

    @extend_schema(parameters=[PLAN], responses=shapes.PolicySerializer(many=True))
    def get(self, request: Request) -> Response:
        rows = self.rows()
        return Response(shapes.PolicySerializer([self.money(row, "effect") for row in rows], many=True).data)

    def rows(self) -> list[PolicyRow]:
        cycle = self.version.cycle
        if cycle is None:
            return []
        return list_policies(self.flow, self.values, version_id=self.version.pk, cycle=cycle)


class PolicyView(PlanningView):
    """One product's policy; PATCH reviews it: change fields, or confirm it by sending none. Needs ``If-Match``."""

    required_actions = {"GET": "plan.read", "PATCH": "policy.edit"}

    @extend_schema(responses=shapes.PolicyChangeSerializer)
    def get(self, request: Request, product: str) -> Response:
        require(self.actor, "plan.read", product=product)
        found = Product.objects.filter(code=product).first()
        if found is None:
            raise unknown("product", product)
        policy = Policy.objects.filter(product=found, site=None).first() or Policy(product=found)
        etag = _policy_tag(policy)
        return not_modified(etag) if is_not_modified(request, etag) else _show_policy(policy)

    @extend_schema(request=shapes.PolicyChangeSerializer, responses=shapes.PolicyChangeSerializer)
    def patch(self, request: Request, product: str) -> Response:
        form = shapes.PolicyChangeSerializer(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        note = values.pop("note", "")
        review = review_policy(
            product=product,
            values=values,
            note=note,
            actor=self.actor,
            guard=lambda policy: require_match(request, _policy_tag(policy)),
        )
        return _show_policy(review.policy)


def _show_policy(policy: Policy) -> Response:
    return Response({name: getattr(policy, name) for name in FIELDS}, headers={"ETag": _policy_tag(policy)})


def _policy_tag(policy: Policy) -> str:
    return etag_of("policy", policy.product_id, *(_text(getattr(policy, name)) for name in FIELDS))


def _investment_tag(row: Investment) -> str:
    return etag_of("investment", row.pk, *(_text(getattr(row, name)) for name in INVESTMENT_FIELDS))


def _text(value: Any) -> str:
    """A stored number and the same number as it was just set read alike."""
    return f"{float(value):.6f}" if isinstance(value, int | float | Decimal) else str(value)
