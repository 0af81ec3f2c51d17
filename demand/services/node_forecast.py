"""One place forecast as one series in the request: as it is, and as it would be under somebody's "what if"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from django.core.cache import cache
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from core.errors import InvalidInput
from cycles.models import Cycle
from demand.selectors.baseline import load_baseline
from demand.selectors.place import Place
from demand.services.forecast_plan import Plan, load_plan
from engine.forecasting import ForecastSettings, Outlier, Route, SeriesSet, apply, fit
from engine.forecasting.profile import Rhythm, profile_series

if TYPE_CHECKING:
    from engine.forecasting.model import FittedModel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MIN_MONTHS = 3
YEAR = 12
LEVELS = (80.0, 95.0)
MODEL_SECONDS = 24 * 3600
SMALLEST_FACTOR = 0.05  # of an activity that takes nearly everything away


@dataclass(frozen=True)
class NodeHistory:
    """The series below a place, ``keys`` [n, 2], and their total as one series; ``plan`` is all the forecast reads."""

    plan: Plan
    keys: Ints
    leaves: SeriesSet
    node: SeriesSet

    @property
    def total(self) -> Floats:
        return self.node.values[0]

    @property
    def months(self) -> range:
        return range(self.node.first_month, self.node.first_month + len(self.total))


@dataclass(frozen=True)
class TriedActivity:
    """An activity somebody tries out: its months, both included, and what it does to demand in per cent."""

    from_month: int
    to_month: int
    uplift_pct: float


@dataclass(frozen=True)
class Trial:
    """What somebody wants to know: months left out, months corrected, activities, the first month that counts."""

    ignore_months: Sequence[int] = ()
    corrections: dict[int, float] = field(default_factory=dict)
    activities: Sequence[TriedActivity] = ()
    start_month: int | None = None


@dataclass(frozen=True)
class NodeForecast:
    """One place forecast as one series. ``history`` starts at ``first_month``; the rest follows the history.

    ``plain``: the same forecast without the trial; ``change``: the trial less it, over twelve months. ``baseline`` is
    what is published for the place: the sum of its leaves, with the activities of the register in it.
    """

    first_month: int
    history: list[float | None]
    cleansed: list[float | None]
    replaced_months: list[int]
    mean: list[float]
    low: list[float]
    high: list[float]
    route: str
    plain: list[float]
    baseline: list[float | None]
    change: float


def forecast_node(*, cycle: Cycle, place: Place, trial: Trial | None = None) -> NodeForecast:
    """Forecast a place's total again in the request under a trial. Nothing is stored.

    An activity is divided out of the months of history it covers and multiplied into those ahead. Raises
    ``InvalidInput`` when there is nothing, or too little left, to forecast from.
    """
    history, trial = load_history(cycle=cycle, place=place), trial or Trial()
    months = history.months
    tried, factor = _under(trial, history.total, months), _factor(trial, months, cycle.horizon)
    if np.count_nonzero(~np.isnan(tried)) < MIN_MONTHS:
        raise InvalidInput(_("Fewer than %(months)d months would be left to forecast from.") % {"months": MIN_MONTHS})
    settings, model = node_settings(history.plan), load_model(history.plan)
    plain = apply(history.node, settings, model)
    series = SeriesSet(history.node.keys, tried[None] / factor[: len(tried)], months.start, history.node.trusted)
    result = apply(series, settings, model)
    ahead = factor[len(tried) :]
    mean = result.mean[0] * ahead
    return NodeForecast(
        first_month=months.start,
        history=_numbers(tried),
        cleansed=_numbers(result.cleansed[0] * factor[: len(tried)]),
        replaced_months=[months.start + int(i) for i in np.flatnonzero(result.outliers[0] == Outlier.REPLACED)],
        mean=mean.round(1).tolist(),
        low=(result.lower[0, 0] * ahead).round(1).tolist(),
        high=(result.upper[0, 0] * ahead).round(1).tolist(),
        route=Route(result.route[0]).name.lower(),
        plain=plain.mean[0].round(1).tolist(),
        baseline=load_baseline(cycle=cycle, place=place),
        change=round(float((mean - plain.mean[0])[:YEAR].sum()), 1),
    )


def load_history(*, cycle: Cycle, place: Place) -> NodeHistory:
    """The histories the forecast sees below a place, gaps filled before they are added up.

    Raises ``InvalidInput`` where nothing was sold.
    """
    plan = load_plan(cycle)
    prepared = plan.prepared
    inside = np.flatnonzero(np.isin(prepared.rows, place.rows(prepared.axis)))
    leaves = prepared.series.take(inside)
    if not len(leaves) or np.isnan(leaves.values).all():
        raise InvalidInput(_("Nothing was sold here yet, so there is nothing to forecast from."), code="no_history")
    filled = profile_series(leaves, Rhythm(12)).filled
    known = ~np.isnan(filled).all(axis=0)
    total = np.where(known, np.nansum(filled, axis=0), np.nan)
    trusted = leaves.trusted if len(leaves) == 1 else None
    node = SeriesSet(np.array(["node"]), total[None], leaves.first_month, trusted)
    return NodeHistory(plan, prepared.axis.keys[prepared.rows[inside]], leaves, node)


def node_settings(plan: Plan) -> ForecastSettings:
    """As the run's, without the correction that is learnt for leaves and would not fit their sums."""
    return ForecastSettings(horizon=plan.frame.horizon, levels=LEVELS, residual="off")


def load_model(plan: Plan) -> FittedModel:
    """What the company's histories teach, kept for a day under the identity of everything it was learnt from."""
    from engine.forecasting.model import FittedModel  # brings numba: not into every web process

    key = f"forecast-model-2:{plan.input_hash}"
    if (text := cache.get(key)) is not None:
        return FittedModel.from_json(text)
    model = fit(plan.prepared.series, node_settings(plan))
    cache.set(key, model.to_json(), MODEL_SECONDS)
    return model


def _under(trial: Trial, total: Floats, months: range) -> Floats:
    tried = total.copy()
    for month, value in trial.corrections.items():
        if month in months:
            tried[month - months.start] = value
    for month in trial.ignore_months:
        if month in months:
            tried[month - months.start] = np.nan
    if trial.start_month is not None:
        tried[: max(trial.start_month - months.start, 0)] = np.nan
    return tried


def _factor(trial: Trial, months: range, horizon: int) -> Floats:
    """What the activities do to each month of history and horizon."""
    every = np.arange(months.start, months.stop + horizon)
    factor = np.ones(len(every))
    for activity in trial.activities:
        covered = (every >= activity.from_month) & (every <= activity.to_month)
        factor = np.where(covered, factor * max(1 + activity.uplift_pct / 100, SMALLEST_FACTOR), factor)
    return factor


def _numbers(values: Floats) -> list[float | None]:
    return [None if np.isnan(v) else round(float(v), 1) for v in values]
