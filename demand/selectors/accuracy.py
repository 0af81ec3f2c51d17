"""How good the earlier forecasts were: by source, by step and by author, against the closed months.

Only plans whose demand was frozen count; what nobody had agreed was no forecast. The forecast of month ``m`` at lag
``L`` is the one of the cycle that started ``L − 1`` months before ``m``: lag 1 knew everything but the month itself.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from core.errors import Missing
from cycles.models import Cycle
from demand.choices import Stream
from demand.measures import BASELINE, CONSENSUS, OVERRIDE, PROPOSAL
from demand.selectors.frame import load_actual
from demand.selectors.place import Place
from engine.accuracy import Accuracy, measure_accuracy, value_added
from plans.choices import AxisKind, FreezeKind
from plans.cubes import Axis
from plans.models import Edit, Version
from plans.selectors import (
    HeadRef,
    get_actuals_version,
    get_heads,
    get_working_version,
    keep_figures,
    load_measure,
)

Ints = NDArray[np.int64]
_T = TypeVar("_T")

MEASURED_MONTHS = 12
NAIVE = "naive"
STEPS = (NAIVE, BASELINE, Stream.SALES, CONSENSUS)  # in the order in which a forecast comes about
EVERY_STEP = (NAIVE, BASELINE, Stream.MARKETING, Stream.SALES, PROPOSAL, CONSENSUS)
# What each step is held against: a stream against the baseline it departs from, people against the rule.
_BEFORE = {BASELINE: NAIVE, Stream.MARKETING: BASELINE, Stream.SALES: BASELINE, PROPOSAL: BASELINE, CONSENSUS: PROPOSAL}


@dataclass(frozen=True)
class StepAccuracy:
    """One source's figures; ``added`` = WMAPE of the step before − own (fractions, + = it helped)."""

    source: str
    accuracy: Accuracy
    added: float | None


@dataclass(frozen=True)
class AuthorRecord:
    """What an author's changes, or those of one reason, did to the error.

    Fractions of the units sold; ``error_change`` + = worse.
    """

    author: str
    changes: int
    error_change: float
    bias: float


def load_step_accuracy(*, cycle: Cycle, keys: Ints, lag: int = 1, steps: Sequence[str] = STEPS) -> list[StepAccuracy]:
    """Error of each step over the last twelve closed months that were forecast; empty when none was.

    A step's added value is measured against the step it departs from, or the last shown one before that.
    """
    return _keep(("steps", lag, tuple(steps)), cycle, keys, [lag], lambda: _measure_steps(cycle, keys, lag, steps))


def _measure_steps(cycle: Cycle, keys: Ints, lag: int, steps: Sequence[str]) -> list[StepAccuracy]:
    pairs = _load_pairs(cycle, keys, lag, steps)
    if not pairs:
        return []
    figures = {source: measure_accuracy(np.concatenate(f), np.concatenate(a)) for source, (f, a) in pairs.items()}
    return [
        StepAccuracy(source, figures[source], _added(source, figures))
        for source in steps
        if source in figures and figures[source].wmape is not None
    ]


def _added(source: str, figures: Mapping[str, Accuracy]) -> float | None:
    before = _BEFORE.get(source)
    while before is not None and before not in figures:
        before = _BEFORE.get(before)
    return None if before is None else value_added(figures[before].wmape, figures[source].wmape)


def load_source_errors(*, cycle: Cycle, keys: Ints) -> dict[str, float]:
    """Source → WMAPE at lag 1: what the weighted consensus rule weighs by."""
    steps = load_step_accuracy(cycle=cycle, keys=keys)
    return {step.source: step.accuracy.wmape for step in steps if step.accuracy.wmape is not None}


def load_lag_accuracy(
    *, cycle: Cycle, keys: Ints, groups: Ints, lags: Sequence[int]
) -> dict[int, tuple[Accuracy, Accuracy, Accuracy]]:
    """Lag → the consensus' figures by leaf, summed to ``groups`` [n] first, and of the total; without unmeasured lags.

    Errors of leaves that cancel out are no errors of their region, so the figures shrink upwards. A tracking signal
    follows one series through time: the total's is the one to read.
    """
    what = "lags", tuple(lags), hashlib.sha256(np.ascontiguousarray(groups).data).digest()
    return _keep(what, cycle, keys, lags, lambda: _measure_lags(cycle, keys, groups, lags))


def _measure_lags(
    cycle: Cycle, keys: Ints, groups: Ints, lags: Sequence[int]
) -> dict[int, tuple[Accuracy, Accuracy, Accuracy]]:
    found: dict[int, tuple[Accuracy, Accuracy, Accuracy]] = {}
    _names, at = np.unique(groups, return_inverse=True)
    for lag in lags:
        pairs = _load_pairs(cycle, keys, lag, (CONSENSUS,))
        if not pairs:
            continue
        forecasts, actuals = pairs[CONSENSUS]
        summed = [[np.bincount(at, np.nan_to_num(month)) for month in side] for side in (forecasts, actuals)]
        found[lag] = (
            measure_accuracy(np.concatenate(forecasts), np.concatenate(actuals)),
            measure_accuracy(np.concatenate(summed[0]), np.concatenate(summed[1])),
            measure_accuracy([month.sum() for month in summed[0]], [month.sum() for month in summed[1]]),
        )
    return found


def _keep(what: Hashable, cycle: Cycle, keys: Ints, lags: Sequence[int], make: Callable[[], _T]) -> _T:
    """Figures of the frozen plans against the actuals at some leaves, kept for what both hold."""
    place = hashlib.sha256(np.ascontiguousarray(keys).data).digest()
    return keep_figures(("accuracy", what), *_mark(cycle, lags), place, make=make)


def _mark(cycle: Cycle, lags: Sequence[int]) -> tuple[dict[str, HeadRef], int, tuple[tuple[int, ...], ...]]:
    """The heads of the frozen plans and of the actuals, the month, and which plan forecast what."""
    plans = tuple((lag, *plan) for lag in lags for plan in list_forecast_plans(cycle, lag))
    heads = {f"plan {v}: {code}": ref for v in sorted({plan[-1] for plan in plans})
             for code, ref in get_heads(version_id=v).items()}  # fmt: skip
    with suppress(Missing):
        heads |= get_heads(version_id=get_actuals_version().pk)
    return heads, cycle.month, plans


def keep_review(
    what: Hashable, *, cycle: Cycle, place: Place, lags: Sequence[int], make: Callable[[], _T], marks: Hashable = ()
) -> _T:
    """Figures of a place, whatever leaves the plan and the actuals have there; ``marks`` name what else went in."""
    heads, month, plans = _mark(cycle, lags)
    heads = heads | {f"now: {code}": ref for code, ref in
                     get_heads(version_id=get_working_version(cycle).pk, measures=[CONSENSUS]).items()}  # fmt: skip
    here = place.product, place.org, place.scope, place.hierarchy.sha
    return keep_figures(("review", what), heads, month, plans, here, marks, make=make)


Pairs = dict[str, tuple[list[Ints], list[Ints]]]


def _load_pairs(cycle: Cycle, keys: Ints, lag: int, steps: Sequence[str] = STEPS) -> Pairs:
    """Source → (forecasts, actuals), one array per closed month."""
    actual = load_actual().align(Axis.of(AxisKind.PRODUCT_ORG, keys))
    pairs: dict[str, tuple[list[Ints], list[Ints]]] = defaultdict(lambda: ([], []))
    for month, version in list_forecast_plans(cycle, lag):
        came = actual.window(month, 1).values[:, 0].astype(float)
        for source in (step for step in steps if step != NAIVE):
            cube = load_measure(version_id=version, measure=source, keys=keys, months=range(month, month + 1))
            values = cube.to_float()[:, 0] * 10**cube.scale
            if source == Stream.SALES:  # where sales said nothing the baseline stood
                values = np.where(np.isnan(values), pairs[BASELINE][0][-1], values)
            elif source == Stream.MARKETING:  # activities come on top of it
                values = pairs[BASELINE][0][-1] + np.nan_to_num(values)
            pairs[source][0].append(values)
            pairs[source][1].append(came)
        pairs[NAIVE][0].append(actual.window(month - lag, 1).values[:, 0].astype(float))
        pairs[NAIVE][1].append(came)
    return dict(pairs)


def list_forecast_plans(cycle: Cycle, lag: int) -> list[tuple[int, int]]:
    """(closed month, version id) of the plans frozen ``lag`` months ahead of it."""
    first = cycle.month - MEASURED_MONTHS
    plans = _frozen().filter(cycle__month__gte=first - lag + 1, cycle__month__lt=cycle.month - lag + 1)
    return sorted((month + lag - 1, pk) for pk, month in plans.values_list("pk", "cycle__month"))


def _frozen() -> QuerySet[Version]:
    """Plans whose demand was agreed and still counts, also where later steps went on in a reopened plan."""
    agreed = Version.objects.filter(snapshots__kind=FreezeKind.DEMAND, snapshots__invalidation__isnull=True)
    return agreed.distinct()


def find_forecast_plan(*, month: int, lag: int) -> int | None:
    """Version id of the frozen plan that forecast a month at a lag; ``None`` when no plan did."""
    plans = _frozen().filter(cycle__month=month - lag + 1)
    return plans.values_list("pk", flat=True).first()


def load_author_records(*, cycle: Cycle, keys: Ints) -> list[AuthorRecord]:
    """Authors of overrides and sales figures whose months have closed, the one who did most harm first."""
    return _load_records(cycle, keys, "batch__author_name")


def load_reason_records(*, cycle: Cycle, keys: Ints) -> list[AuthorRecord]:
    """The same by reason code instead of author; figures without a reason under an empty one."""
    return _load_records(cycle, keys, "batch__reason")


def _load_records(cycle: Cycle, keys: Ints, by: str) -> list[AuthorRecord]:
    return _keep(("records", by), cycle, keys, [1], lambda: _measure_records(cycle, keys, by))


def _measure_records(cycle: Cycle, keys: Ints, by: str) -> list[AuthorRecord]:
    plans = [version for _month, version in list_forecast_plans(cycle, 1)]
    actual = load_actual()
    inside = {tuple(key) for key in keys.tolist()}
    edits = Edit.objects.filter(
        head__version__in=plans, head__measure__in=[OVERRIDE, Stream.SALES], m__lt=cycle.month
    ).values_list("head__version", "head__measure", "a_id", "b_id", "m", "before", "after", by)
    cells: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for version, measure, a, b, month, before, after, author in edits.order_by("pk"):
        if (a, b) not in inside or after is None:
            continue
        if before is None:
            stood_in = PROPOSAL if measure == OVERRIDE else BASELINE
            before = load_measure(version_id=version, measure=stood_in).cell((a, b), month) or 0
        cells[author].append((before, after, actual.cell((a, b), month) or 0))
    records = [_record(author, np.array(changes)) for author, changes in cells.items()]
    return sorted((r for r in records if r is not None), key=lambda r: -r.error_change)


def _record(author: str, changes: Ints) -> AuthorRecord | None:
    before, after, came = changes.T
    sold = came.sum()
    if sold <= 0:
        return None
    change = np.abs(after - came).sum() - np.abs(before - came).sum()
    return AuthorRecord(author, len(changes), float(change / sold), float((after - came).sum() / sold))
