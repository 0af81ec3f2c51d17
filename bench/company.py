"""A made-up company of any size, as the rows of its sheets: what ``bench/balancing.py`` solves.

Products share lines in groups of about fifty and one plant-wide bottleneck; a third as many components, made or
bought, on two levels; suppliers and stores with limits; part of the customers wait, the others go. Everything
comes from one seed.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from core.months import format_month
from supply.adapters.sheets import Row, Sheets

FIRST_MONTH = 24_312  # 2026-01
GROUP = 50  # products on a line
SIZES = {"S": (100, 3, 5), "Q": (250, 3, 5), "M": (1000, 3, 5), "L": (5000, 4, 8)}  # products, plants, regions
DAYS = (21, 20, 22, 20, 21, 21, 22, 16, 21, 23, 20, 17)
SHIFTS, HOURS = 2, 8.0


def make_company(size: str = "M", *, months: int = 18, seed: int = 3) -> Sheets:
    """All sheets of a company, demand included."""
    products, plants, regions = SIZES[size]
    r = np.random.default_rng(seed)
    sheets: dict[str, list[Row]] = defaultdict(list)
    lines = max(2, products // GROUP)
    group = r.integers(0, lines, products)
    sheets["orgs"] = [_row("orgs", code=f"R{o}", name=f"Region {o}", currency="EUR") for o in range(regions)]
    sheets["sites"] = [_row("sites", code=f"P{p}", name=f"Plant {p}", kind="plant") for p in range(plants)]
    sheets["calendar"] = [
        _row("calendar", month=FIRST_MONTH + t, working_days=float(DAYS[t % 12])) for t in range(months)
    ]
    counts = r.choice([1, 2, 3], products, p=[0.5, 0.4, 0.1])
    homes = [sorted(r.choice(plants, min(plants, int(n)), replace=False).tolist()) for n in counts]
    demand = _demand(sheets, r, products, regions, months)
    _prices(sheets, r, products)
    made = {(k, p): demand[k] / len(homes[k]) for k in range(products) for p in homes[k]}
    parts = _bill(sheets, r, products, group, made)
    _resources(sheets, r, plants, lines, group, made, parts)
    _lanes(sheets, r, plants, regions)
    _stock(sheets, r, plants, made, parts)
    return Sheets(FIRST_MONTH, months, "EUR", dict(sheets))


def make_group(companies: int, size: str = "S") -> Sheets:
    """Several companies as one that share nothing but the calendar; their codes begin with a letter each."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for number in range(companies):
        letter, own = chr(ord("A") + number), make_company(size, seed=3 + number)
        for name, given in own.rows.items():
            if name != "calendar":
                rows[name] += [_renamed(row, letter) for row in given]
            elif not number:
                rows[name] += given
    return Sheets(FIRST_MONTH, own.months, own.currency, dict(rows))


def _renamed(row: Row, letter: str) -> Row:
    codes = ("code", "product", "component", "site", "org", "resource", "material", "item", "parent")
    return {name: f"{letter}-{value}" if name in codes and value else value for name, value in row.items()}


def write_company(sheets: Sheets, folder: Path) -> None:
    """The same company as a folder that ``balance_file`` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in sheets.rows.items():
        columns = [column for column in rows[0] if any(row[column] is not None for row in rows)]
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(columns)
            writer.writerows([_cell(column, row[column]) for column in columns] for row in rows)


def _cell(column: str, value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return format_month(value) if column in ("month", "from_month", "arrival_month") else value


def _demand(sheets: Any, r: np.random.Generator, products: int, regions: int, months: int) -> np.ndarray:
    """Level × trend × season × noise in one to five regions; [products, months] totals."""
    total = np.zeros((products, months))
    t = np.arange(months)
    for k in range(products):
        sheets["products"].append(_row("products", code=f"K{k:04d}", name=f"Product {k}"))
        for o in r.choice(regions, int(np.clip(r.poisson(2.0) + 1, 1, regions)), replace=False).tolist():
            level, swing, phase = np.exp(r.normal(5.5, 1.0)), r.uniform(0.05, 0.45), r.uniform(0, 12)
            curve = level * (1 + r.normal(0.004, 0.008) * t) * (1 + swing * np.sin(2 * np.pi * (t + phase) / 12))
            units = np.round(np.maximum(curve * r.lognormal(0, 0.12, months), 0))
            total[k] += units
            share = r.uniform(0.3, 0.8) if r.random() < 0.4 else float(r.random() < 0.5)
            for waits, part in ((True, np.round(units * share)), (False, units - np.round(units * share))):
                sheets["demand"] += [
                    _row("demand", product=f"K{k:04d}", org=f"R{o}", month=FIRST_MONTH + i, quantity=float(q),
                         backorder=waits)
                    for i, q in enumerate(part)
                    if q > 0
                ]  # fmt: skip
    return total


def _prices(sheets: Any, r: np.random.Generator, products: int) -> None:
    for k in range(products):
        price = round(float(np.exp(r.normal(3.5, 0.6))), 2)
        unit = price * r.uniform(0.45, 0.65)
        outside = round(unit * 1.35, 3) if r.random() < 0.2 else None
        sheets["prices"].append(_row("prices", product=f"K{k:04d}", from_month=FIRST_MONTH, price=price))
        sheets["costs"].append(
            _row("costs", product=f"K{k:04d}", from_month=FIRST_MONTH, material_cost=round(unit * 0.5, 3),
                 labour_cost=round(unit * 0.5, 3), outsourcing_cost=outside, holding_rate_per_year=0.2)
        )  # fmt: skip
        sheets["policies"].append(_row("policies", product=f"K{k:04d}", fulfilment="MTS", safety_stock_days=8.0))


def _bill(sheets: Any, r: np.random.Generator, products: int, group: np.ndarray, made: dict) -> dict:
    """Two to four components in every product, half of the made ones with two materials; need by (part, plant)."""
    count = max(8, int(0.3 * products))
    family = r.integers(0, int(group.max()) + 1, count)
    own = r.random(count) < 0.4
    names = [f"C{c:04d}" if own[c] else f"M{c:04d}" for c in range(count)]
    bought = np.flatnonzero(~own)
    lead = r.choice([0, 30, 60], count, p=[0.4, 0.4, 0.2])
    for c in range(count):
        if own[c]:
            sheets["products"].append(_row("products", code=names[c], name=names[c]))
            sheets["costs"].append(
                _row("costs", product=names[c], from_month=FIRST_MONTH, labour_cost=0.05, holding_rate_per_year=0.2)
            )
        else:
            sheets["materials"].append(
                _row("materials", code=names[c], name=names[c], unit_cost=round(float(np.exp(r.normal(-1.4, 0.5))), 3),
                     lead_time_days=int(lead[c]))
            )  # fmt: skip
    uses: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for k in range(products):
        pool = np.flatnonzero(family == group[k])
        pool = pool if len(pool) >= 3 else np.arange(count)
        chosen = set(r.choice(pool, min(int(r.integers(2, 5)), len(pool)), replace=False).tolist())
        if r.random() < 0.15:
            chosen.add(int(r.integers(count)))
        uses[k] = [(c, float(r.integers(1, 4))) for c in sorted(chosen)]
        sheets["bom"] += [_row("bom", product=f"K{k:04d}", component=names[c], quantity_per=q) for c, q in uses[k]]
    below: dict[int, list[tuple[int, float]]] = {}
    for c in np.flatnonzero(own).tolist():
        below[c] = [(int(b), float(r.integers(1, 3))) for b in r.choice(bought, 2, replace=False)]
        sheets["bom"] += [_row("bom", product=names[c], component=names[b], quantity_per=q) for b, q in below[c]]
    need: dict[tuple[int, int], np.ndarray] = {}
    for (k, p), units in sorted(made.items()):
        for c, q in uses[k]:
            need[c, p] = need.get((c, p), 0.0) + q * units
    for (c, p), units in sorted(need.items()):
        for b, q in below.get(c, []):
            need[b, p] = need.get((b, p), 0.0) + q * units
    return {"need": need, "names": names, "own": own}


def _resources(
    sheets: Any, r: np.random.Generator, plants: int, lines: int, group: np.ndarray, made: dict, parts: dict
) -> None:
    """Lines, one bottleneck and one component cell a plant, 80–115 % of what is needed on average."""
    load: dict[str, float] = defaultdict(float)
    for (k, p), units in sorted(made.items()):
        hours = round(r.lognormal(-3.0, 0.4), 5)
        for code, per_unit in ((f"LINE-{p}-{group[k]}", hours), (f"NECK-{p}", round(hours * r.uniform(0.05, 0.2), 5))):
            load[code] += per_unit * float(units.mean())
            sheets["routings"].append(
                _row("routings", product=f"K{k:04d}", site=f"P{p}", resource=code, hours_per_unit=per_unit)
            )
    for (c, p), units in sorted(parts["need"].items()):
        if parts["own"][c]:
            hours = round(r.lognormal(-4, 0.3), 5)
            load[f"CELL-{p}"] += hours * float(units.mean())
            sheets["routings"].append(
                _row("routings", product=parts["names"][c], site=f"P{p}", resource=f"CELL-{p}", hours_per_unit=hours)
            )
    for code, hours in sorted(load.items()):
        regular = hours * r.uniform(0.8, 1.15)
        efficiency = regular / (np.mean(DAYS) * SHIFTS * HOURS)
        sheets["resources"].append(
            _row("resources", code=code, name=code, site=f"P{code.split('-')[1]}", kind="line",
                 shifts_per_day=float(SHIFTS), hours_per_shift=HOURS, efficiency=round(float(efficiency), 6),
                 max_shifts_per_day=SHIFTS + 0.66, max_overtime_share=0.12, overtime_cost_per_hour=45.0,
                 extra_shift_cost_per_month=round(float(32 * regular / SHIFTS), 2), lead_time_months=1)
        )  # fmt: skip


def _lanes(sheets: Any, r: np.random.Generator, plants: int, regions: int) -> None:
    for p in range(plants):
        sheets["lanes"] += [
            _row("lanes", site=f"P{p}", org=f"R{o}", unit_cost=round(r.uniform(0.1, 0.8), 3), lead_time_days=5)
            for o in range(regions)
        ]


def _stock(sheets: Any, r: np.random.Generator, plants: int, made: dict, parts: dict) -> None:
    """Opening stocks of about a week of goods and three months of parts; limits of a fifth of the materials."""
    names, own = parts["names"], parts["own"]
    room = np.zeros(plants)
    for (k, p), units in sorted(made.items()):
        opening = float(np.round(0.25 * units.mean() * r.uniform(0.5, 1.5)))
        room[p] += 0.25 * units.mean()
        sheets["inventory"].append(_row("inventory", item=f"K{k:04d}", site=f"P{p}", quantity=opening))
    per_material: dict[int, np.ndarray] = {}
    for (c, p), units in sorted(parts["need"].items()):
        opening = float(np.round(1.05 * units[:3].sum()))
        sheets["inventory"].append(_row("inventory", item=names[c], site=f"P{p}", quantity=opening))
        if own[c]:
            room[p] += opening
        else:
            per_material[c] = per_material.get(c, 0.0) + units
    for c, units in sorted(per_material.items()):
        if r.random() < 0.2:
            limit = float(np.round(units.mean() * r.uniform(0.85, 1.3)))
            sheets["material_supply"] += [
                _row("material_supply", material=names[c], month=FIRST_MONTH + t, max_quantity=limit)
                for t in range(len(units))
            ]
    for site, units in zip(sheets["sites"], room, strict=True):
        site["storage_units"] = float(np.round(2.2 * units))


_COLUMNS = {
    "products": ("code", "name"),
    "orgs": ("code", "name", "parent", "currency"),
    "calendar": ("month", "working_days"),
    "sites": ("code", "name", "kind", "storage_units"),
    "lanes": ("site", "org", "unit_cost", "lead_time_days"),
    "resources": (
        "code", "name", "site", "kind", "jph", "shifts_per_day", "hours_per_shift", "efficiency", "max_shifts_per_day",
        "max_overtime_share", "regular_cost_per_hour", "overtime_cost_per_hour", "extra_shift_cost_per_month",
        "lead_time_months", "headcount", "hours_per_person_month", "wage_per_person_month", "hire_cost", "layoff_cost",
        "overtime_hours_per_person_month",
    ),
    "routings": ("product", "site", "resource", "hours_per_unit", "min_lot", "max_per_month"),
    "materials": ("code", "name", "unit_cost", "lead_time_days", "core"),
    "bom": ("product", "component", "quantity_per", "take_rate"),
    "material_supply": ("material", "month", "max_quantity"),
    "inventory": ("item", "site", "quantity"),
    "prices": ("product", "org", "from_month", "price", "currency"),
    "costs": (
        "product", "site", "from_month", "material_cost", "labour_cost", "overhead_cost", "outsourcing_cost",
        "production_cost", "holding_rate_per_year", "holding_cost_per_month", "shortage_cost", "setup_cost",
    ),
    "policies": (
        "product", "site", "fulfilment", "safety_stock_days", "max_stock_days", "flex_material_pct", "initial_stock",
        "end_stock", "max_stock_units",
    ),
    "demand": ("product", "org", "month", "quantity", "backorder"),
}  # fmt: skip


def _row(sheet: str, **cells: Any) -> dict[str, Any]:
    return {column: cells.get(column) for column in _COLUMNS[sheet]}
