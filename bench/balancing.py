"""Balancing at 1,000 products × 18 months × 3 plants × 5 regions: build, cold solve, warm changes, options.

Seconds are processor seconds of this process and of CLP's, so that other work on the machine counts little.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from bench.company import make_company
from bench.table import Row
from engine.balancing.block_trials import explain_blocks, leading_blocks, margin_lost
from engine.balancing.bound import upper_bound
from engine.balancing.contracts import BalancePlan, BalanceProblem, SolveOptions
from engine.balancing.explain import list_shortages
from engine.balancing.first import Balanced, Division, FirstPlan, divide, first_plan, join_division
from engine.balancing.joining import SolvedBlock, solve_block
from engine.balancing.matrix import build_program
from engine.balancing.options import LeverTerms, ladder, leading_bottlenecks, price_rung
from engine.balancing.placing import Change
from engine.balancing.solve import Session
from engine.balancing.trials import Trials
from engine.balancing.twin import Twin
from supply.adapters.assemble import assemble
from supply.adapters.sheets import Sheets
from supply.services.balance_parts import share_out

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
    first, showing = _timed(lambda: _first(problem))
    session = Session(problem, SolveOptions(second_opinion=True))
    began = time.perf_counter()
    plan, cold = _timed(session.solve)
    waited = time.perf_counter() - began
    size = f"{program.rows.size:,} rows, {program.columns.size:,} columns, {program.matrix.nnz:,} non-zeros"
    trials = Trials(session, plan)
    warm = _warm_changes(problem, plan, trials)
    shortages = list_shortages(session, plan)
    options, ladder_seconds = _timed(lambda: _local_ladder(session, trials, shortages))
    again, noisy = _timed(lambda: _next_month(problem, session))
    missing = 100 * (1 - first.plan.objective / plan.objective)
    return [
        Row("sheets → problem", assembling, "CPU s"),
        Row("problem → matrix", building, "CPU s", note=size),
        Row("matrix builder against PuLP row by row", by_rows / building, "times", "≥ 30", f"PuLP {by_rows:.1f} s"),
        Row("cold solve of the plan of record", cold, "CPU s", "≤ 15", f"{plan.solver.method}; {waited:.1f} s waited"),
        Row("second solver, relative difference", plan.solver.check_gap, "", "≤ 0.000001", plan.solver.check_name),
        Row("first plan, from the matrix", showing, "CPU s", "≤ 8", f"{first.plan.solver.method}"),
        Row("first plan, proven distance from the best", 100 * first.gap, "%", "≤ 1", f"true distance {missing:.2f} %"),
        Row("one changed cell, median", float(np.median(warm)), "CPU s"),
        Row("one changed cell, p95", float(np.percentile(warm, 95)), "CPU s", "≤ 1"),
        Row("local ladder of the dearest bottleneck", ladder_seconds, "CPU s", "≤ 3", f"{options} options"),
        Row("start of a month, 5 % demand noise", noisy, "CPU s", "≤ 5", f"{again} simplex iterations"),
        Row("plan of record reproduced from rows in another order", _reproduced(sheets, plan), "of 1", "≥ 1"),
        Row("short of demand", 100 * float(plan.short().sum() / problem.demand.quantity.sum()), "%"),
        *_large(),
    ]


def _first(problem: BalanceProblem) -> FirstPlan:
    session = Session(problem)
    return first_plan(session, upper_bound(session, session.plain_prices()))


def _reproduced(sheets: Sheets, plan: BalancePlan) -> float:
    """1 when the same company with its rows shuffled gives the same bytes."""
    r = np.random.default_rng(4)
    rows = {name: [given[i] for i in r.permutation(len(given))] for name, given in sheets.rows.items()}
    again = Session(assemble(replace(sheets, rows=rows)).problem).solve()
    same = [
        getattr(plan, name).tobytes() == getattr(again, name).tobytes()
        for name in ("production", "stock", "shipments", "served", "purchases", "overtime")
    ]
    return float(all(same))


def _large() -> list[Row]:
    """5,000 products × 4 plants × 8 regions: the plan, what of it workers share, how far it can be from the best."""
    began = time.perf_counter()
    session, before = _timed(lambda: Session(assemble(make_company("L")).problem))
    division, dividing = _timed(lambda: divide(session))
    solved, shared = [], []
    for numbers in share_out(len(division.blocks)):
        found, seconds = _timed(partial(_solve_child, division, numbers))
        solved += found
        shared.append(seconds)
    balanced, joining = _timed(lambda: join_division(session, division, solved))
    alone = before + dividing + joining
    size = f"{session.program.rows.size:,} rows, {session.program.matrix.nnz:,} non-zeros"
    waited = f"{size}; {time.perf_counter() - began:.0f} s waited"
    causes, asking = _timed(lambda: _ask_blocks(balanced, division))
    return [
        Row("5,000 products, from sheets to plan", alone + sum(shared), "CPU s", "≤ 180", waited),
        Row("of it what the children share", sum(shared), "CPU s",
            note=f"{len(shared)} children, the longest {max(shared):.1f}"),
        Row("5,000 products, causes and options of the leading blocks", asking, "CPU s", note=causes),
        Row("5,000 products, proven distance from the best", 100 * balanced.gap, "%", "≤ 1"),
    ]  # fmt: skip


def _solve_child(division: Division, numbers: list[int]) -> list[SolvedBlock]:
    return [solve_block(division.blocks[number], division.options) for number in numbers]


def _ask_blocks(balanced: Balanced, division: Division) -> str:
    chosen = leading_blocks(division.blocks, margin_lost(balanced.shortages))
    found = explain_blocks([division.blocks[n] for n in chosen], division.options, 1.0)
    confirmed = sum(shortage.cause.is_confirmed for shortage in found.shortages)
    return (
        f"{len(chosen)} of {len(division.blocks)} blocks; {confirmed:,} of {len(balanced.shortages):,} causes"
        f" confirmed, {len(found.options)} options"
    )


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
