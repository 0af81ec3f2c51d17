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


@dataclass(frozen=True)
class BandRecord:
    """Where sales fell against a flex band forecast ≤ capacity ≤ material, in cases: they add up to ``cases``."""

    below: int
    within_capacity: int
    within_material: int
    above: int

    @property
    def cases(self) -> int:
        return self.below + self.within_capacity + self.within_material + self.above

    @property
    def hit_rate(self) -> float | None:
        """Share of cases inside the band, both edges included; ``None`` when nothing was measured."""
        return _ratio(self.within_capacity + self.within_material, self.cases)


def measure_band(forecast: ArrayLike, capacity: ArrayLike, material: ArrayLike, actual: ArrayLike) -> BandRecord:
    """How often sales came inside the band that was prepared for (R-055).

    Parameters
    ----------
    forecast, capacity, material, actual : array_like
        Equal shapes and units, forecast ≤ capacity ≤ material. A case with a NaN in any of them was not measured.
        Raises ``ValueError`` when shapes differ.

    Examples
    --------
    The band 900 / 950 / 1000 against sales of 899, 900, 950, 951, 1000 and 1001: four of six inside.

    >>> measure_band([900] * 6, [950] * 6, [1000] * 6, [899, 900, 950, 951, 1000, 1001])
    BandRecord(below=1, within_capacity=2, within_material=2, above=1)
    """
    sides = [np.asarray(side, dtype=float) for side in (forecast, capacity, material, actual)]
    if len({side.shape for side in sides}) > 1:
        raise ValueError(f"shapes differ: {', '.join(str(side.shape) for side in sides)}")
    known = ~np.isnan(sides).any(axis=0)
    f, c, m, a = (side[known] for side in sides)
    return BandRecord(
        below=int(np.count_nonzero(a < f)),
        within_capacity=int(np.count_nonzero((f <= a) & (a <= c))),
        within_material=int(np.count_nonzero((f <= a) & (c < a) & (a <= m))),
        above=int(np.count_nonzero((f <= a) & (m < a))),
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
