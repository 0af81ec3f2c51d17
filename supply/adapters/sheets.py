"""A company's supply data as plain rows by sheet, wherever they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.balancing.contracts import Finding

Row = Mapping[str, Any]  # column name of the format → value; None where nothing is given

SUPPLY_SHEETS = (
    "products",
    "orgs",
    "calendar",
    "sites",
    "lanes",
    "transfers",
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
    """Rows by sheet, and what a plan knows beyond them.

    ``released`` holds what the last release fixed and ``slushy`` what it makes in the months that may change at a
    price: (product, site) → {month: quantity}. ``ordered`` is what it buys: (material, site) → {month of arrival:
    quantity}; inside the lead time that is on its way. ``errors`` are units above the forecast, over a product's
    replenishment time, that its service level covers. ``lists_release`` says that ``open_purchases`` is newer than
    the release, so that what it ordered is among them. ``findings`` are what is to be said about how old rows are.
    ``flex`` is the share beyond the demand, by month, that core materials of a product are secured for.
    """

    first_month: int
    months: int
    currency: str
    rows: Mapping[str, list[Row]]
    released: Mapping[tuple[str, str], Mapping[int, float]] = field(default_factory=dict)
    slushy: Mapping[tuple[str, str], Mapping[int, float]] = field(default_factory=dict)
    ordered: Mapping[tuple[str, str], Mapping[int, float]] = field(default_factory=dict)
    errors: Mapping[str, float] = field(default_factory=dict)
    lists_release: bool = True
    findings: tuple[Finding, ...] = ()
    flex: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def of(self, sheet: str) -> list[Row]:
        """The rows of a sheet, none when it is absent."""
        return self.rows.get(sheet, [])


def number(value: Any, default: float = 0.0) -> float:
    """A cell as float; ``default`` when nothing is given."""
    return default if value is None else float(value)


def optional(value: Any) -> float:
    """A cell as float; nan when nothing is given."""
    return float("nan") if value is None else float(value)
