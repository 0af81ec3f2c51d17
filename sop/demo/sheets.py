"""Writes the demo company as an ordinary company folder, as it stood at the start of one cycle."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from core.months import first_day, format_month
from sop.demo import catalogue as c
from sop.demo import stock
from sop.demo.market import LAUNCH_IN_MONTHS, SOUTH_BIAS, Market
from sop.demo.planted import CAMPAIGNS, ENDS, PRICE_STEPS, price_share
from sop.demo.view import HORIZON, HandOver, Row, View, material_need, parts_of, skus
from sop.demo.words import language, pick, say, say_row

ORDER_COVER = (0.72, 0.38, 0.12)  # share of the next months' demand already ordered
INPUT_MONTHS = 12
WORKING_DAYS = (20, 16, 22, 21, 20, 21, 23, 21, 22, 18, 21, 22)  # January … December


def write_company(
    folder: Path,
    *,
    market: Market,
    cycle_month: int,
    latest_month: int,
    seed: int,
    left: HandOver | None = None,
) -> None:
    """Write every sheet as known at the start of ``cycle_month``; ``latest_month`` is the market's current cycle.

    ``left`` is what the release of the month before left in the stores and has on order; none before the first cycle.
    """
    view = View(market, cycle_month, latest_month, seed, left)
    for sheet, rows_of in SHEETS.items():
        rows = [say_row(row) for row in rows_of(view)]
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with (folder / f"{sheet}.csv").open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)


def _products(view: View) -> Iterator[Row]:
    launch = format_month(view.latest + LAUNCH_IN_MONTHS)
    yield {"code": "QL", "name": "All cars", "name_zh": "全部车型", "level": "company"}
    for code, name, name_zh in c.FAMILIES:
        yield {"code": code, "name": name, "name_zh": name_zh, "parent": "QL", "level": "family"}
    for series in c.SERIES:
        yield {
            "code": series.code, "name": series.name, "name_zh": series.name_zh, "parent": series.family, "level": "series",
        }  # fmt: skip
        for config in series.configs:
            yield {
                "code": config.code, "name": config.name, "name_zh": config.name_zh, "parent": series.code, "level": "model",
            }  # fmt: skip
            for colour, name, name_zh, _ in c.COLOURS:
                yield {
                    "code": f"{config.code}-{colour}", "name": f"{config.name}, {name}", "name_zh": f"{config.name_zh} {name_zh}",
                    "parent": config.code, "level": "sku", "uom": "car", "decimals": 0,
                    "launch_month": launch if series.code == "M8" else "",
                    "end_month": format_month(view.latest + ENDS[config.code]) if config.code in ENDS else "",
                    "attr_config": pick(config.name, config.name_zh).removeprefix(f"{series.code} "), "attr_colour": pick(name, name_zh),
                    "attr_powertrain": "BEV" if series.family == "NEV" else "ICE",
                }  # fmt: skip


def _orgs(view: View) -> Iterator[Row]:
    yield {"code": "CN", "name": "China", "name_zh": "全国", "level": "company", "currency": c.CURRENCY}
    for region, name, name_zh, _, dealers in c.REGIONS:
        yield {"code": region, "name": name, "name_zh": name_zh, "parent": "CN", "level": "region"}
        for code, dealer, dealer_zh, _ in dealers:
            yield {"code": code, "name": dealer, "name_zh": dealer_zh, "parent": region, "level": "dealer"}
        yield {
            "code": f"{region}-DIRECT", "name": f"{name} own stores", "name_zh": f"{name_zh}直营店",
            "parent": region, "level": "direct",
        }  # fmt: skip


def _history(view: View) -> Iterator[Row]:
    for leaf, numbers in zip(view.market.leaves, view.market.actual[:, : view.now], strict=True):
        for column in np.flatnonzero(numbers):
            yield {
                "product": leaf.product, "org": leaf.org, "month": format_month(view.market.first_month + int(column)),
                "quantity": int(numbers[column]),
                "revenue": int(numbers[column]) * _price(view, leaf.config, view.market.first_month + int(column)),
            }  # fmt: skip


def _calendar(view: View) -> Iterator[Row]:
    for month in range(view.market.first_month, view.month + HORIZON):
        yield {"month": format_month(month), "working_days": WORKING_DAYS[month % 12]}


def _sites(view: View) -> Iterator[Row]:
    for code, name, name_zh, storage, _ in c.PLANTS:
        yield {"code": code, "name": name, "name_zh": name_zh, "kind": "plant", "storage_units": storage}


def _lanes(view: View) -> Iterator[Row]:
    for site, _, _, _, freight in c.PLANTS:
        for (region, _, _, _, dealers), cost in zip(c.REGIONS, freight, strict=True):
            for store in [*(dealer[0] for dealer in dealers), f"{region}-DIRECT"]:
                mode, cars = c.TRANSPORT[cost >= c.RAIL_FROM]
                yield {
                    "site": site, "org": store, "unit_cost": cost, "lead_time_days": 5, "transport_mode": mode,
                    "units_per_load": cars,
                }  # fmt: skip


def _resources(view: View) -> Iterator[Row]:
    for code, name, name_zh, site, kind, jph, shifts, most, overtime, extra, _ in c.RESOURCES:
        yield {
            "code": code, "name": name, "name_zh": name_zh, "site": site, "kind": kind, "jph": jph,
            "shifts_per_day": shifts, "hours_per_shift": c.HOURS_PER_SHIFT, "efficiency": c.EFFICIENCY,
            "max_shifts_per_day": most, "max_overtime_share": c.MAX_OVERTIME_SHARE, "regular_cost_per_hour": 0,
            "overtime_cost_per_hour": overtime, "extra_shift_cost_per_month": extra,
            "lead_time_months": c.EXTRA_SHIFT_LEAD_MONTHS,
        }  # fmt: skip


def _capacity(view: View) -> Iterator[Row]:
    yield {"resource": "CQ3", "month": format_month(view.latest + 1), "lost_hours": 88, "reason": "maintenance"}
    yield {"resource": "HFP", "month": format_month(view.latest + 2), "lost_hours": 36, "reason": "maintenance"}
    for code in ("HF1", "HF2", "CQ1"):
        yield {"resource": code, "month": format_month(view.latest + 8), "lost_hours": 40, "reason": "holiday"}


def _routings(view: View) -> Iterator[Row]:
    for code, _, _, site, _, jph, *_, made in c.RESOURCES:
        for product, _, _ in skus(made):
            yield {
                "product": product, "site": site, "resource": code, "hours_per_unit": round(1 / jph, 6),
                "setup_hours": c.SETUP_HOURS,
            }  # fmt: skip


def _suppliers(view: View) -> Iterator[Row]:
    for code, name, name_zh in c.SUPPLIERS:
        yield {"code": code, "name": name, "name_zh": name_zh, "email": f"planning@{code.lower()}.example"}


def _materials(view: View) -> Iterator[Row]:
    for code, name, name_zh, supplier, cost, lead, core in c.MATERIALS:
        yield {
            "code": code, "name": name, "name_zh": name_zh, "supplier": supplier, "unit_cost": cost,
            "lead_time_days": lead, "core": "yes" if core else "no", "uom": "set",
        }  # fmt: skip


def _bom(view: View) -> Iterator[Row]:
    for product, config, series in skus(("",)):
        for component, quantity in parts_of(config, series).items():
            yield {"product": product, "component": component, "quantity_per": quantity}


def _material_supply(view: View) -> Iterator[Row]:
    """Suppliers follow with some room; CellNova's B75 line is short for four months from the next one on."""
    for month in view.months():
        for material, need in sorted(material_need(view, month).items()):
            limit = max(need * 1.25, 2_000)
            if material == "B75" and 1 <= month - view.latest <= 4:
                limit = 3_200
            yield {"material": material, "month": format_month(month), "max_quantity": round(limit / 10) * 10}


def _orders(view: View) -> Iterator[Row]:
    """What is due in the coming months is partly ordered; what was due before is delivered."""
    for ahead in range(-len(ORDER_COVER), len(ORDER_COVER)):
        month = view.month + ahead
        cover = ORDER_COVER[ahead] if ahead >= 0 else 1.0
        expected = view.market.expected[:, view.market.column(month)]
        for number, (leaf, cars) in enumerate(zip(view.market.leaves, expected, strict=True)):
            if quantity := int(cars * cover * view.rng.uniform(0.85, 1.0)):
                yield {
                    "order": f"SO-{format_month(month)}-{number:04d}", "product": leaf.product, "org": leaf.org,
                    "quantity": quantity, "due_date": first_day(month) + dt.timedelta(days=4 + number % 23),
                    "kind": "customer" if leaf.org.endswith("DIRECT") else "channel", "priority": 2,
                    "status": "open" if ahead >= 0 else "delivered",
                }  # fmt: skip
    for number, (product, org, quantity, reason) in enumerate((
        ("E7-LR-W", "GZ", 240, "cars for the New Year fair"),
        ("E7-AWD-B", "SZ", 160, "cars for the New Year fair"),
        ("C3-BASE-W", "NN", 120, "price campaign in spring"),
    )):  # fmt: skip
        yield {
            "order": f"SB-{number:04d}", "product": product, "org": org, "quantity": quantity,
            "due_date": first_day(view.latest + 2) + dt.timedelta(days=9), "kind": "stock", "priority": 3, "status": "open",
            "requested_by": "Chen Hao", "reason": reason,
        }  # fmt: skip
    yield {
        "order": "CU-0002", "product": "E5-PLUS-B", "org": "HZ", "quantity": 24,
        "due_date": first_day(view.month) - dt.timedelta(days=9), "kind": "customer", "priority": 2, "status": "open",
        "customer": "Hangzhou taxi cooperative", "reason": "colour changed after ordering",
    }  # fmt: skip
    yield {
        "order": "CU-0001", "product": "S6-SPORT-U", "org": "CD", "quantity": 60,
        "due_date": first_day(view.latest + 1) + dt.timedelta(days=19), "kind": "customer", "priority": 1,
        "custom": "yes", "status": "open", "customer": "Chengdu police fleet",
    }  # fmt: skip


def _prices(view: View) -> Iterator[Row]:
    start = view.market.first_month - view.latest
    for product, config, _ in skus(("",)):
        steps = PRICE_STEPS.get(config.code.partition("-")[0], ())
        for offset in (start, *(step for step, _percent in steps)):
            month = view.latest + offset
            yield {
                "product": product, "from_month": format_month(month), "price": _price(view, config, month), "currency": c.CURRENCY,
            }  # fmt: skip


def _price(view: View, config: c.Config, month: int) -> int:
    """List price less what the price strategy takes off, whole hundreds."""
    return int(
        np.rint(config.price * float(price_share(config.code.partition("-")[0], month - view.latest)) / 100) * 100
    )


def _costs(view: View) -> Iterator[Row]:
    start = format_month(view.market.first_month)
    for product, config, _ in skus(("",)):
        cost = config.price - config.contribution
        yield {
            "product": product, "from_month": start, "material_cost": round(cost * 0.78, -1),
            "labour_cost": round(cost * 0.07, -1), "overhead_cost": round(cost * 0.15, -1),
            "outsourcing_cost": round(config.price * 0.99, -2) if config.code.startswith("S6") else "",
            "holding_rate_per_year": 0.10, "shortage_cost": round(config.contribution * 0.35, -1),
        }  # fmt: skip


def _targets(view: View) -> Iterator[Row]:
    """The budget was ambitious on new energy, saw no subsidy end, and M8 one month earlier."""
    ambition = {"E5": 1.03, "E7": 1.06, "M8": 1.10, "S6": 1.0, "C3": 1.12}
    for kind, lift in (("budget", None), ("le", 1.01)):
        for month in range(view.month - 12, view.month + HORIZON):
            if month < view.market.first_month or view.market.column(month) >= view.market.expected.shape[1]:
                continue
            for series, configs in ((series, series.configs) for series in c.SERIES):
                cars = view.expected(lambda leaf: leaf.config, month)
                factor = ambition[series.code] if lift is None else lift
                units = {config: round(cars[config] * factor) for config in configs}
                if sum(units.values()):
                    yield {
                        "kind": kind, "month": format_month(month), "product": series.code, "org": "CN",
                        "quantity": sum(units.values()),
                        "revenue": sum(count * config.price for config, count in units.items()),
                        "profit": sum(count * round(config.contribution * 0.98 - 2_300) for config, count in units.items()),
                        "version": "2026-A",
                    }  # fmt: skip


def _policies(view: View) -> Iterator[Row]:
    for product, config, _ in skus(("",)):
        yield {
            "product": product, "fulfilment": "ATO" if config.battery == "B90" else "MTS", "service_level": 0.95,
            "supply_strategy": "prebuild" if config.code.startswith("E7") else "level",
            "inventory_strategy": "run_out" if config.code.startswith("C3") else "safety",
            "reviewed_on": first_day(view.month - (1 if config.code.startswith("E5") else 7)) + dt.timedelta(days=8),
            "safety_stock_days": 4, "max_stock_days": 60 if config.code.startswith("S6") else 30, "frozen_months": 1, "slushy_months": 2,
            **({"flex_capacity_pct": 5.6, "flex_material_pct": 11.1} if config.code.startswith("S6") else {}),
        }  # fmt: skip


def _inputs(view: View) -> Iterator[Row]:
    """Sales forecasts by series and region, a launch ramp by product management, a campaign by marketing."""
    for month in view.months(INPUT_MONTHS):
        for (series, region), cars in sorted(
            view.expected(lambda leaf: (leaf.series.code, leaf.region), month).items()
        ):
            bias = SOUTH_BIAS if region == "SOUTH" else 0.015
            quantity = round(cars * (1 + bias + view.rng.normal(0, 0.025)))
            if quantity:
                yield {
                    "stream": "sales", "product": series, "org": region, "month": format_month(month), "quantity": quantity,
                    "reason": "dealer survey" if region != "SOUTH" else "dealers expect a strong season",
                }  # fmt: skip
    for month in view.months(HORIZON):
        if cars := round(view.expected(lambda leaf: leaf.series.code, month)["M8"]):
            yield {
                "stream": "product", "product": "M8", "org": "CN", "month": format_month(month), "quantity": cars,
                "reason": "M8 launch ramp, by analogy with E7",
            }  # fmt: skip
    for ahead, product, quantity in ((1, "E7", 620), (2, "E5", 380), (5, "E7", 320)):
        yield {
            "stream": "marketing", "product": product, "org": "CN", "month": format_month(view.month + ahead),
            "quantity": quantity, "reason": "year-end campaign" if ahead == 1 else "test-drive weeks",
        }  # fmt: skip


def _events(view: View) -> Iterator[Row]:
    """What moved and will move demand; the past ones are what the forecast learns from."""
    for campaign in CAMPAIGNS:
        for number, offset in enumerate(campaign.months, 1):
            yield {
                "code": f"{campaign.code}-{number}", "kind": "promotion", **_months(view, offset, offset),
                "product": campaign.series, "org": campaign.region or "CN", "uplift_pct": campaign.expected_percent,
                "owner": "Sun Lei", "note": campaign.note if offset < 0 else campaign.note_next,
            }  # fmt: skip
    for code, kind, first, last, product, org, effect, owner, note in _SINGLE_EVENTS:
        yield {
            "code": code, "kind": kind, **_months(view, first, last), "product": product, "org": org, **effect, "owner": owner,
            "note": note,
        }  # fmt: skip


def _months(view: View, first: int, last: int | None) -> Row:
    return {
        "from_month": format_month(view.latest + first),
        "to_month": "" if last is None else format_month(view.latest + last),
    }


# code, kind, first and last month from the current cycle, product, org, effect, owner, note
_SINGLE_EVENTS: tuple[tuple[str, str, int, int | None, str, str, Row, str, str], ...] = (
    ("E5-TRIAL", "price", -20, -18, "E5", "CN", {"price_change_pct": -6}, "Sun Lei", "E5 price trial, one quarter"),
    ("E5-PRICE", "price", -11, None, "E5", "CN", {"price_change_pct": -5}, "Sun Lei", "E5 list price lowered"),
    ("CAMPAIGN-YE", "promotion", 1, 1, "E7", "CN", {"uplift_quantity": 620}, "Sun Lei", "Year-end campaign"),
    ("SUBSIDY-END", "price", 2, 4, "NEV", "CN", {"uplift_pct": -6}, "Sun Lei", "Trade-in subsidy ends"),
    (
        "RIVAL-CUT",
        "external",
        1,
        6,
        "E7",
        "EAST",
        {"uplift_pct": -4},
        "Guo Tao",
        "A rival cuts the price of E7-class cars",
    ),
    ("FLEET-CD", "new_client", 2, 13, "E5", "CD", {"uplift_quantity": 45}, "Guo Tao", "Ride-hailing fleet, Chengdu"),
    ("M8-LAUNCH", "npd", LAUNCH_IN_MONTHS, None, "M8", "CN", {}, "Sun Lei", "M8 start of sales"),
    (
        "C3-CITY-END",
        "phase_out",
        ENDS["C3-CITY"],
        ENDS["C3-CITY"],
        "C3-CITY",
        "CN",
        {},
        "Sun Lei",
        "C3 City leaves the range",
    ),
    ("SPRING-FESTIVAL", "holiday", 2, 2, "", "", {}, "Li Yue", "Spring Festival: dealers close for a week"),
)


def _users(view: View) -> Iterator[Row]:
    for username, role, name, _, _, department, _, orgs in c.PEOPLE:
        yield {
            "username": username, "role": role, "name": say(name), "email": f"{username}@qinglan.example",
            "department": department, "orgs": orgs, "language": language(),
        }  # fmt: skip


SHEETS: dict[str, Callable[[View], Iterator[Row]]] = {
    "products": _products, "orgs": _orgs, "history": _history, "calendar": _calendar, "sites": _sites, "lanes": _lanes,
    "resources": _resources, "capacity": _capacity, "routings": _routings, "suppliers": _suppliers, "materials": _materials,
    "bom": _bom, "material_supply": _material_supply, "open_purchases": stock.open_purchases, "inventory": stock.inventory,
    "orders": _orders, "prices": _prices, "costs": _costs, "targets": _targets, "policies": _policies, "inputs": _inputs,
    "events": _events, "actuals": stock.actuals, "users": _users,
}  # fmt: skip
