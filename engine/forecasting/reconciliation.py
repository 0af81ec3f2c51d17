"""Make forecasts of a hierarchy add up, and make them whole units.

Base forecasts of leaves b̂ and of aggregates û disagree. Weighted least squares with back-test variances W moves both
as little as their uncertainty allows. In its dual form only the aggregates' system is solved:

    b = b̂ + W_b Cᵀ (W_u + C W_b Cᵀ)⁻¹ (û − C b̂),        u = C b

Source: Wickramasuriya, Athanasopoulos & Hyndman, *JASA* 114 (2019) 804–819 (MinT, variance scaling).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

FloatArray = NDArray[np.float64]

SMALLEST_VARIANCE_SHARE = 1e-6  # of the mean variance: a leaf that never errs may still give a little


def error_variance(origin_errors: FloatArray) -> FloatArray:
    """Mean squared back-test error of each series from errors [n, O, h]; the mean of the others where unmeasured."""
    measured = ~np.isnan(origin_errors)
    count = measured.sum(axis=(1, 2))
    total = np.where(measured, origin_errors, 0.0) ** 2
    variance = total.sum(axis=(1, 2)) / np.maximum(count, 1)
    typical = variance[count > 0].mean() if (count > 0).any() else 1.0
    return np.where(count > 0, variance, typical)


def reconcile(
    leaves: FloatArray,
    aggregates: FloatArray,
    sums: sparse.spmatrix,
    leaf_variance: FloatArray,
    aggregate_variance: FloatArray,
    nonnegative: bool = True,
) -> tuple[FloatArray, FloatArray]:
    """Coherent (leaves [b, h], aggregates [u, h]).

    Parameters
    ----------
    leaves, aggregates : [b, h], [u, h] base forecasts.
    sums : sparse [u, b]; row j adds the leaves of aggregate j. An aggregate that is a leaf must be left out.
    leaf_variance, aggregate_variance : [b], [u] back-test variances, e.g. of :func:`error_variance`.
    nonnegative : clip leaves at zero and add up again.

    Examples
    --------
    Leaves 10 and 20, total 36, all variances 1: the gap of 6 is shared by three, each moves by 2.

    >>> leaves, total = reconcile(np.array([[10.0], [20.0]]), np.array([[36.0]]),
    ...                           sparse.csr_matrix([[1.0, 1.0]]), np.ones(2), np.ones(1))
    >>> leaves.ravel().tolist(), total.ravel().tolist()
    ([12.0, 22.0], [34.0])
    """
    sums = sparse.csr_matrix(sums)
    if sums.shape != (len(aggregates), len(leaves)):
        raise ValueError(f"sums has shape {sums.shape}; expected {(len(aggregates), len(leaves))}")
    if not len(aggregates):
        return leaves.copy(), aggregates.copy()
    floor = SMALLEST_VARIANCE_SHARE * max(float(leaf_variance.mean()), 1e-300)
    weighted = sums @ sparse.diags(np.maximum(leaf_variance, floor))
    system = sparse.csc_matrix(weighted @ sums.T + sparse.diags(np.maximum(aggregate_variance, floor)))
    gap = aggregates - sums @ leaves
    moved = leaves + weighted.T @ splu(system).solve(np.ascontiguousarray(gap))
    if nonnegative:
        moved = np.maximum(moved, 0.0)
    return moved, sums @ moved


def whole_units(values: FloatArray, groups: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Round [n, h] so that the sum of each group and month is the rounded sum (largest remainder, ties by row).

    >>> whole_units(np.array([[1.4], [1.4], [1.4]])).ravel().tolist()
    [2, 1, 1]
    """
    n = len(values)
    groups = np.zeros(n, np.int64) if groups is None else np.asarray(groups)
    down = np.floor(values)
    rest = values - down
    units = down.astype(np.int64)
    if not n:
        return units
    size = int(groups.max()) + 1
    first = np.concatenate([[0], np.cumsum(np.bincount(groups, minlength=size))[:-1]])
    for month in range(values.shape[1]):
        missing = np.rint(np.bincount(groups, rest[:, month], minlength=size)).astype(np.int64)
        order = np.lexsort((np.arange(n), -rest[:, month], groups))
        place = np.arange(n) - first[groups[order]]
        units[order[place < missing[groups[order]]], month] += 1
    return units
