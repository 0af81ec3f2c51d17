"""Random company folders with everything a planner's data can hold: for tests that any of them gets a plan."""

from __future__ import annotations

import random
from typing import Any

Rows = list[dict[str, Any]]
QUANTITIES = (0, 0, 1, 7, 30, 30, 100, 450.5, 1e9, 0.001)
MONEY = (0, 0, 1, 5, 20, 100, 1e6, 0.01)


def random_folder(seed: int) -> dict[str, Rows]:
    """Rows by sheet: plants, a store, parts of two levels, people, limits, policies; any of it absent or extreme."""
    r = random.Random(seed)
    months = [f"2027-{number:02d}" for number in range(1, r.choice((1, 2, 3, 6)) + 1)]
    products = ["CAR", "VAN", "AXLE"][: r.randint(1, 3)]
    sites, orgs = ["EAST", "WEST", "STORE"][: r.randint(1, 3)], ["NORTH", "SOUTH"][: r.randint(1, 2)]
    resources = ["LINE", "CREW", "DOCK"][: r.randint(1, 3)]

    def some(rows: Rows, share: float = 0.8) -> Rows:
        return [row for row in rows if r.random() < share]

    def often(name: str, values: Any, share: float = 0.5) -> dict[str, Any]:
        return {name: r.choice(values)} if r.random() < share else {}

    sheets: dict[str, Rows] = {
        "products": [{"code": code, "name": code.title()} for code in products],
        "orgs": [{"code": code, "name": code.title(), "currency": "EUR"} for code in orgs],
        "sites": [
            {"code": code, "name": code.title(), "kind": "warehouse" if code == "STORE" else "plant",
             **often("storage_units", QUANTITIES, 0.3)}
            for code in sites
        ],
        "calendar": some([{"month": month, "working_days": r.choice((0, 1, 20, 31))} for month in months]),
        "lanes": some(
            [{"site": s, "org": o, "unit_cost": r.choice(MONEY), "lead_time_days": r.choice((0, 10, 30, 400))}
             for s in sites for o in orgs]
        ),
        "transfers": some(
            [{"from_site": s, "to_site": t, "unit_cost": r.choice(MONEY), "lead_time_days": r.choice((0, 20, 60))}
             for s in sites for t in sites if s != t], 0.4
        ),
        "resources": [
            {"code": code, "name": code.title(), "site": r.choice(sites),
             "kind": r.choice(("labour", "equipment", "line", "material", "warehouse", "engineering")),
             **often("jph", (0.001, 1, 60)), **often("shifts_per_day", (0, 1, 3)), **often("hours_per_shift", (0, 8)),
             **often("max_shifts_per_day", (0, 2, 3)), **often("max_overtime_share", (0, 0.2, 5)),
             **often("regular_cost_per_hour", MONEY), **often("overtime_cost_per_hour", MONEY),
             **often("extra_shift_cost_per_month", MONEY), **often("lead_time_months", (0, 1, 60)),
             **often("headcount", (0, 1, 2.5, 1000), 0.4), **often("hours_per_person_month", (0, 1, 160)),
             **often("wage_per_person_month", MONEY), **often("hire_cost", MONEY), **often("layoff_cost", MONEY)}
            for code in resources
        ],
        "capacity": some(
            [{"resource": code, "month": month,
              "available_hours": r.choice((0, 1, 30, 400, 1e6)), "lost_hours": r.choice((0, 5, 1e6))}
             for code in resources for month in months], 0.4
        ),
        "routings": some(
            [{"product": p, "site": s, "resource": g, "hours_per_unit": r.choice((0, 0.001, 1, 40, 1e6)),
              **often("min_lot", QUANTITIES, 0.2), **often("max_per_month", QUANTITIES, 0.2)}
             for p in products for s in sites for g in resources], 0.5
        ),
        "suppliers": [{"code": "MILL", "name": "Mill"}],
        "materials": [
            {"code": "STEEL", "name": "Steel", "supplier": "MILL", **often("unit_cost", MONEY),
             **often("lead_time_days", (0, 20, 90, 3650)), **often("core", ("yes", "no")),
             **often("min_order", QUANTITIES), **often("shelf_life_days", (1, 30, 3000), 0.3)}
        ],
        "bom": some(
            [{"product": p, "component": "STEEL", "quantity_per": r.choice((0, 0.001, 1, 100))} for p in products]
            + [{"product": p, "component": q, "quantity_per": r.choice((1, 2, 1e4))}
               for p in products for q in products if p < q or r.random() < 0.05], 0.5
        ),
        "material_supply": some(
            [{"material": "STEEL", "month": month, "max_quantity": r.choice(QUANTITIES)} for month in months], 0.5
        ),
        "open_purchases": some(
            [{"material": "STEEL", "arrival_month": month, "quantity": r.choice(QUANTITIES)}
             for month in ("2026-05", *months, "2029-01")], 0.3
        ),
        "inventory": some(
            [{"item": item, "site": s, "quantity": r.choice(QUANTITIES),
              **often("produced_on", ("2020-01-01", "2026-12-01", "2028-01-01"))}
             for item in (*products, "STEEL") for s in sites], 0.4
        ),
        "prices": some(
            [{"product": p, "from_month": r.choice(("2020-01", months[0], months[-1])), "price": r.choice(MONEY),
              **often("currency", ("EUR", "USD"), 0.3)} for p in products]
        ),
        "costs": some(
            [{"product": p, "from_month": months[0], **often("production_cost", MONEY), **often("material_cost", MONEY),
              **often("outsourcing_cost", MONEY, 0.2), **often("holding_rate_per_year", (0, 0.1, 10)),
              **often("holding_cost_per_month", MONEY), **often("shortage_cost", MONEY), **often("setup_cost", MONEY)}
             for p in products]
        ),
        "policies": some(
            [{"product": p, **often("site", sites, 0.3), **often("fulfilment", ("MTS", "ATO", "MTO")),
              **often("safety_stock_days", (0, 5, 400)), **often("max_stock_days", (0, 30)),
              **often("initial_stock", QUANTITIES, 0.3), **often("end_stock", QUANTITIES, 0.3),
              **often("max_stock_units", QUANTITIES, 0.3), **often("shelf_life_days", (1, 40), 0.3),
              **often("flex_material_pct", (0, 11, 500))} for p in products]
        ),
        "demand": [
            {"product": p, "org": o, "month": month, "quantity": r.choice(QUANTITIES),
             **often("price", MONEY), **often("backorder", ("yes", "no")), **often("priority", (1, 2, 3), 0.2),
             **often("backorder_cost_per_month", MONEY, 0.3), **often("shortage_cost", MONEY, 0.3),
             **often("backlog_end_allowed", ("yes", "no"), 0.3)}
            for p in products for o in orgs for month in months
        ],
    }  # fmt: skip
    kept = {sheet: rows for sheet, rows in sheets.items() if rows and (sheet == "demand" or r.random() < 0.93)}
    if r.random() < 0.1:
        kept["demand"] = [*kept["demand"], kept["demand"][0]]
    return kept
