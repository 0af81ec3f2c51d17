"""A company's supply data as plain rows by sheet, wherever they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]  # column name of the format → value; None where nothing is given

SUPPLY_SHEETS = (
    "products",
    "orgs",
    "calendar",
    "sites",
    "lanes",
    "resources",
    "capacity",
    "routings",
    "materials",
    "bom",
    "material_supply",
    "open_purchases",
    "inventory",
    "prices",
    "costs",
    "exchange_rates",
    "policies",
)


@dataclass(frozen=True)
class Sheets:
    """Rows by sheet. ``released`` holds what the last release fixed: (product, site) → {month: quantity}."""

    first_month: int
    months: int
    currency: str
    rows: Mapping[str, list[Row]]
    released: Mapping[tuple[str, str], Mapping[int, float]] = field(default_factory=dict)

    def of(self, sheet: str) -> list[Row]:
        """The rows of a sheet, none when it is absent."""
        return self.rows.get(sheet, [])


def number(value: Any, default: float = 0.0) -> float:
    """A cell as float; ``default`` when nothing is given."""
    return default if value is None else float(value)


def optional(value: Any) -> float:
    """A cell as float; nan when nothing is given."""
    return float("nan") if value is None else float(value)
