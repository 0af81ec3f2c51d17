"""The statistical forecast: load → check → forecast → publish, as a job or for one node in the request."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from django.conf import settings as django_settings
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import InvalidInput
from core.jobs import Progress, enqueue_job, fence
from core.models import Job
from cycles.models import Cycle
from demand.adapters import PreparedHistory, pack_errors, prepare_history, to_cubes
from demand.bands import error_correlation
from demand.measures import ACTUAL, FORECAST
from demand.models import ForecastErrors, ForecastRun
from demand.selectors.frame import Frame, load_frame
from demand.selectors.place import Place
from demand.selectors.sources import load_outlier_marks, load_predecessors, load_series_keys
from engine.accuracy import measure_accuracy
from engine.forecasting import ForecastResult, ForecastSettings, Route, forecast
from plans.choices import PublishPolicy, Source
from plans.cubes import canonical_json
from plans.selectors import get_heads
from plans.services import publish_cubes

CHUNK_SERIES = 4000
MIN_MONTHS = 3
STEPS = ("load", "forecast", "publish")


def forecast_input_hash(cycle: Cycle) -> str:
    """Identity of everything a run of this cycle would read; differs from the last run's when it is stale."""
    return _input_hash(load_frame(cycle), _settings(cycle.horizon))


def enqueue_forecast(*, cycle: Cycle, actor: User | None) -> Job:
    """Put a forecast of the cycle's working plan in the queue; an equal waiting one is returned instead."""
    return enqueue_job(kind="forecast", scope={"cycle": cycle.pk}, actor=actor, input_hash=forecast_input_hash(cycle))


def run_forecast(job: Job, progress: Progress) -> dict[str, Any]:
    """Forecast every series of the cycle in ``job.scope`` and publish baseline and bands in one swap.

    Edits or another forecast published meanwhile stop it (strict): nothing is overwritten unseen.
    """
    started = time.monotonic()
    progress.within("load", 0)
    cycle = Cycle.objects.get(pk=job.scope["cycle"])
    frame = load_frame(cycle)
    heads = get_heads(version_id=frame.version_id, measures=[ACTUAL, *FORECAST])
    options = _settings(cycle.horizon)
    prepared = prepare(frame)
    if not len(prepared.rows):
        raise InvalidInput(_("There is no sales history to forecast from. Import the sheet “history” first."))
    progress.within("forecast", 0)
    result = forecast(prepared.series, options, lambda done, _step: progress.within("forecast", done))
    progress.within("publish", 0)
    errors = pack_errors(prepared, result)
    cubes = to_cubes(result, prepared, lifecycle=frame.lifecycle, first_month=frame.first_month, scale=frame.scale)
    summary = _summarise(frame, prepared, result)
    summary["seconds"] = round(time.monotonic() - started, 2)
    publish_cubes(
        version_id=frame.version_id,
        cubes=cubes,
        seen={code: heads[code] for code in FORECAST},
        inputs={ACTUAL: heads[ACTUAL]},
        policy=PublishPolicy.STRICT,
        fence=partial(_finish, job, frame, options, summary, errors),
        job_id=job.pk,
        actor=job.created_by,
        source=Source.JOB,
        cause="forecast",
    )
    return summary


def _finish(job: Job, frame: Frame, options: ForecastSettings, summary: dict[str, Any], errors: bytes) -> None:
    """First in the publishing transaction: the job is done and the run is on record, or neither."""
    fence(job, result=summary)
    run = ForecastRun.objects.create(
        version_id=frame.version_id,
        job=job,
        first_month=frame.first_month,
        horizon=frame.horizon,
        settings=_settings_json(options),
        series=summary["series"],
        routes=summary["routes"],
        accuracy=summary["accuracy"],
        seconds=summary["seconds"],
        input_hash=_input_hash(frame, options),
        finished_at=timezone.now(),
    )
    ForecastErrors.objects.create(run=run, data=errors)


def prepare(frame: Frame) -> PreparedHistory:
    """The engine's view of the history: linked to predecessors, with people's word on outliers."""
    trusted, removed = load_outlier_marks()
    return prepare_history(
        frame.actual,
        axis=frame.axis,
        keys=load_series_keys(frame.axis),
        lifecycle=frame.lifecycle,
        predecessors=load_predecessors(),
        first_month=frame.first_month,
        horizon=frame.horizon,
        trusted=trusted,
        removed=removed,
    )


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
    frame = load_frame(cycle)
    prepared = prepare(frame)
    inside = np.isin(prepared.rows, place.rows(frame.axis))
    values = prepared.series.values[inside]
    if not inside.any():
        raise InvalidInput(_("Nothing was sold here yet, so there is nothing to forecast from."))
    known = ~np.isnan(values).all(axis=0)
    total = np.where(known, np.nansum(values, axis=0), np.nan)
    start = prepared.series.first_month
    for month in ignore_months:
        if 0 <= month - start < len(total):
            total[month - start] = np.nan
    if np.count_nonzero(~np.isnan(total)) < MIN_MONTHS:
        raise InvalidInput(_("Fewer than %(months)d months would be left to forecast from.") % {"months": MIN_MONTHS})
    series = type(prepared.series)(np.array(["node"]), total[None, :], start)
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


def _settings(horizon: int) -> ForecastSettings:
    return ForecastSettings(horizon=horizon, levels=(80.0, 95.0), chunk=CHUNK_SERIES)


def _settings_json(options: ForecastSettings) -> dict[str, Any]:
    return {
        "horizon": options.horizon,
        "levels": list(options.levels),
        "season_length": options.season_length,
        "residual": options.residual,
        "effort": options.effort,
    }


def _summarise(frame: Frame, prepared: PreparedHistory, result: ForecastResult) -> dict[str, Any]:
    """Counts by route, back-test error and how far errors move together, for the result and the bands of totals."""
    names = {route.value: route.name.lower() for route in Route}
    backtest = measure_accuracy(*_backtest(prepared.series.values, result))
    return {
        "series": len(prepared.rows),
        "linked": prepared.linked,
        "left_out": len(frame.axis) - len(prepared.rows),
        "routes": {names[route]: count for route, count in sorted(Counter(result.route.tolist()).items())},
        "outliers": int(np.count_nonzero(result.outliers)),
        "notes": [note.text for note in result.notes],
        "accuracy": {
            "backtest_wmape": backtest.wmape,
            "backtest_bias": backtest.bias,
            "error_correlation": round(error_correlation(result.origin_errors), 4),
        },
    }


def _backtest(history: np.ndarray, result: ForecastResult) -> tuple[np.ndarray, np.ndarray]:
    """What the recipe forecast at each origin and what came, both [series, months of all origins]; NaN: unknown."""
    months, horizon = history.shape[1], result.mean.shape[1]
    came, errors = [np.empty((len(history), 0))], [np.empty((len(history), 0))]
    for index, origin in enumerate(result.origins):
        if origin < months:
            actual = history[:, months - origin :][:, :horizon]
            came.append(actual)
            errors.append(result.origin_errors[:, index, : actual.shape[1]])
    actual = np.concatenate(came, axis=1)
    return actual - np.concatenate(errors, axis=1), actual


def _input_hash(frame: Frame, options: ForecastSettings) -> str:
    lifecycle, marks = frame.lifecycle, load_outlier_marks()
    digest = hashlib.sha256()
    digest.update(frame.actual.axis.sha.encode())
    digest.update(np.ascontiguousarray(frame.actual.values).tobytes())
    digest.update(frame.axis.sha.encode())
    digest.update(lifecycle.launch.tobytes() + lifecycle.end.tobytes())
    digest.update(
        canonical_json(
            {
                "settings": {key: str(value) for key, value in _settings_json(options).items()},
                "predecessors": sorted(load_predecessors().items()),
                "marks": [sorted((list(key), sorted(months)) for key, months in mark.items()) for mark in marks],
                "first_month": frame.first_month,
                "code": django_settings.CODE_VERSION,
            }
        ).encode()
    )
    return digest.hexdigest()
