"""A plan in whole units whose balances hold exactly.

Every flow is rounded on its running total, so no fraction is lost and none is counted twice: what a market is
served is the floor of its running total, lanes share it by largest remainder, production follows what leaves
(at least the floor of its own running total), purchases follow production. Stock is then what the whole
numbers say, never negative. A plan whose flows are whole already stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.balancing.contracts import BalancePlan, BalanceProblem, Floats, Ints
from engine.balancing.derived import derive

_NUDGE = 1e-4  # solver noise: 899.99999 is 900


@dataclass(frozen=True)
class WholePlan:
    """Quantities in smallest units. ``markets`` are codes ``product · len(orgs) + org``, in order."""

    markets: Ints  # [markets]
    asked: Ints  # [markets, T]
    served: Ints  # [markets, T]
    shipments: Ints  # [lanes, T] by month of leaving
    production: Ints  # [points, T]
    outsourced: Ints  # [points, T]
    stock: Ints  # [points, T]
    transfers: Ints  # [transfers, T] by month of leaving
    scrapped: Ints  # [points, T]
    purchases: Ints  # [material points, T]
    material_stock: Ints  # [material points, T]
    material_scrapped: Ints  # [material points, T]
    load: Floats  # [resources, T] hours of the whole production

    def short(self) -> Ints:
        """[markets, T] asked and not served in the month; later deliveries do not undo it."""
        return np.maximum(self.asked - self.served, 0)


def round_plan(problem: BalanceProblem, plan: BalancePlan, *, decimals: int = 0) -> WholePlan:
    """Round a plan to multiples of ``10**-decimals`` of the unit."""
    factor = 10**decimals
    derived = derive(problem)
    markets = derived.markets
    asked = _by_market(problem.demand.quantity, derived.class_market, markets) * factor
    served = _by_market(plan.served, derived.class_market, markets) * factor
    useful = np.flatnonzero(np.isin(derived.lane_market, markets))
    group = np.searchsorted(markets, derived.lane_market[useful])
    arrived = np.cumsum(_arrived(plan.shipments, problem.lanes.lag) * factor, axis=1)[useful]
    taken = share_running(_floor(np.cumsum(served, axis=1)), arrived, group)
    taken = _within_stock(problem, useful, taken, factor)
    shipments = np.zeros(plan.shipments.shape, dtype=np.int64)
    shipments[useful] = _leaving(np.diff(taken, axis=1, prepend=0), problem.lanes.lag[useful])
    whole = np.zeros((len(markets), problem.months), dtype=np.int64)
    np.add.at(whole, group, np.diff(taken, axis=1, prepend=0))
    goods = _production(problem, plan, np.cumsum(shipments, axis=1), factor)
    made = goods.production
    purchases, material_stock, material_scrapped = _purchases(problem, plan, np.cumsum(made, axis=1), factor)
    load = np.zeros(plan.load.shape)
    np.add.at(load, problem.routings.resource, problem.routings.hours[:, None] * made[problem.routings.point] / factor)
    return WholePlan(
        markets=markets,
        asked=np.rint(asked).astype(np.int64),
        served=whole,
        shipments=shipments,
        production=made,
        outsourced=goods.outsourced,
        stock=goods.stock,
        transfers=goods.transfers,
        scrapped=goods.scrapped,
        purchases=purchases,
        material_stock=material_stock,
        material_scrapped=material_scrapped,
        load=load,
    )


def share_running(totals: Ints, parts: Floats, group: Ints) -> Ints:
    """Whole running totals of parts that add up to their group's, none ever falling, close to ``parts``.

    Parameters
    ----------
    totals : int [groups, T], not falling. parts : float [n, T], running totals, not falling.
    group : int [n], the group of each part; every group has at least one.
    """
    result = np.zeros(parts.shape, dtype=np.int64)
    before = np.zeros(len(parts), dtype=np.int64)
    for month in range(parts.shape[1]):
        now = np.maximum(_floor(parts[:, month]), before)
        for _round in range(64):
            gap = totals[:, month].copy()
            np.subtract.at(gap, group, now)
            if not gap.any():
                break
            now = _step(now, before, parts[:, month], group, gap)
        result[:, month] = before = now
    return result


def _step(now: Ints, before: Ints, wanted: Floats, group: Ints, gap: Ints) -> Ints:
    """Move parts one unit each towards closing their group's gap, those with the largest remainder first."""
    sign = np.sign(gap[group])
    may = (sign > 0) | ((sign < 0) & (now > before))
    remainder = np.where(may, sign * (wanted - now), -np.inf)
    order = np.lexsort((np.arange(len(now)), -remainder, group))
    first = np.searchsorted(group[order], group[order])
    rank = np.empty(len(now), dtype=np.int64)
    rank[order] = np.arange(len(now)) - first
    return now + np.where(may & (rank < np.abs(gap[group])), sign, 0)


@dataclass(frozen=True)
class _Goods:
    production: Ints
    outsourced: Ints
    stock: Ints
    transfers: Ints
    scrapped: Ints


def _production(problem: BalanceProblem, plan: BalancePlan, shipped: Ints, factor: int) -> _Goods:
    """Production, outsourced units, moves and stock: parents before their components."""
    points, moves, lines = problem.points, problem.transfers, problem.component_lines
    made = _floor(np.cumsum(plan.production * factor, axis=1))
    bought = _floor(np.cumsum(plan.outsourced * factor, axis=1))
    moved = _arrived(np.floor(np.cumsum(plan.transfers * factor, axis=1) + _NUDGE), moves.lag).astype(np.int64)
    scrapped = _floor(np.cumsum(plan.scrapped * factor, axis=1))
    start = np.rint(points.initial * factor).astype(np.int64)
    gone = np.zeros(made.shape, dtype=np.int64)
    np.add.at(gone, problem.lanes.point, shipped)
    stock = np.zeros(made.shape, dtype=np.int64)
    for point in _parents_first(problem):
        used = np.zeros(problem.months)
        for line in np.flatnonzero(lines.component == point):
            used = used + lines.quantity[line] * made[lines.point[line]]
        sent = _left(moved[moves.source == point], moves.lag[moves.source == point])
        out = gone[point] + _ceil(used) + sent.sum(axis=0) + scrapped[point]
        incoming = np.flatnonzero(moves.target == point)
        source = made if points.can_make[point] else bought
        row = int(point)
        if not points.can_make[point] and len(incoming):
            source, row = moved, int(incoming[0])
        others = made[point] + bought[point] + moved[incoming].sum(axis=0) - source[row]
        source[row] = np.maximum.accumulate(np.maximum(source[row], out - start[point] - others))
        stock[point] = start[point] + others + source[row] - out
    left = _left(moved, moves.lag)
    made, bought, left, scrapped = (np.diff(total, axis=1, prepend=0) for total in (made, bought, left, scrapped))
    return _Goods(made, bought, stock, left, scrapped)


def _parents_first(problem: BalanceProblem) -> Iterator[int]:
    """Points so that whatever uses a point's product comes before it: as component, or by a move it depends on."""
    lines, moves = problem.component_lines, problem.transfers
    depends = ~problem.points.can_make[moves.target]  # others make what is missing themselves
    users = np.concatenate([lines.point, moves.target[depends]])
    used = np.concatenate([lines.component, moves.source[depends]])
    waiting = set(range(len(problem.points)))
    while waiting:
        open_users = np.isin(users, list(waiting))
        blocked = set(used[open_users].tolist())
        ready = sorted(waiting - blocked) or sorted(waiting)  # a circle is a finding, not a crash
        yield from ready
        waiting -= set(ready)


def _purchases(problem: BalanceProblem, plan: BalancePlan, made: Ints, factor: int) -> tuple[Ints, Ints, Ints]:
    """Purchases that cover what the whole production uses, the stock that leaves, what grew too old."""
    material, lines = problem.material, problem.material_lines
    used = np.zeros((len(material), problem.months))
    np.add.at(used, lines.material_point, lines.quantity[:, None] * made[lines.point])
    given = material.initial[:, None] * factor + np.cumsum(material.arrivals * factor, axis=1)
    scrapped = _floor(np.cumsum(plan.material_scrapped * factor, axis=1))
    used = used + scrapped
    bought = np.maximum(_floor(np.cumsum(plan.purchases * factor, axis=1)), _ceil(used - given))
    bought = np.maximum.accumulate(bought, axis=1)
    return np.diff(bought, axis=1, prepend=0), _floor(given + bought - used), np.diff(scrapped, axis=1, prepend=0)


def _within_stock(problem: BalanceProblem, useful: Ints, taken: Ints, factor: int) -> Ints:
    """Where nothing is made, lanes together take no more than the opening stock until something can be brought in."""
    points, moves = problem.points, problem.transfers
    fixed = ~points.can_make & np.isnan(points.outsource_cost).all(axis=1)
    first = np.full(len(points), problem.months, dtype=np.int64)
    np.minimum.at(first, moves.target, moves.lag)
    for point in np.flatnonzero(fixed & (first > 0)):
        lanes = np.flatnonzero(problem.lanes.point[useful] == point)
        until = min(int(first[point]), problem.months)
        room = int(np.rint(points.initial[point] * factor))
        while len(lanes) and taken[lanes, until - 1].sum() > room:
            most = lanes[np.argmax(taken[lanes, until - 1])]
            taken[most, :until] = np.minimum(taken[most, :until], taken[most, until - 1] - 1)
    return taken


def _by_market(values: Floats, class_market: Ints, markets: Ints) -> Floats:
    total = np.zeros((len(markets), values.shape[1]))
    np.add.at(total, np.searchsorted(markets, class_market), values)
    return total


def _arrived(sent: Floats, lag: Ints) -> Floats:
    """[n, T] (running totals) by month of leaving → by month of arrival."""
    arrived = np.zeros_like(sent)
    for months in np.unique(lag):
        chosen = lag == months
        kept = max(0, sent.shape[1] - int(months))
        arrived[chosen, sent.shape[1] - kept :] = sent[chosen, :kept]
    return arrived


def _leaving(arrivals: Ints, lag: Ints) -> Ints:
    """[n, T] by month of arrival → by month of leaving; what arrives after the horizon is not known."""
    left = np.zeros_like(arrivals)
    for months in np.unique(lag):
        chosen = lag == months
        kept = max(0, arrivals.shape[1] - int(months))
        left[chosen, :kept] = arrivals[chosen, arrivals.shape[1] - kept :]
    return left


def _left(arrived: Ints, lag: Ints) -> Ints:
    """Running totals by month of arrival → by month of leaving: nothing leaves that arrives after the horizon."""
    left = _leaving(arrived, lag)
    return np.maximum.accumulate(left, axis=1)


def _floor(values: Floats) -> Ints:
    return np.floor(values + _NUDGE).astype(np.int64)


def _ceil(values: Floats) -> Ints:
    return np.ceil(values - _NUDGE).astype(np.int64)
