"""Safety stock from the error that adds up over the lead time.

Errors of neighbouring months go together, so σ·√L understates them. The back-test has forecast whole lead times:
their summed errors, over the size of each series' own errors, are pooled, and a quantile is read off.

Source: Trapero, Cardós & Kourentzes, *Int. J. Production Economics* 210 (2019) 239–250 (empirical quantiles of
lead-time errors); Prak, Teunter & Syntetos, *EJOR* 256 (2017) 454–461 (why √L fails).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from engine.forecasting.contracts import FloatArray
from engine.forecasting.ranks import ranked

FEWEST = 20  # pooled sums for a quantile of one lead time
# Probabilities a table keeps; between them it is read off along the normal quantile.
KEPT_LEVELS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 0.999)
BAND_REACH = NormalDist().inv_cdf(0.9)  # half width of an 80 % band, in standard deviations


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
    pools = _pool_sums(origin_errors, size)
    if not pools:
        return np.zeros(len(size))
    stock = np.empty(len(size))
    for i, (months, level) in enumerate(zip(lead_time_months, service_level, strict=True)):
        stock[i] = _read(pools, float(months), float(level)) * size[i]
    return np.maximum(stock, 0.0)


@dataclass(frozen=True)
class LeadTimeTable:
    """The quantiles of a whole run, small enough to be kept: one table a class of series, one size a series.

    Attributes
    ----------
    quantiles : [C, H, Q] of the sum over 1 … H months at :data:`KEPT_LEVELS`, in units of a series' size.
    classes : int8 [n], class of each series; −1 has no back-test and goes by the band of its forecast.
    size : [n] in units of the series.
    """

    quantiles: FloatArray
    classes: NDArray[np.int8]
    size: FloatArray

    def read(self, months: int, level: float) -> FloatArray:
        """Units above the forecast, [n] ≥ 0, that the sum of ``months`` ≥ 1 stays within with probability ``level``.

        Without a back-test the months of a forecast are taken to be wrong together: months × z × size. Raises
        ``ValueError`` for a level outside (0, 1) or less than one month.
        """
        if not 0.0 < level < 1.0 or months < 1:
            raise ValueError(f"no quantile of {months} months at probability {level}")
        reach = NormalDist().inv_cdf
        kept = np.array([reach(share) for share in KEPT_LEVELS])
        count, longest, _ = self.quantiles.shape
        row = self.quantiles[:, min(months, longest) - 1] * max(1.0, months / max(longest, 1)) ** 0.5
        factors = [*(np.interp(reach(level), kept, row[c]) for c in range(count)), months * reach(level)]
        return np.maximum(np.array(factors)[self.classes] * self.size, 0.0)


def learn_table(
    origin_errors: FloatArray, size: FloatArray, classes: NDArray[np.int8], band: FloatArray, months: int
) -> LeadTimeTable:
    """Pool the sums of each class over 1 … ``months`` months.

    ``origin_errors`` [n, O, h] and ``size`` [n] as above; ``classes`` [n] number the classes from 0, −1 for none.
    ``band`` [n] is the distance from the forecast to the upper edge of its 80 % band. A class with too few sums takes
    the sums of all; when those are too few as well, every series goes by its band.
    """
    everyone = _pool_sums(origin_errors, size)
    measured = ~np.isnan(origin_errors).all(axis=(1, 2)) & (size > 0) & bool(everyone)
    count = int(classes.max(initial=-1)) + 1
    tables = np.zeros((count, months, len(KEPT_LEVELS)))
    for number in range(count):
        pools = _pool_sums(origin_errors[classes == number], size[classes == number]) or everyone
        for month in range(months if pools else 0):
            tables[number, month] = [_read(pools, month + 1.0, level) for level in KEPT_LEVELS]
    return LeadTimeTable(
        np.round(tables, 6),
        np.where(measured, classes, -1).astype(np.int8),
        np.where(measured & (classes >= 0), size, band / BAND_REACH),
    )


def _pool_sums(origin_errors: FloatArray, size: FloatArray) -> list[FloatArray]:
    """Sorted sums over 1, 2 … months in units of the size, as far as there are enough of them."""
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
    return pools


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
