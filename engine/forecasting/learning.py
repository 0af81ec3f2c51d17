"""Learning: everything that is estimated once from the company's own histories.

Series are taken in the order of their keys' hashes, so neither the order in which they arrive nor their number per
chunk changes what is learnt.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.forecasting import bands, intermittent, residual, routes, weights
from engine.forecasting.backtest import Window, roll_origins, thin
from engine.forecasting.contracts import ForecastSettings, Note, Route, SeriesSet
from engine.forecasting.model import FittedModel
from engine.forecasting.profile import Profile, Rhythm, key_order, pack, profile_series

WEIGHT_ROWS = 30_000
BAND_ROWS = 80_000
SHORT_SERIES = 600  # long histories that play short ones
SHORT_LENGTHS = 4  # how long they do it


def fit(
    series: SeriesSet, settings: ForecastSettings, progress: Callable[[float, str], None] | None = None
) -> FittedModel:
    """Learn weights, residual model, band quantiles and the intermittent factor from the company's own history."""
    report = progress or (lambda fraction, step: None)
    rhythm = Rhythm(settings.season_length)
    order, places = key_order(series.keys)
    series, places = series.take(order), places[order]
    profile = profile_series(series, rhythm)
    report(0.1, "learn")
    windows, lengths, sample_places, younger = _training_windows(series, profile, places, settings, rhythm)
    report(0.5, "learn")
    notes: list[Note] = []
    member_weights = weights.plain_weights(settings.horizon)
    if settings.learn_weights:
        member_weights = weights.learn_weights(thin(windows, sample_places, WEIGHT_ROWS), settings.horizon)
    short_windows, is_younger = _short_windows(series, profile, settings, rhythm)
    short_weights = weights.plain_weights(settings.horizon, weights.SHORT)
    if settings.learn_weights:
        short_weights = weights.learn_weights(short_windows, settings.horizon, weights.SHORT)
    model = _train_residual(windows, lengths, sample_places, member_weights, settings, notes)
    report(0.8, "learn")
    factor, intermittent_bands = _learn_intermittent(series, profile, settings, rhythm)
    return FittedModel(
        weights=member_weights,
        short_weights=short_weights,
        residual=model,
        regular=_learn_bands(
            thin(windows, sample_places, BAND_ROWS), younger, member_weights, settings, bands.REGULAR_PRIOR
        ),
        short=_learn_bands(short_windows, is_younger, short_weights, settings, bands.SHORT_PRIOR),
        new=routes.launch_quantiles(profile, settings.horizon, settings.levels),
        intermittent=intermittent_bands,
        intermittent_factor=factor,
        notes=tuple(notes),
    )


def _training_windows(
    series: SeriesSet, profile: Profile, places: np.ndarray, settings: ForecastSettings, rhythm: Rhythm
) -> tuple[list[Window], np.ndarray, np.ndarray, bool]:
    """Back-test windows of as many regular series as the hungriest learner wants.

    Returns (windows, lengths, places, younger): with ``younger`` no history was long enough to be cut back to two
    seasons, and the windows are those of one season.
    """
    rows = profile.rows(Route.REGULAR)
    origins = rhythm.origins(settings.horizon)
    each = sum(min(settings.horizon, cut) for cut in origins)
    wanted = max(WEIGHT_ROWS, BAND_ROWS)
    if settings.residual != "off":
        wanted = max(wanted, 4 * residual.EFFORTS[settings.effort].rows)
    rows = rows[: -(-wanted // each)]
    packed = pack(profile, rows, profile.launch[rows], series.trusted)
    season = settings.season_length
    windows = roll_origins(packed, origins, settings.horizon, season, fewest=rhythm.short_below)
    younger = _errors_in(windows) < bands.FEWEST
    if younger:
        windows = roll_origins(packed, origins, settings.horizon, season, fewest=rhythm.new_below)
    return windows, packed.lengths, places[rows], younger


def _short_windows(
    series: SeriesSet, profile: Profile, settings: ForecastSettings, rhythm: Rhythm
) -> tuple[list[Window], bool]:
    """Windows of short series, and of longer ones that are shown their last points only; (windows, younger)."""
    rows = profile.rows(Route.SHORT, Route.REGULAR)[:SHORT_SERIES]
    packed = pack(profile, rows, profile.launch[rows], series.trusted)
    origins, season = rhythm.origins(settings.horizon), settings.season_length
    middle = (rhythm.new_below + rhythm.short_below) // 2
    # Every length of a short history in turn: errors and features of twelve months are not those of twenty-one.
    step = max(1, (rhythm.short_below - rhythm.new_below) // SHORT_LENGTHS)
    longest = rhythm.new_below + step * (np.arange(len(rows)) % SHORT_LENGTHS)
    for fewest in (middle, rhythm.new_below, rhythm.new_below // 2):
        windows = roll_origins(packed, origins, settings.horizon, season, fewest=fewest, longest=longest)
        if _errors_in(windows) >= bands.FEWEST:
            break
    return windows, fewest < middle


def _errors_in(windows: list[Window]) -> int:
    return sum(window.actual.size for window in windows)


def _learn_bands(
    windows: list[Window],
    younger: bool,
    member_weights: np.ndarray,
    settings: ForecastSettings,
    prior: bands.Prior,
) -> bands.BandModel:
    outlooks = [window.outlook for window in windows]
    errors = [window.actual - weights.combine(window.outlook.members, member_weights) for window in windows]
    return bands.learn_bands(outlooks, errors, settings.horizon, settings.levels, prior, younger)


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
        notes.append(
            Note("residual_short", "Histories are too short or too few for the learnt correction; it was left out.")
        )
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
    rows = profile.rows(Route.INTERMITTENT)
    packed = pack(profile, rows, profile.first_seen[rows], None)
    factor = intermittent.learn_factor(packed.flat, packed.starts, packed.lengths, rhythm.year)
    return factor, routes.intermittent_quantiles(
        packed, factor, rhythm.origins(settings.horizon), settings.horizon, rhythm.year, settings.levels
    )
