"""HiGHS with a program in it, and its bases as bytes and codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import highspy

from engine.balancing.contracts import Ints, SolveOptions
from engine.balancing.crash import BASIC, LOWER, UPPER
from engine.balancing.program import LinearProgram


@dataclass(frozen=True)
class WarmStart:
    """Where a plan of record stands: its basis (one byte a column and row) and what its passes held."""

    columns: bytes
    rows: bytes
    limits: tuple[float, ...]  # of the rows the passes by priority added


def load_program(program: LinearProgram, options: SolveOptions) -> highspy.Highs:
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
        # Devex: the weights of steepest edges take a second to begin with from a warm basis of 100,000 rows.
        "simplex_dual_edge_weight_strategy": 1,
        "random_seed": options.seed,
        "mip_rel_gap": options.mip_gap,
        "mip_abs_gap": options.mip_gap,
        "mip_feasibility_tolerance": 1e-7,
    }
    for name, value in settings.items():
        highs.setOptionValue(name, value)
    highs.passModel(model)
    return highs


def basis_from_codes(columns: Ints, rows: Ints) -> Any:
    """Codes of ``crash`` → a basis of HiGHS."""
    status = highspy.HighsBasisStatus
    codes = {LOWER: status.kLower, BASIC: status.kBasic, UPPER: status.kUpper}
    basis = highspy.HighsBasis()
    basis.col_status = [codes[code] for code in columns.tolist()]
    basis.row_status = [codes[code] for code in rows.tolist()]
    basis.valid = True
    return basis


def basis_from_bytes(start: WarmStart) -> Any:
    """One byte a status → a basis of HiGHS."""
    statuses = {int(status): status for status in highspy.HighsBasisStatus.__members__.values()}
    basis = highspy.HighsBasis()
    basis.col_status = [statuses[code] for code in start.columns]
    basis.row_status = [statuses[code] for code in start.rows]
    basis.valid = True
    return basis
