"""A first basis from CLP for large models, through the CBC program that comes with PuLP.

CLP's dual simplex solves a cold model of a thousand products several times faster than HiGHS' does; up to about a
hundred products HiGHS is the quicker one from the same start. CLP gets the model as an MPS file and gives back its
basis only; HiGHS then proves the optimum (without an iteration, or a few), so values, prices and the plan of record
always come from one solver. It is also the second opinion on a plan of record.
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

from engine.balancing.crash import Basis
from engine.balancing.mps import read_basis, write_basis, write_model

MIN_NONZEROS = 100_000  # below it HiGHS alone is as quick from a basis near the optimum
_TIMEOUT_SECONDS = 900
_OBJECTIVES = (  # ten digits, or eight where presolve alone solved it
    re.compile(r"^Optimal objective (\S+)", re.M),
    re.compile(r"^Optimal - objective value (\S+)", re.M),
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
        write_model(folder / "model.mps", highs)
        orders = ["model.mps", "-dualsimplex", "-basisOut", "basis.bas", "-quit"]
        if start is not None:
            write_basis(folder / "start.bas", start)
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
        return Answer(float(found[1]), read_basis(written, highs))
