"""The typed part of purchasing's material, filled in: key materials with limits, arrivals, lead times (R-062)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.utils.translation import gettext as _

from accounts.models import User
from core.formats import listing, month, number
from core.months import first_day, format_month
from cycles.models import Cycle
from masterdata.models import Material, MaterialSupply, OpenPurchase
from plans.selectors import get_working_version
from supply.selectors.material_cover import CoverRow
from supply.selectors.opening import load_open_purchases
from supply.selectors.stock_panels import load_stock_panels

MOST_MONTHS = 3  # short ones named beside a material


def list_key_materials(user: User, cycle: Cycle) -> list[dict[str, str]]:
    """Rows of the form for the materials at risk first: what is known of each, and why it is listed.

    ``limit`` is of the first month that is short, else of the first one with a limit; the arrival is the next one.
    """
    cover = load_stock_panels(get_working_version(cycle), user=user).materials
    known = {row.code: row for row in Material.objects.filter(code__in=[row.code for row in cover])}
    limits = _limits(cycle)
    arrivals = _next_arrivals(cycle)
    return [_row(row, known[row.code], limits.get(known[row.code].pk, {}), arrivals, cycle) for row in cover]


def _row(
    cover: CoverRow,
    material: Material,
    limits: Mapping[int, str],
    arrivals: Mapping[int, OpenPurchase],
    cycle: Cycle,
) -> dict[str, str]:
    due = next((month for month in cover.short_months if month in limits), min(limits, default=None))
    coming = arrivals.get(material.pk)
    return {
        "material": cover.code,
        "label": cover.label,
        "note": _why(cover),
        "lead_time_days": str(material.lead_time_days),
        "month": format_month(due or cycle.month),
        "limit": "" if due is None else limits[due],
        "purchase": "" if coming is None else str(coming.pk),
        "arrival": "" if coming is None else (coming.promised_date or first_day(coming.arrival_month)).isoformat(),
        "quantity": "" if coming is None else _plain(coming.quantity),
    }


def _why(cover: CoverRow) -> str:
    """Stock, and the months no order can save any more."""
    said = [_("%(units)s in stock") % {"units": number(cover.stock)}]
    if cover.cover_days is not None:
        said.append(_("%(days)s days") % {"days": number(cover.cover_days)})
    if cover.short_months:
        said.append(_("short in %(months)s") % {"months": listing(month(m) for m in cover.short_months[:MOST_MONTHS])})
    return " · ".join(said)


def _limits(cycle: Cycle) -> dict[int, dict[int, str]]:
    """Material → month → what the supplier delivers at most, in the plan's months."""
    found: dict[int, dict[int, str]] = {}
    months = range(cycle.month, cycle.month + cycle.horizon)
    rows = MaterialSupply.objects.filter(month__in=months).order_by("month")
    for material, due, quantity in rows.values_list("material_id", "month", "max_quantity"):
        found.setdefault(material, {})[due] = _plain(quantity)
    return found


def _next_arrivals(cycle: Cycle) -> dict[int, OpenPurchase]:
    """Material → its next purchase on the way."""
    found: dict[int, OpenPurchase] = {}
    for row in load_open_purchases(cycle.month).rows:
        found.setdefault(row.material_id, row)
    return found


def _plain(quantity: Decimal) -> str:
    """A quantity for a field: no needless decimals."""
    return f"{quantity.normalize():f}"
