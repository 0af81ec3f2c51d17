"""What the what-if panel begins with: where every resource and material stands now, month by month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accounts.models import User
from accounts.selectors import get_scope
from core import formats
from core.months import format_month
from masterdata.models import CapacityChange, MaterialSupply, Org, Product, Resource, label_of
from plans.hierarchy import Tree, load_hierarchy
from supply.selectors.heatmap import HeatRow
from supply.selectors.shortages import ShortageRow

MOST_NAMED = 2_000  # codes a page offers for choice; others can still be typed
SCARCE = {"material": "material", "warehouse": "storage"}  # kind of a heat row → what is scarce there; else hours


def load_settings(rows: Sequence[HeatRow], shortages: Sequence[ShortageRow]) -> dict[str, Any] | None:
    """Sliders by resource and material, and the cell they begin at; None while there is no load."""
    if not rows:
        return None
    codes = [row.code for row in rows]
    lost: dict[str, dict[int, float]] = defaultdict(dict)
    for code, month, hours in CapacityChange.objects.values_list("resource__code", "month", "lost_hours"):
        lost[code][month] = lost[code].get(month, 0.0) + hours
    resources = {
        machine.code: _sliders(machine, lost[machine.code]) for machine in Resource.objects.filter(code__in=codes)
    }
    materials: dict[str, dict[str, dict[int, float]]] = defaultdict(lambda: {"limit": {}})
    supplied = MaterialSupply.objects.filter(material__code__in=codes).values_list(
        "material__code", "month", "max_quantity"
    )
    for code, month, units in supplied:
        materials[code]["limit"][month] = float(units)
    return {"start": _start(rows, shortages), "resources": resources, "materials": dict(materials)}


def month_choices(months: Sequence[int]) -> list[tuple[str, str]]:
    """Months as the API reads them, with what the reader calls them."""
    return [(format_month(month), formats.month(month)) for month in months]


def name_choices(user: User) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Products and organisations of the reader's scope, code and label, for the order dialog."""
    hierarchy = load_hierarchy()
    products, orgs = hierarchy.scope_leaves(get_scope(user))
    return _named(Product, hierarchy.products, products), _named(Org, hierarchy.orgs, orgs)


def _named(model: type[Product | Org], tree: Tree, ids: NDArray[np.int64]) -> list[tuple[str, str]]:
    """The first of them by code."""
    first = sorted(ids.tolist(), key=tree.code_of)[:MOST_NAMED]
    rows = model._default_manager.filter(pk__in=first).order_by("code").values_list("code", "name", "name_zh")
    return [(code, label_of(name, name_zh)) for code, name, name_zh in rows]


def _sliders(machine: Resource, lost: dict[int, float]) -> dict[str, Any]:
    hours_a_day = machine.shifts_per_day * machine.hours_per_shift * machine.efficiency
    return {
        "shifts": machine.shifts_per_day,
        "most_shifts": machine.max_shifts_per_day or machine.shifts_per_day + 1,
        "jph": machine.jph,
        "hours_a_day": hours_a_day,
        "lost": {month: round(2 * hours / hours_a_day) / 2 for month, hours in lost.items() if hours_a_day},
    }


def _start(rows: Sequence[HeatRow], shortages: Sequence[ShortageRow]) -> dict[str, Any]:
    """The bottleneck of the dearest shortage, else the fullest cell."""
    known = {row.code: row for row in rows}
    for short in shortages:
        if short.code in known:
            return _cell(known[short.code], short.cause_month)
    _share, _minus, code, month = max(
        (cell.share or 0.0, -cell.month, row.code, cell.month) for row in rows for cell in row.cells
    )
    return _cell(known[code], month)


def _cell(row: HeatRow, month: int) -> dict[str, Any]:
    return {"what": SCARCE.get(row.kind, "hour"), "code": row.code, "month": month, "label": row.label}
