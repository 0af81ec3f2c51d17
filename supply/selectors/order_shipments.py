"""Which sales orders a plan's shipments serve: when, from where, out of which stock or production (R-121).

Orders come before forecast: what arrives in a month goes first to the orders due by then, earliest due and most urgent
first. Goods leave a site in the order they came to it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from accounts.models import Scope
from core.months import month_of
from demand.selectors.order_lines import OrderLine, list_order_lines
from demand.selectors.sources import OPEN_STATUSES
from engine.allotting import match_lots, take_due
from plans.hierarchy import load_hierarchy
from supply.selectors.moves import Moves
from supply.selectors.shipping import GoodsFlow, ShippingPlan

Ints = NDArray[np.int64]

STOCK, MADE, OUTSOURCED, RECEIVED = "stock", "made", "outsourced", "received"
_SOURCES = (STOCK, MADE, OUTSOURCED, RECEIVED)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A part of an order. Months are absolute; smallest units.

    ``source`` says where the units come from at their site: stock at the start, made, bought in, or received from
    another site in ``came`` (the month they came to the site).
    """

    site: int
    leaves: int
    arrives: int
    units: int
    source: str
    came: int


@dataclass(frozen=True)
class ServedOrder:
    """An open line; ``due`` is the month it counts in: its own, or the plan's first when it is overdue."""

    line: OrderLine
    due: int
    deliveries: tuple[Delivery, ...]

    @property
    def covered(self) -> int:
        return sum(part.units for part in self.deliveries)

    @property
    def open(self) -> int:
        """Units that no shipment of the plan serves."""
        return self.line.net - self.covered

    @property
    def on_time(self) -> int:
        """Units that arrive by the month they are due."""
        return sum(part.units for part in self.deliveries if part.arrives <= self.due)

    @property
    def late(self) -> int:
        return self.covered - self.on_time


@dataclass(frozen=True, slots=True)
class Difference:
    """Orders of a product in a sales organisation due in a month, against what the plan delivers of them by then."""

    product: int
    org: int
    month: int
    ordered: int
    on_time: int
    arriving: int  # everything that arrives in the month, for orders or not

    @property
    def missing(self) -> int:
        return self.ordered - self.on_time


@dataclass(frozen=True)
class OrderMatch:
    """``unplaced`` and ``later`` count units of orders that name no planned leaf, or are due after the plan."""

    months: range
    orders: tuple[ServedOrder, ...]
    differences: tuple[Difference, ...]
    beyond: int  # units that arrive without an order
    unplaced: int
    later: int

    @cached_property
    def ordered(self) -> int:
        return sum(order.line.net for order in self.orders)

    @cached_property
    def on_time(self) -> int:
        return sum(order.on_time for order in self.orders)

    @cached_property
    def covered(self) -> int:
        return sum(order.covered for order in self.orders)


def match_orders(plan: ShippingPlan, scope: Scope) -> OrderMatch:
    """The open order lines a scope shows, each with the shipments that serve it."""
    lines, unplaced, later = _lines(plan, scope)
    markets = _Markets(plan, lines)
    pieces = _order_pieces(plan, markets)
    sources = _trace(plan.moves.shipped, plan.goods, pieces)
    served: list[list[Delivery]] = [[] for _ in lines]
    for piece, source, came, units in sources:
        months = plan.months.start
        served[pieces.order[piece]].append(
            Delivery(
                site=int(pieces.site[piece]),
                leaves=months + int(pieces.leaves[piece]),
                arrives=months + int(pieces.arrives[piece]),
                units=units,
                source=source,
                came=months + came,
            )
        )
    orders = tuple(
        ServedOrder(
            line,
            max(month_of(line.due), plan.months.start),
            tuple(sorted(parts, key=lambda part: (part.arrives, part.site, part.came))),
        )
        for line, parts in zip(lines, served, strict=True)
    )
    return OrderMatch(
        months=plan.months,
        orders=tuple(sorted(orders, key=lambda order: (order.line.due, order.line.order, order.line.line))),
        differences=_differences(plan, markets, orders),
        beyond=int(plan.moves.shipped.arrived.sum()) - sum(order.covered for order in orders),
        unplaced=unplaced,
        later=later,
    )


def _lines(plan: ShippingPlan, scope: Scope) -> tuple[list[OrderLine], int, int]:
    """Lines with units of their own that a shipment can serve, sorted by market, due month and urgency."""
    tree = load_hierarchy()
    products, orgs = (set(ids.tolist()) for ids in tree.scope_leaves(scope))
    every = [line for line in list_order_lines(statuses=OPEN_STATUSES, scale=plan.scale) if line.net > 0]
    shown = [line for line in every if line.product in products and line.org in orgs]
    in_time = [line for line in shown if month_of(line.due) < plan.months.stop]
    above = 0
    if scope.products is None and scope.orgs is None:
        above = sum(line.net for line in every) - sum(line.net for line in shown)
    late = sum(line.net for line in shown) - sum(line.net for line in in_time)

    def key(line: OrderLine) -> tuple[int, int, int, int, dt.date, str, str]:
        month = max(month_of(line.due), plan.months.start)
        return line.product, line.org, month, line.priority, line.due, line.order, line.line

    return sorted(in_time, key=key), above, late


class _Markets:
    """Products × sales organisations with orders or arrivals: what is due and arrives, int64 [markets, T]."""

    def __init__(self, plan: ShippingPlan, lines: list[OrderLine]) -> None:
        shipped, first = plan.moves.shipped, plan.months.start
        of_lines = np.array([(line.product << 32) | line.org for line in lines], np.int64)
        of_lanes = (shipped.product << 32) | shipped.target
        self.codes = np.union1d(of_lines, of_lanes)
        self.of_line, self.of_lane = (np.searchsorted(self.codes, codes) for codes in (of_lines, of_lanes))
        self.units = np.array([line.net for line in lines], np.int64)
        self.column = np.array([max(month_of(line.due) - first, 0) for line in lines], np.int64)
        shape = (len(self.codes), len(plan.months))
        self.due, self.arrived = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        np.add.at(self.due, (self.of_line, self.column), self.units)
        np.add.at(self.arrived, self.of_lane, shipped.arrived)
        self.taken = take_due(self.due, self.arrived)


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Units of one order on one lane in one month: int64 [k]; months count from the plan's first."""

    order: Ints
    lane: Ints
    leaves: Ints
    arrives: Ints
    units: Ints
    site: Ints


def _order_pieces(plan: ShippingPlan, markets: _Markets) -> _Pieces:
    """Which lane brings which order: arrivals that go to orders, in order of month and lane, against orders as due."""
    shipped = plan.moves.shipped
    lane, month = np.nonzero(shipped.arrived)
    market, units = markets.of_lane[lane], shipped.arrived[lane, month]
    order = np.lexsort((lane, month, market))
    lane, month, market, units = lane[order], month[order], market[order], units[order]
    cell = market * len(plan.months) + month  # of one market and month, lanes in order share what orders take
    until = np.cumsum(units)
    start = until - units
    begin = start[np.searchsorted(cell, cell)]
    taken = np.clip(markets.taken[market, month] - (start - begin), 0, units)
    lots, claims, matched = match_lots(taken, market, markets.units, markets.of_line)
    return _Pieces(
        order=claims,
        lane=lane[lots],
        leaves=month[lots] - shipped.lag[lane[lots]],
        arrives=month[lots],
        units=matched,
        site=shipped.site[lane[lots]],
    )


def _trace(shipped: Moves, goods: GoodsFlow, pieces: _Pieces) -> list[tuple[int, str, int, int]]:
    """(piece, source, month it came, units): what left each point, in order of month, against what came, likewise.

    Within a month orders leave first. What leaves without an order, goes to other sites or into other products takes
    its place in the line too.
    """
    months = goods.made.shape[1]
    packed = (goods.keys[:, 0] << 32) | goods.keys[:, 1]
    point = np.searchsorted(packed, (shipped.product[pieces.lane] << 32) | shipped.site[pieces.lane])
    ordered = np.zeros_like(goods.shipped)
    np.add.at(ordered, (point, pieces.leaves), pieces.units)
    rest = goods.shipped - ordered + goods.sent + np.maximum(goods.used, 0)
    rest_point, rest_month = np.nonzero(rest)
    claims = np.concatenate([pieces.units, rest[rest_point, rest_month]])
    claim_point = np.concatenate([point, rest_point])
    claim_month = np.concatenate([pieces.leaves, rest_month])
    is_rest = np.concatenate([np.zeros(len(point), np.int64), np.ones(len(rest_point), np.int64)])
    line = np.lexsort((np.arange(len(claims)), is_rest, claim_month, claim_point))
    came = np.stack([goods.made, goods.outsourced, goods.received], axis=2)
    came = np.concatenate([np.zeros((len(packed), months, 1), np.int64), came], axis=2)
    if months:
        came[:, 0, 0] = goods.opening
    lot_point, lot_month, kind = np.nonzero(came)
    lots, matched, units = match_lots(came[lot_point, lot_month, kind], lot_point, claims[line], claim_point[line])
    found = []
    for lot, claim, count in zip(lots.tolist(), line[matched].tolist(), units.tolist(), strict=True):
        if claim < len(point):
            found.append((claim, _SOURCES[kind[lot]], int(lot_month[lot]), count))
    return found


def _differences(plan: ShippingPlan, markets: _Markets, orders: tuple[ServedOrder, ...]) -> tuple[Difference, ...]:
    """Months in which orders are due that do not all arrive by then; the largest difference first."""
    first = plan.months.start
    on_time = np.zeros_like(markets.due)
    for row, order in enumerate(orders):
        on_time[markets.of_line[row], markets.column[row]] += order.on_time
    found = []
    for market, column in np.argwhere(markets.due > on_time).tolist():
        code = int(markets.codes[market])
        found.append(
            Difference(
                product=code >> 32,
                org=code & 0xFFFFFFFF,
                month=first + column,
                ordered=int(markets.due[market, column]),
                on_time=int(on_time[market, column]),
                arriving=int(markets.arrived[market, column]),
            )
        )
    return tuple(sorted(found, key=lambda row: (-row.missing, row.month, row.product, row.org)))
