"""Known events: promotions, prices, working days, moving holidays; kept only where the back-test says they help.

A regressor acts on the logarithm of demand. Its effect is learnt after the local level and the season have been taken
out of both sides (Frisch–Waugh), pooled over a group of series, and each series' own effect is drawn towards the
group's. The history is then divided by the effects, forecast as usual, and multiplied by those of the months ahead.

Source: Frisch & Waugh, *Econometrica* 1 (1933) 387–401; Fildes, Goodwin & Önkal, *IJF* 35 (2019) 144–156 (value of
promotion information); the keep rule is our own.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.forecasting import pipeline
from engine.forecasting.backtest import FloatArray, roll_origins
from engine.forecasting.contracts import ForecastResult, ForecastSettings, SeriesSet
from engine.forecasting.profile import Rhythm, pack, profile_series
from engine.forecasting.regressors import LARGEST_EFFECT, EffectModel, Effects, Regressors
from engine.forecasting.weights import combine, plain_weights

HALF_LEVEL_WINDOW = 6
OWN_SPREAD = 0.2  # how far a series' effect may lie from its group's, as a share of it
OWN_FLOOR = 0.1  # … plus this, in units of the regressor's effect on the logarithm
SMALLEST_GAIN = 0.02  # of the back-test error, to keep a regressor
GROUP_VOTE = 2.0  # weight of the group's gain against the series' own, which a few origins measure badly
ORIGINS = 5
FEWEST_ORIGINS = 2
DENSE = 0.5  # of the months; a rarer regressor is judged by the months it is at work in
FEWEST_IN_GROUP = 6  # usable series, below which a group has no effects of its own
SMALLEST_NOISE = 0.01  # on the logarithm: a history that never moves must not outvote all others


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
    """What the groups have in common, learnt from all series, and each series' own effects."""
    return measure_effects(series, regressors, settings, fit_effects(series, regressors, settings, groups), groups)


def fit_effects(
    series: SeriesSet, regressors: Regressors, settings: ForecastSettings, groups: NDArray[np.int64] | None = None
) -> EffectModel:
    """Pool the effects of each group, and try the regressors one after the other to see what they save there.

    Groups with fewer than six usable series lean on all series together.
    """
    groups = np.zeros(len(series), np.int64) if groups is None else groups
    study = _Study(series, regressors, settings)
    numbers, counts = np.unique(groups[study.usable], return_counts=True)
    model = EffectModel(
        numbers[counts >= FEWEST_IN_GROUP],
        np.zeros((len(study.cuts) + 1, int((counts >= FEWEST_IN_GROUP).sum()) + 1, len(regressors.names))),
        np.full((int((counts >= FEWEST_IN_GROUP).sum()) + 1, len(regressors.names)), np.nan),
    )
    rows = model.rows_of(groups)
    study.pool(model, rows)
    study.select(model, rows, fitting=True)
    return model


def measure_effects(
    series: SeriesSet, regressors: Regressors, settings: ForecastSettings, model: EffectModel,
    groups: NDArray[np.int64] | None = None,
) -> Effects:  # fmt: skip
    """Try the regressors one after the other and keep each, per series, only when it lowers the back-test error.

    Only series whose history is above zero throughout can take part: the effects multiply. A regressor that saved
    nothing in its group is not tried again. No series looks at another: parts put together equal the whole.
    """
    n, width = series.values.shape
    groups = np.zeros(n, np.int64) if groups is None else groups
    study = _Study(series, regressors, settings)
    kept, gain, coefficients = study.select(model, model.rows_of(groups), fitting=False)
    effect = np.clip(np.einsum("nk,knt->nt", coefficients, study.values), -LARGEST_EFFECT, LARGEST_EFFECT)
    multiplier = np.exp(effect)
    return Effects(
        regressors.names, coefficients, kept, gain, study.varies.T, multiplier[:, :width], multiplier[:, width:]
    )


class _Study:
    """Back-tests of sets of regressors over the same histories."""

    def __init__(self, series: SeriesSet, regressors: Regressors, settings: ForecastSettings) -> None:
        n, self.width = series.values.shape
        shape = (len(regressors.names), n, self.width + settings.horizon)
        if regressors.values.shape not in (shape, (shape[0], 1, shape[2])):
            raise ValueError(f"regressors have shape {regressors.values.shape}; expected [K, {n} or 1, {shape[2]}]")
        self.values = np.broadcast_to(regressors.values, shape)
        self.settings, self.rhythm = settings, Rhythm(settings.season_length)
        self.profile = profile_series(series, self.rhythm)
        with np.errstate(invalid="ignore"):
            inside = np.arange(self.width) >= self.profile.launch[:, None]
            positive = np.where(inside, self.profile.filled > 0, True).all(axis=1)
        step = max(1, min(settings.horizon, settings.season_length // 2))
        self.cuts = [step * j for j in range(1, ORIGINS + 1)]
        self.usable = positive & (self.profile.length - step * FEWEST_ORIGINS >= self.fewest)
        self.regressors = regressors
        behind = self.values[:, :, : self.width]
        self.is_dense = (behind != 0).mean(axis=2) > DENSE  # [K, n]
        at_work = (
            np.stack([self._at_work(k, np.arange(n)).any(axis=(1, 2)) for k in range(shape[0])]) if shape[0] else 0
        )
        self.varies = self.usable & (np.ptp(behind, axis=2) > 0) & at_work  # [K, n]

    @property
    def fewest(self) -> int:
        return self.rhythm.new_below + 2 * HALF_LEVEL_WINDOW

    def _ends(self) -> list[int]:
        return [*(self.width - cut for cut in self.cuts), self.width]

    def _at_work(self, k: int, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """[r, C, h]: the months a back-test forecasts in which a regressor counts: all, or those it is not zero in."""
        months = np.zeros((len(rows), len(self.cuts), self.settings.horizon), bool)
        for place, cut in enumerate(self.cuts):
            end, ahead = self.width - cut, min(self.settings.horizon, cut)
            measured = end - self.profile.launch[rows] >= self.fewest
            moved = (self.values[k, rows, end : end + ahead] != 0) | self.is_dense[k, rows, None]
            months[:, place, :ahead] = moved & measured[:, None]
        return months

    def pool(self, model: EffectModel, group_rows: NDArray[np.int64]) -> None:
        """Fill ``model.pooled``: all series of a group in one regression, with a whisper of a ridge."""
        index = np.arange(len(self.values))
        for place, end in enumerate(self._ends()):
            rows = np.flatnonzero(self.usable & (end - self.profile.launch >= self.fewest))
            gram, moment = self._normal_equations(rows, end)
            for group in range(model.pooled.shape[1]):
                members = group_rows[rows] == group if group < len(model.groups) else np.ones(len(rows), bool)
                total = gram[members].sum(axis=0)
                total[index, index] += 1e-6 * np.diag(total) + 1e-9
                pooled: FloatArray = np.linalg.solve(total, moment[members].sum(axis=0)).round(6)
                model.pooled[place, group] = self.regressors.allow(pooled)

    def select(
        self, model: EffectModel, group_rows: NDArray[np.int64], *, fitting: bool
    ) -> tuple[NDArray[np.bool_], FloatArray, FloatArray]:
        """(kept, gain, coefficients), each [n, K]. ``fitting`` writes the groups' median gains into the model."""
        kept = np.zeros(self.varies.T.shape, bool)
        gain = np.full(kept.shape, np.nan)
        errors = np.full((len(kept), len(self.cuts), self.settings.horizon), np.nan)
        is_known = np.zeros(len(kept), bool)
        for k in range(kept.shape[1]):
            hopeful = model.gain[group_rows, k] > 0
            rows = np.flatnonzero(self.varies[k] & (hopeful | fitting))
            if not len(rows):
                continue
            fresh = rows[~is_known[rows]]
            errors[fresh] = self._backtest(kept, fresh, model, group_rows)
            is_known[fresh] = True
            trial = kept.copy()
            trial[rows, k] = True
            tried = self._backtest(trial, rows, model, group_rows)
            counted = self._at_work(k, rows)
            with np.errstate(invalid="ignore", divide="ignore"):
                before = np.where(counted, errors[rows], 0.0).sum(axis=(1, 2))
                gain[rows, k] = 1.0 - np.where(counted, tried, 0.0).sum(axis=(1, 2)) / before
            if fitting:
                _note_gains(model.gain, gain[:, k], group_rows, k)
            with np.errstate(invalid="ignore"):
                vote = (gain[rows, k] + GROUP_VOTE * model.gain[group_rows[rows], k]) / (1.0 + GROUP_VOTE)
                better = vote > SMALLEST_GAIN
            kept[rows[better], k] = True
            errors[rows[better]] = tried[better]
        everyone = np.arange(len(kept))
        return kept, gain, self._coefficients(kept, everyone, len(self.cuts), model, group_rows)

    def _coefficients(
        self, kept: NDArray[np.bool_], rows: NDArray[np.int64], place: int, model: EffectModel,
        group_rows: NDArray[np.int64],
    ) -> FloatArray:  # fmt: skip
        """Effects [r, K] of ``rows`` learnt before the end number ``place``; 0 where not kept."""
        end = self._ends()[place]
        coefficients = np.zeros((len(rows), kept.shape[1]))
        learning = np.flatnonzero(kept[rows].any(axis=1) & (end - self.profile.launch[rows] >= self.fewest))
        if not len(learning):
            return coefficients
        used = kept[rows[learning]]
        gram, moment = self._normal_equations(rows[learning], end)
        pooled = model.pooled[place, group_rows[rows[learning]]]
        own = gram * used[:, :, None] * used[:, None, :]
        index = np.arange(kept.shape[1])
        own[:, index, index] += 1.0 / (OWN_SPREAD * np.abs(pooled) + OWN_FLOOR) ** 2
        # What the group's effects leave unexplained moves the series' own away from them.
        rest = (moment - np.einsum("nkl,nl->nk", gram * used[:, None, :], pooled)) * used
        found = np.round((pooled + np.linalg.solve(own, rest[:, :, None])[:, :, 0]) * used, 6)
        coefficients[learning] = self.regressors.allow(found)
        return coefficients

    def _normal_equations(self, rows: NDArray[np.int64], end: int) -> tuple[FloatArray, FloatArray]:
        """(XᵀX, Xᵀz) [r, K, K] and [r, K] of the filtered history, over its error variance."""
        first = self.profile.launch[rows]
        known = np.arange(end) >= first[:, None]
        logs = np.log(np.where(known, self.profile.filled[rows, :end], 1.0))
        season = self.settings.season_length
        z = filter_out(logs, known, season)
        x = np.stack([filter_out(v[rows, :end], known, season) for v in self.values], axis=1)
        variance = np.maximum((z * z).sum(axis=1) / np.maximum(known.sum(axis=1), 1), SMALLEST_NOISE**2)
        gram = np.einsum("nkt,nlt->nkl", x, x) / variance[:, None, None]
        return gram, np.einsum("nkt,nt->nk", x, z) / variance[:, None]

    def _backtest(
        self, kept: NDArray[np.bool_], rows: NDArray[np.int64], model: EffectModel, group_rows: NDArray[np.int64]
    ) -> FloatArray:
        """Absolute errors [r, C, h] of the plain combination of ``rows`` at each origin; NaN where not measured."""
        errors = np.full((len(rows), len(self.cuts), self.settings.horizon), np.nan)
        values = self.values[:, rows]
        for place, cut in enumerate(self.cuts):
            end = self.width - cut
            effect = np.einsum("nk,knt->nt", self._coefficients(kept, rows, place, model, group_rows), values)
            multiplier = np.exp(np.clip(effect, -LARGEST_EFFECT, LARGEST_EFFECT))
            plain = self.profile.filled.copy()
            plain[rows] /= multiplier[:, : self.width]
            packed = pack(replace(self.profile, filled=plain), rows, self.profile.launch[rows], None)
            ahead = min(self.settings.horizon, cut)
            for window in roll_origins(packed, (cut,), ahead, self.settings.season_length, fewest=self.fewest):
                mean = (
                    combine(window.outlook.members, plain_weights(ahead)) * multiplier[window.rows, end : end + ahead]
                )
                actual = self.profile.filled[rows[window.rows], end : end + ahead]
                errors[window.rows, place, :ahead] = np.abs(actual - mean)
        return errors


def _note_gains(table: FloatArray, gain: FloatArray, group_rows: NDArray[np.int64], k: int) -> None:
    """Median gain of each group into column ``k``; a group in which it never varied goes by all series."""
    everyone = gain[~np.isnan(gain)]
    for group in range(len(table)):
        own = everyone if group == len(table) - 1 else gain[(group_rows == group) & ~np.isnan(gain)]
        if len(own):
            table[group, k] = np.median(own)


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
