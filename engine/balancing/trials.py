"""What-ifs on a solved session: change a few numbers, re-solve warm, put everything back.

A ``Change`` says in business terms what is different; ``place`` turns it into bounds, prices and extra
columns of the matrix. Nothing of the session's own program is altered, so trials may follow each other in
any order and each begins from the optimal basis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from engine.balancing.contracts import BalancePlan, BalanceProblem, Floats, Ints
from engine.balancing.extract import extract_plan
from engine.balancing.solve import Session


@dataclass(frozen=True)
class Change:
    """One difference to the base, from ``start`` to ``end`` (months, end excluded).

    ======================  ==============================================================================
    ``kind``                ``amount`` (and ``price``)
    ======================  ==============================================================================
    hours                   more (or fewer) regular hours per month of resource ``key[0]``
    overtime                more overtime hours per month at ``price`` per hour
    extra_shift             more extra shifts a day at ``price`` per month
    no_overtime, no_shift   none of it (``amount`` unused)
    supply                  more units per month from the supplier of material ``key[0]``
    second_source           units per month of material ``key[0]`` at ``price`` each, from elsewhere
    expedite                units per month of material ``key[0]`` inside its lead time, ``price`` each on top
    outsource               units per month of product ``key[0]`` at ``price`` each, at its first stock point
    move                    units per month of product ``key[0]`` on resource ``key[1]`` at ``price`` each
    unfence                 the released months may be planned anew (stock point ``key``)
    storage                 more units of room at site ``key[0]``
    defer                   demand not met is asked for ``amount`` months later (classes of ``cells``)
    ======================  ==============================================================================
    """

    kind: str
    key: tuple[str, ...]
    start: int
    end: int
    amount: float = 0.0
    price: float = 0.0
    cells: tuple[tuple[int, int, float], ...] = ()  # (class, month, units), for ``defer``


@dataclass
class Placement:
    """Changed places of the matrix; ``columns_added`` are (cost, upper, rows, values)."""

    row_upper: dict[int, float] = field(default_factory=dict)
    column_upper: dict[int, float] = field(default_factory=dict)
    column_lower: dict[int, float] = field(default_factory=dict)
    column_cost: dict[int, float] = field(default_factory=dict)
    columns_added: list[tuple[float, float, Ints, Floats]] = field(default_factory=list)


class Trials:
    """Re-solves variations of one solved session."""

    def __init__(self, session: Session, base: BalancePlan) -> None:
        self.session = session
        self.base = base
        self._basis = session.basis()

    def solve(self, changes: Sequence[Change]) -> BalancePlan:
        """The best plan with the changes; revenue and costs include what the changes cost."""
        placement = Placement()
        for change in changes:
            place(self.session, change, placement)
        highs, program = self.session.highs, self.session.program
        _apply(highs, program, placement)
        try:
            self.session.run()
            solution, info = highs.getSolution(), highs.getInfo()
            values = np.array(solution.col_value)
            duals = np.array(solution.row_dual)[: program.rows.size]
            plan = extract_plan(
                self.session.problem,
                self.session.derived,
                program,
                values[: program.columns.size],
                duals,
                objective=-info.objective_function_value,
                status="optimal",
                solver=self.base.solver,
            )
        finally:
            _restore(highs, program, placement)
            highs.setBasis(self._basis)
        return _with_extra_cost(self.session.problem, plan, placement, program, values)


def _with_extra_cost(
    problem: BalanceProblem, plan: BalancePlan, placement: Placement, program: Any, values: Floats
) -> BalancePlan:
    """Book what added columns, changed prices and waiting customers cost beyond the problem's own prices.

    Units served above a month's demand were deferred: no lost sale after all, but a wait of a month.
    """
    added = values[program.columns.size :]
    extra = sum(cost * float(v) for (cost, _u, _r, _a), v in zip(placement.columns_added, added, strict=True))
    extra += sum((cost - program.cost[c]) * values[c] for c, cost in placement.column_cost.items())
    late = np.maximum(plan.served - problem.demand.quantity, 0.0) * ~problem.demand.backorder[:, None]
    waiting = float((late * problem.demand.backorder_cost).sum())
    extra += waiting - (late * np.nan_to_num(problem.demand.lost_cost)).sum()
    profit, objective = plan.profit - extra, plan.objective - waiting
    cost = plan.cost | {"options": float(extra)}
    return replace(plan, cost=cost, profit=profit, objective=objective, penalty=profit - objective)


def _apply(highs: Any, program: Any, placement: Placement) -> None:
    _rows(highs, program, placement.row_upper)
    lower = {c: placement.column_lower.get(c, program.lower[c]) for c in _columns(placement)}
    upper = {c: placement.column_upper.get(c, program.upper[c]) for c in _columns(placement)}
    _bounds(highs, lower, upper)
    for column, cost in placement.column_cost.items():
        highs.changeColCost(column, cost)
    for cost, upper_bound, rows, coefficients in placement.columns_added:
        highs.addCol(cost, 0.0, upper_bound, len(rows), rows.astype(np.int32), coefficients)


def _restore(highs: Any, program: Any, placement: Placement) -> None:
    if placement.columns_added:
        first, count = program.columns.size, len(placement.columns_added)
        places = np.arange(first, first + count, dtype=np.int32)
        highs.deleteCols(count, places)
    _rows(highs, program, {r: program.row_upper[r] for r in placement.row_upper})
    columns = _columns(placement)
    _bounds(highs, {c: program.lower[c] for c in columns}, {c: program.upper[c] for c in columns})
    for column in placement.column_cost:
        highs.changeColCost(column, program.cost[column])


def _columns(placement: Placement) -> list[int]:
    return sorted({*placement.column_lower, *placement.column_upper})


def _rows(highs: Any, program: Any, upper: dict[int, float]) -> None:
    rows = np.array(sorted(upper), dtype=np.int32)
    tops = np.array([upper[int(r)] for r in rows], dtype=float)
    highs.changeRowsBounds(len(rows), rows, program.row_lower[rows], tops)


def _bounds(highs: Any, lower: dict[int, float], upper: dict[int, float]) -> None:
    columns = np.array(sorted(upper), dtype=np.int32)
    lows = np.array([lower[int(c)] for c in columns], dtype=float)
    tops = np.array([upper[int(c)] for c in columns], dtype=float)
    highs.changeColsBounds(len(columns), columns, lows, tops)


def place(session: Session, change: Change, into: Placement) -> None:
    """Turn one change into places of the matrix. Raises ``ValueError`` on an unknown kind."""
    try:
        handler = _HANDLERS[change.kind]
    except KeyError:
        raise ValueError(f"no change is called {change.kind!r}") from None
    handler(session, change, into)


def _raise_rows(session: Session, family: str, entity: int, change: Change, into: Placement) -> None:
    row = session.program.rows[family].places(np.array([entity]))[0]
    for month in range(change.start, change.end):
        before = into.row_upper.get(int(row[month]), session.program.row_upper[row[month]])
        into.row_upper[int(row[month])] = float(before) + change.amount


def _hours(session: Session, change: Change, into: Placement) -> None:
    resource = session.problem.resources.index(change.key[0])
    _raise_rows(session, "Resource-capacity-upper", resource, change, into)


def _more_hours_at_a_price(session: Session, change: Change, into: Placement) -> None:
    """Overtime: new columns, so that what the plan may do anyway keeps its own limit and price."""
    resource = session.problem.resources.index(change.key[0])
    row = session.program.rows["Resource-capacity-upper"].places(np.array([resource]))[0]
    for month in range(change.start, change.end):
        hours = 1.0
        if change.kind == "extra_shift":
            hours = float(session.problem.resource.shift_hours[resource, month])
        spot = row[month : month + 1]
        into.columns_added.append((change.price, change.amount, spot, np.array([-hours])))


def _forbid(session: Session, change: Change, into: Placement) -> None:
    family = session.program.columns["overtime" if change.kind == "no_overtime" else "extra_shift"]
    resource = np.array([session.problem.resources.index(change.key[0])])
    if family.holds(resource).all():
        for column in family.places(resource)[0, change.start : change.end]:
            into.column_upper[int(column)] = 0.0


def _supply(session: Session, change: Change, into: Placement) -> None:
    material = session.problem.materials.index(change.key[0])
    limits = np.flatnonzero(session.problem.supplier.material == material)
    for limit in limits:
        _raise_rows(session, "Supplier-limit", int(limit), change, into)


def _second_source(session: Session, change: Change, into: Placement) -> None:
    """Units from elsewhere: columns into every site that uses the material, each with the whole amount."""
    material = session.problem.materials.index(change.key[0])
    places = np.flatnonzero(session.problem.material.material == material)
    rows = session.program.rows["Material-balance"].places(places)
    for month in range(change.start, change.end):
        for row in rows[:, month]:
            into.columns_added.append((change.price, change.amount / len(places), np.array([row]), np.ones(1)))


def _expedite(session: Session, change: Change, into: Placement) -> None:
    """Inside the lead time, at the unit cost and the premium; the supplier's limit still holds."""
    problem, program = session.problem, session.program
    material = problem.materials.index(change.key[0])
    places = np.flatnonzero(problem.material.material == material)
    columns = program.columns["buy"].places(places)
    for place_at, row in zip(places, columns, strict=True):
        for month in range(change.start, min(change.end, int(problem.material.first_arrival[place_at]))):
            into.column_upper[int(row[month])] = change.amount
            into.column_cost[int(row[month])] = float(program.cost[row[month]]) + change.price


def _outsource(session: Session, change: Change, into: Placement) -> None:
    product = session.problem.products.index(change.key[0])
    points = np.flatnonzero(session.problem.points.product == product)
    if not len(points):
        return
    rows = session.program.rows["Stock-balance"].places(points[:1])[0]
    for month in range(change.start, change.end):
        into.columns_added.append((change.price, change.amount, rows[month : month + 1], np.ones(1)))


def _move(session: Session, change: Change, into: Placement) -> None:
    """Made on another resource, as long per unit as on its own, with the same materials; sent to its own site."""
    problem, program = session.problem, session.program
    product, resource = problem.products.index(change.key[0]), problem.resources.index(change.key[1])
    makers = np.flatnonzero((problem.points.product == product) & problem.points.can_make)
    if not len(makers):
        return
    point = makers[:1]
    lines = problem.routings
    hours = lines.hours[lines.point == point[0]].max(initial=0.0)
    balance = program.rows["Stock-balance"].places(point)[0]
    capacity = program.rows["Resource-capacity-upper"].places(np.array([resource]))[0]
    parts = problem.material_lines.point == point[0]
    used = program.rows["Material-balance"].places(problem.material_lines.material_point[parts])
    for month in range(change.start, change.end):
        rows = np.concatenate([[balance[month], capacity[month]], used[:, month]])
        values = np.concatenate([[1.0, hours], -problem.material_lines.quantity[parts]])
        into.columns_added.append((change.price, change.amount, rows, values))


def _unfence(session: Session, change: Change, into: Placement) -> None:
    problem, program = session.problem, session.program
    product, site = problem.products.index(change.key[0]), problem.sites.index(change.key[1])
    point = np.flatnonzero((problem.points.product == product) & (problem.points.site == site))
    for column in program.columns["make"].places(point)[0, change.start : change.end]:
        into.column_lower[int(column)] = 0.0
        into.column_upper[int(column)] = np.inf


def _storage(session: Session, change: Change, into: Placement) -> None:
    site = session.problem.sites.index(change.key[0])
    for limit in np.flatnonzero(session.problem.storage.site == site):
        _raise_rows(session, "Storage-upper", int(limit), change, into)


def _defer(session: Session, change: Change, into: Placement) -> None:
    """The units of ``cells`` are asked for ``amount`` months later: less room in their pool, more in the later one."""
    problem, program = session.problem, session.program
    later = int(change.amount)
    ship = program.columns["ship"]
    for cls, month, units in change.cells:
        target = month + later
        if target >= problem.months or not session.derived.direct[cls]:
            continue
        market = session.derived.class_market[cls]
        pool = program.rows["Pool"].places(np.array([market]))[0]
        for row, more in ((int(pool[month]), -units), (int(pool[target]), units)):
            room = into.row_upper.get(row, float(program.row_upper[row])) + more
            into.row_upper[row] = max(room, float(program.row_lower[row]))
        for lane in np.flatnonzero(session.derived.lane_market == market):
            leaving = target - int(problem.lanes.lag[lane])
            if leaving >= 0:
                column = int(ship.places(np.array([lane]))[0, leaving])
                into.column_upper[column] = into.column_upper.get(column, program.upper[column]) + units


_HANDLERS = {
    "hours": _hours,
    "overtime": _more_hours_at_a_price,
    "extra_shift": _more_hours_at_a_price,
    "no_overtime": _forbid,
    "no_shift": _forbid,
    "supply": _supply,
    "second_source": _second_source,
    "expedite": _expedite,
    "outsource": _outsource,
    "move": _move,
    "unfence": _unfence,
    "storage": _storage,
    "defer": _defer,
}
