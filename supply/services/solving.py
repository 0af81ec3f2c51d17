"""From a problem to everything a balance finds: check → solve → explain → price → round. Nothing is stored here.

A large plan is not held back by its explanation: its causes are ranked and its local levers priced; the rest, which
takes longer than the plan itself, is left to ``supply.services.pricing``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from engine.balancing.block_trials import leading_blocks, margin_lost
from engine.balancing.checks import UnsoundProblem, check_plan, check_problem
from engine.balancing.contracts import Finding, SolveOptions
from engine.balancing.explain import confirm_causes
from engine.balancing.first import NEAR, Balanced, FirstPlan, solve_session
from engine.balancing.options import list_candidates, price_rung
from engine.balancing.rounding import round_plan
from engine.balancing.solve import Session, SolveFailed
from engine.balancing.trials import Trials
from supply.adapters.problem import Prepared
from supply.adapters.records import Solved
from supply.choices import RunStatus

Report = Callable[[str, float], None]  # step code, done share of it
OnFirst = Callable[[Solved], None]


def open_session(prepared: Prepared) -> Session:
    """The model of a sound problem, not solved yet. Raises ``InvalidInput`` in words."""
    with refusals_in_words():
        check_problem(prepared.problem)
        return Session(prepared.problem, SolveOptions(second_opinion=True))


def solve_problem(
    prepared: Prepared, session: Session, report: Report, *, decimals: int, on_first: OnFirst | None = None
) -> Solved:
    """Everything a balance stores, found in this process. Raises ``InvalidInput`` in words instead of a solver's trace.

    While a large plan is solved exactly, ``on_first`` gets a first one whose distance from the best is proven.
    """
    report("parts", 0.0)
    show = partial(_show_first, prepared, decimals, on_first)
    with refusals_in_words():
        balanced = solve_session(session, show, partial(report, "parts"))
    return complete_plan(prepared, session, balanced, report, decimals=decimals)


def complete_plan(prepared: Prepared, session: Session, balanced: Balanced, report: Report, *, decimals: int) -> Solved:
    """What belongs to a plan: whole units, findings, causes and options."""
    problem, plan, gap = prepared.problem, balanced.plan, balanced.gap
    solved = Solved(
        plan=plan,
        whole=round_plan(problem, plan, decimals=decimals),
        shortages=balanced.shortages,
        confirmations=[],
        options=[],
        findings=(*prepared.findings, *check_problem(problem), *check_plan(problem, plan)),
        gap=gap if np.isfinite(gap) else 1.0,
    )
    if plan.status == NEAR:
        return _near(solved, balanced)
    report("explain", 0.0)
    return _explain(solved, session, report)


@contextmanager
def refusals_in_words() -> Iterator[None]:
    """What the engine refuses, as something a planner can act on."""
    try:
        yield
    except (UnsoundProblem, SolveFailed) as error:
        raise InvalidInput(
            _("The plan cannot be balanced: %(reason)s. Check the figures that were imported last.")
            % {"reason": error},
            code="not_solvable",
        ) from error


def _show_first(prepared: Prepared, decimals: int, on_first: OnFirst | None, first: FirstPlan) -> None:
    if on_first is not None and np.isfinite(first.gap):
        plan = replace(first.plan, status=RunStatus.FIRST)
        whole = round_plan(prepared.problem, plan, decimals=decimals)
        on_first(Solved(plan, whole, [], [], [], prepared.findings, gap=first.gap))


def _near(solved: Solved, balanced: Balanced) -> Solved:
    """A plan too large to be solved exactly: causes are ranked by its prices; the parts that lose most follow."""
    near = Finding("plan_near", "info", "plan", "", {"share": f"{100 * solved.gap:.2f} %"})
    blocks = balanced.division.blocks if balanced.division is not None else []
    to_ask = leading_blocks(blocks, margin_lost(balanced.shortages))
    return replace(
        solved, findings=(*solved.findings, near), is_explained=not to_ask, options_total=len(to_ask), options_done=0
    )


def _explain(solved: Solved, session: Session, report: Report) -> Solved:
    """Causes and options of an exact plan; of a large one only what takes no time."""
    trials, is_large = Trials(session, solved.plan), session.is_large
    shortages, confirmations = (solved.shortages, []) if is_large else confirm_causes(trials, solved.shortages)
    candidates = list_candidates(session, solved.plan, shortages)
    at_once = [candidate for candidate in candidates if candidate[1].is_local or not is_large]
    report("options", 0.0)
    priced = [price_rung(trials, bottleneck, rung) for bottleneck, rung in at_once]
    return replace(
        solved,
        shortages=shortages,
        confirmations=confirmations,
        options=[option for option in priced if option.is_useful],
        warm_start=session.warm_start(),
        is_explained=not is_large,
        options_total=len(candidates),
        options_done=len(at_once),
    )
