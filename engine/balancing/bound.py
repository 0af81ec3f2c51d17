"""The most any plan can earn, proven without solving: the value of prices as a solution of the dual problem.

Prices that are wrong only make the bound looser, never false.
"""

from __future__ import annotations

import numpy as np

from engine.balancing.contracts import BalanceProblem, Floats
from engine.balancing.program import LinearProgram
from engine.balancing.solve import Session


def upper_bound(session: Session, prices: Floats) -> float:
    """The most any plan can earn (objective), proven by row prices; nan where they prove nothing.

    The Lagrangian bound of ``min c·v``: each column at the end of its range its reduced cost points to. Prices with
    the wrong sign count as 0. Columns without an upper limit get one that no sensible plan exceeds.
    """
    program = session.program
    price = np.where(np.isinf(program.row_lower), np.minimum(prices, 0.0), prices)
    price = np.where(np.isinf(program.row_upper), np.maximum(price, 0.0), price)
    side = np.where(price > 0, program.row_lower, program.row_upper)
    rows = float((price * np.where(price == 0, 0.0, side)).sum())
    reduced = program.cost - program.matrix.T @ price
    scale = max(1e-6, 1e-9 * float(np.abs(program.cost).max(initial=0.0)))  # as exact as a solver is
    reduced = np.where(np.abs(reduced) < scale, 0.0, reduced)
    upper = np.minimum(program.upper, _sensible(session.problem, session.derived.make_cap, program))
    ends = np.where(reduced > 0, program.lower, upper)
    worst = reduced * np.where(reduced == 0, 0.0, ends)
    if not np.isfinite(worst).all():
        return float("nan")
    return -(rows + float(worst.sum()) + program.offset)


def _sensible(problem: BalanceProblem, useful: Floats, program: LinearProgram) -> Floats:
    """[columns] what no sensible plan exceeds: nobody is served, waits or is sent more than was ever asked, and no
    more is kept, moved or bought than was there at the start and can ever be of use."""
    limits = np.full(program.columns.size, np.inf)
    total = problem.demand.quantity.sum(axis=1)
    for name in ("serve", "wait", "drop"):
        family = program.columns[name]
        limits[family.span] = np.repeat(total[family.members], family.months)
    market = np.zeros(len(problem.products) * len(problem.orgs))
    np.add.at(market, problem.demand.product * len(problem.orgs) + problem.demand.org, total)
    ship = program.columns["ship"]
    sent = problem.points.product[problem.lanes.point[ship.members]] * len(problem.orgs)
    limits[ship.span] = np.repeat(market[sent + problem.lanes.org[ship.members]], ship.months)
    held = np.zeros(len(problem.products))
    np.add.at(held, problem.points.product, problem.points.initial)
    most = held[problem.points.product] + useful.max(axis=1, initial=0.0)
    lines, material = problem.material_lines, problem.material
    needed = material.initial + material.arrivals.sum(axis=1) + material.safety_stock.max(axis=1, initial=0.0)
    np.add.at(needed, lines.material_point, lines.quantity * most[lines.point] * problem.months)
    owners = {"surplus": most, "overstock": most, "buy": needed, "material_stock": needed}
    owners["transfer"] = most[problem.transfers.source] if len(problem.transfers) else np.zeros(0)
    for name, limit in owners.items():
        family = program.columns[name]
        limits[family.span] = np.repeat(limit[family.members], family.months)
    return limits
