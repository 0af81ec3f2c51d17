"""What-ifs on a solved session: change a few numbers, re-solve warm, put everything back.

``placing`` says what a change means for the matrix. Nothing of the session's own program is altered, so trials may
follow each other in any order and each begins from the optimal basis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.balancing.contracts import BalancePlan, BalanceProblem, Floats
from engine.balancing.extract import extract_plan
from engine.balancing.placing import Added, Change, Placement, place, with_demand
from engine.balancing.solve import FROZEN, Session, SolveFailed

DUAL, PRIMAL = 1, 4  # HiGHS' names of the simplex strategies


class Trials:
    """Re-solves variations of one solved session."""

    def __init__(self, session: Session, base: BalancePlan) -> None:
        self.session = session
        self.base = base
        self._basis = session.basis()
        # Perturbed costs end at another of the equally good plans; a trial shall move only what has to move.
        session.highs.setOptionValue("dual_simplex_cost_perturbation_multiplier", 0.0)
        session.highs.setOptionValue("presolve", "off")

    def solve(self, changes: Sequence[Change]) -> BalancePlan:
        """The best plan with the changes; revenue and costs include what the changes cost."""
        placement = Placement()
        _soften_passes(self.session, placement)
        for change in changes:
            place(self.session, change, placement)
        highs, program = self.session.highs, self.session.program
        problem = with_demand(self.session.problem, changes)
        try:
            self._run(placement)
            solution, info = highs.getSolution(), highs.getInfo()
            values = np.array(solution.col_value)
            duals = np.array(solution.row_dual)[: program.rows.size]
            placement.columns_added.sort(key=lambda one: not one.is_softening)  # as they stand in the matrix
            added = values[program.columns.size :]
            unreal = sum(one.unreal * float(v) for one, v in zip(placement.columns_added, added, strict=True))
            plan = extract_plan(
                problem,
                self.session.derived,
                program,
                values[: program.columns.size],
                duals,
                objective=unreal - info.objective_function_value - self._missed_more(problem),
                status="optimal",
                solver=self.base.solver,
                served_apart=_served_apart(problem, placement, added),
            )
        finally:
            _restore(self.session, placement)
            highs.setBasis(self._basis)
        return _with_extra_cost(problem, plan, placement, program, values)

    def solve_or_base(self, changes: Sequence[Change]) -> BalancePlan:
        """What ``solve`` gives, or the plan as it is where the solver has no answer: a change that brings nothing."""
        try:
            return self.solve(changes)
        except SolveFailed:
            return self.base

    def _run(self, placement: Placement) -> None:
        """First what moves bounds, by the dual simplex; then what opens new ways, by the primal one.

        Each begins from a basis that suits it. The dual simplex begun with attractive new columns would pass through
        a phase that forgets which of equally good plans it came from.
        """
        highs, program = self.session.highs, self.session.program
        opened = {
            column
            for column in _columns(placement)
            if program.lower[column] == program.upper[column] or column in placement.column_cost
        }
        _rows(highs, program, placement.row_lower, placement.row_upper)
        _bounds(highs, program, placement, set(_columns(placement)) - opened)
        opening = [one for one in placement.columns_added if not one.is_softening]
        _add(highs, [one for one in placement.columns_added if one.is_softening])
        if not self.session.attempt():
            _add(highs, _soften_release(self.session, placement))
            self._free_whole(placement)
            self.session.run()
        if not opened and not opening:
            return
        _bounds(highs, program, placement, opened)
        for column, cost in placement.column_cost.items():
            highs.changeColCost(column, cost)
        _add(highs, opening)
        highs.setOptionValue("simplex_strategy", PRIMAL)
        try:
            self.session.run()
        finally:
            highs.setOptionValue("simplex_strategy", DUAL)

    def _free_whole(self, placement: Placement) -> None:
        """What a plan set up for cannot all be made in a trial that takes its hours: whole numbers may be fractions."""
        program = self.session.program
        whole = np.setdiff1d(np.flatnonzero(program.integer), _columns(placement)).astype(np.int32)
        self.session.highs.changeColsBounds(len(whole), whole, program.lower[whole], program.upper[whole])

    def _missed_more(self, problem: BalanceProblem) -> float:
        """Lost-sale cost of all demand stands as a constant in the program: what changed demand adds to it."""
        base = self.session.problem.demand
        if problem.demand is base:
            return 0.0
        never_waiting = ~base.backorder
        more = (problem.demand.quantity - base.quantity)[never_waiting]
        return float(((self.session.derived.unit_value - base.price)[never_waiting] * more).sum())


def _served_apart(problem: BalanceProblem, placement: Placement, added: Floats) -> Floats | None:
    """[classes, T] what added columns serve beside a class's own."""
    chosen = [(one.serves, float(v)) for one, v in zip(placement.columns_added, added, strict=True) if one.serves]
    if not chosen:
        return None
    served = np.zeros(problem.demand.quantity.shape)
    for place_of, units in chosen:
        served[place_of] += units
    return served


def _with_extra_cost(
    problem: BalanceProblem, plan: BalancePlan, placement: Placement, program: Any, values: Floats
) -> BalancePlan:
    """Book what added columns, changed prices and waiting customers cost beyond the problem's own prices.

    Units served above a month's demand were deferred: no lost sale after all, but a wait of a month.
    """
    added = values[program.columns.size :]
    extra = sum(one.cost * float(v) for one, v in zip(placement.columns_added, added, strict=True) if one.is_paid)
    extra += sum((cost - program.cost[c]) * values[c] for c, cost in placement.column_cost.items())
    late = np.maximum(plan.served - problem.demand.quantity, 0.0) * ~problem.demand.backorder[:, None]
    waiting = float((late * problem.demand.backorder_cost).sum())
    extra += waiting - (late * np.nan_to_num(problem.demand.lost_cost)).sum()
    profit, objective = plan.profit - extra, plan.objective - waiting
    cost = plan.cost | {"options": float(extra)}
    return replace(plan, cost=cost, profit=profit, objective=objective, penalty=profit - objective)


def _add(highs: Any, columns: Sequence[Added]) -> None:
    for one in columns:
        highs.addCol(one.cost, 0.0, one.upper, len(one.rows), one.rows.astype(np.int32), one.values)


def _restore(session: Session, placement: Placement) -> None:
    highs, program = session.highs, session.program
    if placement.columns_added:
        first, count = program.columns.size, len(placement.columns_added)
        places = np.arange(first, first + count, dtype=np.int32)
        highs.deleteCols(count, places)
    changed = {*placement.row_lower, *placement.row_upper}
    _rows(highs, program, {r: program.row_lower[r] for r in changed}, {r: program.row_upper[r] for r in changed})
    columns = np.union1d(_columns(placement), np.flatnonzero(program.integer)).astype(np.int32)
    lower, upper = session.column_bounds()
    highs.changeColsBounds(len(columns), columns, lower[columns], upper[columns])
    for column in placement.column_cost:
        highs.changeColCost(column, program.cost[column])


def _columns(placement: Placement) -> list[int]:
    return sorted({*placement.column_lower, *placement.column_upper})


def _rows(highs: Any, program: Any, lower: dict[int, float], upper: dict[int, float]) -> None:
    rows = np.array(sorted({*lower, *upper}), dtype=np.int32)
    lows = np.array([lower.get(int(r), program.row_lower[r]) for r in rows], dtype=float)
    tops = np.array([upper.get(int(r), program.row_upper[r]) for r in rows], dtype=float)
    highs.changeRowsBounds(len(rows), rows, lows, tops)


def _bounds(highs: Any, program: Any, placement: Placement, chosen: set[int]) -> None:
    columns = np.array(sorted(chosen), dtype=np.int32)
    lows = np.array([placement.column_lower.get(int(c), program.lower[c]) for c in columns], dtype=float)
    tops = np.array([placement.column_upper.get(int(c), program.upper[c]) for c in columns], dtype=float)
    highs.changeColsBounds(len(columns), columns, lows, tops)


def _soften_passes(session: Session, into: Placement) -> None:
    """What a higher priority got may have to give way in a trial: less of it is then dear, not impossible."""
    for row, rank in enumerate(session.held, session.program.rows.size):
        if rank != FROZEN:
            into.columns_added.append(_softening(session, row))


def _soften_release(session: Session, into: Placement) -> list[Added]:
    """What of the frozen months was kept cannot be kept in a trial that takes its hours or parts."""
    rows = enumerate(session.held, session.program.rows.size)
    added = [_softening(session, row) for row, rank in rows if rank == FROZEN]
    into.columns_added += added
    return added


def _softening(session: Session, row: int) -> Added:
    price = session.derived.elastic_price
    return Added(price, np.inf, np.array([row]), -np.ones(1), price, is_paid=False, is_softening=True)
