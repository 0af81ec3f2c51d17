"""Assumptions as somebody may see them, and what their triggers measure."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import Scope
from core.errors import Missing
from cycles.models import Cycle
from demand.choices import TriggerKind
from demand.measures import CONSENSUS
from demand.models import Assumption
from demand.selectors.accuracy import find_forecast_plan
from demand.selectors.frame import load_actual
from demand.selectors.place import Place
from plans.hierarchy import load_hierarchy
from plans.selectors import load_rollup


def list_visible_assumptions(*, cycle: Cycle, place: Place) -> list[Assumption]:
    """The assumptions of a cycle that touch anything inside the place's scope, in order of recording."""
    rows = Assumption.objects.filter(cycle=cycle).select_related("owner", "product", "org", "reviewed_by")
    return [row for row in rows.order_by("pk") if _is_visible(row, place)]


def get_assumption(*, assumption_id: int, place: Place) -> Assumption:
    """One assumption inside the place's scope. Raises ``Missing`` for a foreign one as for none."""
    rows = Assumption.objects.select_related("owner", "product", "org", "cycle")
    row = rows.filter(pk=assumption_id).first()
    if row is None or not _is_visible(row, place):
        raise Missing(_("There is no such assumption."))
    return row


def measure_trigger(row: Assumption, month: int) -> float | None:
    """Units sold in a closed month at the assumption's nodes, or their per cent of the forecast.

    ``None`` when the month has no sales loaded, or no agreed plan had forecast it.
    """
    actual = load_actual()
    everything = Scope(products=None, orgs=None)
    place = Place(load_hierarchy(), everything, row.product_id, row.org_id)
    if not actual.window(month, 1).values.any():
        return None
    sold = int(actual.window(month, 1).values[place.rows(actual.axis), 0].sum())
    if row.trigger in {TriggerKind.UNITS_MIN, TriggerKind.UNITS_MAX}:
        return float(sold / 10**actual.scale)
    plan = find_forecast_plan(month=month, lag=1)
    if plan is None:
        return None
    months = range(month, month + 1)
    forecast = load_rollup(
        version_id=plan, measure=CONSENSUS, products=[row.product_id], orgs=[row.org_id], months=months
    )
    said = int(forecast[0, 0, 0])
    return 100 * sold / said if said else None


def _is_visible(row: Assumption, place: Place) -> bool:
    """Nodes inside the scope, and those above it: what holds for all cars holds for one region's."""
    scope, trees = place.scope, place.hierarchy
    products = trees.products.ids[trees.products.seen_by(scope.products)]
    orgs = trees.orgs.ids[trees.orgs.seen_by(scope.orgs)]
    return row.product_id in {None, *products.tolist()} and row.org_id in {None, *orgs.tolist()}
