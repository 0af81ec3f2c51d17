"""Safety stock from the error that adds up over the lead time.

Errors of neighbouring months go together, so σ·√L understates them. The back-test has forecast whole lead times:
their summed errors, over the size of each series' own errors, are pooled, and a quantile is read off.

Source: Trapero, Cardós & Kourentzes, *Int. J. Production Economics* 210 (2019) 239–250 (empirical quantiles of
lead-time errors); Prak, Teunter & Syntetos, *EJOR* 256 (2017) 454–461 (why √L fails).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.forecasting.bands import ranked

FloatArray = NDArray[np.float64]

FEWEST = 20  # pooled sums for a quantile of one lead time


def error_size(origin_errors: FloatArray, mase_scale: FloatArray) -> FloatArray:
    """Size of a month's error [n]: geometric mean of the own mean absolute back-test error and the MASE scale."""
    measured = ~np.isnan(origin_errors)
    count = measured.sum(axis=(1, 2))
    own = np.abs(np.where(measured, origin_errors, 0.0)).sum(axis=(1, 2)) / np.maximum(count, 1)
    scale = np.where(np.isnan(mase_scale) | (mase_scale <= 0), own, mase_scale)
    return np.sqrt(np.where(count > 0, own, scale) * scale)


def cumulative_quantiles(
    origin_errors: FloatArray, size: FloatArray, lead_time_months: FloatArray, service_level: FloatArray
) -> FloatArray:
    """Stock [n] that covers the summed error (actual − forecast) of the lead time with the wanted probability.

    Parameters
    ----------
    origin_errors : [n, O, h] back-test errors, NaN where not measured.
    size : [n] error size of a month, e.g. of :func:`error_size`, in units of the series.
    lead_time_months : [n] ≥ 0; between whole months the quantiles are interpolated, below one month by √L, beyond
        the longest measured sum the last one grows by √(L / longest).
    service_level : [n] probability in (0, 1).

    Returns
    -------
    [n] never below zero; zero where nothing can be learnt.
    """
    sums = np.cumsum(origin_errors, axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.where(size[:, None, None] > 0, sums / size[:, None, None], np.nan)
    pools = []
    for month in range(scaled.shape[2]):
        pool = scaled[:, :, month].ravel()
        pool = np.sort(pool[~np.isnan(pool)])
        if len(pool) < FEWEST:
            break
        pools.append(pool)
    if not pools:
        return np.zeros(len(size))
    stock = np.empty(len(size))
    for i, (months, level) in enumerate(zip(lead_time_months, service_level, strict=True)):
        stock[i] = _read(pools, float(months), float(level)) * size[i]
    return np.maximum(stock, 0.0)


def _read(pools: list[FloatArray], months: float, level: float) -> float:
    """Quantile of the scaled sum over ``months``."""
    if months <= 1.0:
        return ranked(pools[0], level) * np.sqrt(max(months, 0.0))
    longest = len(pools)
    if months >= longest:
        return ranked(pools[-1], level) * np.sqrt(months / longest)
    whole = int(months)
    low, high = ranked(pools[whole - 1], level), ranked(pools[whole], level)
    return low + (months - whole) * (high - low)
