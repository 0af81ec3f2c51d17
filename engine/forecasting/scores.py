"""Scores of forecasting competitions: sMAPE, MASE, OWA, RMSSE, coverage and MSIS.

Every function takes arrays [n, h] and averages over series first where its source does. Sources: Makridakis, Spiliotis
& Assimakopoulos, *IJF* 36 (2020) 54–74 (M4: sMAPE, MASE, OWA, MSIS); Hyndman & Koehler, *IJF* 22 (2006) 679–688.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def smape(actual: Array, forecast: Array) -> float:
    """Mean of 200 |A − F| / (|A| + |F|), per cent; 0 where both are zero."""
    size = np.abs(actual) + np.abs(forecast)
    return float(np.mean(200.0 * np.abs(actual - forecast) / np.where(size > 0, size, 1.0)))


def mase_scale(history: Array, season: int) -> float:
    """Mean |y_t − y_{t−m}| of one history."""
    return float(np.abs(history[season:] - history[:-season]).mean())


def mase(actual: Array, forecast: Array, scale: Array) -> float:
    """Mean over series of the mean absolute error over the scale [n]."""
    return float(np.mean(np.abs(actual - forecast).mean(axis=1) / scale))


def owa(smape_value: float, mase_value: float, naive_smape: float, naive_mase: float) -> float:
    """Mean of both ratios to the Naive2 forecast."""
    return 0.5 * (smape_value / naive_smape + mase_value / naive_mase)


def rmsse(actual: Array, forecast: Array, mean_square_step: Array) -> float:
    """Mean over series of √(mean squared error / mean squared month-to-month step)."""
    return float(np.mean(np.sqrt(((actual - forecast) ** 2).mean(axis=1) / mean_square_step)))


def coverage(actual: Array, lower: Array, upper: Array) -> Array:
    """Share of actuals inside the band at each horizon, [h]."""
    return ((actual >= lower) & (actual <= upper)).mean(axis=0)


def msis(actual: Array, lower: Array, upper: Array, scale: Array, level: float) -> float:
    """Mean scaled interval score of a band of ``level`` per cent: width plus 2/α times the misses, over the scale."""
    alpha = 1.0 - level / 100.0
    below = np.maximum(lower - actual, 0.0)
    above = np.maximum(actual - upper, 0.0)
    score = (upper - lower) + 2.0 / alpha * (below + above)
    return float(np.mean(score.mean(axis=1) / scale))
