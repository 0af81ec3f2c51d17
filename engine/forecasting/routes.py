"""Routes without members: intermittent, new and dead series."""

from __future__ import annotations

import numpy as np

from engine.forecasting.backtest import FloatArray
from engine.forecasting.bands import pool_quantiles
from engine.forecasting.intermittent import FEWEST_POINTS, mix_levels
from engine.forecasting.model import Quantiles
from engine.forecasting.profile import Packed, Profile

RUN_RATE_POINTS = 3
LAUNCH_AGES = (3, 6, 9)  # points known when the errors of past launches are measured
SMALLEST_RATE = 1e-9


def run_rate(values: FloatArray, age: int | None = None) -> FloatArray:
    """Mean of the last three of the first ``age`` points (all without it) of histories [n, k]; never a trend."""
    known = values if age is None else values[:, :age]
    return np.nanmean(known[:, -RUN_RATE_POINTS:], axis=1)


def launch_quantiles(profile: Profile, horizon: int, levels: tuple[float, ...]) -> Quantiles:
    """Relative errors (actual / run rate − 1) of the company's own past launches; wide prior ones with too few."""
    width = profile.filled.shape[1]
    launched = np.flatnonzero((profile.launch > profile.first_seen) | (profile.first_seen > 0))
    launched = launched[profile.launch[launched] < width]
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
    return Quantiles(*pool_quantiles([s for s in scaled if s.size], horizon, levels, launch_prior(horizon)))


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
