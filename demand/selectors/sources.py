"""Rows of master data and demand as arrays over an axis of (product, org) pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

import numpy as np
from django.db.models import Sum
from numpy.typing import NDArray

from core.months import month_of
from demand.choices import OrderKind, OrderStatus, OutlierVerdict
from demand.lifecycle import FOREVER, NEVER, Lifecycle
from demand.models import Order, OutlierDecision
from masterdata.models import Org, Product
from plans.cubes import Axis

Marks = dict[tuple[int, int], list[int]]

OPEN_STATUSES = (OrderStatus.OPEN, OrderStatus.CONFIRMED)


def load_lifecycle(axis: Axis) -> Lifecycle:
    """Launch and end month of each row's product."""
    declared = {
        pk: (launch, end)
        for pk, launch, end in Product.objects.values_list("pk", "launch_month", "end_month")
        if launch is not None or end is not None
    }
    launch = np.full(len(axis), NEVER, dtype=np.int64)
    end = np.full(len(axis), FOREVER, dtype=np.int64)
    for product, (first, last) in declared.items():
        rows = slice(*np.searchsorted(axis.keys[:, 0], [product, product + 1]))
        launch[rows] = NEVER if first is None else first
        end[rows] = FOREVER if last is None else last
    return Lifecycle(launch, end)


def load_predecessors() -> dict[int, int]:
    """Product id → id of the product it replaces."""
    linked = Product.objects.filter(predecessor__isnull=False)
    return dict(linked.values_list("pk", "predecessor_id"))


def load_series_keys(axis: Axis) -> NDArray[np.str_]:
    """A stable name of each row, from the external codes: the forecast samples by it, whatever the ids are."""
    products = dict(Product.objects.values_list("pk", "code"))
    orgs = dict(Org.objects.values_list("pk", "code"))
    return np.array([f"{products[a]}\t{orgs[b]}" for a, b in axis.keys.tolist()], dtype=str)


def load_outlier_marks() -> tuple[Marks, Marks]:
    """(months declared real, months declared not to come back), each by (product id, org id)."""
    marks: dict[str, Marks] = {verdict: defaultdict(list) for verdict in OutlierVerdict.values}
    for product, org, month, verdict in OutlierDecision.objects.values_list("product", "org", "month", "verdict"):
        marks[verdict][product, org].append(month)
    return marks[OutlierVerdict.KEEP], marks[OutlierVerdict.REPLACE]


def load_order_quantities(
    *, kind: OrderKind, first_month: int, ncols: int, scale: int
) -> Mapping[tuple[int, int], NDArray[np.int64]]:
    """Open quantity of an order kind by (product id, org id), int64 [months] in smallest units.

    A line due before ``first_month`` is still wanted and counts in the first month; one due after the window is
    left out.
    """
    quantities: dict[tuple[int, int], NDArray[np.int64]] = defaultdict(lambda: np.zeros(ncols, dtype=np.int64))
    lines = Order.objects.filter(kind=kind, status__in=OPEN_STATUSES).values_list("product", "org", "due_date")
    for product, org, due, quantity in lines.annotate(Sum("quantity")):
        column = _column(due, first_month)
        if column < ncols:
            quantities[product, org][column] += int(quantity.scaleb(scale).to_integral_value())
    return quantities


def _column(due: date, first_month: int) -> int:
    return max(month_of(due) - first_month, 0)
