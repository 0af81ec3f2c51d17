"""The explanation as its page needs it: charts in months and figures, tables in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from core.formats import month as month_name
from core.formats import percent, signed
from core.months import format_month
from cycles.models import Cycle
from demand.explaining import Explanation
from demand.models import Event
from demand.register import describe_verdict
from demand.selectors.activities import list_visible_events, load_verdicts
from demand.selectors.place import Place
from plans.hierarchy import Tree

SHOWN_HISTORY = 48  # months; a longer past would squeeze what matters
RECENT = 18  # columns of the remainder
SOME_YEAR = 2000  # any: only the names of its months show


def build_explanation(told: Explanation, *, cycle: Cycle, place: Place) -> dict[str, Any]:
    """Chart data and tables of an explanation, as JSON for the page's script."""
    history = told.history
    first = max(int(np.argmax(~np.isnan(history))), len(history) - SHOWN_HISTORY)
    months = list(range(told.first_month + first, told.first_month + len(history)))
    ahead = list(range(cycle.month, cycle.month + cycle.horizon))
    return {
        "forecast": {
            "labels": [month_name(month) for month in [*months, *ahead]],
            "now": len(months),
            "history": _numbers(history[first:]),
            "cleansed": _changed(told, first),
            "mean": told.forecast.mean[0].round(1).tolist(),
            "low": told.forecast.lower[0, 0].round(1).tolist(),
            "high": told.forecast.upper[0, 0].round(1).tolist(),
            "baseline": told.baseline,
        },
        "parts": _parts(told),
        "season": {"labels": _calendar(), "values": [round(value, 1) for value in told.season]},
        "leads": [lead | {"name": _lead_name(lead["first"], lead["last"])} for lead in map(asdict, told.leads)],
        "trial": {
            "product": _code(place.hierarchy.products, place.product),
            "org": _code(place.hierarchy.orgs, place.org),
            "cycle": str(cycle),
            "isLeaf": place.is_leaf,
            "first": format_month(told.first_month + first),
            "last": format_month(cycle.month - 1),
            "next": format_month(cycle.month + 1),
            "months": [{"code": format_month(m), "label": month_name(m), "value": _one(history[m - told.first_month])}
                       for m in reversed(months)],
        },
    }  # fmt: skip


def _changed(told: Explanation, first: int) -> list[float | None]:
    """Cleansed values where they differ from what was sold, and their neighbours' own, so that a line shows."""
    changed = np.isclose(told.cleansed, told.history, equal_nan=True)
    near = ~changed
    near[1:] |= ~changed[:-1]
    near[:-1] |= ~changed[1:]
    return _numbers(np.where(near, told.cleansed, np.nan)[first:])


def _parts(told: Explanation) -> dict[str, Any] | None:
    if told.parts is None:
        return None
    start = told.first_month + len(told.history) - len(told.parts.trend)
    count = min(len(told.parts.trend), SHOWN_HISTORY)
    months = range(start + len(told.parts.trend) - count, start + len(told.parts.trend))
    recent = min(count, RECENT)
    return {
        "labels": [month_name(month) for month in months],
        "trend": told.parts.trend[-count:].round(1).tolist(),
        "recent": [month_name(month) for month in months[-recent:]],
        "remainder": told.parts.remainder[-recent:].round(1).tolist(),
    }


def _calendar() -> list[str]:
    return [month_name(month, year=False) for month in range(12 * SOME_YEAR, 12 * SOME_YEAR + 12)]


def _lead_name(first: int, last: int) -> str:
    if first == last:
        return _("%(n)s months ahead") % {"n": first} if first > 1 else _("1 month ahead")
    return _("%(first)s–%(last)s months ahead") % {"first": first, "last": last}


@dataclass(frozen=True)
class PlaceActivity:
    """An activity that acts at a place: what the forecast made of it."""

    code: str
    title: str
    first_month: int
    last_month: int | None
    state: str
    text: str
    said: str


def list_place_activities(*, cycle: Cycle, place: Place) -> list[PlaceActivity]:
    """Activities whose products and markets overlap a place, the latest first."""
    hierarchy = place.hierarchy
    verdicts = load_verdicts(cycle)
    found = []
    for event in list_visible_events(place.scope, hierarchy):
        if _overlaps(hierarchy.products, place.product, event.product_id) and _overlaps(
            hierarchy.orgs, place.org, event.org_id
        ):
            state, text = describe_verdict(verdicts.get(event.code), event)
            found.append(
                PlaceActivity(
                    event.code, event.note or event.code, event.from_month, event.to_month, state, text, _said(event)
                )
            )
    return sorted(found, key=lambda row: (-row.first_month, row.code))


def _overlaps(tree: Tree, here: int | None, node: int | None) -> bool:
    """Whether one of two nodes lies at or under the other."""
    if here is None or node is None or here == node:
        return True
    paths = [set(tree.paths[tree.position_of(one)].tolist()) for one in (here, node)]
    return tree.position_of(here) in paths[1] or tree.position_of(node) in paths[0]


def _said(event: Event) -> str:
    """What its author expects."""
    parts = []
    if event.uplift_pct is not None:
        parts.append(percent(event.uplift_pct, 0, sign=True))
    if event.uplift_quantity is not None:
        parts.append(_("%(units)s a month") % {"units": signed(event.uplift_quantity)})
    if event.price_change_pct is not None:
        parts.append(_("price %(change)s") % {"change": percent(event.price_change_pct, 0, sign=True)})
    return ", ".join(parts)


def _code(tree: Tree, node: int | None) -> str | None:
    return None if node is None else tree.code_of(node)


def _numbers(values: np.ndarray) -> list[float | None]:
    return [_one(value) for value in values]


def _one(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 1)
