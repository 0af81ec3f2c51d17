"""Where stock goes: finished goods in units and days, materials in days of cover and their risk."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.months import first_day
from masterdata.models import BomLine, Material, OpenPurchase, Policy, Product
from plans.cubes import Cube
from plans.selectors import get_version, load_measures
from supply import measures as m
from supply.selectors.horizon import plan_months
from supply.selectors.runs import get_latest_run

DAYS_PER_MONTH = 30
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StockRow:
    """A product's stock at month ends: ``units`` and ``days`` of the demand that follows (None: no demand)."""

    product: str
    label: str
    family: str
    units: tuple[float, ...]
    days: tuple[float | None, ...]
    safety_days: float


@dataclass(frozen=True)
class StockProjection:
    months: tuple[int, ...]
    total_units: tuple[float, ...]
    total_days: tuple[float | None, ...]
    rows: tuple[StockRow, ...]


@dataclass(frozen=True)
class MaterialRow:
    """A purchased material: cover in days at the end of the first month, and where it is short.

    ``next_arrival`` is the first open purchase as (date, quantity). ``short_months`` are the months in which the
    balance names it as the cause of a shortage.
    """

    code: str
    label: str
    supplier: str
    is_core: bool
    lead_time_days: int
    stock: tuple[float, ...]
    use: tuple[float, ...]
    purchases: tuple[float, ...]
    cover_days: float | None
    next_arrival: tuple[dt.date, float] | None
    short_months: tuple[int, ...]


def days_of_cover(stock: float, coming: Floats) -> float | None:
    """Days a stock lasts, walking forward through the months that follow; None when nothing is needed any more."""
    left, days = stock, 0.0
    for need in coming:
        if need > left:
            return days + DAYS_PER_MONTH * left / need
        left -= need
        days += DAYS_PER_MONTH
    return None if left == stock else days


def get_stock_projection(version_id: int) -> StockProjection:
    """Finished goods of a plan by product, most units at the end of the first month first."""
    months = plan_months(get_version(version_id))
    cubes = load_measures(version_id=version_id, measures=[m.STOCK_END, m.CONSENSUS], months=months)
    stock, demand = _by_first_key(cubes[m.STOCK_END]), _by_first_key(cubes[m.CONSENSUS])
    safety = dict(Policy.objects.filter(site=None).values_list("product_id", "safety_stock_days"))
    nothing = np.zeros(len(months))
    rows = []
    for product in Product.objects.filter(pk__in=stock).select_related("parent"):
        units, coming = stock[product.pk], demand.get(product.pk, nothing)
        rows.append(
            StockRow(
                product=product.code,
                label=product.label,
                family=product.parent.label if product.parent else "",
                units=tuple(units.tolist()),
                days=_days(units, coming),
                safety_days=float(safety.get(product.pk, 0.0)),
            )
        )
    rows.sort(key=lambda row: (-row.units[0], row.product))
    total = sum(stock.values(), nothing)
    asked = sum((demand.get(pk, nothing) for pk in stock), nothing)
    return StockProjection(tuple(months), tuple(total.tolist()), _days(total, asked), tuple(rows))


def get_material_cover(version_id: int) -> list[MaterialRow]:
    """Materials of a plan, those that cause shortages first, then core ones by cover."""
    months = plan_months(get_version(version_id))
    cubes = load_measures(version_id=version_id, measures=[m.MATERIAL_STOCK, m.PURCHASE, m.PRODUCTION], months=months)
    stock, bought = _by_first_key(cubes[m.MATERIAL_STOCK]), _by_first_key(cubes[m.PURCHASE])
    use = _use(_by_first_key(cubes[m.PRODUCTION]), len(months))
    run = get_latest_run(version_id)
    short: dict[str, set[int]] = defaultdict(set)
    if run is not None:
        for code, month in run.shortages.filter(cause__in=["supplier", "lead_time"]).values_list("code", "cause_month"):
            short[code].add(month)
    arrivals = _next_arrivals(months.start)
    rows = []
    for material in Material.objects.filter(pk__in=stock).select_related("supplier"):
        need = use.get(material.pk, np.zeros(len(months)))
        rows.append(
            MaterialRow(
                code=material.code,
                label=material.label,
                supplier=material.supplier.label if material.supplier else "",
                is_core=material.core,
                lead_time_days=material.lead_time_days,
                stock=tuple(stock[material.pk].tolist()),
                use=tuple(need.tolist()),
                purchases=tuple(bought.get(material.pk, np.zeros(len(months))).tolist()),
                cover_days=days_of_cover(float(stock[material.pk][0]), need[1:]),
                next_arrival=arrivals.get(material.pk),
                short_months=tuple(sorted(short[material.code])),
            )
        )
    rows.sort(key=lambda row: (not row.short_months, not row.is_core, row.cover_days or 0.0, row.code))
    return rows


def _by_first_key(cube: Cube) -> dict[int, Floats]:
    """First key (product, material) → [months] whole units over all second keys."""
    keys, groups = np.unique(cube.axis.keys[:, 0], return_inverse=True)
    sums = np.zeros((len(keys), cube.ncols))
    np.add.at(sums, groups, cube.to_float())
    return dict(zip(keys.tolist(), sums, strict=True))


def _days(units: Floats, coming: Floats) -> tuple[float | None, ...]:
    """Cover at every month end; the last month's demand stands for what lies beyond the horizon."""
    beyond = np.append(coming, np.repeat(coming[-1:], DAYS_PER_MONTH))
    return tuple(days_of_cover(float(units[t]), beyond[t + 1 :]) for t in range(len(units)))


def _use(made: dict[int, Floats], months: int) -> dict[int, Floats]:
    """Material → [months] what production uses."""
    use: dict[int, Floats] = defaultdict(lambda: np.zeros(months))
    lines = BomLine.objects.filter(material__isnull=False).values_list(
        "product_id", "material_id", "quantity_per", "take_rate"
    )
    for product, material, quantity, rate in lines:
        if product in made:
            use[material] = use[material] + made[product] * quantity * rate
    return use


def _next_arrivals(month: int) -> dict[int, tuple[dt.date, float]]:
    found: dict[int, tuple[dt.date, float]] = {}
    rows = OpenPurchase.objects.filter(arrival_month__gte=month).order_by("arrival_month", "promised_date", "pk")
    for row in rows:
        found.setdefault(row.material_id, (row.promised_date or first_day(row.arrival_month), float(row.quantity)))
    return found
