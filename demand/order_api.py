"""REST of the order book: lines by hand, what they consume of the forecast, the near zone for production."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import get_actor, get_scope
from core.api import IdPagination, etag_of, idempotent, is_not_modified, not_modified, page_of, require_match
from core.errors import Missing, unknown
from core.months import format_month
from demand.api_base import PLACE, DemandView
from demand.choices import Granularity, OrderKind
from demand.consumption_board import say_excess
from demand.flex_board import list_flex_families
from demand.models import Order
from demand.order_serializers import (
    ConsumptionSerializer,
    ExcessOrdersSerializer,
    NearZoneSerializer,
    OrderChangeSerializer,
    OrderSerializer,
)
from demand.selectors.consumption import ConsumedPlan, load_consumed_plan
from demand.selectors.excess_orders import ExcessOrders, find_excess_orders
from demand.selectors.near_zone import load_near_zone
from demand.selectors.order_book import FLAGS, OrderFilter, filter_orders, list_place_orders
from demand.selectors.place import Place, find_place
from demand.serializers import FlexSerializer
from demand.services.excess_orders import raise_to_orders
from demand.services.orders import OrderTerms, add_order, change_order
from masterdata.models import Org, Product
from masterdata.selectors import get_company
from plans.hierarchy import load_hierarchy

_KEEPERS = ("stream.edit.orders", "stream.edit.channel", "stream.edit.stock_building")
_FILTERS = [
    OpenApiParameter("kind", str, enum=OrderKind.values),
    OpenApiParameter("flag", str, enum=list(FLAGS)),
    OpenApiParameter("due", str, description="Due month, YYYY-MM."),
    OpenApiParameter("q", str, description="Part of an order number, customer, product or region."),
    OpenApiParameter("closed", str, description="`1` shows delivered and cancelled lines too."),
]


class BookView(DemandView):
    """Knows the place a request means inside the caller's scope."""

    def place(self) -> Place:
        return find_place(scope=get_scope(get_actor(self.request)), **self.nodes())


class OrderListView(BookView):
    """Order lines, oldest first; a POST adds one by hand."""

    required_actions = {"GET": "plan.read", "POST": _KEEPERS}

    @extend_schema(parameters=[*PLACE, *_FILTERS], responses=page_of(OrderSerializer))
    def get(self, request: Request) -> Response:
        query = request.query_params
        wanted = OrderFilter(
            kind=_one_of(query.get("kind"), OrderKind.values),
            flag=_one_of(query.get("flag"), FLAGS),
            month=self.month("due"),
            text=query.get("q", ""),
            is_closed_shown=query.get("closed") == "1",
        )
        rows = filter_orders(list_place_orders(self.place()), wanted, first_month=self.cycle().month)
        pages = IdPagination()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(OrderSerializer(page, many=True).data)

    @extend_schema(request=OrderChangeSerializer, responses={201: OrderSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        form = OrderChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = dict(form.validated_data)
        number, line = given.pop("order", ""), given.pop("line", "1")
        order = add_order(terms=_terms(given), actor=get_actor(request), order=number, line=line)
        return _answer(order, status.HTTP_201_CREATED)


class OrderView(BookView):
    """One line; a PATCH with ``If-Match`` changes the fields it names, cancelling included."""

    required_actions = {"GET": "plan.read", "PATCH": _KEEPERS}

    @extend_schema(responses=OrderSerializer)
    def get(self, request: Request, order_id: int) -> Response:
        return _answer(self._order(order_id))

    @extend_schema(request=OrderChangeSerializer, responses=OrderSerializer)
    def patch(self, request: Request, order_id: int) -> Response:
        order = self._order(order_id)
        require_match(request, _etag(order))
        form = OrderChangeSerializer(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        given = {name: value for name, value in form.validated_data.items() if name not in ("order", "line")}
        stored = {name: getattr(order, name) for name in OrderTerms.__dataclass_fields__}
        terms = OrderTerms(**{**stored, **_resolve(given)})
        return _answer(change_order(order=order, terms=terms, seen=order.revision, actor=get_actor(request)))

    def _order(self, order_id: int) -> Order:
        place = find_place(scope=get_scope(get_actor(self.request)), product=None, org=None)
        order = list_place_orders(place).filter(pk=order_id).first()
        if order is None:
            raise Missing(_("There is no such order, or it is not in your scope."))
        return order


class ConsumptionView(BookView):
    """Forecast, orders, what is consumed, left and over, and the demand planned for, by leaf and month."""

    required_actions = {"GET": "plan.read"}

    @extend_schema(parameters=PLACE, responses=ConsumptionSerializer)
    def get(self, request: Request) -> Response:
        plan, place = load_consumed_plan(self.cycle()), self.place()
        rows, scale = place.rows(plan.frame.axis), 10**plan.frame.scale
        result = plan.result
        cubes = {
            "forecast": plan.forecast,
            "ordered": plan.orders.values,
            "consumed": result.consumed,
            "unconsumed": result.unconsumed,
            "over": result.over,
            "fenced": result.fenced,
            "demand": result.demand,
        }
        said = np.logical_or.reduce([cube[rows].any(axis=1) for cube in cubes.values()])
        lines = [
            {
                **_codes(plan, place, int(row)),
                "overdue": int(plan.orders.overdue[row]) / scale,
                **{name: (cube[row] / scale).tolist() for name, cube in cubes.items()},
            }
            for row in rows[said]
        ]
        left_out = {"unplaced": plan.orders.unplaced / scale, "later": plan.orders.later / scale}
        return Response({"months": [format_month(m) for m in plan.frame.months], "lines": lines, "left_out": left_out})


class ExcessOrdersView(BookView):
    """Orders beyond the consensus by leaf and month; POST with ``If-Match`` raises the consensus to them."""

    required_actions = {"GET": "plan.read", "POST": "consensus.override"}

    @extend_schema(parameters=PLACE[:3], responses=ExcessOrdersSerializer)
    def get(self, request: Request) -> Response:
        found = find_excess_orders(self.cycle(), self.place())
        return self._answer(found)

    @extend_schema(parameters=PLACE[:3], request=None, responses=ExcessOrdersSerializer)
    @idempotent
    def post(self, request: Request) -> Response:
        """What was raised."""
        cycle, actor = self.cycle(), get_actor(request)
        found = find_excess_orders(cycle, self.place())
        require_match(request, etag_of(found.tag))
        return self._answer(raise_to_orders(cycle=cycle, seen=found.tag, actor=actor, **self.nodes()))

    def _answer(self, found: ExcessOrders) -> Response:
        trees, scale = load_hierarchy(), 10**found.scale
        lines = [
            {
                "product": trees.products.code_of(product),
                "org": trees.orgs.code_of(org),
                "month": format_month(month),
                "consensus": consensus / scale,
                "over": over / scale,
            }
            for product, org, month, consensus, over in found.cells
        ]
        body = {"places": len(found), "units": found.units, "finding": say_excess(found), "lines": lines}
        return Response(body, headers={"ETag": etag_of(found.tag)})


class NearZoneView(BookView):
    """What production prepares in the first three months: demand after consumption by week or day, per leaf."""

    required_actions = {"GET": "plan.read"}

    @extend_schema(
        parameters=[*PLACE, OpenApiParameter("granularity", str, enum=Granularity.values)], responses=NearZoneSerializer
    )
    def get(self, request: Request) -> Response:
        granularity = _one_of(request.query_params.get("granularity"), Granularity.values) or Granularity.WEEK
        plan, place = load_consumed_plan(self.cycle()), self.place()
        near = load_near_zone(plan, granularity)
        rows, scale = place.rows(plan.frame.axis), 10**plan.frame.scale
        buckets = [
            {
                "month": format_month(near.months.start + bucket.column),
                "first": bucket.first.isoformat(),
                "last": bucket.last.isoformat(),
                "working_days": bucket.days,
            }
            for bucket in near.buckets
        ]
        lines = [
            {
                **_codes(plan, place, int(row)),
                "consensus": (near.consensus[row] / scale).tolist(),
                "demand": (near.demand[row] / scale).tolist(),
            }
            for row in rows
            if near.consensus[row].any() or near.demand[row].any()
        ]
        etag = etag_of(granularity, buckets, lines)
        if is_not_modified(request, etag):
            return not_modified(etag)
        body = {"granularity": granularity, "buckets": buckets, "lines": lines}
        return Response(body, headers={"ETag": etag})


class FlexView(DemandView):
    """What capacity and core materials are prepared for beyond the demand, by family and month, and why."""

    required_actions = {"GET": "plan.read"}

    @extend_schema(parameters=PLACE[2:], responses=FlexSerializer)
    def get(self, request: Request) -> Response:
        cycle = self.cycle()
        months = range(cycle.month, cycle.month + cycle.horizon)
        found = list_flex_families(version_id=self.version().pk, months=months, user=get_actor(request))
        scale = 10 ** get_company().quantity_decimals
        families = [
            {
                "product": line.product.code,
                "demand": [units / scale for units in line.demand],
                "capacity": [units / scale for units in line.capacity],
                "material": [units / scale for units in line.material],
                "why_capacity": line.why_capacity.whole,
                "why_material": line.why_material.whole,
            }
            for line in found
        ]
        body = {"months": [format_month(month) for month in months], "families": families}
        etag = etag_of(body)
        if is_not_modified(request, etag):
            return not_modified(etag)
        return Response(body, headers={"ETag": etag})


def _codes(plan: ConsumedPlan, place: Place, row: int) -> dict[str, str]:
    product, org = plan.frame.axis.keys[row].tolist()
    return {"product": place.hierarchy.products.code_of(product), "org": place.hierarchy.orgs.code_of(org)}


def _one_of(text: str | None, known: Any) -> str:
    return text if text is not None and text in known else ""


def _terms(given: dict[str, Any]) -> OrderTerms:
    return OrderTerms(**_resolve(given))


def _resolve(given: dict[str, Any]) -> dict[str, Any]:
    """Codes → rows."""
    found = dict(given)
    for name, model in (("product", Product), ("org", Org)):
        if name in given:
            row = model.objects.filter(code=given[name]).first()
            if row is None:
                raise unknown(name, given[name])
            found[name] = row
    return found


def _etag(order: Order) -> str:
    return etag_of("order", order.pk, order.revision)


def _answer(order: Order, code: int = status.HTTP_200_OK) -> Response:
    return Response(OrderSerializer(order).data, status=code, headers={"ETag": _etag(order)})
