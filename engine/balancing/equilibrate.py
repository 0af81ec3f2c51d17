"""A basis from a copy of a model in which figures of very different size are brought near each other.

Rows and columns are scaled by powers of two until their largest and smallest coefficients lie evenly around one, then
all quantities and all prices by one factor each. A basis says which rows and columns are tight, whatever their units:
the solver goes on from it in the company's own figures.
"""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np
from scipy import sparse

from engine.balancing.contracts import Floats, Ints

_ROUNDS = 6
_USUAL = 1e4  # size of the largest quantity and price after scaling


def scaled_basis(highs: highspy.Highs) -> Any | None:
    """The optimal basis of a linear model, found in a scaled copy; None where that gave none either."""
    model = highs.getLp()
    matrix = _matrix(model)
    column_of = np.repeat(np.arange(matrix.shape[1]), np.diff(matrix.indptr))
    rows, columns = _scales(matrix, column_of)
    lower, upper = np.array(model.col_lower_) / columns, np.array(model.col_upper_) / columns
    row_lower, row_upper = np.array(model.row_lower_) * rows, np.array(model.row_upper_) * rows
    cost = np.array(model.col_cost_) * columns
    size = _down(np.concatenate([lower, upper, row_lower, row_upper]))
    price = _down(cost)
    model.col_cost_ = cost * price
    model.col_lower_, model.col_upper_ = lower * size, upper * size
    model.row_lower_, model.row_upper_ = row_lower * size, row_upper * size
    model.offset_ = 0.0
    form = model.a_matrix_
    form.format_ = highspy.MatrixFormat.kColwise
    form.start_, form.index_ = matrix.indptr, matrix.indices
    form.value_ = matrix.data * rows[matrix.indices] * columns[column_of]
    model.a_matrix_ = form
    model.integrality_ = []
    copy = highspy.Highs()
    copy.setOptionValue("output_flag", False)
    copy.setOptionValue("threads", 1)
    copy.passModel(model)
    copy.run()
    return copy.getBasis() if copy.getModelStatus() == highspy.HighsModelStatus.kOptimal else None


def _matrix(model: Any) -> sparse.csc_array:
    """A model's coefficients; HiGHS keeps them by column once it has solved."""
    form, shape = model.a_matrix_, (model.num_row_, model.num_col_)
    parts = np.array(form.value_), np.array(form.index_), np.array(form.start_)
    if form.format_ == highspy.MatrixFormat.kColwise:
        return sparse.csc_array(parts, shape=shape)
    return sparse.csc_array(sparse.csr_array(parts, shape=shape))


def _scales(matrix: sparse.csc_array, column_of: Ints) -> tuple[Floats, Floats]:
    """Powers of two for rows and columns: the geometric mean of the largest and smallest coefficient becomes one."""
    logs, row_of = np.log2(np.abs(matrix.data)), matrix.indices
    rows, columns = np.zeros(matrix.shape[0]), np.zeros(matrix.shape[1])
    for _round in range(_ROUNDS):
        rows -= _middle(logs + rows[row_of] + columns[column_of], row_of, len(rows))
        columns -= _middle(logs + rows[row_of] + columns[column_of], column_of, len(columns))
    return np.exp2(np.rint(rows)), np.exp2(np.rint(columns))


def _middle(logs: Floats, owner: Ints, count: int) -> Floats:
    most, least = np.full(count, -np.inf), np.full(count, np.inf)
    np.maximum.at(most, owner, logs)
    np.minimum.at(least, owner, logs)
    used = np.isfinite(most)
    most[~used] = least[~used] = 0.0
    return (most + least) / 2


def _down(values: Floats) -> float:
    """A power of two that brings the largest finite value to the usual size; nothing is made larger."""
    most = float(np.abs(values[np.isfinite(values) & (np.abs(values) < 1e20)]).max(initial=0.0))
    return float(np.exp2(np.floor(np.log2(_USUAL / most)))) if most > _USUAL else 1.0
