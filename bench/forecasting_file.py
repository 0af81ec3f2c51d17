"""Accuracy on any file of ``unique_id,ds,y``: the last periods of every series held out, peers beside in the same run.

``python3 dev.py bench forecasting --file sales.csv --horizon 12 --freq M``
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import forecasting_peers
from bench.table import Row
from demand.periods import find_frequency
from demand.series_file import read_histories
from engine.forecasting import ForecastSettings, SeriesSet, forecast, scores, warm_up
from engine.forecasting.profile import Rhythm, profile_series

Floats = NDArray[np.float64]

FEWEST_BEFORE = 3  # points that must be left before the hold-out
SEASONAL_TEST = 1.645  # of the autocorrelation, as in the M competitions
MOST_FOR_PEERS = 3000  # series; AutoETS takes a minute a thousand


def run_file(path: Path, horizon: int, freq: str | None) -> list[Row]:
    """sMAPE, MASE, OWA over Naive2, band coverage and cost of both efforts, seasonal naive and statsforecast."""
    try:
        histories = read_histories(path, find_frequency(freq) if freq else None)
    except ValueError as error:
        raise SystemExit(str(error)) from error
    given, season = histories.series, histories.frequency.season_length
    kept, actual = _hold_out(given, horizon)
    if not len(kept):
        raise SystemExit(f"{path}: no series has {FEWEST_BEFORE} points before its last {horizon}")
    warm_up()
    peers, without = _run_peers(kept, horizon, season)
    refused = np.zeros(len(kept), bool)
    for peer in peers:
        refused |= ~np.isfinite(peer.mean).all(axis=1)
    if refused.all():
        peers, without, refused = [], "they refuse every series", np.zeros(len(kept), bool)
    judge = _Judge(kept, actual, season, ~refused)
    left_out = len(given) - len(kept)
    note = f"{histories.frequency.name}, season of {season}"
    if left_out:
        note += f"; {left_out} too short or with gaps in the hold-out"
    if refused.any():
        note += f"; {int(refused.sum())} that statsforecast refuses are scored for no method"
    rows = [Row("series", len(kept), "", note=note), *_run_engine(judge, horizon, season)]
    rows += judge.rows("seasonal naive", judge.seasonal_naive(), None)
    rows += judge.rows("Naive2", judge.naive2, None)
    if without:
        return [*rows, Row("statsforecast", float("nan"), "", note=without)]
    return rows + [row for peer in peers for row in judge.rows(peer.name, peer.mean, peer.seconds)]


def _run_engine(judge: _Judge, horizon: int, season: int) -> list[Row]:
    rows = []
    for effort in ("full", "fast"):
        settings = ForecastSettings(horizon=horizon, season_length=season, effort=effort)
        forecast(judge.series.take(slice(0, 30)), settings)  # what is imported on first use is not counted
        started = time.process_time()
        result = forecast(judge.series, settings)
        rows += judge.rows(f"this engine, {effort}", result.mean, time.process_time() - started)
        if effort == "full":
            for j, level in enumerate(result.levels):
                held = 100 * scores.coverage(judge.actual, result.lower[:, j], result.upper[:, j]).mean()
                rows.append(Row(f"coverage of {level:g} % bands", float(held), "%", f"{level:g}"))
    return rows


def _hold_out(series: SeriesSet, horizon: int) -> tuple[SeriesSet, Floats]:
    before, after = series.values[:, :-horizon], series.values[:, -horizon:]
    usable = (~np.isnan(before)).sum(axis=1) >= FEWEST_BEFORE
    usable &= ~np.isnan(after).any(axis=1) if after.shape[1] == horizon else False
    return SeriesSet(series.keys[usable], before[usable]), after[usable]


class _Judge:
    """Scores of forecasts of the same hold-out, of the ``scored`` series [n].

    Series that never change have no MASE and are left out of it.
    """

    def __init__(self, series: SeriesSet, actual: Floats, season: int, scored: NDArray[np.bool_]) -> None:
        self.series, self.actual, self.season, self.scored = series, actual, season, scored
        self.filled = profile_series(series, Rhythm(season)).filled
        histories = [row[~np.isnan(row)] for row in self.filled]
        self.scale = np.array([_step(history, season) for history in histories])
        self.naive2 = np.vstack([_naive2(history, season, actual.shape[1]) for history in histories])
        self.reference = self._measure(self.naive2)

    def _measure(self, mean: Floats) -> tuple[float, float]:
        usable = self.scored & (self.scale > 0)
        mase = scores.mase(self.actual[usable], mean[usable], self.scale[usable]) if usable.any() else float("nan")
        return scores.smape(self.actual[self.scored], mean[self.scored]), mase

    def rows(self, name: str, mean: Floats, seconds: float | None) -> list[Row]:
        smape, mase = self._measure(mean)
        owa = scores.owa(smape, mase, *self.reference)
        note = f"sMAPE {smape:.3f} %, MASE {mase:.4f}"
        rows = [Row(f"{name}: OWA", owa, "", note=note)]
        if seconds is not None:
            rows.append(Row(f"{name}: cost", 1000 * seconds / len(self.series), "ms a series"))
        return rows

    def seasonal_naive(self) -> Floats:
        """Last season once more; the last point for histories below one season."""
        horizon = self.actual.shape[1]
        last = np.nan_to_num(self.filled[:, -1:])
        if self.filled.shape[1] < self.season:
            return np.repeat(last, horizon, axis=1)
        cycle = self.filled[:, -self.season :]
        return np.where(np.isnan(cycle), last, cycle)[:, np.arange(horizon) % self.season]


def _step(history: Floats, season: int) -> float:
    lag = season if len(history) > season else 1
    return float(np.abs(history[lag:] - history[:-lag]).mean()) if len(history) > lag else 0.0


def _naive2(history: Floats, season: int, horizon: int) -> Floats:
    """Last point, with classical multiplicative seasons where their autocorrelation is significant."""
    flat = np.full(horizon, history[-1])
    if season < 2 or len(history) < 3 * season or (history <= 0).any() or np.ptp(history) == 0:
        return flat
    centred = history - history.mean()
    variance = (centred**2).sum()
    acf = np.array([(centred[lag:] * centred[:-lag]).sum() / variance for lag in range(1, season + 1)])
    if abs(acf[-1]) <= SEASONAL_TEST * np.sqrt((1 + 2 * (acf[:-1] ** 2).sum()) / len(history)):
        return flat
    window = np.ones(season) / season
    if season % 2 == 0:
        window = np.convolve(window, [0.5, 0.5])
    half = len(window) // 2
    ratio = history[half : len(history) - half] / np.convolve(history, window, mode="valid")
    phase = np.arange(half, len(history) - half) % season
    index = np.array([ratio[phase == p].mean() for p in range(season)])
    index /= index.mean()
    ahead = index[(len(history) + np.arange(horizon)) % season]
    return history[-1] / index[(len(history) - 1) % season] * ahead


def _run_peers(kept: SeriesSet, horizon: int, season: int) -> tuple[list[forecasting_peers.Peer], str]:
    """(peers, ""), or none and why."""
    if len(kept) > MOST_FOR_PEERS:
        return [], f"left out above {MOST_FOR_PEERS:,} series"
    filled = SeriesSet(kept.keys, profile_series(kept, Rhythm(season)).filled)
    try:
        return forecasting_peers.run_statsforecast(filled, horizon, season=season), ""
    except forecasting_peers.PeersUnavailable as error:
        return [], f"not measured: {error}"
