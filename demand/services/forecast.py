"""The statistical forecast: asking for a run, and one node forecast again in the request."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import InvalidInput
from core.jobs import enqueue_job
from core.models import Job
from cycles.models import Cycle
from demand.selectors.place import Place
from demand.services.forecast_plan import load_plan
from engine.forecasting import ForecastSettings, Route, SeriesSet, forecast

MIN_MONTHS = 3


def forecast_input_hash(cycle: Cycle) -> str:
    """Identity of everything a run of this cycle would read; differs from the last run's when it is stale."""
    return load_plan(cycle).input_hash


def enqueue_forecast(*, cycle: Cycle, actor: User | None) -> Job:
    """Put a forecast of the cycle's working plan in the queue; an equal waiting one is returned instead."""
    return enqueue_job(kind="forecast", scope={"cycle": cycle.pk}, actor=actor, input_hash=forecast_input_hash(cycle))


@dataclass(frozen=True)
class NodeForecast:
    """One node forecast as one series, for the dialog that asks "what if". ``history`` starts at ``first_month``."""

    first_month: int
    history: list[float | None]
    cleansed: list[float | None]
    replaced_months: list[int]
    mean: list[float]
    low: list[float]
    high: list[float]
    route: str


def forecast_node(*, cycle: Cycle, place: Place, ignore_months: list[int]) -> NodeForecast:
    """Forecast a place's total again in the request, leaving some months out. Nothing is stored."""
    prepared = load_plan(cycle).prepared
    inside = np.isin(prepared.rows, place.rows(prepared.axis))
    values = prepared.series.values[inside]
    known = ~np.isnan(values).all(axis=0)
    if not known.any():
        raise InvalidInput(_("Nothing was sold here yet, so there is nothing to forecast from."))
    total = np.where(known, np.nansum(values, axis=0), np.nan)
    start = prepared.series.first_month
    for month in ignore_months:
        if 0 <= month - start < len(total):
            total[month - start] = np.nan
    if np.count_nonzero(~np.isnan(total)) < MIN_MONTHS:
        raise InvalidInput(_("Fewer than %(months)d months would be left to forecast from.") % {"months": MIN_MONTHS})
    series = SeriesSet(np.array(["node"]), total[None, :], start)
    result = forecast(series, ForecastSettings(horizon=cycle.horizon, residual="off"))
    return NodeForecast(
        first_month=start,
        history=_numbers(total),
        cleansed=_numbers(result.cleansed[0]),
        replaced_months=[start + int(i) for i in np.flatnonzero(result.outliers[0])],
        mean=result.mean[0].round(1).tolist(),
        low=result.lower[0, 0].round(1).tolist(),
        high=result.upper[0, 0].round(1).tolist(),
        route=Route(result.route[0]).name.lower(),
    )


def _numbers(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(v) else round(float(v), 1) for v in values]
