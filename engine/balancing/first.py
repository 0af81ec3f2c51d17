"""How a problem is solved: as a whole, in independent parts, or in blocks with a proof of how good that is.

A large company whose supply network falls into parts that share nothing is solved part by part, exactly. One too
large for that is solved in blocks that share by need, and a bound no plan can exceed says how far from the best that
can be. The same blocks give a first plan in a fraction of the time while a large plan is solved exactly.

Blocks do not know of each other, so they may be solved in any order, in any process: the bytes are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from engine.balancing.blocks import GROUP_SIZE, Block, group_products, split_problem
from engine.balancing.bound import upper_bound
from engine.balancing.components import EXACT_NONZEROS, independent_parts
from engine.balancing.contracts import BalancePlan, SolveOptions
from engine.balancing.explain import Shortage, list_shortages
from engine.balancing.joining import SolvedBlock, join_plans, join_shortages, join_starts, solve_block
from engine.balancing.solve import Session

NEAR = "near"  # status of a plan that is not proven to be the best
OPTIMAL = "optimal"

Report = Callable[[float], None]


@dataclass(frozen=True)
class FirstPlan:
    """A plan and the most any plan's objective can be."""

    plan: BalancePlan
    bound: float
    shortages: tuple[Shortage, ...] = ()

    @property
    def gap(self) -> float:
        """Share of its objective the plan may be short of the best; nan when no bound was found."""
        return max(0.0, self.bound - self.plan.objective) / max(1.0, abs(self.plan.objective))


@dataclass(frozen=True)
class Division:
    """A problem in blocks, and how each is solved. ``is_exact``: they share nothing."""

    blocks: list[Block]
    options: SolveOptions
    is_exact: bool


@dataclass(frozen=True)
class Balanced:
    """A session's plan, its gap (0 for an exact one) and what is short, with causes ranked but not tried.

    ``division`` is how it was solved; None: as a whole.
    """

    plan: BalancePlan
    gap: float
    shortages: list[Shortage]
    division: Division | None = None


def divide(session: Session) -> Division | None:
    """How a session's problem is to be solved in blocks; None: as a whole. It follows from the problem alone."""
    problem, nonzeros = session.problem, int(session.program.matrix.nnz)
    if not session.is_large or session.program.integer.any():
        return None
    groups = independent_parts(problem, nonzeros)
    if groups is not None:
        return Division(split_problem(problem, groups), _options_of_parts(session), is_exact=True)
    return None if nonzeros <= EXACT_NONZEROS else _in_blocks(session, GROUP_SIZE)


def _in_blocks(session: Session, group_size: int) -> Division:
    """Blocks of neighbouring products that share by need."""
    options = replace(_options_of_parts(session), tie_break=False, second_opinion=False)
    groups = group_products(session.problem, group_size)
    return Division(split_problem(session.problem, groups), options, is_exact=False)


def _options_of_parts(session: Session) -> SolveOptions:
    """What a part cannot know of the whole: the price of a broken rule and which priority is the last."""
    last = int(session.problem.demand.priority.max(initial=0))
    return replace(session.options, elastic_price=session.derived.elastic_price, last_priority=last)


def solve_session(
    session: Session,
    on_first: Callable[[FirstPlan], None] | None = None,
    progress: Report = lambda _share: None,
) -> Balanced:
    """Solve a session's problem in this process, in the way ``divide`` says.

    A large problem in one piece is solved exactly in a thread (the work is done outside Python) while this one makes a
    first plan and hands it to ``on_first``.
    """
    division = divide(session)
    if division is not None:
        return join_division(session, division, _solve_all(division, progress))
    if on_first is None or not session.is_large or session.program.integer.any():
        plan = session.solve()
    else:
        bound = upper_bound(session, session.plain_prices())
        with ThreadPoolExecutor(max_workers=1) as pool:
            exact = pool.submit(session.solve)
            first = first_plan(session, bound)
            if not exact.done():
                on_first(first)
            plan = exact.result()
    return Balanced(plan, 0.0, list_shortages(session, plan))


def join_division(session: Session, division: Division, solved: Sequence[SolvedBlock]) -> Balanced:
    """The whole's plan from its solved blocks. Of independent parts, the session stands at their joint optimum then."""
    if not division.is_exact:
        found = _join_first(session, division, solved, upper_bound(session, session.plain_prices()))
        return Balanced(found.plan, found.gap, list(found.shortages), division)
    method = f"{len(solved)} independent parts"
    plan = join_plans(session, division.blocks, solved, status=OPTIMAL, method=method)
    if session.resume(join_starts(session, division.blocks, solved, "optimum")) is None:
        raise RuntimeError("the parts do not make up the whole")
    session.keep_record(join_starts(session, division.blocks, solved, "record"))
    return Balanced(plan, 0.0, join_shortages(division.blocks, solved), division)


def first_plan(session: Session, bound: float, *, group_size: int = GROUP_SIZE) -> FirstPlan:
    """Solve a session's problem block by block; the session is only read. ``bound`` is from ``upper_bound``."""
    division = _in_blocks(session, group_size)
    return _join_first(session, division, _solve_all(division), bound)


def _solve_all(division: Division, progress: Report = lambda _share: None) -> list[SolvedBlock]:
    solved = []
    for number, block in enumerate(division.blocks):
        solved.append(solve_block(block, division.options))
        progress((number + 1) / len(division.blocks))
    return solved


def _join_first(session: Session, division: Division, solved: Sequence[SolvedBlock], bound: float) -> FirstPlan:
    method = f"{len(solved)} blocks"
    plan = join_plans(session, division.blocks, solved, status=NEAR, method=method)
    return FirstPlan(plan, bound, tuple(join_shortages(division.blocks, solved)))
