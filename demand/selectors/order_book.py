"""The order book: open lines of one person's scope, filtered, and what they come to by month."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from django.db.models import Count, F, Min, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, NullIf

from core.months import first_day
from demand.choices import OrderKind
from demand.models import Order
from demand.selectors.place import Place
from demand.selectors.sources import OPEN_STATUSES
from masterdata.models import Org
from plans.hierarchy import Tree

RUSH_PRIORITY = 1
FLAGS = ("rush", "custom", "overdue")


@dataclass(frozen=True)
class OrderFilter:
    """What to show. ``month`` is a due month, ``text`` part of an order, customer or requester; empty shows all."""

    kind: str = ""
    flag: str = ""
    month: int | None = None
    text: str = ""
    is_closed_shown: bool = False


@dataclass(frozen=True)
class OrderFacts:
    """Sums over the open lines of a place, in units."""

    lines: int
    quantity: Decimal
    by_kind: dict[str, Decimal]
    overdue: Decimal
    overdue_lines: int
    rush_lines: int
    custom_lines: int


@dataclass(frozen=True)
class KeyCustomer:
    """Who waits for how many units, first ``due``. ``customer`` is the name in the order, else the dealer's code."""

    customer: str
    label: str
    quantity: Decimal
    due: dt.date
    late: Decimal


def list_place_orders(place: Place) -> QuerySet[Order]:
    """Order lines at or under a place that the person's scope shows, in order of due date."""
    rows = Order.objects.select_related("product", "org")
    for tree, node, allowed, field in (
        (place.hierarchy.products, place.product, place.scope.products, "product"),
        (place.hierarchy.orgs, place.org, place.scope.orgs, "org"),
    ):
        if node is not None or allowed is not None:
            rows = rows.filter(**{f"{field}__in": _visible(tree, node, allowed)})
    return rows


def _visible(tree: Tree, node: int | None, allowed: frozenset[str] | None) -> list[int]:
    inside = np.ones(len(tree.ids), dtype=bool)
    if node is not None:
        inside &= tree.is_under([node])
    if allowed is not None:
        inside &= tree.is_under([code for code in sorted(allowed) if code in tree.codes])
    found: list[int] = tree.ids[inside].tolist()
    return found


def filter_orders(rows: QuerySet[Order], wanted: OrderFilter, *, first_month: int) -> QuerySet[Order]:
    """The lines a filter leaves; overdue is what was due before the plan's first month and is still open."""
    if not wanted.is_closed_shown:
        rows = rows.filter(status__in=OPEN_STATUSES)
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.flag:
        rows = rows.filter(_flag(wanted.flag, first_month))
    if wanted.month is not None:
        rows = rows.filter(due_date__gte=first_day(wanted.month), due_date__lt=first_day(wanted.month + 1))
    for word in wanted.text.split()[:5]:
        found = Q()
        for field in ("order", "customer", "requested_by", "product__code", "product__name", "org__name", "org__code"):
            found |= Q(**{f"{field}__icontains": word})
        rows = rows.filter(found)
    return rows


def _flag(flag: str, first_month: int) -> Q:
    if flag == "rush":
        return Q(priority__lte=RUSH_PRIORITY)
    if flag == "custom":
        return Q(custom=True)
    return Q(due_date__lt=first_day(first_month), status__in=OPEN_STATUSES)


def summarise_orders(rows: QuerySet[Order], *, first_month: int) -> OrderFacts:
    """Sums over open lines."""
    rows = rows.filter(status__in=OPEN_STATUSES).order_by()
    late = _flag("overdue", first_month)
    sums = rows.aggregate(
        lines=Count("pk"),
        units=Sum("quantity"),
        overdue=Sum("quantity", filter=late),
        overdue_lines=Count("pk", filter=late),
        rush=Count("pk", filter=_flag("rush", first_month)),
        custom=Count("pk", filter=_flag("custom", first_month)),
    )
    kinds = dict(rows.values_list("kind").annotate(Sum("quantity")))
    return OrderFacts(
        lines=sums["lines"],
        quantity=sums["units"] or Decimal(0),
        by_kind={kind: kinds.get(kind, Decimal(0)) for kind in OrderKind.values},
        overdue=sums["overdue"] or Decimal(0),
        overdue_lines=sums["overdue_lines"],
        rush_lines=sums["rush"],
        custom_lines=sums["custom"],
    )


def is_overdue(order: Order, first_month: int) -> bool:
    """Still open and due before the plan begins."""
    return order.status in OPEN_STATUSES and order.due_date < first_day(first_month)


def list_key_customers(place: Place, *, months: range, most: int) -> list[KeyCustomer]:
    """Customers and dealers with open lines due in the months or overdue: late ones first, then the largest."""
    rows = list_place_orders(place).filter(
        kind__in=(OrderKind.CUSTOMER, OrderKind.CHANNEL), status__in=OPEN_STATUSES, due_date__lt=first_day(months.stop)
    )
    sums = (
        rows.order_by()
        .values(who=Coalesce(NullIf("customer", Value("")), "org__code"))
        .annotate(
            units=Sum("quantity"), due=Min("due_date"), late=Sum("quantity", filter=_flag("overdue", months.start))
        )
        .order_by(F("late").desc(nulls_last=True), "-units", "who")[:most]
    )
    found = [(str(row["who"]), row) for row in sums]
    dealers = {org.code: org.label for org in Org.objects.filter(code__in=[who for who, _row in found])}
    return [
        KeyCustomer(who, dealers.get(who, who), row["units"], row["due"], row["late"] or Decimal(0))
        for who, row in found
    ]
