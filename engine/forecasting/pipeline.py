"""The whole recipe: profile → route → cleanse → members → weights → residual model → bands.

``fit`` learns once, on a sample in the order of the keys' hashes; ``apply`` forecasts any part of the series, one
chunk at a time, and touches nothing but the row in hand: parts put together equal the whole, bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from engine.forecasting import bands, intermittent, residual, routes, weights
from engine.forecasting.backtest import Window, look_ahead, roll_origins, thin
from engine.forecasting.catalogue import MEMBER_COUNT
from engine.forecasting.contracts import ForecastResult, ForecastSettings, Note, Route, SeriesSet
from engine.forecasting.features import FEATURE_COUNT
from engine.forecasting.model import FittedModel
from engine.forecasting.profile import Packed, Profile, Rhythm, key_order, pack, profile_series

Progress = Callable[[float, str], None]

WEIGHT_ROWS = 30_000
BAND_ROWS = 80_000
SHORT_SERIES = 600  # long histories that play short ones
LARGEST = np.finfo(np.float64).max / 4


def forecast(series: SeriesSet, settings: ForecastSettings, progress: Progress | None = None) -> ForecastResult:
    """Fit on all series, then apply chunk by chunk.

    ``progress`` hears a fraction and the step's code (``learn``, ``forecast``); what it raises ends the run.
    """
    report = progress or (lambda fraction, step: None)
    model = fit(series, settings, lambda fraction, step: report(0.3 * fraction, step))
    parts = []
    for first in range(0, len(series), settings.chunk):
        report(0.3 + 0.7 * first / max(1, len(series)), "forecast")
        parts.append(apply(series.take(slice(first, first + settings.chunk)), settings, model))
    report(1.0, "forecast")
    return join(parts) if parts else apply(series, settings, model)


def fit(series: SeriesSet, settings: ForecastSettings, progress: Progress | None = None) -> FittedModel:
    """Learn weights, residual model, band quantiles and the intermittent factor from the company's own history."""
    report = progress or (lambda fraction, step: None)
    rhythm = Rhythm(settings.season_length)
    order, places = key_order(series.keys)
    series, places = series.take(order), places[order]
    profile = profile_series(series, rhythm)
    report(0.1, "learn")
    windows, lengths, sample_places = _training_windows(series, profile, places, settings, rhythm)
    report(0.5, "learn")
    notes: list[Note] = []
    member_weights = weights.plain_weights(settings.horizon)
    if settings.learn_weights:
        member_weights = weights.learn_weights(thin(windows, sample_places, WEIGHT_ROWS), settings.horizon)
    model = _train_residual(windows, lengths, sample_places, member_weights, settings, notes)
    report(0.8, "learn")
    factor, intermittent_bands = _learn_intermittent(series, profile, settings, rhythm)
    return FittedModel(
        weights=member_weights,
        residual=model,
        regular=_learn_bands(thin(windows, sample_places, BAND_ROWS), member_weights, settings),
        short=_learn_bands(_short_windows(series, profile, settings, rhythm), member_weights, settings),
        new=routes.launch_quantiles(profile, settings.horizon, settings.levels),
        intermittent=intermittent_bands,
        intermittent_factor=factor,
        notes=tuple(notes),
    )


def _rows_of(profile: Profile, *wanted: Route) -> np.ndarray:
    return np.flatnonzero(np.isin(profile.route, wanted))


def _training_windows(
    series: SeriesSet, profile: Profile, places: np.ndarray, settings: ForecastSettings, rhythm: Rhythm
) -> tuple[list[Window], np.ndarray, np.ndarray]:
    """Back-test windows of as many regular series as the hungriest learner wants; (windows, lengths, places)."""
    rows = _rows_of(profile, Route.REGULAR)
    origins = rhythm.origins(settings.horizon)
    each = sum(min(settings.horizon, cut) for cut in origins)
    wanted = max(WEIGHT_ROWS, BAND_ROWS)
    if settings.residual != "off":
        wanted = max(wanted, 4 * residual.EFFORTS[settings.effort].rows)
    rows = rows[: -(-wanted // each)]
    packed = pack(profile, rows, profile.launch[rows], series.trusted)
    season = settings.season_length
    windows = roll_origins(packed, origins, settings.horizon, season, fewest=rhythm.short_below)
    if sum(window.actual.size for window in windows) < bands.FEWEST:
        windows = roll_origins(packed, origins, settings.horizon, season, fewest=rhythm.new_below)
    return windows, packed.lengths, places[rows]


def _short_windows(series: SeriesSet, profile: Profile, settings: ForecastSettings, rhythm: Rhythm) -> list[Window]:
    """Windows of short series, and of longer ones that are shown their last points only."""
    rows = _rows_of(profile, Route.SHORT, Route.REGULAR)[:SHORT_SERIES]
    packed = pack(profile, rows, profile.launch[rows], series.trusted)
    return roll_origins(
        packed, rhythm.origins(settings.horizon), settings.horizon, settings.season_length,
        fewest=rhythm.new_below, longest=(rhythm.new_below + rhythm.short_below) // 2,
    )  # fmt: skip


def _learn_bands(windows: list[Window], member_weights: np.ndarray, settings: ForecastSettings) -> bands.BandModel:
    outlooks = [window.outlook for window in windows]
    errors = [window.actual - weights.combine(window.outlook.members, member_weights) for window in windows]
    return bands.learn_bands(outlooks, errors, settings.horizon, settings.levels)


def _train_residual(
    windows: list[Window],
    lengths: np.ndarray,
    places: np.ndarray,
    member_weights: np.ndarray,
    settings: ForecastSettings,
    notes: list[Note],
) -> residual.ResidualModel | None:
    if settings.residual == "off" or not windows:
        return None
    if settings.residual == "auto" and not residual.is_worthwhile(windows, lengths, settings.season_length):
        notes.append(Note("residual_short", "Histories are too short for the learnt correction; it was left out."))
        return None
    effort = residual.EFFORTS[settings.effort]
    try:
        return residual.train(thin(windows, places, 4 * effort.rows), member_weights, effort)
    except residual.ResidualUnavailable as error:
        notes.append(Note("residual_missing", f"LightGBM cannot be loaded ({error}); learnt weights alone were used."))
        return None


def _learn_intermittent(
    series: SeriesSet, profile: Profile, settings: ForecastSettings, rhythm: Rhythm
) -> tuple[float, routes.Quantiles]:
    rows = _rows_of(profile, Route.INTERMITTENT)
    packed = pack(profile, rows, profile.first_seen[rows], None)
    factor = intermittent.learn_factor(packed.flat, packed.starts, packed.lengths, rhythm.year)
    return factor, routes.intermittent_quantiles(
        packed, factor, rhythm.origins(settings.horizon), settings.horizon, rhythm.year, settings.levels
    )


@dataclass
class _Draft:
    """The arrays of a :class:`ForecastResult` while the routes fill their rows."""

    mean: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    method: np.ndarray
    cleansed: np.ndarray
    outliers: np.ndarray
    members: np.ndarray
    base: np.ndarray
    features: np.ndarray
    origin_errors: np.ndarray
    member_errors: np.ndarray


def apply(series: SeriesSet, settings: ForecastSettings, model: FittedModel) -> ForecastResult:
    """Forecast ``series`` with what was learnt. ``settings`` must be those of the fit."""
    rhythm = Rhythm(settings.season_length)
    profile = profile_series(series, rhythm)
    origins = rhythm.origins(settings.horizon)
    n, h, levels = len(series), settings.horizon, len(settings.levels)
    draft = _Draft(
        mean=np.zeros((n, h)), lower=np.zeros((n, levels, h)), upper=np.zeros((n, levels, h)),
        method=np.full(n, "no_demand", "<U24"), cleansed=profile.filled.copy(),
        outliers=np.zeros(series.values.shape, np.int8), members=np.full((n, MEMBER_COUNT, h), np.nan),
        base=np.zeros((n, h)), features=np.full((n, FEATURE_COUNT), np.nan),
        origin_errors=np.full((n, len(origins), h), np.nan), member_errors=np.full((n, MEMBER_COUNT), np.nan),
    )  # fmt: skip
    _fill_regular(draft, series, profile, settings, model, rhythm)
    _fill_short(draft, series, profile, settings, model, rhythm)
    _fill_new(draft, profile, model)
    _fill_intermittent(draft, profile, settings, model, rhythm)
    _settle(draft, profile)
    return ForecastResult(
        keys=series.keys, levels=settings.levels, route=profile.route, origins=origins, notes=model.notes, **vars(draft)
    )


def _fill_regular(
    draft: _Draft, series: SeriesSet, profile: Profile, settings: ForecastSettings, model: FittedModel, rhythm: Rhythm
) -> None:
    rows = _rows_of(profile, Route.REGULAR)
    packed = pack(profile, rows, profile.launch[rows], series.trusted)
    outlook = _fill_members(draft, packed, rows, settings, model)
    mean = draft.base[rows]
    draft.method[rows] = "combination"
    if model.residual is not None:
        mean = mean + model.residual.correction(outlook, mean)
        draft.method[rows] = "combination_residual"
    _fill_bands(draft, rows, mean, model.regular, bands.error_scale(model.regular.coefficients, outlook))
    _fill_origins(draft, packed, rows, settings, model, rhythm, rhythm.short_below)


def _fill_short(
    draft: _Draft, series: SeriesSet, profile: Profile, settings: ForecastSettings, model: FittedModel, rhythm: Rhythm
) -> None:
    rows = _rows_of(profile, Route.SHORT)
    packed = pack(profile, rows, profile.launch[rows], series.trusted)
    outlook = _fill_members(draft, packed, rows, settings, model)
    draft.method[rows] = "short_history"
    scale = bands.error_scale(model.short.coefficients, outlook)
    _fill_bands(draft, rows, draft.base[rows], model.short, scale)
    _fill_origins(draft, packed, rows, settings, model, rhythm, rhythm.new_below)


def _fill_members(draft: _Draft, packed: Packed, rows: np.ndarray, settings: ForecastSettings, model: FittedModel):
    clean = np.empty_like(packed.flat)
    flags = np.zeros(len(packed.flat), np.uint8)
    outlook = look_ahead(packed, settings.horizon, settings.season_length, clean=clean, flags=flags)
    inside = np.arange(draft.cleansed.shape[1]) >= packed.columns[:, None]
    for target, source in ((draft.cleansed, clean), (draft.outliers, flags)):
        block = target[rows]
        block[inside] = source
        target[rows] = block
    draft.members[rows] = outlook.members
    draft.features[rows] = outlook.features
    draft.base[rows] = weights.combine(outlook.members, model.weights)
    return outlook


def _fill_bands(
    draft: _Draft, rows: np.ndarray, mean: np.ndarray, quantiles: bands.BandModel | routes.Quantiles, scale: np.ndarray
) -> None:
    draft.mean[rows] = mean
    draft.lower[rows] = mean[:, None] + quantiles.lower * scale[:, None]
    draft.upper[rows] = mean[:, None] + quantiles.upper * scale[:, None]


def _fill_origins(
    draft: _Draft, packed: Packed, rows: np.ndarray, settings: ForecastSettings, model: FittedModel,
    rhythm: Rhythm, fewest: int,
) -> None:  # fmt: skip
    """Errors of the combination and of each member at the origins that leave ``fewest`` points."""
    origins = rhythm.origins(settings.horizon)
    absolute = np.zeros((len(rows), MEMBER_COUNT))
    count = np.zeros(len(rows))
    for window in roll_origins(packed, origins, settings.horizon, settings.season_length, fewest=fewest):
        members, ahead = window.outlook.members, window.actual.shape[1]
        errors = window.actual - weights.combine(members, model.weights)
        draft.origin_errors[rows[window.rows], origins.index(window.cut), :ahead] = errors
        absolute[window.rows] += np.abs(window.actual[:, None] - members).sum(axis=2)
        count[window.rows] += ahead
    measured = count > 0
    draft.member_errors[rows[measured]] = absolute[measured] / count[measured, None]


def _fill_new(draft: _Draft, profile: Profile, model: FittedModel) -> None:
    rows = _rows_of(profile, Route.NEW)
    if not len(rows):
        return
    since = np.arange(profile.filled.shape[1]) >= profile.launch[rows, None]
    rate = routes.run_rate(np.where(since, profile.filled[rows], np.nan))
    mean = np.repeat(rate[:, None], draft.mean.shape[1], axis=1)
    draft.method[rows] = "run_rate"
    draft.base[rows] = mean
    _fill_bands(draft, rows, mean, model.new, np.abs(mean))


def _fill_intermittent(
    draft: _Draft, profile: Profile, settings: ForecastSettings, model: FittedModel, rhythm: Rhythm
) -> None:
    rows = _rows_of(profile, Route.INTERMITTENT)
    if not len(rows):
        return
    packed = pack(profile, rows, profile.first_seen[rows], None)
    level, scale = intermittent.mix_levels(packed.flat, packed.starts, packed.lengths, rhythm.year)
    mean = np.repeat((model.intermittent_factor * level)[:, None], settings.horizon, axis=1)
    draft.method[rows] = "intermittent"
    draft.base[rows] = mean
    _fill_bands(draft, rows, mean, model.intermittent, np.repeat(scale[:, None], settings.horizon, axis=1))
    for j, cut in enumerate(rhythm.origins(settings.horizon)):
        errors, _scale, measured = routes.intermittent_errors(
            packed, model.intermittent_factor, cut, settings.horizon, rhythm.year
        )
        draft.origin_errors[rows[measured], j, : errors.shape[1]] = errors


def _settle(draft: _Draft, profile: Profile) -> None:
    """Nothing below zero where nothing ever was; finite; lower ≤ mean ≤ upper."""
    with np.errstate(invalid="ignore"):
        never_negative = ~(profile.filled < 0).any(axis=1)
    for values in (draft.mean, draft.base, draft.lower, draft.upper):
        np.nan_to_num(values, copy=False, nan=0.0, posinf=LARGEST, neginf=-LARGEST)
        values[never_negative] = np.maximum(values[never_negative], 0.0)
    np.minimum(draft.lower, draft.mean[:, None], out=draft.lower)
    np.maximum(draft.upper, draft.mean[:, None], out=draft.upper)


def join(parts: list[ForecastResult]) -> ForecastResult:
    """Put chunks together in their order."""
    first = parts[0]
    if len(parts) == 1:
        return first
    shared = {"levels", "origins", "notes"}
    joined = {
        f.name: getattr(first, f.name) if f.name in shared else np.concatenate([getattr(p, f.name) for p in parts])
        for f in fields(ForecastResult)
    }
    return ForecastResult(**joined)


def warm_up() -> None:
    """Compile both entry points by forecasting two small series."""
    steady = 100.0 + np.arange(48) % 12
    lumpy = np.where(np.arange(48) % 3 == 0, 5.0, 0.0)
    series = SeriesSet(np.array(["steady", "lumpy"]), np.vstack([steady, lumpy]))
    forecast(series, ForecastSettings(horizon=6, residual="off"))
