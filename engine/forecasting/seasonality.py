"""Seasonal indices: ratios to the centred moving average, shrunk towards flat.

Source: Miller & Williams, *Int. J. Forecasting* 19 (2003) 669–684 (James–Stein shrinkage of seasonal indices);
the test of significance is that of Assimakopoulos & Nikolopoulos, *IJF* 16 (2000) 521–530, with a low gate.
"""

import numpy as np

from engine.forecasting.jit import kernel

# Kinds of seasonality
NONE, MULTIPLICATIVE, ADDITIVE = range(3)

YEAR_WEIGHT = 0.8  # weight of a season against the one after it
GATE = 0.6  # below this test statistic the shrunk indices still add more noise than season
SMALLEST_INDEX = 0.01  # a month that sells nothing cannot be divided by


@kernel
def ratios_to_average(x, season, multiplicative, ratios):
    """Ratio (or difference) of each point to the centred moving average of one season.

    Defined for ``season // 2 ≤ i < n − season // 2``. An even season takes half of both end points (2×m average).
    """
    n = x.shape[0]
    half = season // 2
    total = 0.0
    for i in range(2 * half + 1):
        total += x[i]
    for i in range(half, n - half):
        if i > half:
            total += x[i + half] - x[i - half - 1]
        window = total - 0.5 * (x[i - half] + x[i + half]) if season % 2 == 0 else total
        average = window / season
        if multiplicative:
            ratios[i] = x[i] / average if average > 0 else 1.0
        else:
            ratios[i] = x[i] - average


@kernel
def seasonal_statistic(x, season):
    """|r_m| / √((1 + 2 Σ_{k<m} r_k²) / n): the autocorrelation at the season in units of its standard error."""
    n = x.shape[0]
    mean = x.mean()
    deviation = x - mean
    variance = 0.0
    for i in range(n):
        variance += deviation[i] * deviation[i]
    if variance <= 0:
        return 0.0
    spread = 1.0
    correlation = 0.0
    for lag in range(1, season + 1):
        total = 0.0
        for i in range(lag, n):
            total += deviation[i] * deviation[i - lag]
        correlation = total / variance
        if lag < season:
            spread += 2 * correlation * correlation
    return abs(correlation) / np.sqrt(spread / n)


@kernel
def seasonal_indices(x, season, indices):
    """Fill ``indices`` [season] by phase from the start of ``x``; return (kind, test statistic).

    Multiplicative when every value is above zero, else additive. Indices stay neutral (1 or 0) and the kind is
    NONE with less than two seasons, below the gate, or when a month hardly sells.
    """
    n = x.shape[0]
    multiplicative = x.min() > 0
    neutral = 1.0 if multiplicative else 0.0
    indices[:] = neutral
    if season < 2 or n < 2 * season:
        return NONE, 0.0
    statistic = seasonal_statistic(x, season)
    if statistic <= GATE:
        return NONE, statistic
    ratios = np.zeros(n)
    ratios_to_average(x, season, multiplicative, ratios)
    weight_sum = np.zeros(season)
    weight_squares = np.zeros(season)
    _weighted_means(ratios, season, indices, weight_sum, weight_squares)
    if multiplicative:
        indices /= indices.mean()
    else:
        indices -= indices.mean()
    _shrink(ratios, season, neutral, weight_sum, weight_squares, indices)
    if multiplicative and indices.min() <= SMALLEST_INDEX:
        indices[:] = 1.0
        return NONE, statistic
    return (MULTIPLICATIVE if multiplicative else ADDITIVE), statistic


@kernel
def _weighted_means(ratios, season, means, weight_sum, weight_squares):
    n = ratios.shape[0]
    half = season // 2
    means[:] = 0.0
    for i in range(half, n - half):
        weight = YEAR_WEIGHT ** ((n - 1 - i) // season)
        phase = i % season
        means[phase] += weight * ratios[i]
        weight_sum[phase] += weight
        weight_squares[phase] += weight * weight
    for phase in range(season):
        means[phase] /= max(weight_sum[phase], 1e-12)


@kernel
def _shrink(ratios, season, neutral, weight_sum, weight_squares, indices):
    """James–Stein: keep 1 − W of each index, W = (m−3)/(m−1) · se² / variance between the indices, at most 1."""
    n = ratios.shape[0]
    half = season // 2
    squares = 0.0
    total = 0.0
    for i in range(half, n - half):
        weight = YEAR_WEIGHT ** ((n - 1 - i) // season)
        error = ratios[i] - indices[i % season]
        squares += weight * error * error
        total += weight
    years = 0.0
    between = 0.0
    for phase in range(season):
        years += weight_sum[phase] * weight_sum[phase] / max(weight_squares[phase], 1e-12)
        between += (indices[phase] - neutral) ** 2
    years /= season
    between /= season - 1
    freedom = max(total - total / max(years, 1.0), 0.3 * total)
    error_variance = squares / freedom / years
    shrink = min(1.0, max(0.0, season - 3.0) / (season - 1.0) * error_variance / max(between, 1e-12))
    for phase in range(season):
        indices[phase] = neutral + (1.0 - shrink) * (indices[phase] - neutral)
