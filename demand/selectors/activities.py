"""Activities as somebody may see them, with what they are worth in the plan and what the forecast made of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from accounts.models import Scope
from core.errors import Missing, unknown
from cycles.models import Cycle
from demand.effects import Effect, Planned, said_units, value_effect
from demand.measures import BASELINE
from demand.models import Event, ForecastRun
from demand.selectors.place import Place
from engine.money import RATE_DIGITS
from masterdata.prices import load_price_rates
from masterdata.selectors import get_company
from plans.choices import AxisKind
from plans.cubes import Axis, Cube
from plans.hierarchy import Hierarchy, load_hierarchy
from plans.selectors import get_working_version, load_measure

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """What the last forecast made of an activity: of ``series`` it could act on, how many keep it, and why."""

    series: int
    kept: int
    effect_pct: float | None
    units: float | None
    why: str


@dataclass(frozen=True)
class Activity:
    """An event with its effect over the planned months; ``verdict`` None: the last forecast has not tried it."""

    event: Event
    effect: Effect
    verdict: Verdict | None
    may_edit: bool
    is_past: bool


def list_visible_events(scope: Scope, hierarchy: Hierarchy) -> list[Event]:
    """Events that act on anything inside a scope."""
    products, orgs = hierarchy.products, hierarchy.orgs
    seen_products = set(products.ids[products.seen_by(scope.products)].tolist())
    seen_orgs = set(orgs.ids[orgs.seen_by(scope.orgs)].tolist())
    return [
        event
        for event in _events()
        if event.product_id in {None, *seen_products} and event.org_id in {None, *seen_orgs}
    ]


def get_event(*, code: str, scope: Scope) -> Event:
    """One event inside a scope. Raises ``Missing`` for a foreign one as for none."""
    found = [event for event in list_visible_events(scope, load_hierarchy()) if event.code == code]
    if not found:
        raise unknown("event", code)
    return found[0]


def load_activities(*, cycle: Cycle, scope: Scope, may_edit: bool, version_id: int | None = None) -> list[Activity]:
    """Activities of a scope, the most money first; ``may_edit``: the reader edits those inside the scope.

    What they are worth is weighed on the cycle's plan, or on the scenario named.
    """
    hierarchy = load_hierarchy()
    base = PlanBase(cycle, scope, hierarchy, version_id)
    verdicts = load_verdicts(cycle)
    found = []
    for event in list_visible_events(scope, hierarchy):
        verdict = verdicts.get(event.code)
        inside = hierarchy.is_in_scope(scope, event.product_id, event.org_id)
        is_past = event.to_month is not None and event.to_month < cycle.month
        effect = Effect(None, None) if is_past else _effect(event, base, verdict)
        found.append(Activity(event, effect, verdict, may_edit and inside, is_past))
    return sorted(found, key=lambda a: (a.is_past, -abs(a.effect.money or 0), -abs(a.effect.units or 0), a.event.code))


def load_verdicts(cycle: Cycle) -> dict[str, Verdict]:
    """Event code → what the cycle's last forecast made of it; empty before a forecast that knows events."""
    run = ForecastRun.objects.filter(version__cycle=cycle).first()
    told: dict[str, dict[str, Any]] = run.events if run else {}
    return {
        code: Verdict(
            series=int(said.get("series") or 0),
            kept=int(said.get("kept") or 0),
            effect_pct=said.get("effect_pct"),
            units=said.get("units"),
            why=str(said.get("why") or ""),
        )
        for code, said in told.items()
    }


class PlanBase:
    """The baseline and its value at today's prices, by leaf and month, read once for all activities."""

    def __init__(self, cycle: Cycle, scope: Scope, hierarchy: Hierarchy, version_id: int | None = None) -> None:
        self.months = range(cycle.month, cycle.month + cycle.horizon)
        self.scope, self.hierarchy = scope, hierarchy
        self._cycle, self._version = cycle, version_id

    @cached_property
    def baseline(self) -> Cube:
        try:
            version = self._version or get_working_version(self._cycle).pk
        except Missing:  # the cycle is not open yet
            return Cube.empty(
                Axis.of(AxisKind.PRODUCT_ORG, []),
                first_month=self.months.start,
                ncols=len(self.months),
                unit="quantity",
            )
        return load_measure(version_id=version, measure=BASELINE, months=self.months)

    @cached_property
    def prices(self) -> Floats:
        """Price of a unit in minor currency units, [rows, months]."""
        company = get_company()
        rates = load_price_rates(self.baseline.axis.keys, self.months, company=company)
        return rates.astype(float) * 10.0 ** (company.currency_decimals - RATE_DIGITS)

    @cached_property
    def units(self) -> Floats:
        return self.baseline.values.astype(float) / 10**self.baseline.scale

    def at(self, product: int | None, org: int | None, first: int, last: int | None) -> Planned:
        """What is planned at two nodes inside the scope from ``first`` to ``last`` (None: to the end)."""
        rows = Place(self.hierarchy, self.scope, product, org).rows(self.baseline.axis)
        stop = self.months.stop if last is None else last + 1
        columns = slice(max(first - self.months.start, 0), max(min(stop, self.months.stop) - self.months.start, 0))
        units, prices = self.units[rows, columns], self.prices[rows, columns]
        known = prices[prices > 0]
        return Planned(units.sum(axis=0), (units * prices).sum(axis=0), float(known.mean()) if known.size else 0.0)


def _effect(event: Event, base: PlanBase, verdict: Verdict | None) -> Effect:
    """As the forecast measured it where it kept the event, else as its author said."""
    planned = base.at(event.product_id, event.org_id, event.from_month, event.to_month)
    if verdict is not None and verdict.kept and verdict.units is not None:
        units: float | None = verdict.units
    else:
        quantity = None if event.uplift_quantity is None else float(event.uplift_quantity)
        units = said_units(planned, uplift_pct=event.uplift_pct, uplift_quantity=quantity)
    has_begun = event.from_month < base.months.start
    return value_effect(planned, units=units, price_change_pct=event.price_change_pct, has_begun=has_begun)


def _events() -> QuerySet[Event]:
    return Event.objects.select_related("product", "org").order_by("from_month", "code")
