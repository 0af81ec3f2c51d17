"""Customer and dealer order lines, each order counted once."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from demand.choices import OrderKind
from demand.models import Order


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line; quantities in smallest units. ``net`` leaves out the customer order that a dealer line names."""

    kind: str
    product: int
    org: int
    due: dt.date
    quantity: int
    net: int
    order: str
    line: str
    customer: str
    priority: int


def list_order_lines(*, statuses: Collection[str], scale: int) -> list[OrderLine]:
    """Lines in order of due date.

    A customer order is taken off the dealer lines of the same product that name it: once, however many do, from the
    earliest on.
    """
    rows = list(
        Order.objects.filter(kind__in=(OrderKind.CUSTOMER, OrderKind.CHANNEL), status__in=statuses)
        .order_by("due_date", "pk")
        .values_list(
            "kind", "product", "org", "due_date", "quantity", "order", "line", "customer", "priority", "for_order"
        )
    )
    units = [int(row[4].scaleb(scale).to_integral_value()) for row in rows]
    behind: dict[tuple[str, int], int] = defaultdict(int)
    for row, quantity in zip(rows, units, strict=True):
        if row[0] == OrderKind.CUSTOMER:
            behind[row[5], row[1]] += quantity
    found = []
    for (kind, product, org, due, _raw, order, line, customer, priority, named), quantity in zip(
        rows, units, strict=True
    ):
        off = min(behind[named, product], quantity) if kind == OrderKind.CHANNEL and named else 0
        if off:
            behind[named, product] -= off
        found.append(OrderLine(kind, product, org, due, quantity, quantity - off, order, line, customer, priority))
    return found
