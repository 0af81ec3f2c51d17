"""The statistical forecast as a job: learn once, forecast in parts, put together, publish in one swap.

A company of up to :data:`ONE_JOB_SERIES` series is one job. A larger one learns on a sample, leaves its parts in the
database for children on all workers, and its continuation joins what they left. Both take the same functions in the
same order, so the numbers do not depend on how the work was spread.
"""

from __future__ import annotations

import time
from collections import Counter
from functools import partial
from typing import Any

import numpy as np
from django.utils import timezone
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from core.db import write_transaction
from core.errors import Conflict, InvalidInput
from core.jobs import (
    Progress,
    clear_parts,
    clear_stale_parts,
    enqueue_children,
    fence,
    read_part,
    write_parts,
)
from core.models import Job
from cycles.models import Cycle
from demand.adapters import LEVELS, pack_errors, to_cubes
from demand.bands import error_correlation
from demand.choices import EventKind
from demand.drivers import Kept, Told, apply_drivers
from demand.launch_forecast import put_launches
from demand.lifecycle import END_MONTHS, share_with_predecessors
from demand.measures import ACTUAL, FORECAST
from demand.models import ForecastErrors, ForecastRun
from demand.outlook import Outlook
from demand.parts import Learnt, Outcome, Task, forecast_part
from demand.reconciling import Verdict, find_aggregates, reconcile_with_totals
from demand.services.forecast_plan import Plan, load_plan
from demand.services.forecast_state import RunState, read_state, write_state
from engine.accuracy import measure_accuracy
from engine.forecasting import ForecastSettings, Route, SeriesSet, fit
from engine.forecasting.profile import Rhythm, key_order
from engine.forecasting.regressors import EffectModel
from plans.choices import PublishPolicy, Source
from plans.selectors import get_heads
from plans.services import publish_cubes

Ints = NDArray[np.int64]

ONE_JOB_SERIES = 3000
PART_SERIES = 2500
LEARN_SERIES = 2500  # a sample larger than this teaches nothing more
LATEST_MONTHS = 3  # of sales, by which a launch's total is shared
EFFECT_SERIES = 600  # that candidates of the calendar are tried on first


def run_forecast(job: Job, progress: Progress) -> dict[str, Any] | None:
    """Forecast every series of the cycle in ``job.scope`` and publish baseline and bands in one swap.

    Edits or another forecast published meanwhile stop it (strict): nothing is overwritten unseen. None: the job
    goes on in its parts, and :func:`join_forecast` ends it.
    """
    started = time.time()
    progress.within("load", 0)
    clear_stale_parts("forecast")
    plan = _load(job)
    seen = get_heads(version_id=plan.frame.version_id, measures=[ACTUAL, *FORECAST])
    if not len(plan.prepared.rows):
        raise InvalidInput(_("There is no sales history to forecast from. Import the sheet “history” first."))
    progress.within("learn", 0)
    learnt = learn(plan, lambda done: progress.within("learn", done))
    state = RunState(plan.input_hash, seen, started, _tell_borrowing(learnt))
    parts = split_rows(len(plan.prepared.rows))
    if len(parts) == 1:
        progress.within("parts", 0)
        return _finish(job, progress, plan, state, learnt, forecast_part(plan.task(parts[0], learnt.borrowing), learnt))
    tasks = {f"task/{place}": plan.task(rows, learnt.borrowing).pack() for place, rows in enumerate(parts)}
    with write_transaction():
        write_state(job, state)
        write_parts(job, {"learnt": learnt.pack(), **tasks})
        enqueue_children(
            job=job, kind="forecast_part", scopes=[{"run": job.pk, "part": place} for place in range(len(parts))]
        )
    return None


def run_part(job: Job, progress: Progress) -> dict[str, Any]:
    """Forecast one part of a run and leave the outcome for its continuation."""
    progress.within("forecast", 0)
    run, place = job.scope["run"], job.scope["part"]
    learnt = Learnt.unpack(read_part(run, "learnt"))
    task = Task.unpack(read_part(run, f"task/{place}"))
    progress.within("forecast", 0.2)
    outcome = forecast_part(task, learnt).pack()
    progress.within("forecast", 0.9)
    result = {"series": len(task.series)}
    with write_transaction():
        fence(job, result=result)
        write_parts(job.parent, {f"outcome/{place}": outcome})
    return result


def join_forecast(job: Job, progress: Progress) -> dict[str, Any]:
    """Put the parts of a run together and publish. What it read must still be what the parts were made from."""
    progress.within("combine", 0)
    plan, state = _load(job), read_state(job)
    if plan.input_hash != state.input_hash:
        clear_parts(job)
        raise Conflict(_("History or settings changed while the forecast was computed. Run it again."), code="stale")
    learnt = Learnt.unpack(read_part(job.pk, "learnt"))
    count = len(split_rows(len(plan.prepared.rows)))
    outcome = Outcome.join([Outcome.unpack(read_part(job.pk, f"outcome/{place}")) for place in range(count)])
    return _finish(job, progress, plan, state, learnt, outcome)


def split_rows(count: int) -> list[Ints]:
    """Rows of each part, in order; parts of about equal size."""
    if count <= ONE_JOB_SERIES:
        return [np.arange(count)]
    return [np.asarray(rows) for rows in np.array_split(np.arange(count), -(-count // PART_SERIES))]


def learn(plan: Plan, report: Any = lambda _done: None) -> Learnt:
    """Effects first, then seasons to borrow and the forecast model on what they leave.

    All on a sample by the hash of the series' keys.
    """
    from engine.forecasting.borrowing import learn_borrowing
    from engine.forecasting.events import measure_effects

    series, settings = plan.prepared.series, plan.settings
    order, _places = key_order(series.keys)
    effects = _learn_effects(plan, order)
    report(0.3)
    rows = np.sort(order[:LEARN_SERIES])
    sample = series.take(rows)
    if effects is not None and np.nanmax(effects.gain, initial=0.0) > 0:
        task = plan.task(rows)
        found = measure_effects(sample, task.regressors, settings, effects, task.groups)
        sample = SeriesSet(sample.keys, sample.values / found.history, sample.first_month, sample.trusted)
    groupings = {name: numbers[rows] for name, numbers in plan.groupings.items()}
    borrowing = learn_borrowing(sample, settings, groupings)
    report(0.4)
    return Learnt(settings, fit(sample, settings, lambda done, _step: report(0.4 + 0.6 * done)), effects, borrowing)


def _tell_borrowing(learnt: Learnt) -> dict[str, Any]:
    found = learnt.borrowing
    return {} if found is None else {"from": found.grouping, "share": found.share, "gain": round(found.gain, 4)}


def _learn_effects(plan: Plan, order: Ints) -> EffectModel | None:
    """From a sample, and from the series that activities have touched before."""
    from engine.forecasting.events import fit_effects

    if not plan.drivers.names:
        return None
    touched = plan.drivers.touched
    rows = np.union1d(order[:EFFECT_SERIES], order[np.isin(order, touched)][:LEARN_SERIES])
    task = plan.task(rows)
    return fit_effects(task.series, task.regressors, plan.settings, task.groups)


def _finish(
    job: Job, progress: Progress, plan: Plan, state: RunState, learnt: Learnt, outcome: Outcome
) -> dict[str, Any]:
    """Totals, activities and lifecycle; whole units; publish."""
    progress.within("combine", 0.2)
    frame, prepared = plan.frame, plan.prepared
    outlook = Outlook(outcome.mean, outcome.lower, outcome.upper)
    history = _without_effects(plan, outcome)
    verdict = reconcile_with_totals(
        outlook,
        history=history,
        errors=outcome.errors.astype(np.float64),
        sums=find_aggregates(frame.hierarchy, plan.leaves),
        first_month=prepared.series.first_month,
        settings=learnt.settings,
        model=learnt.model,
    )
    _launch_products(plan, outlook)
    kept = Kept(outcome.coefficients, outcome.kept, outcome.judged)
    told = apply_drivers(plan.drivers, kept, outlook)
    _end_products(plan, outlook)
    progress.within("publish", 0)
    errors = pack_errors(prepared, outcome, outlook)
    cubes = to_cubes(outlook, prepared, lifecycle=frame.lifecycle, first_month=frame.first_month, scale=frame.scale)
    summary = _summarise(plan, learnt, outcome, history, verdict)
    summary["accuracy"]["borrowed"] = state.borrowed
    summary["seconds"] = round(time.time() - state.started, 2)
    publish_cubes(
        version_id=frame.version_id,
        cubes=cubes,
        seen={code: state.seen[code] for code in FORECAST},
        inputs={ACTUAL: state.seen[ACTUAL]},
        policy=PublishPolicy.STRICT,
        fence=partial(_record, job, plan, learnt.settings, summary, told, errors),
        job_id=job.pk,
        actor=job.created_by,
        source=Source.JOB,
        cause="forecast",
    )
    return summary


def _record(
    job: Job, plan: Plan, settings: ForecastSettings, summary: dict[str, Any], told: Told, errors: bytes
) -> None:
    """First in the publishing transaction: the job is done and the run is on record, or neither."""
    fence(job, result=summary)
    run = ForecastRun.objects.create(
        version_id=plan.frame.version_id,
        job=job,
        first_month=plan.frame.first_month,
        horizon=plan.frame.horizon,
        settings={**vars(settings), "levels": list(settings.levels)},
        series=summary["series"],
        routes=summary["routes"],
        accuracy=summary["accuracy"],
        events=told,
        seconds=summary["seconds"],
        input_hash=plan.input_hash,
        finished_at=timezone.now(),
    )
    ForecastErrors.objects.create(run=run, data=errors)
    clear_parts(job)


def _load(job: Job) -> Plan:
    return load_plan(Cycle.objects.get(pk=job.scope["cycle"]))


def _without_effects(plan: Plan, outcome: Outcome) -> np.ndarray:
    """The histories the parts have forecast."""
    values = plan.prepared.series.values
    moved = np.flatnonzero(outcome.kept.any(axis=1))
    if not len(moved):
        return values
    values = values.copy()
    effect = np.einsum("nk,knt->nt", outcome.coefficients[moved], plan.drivers.behind(moved))
    values[moved] /= np.exp(effect)
    return values


def _launch_products(plan: Plan, outlook: Outlook) -> None:
    """Newcomers follow their analogues, whatever their few months alone would say."""
    if not plan.newcomers:
        return
    frame, prepared = plan.frame, plan.prepared
    place = np.full(len(prepared.axis), -1)
    place[prepared.rows] = np.arange(len(prepared.rows))
    latest = frame.actual.align(frame.axis).window(frame.first_month - LATEST_MONTHS, LATEST_MONTHS)
    put_launches(
        outlook,
        plan.newcomers,
        plan.library[1],
        place=place,
        months=range(frame.first_month, frame.first_month + frame.horizon),
        levels=LEVELS,
        recent=np.maximum(latest.values.sum(axis=1), 0).astype(float),
        usual=frame.org_weights().max(axis=1).astype(float),
    )


def _end_products(plan: Plan, outlook: Outlook) -> None:
    """Products that end sell less in their last months, and successors sell what their predecessors no longer do."""
    frame, prepared = plan.frame, plan.prepared
    lifecycle, rows = frame.lifecycle, prepared.rows
    months = np.arange(frame.first_month, frame.first_month + frame.horizon)
    phased = [a.rows for a in plan.drivers.activities if a.row.kind == EventKind.PHASE_OUT]
    is_phased = np.isin(np.arange(len(rows)), np.concatenate(phased) if phased else [])
    ending = np.flatnonzero((lifecycle.end[rows] - END_MONTHS < months[-1]) & ~is_phased)
    if len(ending):
        left = np.append(np.append(1.0, plan.last_months), 0.0)
        step = np.clip(months - lifecycle.end[rows[ending], None] + END_MONTHS, 0, END_MONTHS + 1)
        outlook.scale(left[step], ending)
    outlook.scale(lifecycle.is_sold(frame.first_month, frame.horizon)[rows].astype(float))
    if len(prepared.linked):
        whole = np.zeros((len(prepared.axis), frame.horizon))
        whole[rows] = outlook.mean
        own = share_with_predecessors(whole, prepared.axis, plan.predecessors, prepared.linked)
        outlook.move(own[rows] - outlook.mean)


def _summarise(plan: Plan, learnt: Learnt, outcome: Outcome, history: np.ndarray, verdict: Verdict) -> dict[str, Any]:
    """Counts by route, back-test error and how far errors move together, for the result and the bands of totals."""
    names = {route.value: route.name.lower() for route in Route}
    is_newcomer = np.isin(plan.prepared.rows, plan.newcomer_rows)
    routes = ["analogue" if new else names[r] for new, r in zip(is_newcomer, outcome.route.tolist(), strict=True)]
    errors = outcome.errors.astype(np.float64)
    backtest = measure_accuracy(*_backtest(history, errors, plan.settings))
    return {
        "series": len(plan.prepared.rows),
        "linked": len(plan.prepared.linked),
        "left_out": len(plan.frame.axis) - len(plan.prepared.rows),
        "routes": dict(sorted(Counter(routes).items())),
        "outliers": int(outcome.outliers.sum()),
        "notes": [note.text for note in learnt.model.notes],
        "accuracy": {
            "backtest_wmape": backtest.wmape,
            "backtest_bias": backtest.bias,
            "backtest_pairs": backtest.pairs,
            "error_correlation": round(error_correlation(errors), 4),
            "reconciled": verdict.used,
            "aggregates": verdict.aggregates,
            "reconcile_gain": verdict.gain,
        },
    }


def _backtest(history: np.ndarray, errors: np.ndarray, settings: ForecastSettings) -> tuple[np.ndarray, np.ndarray]:
    """What the recipe forecast at each origin and what came, both [series, months of all origins]; NaN: unknown."""
    months = history.shape[1]
    came, wrong = [np.empty((len(history), 0))], [np.empty((len(history), 0))]
    for index, origin in enumerate(Rhythm(settings.season_length).origins(settings.horizon)):
        if origin < months:
            actual = history[:, months - origin :][:, : settings.horizon]
            came.append(actual)
            wrong.append(errors[:, index, : actual.shape[1]])
    actual = np.concatenate(came, axis=1)
    return actual - np.concatenate(wrong, axis=1), actual
