"""A first basis from CLP for large models, through the CBC program that comes with PuLP.

CLP's dual simplex solves a cold model of a thousand products several times faster than HiGHS' does. It gets the
model as an MPS file and gives back its basis only; HiGHS then proves the optimum (without an iteration, or a
few), so values, prices and the plan of record always come from one solver.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import highspy
import numpy as np

MIN_NONZEROS = 150_000  # below it HiGHS alone is as quick; measured in bench/balancing.py
_TIMEOUT_SECONDS = 900
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


def find_basis(highs: highspy.Highs) -> Any | None:
    """An optimal basis of the model in ``highs``; None when CLP cannot be run or does not finish."""
    program = find_program()
    if program is None:
        return None
    with tempfile.TemporaryDirectory(prefix="balance-") as name:
        folder = Path(name)
        highs.writeModel(str(folder / "model.mps"))
        orders = ["model.mps", "-dualsimplex", "-basisOut", "basis.bas", "-quit"]
        try:
            done = subprocess.run(
                [program, *orders], cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return None
        written = folder / "basis.bas"
        if "Optimal" not in done.stdout or not written.exists():
            return None
        return _read_basis(written, highs)


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
