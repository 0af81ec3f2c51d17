"""A first basis from CLP for large models, through the CBC program that comes with PuLP.

CLP's dual simplex solves a cold model of a thousand products several times faster than HiGHS' does. It gets the
model as an MPS file and gives back its basis only; HiGHS then proves the optimum (without an iteration, or a
few), so values, prices and the plan of record always come from one solver. It is also the second opinion on a plan
of record.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import highspy
import numpy as np

from engine.balancing.crash import BASIC, UPPER, Basis

MIN_NONZEROS = 20_000  # below it HiGHS alone is as quick
_TIMEOUT_SECONDS = 900
_OUT_OF_REACH = 1e18  # finite for both solvers
_OBJECTIVES = (  # ten digits, or eight where presolve alone solved it
    re.compile(r"^Optimal objective (\S+)", re.M),
    re.compile(r"^Optimal - objective value (\S+)", re.M),
)
_LOWER, _BASIC, _UPPER, _ZERO = (
    highspy.HighsBasisStatus.kLower,
    highspy.HighsBasisStatus.kBasic,
    highspy.HighsBasisStatus.kUpper,
    highspy.HighsBasisStatus.kZero,
)


def find_program() -> Path | None:
    """The CBC program inside PuLP, or None where there is none for this machine."""
    import pulp

    path = Path(pulp.PULP_CBC_CMD(msg=False).path)
    return path if os.access(path, os.X_OK) else None


@dataclass(frozen=True)
class Answer:
    """What CLP found: the objective as its log gives it (ten digits) and the basis, for HiGHS."""

    objective: float
    basis: Any


def solve_model(highs: highspy.Highs, start: Basis | None = None) -> Answer | None:
    """The optimum of the model in ``highs``; None when CLP cannot be run or does not finish."""
    program = find_program()
    if program is None:
        return None
    with tempfile.TemporaryDirectory(prefix="balance-") as name:
        folder = Path(name)
        _write_model(highs, folder / "model.mps")
        orders = ["model.mps", "-dualsimplex", "-basisOut", "basis.bas", "-quit"]
        if start is not None:
            _write_basis(folder / "start.bas", start)
            orders[1:1] = ["-basisIn", "start.bas"]
        try:
            done = subprocess.run(
                [program, *orders], cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return None
        found = next(filter(None, (pattern.search(done.stdout) for pattern in _OBJECTIVES)), None)
        written = folder / "basis.bas"
        if found is None or not written.exists():
            return None
        return Answer(float(found[1]), _read_basis(written, highs))


def _write_model(highs: Any, path: Path) -> None:
    """MPS takes a row without limits for an objective, so such rows are written with a limit nothing reaches."""
    model = highs.getLp()
    rows: Any = highs  # highspy's stubs lack changeRowsBounds
    lower, upper = np.array(model.row_lower_), np.array(model.row_upper_)
    free = np.flatnonzero(np.isinf(lower) & np.isinf(upper)).astype(np.int32)
    if len(free):
        rows.changeRowsBounds(len(free), free, lower[free], np.full(len(free), _OUT_OF_REACH))
    for row in range(model.num_row_):  # those added later have no name of their own, and MPS needs one
        highs.passRowName(row, f"r{row}")
    highs.writeModel(str(path))
    if len(free):
        rows.changeRowsBounds(len(free), free, lower[free], upper[free])


def _write_basis(path: Path, basis: Basis) -> None:
    """An MPS basis file: every basic column with a row that is not, and what rests at its upper bound."""
    columns, rows = np.flatnonzero(basis.columns == BASIC), np.flatnonzero(basis.rows != BASIC)
    marks = np.where(basis.rows[rows] == UPPER, "XU", "XL")
    pairs = [f" {mark} c{c} r{r}" for mark, c, r in zip(marks, columns.tolist(), rows.tolist(), strict=True)]
    upper = [f" UL c{c}" for c in np.flatnonzero(basis.columns == UPPER).tolist()]
    path.write_text("\n".join(["NAME start", *pairs, *upper, "ENDATA", ""]))


def _read_basis(path: Path, highs: highspy.Highs) -> Any:
    """An MPS basis file → HiGHS. Columns are called c0, c1 …, rows r0, r1 … there."""
    model = highs.getLp()
    columns = _resting(np.array(model.col_lower_), np.array(model.col_upper_))
    rows = np.full(model.num_row_, _BASIC, dtype=object)
    for line in path.read_text().splitlines()[1:-1]:
        mark, *names = line.split()
        column = int(names[0][1:])
        if mark in ("XU", "XL"):
            columns[column] = _BASIC
            rows[int(names[1][1:])] = _UPPER if mark == "XU" else _LOWER
        elif mark == "UL":
            columns[column] = _UPPER
    basis = highspy.HighsBasis()
    basis.col_status, basis.row_status = columns.tolist(), rows.tolist()
    basis.valid = True
    return basis


def _resting(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Where a column rests that the file does not name: at its lower bound, else the upper, else zero."""
    status = np.full(len(lower), _LOWER, dtype=object)
    status[np.isinf(lower)] = _UPPER
    status[np.isinf(lower) & np.isinf(upper)] = _ZERO
    return status
