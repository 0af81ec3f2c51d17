"""Models and bases as MPS text, for a solver that is another program.

Columns are called c0, c1 …, rows r0, r1 … in the order of the model. Whole arrays become text at once: HiGHS' own
writer takes five times as long, which for large models was a fifth of the whole solution. Numbers are written so that
they read back as the same bits. Format: IBM, Mathematical Programming System, as read by COIN-OR's CoinMpsIO.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.balancing.contracts import Bools, Floats, Ints
from engine.balancing.crash import BASIC, UPPER, Basis

_OUT_OF_REACH = 1e18  # finite for every solver; MPS would take a row without limits for an objective
_AT_LOWER, _AT_UPPER, _BASIC_AT_LOWER, _BASIC_AT_UPPER = range(4)  # the column, or the row it is exchanged with
_MARKS = {b"LL": _AT_LOWER, b"UL": _AT_UPPER, b"XL": _BASIC_AT_LOWER, b"XU": _BASIC_AT_UPPER}
_LOWER, _BASIC, _UPPER, _ZERO = (
    highspy.HighsBasisStatus.kLower,
    highspy.HighsBasisStatus.kBasic,
    highspy.HighsBasisStatus.kUpper,
    highspy.HighsBasisStatus.kZero,
)

Texts = NDArray[np.object_]


def write_model(path: Path, highs: highspy.Highs) -> None:
    """The linear program in ``highs``, to be minimised; whole numbers are written as real ones."""
    model = highs.getLp()
    columns, rows = _names("c", model.num_col_), _names("r", model.num_row_)
    lower, upper = np.array(model.row_lower_), np.array(model.row_upper_)
    upper[np.isinf(lower) & np.isinf(upper)] = _OUT_OF_REACH
    is_equal, is_open = lower == upper, np.isinf(upper)
    kind = np.where(is_equal, " E", np.where(is_open, " G", " L")).astype(object)
    right, ranged = np.where(is_open, lower, upper), ~is_equal & ~is_open & np.isfinite(lower)
    given = right != 0
    sections = [
        "NAME model FREE\nROWS\n N obj\n",
        _lines(kind, rows),
        "COLUMNS\n",
        _entries(model, columns, rows),
        f"RHS\n rhs obj {-model.offset_!r}\n",
        _lines(_same(" rhs", given), rows[given], _numbers(right[given])),
        "RANGES\n",
        _lines(_same(" rng", ranged), rows[ranged], _numbers((upper - lower)[ranged])),
        "BOUNDS\n",
        _bounds(columns, np.array(model.col_lower_), np.array(model.col_upper_)),
        "ENDATA\n",
    ]
    path.write_text("".join(sections))


def _entries(model: Any, columns: Texts, rows: Texts) -> str:
    """Column by column: its cost, if it has one or nothing else, and its coefficients."""
    stored = model.a_matrix_
    by_column = stored.format_ == highspy.MatrixFormat.kColwise
    kind = sparse.csc_array if by_column else sparse.csr_array
    values = (np.array(stored.value_), np.array(stored.index_), np.array(stored.start_))
    matrix = sparse.csc_array(kind(values, shape=(model.num_row_, model.num_col_)))
    cost, counts = np.array(model.col_cost_), np.diff(matrix.indptr)
    priced = np.flatnonzero((cost != 0) | (counts == 0))
    column = np.concatenate([priced, np.repeat(np.arange(model.num_col_), counts)])
    row = np.concatenate([np.full(len(priced), model.num_row_), matrix.indices])
    value = np.concatenate([cost[priced], matrix.data])
    order = np.argsort(column, kind="stable")
    named = np.append(rows, " obj")
    return _lines(columns[column[order]], named[row[order]], _numbers(value[order]))


def _bounds(columns: Texts, lower: Floats, upper: Floats) -> str:
    """What differs from the usual 0 ≤ column."""
    fixed, free = lower == upper, np.isinf(lower) & np.isinf(upper)
    other = ~fixed & ~free
    below = other & np.isinf(lower)
    above = other & np.isfinite(lower) & (lower != 0)
    closed = other & np.isfinite(upper)
    return "".join(
        [
            _lines(_same(" FX bnd", fixed), columns[fixed], _numbers(lower[fixed])),
            _lines(_same(" FR bnd", free), columns[free]),
            _lines(_same(" MI bnd", below), columns[below]),
            _lines(_same(" LO bnd", above), columns[above], _numbers(lower[above])),
            _lines(_same(" UP bnd", closed), columns[closed], _numbers(upper[closed])),
        ]
    )


def write_basis(path: Path, basis: Basis) -> None:
    """Every basic column with a row that is not, and what rests at its upper bound."""
    columns, rows = np.flatnonzero(basis.columns == BASIC), np.flatnonzero(basis.rows != BASIC)
    column_names, row_names = _names("c", len(basis.columns)), _names("r", len(basis.rows))
    marks = np.where(basis.rows[rows] == UPPER, " XU", " XL").astype(object)
    upper = basis.columns == UPPER
    pairs = _lines(marks, column_names[columns], row_names[rows])
    path.write_text(f"NAME start\n{pairs}{_lines(_same(' UL', upper), column_names[upper])}ENDATA\n")


def read_basis(path: Path, highs: highspy.Highs) -> Any:
    """A basis file of the model in ``highs`` → HiGHS."""
    model = highs.getLp()
    columns = _resting(np.array(model.col_lower_), np.array(model.col_upper_))
    rows = np.full(model.num_row_, _BASIC, dtype=object)
    marks, column, row = _read_marks(path.read_bytes())
    columns[column] = _BASIC
    columns[column[marks == _AT_UPPER]] = _UPPER
    rows[row[marks == _BASIC_AT_LOWER]] = _LOWER
    rows[row[marks == _BASIC_AT_UPPER]] = _UPPER
    basis = highspy.HighsBasis()
    basis.col_status, basis.row_status = columns.tolist(), rows.tolist()
    basis.valid = True
    return basis


def _read_marks(text: bytes) -> tuple[Ints, Ints, Ints]:
    """Mark, column and row of every line; CLP adds the value, and a dummy for a row where there is none."""
    body = text[text.index(b"\n") + 1 : text.rindex(b"ENDATA")].replace(b"_dummy_", b"r0")
    for mark, code in _MARKS.items():
        body = body.replace(mark, str(code).encode())
    fields = np.array(body.translate(None, b"cr").split(), dtype=np.float64).reshape(-1, 4)
    marks, columns, rows = fields[fields[:, 0] != _AT_LOWER, :3].astype(np.int64).T
    return marks, columns, rows


def _resting(lower: Floats, upper: Floats) -> Texts:
    """Where a column rests that the file does not name: at its lower bound, else the upper, else zero."""
    status = np.full(len(lower), _LOWER, dtype=object)
    status[np.isinf(lower)] = _UPPER
    status[np.isinf(lower) & np.isinf(upper)] = _ZERO
    return status


def _names(prefix: str, count: int) -> Texts:
    return np.array([f" {prefix}{number}" for number in range(count)], dtype=object)


def _numbers(values: Floats) -> Texts:
    """The shortest text that reads back as the same number; equal numbers are written once."""
    different, places = np.unique(values, return_inverse=True)
    return np.array([f" {value!r}" for value in different.tolist()], dtype=object)[places]


def _same(text: str, chosen: Bools) -> Texts:
    return np.full(int(chosen.sum()), text, dtype=object)


def _lines(*fields: Texts) -> str:
    """One line of each place of the fields."""
    parts = np.empty((len(fields[0]), len(fields) + 1), dtype=object)
    for number, field in enumerate(fields):
        parts[:, number] = field
    parts[:, -1] = "\n"
    return "".join(parts.ravel().tolist())
