"""The running company and a plan's consensus demand → the same sheets a folder gives."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import F, Model
from django.db.models.functions import Coalesce

from core.months import format_month
from demand.selectors.flex import load_flex_shares
from engine.balancing.contracts import Finding
from masterdata.models import (
    BomLine,
    CalendarMonth,
    CapacityChange,
    Cost,
    ExchangeRate,
    InventoryLot,
    Lane,
    Material,
    MaterialSupply,
    OpenPurchase,
    Org,
    Policy,
    Price,
    Product,
    Resource,
    Routing,
    Site,
    Transfer,
)
from masterdata.selectors import get_company
from plans.cubes import Cube
from plans.hierarchy import load_hierarchy
from plans.models import Version
from plans.selectors import get_heads, get_last_approved, list_approved, load_measure
from supply.adapters.horizon import lag_months
from supply.adapters.sheets import Row, Sheets
from supply.measures import CONSENSUS, PRODUCTION, PURCHASE
from supply.selectors.accepted import Accepted, list_accepted
from supply.selectors.horizon import plan_months
from supply.selectors.opening import MovedCount, load_open_purchases, load_opening

DEFAULT_FROZEN_MONTHS, DEFAULT_SLUSHY_MONTHS, DEFAULT_SERVICE_LEVEL = 1, 3, 0.95  # as masterdata.Policy

# sheet → model and {column: field path}; columns without a path are fields of the same name
_SOURCES: dict[str, tuple[type[Model], tuple[str, ...], dict[str, Any]]] = {
    "products": (Product, ("code", "name"), {}),
    "orgs": (Org, ("code", "name", "currency"), {"parent": "parent__code"}),
    "calendar": (CalendarMonth, ("month", "working_days"), {}),
    "sites": (Site, ("code", "name", "kind", "storage_units"), {}),
    "lanes": (Lane, ("unit_cost", "lead_time_days"), {"site": "site__code", "org": "org__code"}),
    "transfers": (
        Transfer,
        ("unit_cost", "lead_time_days"),
        {"from_site": "from_site__code", "to_site": "to_site__code"},
    ),
    "resources": (
        Resource,
        (
            "code", "name", "kind", "jph", "shifts_per_day", "hours_per_shift", "efficiency", "max_shifts_per_day",
            "max_overtime_share", "regular_cost_per_hour", "overtime_cost_per_hour", "extra_shift_cost_per_month",
            "lead_time_months", "headcount", "hours_per_person_month", "wage_per_person_month", "hire_cost",
            "layoff_cost", "overtime_hours_per_person_month",
        ),
        {"site": "site__code"},
    ),
    "capacity": (CapacityChange, ("month", "available_hours", "lost_hours", "reason"), {"resource": "resource__code"}),
    "routings": (
        Routing,
        ("hours_per_unit", "min_lot", "max_per_month"),
        {"product": "product__code", "site": "site__code", "resource": "resource__code"},
    ),
    "materials": (
        Material,
        ("code", "name", "unit_cost", "lead_time_days", "core", "min_order", "shelf_life_days"),
        {},
    ),
    "bom": (
        BomLine,
        ("quantity_per", "take_rate"),
        {"product": "product__code", "component": Coalesce("material__code", "component__code")},
    ),
    "material_supply": (MaterialSupply, ("month", "max_quantity"), {"material": "material__code"}),
    "prices": (Price, ("from_month", "price", "currency"), {"product": "product__code", "org": "org__code"}),
    "costs": (
        Cost,
        (
            "from_month", "material_cost", "labour_cost", "overhead_cost", "outsourcing_cost", "production_cost",
            "holding_rate_per_year", "holding_cost_per_month", "shortage_cost", "setup_cost",
        ),
        {"product": "product__code", "site": "site__code"},
    ),
    "exchange_rates": (ExchangeRate, ("currency", "month", "rate"), {}),
    "policies": (
        Policy,
        (
            "fulfilment", "service_level", "safety_stock_days", "max_stock_days", "frozen_months", "slushy_months",
            "initial_stock", "end_stock", "max_stock_units", "shelf_life_days",
        ),
        {"product": "product__code", "site": "site__code"},
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Ids:
    """External code → id, for the way back into cubes."""

    products: Mapping[str, int]
    orgs: Mapping[str, int]
    sites: Mapping[str, int]
    resources: Mapping[str, int]
    materials: Mapping[str, int]


def load_ids() -> Ids:
    """All codes of the company."""
    maps = [dict(model.objects.values_list("code", "pk")) for model in (Product, Org, Site, Resource, Material)]
    return Ids(*maps)


def load_sheets(version: Version) -> Sheets:
    """Master data and the consensus demand of a version's horizon."""
    months = plan_months(version)
    materials = dict(Material.objects.values_list("pk", "code"))
    rows = {sheet: _load(*source) for sheet, source in _SOURCES.items()}
    consensus = load_measure(version_id=version.pk, measure=CONSENSUS, months=months)
    rows["demand"] = demand_rows(consensus)
    opening, purchases = load_opening(months.start), load_open_purchases(months.start)
    rows["inventory"] = [_lot_row(lot) for lot in opening.lots]
    rows["open_purchases"] = [_purchase_row(row, materials, purchases.moved) for row in purchases.rows]
    _take_answers(rows, list_accepted(version, months))
    released, slushy = _released(months.start, rows["policies"])
    return Sheets(
        first_month=months.start,
        months=len(months),
        currency=get_company().currency,
        rows=rows,
        released=released,
        slushy=slushy,
        ordered=_ordered(months, purchases.since),
        errors=forecast_errors(version, consensus.axis.keys, rows),
        lists_release=purchases.lists_release,
        findings=tuple(_say_moved(count, months.start) for count in opening.moved),
        flex=material_flex(version, consensus),
    )


def _lot_row(lot: InventoryLot) -> Row:
    item = lot.product or lot.material
    assert item is not None
    return {"item": item.code, "site": lot.site.code, "quantity": lot.quantity, "produced_on": lot.produced_on}


def _purchase_row(row: OpenPurchase, materials: Mapping[int, str], moved: Mapping[int, int | None]) -> Row:
    found = {"material": materials[row.material_id], "arrival_month": row.arrival_month, "quantity": row.quantity}
    return {**found, "expected_month": moved[row.pk]} if row.pk in moved else found


def _take_answers(rows: dict[str, list[Row]], accepted: Sequence[Accepted]) -> None:
    """Suppliers' answers the plan counts with: their limits, and, of a scenario's, what they send later."""
    if not accepted:
        return
    tried = {(word.material, word.month): word for word in accepted if word.is_tried}
    rows["material_supply"] = [
        row for row in rows["material_supply"] if (row["material"], row["month"]) not in tried
    ] + [{"material": code, "month": month, "max_quantity": word.limit} for (code, month), word in tried.items()]
    rows["open_purchases"] += [
        {"material": word.material, "arrival_month": word.later, "quantity": word.late, "expected_month": None}
        for word in tried.values()
        if word.later is not None
    ]
    rows["supplier_answers"] = [
        {"material": word.material, "month": word.month, "limit": word.limit} for word in accepted
    ]


def _say_moved(count: MovedCount, month: int) -> Finding:
    """A finding on a site whose count is older than the plan."""
    when = format_month(month)
    if count.counted is None:
        return Finding("count_missing", "info", "site", count.site.code, {"when": when})
    code = "count_moved" if count.is_moved else "count_old"
    return Finding(code, "warning", "site", count.site.code, {"counted": format_month(count.counted), "when": when})


def load_capacity_sheets(months: range) -> Sheets:
    """What the hours of resources come from, for any months: no demand, no products."""
    wanted = ("calendar", "sites", "resources", "capacity")
    rows = {sheet: _load(*_SOURCES[sheet]) for sheet in wanted}
    return Sheets(first_month=months.start, months=len(months), currency=get_company().currency, rows=rows)


def demand_rows(consensus: Cube) -> list[Row]:
    """One row per product, org and month in which something is asked for."""
    products = dict(Product.objects.values_list("pk", "code"))
    orgs = dict(Org.objects.values_list("pk", "code"))
    quantities = consensus.to_float()
    return [
        {
            "product": products[int(consensus.axis.keys[row, 0])],
            "org": orgs[int(consensus.axis.keys[row, 1])],
            "month": consensus.first_month + int(column),
            "quantity": float(quantities[row, column]),
        }
        for row, column in np.argwhere(quantities > 0)
    ]


def input_hash(sheets: Sheets, changes: list[dict[str, Any]]) -> str:
    """SHA-256 of everything a run reads, whatever the order of rows in the database."""
    content = {
        sheet: sorted(json.dumps(row, sort_keys=True, default=str) for row in rows)
        for sheet, rows in sheets.rows.items()
    }
    released, slushy, ordered = (
        sorted([*key, month, quantity] for key, months in plan.items() for month, quantity in months.items())
        for plan in (sheets.released, sheets.slushy, sheets.ordered)
    )
    plan = [sorted(sheets.errors.items()), sorted(sheets.flex.items())]
    whole = [sheets.first_month, sheets.months, sheets.currency, content, released, slushy, ordered, *plan, changes]
    if not sheets.lists_release:
        whole.append("orders of the release come on top")
    return hashlib.sha256(json.dumps(whole, sort_keys=True, default=str).encode()).hexdigest()


def _load(model: type[Model], same: tuple[str, ...], paths: dict[str, Any]) -> list[Row]:
    names = [*same, *paths]
    fields = [*same, *(F(path) if isinstance(path, str) else path for path in paths.values())]
    found = model.objects.order_by("pk").values_list(*fields)  # type: ignore[attr-defined]
    return [dict(zip(names, values, strict=True)) for values in found]


Releases = dict[tuple[str, str], dict[int, float]]  # (product, site) → month → quantity


def _released(month: int, policies: list[Row]) -> tuple[Releases, Releases]:
    """What the last approved plan makes in the months that are frozen now, and in the slushy ones after them."""
    last = get_last_approved(before_month=month)
    if last is None:
        return {}, {}
    frozen = {row["product"]: int(row["frozen_months"]) for row in policies}
    slushy = {row["product"]: int(row["slushy_months"]) for row in policies}
    fences = {code: (frozen[code], frozen[code] + slushy[code]) for code in frozen}
    usual = DEFAULT_FROZEN_MONTHS, DEFAULT_FROZEN_MONTHS + DEFAULT_SLUSHY_MONTHS
    reach = max(end for _start, end in [usual, *fences.values()])
    heads = get_heads(version_id=last.pk, measures=[PRODUCTION])
    covered = range(month, min(month + reach, plan_months(last).stop))
    made = load_measure(version_id=last.pk, measure=PRODUCTION, months=covered, heads=heads)
    products = dict(Product.objects.values_list("pk", "code"))
    sites = dict(Site.objects.values_list("pk", "code"))
    quantities = made.to_float()
    fixed: Releases = {}
    priced: Releases = {}
    for row, (product, site) in enumerate(made.axis.keys.tolist()):
        code = products[product]
        start, end = fences.get(code, usual)
        plan = {m: float(quantities[row, m - month]) for m in range(month, min(covered.stop, month + end))}
        fixed[code, sites[site]] = {m: quantity for m, quantity in plan.items() if m < month + start}
        priced[code, sites[site]] = {m: quantity for m, quantity in plan.items() if m >= month + start}
    return fixed, priced


def _ordered(months: range, since: int) -> Releases:
    """(material, site) → month of arrival → what the approved plans from the month ``since`` on have bought.

    Each arrival is taken from the latest plan that could still order it: a later one knew it as on its way.
    """
    codes, lags = {}, {}
    for pk, code, lead_time_days in Material.objects.values_list("pk", "code", "lead_time_days"):
        codes[pk], lags[pk] = code, lag_months(lead_time_days)
    sites = dict(Site.objects.values_list("pk", "code"))
    plans = [plan for plan in list_approved(before_month=months.start) if plan_months(plan).start >= since]
    found: Releases = defaultdict(dict)
    decided = dict.fromkeys(lags, months.stop)  # material → first month of arrival a later plan decided
    for number, plan in enumerate(plans):
        own = plan_months(plan)
        covered = range(months.start, max(months.start, min(months.stop, own.stop)))
        bought = load_measure(version_id=plan.pk, measure=PURCHASE, months=covered)
        is_first = number == len(plans) - 1  # what came within its lead time was taken for ordered before
        for (material, site), row in zip(bought.axis.keys.tolist(), bought.to_float().tolist(), strict=True):
            if material not in lags:
                continue
            start = months.start if is_first else own.start + lags[material]
            for month, quantity in zip(bought.months, row, strict=True):
                if quantity > 0 and start <= month < decided[material]:
                    found[codes[material], sites.get(site, "")][month] = quantity
        decided = {material: own.start + lag for material, lag in lags.items()}
        if max(decided.values(), default=0) <= months.start:
            break
    return dict(found)


def material_flex(version: Version, consensus: Cube) -> dict[str, list[float]]:
    """Product → share beyond the demand by month that its core materials are secured for, as the plan published it."""
    products = np.unique(consensus.axis.keys[:, 0])
    codes = dict(Product.objects.values_list("pk", "code"))
    shares = load_flex_shares(
        version_id=version.pk, hierarchy=load_hierarchy(), products=products, months=consensus.months
    )
    return {
        codes[product]: row for product, row in zip(products.tolist(), (shares.material / 100).tolist(), strict=True)
    }


def forecast_errors(version: Version, keys: np.ndarray, rows: Mapping[str, list[Row]]) -> dict[str, float]:
    """Product → units its stock should cover: forecast errors over a month and its longest transport.

    Markets of a product err independently here: their errors add up as squares. Products without a forecast have none.
    """
    from demand.selectors.errors import load_cumulative_error  # brings numba: not at the start of a web process

    levels = {row["product"]: float(row["service_level"]) for row in rows["policies"] if row["site"] is None}
    products = dict(Product.objects.values_list("pk", "code"))
    transport = max([lag_months(row["lead_time_days"]) for row in rows["lanes"]], default=0)
    codes = np.array([products[int(product)] for product in keys[:, 0]], dtype=object)
    wanted = np.array([levels.get(code, DEFAULT_SERVICE_LEVEL) for code in codes], dtype=float)
    squares: dict[str, float] = {}
    for level in np.unique(wanted[(wanted > 0) & (wanted < 1)]):
        chosen = wanted == level
        found = load_cumulative_error(
            version_id=version.pk, keys=keys[chosen], months_ahead=1 + transport, level=float(level)
        )
        for code, units in zip(codes[chosen], found, strict=True):
            if np.isfinite(units):
                squares[code] = squares.get(code, 0.0) + float(units) ** 2
    return {code: round(total**0.5, 6) for code, total in sorted(squares.items())}
