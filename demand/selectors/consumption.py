"""How far the orders in hand consume the forecast of a cycle's plan, leaf by leaf and month by month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import Missing
from core.months import month_of
from cycles.models import Cycle
from demand.choices import DealerOrders, OrderKind, OrderStatus, RollKind
from demand.measures import CONSENSUS
from demand.models import ConsumptionRule, Order, StreamInput
from demand.selectors.frame import Frame, load_frame
from demand.selectors.governing import governed_rows
from demand.selectors.order_lines import list_order_lines
from demand.selectors.place import Place
from demand.selectors.product_policies import load_product_policies
from demand.selectors.sources import OPEN_STATUSES
from engine.consumption import Consumption, consume
from engine.money import allocate
from masterdata.models import Policy
from masterdata.models.base import Revised
from masterdata.selectors import get_company, get_master_mark
from plans.cubes import Axis
from plans.hierarchy import Hierarchy
from plans.selectors import get_actuals_version, get_heads, get_working_version, keep_figures, load_measure

Ints = NDArray[np.int64]
Node = tuple[int, int]
_T = TypeVar("_T")


@dataclass(frozen=True)
class RuleArrays:
    """The declared rules, one entry per row of an axis; months. ``kept`` : unconsumed forecast survives a roll."""

    back: Ints
    forward: Ints
    fence: Ints
    linked: NDArray[np.bool_]
    kept: NDArray[np.bool_]


@dataclass(frozen=True)
class OrderSums:
    """Ordered quantities at the leaves, each order once: int64 [rows, months] and what was due before, [rows].

    ``unplaced`` and ``later`` count, in smallest units, lines that reach no planned leaf or are due after the months.
    """

    values: Ints
    overdue: Ints
    unplaced: int
    later: int


@dataclass(frozen=True)
class ConsumedPlan:
    """The consumption of a plan over its frame. ``has_orders`` : the company keeps an order book at all."""

    frame: Frame
    forecast: Ints
    orders: OrderSums
    rules: RuleArrays
    result: Consumption
    has_orders: bool


def load_rule_arrays(hierarchy: Hierarchy, axis: Axis, *, has_orders: bool) -> RuleArrays:
    """The consumption rule of each row. Without any order line nobody plans by orders: there is no fence then."""
    declared = {row.product_id: row for row in ConsumptionRule.objects.all()}
    standard = declared.get(None) or ConsumptionRule()
    products, at = np.unique(axis.keys[:, 0], return_inverse=True)
    frozen = load_product_policies(hierarchy, products).frozen_months[at]
    back, forward, fence = (np.zeros(len(axis), dtype=np.int64) for _ in range(3))
    linked, kept = (np.zeros(len(axis), dtype=bool) for _ in range(2))
    for node, rows in governed_rows(hierarchy, axis, declared).items():
        rule = declared.get(node) or standard
        back[rows], forward[rows] = rule.back_months, rule.forward_months
        fence[rows] = frozen[rows] if rule.fence_months is None else rule.fence_months
        linked[rows] = rule.dealers == DealerOrders.LINKED
        kept[rows] = rule.at_roll == RollKind.KEEP
    return RuleArrays(back, forward, fence if has_orders else np.zeros_like(fence), linked, kept)


def has_order_book() -> bool:
    """Whether any customer or dealer order was ever loaded."""
    return Order.objects.filter(kind__in=(OrderKind.CUSTOMER, OrderKind.CHANNEL)).exists()


def load_consumed_plan(cycle: Cycle) -> ConsumedPlan:
    """Consensus of the working plan against the open order lines, by the declared rules."""
    frame = load_frame(cycle)
    cube = load_measure(version_id=frame.version_id, measure=CONSENSUS, keys=frame.axis.keys, months=frame.months)
    has_orders = has_order_book()
    rules = load_rule_arrays(frame.hierarchy, frame.axis, has_orders=has_orders)
    orders = load_order_sums(frame, frame.months, linked=rules.linked, statuses=OPEN_STATUSES)
    forecast = np.maximum(cube.values, 0)
    result = consume(
        forecast, orders.values, overdue=orders.overdue, back=rules.back, forward=rules.forward, fence=rules.fence
    )
    return ConsumedPlan(frame, forecast, orders, rules, result, has_orders)


def keep_consumed(
    what: Hashable, *, cycle: Cycle, place: Place, make: Callable[[], _T], more: Iterable[type[Revised]] = ()
) -> _T:
    """Small figures of a place of the consumed plan, made once for each state of consensus, sales, orders and rules.

    ``more`` names other master data that go in.
    """
    heads = get_heads(version_id=get_working_version(cycle).pk, measures=[CONSENSUS])
    with suppress(Missing):
        heads |= get_heads(version_id=get_actuals_version().pk)
    return keep_figures(
        ("consumed", what, place.product, place.org, place.scope),
        heads,
        place.hierarchy.sha,
        get_company().quantity_decimals,
        get_master_mark(Order, StreamInput, Policy, *more),
        tuple(ConsumptionRule.objects.order_by("pk").values_list()),
        make=make,
    )


def load_order_sums(
    frame: Frame, months: range, *, linked: NDArray[np.bool_], statuses: Collection[str] = OrderStatus.values
) -> OrderSums:
    """Customer and dealer orders of some months at the frame's leaves, each order counted once.

    Where ``linked`` [rows], a dealer order counts less the customer orders it names; elsewhere the larger of both
    sums counts, month by month.
    """
    lines = list_order_lines(statuses=statuses, scale=frame.scale)
    sums: dict[str, dict[Node, Ints]] = {name: defaultdict(lambda: np.zeros(len(months) + 1, np.int64)) for name in
                                         ("customer", "channel", "net")}  # fmt: skip
    later = 0
    for line in lines:
        column, market = max(month_of(line.due) - months.start, -1) + 1, (line.product, line.org)
        if column > len(months):
            later += line.net
            continue
        sums[line.kind][market][column] += line.quantity
        if line.kind == OrderKind.CHANNEL:
            sums["net"][market][column] += line.net
    placed = {name: place_on_leaves(frame, given, len(months) + 1) for name, given in sums.items()}
    customer, channel, unnamed = (placed[name][0] for name in ("customer", "channel", "net"))
    values = np.where(linked[:, None], customer + unnamed, np.maximum(customer, channel))
    return OrderSums(values[:, 1:], values[:, 0], placed["customer"][1] + placed["net"][1], later)


def place_on_leaves(frame: Frame, given: Mapping[Node, Ints], width: int) -> tuple[Ints, int]:
    """Quantities by node, ``width`` columns each, on the frame's leaves, int64 [rows, width]; and what reached no leaf.

    A node above the leaves is split by the last twelve months sold.
    """
    values, unplaced, weights = np.zeros((len(frame.axis), width), dtype=np.int64), 0, None
    for row, (product, org), quantities in zip(frame.find_leaves(given), given, given.values(), strict=True):
        if row >= 0:
            values[row] += quantities
            continue
        rows = frame.hierarchy.leaf_rows(frame.axis, product, org)
        if len(rows):
            weights = frame.history_weights().max(axis=1) if weights is None else weights
            shares = np.repeat(weights[rows][:, None], width, axis=1)
            values[rows] += allocate(quantities[None, :], shares, np.zeros(len(rows), dtype=np.int64))
        else:
            unplaced += int(quantities.sum())
    return values, unplaced
