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
from engine.balancing.crash import BASIC, LOWER, UPPER, just_in_time
from engine.balancing.derived import derive
from engine.balancing.extract import extract_plan
from engine.balancing.matrix import build_program
from engine.balancing.program import LinearProgram

PASS_ROOM = 1e-8  # share of a priority's demand a later pass may lose again: less than whole units notice
NEAR_NONZEROS = 5_000  # below it any start is as quick
LARGE_NONZEROS = 150_000  # from here on a re-solve takes seconds
# What is tried, one after the other, when the dual simplex gives no answer. The model is elastic, so it always has one.
OTHER_WAYS: tuple[dict[str, Any], ...] = (
    {"presolve": "on", "simplex_scale_strategy": 4},
    {"presolve": "off", "simplex_scale_strategy": 0, "simplex_strategy": 4},
    {"presolve": "on", "solver": "ipm"},
    {"presolve": "off", "user_bound_scale": -10},
)
DUAL_TOLERANCE = 1e-6  # a reduced cost above this (relative to the largest price) means "at its bound"


class SolveFailed(RuntimeError):
    """The solver returned no plan; with elastic rows this means unsound numbers, not an infeasible plan."""


def solve(problem: BalanceProblem, options: SolveOptions | None = None) -> BalancePlan:
    """The best plan of a problem."""
    return Session(problem, options).solve()


@dataclass(frozen=True)
class WarmStart:
    """Where a plan of record stands: its basis (one byte a column and row) and what its passes held."""

    columns: bytes
    rows: bytes
    limits: tuple[float, ...]  # of the rows the passes by priority added


class Session:
    """A built model in HiGHS. ``solve`` first, then change bounds and ``solve`` again (warm)."""

    def __init__(self, problem: BalanceProblem, options: SolveOptions | None = None) -> None:
        started = time.perf_counter()
        self.problem = problem
        self.options = options or SolveOptions()
        self.derived = derive(problem, self.options.elastic_price)
        self.program: LinearProgram = build_program(problem, self.options)
        self.build_seconds = time.perf_counter() - started
        self.highs: Any = _load(self.program, self.options)
        self.values: Floats = np.zeros(0)
        self._limits: list[float] = []  # of the rows added by the passes
        self._record: Any = None  # basis of the plan of record, after the last phase
        self._is_warm = False
        self._method = "dual simplex"
        self._whole_values: Floats | None = None  # of the integer columns, once they were found
        self._opinion: float | None = None  # CLP's objective of the program, where it was asked

    def solve(self) -> BalancePlan:
        """Solve from the present basis (cold the first time) and name the result."""
        started = time.perf_counter()
        if self.program.integer.any():
            self._free_integers()
        self._begin_near()
        self._serve_by_priority()
        self.run()
        if self.program.integer.any():
            self._fix_integers()
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
        self._record = _from_bytes(start)

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
            self._hold(self._unserved(rank, members)[0], limit)
        self._record = _from_bytes(start)
        self.start_from(self._record)
        # Perturbed costs would end at another of the equally good plans.
        self.highs.setOptionValue("dual_simplex_cost_perturbation_multiplier", 0.0)
        self.run()
        self.values = self._column_values()
        return self._name(time.perf_counter() - started)

    def _passes(self) -> list[tuple[int, Bools]]:
        """The passes by priority, each with its classes: of the whole, or of every part that is solved on its own."""
        demand = self.problem.demand
        is_divided = self.is_large and not self.program.integer.any()
        groups = independent_parts(self.problem, int(self.program.matrix.nnz)) if is_divided else None
        part = np.zeros(len(demand), dtype=np.int64) if groups is None else groups[demand.product]
        members = [part == number for number in np.unique(part)]
        return [(rank, chosen) for chosen in members for rank in self._held_ranks(chosen)]

    def _held_ranks(self, members: Bools) -> list[int]:
        """The priorities of some classes that are served before it is asked what pays: all but the company's last."""
        every, last = self.problem.demand.priority, self.options.last_priority
        lowest = int(every.max(initial=0)) if last is None else last
        return [int(rank) for rank in np.unique(every[members]) if rank < lowest]

    def start_from(self, basis: Any) -> None:
        """Begin the next solve from a basis."""
        self.highs.setBasis(basis)
        self._is_warm = True

    def run(self) -> None:
        """Solve from the present basis; where numbers of very different size defeat that, afresh in other ways."""
        if self._attempt():
            return
        failure = self.highs.modelStatusToString(self.highs.getModelStatus())
        for settings in OTHER_WAYS:
            usual = {name: self.highs.getOptionValue(name)[1] for name in settings}
            self.highs.clearSolver()
            for name, value in settings.items():
                self.highs.setOptionValue(name, value)
            try:
                if self._attempt():
                    return
            finally:
                for name, value in usual.items():
                    self.highs.setOptionValue(name, value)
        raise SolveFailed(failure)

    def _attempt(self) -> bool:
        self.highs.run()
        self._is_warm = True
        return self.highs.getModelStatus() in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty)

    def plain_prices(self) -> Floats:
        """[rows] prices of the just-in-time basis: unit costs as they are while nothing is scarce. Before a solve."""
        basis = just_in_time(self.problem, self.derived, self.program)
        self.highs.setBasis(_to_highs(basis.columns, basis.rows))
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
        self.start_from(_to_highs(near.columns, near.rows))

    def _second_opinion(self) -> float:
        """CLP's optimum of the program as it stands after the passes, as a profit; nan when it has no answer."""
        if self._opinion is None or self._limits or self.program.integer.any():
            answer = clp.solve_model(self.highs)
            self._opinion = answer.objective if answer is not None else None
        return float("nan") if self._opinion is None else -self._opinion

    def _serve_by_priority(self) -> None:
        """Lexicographic passes: serve each higher priority as far as possible and hold that, go on warm."""
        everybody = np.ones(len(self.problem.demand), dtype=bool)
        ranks = self._held_ranks(everybody)
        if not len(ranks) or self._limits:
            return
        every = np.arange(self.program.columns.size, dtype=np.int32)
        for rank in ranks:
            unserved, constant = self._unserved(rank, everybody)
            self.highs.changeColsCost(len(every), every, unserved)
            self.run()
            least = self.highs.getInfo().objective_function_value - self.program.offset
            self._hold(unserved, least + PASS_ROOM * max(1.0, constant))
        self.highs.changeColsCost(len(every), every, self.program.cost)

    def _hold(self, unserved: Floats, limit: float) -> None:
        """From here on no more of a priority stays unserved than ``limit``."""
        used = np.flatnonzero(unserved).astype(np.int32)
        self.highs.addRow(-np.inf, limit, len(used), used, unserved[used])
        self._limits.append(limit)

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
        whole = np.flatnonzero(self.program.integer).astype(np.int32)
        kinds = np.full(len(whole), highspy.HighsVarType.kInteger)
        self.highs.changeColsIntegrality(len(whole), whole, kinds)
        lower, upper = self.program.lower[whole], self.program.upper[whole]
        self.highs.changeColsBounds(len(whole), whole, lower, upper)

    def _fix_integers(self) -> None:
        """Hold whole numbers and solve the rest as a linear program: prices exist only there."""
        program = self.program
        whole = np.flatnonzero(program.integer).astype(np.int32)
        values = self._whole_values = np.rint(self._column_values()[whole])
        self.highs.changeColsIntegrality(len(whole), whole, np.full(len(whole), highspy.HighsVarType.kContinuous))
        self.highs.changeColsBounds(len(whole), whole, values, values)
        self.run()

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
        lower, upper = program.lower.copy(), program.upper.copy()
        if self._whole_values is not None:  # whole numbers stay as they were found
            lower[program.integer] = upper[program.integer] = self._whole_values
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
            method="branch and bound" if self.program.integer.any() else self._method,
            seed=self.options.seed,
            build_seconds=self.build_seconds,
            solve_seconds=seconds,
            rows=self.program.rows.size,
            columns=self.program.columns.size,
            nonzeros=int(self.program.matrix.nnz),
            iterations=int(info.simplex_iteration_count),
            check_name="" if np.isnan(check) else "CLP",
            check_objective=check,
            check_gap=abs(objective - check) / max(1.0, abs(objective), self.dearest),
        )


def _from_bytes(start: WarmStart) -> Any:
    """One byte a status → a basis of HiGHS."""
    statuses = {int(status): status for status in highspy.HighsBasisStatus.__members__.values()}
    basis = highspy.HighsBasis()
    basis.col_status = [statuses[code] for code in start.columns]
    basis.row_status = [statuses[code] for code in start.rows]
    basis.valid = True
    return basis


def _to_highs(columns: Ints, rows: Ints) -> Any:
    """Codes of ``crash`` → a basis of HiGHS."""
    status = highspy.HighsBasisStatus
    codes = {LOWER: status.kLower, BASIC: status.kBasic, UPPER: status.kUpper}
    basis = highspy.HighsBasis()
    basis.col_status = [codes[code] for code in columns.tolist()]
    basis.row_status = [codes[code] for code in rows.tolist()]
    basis.valid = True
    return basis


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


def _load(program: LinearProgram, options: SolveOptions) -> highspy.Highs:
    """A silent, single-threaded HiGHS with the program in it."""
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = program.columns.size, program.rows.size
    model.col_cost_, model.col_lower_, model.col_upper_ = program.cost, program.lower, program.upper
    model.row_lower_, model.row_upper_ = program.row_lower, program.row_upper
    model.offset_ = program.offset
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.num_col_, model.a_matrix_.num_row_ = program.columns.size, program.rows.size
    model.a_matrix_.start_ = program.matrix.indptr
    model.a_matrix_.index_ = program.matrix.indices
    model.a_matrix_.value_ = program.matrix.data
    if program.integer.any():
        whole, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
        model.integrality_ = [whole if is_whole else real for is_whole in program.integer]
    highs = highspy.Highs()
    settings: dict[str, Any] = {
        "output_flag": False,
        "threads": 1,
        "parallel": "off",
        "solver": "simplex",
        "simplex_strategy": 1,
        "random_seed": options.seed,
        "mip_rel_gap": options.mip_gap,
        "mip_abs_gap": options.mip_gap,
    }
    for name, value in settings.items():
        highs.setOptionValue(name, value)
    highs.passModel(model)
    return highs
