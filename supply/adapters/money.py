"""Prices and unit costs by month, in company currency."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from engine.balancing.contracts import Finding, Floats
from supply.adapters.horizon import effective
from supply.adapters.sheets import Row, Sheets

_PARTS = ("material_cost", "labour_cost", "overhead_cost")


class PriceBook:
    """Looks prices up: a row of the org outranks one of its parent, and that the general one."""

    def __init__(self, sheets: Sheets) -> None:
        self._sheets = sheets
        self._parent = {row["code"]: row["parent"] for row in sheets.of("orgs")}
        self._rates = _rates(sheets)
        self._rows: dict[tuple[str, str | None], list[Row]] = defaultdict(list)
        for row in sheets.of("prices"):
            self._rows[row["product"], row["org"] or None].append(row)
        self.findings: list[Finding] = []

    def price(self, product: str, org: str) -> Floats:
        """[T] price per unit; 0 where none is given."""
        node: str | None = org
        while node is not None:
            if (product, node) in self._rows:
                return self._converted(self._rows[product, node])
            node = self._parent.get(node)
        return self._converted(self._rows.get((product, None), []))

    def _converted(self, rows: list[Row]) -> Floats:
        prices = np.nan_to_num(effective(rows, "price", self._sheets))
        currency = next((row["currency"] for row in rows if row["currency"]), self._sheets.currency)
        if not currency or not self._sheets.currency or currency == self._sheets.currency:
            return prices
        if currency not in self._rates:
            finding = Finding("no_exchange_rate", "warning", "currency", currency)
            if finding not in self.findings:
                self.findings.append(finding)
            return prices
        return prices * self._rates[currency]


def _rates(sheets: Sheets) -> dict[str, Floats]:
    """Currency → [T] company currency per unit."""
    by_currency: dict[str, list[Row]] = defaultdict(list)
    for row in sheets.of("exchange_rates"):
        by_currency[row["currency"]].append({"from_month": row["month"], "rate": row["rate"]})
    return {currency: effective(rows, "rate", sheets) for currency, rows in by_currency.items()}


class CostBook:
    """Looks unit costs up: a row of the site outranks the general one, column by column."""

    def __init__(self, sheets: Sheets) -> None:
        self._sheets = sheets
        self._rows: dict[tuple[str, str | None], list[Row]] = defaultdict(list)
        for row in sheets.of("costs"):
            self._rows[row["product"], row["site"] or None].append(row)

    def cost(self, product: str, site: str, column: str) -> Floats:
        """[T] a cost column; nan where it is not given."""
        own = effective(self._rows.get((product, site), []), column, self._sheets)
        general = effective(self._rows.get((product, None), []), column, self._sheets)
        return np.where(np.isnan(own), general, own)

    def unit_cost(self, product: str, site: str) -> Floats:
        """[T] all-in cost per unit made: ``production_cost``, else material + labour + overhead."""
        whole = self.cost(product, site, "production_cost")
        parts = sum(np.nan_to_num(self.cost(product, site, part)) for part in _PARTS)
        return np.where(np.isnan(whole), parts, whole)

    def bought_in_cost(self, product: str, site: str) -> Floats:
        """[T] the part of the unit cost that pays for materials and components."""
        whole = self.cost(product, site, "production_cost")
        material = np.nan_to_num(self.cost(product, site, "material_cost"))
        return np.where(np.isnan(whole), material, whole)

    def holding_cost(self, product: str, site: str) -> Floats:
        """[T] per unit and month: the absolute cost, else a twelfth of the yearly rate on the unit cost."""
        absolute = self.cost(product, site, "holding_cost_per_month")
        rate = np.nan_to_num(self.cost(product, site, "holding_rate_per_year"))
        return np.where(np.isnan(absolute), rate / 12 * self.unit_cost(product, site), absolute)
