"""A first plan in a fraction of the time: solved block by block, with a proof of how good it is.

The proof is a bound no plan can exceed: the value of the prices of the just-in-time basis (or of any other
prices) as a solution of the dual problem. Prices that are wrong only make the bound looser, never false.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.balancing.blocks import GROUP_SIZE, Block, split_problem
from engine.balancing.contracts import BalancePlan, BalanceProblem, Floats, Ints
from engine.balancing.extract import with_money
from engine.balancing.program import LinearProgram
from engine.balancing.solve import Session

NEAR = "near"  # status of a plan that is not proven to be the best
EXACT_NONZEROS = 2_500_000  # beyond it the exact plan takes more than minutes
_ENTITIES = {
    "production": "points", "outsourced": "points", "stock": "points", "set_ups": "points", "scrapped": "points",
    "changed": "points", "shipments": "lanes", "transfers": "transfers", "served": "demand", "backlog": "demand",
    "lost": "demand", "purchases": "material", "material_stock": "material", "material_scrapped": "material",
}  # fmt: skip
_PER_RESOURCE = ("load", "available", "overtime", "extra_shifts", "headcount", "hired", "laid_off")
_ROWS = {
    "Stock-balance": "points", "Shelf-life": "points", "Slushy-range": "points", "Demand": "demand",
    "Material-balance": "material", "Material-shelf-life": "material",
}  # fmt: skip


@dataclass(frozen=True)
class FirstPlan:
    """A plan and the most any plan's objective can be."""

    plan: BalancePlan
    bound: float

    @property
    def gap(self) -> float:
        """Share of its objective the plan may be short of the best; nan when no bound was found."""
        return max(0.0, self.bound - self.plan.objective) / max(1.0, abs(self.plan.objective))


def solve_session(
    session: Session,
    on_first: Callable[[FirstPlan], None] | None = None,
    progress: Callable[[float], None] = lambda _share: None,
) -> tuple[BalancePlan, float]:
    """A session's plan and its gap: 0 for the exact one.

    A large problem is solved exactly in a thread (the work is done outside Python) while this one makes a first plan
    and hands it to ``on_first``. A problem too large for that gets the first plan only.
    """
    is_exact = session.program.matrix.nnz <= EXACT_NONZEROS or session.program.integer.any()
    if is_exact and (on_first is None or not session.is_large or session.program.integer.any()):
        return session.solve(), 0.0
    bound = upper_bound(session, session.plain_prices())
    if not is_exact:
        only = first_plan(session, bound, progress=progress)
        return only.plan, only.gap
    with ThreadPoolExecutor(max_workers=1) as pool:
        exact = pool.submit(session.solve)
        first = first_plan(session, bound)
        if on_first is not None and not exact.done():
            on_first(first)
        return exact.result(), 0.0


def first_plan(
    session: Session,
    bound: float,
    *,
    group_size: int = GROUP_SIZE,
    progress: Callable[[float], None] = lambda _share: None,
) -> FirstPlan:
    """Solve a session's problem block by block; the session itself is only read. ``bound`` is from ``upper_bound``."""
    started = time.perf_counter()
    problem = session.problem
    options = replace(
        session.options, tie_break=False, second_opinion=False, elastic_price=session.derived.elastic_price
    )
    blocks = split_problem(problem, group_size=group_size)
    plans = []
    for number, block in enumerate(blocks):
        plans.append(Session(block.problem, options).solve())
        progress((number + 1) / len(blocks))
    plan = _join(session, blocks, plans)
    info = replace(
        plans[0].solver,
        method=f"{len(blocks)} blocks",
        build_seconds=session.build_seconds,
        solve_seconds=time.perf_counter() - started,
        rows=session.program.rows.size,
        columns=session.program.columns.size,
        nonzeros=int(session.program.matrix.nnz),
        iterations=sum(p.solver.iterations for p in plans),
    )
    return FirstPlan(replace(plan, solver=info), bound)


def _join(session: Session, blocks: Sequence[Block], plans: Sequence[BalancePlan]) -> BalancePlan:
    """The plans of the parts, added up."""
    problem = session.problem
    joined: dict[str, Any] = {}
    for name, part in _ENTITIES.items():
        whole = np.zeros((len(getattr(problem, part)), problem.months))
        for block, plan in zip(blocks, plans, strict=True):
            np.add.at(whole, getattr(block, part), getattr(plan, name))
        joined[name] = whole
    for name in _PER_RESOURCE:
        joined[name] = np.sum([getattr(plan, name) for plan in plans], axis=0)
    joined["stock"] += _untouched(blocks, "points", problem.points.initial)[:, None]
    kept = _untouched(blocks, "material", np.ones(len(problem.material)))
    material = problem.material
    joined["material_stock"] += kept[:, None] * (material.initial[:, None] + np.cumsum(material.arrivals, axis=1))
    plan = replace(
        plans[0],
        **joined,
        status=NEAR,
        objective=sum(p.objective for p in plans),
        revenue=sum(p.revenue for p in plans),
        slacks=tuple(slack for p in plans for slack in p.slacks),
        duals=_join_duals(session, blocks, plans),
    )
    return with_money(problem, plan)


def _untouched(blocks: Sequence[Block], part: str, values: Floats) -> Floats:
    """[entities] of values where no block has the entity: it stays as it is."""
    touched = np.zeros(len(values), dtype=bool)
    for block in blocks:
        touched[getattr(block, part)] = True
    return np.where(touched, 0.0, values)


def _join_duals(session: Session, blocks: Sequence[Block], plans: Sequence[BalancePlan]) -> dict[str, Floats]:
    """Prices of the whole: of what several blocks share, the mean."""
    months, duals = session.problem.months, {}
    for name, family in session.program.rows.families.items():
        total, count = np.zeros((len(family), months)), np.zeros((len(family), 1))
        for block, plan in zip(blocks, plans, strict=True):
            members = _members(name, block, session, plan)
            rows = family.position[members]
            np.add.at(total, rows, plan.duals[name])
            np.add.at(count, rows, 1.0)
        duals[name] = total / np.maximum(count, 1.0)
    return duals


def _members(name: str, block: Block, session: Session, plan: BalancePlan) -> Ints:
    """Entities of the whole that a block's rows of a family belong to, in the block's order."""
    part = block.problem
    if name in _ROWS:
        own: Ints = getattr(block, _ROWS[name])
        if name == "Demand":
            return own[part.demand.backorder]
        if name == "Shelf-life":
            return own[np.isfinite(part.points.shelf_months)]
        if name == "Material-shelf-life":
            return own[np.isfinite(part.material.shelf_months)]
        if name == "Slushy-range":
            return own[part.points.can_make & np.isfinite(part.points.reference).any(axis=1)]
        return own
    if name == "Pool":
        return np.unique(part.demand.product * len(part.orgs) + part.demand.org)
    return session.program.rows[name].members


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
