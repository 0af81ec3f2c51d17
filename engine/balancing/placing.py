"""What a change means for the matrix: bounds, prices and extra columns of a solved session's program.

A ``Change`` says in business terms what is different; ``place`` turns it into a ``Placement``. ``trials`` solves with
it and puts everything back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.balancing.contracts import BalanceProblem, Floats, Ints
from engine.balancing.derived import is_frozen
from engine.balancing.solve import Session

_FORBIDDEN = {"no_overtime": "overtime", "no_shift": "extra_shift", "no_hire": "hire"}  # change → column family


@dataclass(frozen=True)
class Change:
    """One difference to the base, from ``start`` to ``end`` (months, end excluded).

    ======================  ==============================================================================
    ``kind``                ``amount`` (and ``price``)
    ======================  ==============================================================================
    hours                   more (or fewer) regular hours per month of resource ``key[0]``
    overtime                more overtime hours per month at ``price`` per hour
    extra_shift             more extra shifts a day at ``price`` per month
    no_overtime, no_shift   none of it (``amount`` unused); no_hire: nobody comes
    supply                  more units per month from the supplier of material ``key[0]``
    supply_limit            exactly so many units per month from that supplier
    second_source           units per month of material ``key[0]`` at ``price`` each, from elsewhere
    expedite                units per month of material ``key[0]`` inside its lead time, ``price`` each on top
    outsource               units per month of product ``key[0]`` at ``price`` each, at its first stock point
    move                    units per month of product ``key[0]`` on resource ``key[1]`` at ``price`` each
    unfence                 the released months may be planned anew (stock point ``key``)
    storage                 more units of room at site ``key[0]``
    demand                  so many units more (or fewer) are asked for (``cells``)
    first                   so many of the units asked for are served before all others (``cells``): a rush order
    defer                   demand not met is asked for ``amount`` months later (classes of ``cells``)
    ======================  ==============================================================================
    """

    kind: str
    key: tuple[str, ...]
    start: int
    end: int
    amount: float = 0.0
    price: float = 0.0
    cells: tuple[tuple[int, int, float], ...] = ()  # (class, month, units)


@dataclass(frozen=True)
class Added:
    """A column of a trial. ``unreal`` is the part of its cost that is no money but an order of preference.

    ``serves`` is the (class, month) whose demand its units meet beside the class's own columns.
    """

    cost: float
    upper: float
    rows: Ints
    values: Floats
    unreal: float = 0.0
    is_paid: bool = True  # its money is booked as the cost of the change
    is_softening: bool = False  # opens no way to earn, only one to give way
    serves: tuple[int, int] | None = None


@dataclass
class Placement:
    """Changed places of the matrix."""

    row_lower: dict[int, float] = field(default_factory=dict)
    row_upper: dict[int, float] = field(default_factory=dict)
    column_upper: dict[int, float] = field(default_factory=dict)
    column_lower: dict[int, float] = field(default_factory=dict)
    column_cost: dict[int, float] = field(default_factory=dict)
    columns_added: list[Added] = field(default_factory=list)


def with_demand(problem: BalanceProblem, changes: Sequence[Change]) -> BalanceProblem:
    """The problem as it is asked after ``demand`` changes; the very same without any."""
    cells = [cell for change in changes if change.kind == "demand" for cell in change.cells]
    if not cells:
        return problem
    quantity = problem.demand.quantity.copy()
    for cls, month, units in cells:
        quantity[cls, month] = max(0.0, quantity[cls, month] + units)
    return problem.with_part("demand", quantity=quantity)


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
        into.columns_added.append(Added(change.price, change.amount, spot, np.array([-hours])))


def _forbid(session: Session, change: Change, into: Placement) -> None:
    family = session.program.columns[_FORBIDDEN[change.kind]]
    resource = np.array([session.problem.resources.index(change.key[0])])
    if family.holds(resource).all():
        for column in family.places(resource)[0, change.start : change.end]:
            into.column_upper[int(column)] = 0.0


def _supply(session: Session, change: Change, into: Placement) -> None:
    material = session.problem.materials.index(change.key[0])
    limits = np.flatnonzero(session.problem.supplier.material == material)
    for limit in limits:
        _raise_rows(session, "Supplier-limit", int(limit), change, into)


def _supply_limit(session: Session, change: Change, into: Placement) -> None:
    material = session.problem.materials.index(change.key[0])
    for limit in np.flatnonzero(session.problem.supplier.material == material):
        rows = session.program.rows["Supplier-limit"].places(np.array([limit]))[0, change.start : change.end]
        into.row_upper |= dict.fromkeys(rows.tolist(), change.amount)


def _second_source(session: Session, change: Change, into: Placement) -> None:
    """Units from elsewhere: columns into every site that uses the material, each with the whole amount."""
    material = session.problem.materials.index(change.key[0])
    places = np.flatnonzero(session.problem.material.material == material)
    rows = session.program.rows["Material-balance"].places(places)
    for month in range(change.start, change.end):
        for row in rows[:, month]:
            into.columns_added.append(Added(change.price, change.amount / len(places), np.array([row]), np.ones(1)))


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
        into.columns_added.append(Added(change.price, change.amount, rows[month : month + 1], np.ones(1)))


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
        into.columns_added.append(Added(change.price, change.amount, rows, values))


def _unfence(session: Session, change: Change, into: Placement) -> None:
    problem, program = session.problem, session.program
    product, site = problem.products.index(change.key[0]), problem.sites.index(change.key[1])
    point = np.flatnonzero((problem.points.product == product) & (problem.points.site == site))
    for column in program.columns["make"].places(point)[0, change.start : change.end]:
        into.column_upper[int(column)] = np.inf
    release, frozen = program.rows["Release-range"], is_frozen(problem.points)[point[0]]
    if release.holds(point).all():
        rows = release.places(point)[0]
        into.row_lower |= {int(rows[t]): -np.inf for t in range(change.start, change.end) if frozen[t]}


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


def _demand(session: Session, change: Change, into: Placement) -> None:
    """More or fewer units of a class: its pool (direct), its demand row (waiting) or its own column (lost)."""
    demand, program, derived = session.problem.demand, session.program, session.derived
    for cls, month, units in change.cells:
        more = max(units, -float(demand.quantity[cls, month]))
        if demand.backorder[cls]:
            _shift_row(session, "Demand", cls, month, more, into, both=True)
        elif derived.direct[cls]:
            _shift_row(session, "Pool", int(derived.class_market[cls]), month, more, into)
            _shift_shipping(session, cls, month, more, into)
        else:
            column = int(program.columns["serve"].places(np.array([cls]))[0, month])
            into.column_upper[column] = into.column_upper.get(column, float(program.upper[column])) + more
        if more > 0:
            _lift_caps(session, int(demand.product[cls]), into)


def _first(session: Session, change: Change, into: Placement) -> None:
    """Units taken out of their class's usual service and served by a column whose price beats all others."""
    demand, program, derived = session.problem.demand, session.program, session.derived
    eager = derived.elastic_price
    for cls, month, units in change.cells:
        pool = program.rows["Pool"].places(derived.class_market[cls : cls + 1])[0, month : month + 1]
        if derived.direct[cls]:
            _shift_row(session, "Pool", int(derived.class_market[cls]), month, -units, into)
            column = Added(-eager, units, pool, -np.ones(1), unreal=-eager, is_paid=False)
        elif demand.backorder[cls]:
            asked = program.rows["Demand"].places(np.array([cls]))[0, month : month + 1]
            cost = -eager - float(demand.price[cls, month])
            rows, values = np.concatenate([pool, asked]), np.array([-1.0, 1.0])
            column = Added(cost, units, rows, values, unreal=-eager, is_paid=False, serves=(cls, month))
        else:
            own = int(program.columns["serve"].places(np.array([cls]))[0, month])
            left = into.column_upper.get(own, float(program.upper[own])) - units
            into.column_upper[own] = max(0.0, left)
            cost = -eager - float(derived.unit_value[cls, month])
            column = Added(cost, units, pool, -np.ones(1), unreal=-eager, is_paid=False, serves=(cls, month))
        into.columns_added.append(column)


def _shift_row(
    session: Session, family: str, entity: int, month: int, more: float, into: Placement, *, both: bool = False
) -> None:
    program = session.program
    row = int(program.rows[family].places(np.array([entity]))[0, month])
    into.row_upper[row] = into.row_upper.get(row, float(program.row_upper[row])) + more
    if both:
        into.row_lower[row] = into.row_lower.get(row, float(program.row_lower[row])) + more


def _shift_shipping(session: Session, cls: int, month: int, more: float, into: Placement) -> None:
    """A direct class's lanes carry at most what is asked for: their bounds follow its demand."""
    problem, program = session.problem, session.program
    for lane in np.flatnonzero(session.derived.lane_market == session.derived.class_market[cls]):
        leaving = month - int(problem.lanes.lag[lane])
        if leaving >= 0:
            column = int(program.columns["ship"].places(np.array([lane]))[0, leaving])
            into.column_upper[column] = into.column_upper.get(column, float(program.upper[column])) + more


def _lift_caps(session: Session, product: int, into: Placement) -> None:
    """What a product and its components may be made of is capped by all demand; more demand lifts the caps."""
    problem, program = session.problem, session.program
    made, lines = {product}, problem.component_lines
    parents, parts = problem.points.product[lines.point], problem.points.product[lines.component]
    while more := set(parts[np.isin(parents, list(made))].tolist()) - made:
        made |= more
    points = np.flatnonzero(np.isin(problem.points.product, list(made)))
    for name, limit in (("make", problem.points.make_max), ("outsource", problem.points.outsource_max)):
        family = program.columns[name]
        for point in points[family.holds(points)]:
            for month, column in enumerate(family.places(np.array([point]))[0].tolist()):
                if 0.0 < program.upper[column] < limit[point, month]:
                    into.column_upper[column] = float(limit[point, month])


_HANDLERS = {
    "hours": _hours,
    "overtime": _more_hours_at_a_price,
    "extra_shift": _more_hours_at_a_price,
    "no_overtime": _forbid,
    "no_shift": _forbid,
    "no_hire": _forbid,
    "supply": _supply,
    "supply_limit": _supply_limit,
    "second_source": _second_source,
    "expedite": _expedite,
    "outsource": _outsource,
    "move": _move,
    "unfence": _unfence,
    "storage": _storage,
    "defer": _defer,
    "demand": _demand,
    "first": _first,
}
