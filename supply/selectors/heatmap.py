"""Load against capacity, month by month: lines, equipment, labour, materials, warehouses, engineering."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from core.months import parse_month
from masterdata.choices import ResourceKind
from masterdata.models import Material, MaterialSupply, OpenPurchase, Resource, Site
from masterdata.selectors import get_company
from plans.cubes import Cube
from plans.selectors import get_version, load_measures
from supply import measures as m
from supply.models import BalanceRun
from supply.selectors.horizon import plan_months
from supply.selectors.runs import get_latest_run

_ORDER = [
    ResourceKind.LINE,
    ResourceKind.EQUIPMENT,
    ResourceKind.LABOUR,
    ResourceKind.MATERIAL,
    ResourceKind.WAREHOUSE,
    ResourceKind.ENGINEERING,
]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class HeatCell:
    """One resource in one month.

    ``load`` and ``available`` are hours (units for materials and storage); ``share`` is load over regular
    capacity, ``None`` without a limit. ``extra`` is overtime and extra shifts the plan uses, inside ``load``.
    ``value`` is what one more hour or unit would add to the plan's profit, in minor currency units; 0 with
    ``is_missing``: for want of it a hard rule is broken, whose price is no worth.
    """

    month: int
    load: float
    available: float
    share: float | None
    extra: float
    value: int
    is_missing: bool


@dataclass(frozen=True)
class HeatRow:
    """A resource with its months. ``unit`` is hours or units."""

    kind: str
    kind_label: str
    code: str
    label: str
    note: str
    unit: str
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True)
class Heatmap:
    """``rows`` by kind in the order lines, equipment, labour, material, warehouse, engineering."""

    months: tuple[int, ...]
    rows: tuple[HeatRow, ...]


def get_heatmap(version_id: int) -> Heatmap:
    """Load and capacity of a plan. Values of one more hour come from its last balance."""
    months = plan_months(get_version(version_id))
    cubes = load_measures(version_id=version_id, measures=[*m.HOURS, m.PURCHASE, m.STOCK_END], months=months)
    run = get_latest_run(version_id)
    values = _Values(run, months)
    rows = [
        *_resources(cubes, months, values),
        *_materials(cubes[m.PURCHASE], months, values),
        *_stores(cubes[m.STOCK_END], months, values),
    ]
    order = {kind: position for position, kind in enumerate(_ORDER)}
    rows.sort(key=lambda row: (order[ResourceKind(row.kind)], row.code))
    return Heatmap(tuple(months), tuple(rows))


class _Values:
    """Minor units one more hour or unit is worth, by what it is and its code."""

    def __init__(self, run: BalanceRun | None, months: range) -> None:
        self._run, self._months = run, months
        self._cent = 10 ** get_company().currency_decimals
        self._missing = _missing(run)

    def of(self, what: str, code: str) -> Floats:
        """[T] NaN where one more would only mend a broken rule: up to its month, as what comes earlier can be kept."""
        values = self._priced(what, code)
        until = self._missing.get((what, code), self._months.start - 1) + 1 - self._months.start
        values[:until] = np.where(values[:until] > 0, np.nan, 0.0)
        return values

    def _priced(self, what: str, code: str) -> Floats:
        values = np.zeros(len(self._months))
        if self._run is not None:
            found = self._run.values.get(what, {}).get(code)
            if found:
                offset = self._run.first_month - self._months.start
                for position, value in enumerate(found):
                    if 0 <= position + offset < len(values):
                        values[position + offset] = value * self._cent
        return values


def _missing(run: BalanceRun | None) -> dict[tuple[str, str], int]:
    """(What, code) → the last month in which a hard rule is broken for want of it."""
    found: dict[tuple[str, str], int] = {}
    for finding in run.findings if run is not None else ():
        said = finding["values"]
        names = [("storage", finding["key"])] if finding["code"] == "storage_limit_broken" else []
        if finding["code"] == "frozen_cut":
            names = [(what, code) for code in said["missing"].split(", ") for what in ("hour", "material")]
        for name in names:
            found[name] = max(found.get(name, 0), parse_month(said["when"]))
    return found


def _resources(cubes: dict[str, Cube], months: range, values: _Values) -> list[HeatRow]:
    axis = cubes[m.AVAILABLE_HOURS].axis
    hours = {code: cubes[code].align(axis).to_float() for code in m.HOURS}
    rows = {row.pk: row for row in Resource.objects.select_related("site")}
    return [
        HeatRow(
            kind=rows[pk].kind,
            kind_label=rows[pk].get_kind_display(),
            code=rows[pk].code,
            label=rows[pk].label,
            note=rows[pk].site.label,
            unit=_("hours"),
            cells=_cells(
                months,
                hours[m.LOAD_HOURS][position],
                hours[m.AVAILABLE_HOURS][position],
                hours[m.OVERTIME_HOURS][position] + hours[m.EXTRA_SHIFT_HOURS][position],
                values.of("hour", rows[pk].code),
            ),
        )
        for position, pk in enumerate(axis.keys[:, 0].tolist())
        if pk in rows
    ]


def _materials(purchase: Cube, months: range, values: _Values) -> list[HeatRow]:
    """Materials whose supplier states a limit: what arrives against what can be delivered."""
    limits: dict[int, dict[int, float]] = defaultdict(dict)
    for pk, month, quantity in MaterialSupply.objects.filter(month__in=months).values_list(
        "material_id", "month", "max_quantity"
    ):
        limits[pk][month] = float(quantity)
    coming: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for pk, month, quantity in OpenPurchase.objects.filter(arrival_month__in=months).values_list(
        "material_id", "arrival_month", "quantity"
    ):
        coming[pk][month] += float(quantity)
    bought = purchase.to_float()
    rows = []
    for material in Material.objects.filter(pk__in=limits).select_related("supplier"):
        used = bought[purchase.axis.keys[:, 0] == material.pk].sum(axis=0)
        used = used + np.array([coming[material.pk][month] for month in months])
        available = np.array([limits[material.pk].get(month, np.nan) for month in months])
        rows.append(
            HeatRow(
                kind=ResourceKind.MATERIAL,
                kind_label=str(ResourceKind.MATERIAL.label),
                code=material.code,
                label=material.label,
                note=material.supplier.label if material.supplier else "",
                unit=_("units"),
                cells=_cells(months, used, available, np.zeros(len(months)), values.of("material", material.code)),
            )
        )
    return rows


def _stores(stock: Cube, months: range, values: _Values) -> list[HeatRow]:
    """Sites with a storage limit: stock at month end against the room there is."""
    kept = stock.to_float()
    rows = []
    for site in Site.objects.filter(storage_units__gt=0):
        assert site.storage_units is not None
        available = np.full(len(months), float(site.storage_units))
        used = kept[stock.axis.keys[:, 1] == site.pk].sum(axis=0)
        rows.append(
            HeatRow(
                kind=ResourceKind.WAREHOUSE,
                kind_label=str(ResourceKind.WAREHOUSE.label),
                code=site.code,
                label=site.label,
                note="",
                unit=_("units"),
                cells=_cells(months, used, available, np.zeros(len(months)), values.of("storage", site.code)),
            )
        )
    return rows


def _cells(months: range, load: Floats, available: Floats, extra: Floats, value: Floats) -> tuple[HeatCell, ...]:
    return tuple(
        HeatCell(
            month=month,
            load=float(load[t]),
            available=0.0 if np.isnan(available[t]) else float(available[t]),
            share=float(load[t] / available[t]) if available[t] > 0 else None,
            extra=float(extra[t]),
            value=0 if np.isnan(value[t]) else round(float(value[t])),
            is_missing=bool(np.isnan(value[t])),
        )
        for t, month in enumerate(months)
    )
