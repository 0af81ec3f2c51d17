"""Solving: HiGHS kept warm between solves, the same bytes for the same problem.

One thread, one method, a fixed seed, canonical order and a last phase that picks one plan among equally good
ones make a plan of record reproducible. ``Session`` keeps the model and its basis, so that a changed bound
is re-solved in a fraction of the first solve.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np

from engine.balancing import clp
from engine.balancing.components import independent_parts
from engine.balancing.contracts import BalancePlan, BalanceProblem, Bools, Floats, Ints, SolveOptions, SolverInfo
from engine.balancing.crash import just_in_time
from engine.balancing.derived import derive, is_frozen
from engine.balancing.equilibrate import scaled_basis
from engine.balancing.extract import extract_plan
from engine.balancing.highs import WarmStart, basis_from_bytes, basis_from_codes, load_program
from engine.balancing.matrix import build_program
from engine.balancing.program import LinearProgram

PASS_ROOM = 1e-8  # share of a priority's demand a later pass may lose again: less than whole units notice
NEAR_NONZEROS = 5_000  # below it any start is as quick
LEAST_ROOM = 2e-7  # units a pass leaves at least: twice what the solver takes for nothing
NOTHING = 1e-9  # units, or a share of them
_NO_LIMIT = 1e30  # infinite for HiGHS, a number for a store
FROZEN = -1  # the pass before all priorities: what the last release fixed is made as far as hours and parts go
LARGE_NONZEROS = 150_000  # from here on a re-solve takes seconds
WIDER_ROOMS = (1e-6, 1e-4)  # tried where figures of very different size leave no plan in the usual room
# What is tried, one after the other, when the dual simplex gives no answer. The model is elastic, so it always has one.
OTHER_WAYS: tuple[dict[str, Any], ...] = (
    {"presolve": "on", "simplex_scale_strategy": 4},
    {"presolve": "off", "simplex_scale_strategy": 0, "simplex_strategy": 4},
    {"presolve": "on", "solver": "ipm"},
    {"presolve": "off", "primal_feasibility_tolerance": 1e-5, "mip_feasibility_tolerance": 1e-6},
)
DUAL_TOLERANCE = 1e-6  # a reduced cost above this (relative to the largest price) means "at its bound"


class SolveFailed(RuntimeError):
    """The solver returned no plan; with elastic rows this means unsound numbers, not an infeasible plan."""


def frozen_limit(least: float) -> float:
    """Units of a release that may stay unmade where ``least`` cannot be made; no room where all of it can."""
    return 0.0 if least <= NOTHING else least * (1 + NOTHING) + LEAST_ROOM


def solve(problem: BalanceProblem, options: SolveOptions | None = None) -> BalancePlan:
    """The best plan of a problem."""
    return Session(problem, options).solve()


@dataclass(frozen=True)
class _Switch:
    """Places [members, months] of a decision of yes or no, of what it allows, and of the row that says so."""

    row: Ints
    column: Ints
    amount: Ints
    least: Floats  # [members] that a yes makes or orders


class Session:
    """A built model in HiGHS. ``solve`` first, then change bounds and ``solve`` again (warm)."""

    def __init__(self, problem: BalanceProblem, options: SolveOptions | None = None) -> None:
        started = time.perf_counter()
        self.problem = problem
        self.options = options or SolveOptions()
        self.derived = derive(problem, self.options.elastic_price)
        self.program: LinearProgram = build_program(problem, self.options)
        self.build_seconds = time.perf_counter() - started
        self.highs: Any = load_program(self.program, self.options)
        self.values: Floats = np.zeros(0)
        self.left_out: tuple[str, ...] = ()  # what the plan had to go without: priorities, whole_numbers
        self.held: list[int] = []  # what each row added by a pass is about: a priority or ``FROZEN``
        self._limits: list[float] = []  # of those rows
        self._wholes: list[float] = []  # how much each is about
        self._record: Any = None  # basis of the plan of record, after the last phase
        self._is_warm = False
        self._method = "dual simplex"
        self._is_fixed = False  # whole numbers are held, so that the rest is a linear program
        self._whole_values: Floats | None = None  # of the integer columns, once they were found
        self._opinion: float | None = None  # CLP's objective of the program, where it was asked

    def solve(self) -> BalancePlan:
        """Solve from the present basis (cold the first time) and name the result."""
        started = time.perf_counter()
        if self.is_whole:
            self._free_integers()
        self._begin_near()
        try:
            self._run_passes()
            self.run()
            if self.is_whole:
                self._fix_integers()
        except SolveFailed:
            self._leave_out()
        objective = -self.highs.getInfo().objective_function_value
        duals = np.array(self.highs.getSolution().row_dual)[: self.program.rows.size]
        self.values = self._break_ties() if self.options.tie_break else self._column_values()
        seconds = time.perf_counter() - started
        check = self._second_opinion() if self.options.second_opinion else float("nan")
        return self._name(seconds, objective, duals, check)

    def _name(
        self,
        seconds: float,
        objective: float | None = None,
        duals: Floats | None = None,
        check: float = float("nan"),
    ) -> BalancePlan:
        """The plan in ``values``; objective and prices are those of now unless given."""
        if objective is None or duals is None:
            objective = -self.highs.getInfo().objective_function_value
            duals = np.array(self.highs.getSolution().row_dual)[: self.program.rows.size]
        return extract_plan(
            self.problem,
            self.derived,
            self.program,
            self.values,
            duals,
            objective=objective,
            status="optimal",
            solver=self._solver_info(seconds, objective, check),
        )

    @property
    def is_whole(self) -> bool:
        """Whether some decisions are whole numbers."""
        return bool(self.program.integer.any()) and "whole_numbers" not in self.left_out

    @property
    def is_large(self) -> bool:
        """Whether solving takes seconds rather than fractions of one."""
        return bool(self.program.matrix.nnz >= LARGE_NONZEROS)

    def set_row_upper(self, rows: Ints, upper: Floats) -> None:
        """Change right-hand sides; the basis stays."""
        self.program.row_upper[rows] = upper
        lower = self.program.row_lower[rows]
        self.highs.changeRowsBounds(len(rows), rows.astype(np.int32), lower, np.asarray(upper, dtype=float))

    def set_column_bounds(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Change what a column may be; the basis stays."""
        self.program.lower[columns], self.program.upper[columns] = lower, upper
        self.highs.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)

    def column_bounds(self) -> tuple[Floats, Floats]:
        """What each column may be as the plan stands: whole numbers stay as they were found."""
        lower, upper = self.program.lower.copy(), self.program.upper.copy()
        if self._whole_values is not None:
            lower[self.program.integer] = upper[self.program.integer] = self._whole_values
        return lower, upper

    def basis(self) -> Any:
        """The present basis, to begin another session of the same shape from."""
        return self.highs.getBasis()

    def warm_start(self) -> WarmStart | None:
        """Where the plan of record stands, to ``resume`` from in another process; None before a tie-broken solve."""
        return None if self._record is None or self.program.integer.any() else self._pack(self._record)

    def trial_start(self) -> WarmStart:
        """Where trials begin: the optimal basis before the last phase, ``resume``d without a step."""
        return self._pack(self.highs.getBasis())

    def keep_record(self, start: WarmStart) -> None:
        """Let ``warm_start`` answer where the plan of record stands, if that is not where the session was resumed."""
        self._record = basis_from_bytes(start)

    def _pack(self, basis: Any) -> WarmStart:
        columns = np.array([int(status) for status in basis.col_status], dtype=np.uint8)
        rows = np.array([int(status) for status in basis.row_status], dtype=np.uint8)
        return WarmStart(columns.tobytes(), rows.tobytes(), tuple(self._limits))

    def resume(self, start: WarmStart) -> BalancePlan | None:
        """The plan of record again, without solving it anew; None when the model has another shape.

        Inputs changed since then cost as many iterations as they are worth: the plan is optimal either way. With the
        same inputs it is the plan of record, in rare cases another of the equally good ones.
        """
        started = time.perf_counter()
        passes = self._passes()
        shape = self.program.columns.size, self.program.rows.size + len(start.limits)
        if self._is_warm or (len(start.columns), len(start.rows)) != shape or len(start.limits) != len(passes):
            return None
        for (rank, members), limit in zip(passes, start.limits, strict=True):
            self._hold(rank, *self._missed(rank, members), limit)
        self._record = basis_from_bytes(start)
        self.start_from(self._record)
        # Perturbed costs would end at another of the equally good plans.
        self.highs.setOptionValue("dual_simplex_cost_perturbation_multiplier", 0.0)
        self.run()
        self.values = self._column_values()
        return self._name(time.perf_counter() - started)

    def _passes(self) -> list[tuple[int, Bools]]:
        """The passes, each with its products: of the whole, or of every part that is solved on its own."""
        is_divided = self.is_large and not self.program.integer.any()
        groups = independent_parts(self.problem, int(self.program.matrix.nnz)) if is_divided else None
        part = np.zeros(len(self.problem.products), dtype=np.int64) if groups is None else groups
        members = [part == number for number in np.unique(part)]
        return [(rank, chosen) for chosen in members for rank in self._held_ranks(chosen)]

    def _held_ranks(self, members: Bools) -> list[int]:
        """What goes before the money for some products: frozen months, then all priorities but the company's last."""
        demand, points, last = self.problem.demand, self.problem.points, self.options.last_priority
        lowest = int(demand.priority.max(initial=0)) if last is None else last
        ranks = [int(rank) for rank in np.unique(demand.priority[members[demand.product]]) if rank < lowest]
        has_frozen = is_frozen(points)[points.can_make & members[points.product]].any()
        return [FROZEN, *ranks] if has_frozen else ranks

    def start_from(self, basis: Any) -> None:
        """Begin the next solve from a basis."""
        self.highs.setBasis(basis)
        self._is_warm = True

    def run(self) -> None:
        """Solve from the present basis; where numbers of very different size defeat that, afresh in other ways.

        What a pass reached is as exact as the solver is: where that leaves no plan, it gets a wider room.
        """
        if self.attempt() or self._attempt_otherwise():
            return
        failure = self.highs.modelStatusToString(self.highs.getModelStatus())
        for room in WIDER_ROOMS if any(rank != FROZEN for rank in self.held) else ():
            self._widen(room)
            if self.attempt() or self._attempt_otherwise():
                return
        raise SolveFailed(failure)

    def _widen(self, room: float) -> None:
        """Let later passes lose more of what the priorities before them got."""
        for number, (rank, whole) in enumerate(zip(self.held, self._wholes, strict=True)):
            if rank != FROZEN:
                self._limits[number] += room * whole
                self.highs.changeRowBounds(self.program.rows.size + number, -np.inf, self._limits[number])

    def _attempt_otherwise(self) -> bool:
        for settings in OTHER_WAYS:
            usual = {name: self.highs.getOptionValue(name)[1] for name in settings}
            self.highs.clearSolver()
            for name, value in settings.items():
                self.highs.setOptionValue(name, value)
            try:
                if self.attempt():
                    return True
            finally:
                for name, value in usual.items():
                    self.highs.setOptionValue(name, value)
        if self.is_whole and not self._is_fixed:
            return False
        basis = scaled_basis(self.highs)
        if basis is None:
            return False
        self.highs.clearSolver()
        self.start_from(basis)
        return self.attempt()

    def attempt(self) -> bool:
        """Solve from the present basis in the usual way; whether that gave a plan."""
        self.highs.run()
        self._is_warm = True
        return self.highs.getModelStatus() in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty)

    def plain_prices(self) -> Floats:
        """[rows] prices of the just-in-time basis: unit costs as they are while nothing is scarce. Before a solve."""
        basis = just_in_time(self.problem, self.derived, self.program)
        self.highs.setBasis(basis_from_codes(basis.columns, basis.rows))
        self.highs.setOptionValue("simplex_iteration_limit", 0)
        self.highs.run()
        prices = np.array(self.highs.getSolution().row_dual)
        self.highs.setOptionValue("simplex_iteration_limit", 2**31 - 1)
        self.highs.clearSolver()
        return prices

    def _begin_near(self) -> None:
        """Give a cold linear model a basis to start from: just in time, or CLP's optimum from there for a large one."""
        chosen, nonzeros = self.options.solver, int(self.program.matrix.nnz)
        if self._is_warm or self.program.integer.any() or (chosen != "clp" and nonzeros < NEAR_NONZEROS):
            return
        near = just_in_time(self.problem, self.derived, self.program)
        if chosen == "clp" or (chosen == "auto" and nonzeros >= clp.MIN_NONZEROS):
            answer = clp.solve_model(self.highs, near)
            if answer is not None:
                self.start_from(answer.basis)
                self._method = "dual simplex from CLP's basis"
                self._opinion = answer.objective
                return
        self.start_from(basis_from_codes(near.columns, near.rows))

    def _second_opinion(self) -> float:
        """CLP's optimum of the program as it stands after the passes, as a profit; nan when it has no answer."""
        if self._opinion is None or self._limits or self.is_whole:
            answer = clp.solve_model(self.highs)
            self._opinion = answer.objective if answer is not None else None
        return float("nan") if self._opinion is None else -self._opinion

    def _run_passes(self) -> None:
        """Lexicographic passes: keep frozen months, serve each higher priority as far as possible; hold that, go on.

        Each is held to what it reached and a little room: a hundred-millionth of what it is about, or what a solver
        takes for nothing. A release that can be kept has no room.
        """
        everything = np.ones(len(self.problem.products), dtype=bool)
        ranks = self._held_ranks(everything)
        if not len(ranks) or self._limits:
            return
        every = np.arange(self.program.columns.size, dtype=np.int32)
        for rank in ranks:
            missed, whole = self._missed(rank, everything)
            self.highs.changeColsCost(len(every), every, missed)
            self.run()
            if self.is_whole:  # what whole numbers really allow
                self._fix_integers()
            least = float(missed @ self._column_values())  # the solver's objective has the offset of all money in it
            limit = frozen_limit(least) if rank == FROZEN else least + max(PASS_ROOM * whole, LEAST_ROOM)
            self._hold(rank, missed, whole, limit)
            if self.is_whole:
                self._free_integers()
        self.highs.changeColsCost(len(every), every, self.program.cost)

    def _leave_out(self) -> None:
        """Go without priorities and whole numbers, where no way of solving copes with the size of the figures."""
        whole = np.flatnonzero(self.program.integer).astype(np.int32)
        ranks = [rank for rank in self._held_ranks(np.ones(len(self.problem.products), dtype=bool)) if rank != FROZEN]
        self.left_out = (*(["priorities"] if ranks else []), *(["whole_numbers"] if len(whole) else []))
        if not self.left_out:
            raise SolveFailed(self.highs.modelStatusToString(self.highs.getModelStatus()))
        for number, rank in enumerate(self.held):
            if rank != FROZEN:
                self._limits[number] = _NO_LIMIT
                self.highs.changeRowBounds(self.program.rows.size + number, -np.inf, _NO_LIMIT)
        if len(whole):
            self._free_integers()
            self._whole_values = None
            self.highs.changeColsIntegrality(len(whole), whole, np.full(len(whole), highspy.HighsVarType.kContinuous))
        every = np.arange(self.program.columns.size, dtype=np.int32)
        self.highs.changeColsCost(len(every), every, self.program.cost)
        self.highs.clearSolver()
        self.run()

    def _hold(self, rank: int, missed: Floats, whole: float, limit: float) -> None:
        """From here on no more of what a pass is about is missed than ``limit``."""
        used = np.flatnonzero(missed).astype(np.int32)
        self.highs.addRow(-np.inf, limit, len(used), used, missed[used])
        self.held.append(rank)
        self._limits.append(limit)
        self._wholes.append(whole)

    def _missed(self, rank: int, members: Bools) -> tuple[Floats, float]:
        """Cost vector whose value is (up to a constant) what a pass misses of some products; how much it is about."""
        if rank != FROZEN:
            return self._unserved(rank, members[self.problem.demand.product])
        points, less = self.problem.points, self.program.columns["less_than_released"]
        fixed = np.where(is_frozen(points) & members[points.product][:, None], points.make_min, 0.0)[less.members]
        cost = np.zeros(self.program.columns.size)
        cost[less.places()[fixed > 0]] = 1.0
        return cost, float(fixed.sum())

    def _unserved(self, rank: int, members: Bools) -> tuple[Floats, float]:
        """Cost vector whose value is (up to a constant) the unserved units of a priority among some classes."""
        demand, derived, columns = self.problem.demand, self.derived, self.program.columns
        chosen = (demand.priority == rank) & members
        cost = np.zeros(columns.size)
        ship, serve = columns["ship"], columns["serve"]
        cls = derived.direct_class[derived.lane_market[ship.members]]
        direct = (cls >= 0) & chosen[cls]
        cost[ship.places()[direct]] = -1.0
        lost = serve.members[chosen[serve.members] & ~demand.backorder[serve.members]]
        cost[serve.places(lost)] = -1.0
        waiting = np.flatnonzero(chosen & demand.backorder)
        cost[columns["wait"].places(waiting)] = 1.0
        cost[columns["drop"].places(waiting)] = float(self.problem.months)
        return cost, float(demand.quantity[chosen].sum())

    def _column_values(self) -> Floats:
        return np.array(self.highs.getSolution().col_value)

    def _free_integers(self) -> None:
        """Undo ``_fix_integers`` of an earlier solve."""
        self._is_fixed = False
        whole = np.flatnonzero(self.program.integer).astype(np.int32)
        kinds = np.full(len(whole), highspy.HighsVarType.kInteger)
        self.highs.changeColsIntegrality(len(whole), whole, kinds)
        lower, upper = self.program.lower[whole], self.program.upper[whole]
        self.highs.changeColsBounds(len(whole), whole, lower, upper)
        for switch in self._switches():
            self.set_row_upper(switch.row.ravel(), np.zeros(switch.row.size))

    def _fix_integers(self) -> None:
        """Hold whole numbers and solve the rest as a linear program: prices exist only there."""
        self._is_fixed = True
        program = self.program
        whole = np.flatnonzero(program.integer).astype(np.int32)
        found = self._column_values()
        decided = np.rint(found)
        for switch in self._switches():  # less of a set-up than counts may hide a unit
            is_used = (found[switch.amount] > LEAST_ROOM) & (switch.least[:, None] == 0)
            decided[switch.column] = np.maximum(decided[switch.column], is_used)
        values = self._whole_values = decided[whole]
        self.highs.changeColsIntegrality(len(whole), whole, np.full(len(whole), highspy.HighsVarType.kContinuous))
        self.highs.changeColsBounds(len(whole), whole, values, values)
        for switch in self._switches():  # what is on has its own limits, and their prices
            self.set_row_upper(switch.row.ravel(), np.where(decided[switch.column] > 0.5, np.inf, 0.0).ravel())
        self.run()

    def _switches(self) -> list[_Switch]:
        """Set-ups and orders, where they are whole."""
        if not self.options.set_ups:
            return []
        columns, rows, problem = self.program.columns, self.program.rows, self.problem
        months = slice(self.options.integer_months or problem.months)
        found = []
        for name, switch, amount, least in (
            ("Setup-upper", "set_up", "make", problem.points.min_lot),
            ("Order-upper", "order", "buy", problem.material.min_order),
        ):
            members = columns[switch].members
            row, amounts = rows[name].places()[:, months], columns[amount].places(members)[:, months]
            found.append(_Switch(row, columns[switch].places()[:, months], amounts, least[members]))
        return found

    def _break_ties(self) -> Floats:
        """Among all optimal plans take the one that serves earliest and makes latest, then by canonical weights.

        Columns and rows with a price stay where they are (that is the optimal face); on it a second objective
        is minimised and the first one's costs and bounds are put back.
        """
        program, solution = self.program, self.highs.getSolution()
        values, reduced = np.array(solution.col_value), np.array(solution.col_dual)
        activity, duals = np.array(solution.row_value), np.array(solution.row_dual)
        tolerance = DUAL_TOLERANCE * max(1.0, float(np.abs(program.cost).max(initial=0.0)) ** 0.5)
        held = np.flatnonzero(np.abs(reduced) > tolerance).astype(np.int32)
        rows = np.flatnonzero(np.abs(duals) > tolerance).astype(np.int32)
        basis = self.highs.getBasis()
        self.highs.changeColsBounds(len(held), held, values[held], values[held])
        self.highs.changeRowsBounds(len(rows), rows, activity[rows], activity[rows])
        every = np.arange(program.columns.size, dtype=np.int32)
        self.highs.changeColsCost(len(every), every, _tie_weights(program))
        self.run()
        best, self._record = self._column_values(), self.highs.getBasis()
        self.highs.changeColsCost(len(every), every, program.cost)
        lower, upper = self.column_bounds()
        self.highs.changeColsBounds(len(held), held, lower[held], upper[held])
        own = rows[rows < program.rows.size]
        self.highs.changeRowsBounds(len(own), own, program.row_lower[own], program.row_upper[own])
        for row, limit in enumerate(self._limits, program.rows.size):
            self.highs.changeRowBounds(row, -np.inf, limit)
        self.highs.setBasis(basis)
        return best

    @property
    def dearest(self) -> float:
        """The dearest unit of the program: solvers tell plans apart to a millionth of a unit at best."""
        return float(np.abs(self.program.cost).max(initial=0.0))

    def _solver_info(self, seconds: float, objective: float, check: float) -> SolverInfo:
        info = self.highs.getInfo()
        return SolverInfo(
            name="HiGHS",
            version=self.highs.version(),
            method="branch and bound" if self.is_whole else self._method,
            seed=self.options.seed,
            build_seconds=self.build_seconds,
            solve_seconds=seconds,
            rows=self.program.rows.size,
            columns=self.program.columns.size,
            nonzeros=int(self.program.matrix.nnz),
            iterations=int(info.simplex_iteration_count),
            check_name="" if np.isnan(check) else "CLP",
            check_objective=check,
            left_out=self.left_out,
            check_gap=abs(objective - check) / max(1.0, abs(objective), self.dearest),
        )


def _tie_weights(program: LinearProgram) -> Floats:
    """[columns] serve early, then make, move and buy late; the fraction tells columns apart."""
    golden = 0.6180339887498949
    weights = np.asarray((np.arange(program.columns.size) * golden) % 1.0 * 1e-2, dtype=np.float64)
    months = program.columns.months
    lateness = np.arange(months, 0, -1) / months
    for name, weight in {"ship": -100.0, "make": 1.0, "outsource": 1.0, "transfer": 1.0, "buy": 1.0}.items():
        family = program.columns[name]
        weights[family.span] += weight * np.tile(lateness, len(family))
    return weights
