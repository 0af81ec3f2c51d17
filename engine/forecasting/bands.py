"""Bands: conformal quantiles of past forecast errors, scaled by how uncertain each series and month looks.

The scale of an error is the geometric mean of the MASE scale and of a regression of the size of back-test errors on
volatility, disagreement of the members and months ahead. Errors over scale are pooled; their quantiles at rank
p (n + 1), lower and upper apart, make the band. A width factor widens it until four origins hold the fifth.

Source: Vovk, Gammerman & Shafer, *Algorithmic Learning in a Random World* (2005); Lei et al., *JASA* 113 (2018)
1094–1111 (locally weighted conformal bands).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from engine.forecasting import features as ft
from engine.forecasting.backtest import FloatArray, Outlook
from engine.forecasting.ranks import ranked

TERMS = 14
RIDGE = 10.0
SMALLEST_ERROR = 0.002  # of the MASE scale, inside the logarithm
ENOUGH = 200  # pooled errors for a quantile of one horizon
FEWEST = 60  # pooled errors at all, below which the prior widths speak
GROWTH = 1.02  # of the band for each month that no back-test reaches
DEFAULT_FACTOR = 1.1


@dataclass(frozen=True)
class Prior:
    """Width of a normal band in MASE scales, about what monthly business series need: start · √(1 + step · month)."""

    start: float
    step: float

    def widths(self, horizon: int) -> FloatArray:
        """Standard deviations [h]."""
        return self.start * np.sqrt(1.0 + self.step * np.arange(horizon))


REGULAR_PRIOR = Prior(0.75, 0.2)
SHORT_PRIOR = Prior(1.3, 0.8)  # its MASE scale is the step from month to month, which is smaller


@dataclass(frozen=True)
class BandModel:
    """Quantiles of scaled errors [L, h] and the coefficients [14] of the scale regression."""

    coefficients: FloatArray
    lower: FloatArray
    upper: FloatArray


def scale_terms(outlook: Outlook) -> FloatArray:
    """Regressors of the log error size, [14, k, h]."""
    features, members = outlook.features, outlook.members
    k, _, horizon = members.shape
    level = features[:, ft.LEVEL, None]
    months = np.log(np.arange(1.0, horizon + 1))
    spread = np.log((members / level[:, None]).std(axis=1) + 1e-3)
    terms = np.empty((TERMS, k, horizon))
    terms[0] = 1.0
    terms[1] = months
    terms[2] = spread
    of_series = (
        np.log(features[:, ft.RECENT_VOLATILITY] + 1e-3),
        np.log(features[:, ft.VOLATILITY] + 1e-3),
        np.log(features[:, ft.MASE_SCALE] / features[:, ft.LEVEL] + 1e-3),
        np.log(features[:, ft.SCALE_TREND] + 0.05),
        features[:, ft.MEMORY],
        np.minimum(features[:, ft.SEASONALITY], 5.0),
        np.minimum(np.abs(features[:, ft.SLOPE]), 10.0),
        np.minimum(features[:, ft.LENGTH], 120.0) / 60.0,
        features[:, ft.ALPHA],
    )
    for j, term in enumerate(of_series):
        terms[3 + j] = term[:, None]
    terms[12] = months * months
    terms[13] = months * spread
    return terms


def error_scale(coefficients: FloatArray, outlook: Outlook) -> FloatArray:
    """Scale of an error [k, h], in units of the series; summed term by term so that no bit depends on k."""
    terms = scale_terms(outlook)
    log_size = np.zeros(terms.shape[1:])
    for coefficient, term in zip(coefficients, terms, strict=True):
        log_size += coefficient * term
    scale: FloatArray = np.exp(0.5 * np.clip(log_size, -20.0, 20.0)) * outlook.features[:, ft.MASE_SCALE, None]
    return scale


def learn_scale(outlooks: list[Outlook], errors: list[FloatArray]) -> FloatArray:
    """Ridge regression of log(|error| / MASE scale); zeros (the MASE scale alone) with too little to learn from."""
    if _measured(errors) < FEWEST:
        return np.zeros(TERMS)
    design = np.concatenate([scale_terms(outlook).reshape(TERMS, -1) for outlook in outlooks], axis=1)
    sizes = [
        np.log(np.abs(error / outlook.features[:, ft.MASE_SCALE, None]) + SMALLEST_ERROR).ravel()
        for outlook, error in zip(outlooks, errors, strict=True)
    ]
    gram = design @ design.T + RIDGE * np.eye(TERMS)
    solved: FloatArray = np.linalg.solve(gram, design @ np.concatenate(sizes))
    return np.round(solved, 6)


def learn_bands(
    outlooks: list[Outlook],
    errors: list[FloatArray],
    horizon: int,
    levels: tuple[float, ...],
    prior: Prior,
    younger: bool = False,
) -> BandModel:
    """Quantiles from the errors [k, h'] of each origin.

    ``younger``: the back-test only knows histories much shorter than those to forecast, which errs on the wide side;
    the band is then the geometric mean of what it says and of the prior, in MASE scales.
    """
    coefficients = np.zeros(TERMS) if younger else learn_scale(outlooks, errors)
    scaled = [error / error_scale(coefficients, outlook) for outlook, error in zip(outlooks, errors, strict=True)]
    lower, upper = pool_quantiles(scaled, horizon, levels, prior.widths(horizon))
    if younger:
        usual = np.array([_normal_reach(level) * prior.widths(horizon) for level in levels])
        lower, upper = -np.sqrt(-lower * usual), np.sqrt(upper * usual)
    return BandModel(coefficients, lower, upper)


def _normal_reach(level: float) -> float:
    """Half width of the central band of ``level`` per cent, in standard deviations."""
    return NormalDist().inv_cdf(0.5 + level / 200.0)


def pool_quantiles(
    scaled: list[FloatArray], horizon: int, levels: tuple[float, ...], prior: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(lower, upper) [L, h] of scaled errors, one array [k, h'] an origin, NaN = not measured.

    lower ≤ 0 ≤ upper, nested. ``prior`` [h] is the standard deviation to assume where next to nothing was measured.
    """
    lower = np.empty((len(levels), horizon))
    upper = np.empty((len(levels), horizon))
    for j, level in enumerate(levels):
        share = level / 100.0
        if _measured(scaled) < FEWEST:
            lower[j], upper[j] = -_normal_reach(level) * prior, _normal_reach(level) * prior
        else:
            factor = _width_factor(scaled, horizon, share)
            low, high = _quantiles(scaled, horizon, share)
            lower[j], upper[j] = factor * low, factor * high
    return np.minimum(np.minimum.accumulate(lower), 0.0), np.maximum(np.maximum.accumulate(upper), 0.0)


def _measured(scaled: list[FloatArray]) -> int:
    return sum(int(np.count_nonzero(~np.isnan(errors))) for errors in scaled)


def _quantiles(scaled: list[FloatArray], horizon: int, share: float) -> tuple[FloatArray, FloatArray]:
    """Both quantiles at each horizon; neighbours are pooled, more of them where errors are few."""
    low, high = np.zeros(horizon), np.zeros(horizon)
    columns = [
        np.concatenate([errors[:, t] for errors in scaled if t < errors.shape[1]])
        for t in range(max(errors.shape[1] for errors in scaled))
    ]
    columns = [column[~np.isnan(column)] for column in columns]
    while columns and not len(columns[-1]):
        columns.pop()
    for t in range(horizon):
        if t >= len(columns):
            low[t], high[t] = low[t - 1] * GROWTH, high[t - 1] * GROWTH
            continue
        for reach in range(1, len(columns) + 1):
            pool = np.concatenate(columns[max(0, t - reach) : t + reach + 1])
            if len(pool) >= ENOUGH:
                break
        pool.sort()
        low[t], high[t] = ranked(pool, (1 - share) / 2), ranked(pool, (1 + share) / 2)
    return low, high


def _width_factor(scaled: list[FloatArray], horizon: int, share: float) -> float:
    """Mean over origins of the factor with which the others' quantiles hold this one's errors."""
    factors = []
    for j, errors in enumerate(scaled):
        others = scaled[:j] + scaled[j + 1 :]
        if len(scaled) < 3 or not _measured([errors]) or _measured(others) < FEWEST:
            continue
        low, high = _quantiles(others, horizon, share)
        reach = errors.shape[1]
        outside = np.maximum(errors / np.maximum(high[:reach], 1e-9), errors / np.minimum(low[:reach], -1e-9))
        factors.append(ranked(np.sort(outside[~np.isnan(outside)]), share))
    return float(np.mean(factors)) if factors else DEFAULT_FACTOR
