"""Blocks solved one by one, and their plans, causes and bases put together to those of the whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.balancing.blocks import Block
from engine.balancing.contracts import BalancePlan, Floats, Ints, Slack, SolveOptions, SolverInfo
from engine.balancing.crash import BASIC, LOWER
from engine.balancing.derived import at_stores
from engine.balancing.explain import Shortage, list_shortages
from engine.balancing.extract import TOLERANCE, with_money
from engine.balancing.highs import WarmStart
from engine.balancing.indexing import Layout, entity_kind
from engine.balancing.solve import Session

_ENTITIES = {
    "production": "point", "outsourced": "point", "stock": "point", "set_ups": "point", "scrapped": "point",
    "changed": "point", "shipments": "lane", "transfers": "transfer", "served": "demand", "backlog": "demand",
    "lost": "demand", "purchases": "material", "material_stock": "material", "material_scrapped": "material",
    "load": "resource", "available": "resource", "overtime": "resource", "extra_shifts": "resource",
    "headcount": "resource", "hired": "resource", "laid_off": "resource",
}  # fmt: skip


@dataclass(frozen=True)
class SolvedBlock:
    """A block's plan, in the block's own indices. ``rows`` and ``columns``: members of every family, in order.

    ``record`` is where its solver stood at the plan of record, ``optimum`` where trials begin; None where no plan of
    record was asked for.
    """

    plan: BalancePlan
    shortages: tuple[Shortage, ...]
    rows: dict[str, Ints]
    columns: dict[str, Ints]
    record: WarmStart | None
    optimum: WarmStart | None


def solve_block(block: Block, options: SolveOptions) -> SolvedBlock:
    """Solve one part of a company; causes are ranked by its own prices."""
    session = Session(block.problem, options)
    plan = session.solve()
    return SolvedBlock(
        plan=plan,
        shortages=tuple(list_shortages(session, plan)),
        rows=_members(session.program.rows),
        columns=_members(session.program.columns),
        record=session.warm_start(),
        optimum=session.trial_start() if options.tie_break else None,
    )


def _members(layout: Layout) -> dict[str, Ints]:
    return {name: family.members for name, family in layout.families.items()}


def join_plans(
    session: Session, blocks: Sequence[Block], solved: Sequence[SolvedBlock], *, status: str, method: str
) -> BalancePlan:
    """The plans of the parts, added up. ``session`` is the whole's and is only read."""
    problem, plans = session.problem, [part.plan for part in solved]
    joined: dict[str, Any] = {}
    for name, kind in _ENTITIES.items():
        whole = np.zeros((_count(session, kind), problem.months))
        for block, plan in zip(blocks, plans, strict=True):
            np.add.at(whole, getattr(block, kind), getattr(plan, name))
        joined[name] = whole
    plan = replace(
        plans[0],
        **joined,
        status=status,
        objective=sum(p.objective for p in plans),
        revenue=sum(p.revenue for p in plans),
        slacks=_join_slacks(session, joined["stock"], plans),
        duals=_join_duals(session, blocks, solved),
        solver=_join_info(session, plans, method),
    )
    return with_money(problem, plan)


def _join_slacks(session: Session, stock: Floats, plans: Sequence[BalancePlan]) -> tuple[Slack, ...]:
    """Broken rules added up; a store is too full only where all parts together are."""
    broken: dict[tuple[str, tuple[str, ...], int], float] = defaultdict(float)
    for plan in plans:
        for slack in plan.slacks:
            broken[slack.family, slack.key, slack.month] += slack.quantity
    problem, limit = session.problem, session.derived.storage_limit
    excess = at_stores(problem, stock) - limit
    for store, site in enumerate(problem.storage.site.tolist()):
        for month in range(problem.months):
            key = "Storage-upper", (problem.sites[site],), month
            if key in broken:
                broken[key] = float(excess[store, month])
    return tuple(Slack(*key, quantity) for key, quantity in broken.items() if quantity > TOLERANCE)


def _count(session: Session, kind: str) -> int:
    problem = session.problem
    return len(getattr(problem, {"point": "points", "lane": "lanes", "transfer": "transfers"}.get(kind, kind)))


def _join_info(session: Session, plans: Sequence[BalancePlan], method: str) -> SolverInfo:
    parts = [plan.solver for plan in plans]
    check, objective = sum(part.check_objective for part in parts), sum(plan.objective for plan in plans)
    return replace(
        parts[0],
        method=method,
        left_out=tuple(sorted({what for part in parts for what in part.left_out})),
        build_seconds=session.build_seconds,
        solve_seconds=sum(part.solve_seconds for part in parts),
        rows=session.program.rows.size,
        columns=session.program.columns.size,
        nonzeros=int(session.program.matrix.nnz),
        iterations=sum(part.iterations for part in parts),
        check_name="" if np.isnan(check) else parts[0].check_name,
        check_objective=check,
        check_gap=abs(objective - check) / max(1.0, abs(objective), session.dearest),
    )


def _join_duals(session: Session, blocks: Sequence[Block], solved: Sequence[SolvedBlock]) -> dict[str, Floats]:
    """Prices of the whole: of what several blocks use, the mean."""
    duals = {}
    for name, family in session.program.rows.families.items():
        total, count = np.zeros((len(family), session.problem.months)), np.zeros((len(family), 1))
        for block, part in zip(blocks, solved, strict=True):
            rows = family.position[block.places(entity_kind(name), part.rows[name])]
            np.add.at(total, rows, part.plan.duals[name])
            np.add.at(count, rows, 1.0)
        duals[name] = total / np.maximum(count, 1.0)
    return duals


def join_shortages(blocks: Sequence[Block], solved: Sequence[SolvedBlock]) -> list[Shortage]:
    """Shortages of all parts, dearest first, as ``explain.list_shortages`` would name them in the whole."""
    found = [
        replace(shortage, demand=int(block.demand[shortage.demand]))
        for block, part in zip(blocks, solved, strict=True)
        for shortage in part.shortages
    ]
    return sorted(found, key=lambda s: (-s.margin, -s.quantity, s.product, s.org, s.month))


def join_starts(session: Session, blocks: Sequence[Block], solved: Sequence[SolvedBlock], which: str) -> WarmStart:
    """Where the solver of the whole would stand, for independent parts: their bases beside each other.

    ``which`` is "record" or "optimum".
    """
    program, held = session.program, b""
    limits: list[float] = []
    columns, rows = np.full(program.columns.size, LOWER, np.uint8), np.full(program.rows.size, BASIC, np.uint8)
    for block, part in zip(blocks, solved, strict=True):
        start: WarmStart | None = getattr(part, which)
        if start is None:
            raise ValueError("a part was solved without a plan of record")
        _place(program.columns, block, part.columns, start.columns, columns)
        own = _place(program.rows, block, part.rows, start.rows, rows)
        held += start.rows[own:]
        limits += start.limits
    return WarmStart(columns.tobytes(), rows.tobytes() + held, tuple(limits))


def _place(layout: Layout, block: Block, families: dict[str, Ints], code: bytes, into: NDArray[np.uint8]) -> int:
    """Put a part's codes where they stand in the whole; how many were its program's own."""
    codes = np.frombuffer(code, np.uint8)
    at, months = 0, layout.months
    for name, members in families.items():
        until = at + len(members) * months
        places = layout[name].places(block.places(entity_kind(name), members))
        into[places] = codes[at:until].reshape(len(members), months)
        at = until
    return at
