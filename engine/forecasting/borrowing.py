"""Short histories borrow a season: of their family, their market or the company, where that has proved right.

A history of less than two seasons cannot show its own. Whether another one fits is measured, not assumed: half of the
long histories are cut short and forecast with the season of the other half, group by group. The grouping and the
share that save most are used; families of cars turned out to harm where countries halved the error.

Source: Withycombe, *Operations Research* 37 (1989) 547–552, and Chen & Boylan, *J. Operational Research Society* 58
(2007) 1660–1671 (group seasonal indices); the choice of the group by back-test is our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.forecasting import features as ft
from engine.forecasting.backtest import look_ahead
from engine.forecasting.contracts import FloatArray, ForecastSettings, Route, SeriesSet
from engine.forecasting.profile import Packed, Rhythm, key_order, profile_series
from engine.forecasting.seasonality import MULTIPLICATIVE
from engine.forecasting.weights import SHORT, combine, plain_weights

Ints = NDArray[np.int64]

SHARES = (0.5, 1.0)  # of the group's season
SMALLEST_GAIN = 0.02  # of the error of the histories cut short
WINDOW_SEASONS = 3  # of the histories that a group's season is taken from
MOST_TRIED = 400
FEWEST_TRIED = 12


@dataclass(frozen=True)
class Borrowing:
    """The season of each group.

    Attributes
    ----------
    grouping : name of the grouping that was chosen; ``share`` of its season that is taken; ``gain`` it brought.
    numbers : [G] group numbers, ascending.
    indices : [G, m] multiplicative indices of the m periods after the end of the histories; 1 = no season.
    """

    grouping: str
    share: float
    gain: float
    numbers: Ints
    indices: FloatArray

    def season(self, groups: Ints, width: int, horizon: int) -> FloatArray:
        """Multipliers [n, width + horizon] of the history and the periods ahead; 1 for an unknown group."""
        period = self.indices.shape[1]
        rows = np.minimum(np.searchsorted(self.numbers, groups), len(self.numbers) - 1)
        known = self.numbers[rows] == groups
        chosen = np.where(known[:, None], self.indices[rows], 1.0)
        return 1.0 + self.share * (chosen[:, (np.arange(width + horizon) - width) % period] - 1.0)


def learn_borrowing(series: SeriesSet, settings: ForecastSettings, groupings: Mapping[str, Ints]) -> Borrowing | None:
    """The grouping, of ``groupings`` name → [n] numbers, whose season serves short histories best; None: none does."""
    period = settings.season_length
    rhythm = Rhythm(period)
    if period < 3 or series.values.shape[1] < (WINDOW_SEASONS + 1) * period:
        return None
    profile = profile_series(series, rhythm)
    order, places = key_order(series.keys)
    recent = profile.filled[:, -(WINDOW_SEASONS + 1) * period :]
    with np.errstate(invalid="ignore"):
        steady = (profile.route == Route.REGULAR) & (recent > 0).all(axis=1)
    tried = order[steady[order] & (places[order] < 0.5)][:MOST_TRIED]
    donors = np.flatnonzero(steady & (places >= 0.5))
    if len(tried) < FEWEST_TRIED or len(donors) < FEWEST_TRIED:
        return None
    plain = _error(recent[tried], np.ones((len(tried), recent.shape[1])), rhythm)
    best: tuple[float, str, float] = (SMALLEST_GAIN, "", 0.0)
    for name, groups in groupings.items():
        numbers, indices = _group_indices(recent[donors, :-period], groups[donors], period)
        for share in SHARES:
            trial = Borrowing(name, share, 0.0, numbers, indices)
            season = trial.season(groups[tried], recent.shape[1] - period, period)
            gain = 1.0 - _error(recent[tried], season, rhythm) / plain
            best = max(best, (round(gain, 6), name, share))
    gain, name, share = best
    if not name:
        return None
    everyone = np.flatnonzero(steady)
    numbers, indices = _group_indices(recent[everyone, period:], groupings[name][everyone], period)
    return Borrowing(name, share, gain, numbers, indices)


def _group_indices(values: FloatArray, groups: Ints, period: int) -> tuple[Ints, FloatArray]:
    """(numbers [G], indices [G, m] of the periods after the end): the season of each group's mean history."""
    numbers, rows = np.unique(groups, return_inverse=True)
    level = values / values.mean(axis=1, keepdims=True)
    total = np.zeros((len(numbers), values.shape[1]))
    np.add.at(total, rows.ravel(), level)
    outlook = look_ahead(_pack(total), period, period)
    has_season = outlook.features[:, ft.KIND] == MULTIPLICATIVE
    return numbers.astype(np.int64), np.where(has_season[:, None], outlook.indices, 1.0)


def _error(recent: FloatArray, season: FloatArray, rhythm: Rhythm) -> float:
    """Error over the last season, as a share of the level, of histories cut to one and a half seasons before it."""
    period = rhythm.season
    length = (rhythm.new_below + rhythm.short_below) // 2
    before, after = recent[:, :-period], recent[:, -period:]
    plain = (before / season[:, : before.shape[1]])[:, -length:]
    outlook = look_ahead(_pack(plain), period, period)
    mean = combine(outlook.members, plain_weights(period, SHORT)) * season[:, before.shape[1] :]
    return float((np.abs(after - mean).mean(axis=1) / before.mean(axis=1)).mean())


def _pack(values: FloatArray) -> Packed:
    n, width = values.shape
    lengths = np.full(n, width, np.int64)
    return Packed(values.ravel(), np.zeros(values.size, bool), lengths * np.arange(n), lengths, np.zeros(n, np.int64))
