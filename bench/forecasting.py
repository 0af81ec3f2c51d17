"""Forecast figures: accuracy on public series, robustness, speed, and peers in the same run."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
from scipy import sparse

from bench import datasets, forecasting_peers
from bench.table import Row
from engine.forecasting import ForecastSettings, SeriesSet, forecast, scores, warm_up
from engine.forecasting.backtest import look_ahead
from engine.forecasting.borrowing import learn_borrowing
from engine.forecasting.events import Regressors, forecast_with_events
from engine.forecasting.profile import Rhythm, key_order, pack, profile_series
from engine.forecasting.reconciliation import error_variance, reconcile, whole_units

HORIZON = 18
SHORT_MONTHS = 16
NAIVE2_SMAPE, NAIVE2_MASE = 16.891, 1.0369  # Naive2 on M3 monthly
MONTHLY = ForecastSettings(horizon=HORIZON)
FAST = ForecastSettings(horizon=HORIZON, effort="fast")


def run() -> list[Row]:
    """Every row; an explaining one when the shared series are absent."""
    if not datasets.is_present():
        return [Row("forecast accuracy", float("nan"), "", note=f"skipped: no series in {datasets.DATA}")]
    warm_up()
    m3 = datasets.load_m3()
    return [
        *measure_m3(m3),
        *measure_spikes(m3),
        *measure_short(m3),
        *measure_carparts(),
        *measure_hierarchy(),
        *measure_events(),
        *measure_speed(m3),
        *compare_peers(m3),
    ]


def owa(holdout: datasets.Holdout, mean: np.ndarray) -> tuple[float, float, float]:
    """(sMAPE, MASE, OWA) of forecasts of M3."""
    smape = scores.smape(holdout.actual, mean)
    mase = scores.mase(holdout.actual, mean, holdout.scale(12))
    return smape, mase, scores.owa(smape, mase, NAIVE2_SMAPE, NAIVE2_MASE)


def measure_m3(m3: datasets.Holdout) -> list[Row]:
    result, seconds = _timed(lambda: forecast(m3.series, MONTHLY))
    smape, mase, weighted = owa(m3, result.mean)
    rows = [
        Row("M3 monthly OWA", weighted, "", "≤ 0.790", f"{len(m3.series)} series, h = {HORIZON}"),
        Row("M3 monthly sMAPE", smape, "%"),
        Row("M3 monthly MASE", mase, ""),
        Row("M3 monthly, full effort", 1000 * seconds / len(m3.series), "ms a series"),
    ]
    for j, level in enumerate(result.levels):
        lower, upper = result.lower[:, j], result.upper[:, j]
        held = 100 * scores.coverage(m3.actual, lower, upper)
        near = int((np.abs(held - level) <= 1.5).sum())
        note = f"{near} of {HORIZON} horizons within 1.5 points"
        rows.append(Row(f"M3 coverage of {level:g} % bands", float(held.mean()), "%", f"{level:g} ± 1.5", note))
        score = scores.msis(m3.actual, lower, upper, m3.scale(12), level)
        rows.append(Row(f"M3 MSIS of {level:g} % bands", score, "", "≤ 6.24" if level == 95 else ""))
    quick, seconds = _timed(lambda: forecast(m3.series, FAST))
    _smape, _mase, fast = owa(m3, quick.mean)
    rows.append(Row("M3 monthly OWA, fast", fast, ""))
    rows.append(Row("M3 monthly, fast effort", 1000 * seconds / len(m3.series), "ms a series"))
    return rows + _published()


def _published() -> list[Row]:
    """The best of the competition, as published."""
    best = datasets.load_m3_scores().head(5)
    return [
        Row(f"{method} M3 OWA", owa, "", note="published")
        for method, owa in zip(best["method"].tolist(), best["owa"].tolist(), strict=True)
    ]


def measure_spikes(m3: datasets.Holdout) -> list[Row]:
    """One month of the last 24 times six in every series: what cleansing is for."""
    rng = np.random.default_rng(0)
    spiked = m3.series.values.copy()
    months = spiked.shape[1] - 1 - rng.integers(0, 24, len(spiked))
    spiked[np.arange(len(spiked)), months] *= 6.0
    result = forecast(SeriesSet(m3.series.keys, spiked), MONTHLY)
    _smape, _mase, weighted = owa(m3, result.mean)
    found = (result.outliers[np.arange(len(spiked)), months] > 0).mean()
    return [Row("M3 OWA with one spike a series", weighted, "", "≤ 0.81", f"{100 * found:.0f} % of spikes flagged")]


def measure_short(m3: datasets.Holdout) -> list[Row]:
    """Half of the series cut to sixteen months: without and with a season borrowed from those of their kind."""
    rows, cut = np.arange(len(m3.series)), m3.series.values.copy()
    is_short = key_order(m3.series.keys)[1] < 0.5
    cut[is_short, :-SHORT_MONTHS] = np.nan
    plain_settings = ForecastSettings(horizon=HORIZON, residual="off")
    series, scale = SeriesSet(m3.series.keys, cut), m3.scale(12)[is_short]
    kinds = datasets.load_m3_kinds()
    found = learn_borrowing(series, plain_settings, {"kind": kinds})
    plain = forecast(series, plain_settings).mean[is_short]
    without = scores.mase(m3.actual[is_short], plain, scale)
    borrowed = without
    if found is not None:
        season = found.season(kinds, cut.shape[1], HORIZON)
        season[~is_short] = 1.0
        part = SeriesSet(m3.series.keys, cut / season[:, : cut.shape[1]])
        mean = forecast(part, plain_settings).mean * season[:, cut.shape[1] :]
        borrowed = scores.mase(m3.actual[is_short], mean[is_short], scale)
    note = f"{len(rows[is_short])} series; {'nothing borrowed' if found is None else f'share {found.share:g}'}"
    return [
        Row(f"M3 cut to {SHORT_MONTHS} months, MASE", without, ""),
        Row("the same with a borrowed season", borrowed, "", "no worse", note),
    ]


def measure_carparts() -> list[Row]:
    parts = datasets.load_carparts()
    result = forecast(parts.series, ForecastSettings(horizon=12))
    scale = parts.mean_square_step()
    usable = scale > 0
    error = scores.rmsse(parts.actual[usable], result.mean[usable], scale[usable])
    bias = 100 * (result.mean.sum() - parts.actual.sum()) / parts.actual.sum()
    rows = [
        Row("car parts RMSSE", error, "", "≤ 0.680", f"{len(parts.series)} intermittent series"),
        Row("car parts bias", bias, "%", "± 10"),
    ]
    for j, level in enumerate(result.levels):
        held = 100 * scores.coverage(parts.actual, result.lower[:, j], result.upper[:, j]).mean()
        rows.append(Row(f"car parts coverage of {level:g} % bands", float(held), "%"))
    return rows


def measure_hierarchy() -> list[Row]:
    """MASE over all 525 nodes, mean of three origins, as whole units."""
    bottom, sums = datasets.load_tourism()
    every = np.vstack([sums @ bottom, bottom])
    base_errors, errors = [], []
    for origin in (216, 204, 192):
        known, actual = every[:, :origin], every[:, origin : origin + 12]
        result = forecast(SeriesSet(np.arange(len(every)), known), ForecastSettings(horizon=12))
        upper = sums.shape[0]
        variance = error_variance(result.origin_errors)
        leaves, _ = reconcile(result.mean[upper:], result.mean[:upper], sums, variance[upper:], variance[:upper])
        units = whole_units(leaves)
        scale = np.abs(known[:, 12:] - known[:, :-12]).mean(axis=1)
        base_errors.append(scores.mase(actual, result.mean, scale))
        errors.append(scores.mase(actual, np.vstack([sums @ units, units]), scale))
    return [
        Row("tourism hierarchy MASE", float(np.mean(errors)), "", "≤ 0.885", "525 nodes, three origins, whole units"),
        Row("tourism hierarchy MASE before reconciling", float(np.mean(base_errors)), ""),
        _reconcile_speed(),
    ]


def measure_events() -> list[Row]:
    """Weekly cheese, four weeks ahead, with display and price known in advance; three origins."""
    names, volume, display, price = datasets.load_cheese()
    plain, informed, sold = 0.0, 0.0, 0.0
    settings = ForecastSettings(horizon=4, season_length=52)
    for cut in (4, 8, 12):
        end = volume.shape[1] - cut
        series, actual = SeriesSet(names, volume[:, :end]), volume[:, end : end + 4]
        known = np.stack([display[:, : end + 4], np.log(price[:, : end + 4])])
        result, _effects = forecast_with_events(series, Regressors(("display", "price"), known), settings)
        plain += np.abs(actual - forecast(series, settings).mean).sum()
        informed += np.abs(actual - result.mean).sum()
        sold += actual.sum()
    return [
        Row("weekly WMAPE without events", 100 * plain / sold, "%"),
        Row("weekly WMAPE with known display and price", 100 * informed / sold, "%", "a third less"),
    ]


def _reconcile_speed() -> Row:
    """100,000 leaves under 42,000 aggregates: 10 orgs × 10,000 products, families, and all their crossings."""
    leaves, rng = 100_000, np.random.default_rng(0)
    product, org = np.divmod(np.arange(leaves), 10)
    groups = [np.zeros(leaves, int), org, product, product // 10 * 10 + org, product // 4 * 10 + org, product // 10]
    rows = [sparse.csr_matrix((np.ones(leaves), (codes, np.arange(leaves)))) for codes in groups]
    stacked = sparse.vstack(rows).tocsr()
    sums = stacked[stacked.getnnz(axis=1) > 1]
    values = rng.lognormal(3, 1, (leaves, HORIZON))
    upper = (sums @ values) * rng.lognormal(0, 0.1, (sums.shape[0], HORIZON))
    _moved, seconds = _timed(lambda: reconcile(values, upper, sums, np.ones(leaves), np.ones(sums.shape[0])))
    return Row("reconcile 100,000 leaves", seconds, "s", "≤ 1", f"{sums.shape[0]:,} aggregates")


def measure_speed(m3: datasets.Holdout) -> list[Row]:
    """CPU seconds of one thread."""
    profile = profile_series(m3.series, Rhythm(12))
    packed = pack(profile, np.arange(len(m3.series)), profile.launch, None)
    _outlook, seconds = min(
        (_timed(lambda: look_ahead(packed, HORIZON, 12)) for _ in range(5)), key=lambda pair: pair[1]
    )
    rows = [Row("kernel: 14 members, cleansing, features", len(m3.series) / seconds, "series/core-s", "≥ 15,000")]
    many = repeat_series(m3.series, 10_000, months=60)
    _result, seconds = _timed(lambda: forecast(many, FAST))
    rows.append(
        Row("fast pipeline, 10,000 × 60 months", len(many) / seconds, "series/core-s", "≥ 2,000", "bands, 5 origins")
    )
    return rows + _measure_many()


def _measure_many() -> list[Row]:
    """100,000 series in a process of their own, so that its peak is theirs."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        seconds, gigabytes = pool.submit(forecast_many).result()
    return [
        Row("100,000 × 60 months, engine", seconds, "s", "≤ 40", "one core"),
        Row("100,000 × 60 months, peak of the process", gigabytes, "GB", "≤ 2"),
    ]


def forecast_many() -> tuple[float, float]:
    """(CPU seconds, peak gigabytes of this process) of the fast pipeline on 100,000 series."""
    warm_up()
    many = repeat_series(datasets.load_m3().series, 100_000, months=60)
    _result, seconds = _timed(lambda: forecast(many, FAST))
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def repeat_series(series: SeriesSet, count: int, months: int) -> SeriesSet:
    """As many series as wanted: the last months of real ones, each month times a random factor near one."""
    rng = np.random.default_rng(0)
    values = np.tile(series.values[:, -months:], (-(-count // len(series)), 1))[:count]
    return SeriesSet(np.arange(count), values * rng.lognormal(0, 0.05, values.shape))


def compare_peers(m3: datasets.Holdout) -> list[Row]:
    """statsforecast's best automatic models on the same series, each with its cost."""
    try:
        peers = forecasting_peers.run_statsforecast(m3.series, HORIZON)
    except forecasting_peers.PeersUnavailable as error:
        return [Row("statsforecast", float("nan"), "", note=f"not measured: {error}")]
    rows = []
    for peer in peers:
        _smape, _mase, weighted = owa(m3, peer.mean)
        rows.append(Row(f"{peer.name} M3 OWA", weighted, "", note="statsforecast, same series"))
        rows.append(Row(f"{peer.name} cost", 1000 * peer.seconds / len(m3.series), "ms a series"))
    return rows


def _timed(work: Callable[[], object]):
    started = time.process_time()
    result = work()
    return result, time.process_time() - started
