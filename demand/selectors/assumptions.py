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
from demand.triggers import Reading, Trigger
from plans.hierarchy import load_hierarchy
from plans.selectors import load_rollup

_SHARES = (TriggerKind.SHARE_MIN, TriggerKind.SHARE_MAX)


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


def get_trigger(row: Assumption) -> Trigger | None:
    """What an assumption is measured by; None when only people can judge it."""
    if not row.trigger or row.trigger_value is None:
        return None
    return Trigger(row.trigger, row.trigger_value, row.trigger_months, row.trigger_misses, row.trigger_is_sum)


def read_sales(row: Assumption, month: int) -> list[Reading]:
    """The closed months up to ``month`` that an assumption's trigger looks at, oldest first.

    Empty when ``month`` itself has no sales loaded or, for a share, no agreed plan had forecast it; earlier months
    without one are left out.
    """
    if not row.trigger:
        return []
    actual = load_actual()
    place = Place(load_hierarchy(), Scope(products=None, orgs=None), row.product_id, row.org_id)
    rows = place.rows(actual.axis)
    readings = []
    for at in range(month - row.trigger_months + 1, month + 1):
        column = actual.window(at, 1).values[:, 0]
        said = _forecast(row, at) / 10**actual.scale if row.trigger in _SHARES else None
        if column.any() and said != 0:
            readings.append(Reading(at, float(column[rows].sum() / 10**actual.scale), said))
    return readings if readings and readings[-1].month == month else []


def _forecast(row: Assumption, month: int) -> int:
    """Smallest units that the agreed plan said for a month one month ahead; 0 when none did."""
    plan = find_forecast_plan(month=month, lag=1)
    if plan is None:
        return 0
    said = load_rollup(
        version_id=plan,
        measure=CONSENSUS,
        products=[row.product_id],
        orgs=[row.org_id],
        months=range(month, month + 1),
    )
    return int(said[0, 0, 0])


def _is_visible(row: Assumption, place: Place) -> bool:
    """Nodes inside the scope, and those above it: what holds for all cars holds for one region's."""
    scope, trees = place.scope, place.hierarchy
    products = trees.products.ids[trees.products.seen_by(scope.products)]
    orgs = trees.orgs.ids[trees.orgs.seen_by(scope.orgs)]
    return row.product_id in {None, *products.tolist()} and row.org_id in {None, *orgs.tolist()}
