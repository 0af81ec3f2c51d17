"""What each line can make in the coming months, by the hours the balance itself counts with (R-061)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np

from core.months import format_month
from cycles.models import Cycle
from masterdata.choices import ResourceKind
from masterdata.models import ActualRecord, Resource, Routing
from masterdata.selectors import get_company
from plans.hierarchy import load_hierarchy
from plans.selectors import get_last_approved, load_measure
from supply.adapters.capacity import build_resources
from supply.adapters.database import load_capacity_sheets
from supply.adapters.sheets import Sheets
from supply.measures import PRODUCTION

NEAR_MONTHS = 3


@dataclass(frozen=True)
class LineMonth:
    """A line in a month, whole units: by calendar and shifts, less what is planned to be lost, what is left.

    ``hours_left`` are the hours left without what production stated under ``reason``; ``pace`` units an hour.
    """

    month: int
    maximum: int
    lost: int
    available: int
    hours_left: float
    pace: float

    @property
    def code(self) -> str:
        """The month as forms and REST write it."""
        return format_month(self.month)


@dataclass(frozen=True)
class LineCapability:
    """A line with its near months and how last month went; ``planned`` is ``None`` without an approved plan."""

    code: str
    label: str
    months: tuple[LineMonth, ...]
    made: int | None
    planned: int | None


def list_capability(cycle: Cycle, *, reason: str = "", months: int = NEAR_MONTHS) -> list[LineCapability]:
    """Every line that makes something, by code. ``reason`` names the capacity rows production states itself."""
    machines = list(Resource.objects.filter(kind=ResourceKind.LINE, routings__isnull=False).distinct().order_by("code"))
    sheets = load_capacity_sheets(range(cycle.month, cycle.month + months))
    kept = [row for row in sheets.of("capacity") if row["reason"] != reason]
    whole, now, left = (_hours(_with_changes(sheets, rows)) for rows in ([], sheets.of("capacity"), kept))
    pace, made, planned = _paces(), _made(cycle.month - 1), _planned(cycle)
    return [
        LineCapability(
            code=machine.code,
            label=machine.label,
            months=tuple(
                LineMonth(
                    month=cycle.month + t,
                    maximum=round(whole[machine.code][t] * pace[machine.pk]),
                    lost=round(whole[machine.code][t] * pace[machine.pk])
                    - round(now[machine.code][t] * pace[machine.pk]),
                    available=round(now[machine.code][t] * pace[machine.pk]),
                    hours_left=float(left[machine.code][t]),
                    pace=pace[machine.pk],
                )
                for t in range(months)
            ),
            made=made.get(machine.pk),
            planned=None if planned is None else planned.get(machine.pk, 0),
        )
        for machine in machines
    ]


def _with_changes(sheets: Sheets, capacity: list) -> Sheets:
    return replace(sheets, rows={**sheets.rows, "capacity": capacity})


def _hours(sheets: Sheets) -> dict[str, np.ndarray]:
    sites = sorted(row["code"] for row in sheets.of("sites"))
    codes, resources = build_resources(sheets, sites)
    return dict(zip(codes, resources.regular_hours, strict=True))


def _paces() -> dict[int, float]:
    """Units an hour: the line's jobs per hour, else the mean of what its products take."""
    hours: dict[int, list[float]] = defaultdict(list)
    for resource, per_unit in Routing.objects.filter(hours_per_unit__gt=0).values_list("resource_id", "hours_per_unit"):
        hours[resource].append(per_unit)
    mean = {resource: len(found) / sum(found) for resource, found in hours.items()}
    stated = {pk: jph for pk, jph in Resource.objects.values_list("pk", "jph") if jph}
    return defaultdict(float, mean | stated)


def _lines_of() -> dict[tuple[int, int], int]:
    """(product, site) → the line it is made on."""
    lines = Routing.objects.filter(resource__kind=ResourceKind.LINE).order_by("-pk")
    return {(product, site): line for product, site, line in lines.values_list("product_id", "site_id", "resource_id")}


def _made(month: int) -> dict[int, int]:
    """Line → units made in a month, from the actuals."""
    lines, tree = _lines_of(), load_hierarchy().products
    made: dict[int, float] = defaultdict(float)
    rows = ActualRecord.objects.filter(month=month, produced__isnull=False, product__isnull=False, site__isnull=False)
    for product, site, produced in rows.values_list("product_id", "site_id", "produced"):
        able = {lines[leaf, site] for leaf in tree.leaves_under(product).tolist() if (leaf, site) in lines}
        if len(able) == 1:  # the sheet may count a family: its line is known where there is one only
            made[able.pop()] += float(produced or 0)
    return {line: round(units) for line, units in made.items()}


def _planned(cycle: Cycle) -> dict[int, int] | None:
    """Line → units the last approved plan makes in the month before the cycle."""
    approved = get_last_approved(before_month=cycle.month)
    if approved is None:
        return None
    cube = load_measure(version_id=approved.pk, measure=PRODUCTION, months=range(cycle.month - 1, cycle.month))
    lines, units = _lines_of(), 10 ** get_company().quantity_decimals
    planned: dict[int, float] = defaultdict(float)
    for (product, site), values in zip(cube.axis.keys.tolist(), cube.values.tolist(), strict=True):
        if (product, site) in lines:
            planned[lines[product, site]] += values[0] / units
    return {line: round(amount) for line, amount in planned.items()}
