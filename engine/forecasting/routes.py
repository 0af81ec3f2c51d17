"""Routes without members: intermittent, new and dead series."""

from __future__ import annotations

import numpy as np

from engine.forecasting.backtest import FloatArray
from engine.forecasting.bands import FEWEST, pool_quantiles
from engine.forecasting.contracts import Route
from engine.forecasting.intermittent import FEWEST_POINTS, mix_levels
from engine.forecasting.model import Quantiles
from engine.forecasting.profile import Packed, Profile

RUN_RATE_ALPHA = 0.5
LAUNCH_AGES = (3, 6, 9)  # points known when the errors of past launches are measured
SMALLEST_RATE = 1e-9


def run_rate(values: FloatArray, age: int | None = None) -> FloatArray:
    """Smoothed level of the first ``age`` points (all without it) of histories [n, k], NaN before one begins.

    Simple exponential smoothing from the first point on; never a trend.
    """
    known = values if age is None else values[:, :age]
    level = known[:, 0].copy()
    for column in known.T[1:]:
        level = np.where(np.isnan(level), column, level + RUN_RATE_ALPHA * (column - level))
    return level


def launch_quantiles(profile: Profile, horizon: int, levels: tuple[float, ...]) -> Quantiles:
    """Relative errors (actual / run rate − 1) of the company's own past launches.

    With too few of them the beginnings of all young histories count: of a company that has just begun to keep any.
    The wide prior speaks where these are too few as well; old products say nothing about new ones.
    """
    sold = profile.launch < profile.filled.shape[1]
    launched = sold & ((profile.launch > profile.first_seen) | (profile.first_seen > 0))
    scaled = _launch_errors(profile, np.flatnonzero(launched), horizon)
    if sum(int(np.count_nonzero(~np.isnan(errors))) for errors in scaled) < FEWEST:
        young = np.isin(profile.route, (Route.NEW, Route.SHORT))
        scaled = _launch_errors(profile, np.flatnonzero(sold & (launched | young)), horizon)
    return Quantiles(*pool_quantiles(scaled, horizon, levels, launch_prior(horizon)))


def _launch_errors(profile: Profile, launched: np.ndarray, horizon: int) -> list[FloatArray]:
    """Errors [k, ≤ h] of the run rate at each age of the histories ``launched``, NaN after their end."""
    width = profile.filled.shape[1]
    scaled = []
    for age in LAUNCH_AGES:
        rows = launched[profile.length[launched] >= age + 1]
        ahead = min(horizon, width - age)
        if not len(rows) or ahead < 1:
            continue
        columns = profile.launch[rows, None] + np.arange(age + ahead)
        inside = columns < width
        lives = np.where(
            inside, np.take_along_axis(profile.filled[rows], np.minimum(columns, width - 1), axis=1), np.nan
        )
        rate = run_rate(lives, age)
        useful = rate > SMALLEST_RATE
        scaled.append(lives[useful, age:] / rate[useful, None] - 1.0)
    return [errors for errors in scaled if errors.size]


def launch_prior(horizon: int) -> FloatArray:
    """Standard deviation of the relative error of a run rate where no launch was seen, [h]."""
    return np.sqrt(1.0 + 0.1 * np.arange(horizon))


def intermittent_quantiles(
    packed: Packed, factor: float, origins: tuple[int, ...], horizon: int, year: int, levels: tuple[float, ...]
) -> Quantiles:
    """Errors of the intermittent forecast at past origins over the step scale of each history."""
    scaled = []
    for cut in origins:
        errors, scale, rows = intermittent_errors(packed, factor, cut, horizon, year)
        if len(rows):
            scaled.append(errors[scale > 0] / scale[scale > 0, None])
    return Quantiles(*pool_quantiles(scaled, horizon, levels, np.ones(horizon)))


def intermittent_errors(
    packed: Packed, factor: float, cut: int, horizon: int, year: int
) -> tuple[FloatArray, FloatArray, np.ndarray]:
    """(actual − forecast [k, min(h, cut)], step scale [k], rows [k]) at the origin ``cut`` periods back."""
    known = packed.lengths - cut
    rows = np.flatnonzero(known >= FEWEST_POINTS)
    level, scale = mix_levels(packed.flat, packed.starts[rows], known[rows], year)
    ends = packed.starts[rows] + known[rows]
    actual = packed.flat[ends[:, None] + np.arange(min(horizon, cut))]
    return actual - np.maximum(factor * level, 0.0)[:, None], scale, rows
