"""A company of 10,000 products × 10 sales organisations as its sheets and two years of sales, all from one seed.

What ``bench/pages.py`` and ``bench/users.py`` fill the pages with. Families share lines, every product has a price, a
cost, a policy, a stock and two materials; sales follow a level, a season and noise.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.months import first_day, format_month, parse_month

Ints = NDArray[np.int64]
Row = dict[str, Any]
FIRST_CYCLE = parse_month("2026-05")  # the cycle that is played to its end; the next one is the current one
HISTORY_MONTHS, HORIZON = 24, 18
PLANTS, LINES = 2, 20
SEASON = np.array([0.95, 0.7, 1.0, 0.95, 1.0, 1.05, 0.9, 0.95, 1.1, 1.15, 1.15, 1.1])


@dataclass(frozen=True)
class Size:
    """How many families, products in each and dealers; materials are a fiftieth of the products."""

    families: int = 100
    skus: int = 100
    orgs: int = 10

    @property
    def products(self) -> int:
        return self.families * self.skus

    @property
    def materials(self) -> int:
        return max(4, self.products // 50)


def product(number: int) -> str:
    return f"P{number:05d}"


def dealer(number: int) -> str:
    return f"D{number:02d}"


def line_of(size: Size, number: int) -> int:
    """The line a product is made on; the first half of the lines stands in plant 0."""
    return number // size.skus * LINES // size.families


def sell(size: Size, *, seed: int = 7) -> Ints:
    """[products × orgs, history months + 2] units sold from ``FIRST_CYCLE − HISTORY_MONTHS`` on."""
    r = np.random.default_rng(seed)
    months = np.arange(FIRST_CYCLE - HISTORY_MONTHS, FIRST_CYCLE + 2)
    level = r.lognormal(3, 1.2, (size.products * size.orgs, 1))
    trend = 1 + r.normal(0.003, 0.006, level.shape) * np.arange(len(months))
    return r.poisson(level * np.maximum(trend, 0.2) * SEASON[months % 12])


def write_sheets(size: Size, sales: Ints, folder: Path, *, month: int) -> None:
    """Every sheet but the long history, as known at the start of the cycle of ``month``."""
    view = _View(size, sales, month)
    for name, rows in view.sheets().items():
        found = list(rows)
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(found[0]))
            writer.writeheader()
            writer.writerows(found)


class _View:
    """The company at the start of one cycle."""

    def __init__(self, size: Size, sales: Ints, month: int) -> None:
        self.size, self.month, self.r = size, month, np.random.default_rng(11)
        column = month - (FIRST_CYCLE - HISTORY_MONTHS)
        by_product = sales.reshape(size.products, size.orgs, -1)
        self.usual = by_product[:, :, column - 12 : column].mean(axis=2)  # [products, orgs] units a month
        self.closed = by_product[:, :, column - 1]

    def sheets(self) -> dict[str, Iterator[Row]]:
        return {
            "products": self._products(), "orgs": self._orgs(), "calendar": self._calendar(), "sites": self._sites(),
            "lanes": self._lanes(), "resources": self._resources(), "routings": self._routings(),
            "suppliers": self._suppliers(), "materials": self._materials(), "bom": self._bom(),
            "inventory": self._inventory(), "prices": self._prices(), "costs": self._costs(),
            "policies": self._policies(), "targets": self._targets(), "orders": self._orders(),
            "actuals": self._actuals(), "history": self._history(),
        }  # fmt: skip

    def _months(self, count: int = HORIZON) -> range:
        return range(self.month, self.month + count)

    def _products(self) -> Iterator[Row]:
        yield {"code": "ALL", "name": "All products", "parent": "", "level": "company"}
        for n in range(self.size.families):
            yield {"code": f"F{n:03d}", "name": f"Family {n}", "parent": "ALL", "level": "family"}
        for n in range(self.size.products):
            yield {"code": product(n), "name": f"Product {n}", "parent": f"F{n // self.size.skus:03d}", "level": "sku"}

    def _orgs(self) -> Iterator[Row]:
        yield {"code": "GROUP", "name": "Group", "parent": "", "level": "company", "currency": "EUR"}
        for code, name in (("NORTH", "North"), ("SOUTH", "South")):
            yield {"code": code, "name": name, "parent": "GROUP", "level": "region", "currency": "EUR"}
        for n in range(self.size.orgs):
            parent = ("NORTH", "SOUTH")[n % 2]
            yield {"code": dealer(n), "name": f"Dealer {n}", "parent": parent, "level": "dealer", "currency": "EUR"}

    def _calendar(self) -> Iterator[Row]:
        for month in range(self.month - 12, self.month + 36):
            yield {"month": format_month(month), "working_days": (21, 20, 22, 20, 21, 21, 22, 16)[month % 8]}

    def _sites(self) -> Iterator[Row]:
        for n in range(PLANTS):
            yield {"code": f"S{n}", "name": f"Plant {n}", "kind": "plant", "storage_units": 10**8}

    def _lanes(self) -> Iterator[Row]:
        for site in range(PLANTS):
            for org in range(self.size.orgs):
                yield {"site": f"S{site}", "org": dealer(org), "unit_cost": "0.35", "lead_time_days": 5}

    def _resources(self) -> Iterator[Row]:
        for n in range(LINES):
            yield {
                "code": f"LINE-{n:02d}", "name": f"Line {n}", "site": f"S{n * PLANTS // LINES}", "kind": "line",
                "shifts_per_day": 2, "hours_per_shift": 8, "efficiency": 1, "max_shifts_per_day": 3,
                "max_overtime_share": 0.12, "overtime_cost_per_hour": 45, "extra_shift_cost_per_month": 20_000,
                "lead_time_months": 1,
            }  # fmt: skip

    def _routings(self) -> Iterator[Row]:
        load = np.zeros(LINES)
        lines = [line_of(self.size, n) for n in range(self.size.products)]
        np.add.at(load, lines, self.usual.sum(axis=1))
        hours = 320 * 0.95 / np.maximum(load, 1)
        for n, line in enumerate(lines):
            site, resource = f"S{line * PLANTS // LINES}", f"LINE-{line:02d}"
            yield {
                "product": product(n),
                "site": site,
                "resource": resource,
                "hours_per_unit": f"{hours[line]:.9f}",
            }

    def _suppliers(self) -> Iterator[Row]:
        for n in range(20):
            yield {"code": f"V{n:02d}", "name": f"Supplier {n}"}

    def _materials(self) -> Iterator[Row]:
        for n in range(self.size.materials):
            yield {
                "code": f"M{n:04d}", "name": f"Material {n}", "supplier": f"V{n % 20:02d}", "unit_cost": "1.25",
                "lead_time_days": (0, 30, 60)[n % 3], "core": "yes" if n % 10 == 0 else "no",
            }  # fmt: skip

    def _bom(self) -> Iterator[Row]:
        for n in range(self.size.products):
            for material in (n % self.size.materials, (n * 7 + 1) % self.size.materials):
                if material != n % self.size.materials or n % 7:
                    yield {"product": product(n), "component": f"M{material:04d}", "quantity_per": 1 + n % 3}

    def _inventory(self) -> Iterator[Row]:
        for n in range(self.size.products):
            site = f"S{line_of(self.size, n) * PLANTS // LINES}"
            quantity = int(self.usual[n].sum() * self.r.uniform(0.1, 0.9)) + 1
            made = first_day(self.month - int(self.r.integers(1, 8)))
            yield {"item": product(n), "site": site, "quantity": quantity, "produced_on": made}
        for n in range(self.size.materials):
            for plant in range(PLANTS):
                yield {"item": f"M{n:04d}", "site": f"S{plant}", "quantity": 40_000, "produced_on": ""}

    def _prices(self) -> Iterator[Row]:
        for n in range(self.size.products):
            yield {"product": product(n), "from_month": format_month(FIRST_CYCLE - 24), "price": f"{_price(n):.2f}"}

    def _costs(self) -> Iterator[Row]:
        for n in range(self.size.products):
            yield {
                "product": product(n), "from_month": format_month(FIRST_CYCLE - 24),
                "material_cost": f"{0.4 * _price(n):.4f}", "labour_cost": f"{0.15 * _price(n):.4f}",
                "holding_rate_per_year": "0.2",
            }  # fmt: skip

    def _policies(self) -> Iterator[Row]:
        for n in range(self.size.products):
            yield {"product": product(n), "fulfilment": "MTS", "safety_stock_days": 8, "max_stock_days": 40}

    def _targets(self) -> Iterator[Row]:
        for family in range(self.size.families):
            units = self.usual[family * self.size.skus : (family + 1) * self.size.skus].sum()
            for month in self._months(24):
                quantity = round(units * SEASON[month % 12] * 1.04)
                revenue = round(quantity * 30)
                yield {
                    "kind": "budget", "month": format_month(month), "product": f"F{family:03d}", "org": "GROUP",
                    "quantity": quantity, "revenue": revenue,
                }  # fmt: skip

    def _orders(self) -> Iterator[Row]:
        for n in range(2 * self.size.products):
            item, org = n % self.size.products, int(self.r.integers(self.size.orgs))
            quantity = max(1, int(self.usual[item, org] * self.r.uniform(0.2, 0.6)))
            due = first_day(self.month + int(self.r.choice(3, p=[0.6, 0.3, 0.1])))
            yield {
                "order": f"{format_month(self.month)}-{n:06d}", "product": product(item), "org": dealer(org),
                "quantity": quantity, "due_date": due.replace(day=1 + n % 28), "kind": "customer", "status": "open",
                "customer": f"Customer {n % 400}",
            }  # fmt: skip

    def _actuals(self) -> Iterator[Row]:
        month = format_month(self.month - 1)
        for n in range(self.size.products):
            site = f"S{line_of(self.size, n) * PLANTS // LINES}"
            yield {"month": month, "product": product(n), "org": "", "site": site, "produced": int(self.usual[n].sum())}

    def _history(self) -> Iterator[Row]:
        """The closed month, as it comes from the ERP every month."""
        month = format_month(self.month - 1)
        for n in range(self.size.products):
            for org in range(self.size.orgs):
                units = int(self.closed[n, org])
                revenue = f"{units * _price(n):.2f}"
                yield {"product": product(n), "org": dealer(org), "month": month, "quantity": units, "revenue": revenue}


def _price(number: int) -> float:
    return 10 + number * 37 % 90
