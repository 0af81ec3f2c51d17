"""Twenty numbers that describe a history; by-products of the kernel.

``sc`` below is LEVEL, the mean size of the deseasonalised history over the last two seasons.
"""

import numpy as np

from engine.forecasting.jit import kernel

(
    LEVEL,  # sc, in units of the series
    MASE_SCALE,  # mean |y_t − y_{t−m}|, in units of the series
    KIND,  # seasonality: none, multiplicative, additive
    LENGTH,  # n
    LAST,  # last point / sc
    MEAN_QUARTER,  # mean of the last 3 / sc
    MEAN_HALF,  # … 6
    MEAN_YEAR,  # … one season
    MEAN_TWO_YEARS,  # … two seasons
    RECENT_VOLATILITY,  # root mean square of the differences over two seasons / sc
    VOLATILITY,  # … over all
    SLOPE,  # slope over two seasons, per season / sc
    GROWTH,  # mean of the last season less the one before / sc
    INDEX_RANGE,  # largest less smallest seasonal index
    SEASONALITY,  # statistic of the seasonal test
    MEMORY,  # first autocorrelation of the differences
    ALPHA,  # best alpha of simple smoothing
    THETA_SLOPE,  # best v of theta
    SEASON_GAIN,  # Holt-Winters error over smoothing error
    SCALE_TREND,  # recent over whole seasonal difference
) = range(20)
FEATURE_COUNT = 20
FEATURE_NAMES = (
    "level", "mase_scale", "kind", "length", "last", "mean_quarter", "mean_half", "mean_year", "mean_two_years",
    "recent_volatility", "volatility", "slope", "growth", "index_range", "seasonality", "memory", "alpha",
    "theta_slope", "season_gain", "scale_trend",
)  # fmt: skip

TINY = 1e-9  # histories reach the kernel at a mean size between 1 and 2


@kernel
def seasonal_difference(x, season, first):
    """Mean |x_t − x_{t−m}| over t ≥ ``first``; 0 when there is none."""
    total = 0.0
    count = 0
    for i in range(max(season, first), x.shape[0]):
        total += abs(x[i] - x[i - season])
        count += 1
    return total / count if count else 0.0


@kernel
def describe_history(raw, clean, level, season, indices, kind, out):
    """Fill all features but the four that come from fits (ALPHA … SEASON_GAIN) and SEASONALITY.

    ``raw``, ``clean`` and ``level`` are the history as given, cleansed, and cleansed and deseasonalised. The MASE
    scale of a history below two seasons is the mean step from month to month.
    """
    n = level.shape[0]
    recent = min(n, 2 * season)
    scale = np.abs(level[n - recent :]).mean() + TINY
    mase = seasonal_difference(raw, season, 0) if n >= 2 * season else seasonal_difference(raw, 1, 0)
    if mase <= 0:
        mase = 0.1 * scale + TINY
    out[LEVEL] = scale
    out[MASE_SCALE] = mase
    out[KIND] = kind
    out[LENGTH] = n
    out[LAST] = level[n - 1] / scale
    out[MEAN_QUARTER] = level[n - min(3, n) :].mean() / scale
    out[MEAN_HALF] = level[n - min(6, n) :].mean() / scale
    out[MEAN_YEAR] = level[n - min(season, n) :].mean() / scale
    out[MEAN_TWO_YEARS] = level[n - recent :].mean() / scale
    _describe_steps(level, recent, scale, out)
    out[SLOPE] = _recent_slope(level, recent) * season / scale
    out[INDEX_RANGE] = (indices.max() - indices.min()) / (scale if kind == 2 else 1.0)
    out[SCALE_TREND] = seasonal_difference(clean, season, n - 2 * season) / mase


@kernel
def _describe_steps(level, recent, scale, out):
    n = level.shape[0]
    squares = 0.0
    recent_squares = 0.0
    products = 0.0
    previous = 0.0
    for i in range(1, n):
        step = level[i] - level[i - 1]
        squares += step * step
        products += step * previous
        previous = step
        if i >= n - recent:
            recent_squares += step * step
    out[RECENT_VOLATILITY] = np.sqrt(recent_squares / max(1, min(recent, n - 1))) / scale
    out[VOLATILITY] = np.sqrt(squares / max(1, n - 1)) / scale
    out[MEMORY] = products / (squares + 1e-12)


@kernel
def _recent_slope(level, recent):
    if recent < 2:
        return 0.0
    first = level.shape[0] - recent
    middle = (recent - 1) / 2.0
    cross = 0.0
    for i in range(recent):
        cross += (i - middle) * level[first + i]
    return cross / (recent * (recent * recent - 1.0) / 12.0)
