"""Intermittent demand: the mean of four slow levels times one learnt factor.

Croston's method and its kin never fall while nothing is sold; these four do, and the factor, learnt from what
followed at past origins, corrects the upward bias that old demand leaves.

Source: Nikolopoulos et al., *J. Operational Research Society* 62 (2011) 544–554 (ADIDA); the factor is our own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.forecasting.jit import kernel
from engine.forecasting.kernel import cached_entry

SLOW_ALPHA = 0.1
BLOCK_ALPHA = 0.3
START_POINTS = 6
FACTOR_BOUNDS = (0.6, 1.1)
PRIOR_FACTOR = 0.85
FEWEST_POINTS = 12  # of history before an origin
TARGET_CLIP = 6.0


@kernel
def smooth_level(x, alpha, start):
    """Last level of simple smoothing."""
    level = start
    for i in range(x.shape[0]):
        level += alpha * (x[i] - level)
    return level


@kernel
def aggregated_level(x, alpha, size):
    """Smoothing of sums over ``size`` months counted from the end, per month (ADIDA)."""
    count = x.shape[0] // size
    if count == 0:
        return x.mean()
    first = x.shape[0] - count * size
    sums = np.empty(count)
    for b in range(count):
        sums[b] = x[first + b * size : first + (b + 1) * size].sum()
    return smooth_level(sums, alpha, sums[: max(1, count // 3)].mean()) / size


@kernel
def mixed_level(x, year):
    """(SES 0.1 + ADIDA-2 + ADIDA-3 + mean of the last ``year`` months) / 4."""
    n = x.shape[0]
    slow = smooth_level(x, SLOW_ALPHA, x[: min(START_POINTS, n)].mean())
    recent = x[n - min(year, n) :].mean()
    return (slow + aggregated_level(x, BLOCK_ALPHA, 2) + aggregated_level(x, BLOCK_ALPHA, 3) + recent) / 4.0


@kernel
def step_scale(x):
    """Root mean square of the month-to-month differences."""
    total = 0.0
    for i in range(1, x.shape[0]):
        total += (x[i] - x[i - 1]) ** 2
    return np.sqrt(total / max(1, x.shape[0] - 1))


def _build_run_mix(digest):
    def run_mix(flat, starts, lengths, year, level, scale):
        """Mixed level and step scale of each history; NaN for an empty one."""
        if digest < 0:
            return
        for i in range(starts.shape[0]):
            if lengths[i] < 1:
                level[i] = np.nan
                scale[i] = np.nan
                continue
            x = flat[starts[i] : starts[i] + lengths[i]]
            level[i] = mixed_level(x, year)
            scale[i] = step_scale(x)

    return run_mix


run_mix = cached_entry(_build_run_mix)


def mix_levels(
    flat: NDArray[np.float64], starts: NDArray[np.int64], lengths: NDArray[np.int64], year: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """:func:`run_mix` with its outputs made here: (level [n], scale [n])."""
    level = np.empty(len(starts))
    scale = np.empty(len(starts))
    run_mix(flat, starts, lengths, year, level, scale)
    return level, scale


def learn_factor(flat: NDArray[np.float64], starts: NDArray[np.int64], lengths: NDArray[np.int64], year: int) -> float:
    """Mean of the prior 0.85 and the fitted factor.

    Weighted least squares through zero of the next year's mean on the mixed level, at origins one year and one year
    and a quarter back, in units of the step scale with weight (0.3 + level)^−½; the fit is kept in [0.6, 1.1].
    """
    cross = square = 0.0
    for cut in (year, year + year // 4):
        ends = lengths - cut
        rows = np.flatnonzero(ends >= FEWEST_POINTS)
        if not len(rows):
            continue
        level, scale = mix_levels(flat, starts[rows], ends[rows], year)
        demands = np.array(
            [np.count_nonzero(flat[starts[r] : starts[r] + e]) for r, e in zip(rows, ends[rows], strict=True)]
        )
        scale = scale + 1e-6 * np.maximum(np.abs(level), 1e-6)
        following = flat[(starts[rows] + ends[rows])[:, None] + np.arange(year)].mean(axis=1)
        usable = (demands >= 2) & (scale > 0)
        x = level[usable] / scale[usable]
        y = np.minimum(following[usable] / scale[usable], TARGET_CLIP)
        weight = (0.3 + np.maximum(x, 0.0)) ** -0.5
        cross += float((weight * x * y).sum())
        square += float((weight * x * x).sum())
    factor = float(np.clip(cross / square, *FACTOR_BOUNDS)) if square > 0 else PRIOR_FACTOR
    return round((PRIOR_FACTOR + factor) / 2, 6)
