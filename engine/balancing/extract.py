"""From a solution vector to a plan in business arrays; costs are summed from the plan, not from the vector."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.balancing.contracts import BalancePlan, BalanceProblem, Floats, Slack, SolverInfo
from engine.balancing.derived import Derived, is_frozen
from engine.balancing.indexing import business_key
from engine.balancing.program import LinearProgram

TOLERANCE = 1e-6
_DIGITS = 9
_BALANCES = ("Stock-balance", "Material-balance")
SLACK_FAMILIES = {
    "storage_slack": "Storage-upper",
    "overstock": "Stock-limit",
}


class Vector:
    """A solution by column family."""

    def __init__(self, program: LinearProgram, values: Floats) -> None:
        self.program = program
        self.values = values

    def full(self, name: str, entities: int) -> Floats:
        """[entities, T] values of a family; zero where an entity is no member or the family is absent."""
        family = self.program.columns.families.get(name)
        found = np.zeros((entities, self.program.columns.months))
        if family is not None and len(family):
            found[family.members] = self.values[family.span].reshape(len(family), family.months)
        return found


def extract_plan(
    problem: BalanceProblem,
    derived: Derived,
    program: LinearProgram,
    values: Floats,
    duals: Floats,
    *,
    objective: float,
    status: str,
    solver: SolverInfo,
    served_apart: Floats | None = None,
) -> BalancePlan:
    """Name everything in a solution. ``duals`` are the solver's (of a minimum), ``objective`` is a profit.

    ``served_apart`` [classes, T] are units served by columns that are not the program's own.
    """
    vector = Vector(program, values)
    points, resource, demand = len(problem.points), len(problem.resource), len(problem.demand)
    level = derived.soft_level
    below = vector.full("below_safety", points)
    stock = level + vector.full("surplus", points) - below + vector.full("overstock", points)
    shipments = vector.full("ship", len(problem.lanes))
    served = served_by_class(problem, derived, program, vector, shipments)
    if served_apart is not None:
        served = served + served_apart
    backlog = vector.full("wait", demand)
    waits = problem.demand.backorder[:, None]
    lost = np.where(waits, vector.full("drop", demand), problem.demand.quantity - served)
    production = _clean(vector.full("make", points), _coarsest(problem))
    load = np.zeros((resource, problem.months))
    lines = problem.routings
    np.add.at(load, lines.resource, lines.hours[:, None] * production[lines.point])
    headcount = vector.full("headcount", resource)
    band = problem.material.safety_stock
    materials = len(problem.material)
    plan = BalancePlan(
        status=status,
        objective=objective,
        profit=0.0,
        revenue=float((served * problem.demand.price - backlog * derived.protection).sum()),
        penalty=0.0,
        cost={},
        production=production,
        outsourced=_clean(vector.full("outsource", points)),
        stock=_clean(stock),
        shipments=_clean(shipments),
        transfers=_clean(vector.full("transfer", len(problem.transfers))),
        served=_clean(served),
        backlog=_clean(backlog),
        lost=_clean(lost),
        load=load,
        available=problem.resource.regular_hours + headcount * problem.resource.hours_per_person,
        overtime=_clean(vector.full("overtime", resource)),
        extra_shifts=_clean(vector.full("extra_shift", resource)),
        headcount=headcount,
        hired=_clean(vector.full("hire", resource)),
        laid_off=_clean(vector.full("lay_off", resource)),
        purchases=_clean(vector.full("buy", materials)),
        material_stock=_clean(band + vector.full("material_stock", materials) - vector.full("below_band", materials)),
        set_ups=_clean(vector.full("set_up", points)),
        scrapped=_clean(vector.full("scrap", points)),
        material_scrapped=_clean(vector.full("scrap_material", materials)),
        changed=_clean(vector.full("more_than_released", points) + vector.full("less_than_released", points)),
        slacks=_slacks(problem, program, vector),
        duals=_duals(program, duals),
        solver=solver,
    )
    return with_money(problem, plan)


def served_by_class(
    problem: BalanceProblem, derived: Derived, program: LinearProgram, vector: Vector, shipments: Floats
) -> Floats:
    """[classes, T] units served: own columns, or what arrives for the direct classes."""
    served = vector.full("serve", len(problem.demand))
    arrived = np.zeros((len(derived.direct_class), problem.months))
    for lag in np.unique(problem.lanes.lag):
        chosen = problem.lanes.lag == lag
        kept = problem.months - lag
        if kept > 0:
            np.add.at(arrived[:, lag:], derived.lane_market[chosen], shipments[chosen, :kept])
    served[derived.direct] = arrived[derived.class_market[derived.direct]]
    return served


def with_money(problem: BalanceProblem, plan: BalancePlan) -> BalancePlan:
    """Add cost by kind, profit and the price of broken soft rules."""
    points, demand, resource = problem.points, problem.demand, problem.resource
    regular = np.maximum(plan.load - plan.overtime, 0.0)
    lost_cost = np.nan_to_num(demand.lost_cost)
    cost = {
        "production": plan.production * points.make_cost,
        "regular_hours": regular * resource.regular_cost,
        "overtime": plan.overtime * resource.overtime_price,
        "extra_shifts": plan.extra_shifts * resource.shift_cost,
        "wages": plan.headcount * resource.wage,
        "hiring": plan.hired * resource.hire_cost[:, None],
        "layoff": plan.laid_off * resource.layoff_cost[:, None],
        "outsourcing": plan.outsourced * np.nan_to_num(points.outsource_cost),
        "materials": plan.purchases * problem.material.unit_cost,
        "freight": plan.shipments * problem.lanes.cost,
        "transfers": plan.transfers * problem.transfers.cost,
        "holding": plan.stock * points.hold_cost,
        "material_holding": plan.material_stock * problem.material.hold_cost,
        "backlog": plan.backlog * demand.backorder_cost,
        "shortage": plan.lost * lost_cost,
        "set_ups": plan.set_ups * points.setup_cost,
        "scrap": plan.scrapped * points.scrap_cost,
        "material_scrap": plan.material_scrapped * problem.material.scrap_cost,
    }
    total = {kind: float(amount.sum()) for kind, amount in cost.items()}
    profit = plan.revenue - sum(total.values())
    return replace(plan, cost=total, profit=profit, penalty=profit - plan.objective)


def _slacks(problem: BalanceProblem, program: LinearProgram, vector: Vector) -> tuple[Slack, ...]:
    """Every rule that was broken, by row family and key."""
    found = []
    for name, rows in SLACK_FAMILIES.items():
        family = program.columns.families[name]
        block = vector.values[family.span].reshape(len(family), family.months)
        for row, month in zip(*np.nonzero(block > TOLERANCE), strict=True):
            key = business_key(problem, name, int(family.members[row]))
            found.append(Slack(rows, key, int(month), float(block[row, month])))
    found += _promises_missed(problem, vector)
    return tuple(found)


def _promises_missed(problem: BalanceProblem, vector: Vector) -> list[Slack]:
    """End stocks not reached, and frozen production that is not made."""
    points = problem.points
    missed = vector.full("below_safety", len(points))[:, -1] * (points.end_stock > 0)
    found = [
        Slack("End-stock", business_key(problem, "make", int(p)), problem.months - 1, float(missed[p]))
        for p in np.flatnonzero(missed > TOLERANCE)
    ]
    cut = vector.full("less_than_released", len(points)) * is_frozen(points)
    for p, month in np.argwhere(cut > TOLERANCE):
        key = business_key(problem, "make", int(p))
        found.append(Slack("Release-range", key, int(month), float(cut[p, month])))
    return found


def _duals(program: LinearProgram, duals: Floats) -> dict[str, Floats]:
    """Row family → [members, T] gain of the objective per unit more of what the row gives out.

    The right-hand side of a balance is what stock must rise by, so there one unit more is one unit less.
    """
    found = {}
    for name, family in program.rows.families.items():
        sign = 1.0 if name in _BALANCES else -1.0
        found[name] = sign * duals[family.span].reshape(len(family), family.months)
    return found


def _coarsest(problem: BalanceProblem) -> Floats:
    """[points, 1] a power of ten above the pieces that go into a unit: they count, too."""
    most = np.ones(len(problem.points))
    for lines in (problem.material_lines, problem.component_lines):
        np.maximum.at(most, lines.point, lines.quantity)
    return (10.0 ** np.ceil(np.log10(most)))[:, None]


def _clean(values: Floats, pieces: Floats | float = 1.0) -> Floats:
    """Solver noise below the feasibility tolerance is no quantity; what is left is the same from every path."""
    fine = values * pieces
    return np.where(np.abs(fine) < TOLERANCE, 0.0, np.maximum(np.round(fine, _DIGITS), 0.0)) / pieces
