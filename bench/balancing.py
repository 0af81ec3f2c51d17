"""Balancing at 1,000 products × 18 months × 3 plants × 5 regions: build, cold solve, warm changes, options.

Seconds are processor seconds of this process and of CLP's, so that other work on the machine counts little.
"""

from __future__ import annotations

import resource
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from bench.company import make_company
from bench.table import Row
from engine.balancing.contracts import BalanceProblem, SolveOptions
from engine.balancing.explain import list_shortages
from engine.balancing.matrix import build_program
from engine.balancing.options import LeverTerms, ladder, leading_bottlenecks, price_rung
from engine.balancing.solve import Session
from engine.balancing.trials import Change, Trials
from engine.balancing.twin import Twin
from supply.adapters.assemble import assemble

SIZE = "M"
CHANGES = 15
LOCAL = ("overtime", "extra_shift", "raise_supply", "expedite", "defer", "rent_storage", "break_fence")


def run() -> list[Row]:
    """Every figure of the balancing design, measured on the made-up company."""
    sheets = make_company(SIZE)
    assembled, assembling = _timed(lambda: assemble(sheets).problem)
    problem: BalanceProblem = assembled
    program, building = _timed(lambda: build_program(problem))
    _twin, by_rows = _timed(lambda: Twin(problem))
    session = Session(problem, SolveOptions())
    plan, cold = _timed(session.solve)
    size = f"{program.rows.size:,} rows, {program.columns.size:,} columns, {program.matrix.nnz:,} non-zeros"
    trials = Trials(session, plan)
    warm = _warm_changes(problem, plan, trials)
    shortages = list_shortages(session, plan)
    options, ladder_seconds = _timed(lambda: _local_ladder(session, trials, shortages))
    again, noisy = _timed(lambda: _next_month(problem, session))
    return [
        Row("sheets → problem", assembling, "CPU s"),
        Row("problem → matrix", building, "CPU s", note=size),
        Row("matrix builder against PuLP row by row", by_rows / building, "times", "≥ 30", f"PuLP {by_rows:.1f} s"),
        Row("cold solve of the plan of record", cold, "CPU s", "≤ 15", f"{plan.solver.name}, {plan.solver.method}"),
        Row("one changed cell, median", float(np.median(warm)), "CPU s"),
        Row("one changed cell, p95", float(np.percentile(warm, 95)), "CPU s", "≤ 1"),
        Row("local ladder of the dearest bottleneck", ladder_seconds, "CPU s", "≤ 3", f"{options} options"),
        Row("start of a month, 5 % demand noise", noisy, "CPU s", "≤ 5", f"{again} simplex iterations"),
        Row("short of demand", 100 * float(plan.short().sum() / problem.demand.quantity.sum()), "%"),
    ]


def _warm_changes(problem: BalanceProblem, plan: Any, trials: Trials) -> list[float]:
    """One resource's hours of one month changed by a tenth, tight ones and others by turns."""
    r = np.random.default_rng(1)
    tight = np.argwhere(plan.duals["Resource-capacity-upper"] > 0)
    seconds = []
    for number in range(CHANGES):
        if number % 2 and len(tight):
            g, month = tight[r.integers(len(tight))]
        else:
            g, month = r.integers(len(problem.resource)), r.integers(problem.months)
        hours = 0.1 * float(problem.resource.regular_hours[g, month])
        change = Change("hours", (problem.resources[g],), int(month), int(month) + 1, amount=hours)
        seconds.append(_timed(partial(trials.solve, [change]))[1])
    return seconds


def _local_ladder(session: Session, trials: Trials, shortages: list) -> int:
    """Price the temporary levers of the bottleneck that costs most; how many."""
    bottleneck, blamed = leading_bottlenecks(shortages)[0]
    rungs = [rung for rung in ladder(session, bottleneck, blamed, LeverTerms()) if rung.kind in LOCAL]
    return len([price_rung(trials, bottleneck, rung) for rung in rungs])


def _next_month(problem: BalanceProblem, before: Session) -> int:
    """The same company with other demand, begun from the last month's basis by month position."""
    r = np.random.default_rng(2)
    noise = 1 + 0.05 * r.standard_normal(problem.demand.quantity.shape)
    quantity = np.round(np.maximum(problem.demand.quantity * noise, 0))
    session = Session(problem.with_part("demand", quantity=quantity))
    session.start_from(before.basis())
    session.run()
    return int(session.highs.getInfo().simplex_iteration_count)


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = _seconds()
    result = work()
    return result, _seconds() - began


def _seconds() -> float:
    """User and system seconds of this process and the ones it waited for."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
