"""One node of the demand plan as the workbench shows it: every stream by month, bands, marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from cycles.models import Cycle
from cycles.selectors import get_previous_cycle
from demand.bands import join_widths
from demand.measures import ACTUAL, BASELINE, BUDGET, BUSINESS_PLAN, CONSENSUS, HIGH_80, LOW_80
from demand.selectors.correlation import load_error_correlation
from demand.selectors.flex import load_flex_nodes
from demand.selectors.place import Place
from demand.streams import STREAMS
from plans.choices import VersionKind
from plans.models import Version
from plans.selectors import HeadRef, NodeTotals, get_heads, load_measure, load_nodes

Figures = list[int | None]

PAST_MONTHS = 3
HISTORY_MONTHS = 24
LAST_CYCLE, LAST_YEAR = "last_cycle", "last_year"
KEPT = (BASELINE, BUSINESS_PLAN, *(stream.code for stream in STREAMS), CONSENSUS, BUDGET)


@dataclass(frozen=True)
class NodeFigures:
    """Smallest units by row code over ``months``; ``None`` where nothing is known. ``low`` and ``high``: 80 % band."""

    months: range
    first_plan_month: int
    scale: int
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


def load_figures(*, cycle: Cycle, version_id: int, place: Place) -> NodeFigures:
    """All rows of a place over three closed months and the horizon."""
    plan = range(cycle.month, cycle.month + cycle.horizon)
    months = range(cycle.month - PAST_MONTHS, plan.stop)
    heads = get_heads(version_id=version_id, measures=[ACTUAL, LOW_80, HIGH_80, *KEPT])
    now = _load(version_id, KEPT, plan, place, heads)
    sold = _load(version_id, (ACTUAL,), range(cycle.month - HISTORY_MONTHS, cycle.month), place, heads)[ACTUAL]
    past = _load_past(range(months.start, cycle.month), place)
    rows = {code: [*past.get(code, [None] * PAST_MONTHS), *_figures(now[code])] for code in KEPT}
    rows[ACTUAL] = [*_figures(sold)[-PAST_MONTHS:], *[None] * len(plan)]
    rows[LAST_YEAR] = [_at(sold, month - 12) for month in months]
    rows[LAST_CYCLE] = _load_last_cycle(cycle, months, place)
    flex = load_flex_nodes(version_id=version_id, months=plan, place=place)
    rows |= {code: [None] * PAST_MONTHS + values for code, values in flex.items()}
    low, high = load_band(version_id=version_id, months=plan, place=place, heads=heads)
    consensus = load_measure(version_id=version_id, measure=CONSENSUS, months=plan, heads=heads)
    return NodeFigures(
        months=months,
        first_plan_month=cycle.month,
        scale=now[CONSENSUS].scale,
        rows=rows,
        low=[None] * PAST_MONTHS + low,
        high=[None] * PAST_MONTHS + high,
        history_months=sold.months,
        history=_figures(sold),
        leaves=len(place.rows(consensus.axis)),
        heads=heads,
    )


def load_band(*, version_id: int, months: range, place: Place, heads: Mapping[str, HeadRef]) -> tuple[Figures, Figures]:
    """The 80 % band of a place. Leaf widths join by how far the errors moved together in the back-test."""
    cubes = {
        code: load_measure(version_id=version_id, measure=code, months=months, heads=heads)
        for code in (LOW_80, BASELINE, HIGH_80)
    }
    rows = place.rows(cubes[BASELINE].axis)
    if not len(rows):
        return [None] * len(months), [None] * len(months)
    low, middle, high = (cube.align(cubes[BASELINE].axis).values[rows].astype(float) for cube in cubes.values())
    correlation = load_error_correlation(version_id)
    total = middle.sum(axis=0)
    lower = np.maximum(np.floor(total - join_widths(middle - low, correlation)), 0)
    upper = np.ceil(total + join_widths(high - middle, correlation))
    return lower.astype(int).tolist(), upper.astype(int).tolist()


def _load(
    version_id: int, measures: tuple[str, ...], months: range, place: Place, heads: Mapping[str, HeadRef]
) -> dict[str, NodeTotals]:
    return load_nodes(
        version_id=version_id,
        measures=measures,
        nodes=[place.node],
        months=months,
        scope=place.scope,
        hierarchy=place.hierarchy,
        heads=heads,
    )


def _load_past(months: range, place: Place) -> dict[str, Figures]:
    """What the plans of closed months said about their own first month."""
    plans = Version.objects.filter(
        kind__in=[VersionKind.WORKING, VersionKind.APPROVED], current=True, cycle__month__in=months
    )
    versions = dict(plans.values_list("cycle__month", "pk"))
    past: dict[str, Figures] = {code: [None] * len(months) for code in KEPT}
    for month, version_id in versions.items():
        heads = get_heads(version_id=version_id)
        held = tuple(code for code in KEPT if code == CONSENSUS or code in heads)
        totals = _load(version_id, held, range(month, month + 1), place, heads)
        for code in held:
            past[code][month - months.start] = _figures(totals[code])[0]
    return past


def _load_last_cycle(cycle: Cycle, months: range, place: Place) -> Figures:
    previous = get_previous_cycle(cycle)
    version = (
        previous
        and Version.objects.filter(
            kind__in=[VersionKind.WORKING, VersionKind.APPROVED], current=True, cycle=previous
        ).first()
    )
    if not version:
        return [None] * len(months)
    held = range(previous.month, previous.month + previous.horizon)
    totals = _load(version.pk, (CONSENSUS,), held, place, get_heads(version_id=version.pk))[CONSENSUS]
    return [_at(totals, month) for month in months]


def _figures(totals: NodeTotals) -> Figures:
    pairs = zip(totals.values[0].tolist(), totals.present[0].tolist(), strict=True)
    return [value if known else None for value, known in pairs]


def _at(totals: NodeTotals, month: int) -> int | None:
    column = month - totals.first_month
    if not (0 <= column < totals.values.shape[1] and totals.present[0, column]):
        return None
    return int(totals.values[0, column])
