"""Known events: promotions, prices, working days, moving holidays; kept only where the back-test says they help.

A regressor acts on the logarithm of demand. Its effect is learnt after the local level and the season have been taken
out of both sides (Frisch–Waugh), pooled over a group of series, and each series' own effect is drawn towards the
group's. The history is then divided by the effects, forecast as usual, and multiplied by those of the months ahead.

Source: Frisch & Waugh, *Econometrica* 1 (1933) 387–401; Fildes, Goodwin & Önkal, *IJF* 35 (2019) 144–156 (value of
promotion information); the keep rule is our own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.forecasting import pipeline
from engine.forecasting.backtest import FloatArray, roll_origins
from engine.forecasting.contracts import ForecastResult, ForecastSettings, SeriesSet
from engine.forecasting.profile import Profile, Rhythm, pack, profile_series
from engine.forecasting.weights import combine, plain_weights

HALF_LEVEL_WINDOW = 6
OWN_SPREAD = 0.2  # how far a series' effect may lie from its group's, as a share of it
OWN_FLOOR = 0.1  # … plus this, in units of the regressor's effect on the logarithm
SMALLEST_GAIN = 0.02  # of the back-test error, to keep a regressor
GROUP_VOTE = 2.0  # weight of the group's gain against the series' own, which a few origins measure badly
ORIGINS = 5
FEWEST_ORIGINS = 2
LARGEST_EFFECT = 3.0  # on the logarithm: twenty times


@dataclass(frozen=True)
class Regressors:
    """Known quantities, one column a period of history and then of the horizon.

    ``values`` is [K, n, T + h], or [K, 1, T + h] when all series share them; no NaN. Write a promotion as the share
    of the period it covers, a price or a number of working days as a logarithm.
    """

    names: tuple[str, ...]
    values: FloatArray

    def __post_init__(self) -> None:
        if self.values.ndim != 3 or len(self.names) != len(self.values):
            raise ValueError(f"{len(self.names)} names do not fit regressors of shape {self.values.shape}")
        if not np.isfinite(self.values).all():
            raise ValueError("regressors must be finite")


@dataclass(frozen=True)
class Effects:
    """What was kept.

    Attributes
    ----------
    names : K regressors.
    coefficients : [n, K] effect on the logarithm of one unit; 0 where not kept.
    kept : [n, K]
    gain : [n, K] share of the back-test error the regressor saved when it was tried; NaN where it never varied.
    history, ahead : [n, T], [n, h] multipliers of all kept effects together.
    """

    names: tuple[str, ...]
    coefficients: FloatArray
    kept: NDArray[np.bool_]
    gain: FloatArray
    history: FloatArray
    ahead: FloatArray


def forecast_with_events(
    series: SeriesSet, regressors: Regressors, settings: ForecastSettings, groups: NDArray[np.int64] | None = None
) -> tuple[ForecastResult, Effects]:
    """Forecast with the effects that help. ``groups`` [n] pools effects, e.g. by family; default one group."""
    effects = learn_effects(series, regressors, settings, groups)
    plain = SeriesSet(series.keys, series.values / effects.history, series.first_month, series.trusted)
    return apply_effects(pipeline.forecast(plain, settings), effects), effects


def apply_effects(result: ForecastResult, effects: Effects) -> ForecastResult:
    """Put the effects back on a forecast of the history without them."""
    ahead = effects.ahead
    return replace(
        result,
        mean=result.mean * ahead,
        base=result.base * ahead,
        lower=result.lower * ahead[:, None],
        upper=result.upper * ahead[:, None],
        members=result.members * ahead[:, None],
        cleansed=result.cleansed * effects.history,
    )


def learn_effects(
    series: SeriesSet, regressors: Regressors, settings: ForecastSettings, groups: NDArray[np.int64] | None = None
) -> Effects:
    """Try the regressors one after the other and keep each, per series, only when it lowers the back-test error.

    Only series whose history is above zero throughout can take part: the effects multiply.
    """
    n, width = series.values.shape
    if regressors.values.shape[1] not in (1, n) or regressors.values.shape[2] != width + settings.horizon:
        raise ValueError(
            f"regressors have shape {regressors.values.shape}; expected [K, {n} or 1, {width + settings.horizon}]"
        )
    names, values = (
        regressors.names,
        np.broadcast_to(regressors.values, (len(regressors.names), n, width + settings.horizon)),
    )
    groups = np.zeros(n, np.int64) if groups is None else groups
    study = _Study(series, values, groups, settings)
    kept = np.zeros((n, len(names)), bool)
    gain = np.full((n, len(names)), np.nan)
    error = study.backtest(kept)
    for k in range(len(names)):
        varies = study.usable & (np.ptp(values[k, :, :width], axis=1) > 0)
        if not varies.any():
            continue
        trial = kept.copy()
        trial[varies, k] = True
        tried = study.backtest(trial)
        with np.errstate(invalid="ignore", divide="ignore"):
            gain[varies, k] = (1.0 - tried / error)[varies]
        better = varies & (_vote(gain[:, k], groups) > SMALLEST_GAIN)
        kept[better, k] = True
        error = np.where(better, tried, error)
    coefficients = study.coefficients(kept, width)
    effect = np.clip(np.einsum("nk,knt->nt", coefficients, values), -LARGEST_EFFECT, LARGEST_EFFECT)
    multiplier = np.exp(effect)
    return Effects(names, coefficients, kept, gain, multiplier[:, :width], multiplier[:, width:])


def _vote(gain: FloatArray, groups: NDArray[np.int64]) -> FloatArray:
    """Gain of each series drawn towards the median gain of its group; NaN stays NaN."""
    drawn = gain.copy()
    for group in np.unique(groups):
        rows = (groups == group) & ~np.isnan(gain)
        if rows.any():
            drawn[rows] = (gain[rows] + GROUP_VOTE * np.median(gain[rows])) / (1.0 + GROUP_VOTE)
    return drawn


class _Study:
    """Back-tests of sets of regressors over the same histories."""

    def __init__(
        self, series: SeriesSet, values: FloatArray, groups: NDArray[np.int64], settings: ForecastSettings
    ) -> None:
        self.rhythm = Rhythm(settings.season_length)
        self.profile = profile_series(series, self.rhythm)
        self.values, self.groups, self.settings = values, groups, settings
        self.width = series.values.shape[1]
        with np.errstate(invalid="ignore"):
            inside = np.arange(self.width) >= self.profile.launch[:, None]
            positive = np.where(inside, self.profile.filled > 0, True).all(axis=1)
        step = max(1, min(settings.horizon, settings.season_length // 2))
        self.cuts = [step * j for j in range(1, ORIGINS + 1)]
        self.usable = positive & (self.profile.length - step * FEWEST_ORIGINS >= self.fewest)

    @property
    def fewest(self) -> int:
        return self.rhythm.new_below + 2 * HALF_LEVEL_WINDOW

    def coefficients(self, kept: NDArray[np.bool_], end: int) -> FloatArray:
        """Effects [n, K] learnt from the columns before ``end``; 0 where not kept."""
        rows = np.flatnonzero(kept.any(axis=1) & (end - self.profile.launch >= self.fewest))
        coefficients = np.zeros(kept.shape)
        if not len(rows):
            return coefficients
        gram, moment = self._normal_equations(rows, end)
        pooled = _pool(gram, moment, self.groups[rows])
        spread = 1.0 / (OWN_SPREAD * np.abs(pooled) + OWN_FLOOR) ** 2
        used = kept[rows]
        own = gram * used[:, :, None] * used[:, None, :]
        index = np.arange(kept.shape[1])
        own[:, index, index] += spread
        # What the group's effects leave unexplained moves the series' own away from them.
        rest = (moment - np.einsum("nkl,nl->nk", gram * used[:, None, :], pooled)) * used
        coefficients[rows] = np.round((pooled + np.linalg.solve(own, rest[:, :, None])[:, :, 0]) * used, 6)
        return coefficients

    def _normal_equations(self, rows: NDArray[np.int64], end: int) -> tuple[FloatArray, FloatArray]:
        """(XᵀX, Xᵀz) [r, K, K] and [r, K] of the filtered history, over its error variance."""
        first = self.profile.launch[rows]
        known = np.arange(end) >= first[:, None]
        logs = np.log(np.where(known, self.profile.filled[rows, :end], 1.0))
        season = self.settings.season_length
        z = filter_out(logs, known, season)
        x = np.stack([filter_out(v[rows, :end], known, season) for v in self.values], axis=1)
        variance = (z * z).sum(axis=1) / np.maximum(known.sum(axis=1), 1) + 1e-12
        gram = np.einsum("nkt,nlt->nkl", x, x) / variance[:, None, None]
        return gram, np.einsum("nkt,nt->nk", x, z) / variance[:, None]

    def backtest(self, kept: NDArray[np.bool_]) -> FloatArray:
        """Sum of absolute errors of the plain combination over the origins, [n]; NaN where not measured."""
        total, count = np.zeros(len(kept)), np.zeros(len(kept))
        rows = np.flatnonzero(self.usable)
        for cut in self.cuts:
            end = self.width - cut
            effect = np.einsum("nk,knt->nt", self.coefficients(kept, end), self.values)
            multiplier = np.exp(np.clip(effect, -LARGEST_EFFECT, LARGEST_EFFECT))
            plain = Profile(
                self.profile.filled / multiplier[:, : self.width], self.profile.first_seen, self.profile.launch,
                self.profile.route,
            )  # fmt: skip
            packed = pack(plain, rows, self.profile.launch[rows], None)
            ahead = min(self.settings.horizon, cut)
            for window in roll_origins(packed, (cut,), ahead, self.settings.season_length, fewest=self.fewest):
                which = rows[window.rows]
                mean = combine(window.outlook.members, plain_weights(ahead)) * multiplier[which, end : end + ahead]
                actual = self.profile.filled[which, end : end + ahead]
                total[which] += np.abs(actual - mean).sum(axis=1)
                count[which] += 1
        return np.where(count >= FEWEST_ORIGINS, total, np.nan)


def filter_out(values: FloatArray, known: NDArray[np.bool_], season: int) -> FloatArray:
    """Take out the local level (mean of 13 periods) and, from two seasons on, the mean of each phase.

    [n, t]; zero where not known.
    """
    x = np.where(known, values, 0.0)
    x = np.where(known, x - _window_sum(x) / np.maximum(_window_sum(known.astype(float)), 1.0), 0.0)
    if season < 2 or x.shape[1] < 2 * season:
        return x
    enough = known.sum(axis=1) >= 2 * season
    for phase in range(season):
        part = slice(phase, None, season)
        mean = x[:, part].sum(axis=1) / np.maximum(known[:, part].sum(axis=1), 1)
        x[:, part] -= np.where(known[:, part], (mean * enough)[:, None], 0.0)
    return x


def _window_sum(x: FloatArray) -> FloatArray:
    """Sum over ``HALF_LEVEL_WINDOW`` periods to both sides."""
    total = np.concatenate([np.zeros((len(x), 1)), np.cumsum(x, axis=1)], axis=1)
    t = np.arange(x.shape[1])
    last = np.minimum(t + HALF_LEVEL_WINDOW + 1, x.shape[1])
    return total[:, last] - total[:, np.maximum(t - HALF_LEVEL_WINDOW, 0)]


def _pool(gram: FloatArray, moment: FloatArray, groups: NDArray[np.int64]) -> FloatArray:
    """Effects of each series' group [r, K]: all its series in one regression, with a whisper of a ridge."""
    pooled = np.zeros(moment.shape)
    index = np.arange(moment.shape[1])
    for group in np.unique(groups):
        members = groups == group
        total = gram[members].sum(axis=0)
        total[index, index] += 1e-6 * np.trace(total) / len(index) + 1e-9
        pooled[members] = np.linalg.solve(total, moment[members].sum(axis=0))
    return pooled
