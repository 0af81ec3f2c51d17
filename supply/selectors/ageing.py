"""How old finished stock is now and becomes, what that costs and who asked for it (R-130, R-133)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.months import first_day
from demand.choices import OrderKind, OrderStatus
from demand.models import Order
from engine.ageing import age_forward, value_loss
from masterdata.models import InventoryLot, Policy
from masterdata.selectors import get_company
from supply.selectors.flow import StockFlow
from supply.selectors.opening import load_opening
from supply.selectors.values import UnitValues

EDGES = (1.0, 2.0, 3.0, 6.0)  # months: the buckets people speak of
DAYS_PER_MONTH = 30.4375
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class AgedLot:
    """One lot of finished stock. Money in minor units, ``age`` in months on the plan's first day.

    ``loss`` is what its age has cost so far; ``left_at_end`` what of it the plan still has at the end of its horizon.
    """

    product: str
    label: str
    site: str
    quantity: float
    produced_on: dt.date | None
    age: float | None
    is_aged: bool
    value: int
    loss: int
    requested_by: str
    reason: str
    left_at_end: float


@dataclass(frozen=True)
class Request:
    """Who asked for stock that is now old: units and money of all their aged lots."""

    requested_by: str
    reason: str
    quantity: float
    value: int
    loss: int


@dataclass(frozen=True)
class StockOrder:
    """An open stock-building order: built for nobody yet."""

    order: str
    label: str
    org: str
    quantity: float
    due: dt.date
    author: str
    reason: str
    in_stock: float
    value: int


@dataclass(frozen=True, eq=False)
class Ageing:
    """``units`` and ``value`` [buckets, 1 + T]: column 0 is now, then the month ends. Aged ones are [1 + T].

    ``undated`` are units without a date of production; they count as new.
    """

    months: range
    units: Floats
    value: Floats
    aged_units: Floats
    aged_value: Floats
    loss: Floats
    lots: tuple[AgedLot, ...]
    undated: float


def load_ageing(flow: StockFlow, values: UnitValues) -> Ageing:
    """FIFO ageing of every product at every site; lots by loss of value, then value."""
    company = get_company()
    limits = {
        product: float(months)
        for product, months in Policy.objects.filter(site=None).values_list("product_id", "aged_after_months")
        if months is not None
    }
    start, span = first_day(flow.months.start), len(flow.months) + 1
    place = {(product, site): row for row, (product, site) in enumerate(flow.keys.tolist())}
    by_key: dict[tuple[int, int], list[InventoryLot]] = defaultdict(list)
    for lot in load_opening(flow.months.start).lots:
        if lot.product_id is not None and lot.quantity > 0 and (lot.product_id, lot.site_id) in place:
            by_key[lot.product_id, lot.site_id].append(lot)
    units, value = np.zeros((len(EDGES) + 1, span)), np.zeros((len(EDGES) + 1, span))
    aged, aged_value, loss = np.zeros(span), np.zeros(span), np.zeros(span)
    found: list[AgedLot] = []
    for key, row in place.items():
        lots = sorted(by_key.get(key, []), key=lambda lot: -(_age(lot, start) or 0.0))
        cost, limit = values.cost.get(key[0], 0.0), limits.get(key[0], company.aged_after_months)
        ages = [_age(lot, start) or 0.0 for lot in lots]
        sizes = [float(lot.quantity) for lot in lots]
        stock = age_forward(sizes, ages, flow.inflow[row], flow.outflow[row])
        now = age_forward(sizes, [age - 1 for age in ages], [0.0], [0.0])  # a month end with nothing in or out
        buckets = np.concatenate([now.by_bucket(EDGES), stock.by_bucket(EDGES)], axis=1)
        old = np.concatenate([now.older_than(limit), stock.older_than(limit)])
        rate = company.value_loss_pct_per_month
        lost = [
            value_loss(s.remaining * cost, s.age, free_months=limit, percent_per_month=rate).sum(axis=0)
            for s in (now, stock)
        ]
        units, value, aged, aged_value = units + buckets, value + buckets * cost, aged + old, aged_value + old * cost
        loss = loss + np.concatenate(lost)
        left = stock.remaining[: len(lots), -1] if len(flow.months) else np.array(sizes)
        found += [_lot(lot, start, cost, limit, rate, float(rest)) for lot, rest in zip(lots, left, strict=True)]
    found.sort(key=lambda lot: (-lot.loss, -lot.value, lot.product, lot.site))
    undated = sum(lot.quantity for lot in found if lot.age is None)
    return Ageing(flow.months, units, value, aged, aged_value, loss, tuple(found), undated)


def _age(lot: InventoryLot, start: dt.date) -> float | None:
    return None if lot.produced_on is None else max(0.0, (start - lot.produced_on).days / DAYS_PER_MONTH)


def _lot(lot: InventoryLot, start: dt.date, cost: float, limit: float, rate: float, left: float) -> AgedLot:
    assert lot.product is not None
    age, worth = _age(lot, start), float(lot.quantity) * cost
    lost = value_loss(np.array([worth]), np.array([age or 0.0]), free_months=limit, percent_per_month=rate)
    return AgedLot(
        product=lot.product.code,
        label=lot.product.label,
        site=lot.site.label,
        quantity=float(lot.quantity),
        produced_on=lot.produced_on,
        age=age,
        is_aged=age is not None and age > limit,
        value=round(worth),
        loss=round(float(lost[0])),
        requested_by=lot.requested_by,
        reason=lot.reason,
        left_at_end=left,
    )


def list_requests(ageing: Ageing) -> list[Request]:
    """Aged stock by who asked for it and why, largest value first."""
    groups: dict[tuple[str, str], list[AgedLot]] = defaultdict(list)
    for lot in ageing.lots:
        if lot.is_aged:
            groups[lot.requested_by, lot.reason].append(lot)
    rows = [
        Request(
            author,
            reason,
            quantity=sum(lot.quantity for lot in lots),
            value=sum(lot.value for lot in lots),
            loss=sum(lot.loss for lot in lots),
        )
        for (author, reason), lots in groups.items()
    ]
    return sorted(rows, key=lambda row: (-row.value, row.requested_by))


def list_stock_orders(flow: StockFlow, values: UnitValues) -> list[StockOrder]:
    """Open orders that only build stock, with what of the product lies in stock already; largest value first."""
    stock = dict(zip(flow.products.tolist(), flow.by_product(flow.initial).tolist(), strict=True))
    orders = Order.objects.filter(kind=OrderKind.STOCK, status__in=[OrderStatus.OPEN, OrderStatus.CONFIRMED])
    rows = [
        StockOrder(
            order=order.order,
            label=order.product.label,
            org=order.org.label,
            quantity=float(order.quantity),
            due=order.due_date,
            author=order.requested_by or order.customer,
            reason=order.reason,
            in_stock=stock.get(order.product_id, 0.0),
            value=round(float(order.quantity) * values.cost.get(order.product_id, 0.0)),
        )
        for order in orders.filter(product_id__in=flow.products.tolist()).select_related("product", "org")
    ]
    return sorted(rows, key=lambda row: (-row.value, row.order))
