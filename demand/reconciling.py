"""Totals help their leaves: families and regions are forecast as well, and both sides meet where errors are smallest.

Aggregates are the groups of leaves that both trees make, the whole company first. Whether moving the leaves towards
them pays is asked of the back-test: the errors of the moved leaves follow from the errors of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from demand.outlook import Outlook
from engine.forecasting import ForecastSettings, SeriesSet, apply
from engine.forecasting.reconciliation import error_variance, reconcile
from plans.cubes import Axis
from plans.hierarchy import Hierarchy

if TYPE_CHECKING:
    from engine.forecasting.model import FittedModel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_AGGREGATES = 1500
FEWEST_LEAVES = 8
SMALLEST_GAIN = 0.005  # of the back-test error, mean of leaves and aggregates
WORST_LEAF_LOSS = 0.005
FEWEST_MEASURED = 0.8  # of the leaves' volume, for an origin to have a say


def find_aggregates(hierarchy: Hierarchy, axis: Axis) -> sparse.csr_matrix:
    """Sums [u, leaves] of the distinct groups of two or more rows of ``axis``, highest level first.

    Levels are added until their groups would exceed :data:`MOST_AGGREGATES`.
    """
    count = len(axis)
    heights = (hierarchy.products.paths.shape[1], hierarchy.orgs.paths.shape[1])
    levels = sorted((p + o, p, o) for p in range(heights[0]) for o in range(heights[1]))
    marks = np.random.default_rng(0).integers(1, 1 << 34, count)  # a group is known by the sum of its rows' marks
    seen: set[int] = set()
    found: list[sparse.csr_matrix] = []
    total = 0
    for _height, product_depth, org_depth in levels:
        _codes, groups = np.unique(hierarchy.group_codes(axis, product_depth, org_depth), return_inverse=True)
        members = sparse.csr_matrix((np.ones(count), (groups.ravel(), np.arange(count))))
        sizes, sums = members.getnnz(axis=1), np.bincount(groups.ravel(), weights=marks).astype(np.int64)
        fresh = np.array([size > 1 and mark not in seen for size, mark in zip(sizes, sums.tolist(), strict=True)])
        if total + fresh.sum() > MOST_AGGREGATES:
            continue
        seen.update(sums[fresh].tolist())
        found.append(members[fresh])
        total += int(fresh.sum())
    return sparse.vstack(found).tocsr() if found else sparse.csr_matrix((0, count))


@dataclass(frozen=True)
class Verdict:
    """Whether the aggregates were listened to, how many there are, and the share of the error they save."""

    used: bool
    aggregates: int
    gain: float


def reconcile_with_totals(
    outlook: Outlook,
    *,
    history: Floats,
    errors: Floats,
    sums: sparse.csr_matrix,
    first_month: int,
    settings: ForecastSettings,
    model: FittedModel,
) -> Verdict:
    """Move the leaves of ``outlook`` towards what their sums say, when the back-test says it pays.

    ``history`` [n, T] and ``errors`` [n, O, h] of the leaves, both without activities.
    """
    if sums.shape[0] == 0 or len(history) < FEWEST_LEAVES:
        return Verdict(False, 0, 0.0)
    known = ~np.isnan(history)
    totals = np.where(sums @ known.astype(float) > 0, sums @ np.nan_to_num(history), np.nan)
    keys = np.array([f"total\t{row}" for row in range(len(totals))])
    above = apply(SeriesSet(keys, totals, first_month), settings, model)
    leaf_variance, total_variance = error_variance(errors), error_variance(above.origin_errors)
    gain = _measure_gain(errors, above.origin_errors, above.origins, history, sums, leaf_variance, total_variance)
    if gain < SMALLEST_GAIN:
        return Verdict(False, len(totals), round(gain, 4))
    moved, _sums = reconcile(outlook.mean, above.mean, sums, leaf_variance, total_variance)
    outlook.move(moved - outlook.mean)
    return Verdict(True, len(totals), round(gain, 4))


def _measure_gain(
    leaf_errors: Floats,
    total_errors: Floats,
    origins: tuple[int, ...],
    history: Floats,
    sums: sparse.csr_matrix,
    leaf_variance: Floats,
    total_variance: Floats,
) -> float:
    """Share of the absolute error saved at past origins, mean of leaves and aggregates; −1 when leaves would lose.

    Forecasts b̂, û of actuals b, u = C b: the gap û − C b̂ is C e_b − e_u, so the moved leaves' errors are known.
    """
    before, after = np.zeros(2), np.zeros(2)
    for place, cut in enumerate(origins):
        ahead = min(cut, leaf_errors.shape[2])
        own = leaf_errors[:, place, :ahead]
        measured = np.asarray(np.isfinite(own).all(axis=1), bool)
        volume = np.nansum(np.abs(history[:, -cut:]), axis=1)
        told = np.flatnonzero(np.isfinite(total_errors[:, place, :ahead]).all(axis=1))
        if not len(told) or volume[measured].sum() < FEWEST_MEASURED * volume.sum():
            continue
        own = np.where(measured[:, None], own, 0.0)
        part = sums[told]
        gap = part @ own - total_errors[told, place, :ahead]
        moved, _sums = reconcile(
            np.zeros(own.shape), gap, part, leaf_variance * measured, total_variance[told], nonnegative=False
        )
        for side, errors in ((before, own), (after, own - moved)):
            side += [np.abs(errors).sum(), np.abs(part @ errors).sum()]
    if not before.all():
        return 0.0
    saved = 1.0 - after / before
    return float(saved.mean()) if saved[0] >= -WORST_LEAF_LOSS else -1.0
