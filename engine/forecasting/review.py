"""Looking at one forecast: what cleansing found, and what the back-test says by lead.

The bands of the back-test are made as those of the forecast are, from what was known at each origin, so that their
coverage can be counted: how many of 100 months ended inside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.forecasting import bands, weights
from engine.forecasting.backtest import FloatArray, look_ahead, roll_origins
from engine.forecasting.contracts import ForecastSettings, Route, SeriesSet
from engine.forecasting.model import FittedModel
from engine.forecasting.profile import Rhythm, pack, profile_series

LEADS = ((1, 1), (2, 2), (3, 3), (4, 6), (7, 12), (13, 18), (19, 120))


@dataclass(frozen=True)
class LeadReview:
    """Months ``first`` … ``last`` ahead: how many pairs, WMAPE, bias, and the share inside each band level."""

    first: int
    last: int
    pairs: int
    wmape: float | None
    bias: float | None
    coverage: tuple[float | None, ...]


def find_outliers(series: SeriesSet, season_length: int = 12) -> tuple[FloatArray, NDArray[np.int8]]:
    """(cleansed, flags), [n, T] each, as the forecast of these series would cleanse them.

    Flags are :class:`engine.forecasting.contracts.Outlier`; new, intermittent and dead series are not cleansed.
    """
    profile = profile_series(series, Rhythm(season_length))
    cleansed, flags = profile.filled.copy(), np.zeros(series.values.shape, np.int8)
    rows = profile.rows(Route.REGULAR, Route.SHORT)
    packed = pack(profile, rows, profile.launch[rows], series.trusted)
    clean, marks = np.empty_like(packed.flat), np.zeros(len(packed.flat), np.uint8)
    look_ahead(packed, 1, season_length, clean=clean, flags=marks)  # compiled already, as the cleansing alone is not
    inside = np.arange(series.values.shape[1]) >= packed.columns[:, None]
    for target, source in ((cleansed, clean), (flags, marks)):
        block = target[rows]
        block[inside] = source
        target[rows] = block
    return cleansed, flags


def review_backtest(series: SeriesSet, settings: ForecastSettings, model: FittedModel) -> list[LeadReview]:
    """Errors and coverage of the combination at the back-test origins, pooled over the series, by lead.

    Only series that take the regular or the short route were back-tested with bands; empty when none was.
    """
    rhythm = Rhythm(settings.season_length)
    profile = profile_series(series, rhythm)
    origins = rhythm.origins(settings.horizon)
    errors, actuals, insides = [], [], []
    for route, band, fewest in (
        (Route.REGULAR, model.regular, rhythm.short_below),
        (Route.SHORT, model.short, rhythm.new_below),
    ):
        rows = profile.rows(route)
        if not len(rows):
            continue
        packed = pack(profile, rows, profile.launch[rows], series.trusted)
        for window in roll_origins(packed, origins, settings.horizon, settings.season_length, fewest=fewest):
            ahead = window.actual.shape[1]
            mean = weights.combine(window.outlook.members, model.weights_of(route))[:, :ahead]
            scale = bands.error_scale(band.coefficients, window.outlook)[:, None, :ahead]
            low, high = mean[:, None] + band.lower[:, :ahead] * scale, mean[:, None] + band.upper[:, :ahead] * scale
            inside = (low <= window.actual[:, None]) & (window.actual[:, None] <= high)
            pad = ((0, 0), (0, settings.horizon - ahead))
            errors.append(np.pad(mean - window.actual, pad, constant_values=np.nan))
            actuals.append(np.pad(window.actual, pad, constant_values=np.nan))
            insides.append(np.pad(inside.astype(float), ((0, 0), (0, 0), pad[1]), constant_values=np.nan))
    if not errors:
        return []
    return by_lead(np.concatenate(errors), np.concatenate(actuals), np.concatenate(insides))


def by_lead(errors: FloatArray, actuals: FloatArray, inside: FloatArray) -> list[LeadReview]:
    """Figures of errors (forecast − actual) and actuals [k, h] and of 0/1 ``inside`` [k, L, h]; NaN: unmeasured."""
    found = []
    for first, last in LEADS:
        part = slice(first - 1, last)
        error, actual = errors[:, part], actuals[:, part]
        known = ~np.isnan(error)
        pairs, sold = int(known.sum()), float(np.nansum(actual))
        if not pairs:
            continue
        held = [float(np.nanmean(level)) for level in np.moveaxis(inside[:, :, part], 1, 0)]
        found.append(
            LeadReview(
                first=first,
                last=min(last, errors.shape[1]),
                pairs=pairs,
                wmape=float(np.nansum(np.abs(error))) / sold if sold > 0 else None,
                bias=float(np.nansum(error)) / sold if sold > 0 else None,
                coverage=tuple(held),
            )
        )
    return found
