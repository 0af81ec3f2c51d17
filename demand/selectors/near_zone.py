"""The first months of the plan by week or day: the same numbers, laid on the calendar's working days."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.months import first_day, last_day
from demand.choices import Granularity
from demand.selectors.consumption import ConsumedPlan
from engine.near_zone import Bucket, day_weights, split_over_days, week_buckets
from masterdata.models import CalendarMonth

Ints = NDArray[np.int64]

NEAR_MONTHS = 3


@dataclass(frozen=True)
class NearZone:
    """Consensus and demand after consumption of every leaf over ``buckets``: int64 [rows, buckets].

    Rows are those of the plan's frame. The buckets of a month sum to the month, leaf by leaf.
    """

    plan: ConsumedPlan
    buckets: tuple[Bucket, ...]
    consensus: Ints
    demand: Ints

    @cached_property
    def months(self) -> range:
        first = self.plan.frame.first_month
        return range(first, first + NEAR_MONTHS)


def load_near_zone(plan: ConsumedPlan, granularity: str) -> NearZone:
    """The near zone of a plan by month, week or day."""
    first = plan.frame.first_month
    buckets, consensus = split_near(plan.forecast, first, granularity)
    _buckets, demand = split_near(plan.result.demand, first, granularity)
    return NearZone(plan, buckets, consensus, demand)


def split_near(
    quantities: Ints, first_month: int, granularity: str, *, places: Ints | None = None
) -> tuple[tuple[Bucket, ...], Ints]:
    """The near months of int64 [rows, months] figures, none negative, laid on working days: int64 [rows, buckets].

    The buckets of a month sum to the month, row by row. ``places`` as in ``engine.near_zone.split_over_days``.
    """
    buckets: list[Bucket] = []
    found: list[Ints] = [np.zeros((len(quantities), 0), np.int64)]
    for column, (first, last, working_days) in enumerate(_load_calendar(first_month)[: quantities.shape[1]]):
        weights = day_weights(first, last, working_days)
        parts = _cut(granularity, column, first, last, weights)
        buckets += [bucket for bucket, _days in parts]
        days = split_over_days(quantities[:, column], weights, places)
        found += [days[:, part].sum(axis=1, keepdims=True) for _bucket, part in parts]
    return tuple(buckets), np.hstack(found)


def _load_calendar(first_month: int) -> list[tuple[dt.date, dt.date, float]]:
    """First day, last day and working days of each near month; Mondays to Fridays where the calendar is silent."""
    near = range(first_month, first_month + NEAR_MONTHS)
    known = {row.month: row for row in CalendarMonth.objects.filter(month__in=near)}
    months = []
    for month in near:
        row = known.get(month)
        first = (row and row.start) or first_day(month)
        last = (row and row.end) or last_day(month)
        weekdays = sum((first + dt.timedelta(days=n)).weekday() < 5 for n in range((last - first).days + 1))
        months.append((first, last, row.working_days if row else float(weekdays)))
    return months


def _cut(granularity: str, column: int, first: dt.date, last: dt.date, weights: Ints) -> list[tuple[Bucket, slice]]:
    if granularity == Granularity.WEEK:
        return week_buckets(column, first, last, weights)
    if granularity == Granularity.MONTH:
        return [(Bucket(column, first, last, float(weights.sum()) / 1000), slice(0, len(weights)))]
    days = [first + dt.timedelta(days=n) for n in range(len(weights))]
    return [(Bucket(column, day, day, float(weights[n]) / 1000), slice(n, n + 1)) for n, day in enumerate(days)]
