"""One place of the demand plan as the workbench shows it: every stream by month, and the bands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from cycles.models import Cycle
from cycles.selectors import get_previous_cycle
from demand.bands import join_widths
from demand.measures import ACTUAL, ACTUAL_REVENUE, BASELINE, BUDGET, BUSINESS_PLAN, CONSENSUS, HIGH_80, LOW_80
from demand.selectors.correlation import load_error_correlation
from demand.selectors.flex import load_flex_rows
from demand.selectors.place import Place
from demand.selectors.readers import Figures, Reader, RevenueReader, UnitReader
from demand.streams import STREAMS
from masterdata.selectors import get_company
from plans.choices import VersionKind
from plans.models import Version
from plans.selectors import HeadRef, get_heads, load_measure

PAST_MONTHS = 3
HISTORY_MONTHS = 24
LAST_CYCLE, LAST_YEAR = "last_cycle", "last_year"
KEPT = (BASELINE, BUSINESS_PLAN, *(stream.code for stream in STREAMS), CONSENSUS, BUDGET)


@dataclass(frozen=True)
class NodeFigures:
    """Smallest units by row code over ``months``; ``None`` where nothing is known. ``low`` and ``high``: 80 % band.

    ``is_money``: amounts in the minor currency unit instead of quantities; there is no band then.
    """

    months: range
    first_plan_month: int
    scale: int
    is_money: bool
    rows: Mapping[str, Figures]
    low: Figures
    high: Figures
    history_months: range
    history: Figures
    leaves: int
    heads: Mapping[str, HeadRef] = field(repr=False)

    @cached_property
    def past(self) -> int:
        """How many of the columns are closed months."""
        return self.first_plan_month - self.months.start

    def column(self, month: int) -> int:
        return month - self.months.start


def load_figures(*, cycle: Cycle, version_id: int, place: Place, in_money: bool = False) -> NodeFigures:
    """All rows of a place over three closed months and the horizon, in units or in money."""
    company = get_company()
    reader: Reader = RevenueReader(place, company) if in_money else UnitReader(place)
    plan = range(cycle.month, cycle.month + cycle.horizon)
    months = range(cycle.month - PAST_MONTHS, plan.stop)
    heads = get_heads(version_id=version_id, measures=[ACTUAL, ACTUAL_REVENUE, LOW_80, HIGH_80, *KEPT])
    now = reader.read(version_id, KEPT, plan, heads)
    sold_months = range(cycle.month - HISTORY_MONTHS, cycle.month)
    sold = reader.read(version_id, (ACTUAL,), sold_months, heads)[ACTUAL]
    past = _load_past(range(months.start, cycle.month), reader)
    rows = {code: [*past[code], *now[code]] for code in KEPT}
    rows[ACTUAL] = [*sold[-PAST_MONTHS:], *[None] * len(plan)]
    rows[LAST_YEAR] = [_at(sold, sold_months, month - 12) for month in months]
    rows[LAST_CYCLE] = _load_last_cycle(cycle, months, reader)
    before: Figures = [None] * PAST_MONTHS
    flex = load_flex_rows(version_id=version_id, months=plan, reader=reader)
    rows |= {code: [*before, *values] for code, values in flex.items()}
    unknown: Figures = [None] * len(plan)
    low, high = (unknown, unknown) if in_money else load_band(version_id=version_id, months=plan, place=place)
    consensus = load_measure(version_id=version_id, measure=CONSENSUS, months=plan, heads=heads)
    return NodeFigures(
        months=months,
        first_plan_month=cycle.month,
        scale=company.currency_decimals if in_money else consensus.scale,
        is_money=in_money,
        rows=rows,
        low=[*before, *low],
        high=[*before, *high],
        history_months=sold_months,
        history=sold,
        leaves=len(place.rows(consensus.axis)),
        heads=heads,
    )


def load_band(*, version_id: int, months: range, place: Place) -> tuple[Figures, Figures]:
    """The 80 % band of a place. Leaf widths join by how far the errors moved together in the back-test."""
    heads = get_heads(version_id=version_id, measures=[LOW_80, BASELINE, HIGH_80])
    cubes = [
        load_measure(version_id=version_id, measure=code, months=months, heads=heads)
        for code in (BASELINE, LOW_80, HIGH_80)
    ]
    rows = place.rows(cubes[0].axis)
    if not len(rows):
        return [None] * len(months), [None] * len(months)
    middle, low, high = (cube.align(cubes[0].axis).values[rows].astype(float) for cube in cubes)
    correlation = load_error_correlation(version_id)
    total = middle.sum(axis=0)
    lower = np.maximum(np.floor(total - join_widths(middle - low, correlation)), 0)
    upper = np.ceil(total + join_widths(high - middle, correlation))
    return lower.astype(int).tolist(), upper.astype(int).tolist()


def _load_past(months: range, reader: Reader) -> dict[str, Figures]:
    """What the plans of closed months said about their own first month."""
    plans = Version.objects.filter(
        kind__in=[VersionKind.WORKING, VersionKind.APPROVED], current=True, cycle__month__in=months
    )
    past: dict[str, Figures] = {code: [None] * len(months) for code in KEPT}
    for month, version_id in plans.values_list("cycle__month", "pk"):
        heads = get_heads(version_id=version_id)
        held = [code for code in KEPT if code == CONSENSUS or code in heads]
        said = reader.read(version_id, held, range(month, month + 1), heads)
        for code, figures in said.items():
            past[code][month - months.start] = figures[0]
    return past


def _load_last_cycle(cycle: Cycle, months: range, reader: Reader) -> Figures:
    previous = get_previous_cycle(cycle)
    plans = Version.objects.filter(kind__in=[VersionKind.WORKING, VersionKind.APPROVED], current=True, cycle=previous)
    version = plans.first() if previous else None
    if previous is None or version is None:
        return [None] * len(months)
    held = range(previous.month, previous.month + previous.horizon)
    said = reader.read(version.pk, (CONSENSUS,), held, get_heads(version_id=version.pk))[CONSENSUS]
    return [_at(said, held, month) for month in months]


def _at(figures: Figures, months: range, month: int) -> int | None:
    return figures[month - months.start] if month in months else None
