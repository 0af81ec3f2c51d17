"""Purchased materials at the outer flex band: how long stock lasts, what arrives, what will be missing (R-119)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.months import first_day
from demand.selectors.flex import load_flex_shares
from engine.coverage import days_of_supply, short_buckets
from masterdata.models import BomLine, Material, MaterialSupply
from masterdata.selectors import get_company
from plans.hierarchy import load_hierarchy
from supply.selectors.accepted import list_accepted_answers
from supply.selectors.flow import StockFlow
from supply.selectors.opening import load_open_purchases, load_opening, spread_purchases
from supply.selectors.values import UnitValues

Floats = NDArray[np.float64]
DAYS_PER_MONTH = 30.4375


@dataclass(frozen=True)
class CoverRow:
    """One material. Units of the material, days, money in minor units; ``use`` and ``short`` [T] at the outer band.

    ``short_months`` cannot be saved by any order still possible; ``excess`` is what stock and open orders hold beyond
    the days that count as slow-moving.
    """

    code: str
    label: str
    supplier: str
    is_core: bool
    lead_time_days: int
    stock: float
    cover_days: float | None
    arrivals: tuple[tuple[dt.date, float], ...]
    use: tuple[float, ...]
    short: tuple[float, ...]
    short_months: tuple[int, ...]
    excess: float
    excess_value: int
    state: str  # short | below_lead_time | excess | unused | covered

    @property
    def missing(self) -> float:
        """Units short over the horizon."""
        return sum(self.short)


def list_material_cover(flow: StockFlow, values: UnitValues) -> list[CoverRow]:
    """Materials by risk: short first, then core ones, then by cover."""
    months = flow.months
    use = _use(flow)
    stock = _stock(months.start)
    arrivals, dated = _arrivals(months)
    limits = _limits(months)
    slow = get_company().slow_cover_days
    rows = []
    for material in Material.objects.filter(pk__in={*use, *stock}).select_related("supplier"):
        need = use.get(material.pk, np.zeros(len(months)))
        coming = arrivals.get(material.pk, np.zeros(len(months)))
        on_hand = stock.get(material.pk, 0.0)
        orderable = limits.get(material.pk, np.full(len(months), np.inf)) - coming
        lag = int(material.lead_time_days / DAYS_PER_MONTH + 0.5)
        orderable = np.where(np.arange(len(months)) >= lag, np.maximum(orderable, 0.0), 0.0)
        short = short_buckets(on_hand, coming, orderable, need)
        cover = days_of_supply(on_hand, need.tolist(), flow.days.tolist())
        held = days_of_supply(on_hand + float(coming.sum()), need.tolist(), flow.days.tolist())
        total, days = float(need.sum()), float(flow.days.sum())
        excess = _excess(on_hand + float(coming.sum()), held, slow, total / days if days else 0.0)
        hits = tuple(month for month, missing in zip(months, short.tolist(), strict=True) if missing >= 0.5)
        rows.append(
            CoverRow(
                code=material.code,
                label=material.label,
                supplier=material.supplier.label if material.supplier else "",
                is_core=material.core,
                lead_time_days=material.lead_time_days,
                stock=on_hand,
                cover_days=cover,
                arrivals=tuple(dated.get(material.pk, ())),
                use=tuple(need.tolist()),
                short=tuple(short.tolist()),
                short_months=hits,
                excess=excess,
                excess_value=round(excess * values.material.get(material.pk, 0.0)),
                state=_state(hits, cover, total, material.lead_time_days, excess),
            )
        )
    order = {"short": 0, "below_lead_time": 1, "excess": 2, "unused": 3, "covered": 4}
    rows.sort(key=lambda row: (order[row.state], not row.is_core, row.cover_days or 0.0, row.code))
    return rows


def _excess(held: float, days: float | None, slow_days: int, rate: float) -> float:
    """Units beyond ``slow_days`` of use at the mean rate; all of it where nothing is used."""
    if days is None:
        return held
    return max(0.0, held - slow_days * rate) if days > slow_days else 0.0


def _state(short: tuple[int, ...], cover: float | None, use: float, lead_days: int, excess: float) -> str:
    if short:
        return "short"
    if use <= 0:
        return "unused"
    if excess > 0:
        return "excess"
    return "below_lead_time" if cover is not None and cover < lead_days else "covered"


def _use(flow: StockFlow) -> dict[int, Floats]:
    """Material → [T] what the planned production uses when demand comes at the outer flex band."""
    shares = load_flex_shares(
        version_id=flow.version_id, hierarchy=load_hierarchy(), products=flow.products, months=flow.months
    )
    outer = flow.by_product(flow.inflow) * (1 + shares.material / 100)
    place = {product: row for row, product in enumerate(flow.products.tolist())}
    use: dict[int, Floats] = {}
    lines = BomLine.objects.filter(material__isnull=False).values_list(
        "product_id", "material_id", "quantity_per", "take_rate"
    )
    for product, material, quantity, rate in lines:
        if product in place:
            more = outer[place[product]] * quantity * rate
            use[material] = use[material] + more if material in use else more
    return use


def _stock(month: int) -> dict[int, float]:
    found: dict[int, float] = defaultdict(float)
    for lot in load_opening(month).lots:
        if lot.material_id is not None:
            found[lot.material_id] += float(lot.quantity)
    return found


def _arrivals(months: range) -> tuple[dict[int, Floats], dict[int, list[tuple[dt.date, float]]]]:
    """Open purchases as [T] and as (date, quantity); what is overdue is expected in the first month.

    A supplier whose answer was accepted sends no more in its month than that.
    """
    purchases = load_open_purchases(months.start)
    rows = [
        (row.material_id, purchases.moved.get(row.pk, row.arrival_month), row.arrival_month, float(row.quantity))
        for row in purchases.rows
    ]
    expected, moved = spread_purchases(rows, months)
    for accepted in list_accepted_answers(months):
        coming, month = expected[accepted.answer.material_id], accepted.answer.month - months.start
        coming[month] = min(coming[month], float(accepted.limit))
    dated: dict[int, list[tuple[dt.date, float]]] = defaultdict(list)
    for row in purchases.rows:
        if row.arrival_month < months.stop:
            dated[row.material_id].append((row.promised_date or first_day(row.arrival_month), float(row.quantity)))
    nothing = np.zeros(len(months))
    by_month = {
        material: np.maximum(expected.get(material, nothing) + moved.get(material, nothing), 0.0)
        for material in {*expected, *moved}
    }
    return by_month, dated


def _limits(months: range) -> dict[int, Floats]:
    """Material → [T] what the supplier can deliver; inf in months without a stated limit."""
    found: dict[int, Floats] = defaultdict(lambda: np.full(len(months), np.inf))
    rows = MaterialSupply.objects.filter(month__in=months).values_list("material_id", "month", "max_quantity")
    for material, month, quantity in rows:
        found[material][month - months.start] = float(quantity)
    return found
