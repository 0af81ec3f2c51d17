"""Cleansing: replace single wild months, keep steps.

A point is judged on the deseasonalised history against a running median of eleven, in units of the median absolute
deviation. Hampel's identifier (Davies & Gather, *JASA* 88 (1993) 782–792), with rules of our own for level shifts.
"""

import numpy as np

from engine.forecasting.jit import kernel
from engine.forecasting.medians import median, median_in_place, running_median
from engine.forecasting.seasonality import ratios_to_average

REPLACED, SUSPECT = 1, 2  # values of contracts.Outlier

LIMIT = 4.0  # deviations, in MADs, that make an outlier
LIMIT_AT_END = 6.0  # … when its run begins in the last two points: it may be a step
FLOOR = 0.10  # smallest MAD as a share of the mean level, so that calm series keep their wiggles
STEP_RUN = 3  # as many wild points in a row are a step
HALF_WINDOW = 5
YEARS_OF_MEDIAN = 12
SMALLEST_INDEX = 0.02


@kernel
def cleanse(x, season, trusted, clean, flags):
    """Copy ``x`` to ``clean`` with outliers replaced; mark them in ``flags`` (uint8). Returns the number replaced.

    Histories shorter than two seasons stay as they are. Points marked in ``trusted`` are never replaced.
    """
    n = x.shape[0]
    for i in range(n):
        clean[i] = x[i]
        flags[i] = 0
    if n < max(2 * season, 12):
        return 0
    multiplicative = x.min() > 0
    indices = np.ones(season) if multiplicative else np.zeros(season)
    level = np.empty(n)
    _median_indices(x, season, multiplicative, indices)
    _remove_season(x, indices, multiplicative, level)
    if _median_step(level) > _median_step(x):
        indices[:] = 1.0 if multiplicative else 0.0
        _remove_season(x, indices, multiplicative, level)
    middle = np.empty(n)
    running_median(level, HALF_WINDOW, middle)
    deviation = np.empty(n)
    size = 0.0
    for i in range(n):
        deviation[i] = level[i] - middle[i]
        size += abs(level[i])
    unit = max(1.4826 * median(np.abs(deviation)) + 1e-12, FLOOR * size / n)
    return _judge_runs(level, middle, deviation, unit, indices, multiplicative, trusted, clean, flags)


@kernel
def _median_indices(x, season, multiplicative, indices):
    """Median over the years of the ratios to the moving average; needs three seasons, else neutral."""
    n = x.shape[0]
    half = season // 2
    if season < 2 or n < 3 * season:
        return
    ratios = np.empty(n)
    ratios_to_average(x, season, multiplicative, ratios)
    buffer = np.empty(YEARS_OF_MEDIAN)
    for phase in range(season):
        count = 0
        i = n - half - 1 - ((n - half - 1 - phase) % season)
        while i >= half and count < YEARS_OF_MEDIAN:
            buffer[count] = ratios[i]
            count += 1
            i -= season
        indices[phase] = median_in_place(buffer, count)
    if not multiplicative:
        indices -= indices.mean()
        return
    indices /= max(indices.mean(), 1e-12)
    if indices.min() <= SMALLEST_INDEX:
        indices[:] = 1.0


@kernel
def _remove_season(x, indices, multiplicative, level):
    season = indices.shape[0]
    for i in range(x.shape[0]):
        level[i] = x[i] / indices[i % season] if multiplicative else x[i] - indices[i % season]


@kernel
def _median_step(x):
    steps = np.empty(x.shape[0] - 1)
    for i in range(steps.shape[0]):
        steps[i] = abs(x[i + 1] - x[i])
    return median(steps)


@kernel
def _judge_runs(level, middle, deviation, unit, indices, multiplicative, trusted, clean, flags):
    n = level.shape[0]
    season = indices.shape[0]
    replaced = 0
    i = 0
    while i < n:
        size = abs(deviation[i])
        if size <= LIMIT * unit:
            i += 1
            continue
        end = i
        while end < n and abs(deviation[end]) > LIMIT * unit and (deviation[end] > 0) == (deviation[i] > 0):
            end += 1
        if i >= n - 2 and size <= LIMIT_AT_END * unit:
            flags[i] = SUSPECT
            i += 1
            continue
        kept = _is_step(level, i, end)
        for j in range(i, end):
            if kept:
                flags[j] = SUSPECT if i >= n - 2 else 0
            elif not trusted[j]:
                phase = j % season
                clean[j] = middle[j] * indices[phase] if multiplicative else middle[j] + indices[phase]
                flags[j] = REPLACED
                replaced += 1
        i = end
    return replaced


@kernel
def _is_step(level, start, end):
    """A run [start, end) is a level shift: it is long, what follows stays on its side, or it is two at the end."""
    n = level.shape[0]
    if end - start >= STEP_RUN:
        return True
    buffer = np.empty(6)
    before = 0
    for j in range(max(0, start - 6), start):
        buffer[before] = level[j]
        before += 1
    if before == 0:
        return False
    base = median_in_place(buffer, before)
    after = 0
    for j in range(end, min(n, end + 3)):
        buffer[after] = level[j]
        after += 1
    if after == 0:
        return end - start >= 2
    shift = median_in_place(buffer, after) - base
    jump = level[start] - base
    return shift * jump > 0 and abs(shift) > 0.5 * abs(jump)
