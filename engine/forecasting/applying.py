"""Applying: forecast any part of the series with what was learnt, a row at a time in effect.

Nothing here depends on the other rows: parts put together equal the whole, bit by bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.forecasting import bands, intermittent, routes, weights
from engine.forecasting.backtest import Outlook, look_ahead, roll_origins
from engine.forecasting.catalogue import MEMBER_COUNT
from engine.forecasting.contracts import ForecastResult, ForecastSettings, Route, SeriesSet
from engine.forecasting.features import FEATURE_COUNT
from engine.forecasting.model import FittedModel, Quantiles
from engine.forecasting.profile import Packed, Profile, Rhythm, pack, profile_series

LARGEST = np.finfo(np.float64).max / 4


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
    rows = profile.rows(Route.REGULAR)
    packed = pack(profile, rows, profile.launch[rows], series.trusted)
    outlook = _fill_members(draft, packed, rows, settings, model.weights)
    mean = draft.base[rows]
    draft.method[rows] = "combination"
    if model.residual is not None:
        mean = mean + model.residual.correction(outlook, mean)
        draft.method[rows] = "combination_residual"
    _fill_bands(draft, rows, mean, model.regular, bands.error_scale(model.regular.coefficients, outlook))
    _fill_origins(draft, packed, rows, settings, model.weights, rhythm, rhythm.short_below)


def _fill_short(
    draft: _Draft, series: SeriesSet, profile: Profile, settings: ForecastSettings, model: FittedModel, rhythm: Rhythm
) -> None:
    rows = profile.rows(Route.SHORT)
    packed = pack(profile, rows, profile.launch[rows], series.trusted)
    outlook = _fill_members(draft, packed, rows, settings, model.short_weights)
    draft.method[rows] = "short_history"
    scale = bands.error_scale(model.short.coefficients, outlook)
    _fill_bands(draft, rows, draft.base[rows], model.short, scale)
    _fill_origins(draft, packed, rows, settings, model.short_weights, rhythm, rhythm.new_below)


def _fill_members(
    draft: _Draft, packed: Packed, rows: np.ndarray, settings: ForecastSettings, member_weights: np.ndarray
) -> Outlook:
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
    draft.base[rows] = weights.combine(outlook.members, member_weights)
    return outlook


def _fill_bands(
    draft: _Draft, rows: np.ndarray, mean: np.ndarray, quantiles: bands.BandModel | Quantiles, scale: np.ndarray
) -> None:
    draft.mean[rows] = mean
    draft.lower[rows] = mean[:, None] + quantiles.lower * scale[:, None]
    draft.upper[rows] = mean[:, None] + quantiles.upper * scale[:, None]


def _fill_origins(
    draft: _Draft, packed: Packed, rows: np.ndarray, settings: ForecastSettings, member_weights: np.ndarray,
    rhythm: Rhythm, fewest: int,
) -> None:  # fmt: skip
    """Errors of the combination and of each member at the origins that leave ``fewest`` points."""
    origins = rhythm.origins(settings.horizon)
    absolute = np.zeros((len(rows), MEMBER_COUNT))
    count = np.zeros(len(rows))
    for window in roll_origins(packed, origins, settings.horizon, settings.season_length, fewest=fewest):
        members, ahead = window.outlook.members, window.actual.shape[1]
        errors = window.actual - weights.combine(members, member_weights)
        draft.origin_errors[rows[window.rows], origins.index(window.cut), :ahead] = errors
        absolute[window.rows] += np.abs(window.actual[:, None] - members).sum(axis=2)
        count[window.rows] += ahead
    measured = count > 0
    draft.member_errors[rows[measured]] = absolute[measured] / count[measured, None]


def _fill_new(draft: _Draft, profile: Profile, model: FittedModel) -> None:
    rows = profile.rows(Route.NEW)
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
    rows = profile.rows(Route.INTERMITTENT)
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
