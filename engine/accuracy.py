"""Forecast accuracy: WMAPE, MAPE, bias, tracking signal and forecast value added.

Every function takes a forecast and an actual of equal shape and unit. A pair with a NaN on either side was not
measured and is left out. A figure whose denominator is zero is undefined and comes back as ``None``, never as
0: "nothing was sold" and "nothing was wrong" are different sentences.

Source: Vandeput, *Data Science for Supply Chain Forecasting*, 2nd ed. 2021, ch. 2 (weighted error and bias);
Gilliland, *The Business Forecasting Deal*, 2010, ch. 4 (value added); Trigg 1964 (tracking signal).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Accuracy:
    """The figures of one forecast over one scope; fractions, not per cent.

    ``mape_excluded`` counts the pairs without an actual above zero, which MAPE cannot use; ``pairs`` the measured
    ones.
    """

    wmape: float | None
    mape: float | None
    mape_excluded: int
    bias: float | None
    tracking_signal: float | None
    pairs: int


def measure_accuracy(forecast: ArrayLike, actual: ArrayLike) -> Accuracy:
    """All figures in one pass.

    Parameters
    ----------
    forecast, actual : array_like
        Equal shapes. Raises ``ValueError`` otherwise.

    Examples
    --------
    Forecast 110, 90 against actual 100, 100: errors +10 and −10, WMAPE 20 / 200 = 0.1, bias 0.

    >>> figures = measure_accuracy([110, 90], [100, 100])
    >>> figures.wmape, figures.bias
    (0.1, 0.0)
    """
    f, a = _measured_pairs(forecast, actual)
    mape_value, excluded = _mape(f, a)
    return Accuracy(
        wmape=_ratio(np.abs(f - a).sum(), a.sum()),
        mape=mape_value,
        mape_excluded=excluded,
        bias=_ratio((f - a).sum(), a.sum()),
        tracking_signal=_tracking_signal(f, a),
        pairs=len(f),
    )


def wmape(forecast: ArrayLike, actual: ArrayLike) -> float | None:
    """Σ|F − A| / ΣA, or ``None`` when ΣA is zero."""
    return measure_accuracy(forecast, actual).wmape


def value_added(before: float | None, after: float | None) -> float | None:
    """FVA of a step = WMAPE of the step before − WMAPE of the step. Positive: the step made it better."""
    return None if before is None or after is None else before - after


def naive_forecast(history: NDArray[np.float64], lag: int) -> NDArray[np.float64]:
    """The random walk at ``lag`` months: the value known ``lag`` months before each month.

    ``history`` is [series, months]; the result has the same shape, NaN where nothing was known yet.
    """
    if lag < 1:
        raise ValueError("lag counts months ahead and starts at 1")
    shifted = np.full(history.shape, np.nan)
    shifted[:, lag:] = history[:, :-lag]
    return shifted


def _measured_pairs(forecast: ArrayLike, actual: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    f = np.asarray(forecast, dtype=float)
    a = np.asarray(actual, dtype=float)
    if f.shape != a.shape:
        raise ValueError(f"forecast has shape {f.shape}, actual {a.shape}")
    known = ~(np.isnan(f) | np.isnan(a))
    return f[known], a[known]


def _ratio(numerator: float, denominator: float) -> float | None:
    return float(numerator / denominator) if denominator > 0 else None


def _mape(f: NDArray[np.float64], a: NDArray[np.float64]) -> tuple[float | None, int]:
    sold = a > 0
    excluded = int(np.count_nonzero(~sold))
    if not sold.any():
        return None, excluded
    return float(np.mean(np.abs(f[sold] - a[sold]) / a[sold])), excluded


def _tracking_signal(f: NDArray[np.float64], a: NDArray[np.float64]) -> float | None:
    """Σ(F − A) / MAD with MAD = mean|F − A|; beyond ±4 the forecast leans to one side."""
    if not len(f):
        return None
    return _ratio((f - a).sum(), np.abs(f - a).mean())
