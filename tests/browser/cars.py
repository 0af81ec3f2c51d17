"""Two brands of the real car company (registrations 2019-01 to 2026-05), written as a folder of sheets."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.months import parse_month

CARS = Path(os.environ.get("SOP_SHARED", Path(__file__).parents[2].parent / "shared")) / "data" / "cars"
BRANDS = ("VOLKSWAGEN", "RENAULT")

Row = dict[str, str]


def require_cars() -> None:
    """Skip where the data are not at hand."""
    if not CARS.exists():
        pytest.skip(f"real data not found at {CARS}; set SOP_SHARED")


def copy_sheet(folder: Path, sheet: str, keep: Callable[[Row], bool], change: Callable[[Row], Row] = dict) -> list[Row]:
    """Write the rows to keep of a sheet into ``folder``; returns them."""
    with (CARS / f"{sheet}.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = [change(row) for row in csv.DictReader(stream) if keep(row)]
    with (folder / f"{sheet}.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return rows


def _is_ours(column: str) -> Callable[[Row], bool]:
    return lambda row: row[column].startswith(BRANDS)


def write_brands(folder: Path) -> None:
    """Products, regions, plants, lines, materials, prices and stocks of the two brands: all but history and limits."""
    copy_sheet(folder, "products", lambda row: row["code"] == "ALL" or row["code"].startswith(BRANDS))
    for sheet in ("orgs", "calendar", "materials", "suppliers"):
        copy_sheet(folder, sheet, lambda _row: True)
    for sheet, column in (("bom", "product"), ("costs", "product"), ("prices", "product"), ("policies", "product")):
        copy_sheet(folder, sheet, _is_ours(column))
    copy_sheet(folder, "sites", _is_ours("code"))
    for sheet, column in (("lanes", "site"), ("routings", "product"), ("inventory", "item")):
        copy_sheet(folder, sheet, _is_ours(column))
    copy_sheet(folder, "resources", _is_ours("site"))


def write_history(folder: Path, first: int, last: int) -> list[Row]:
    """Registrations of the two brands from one absolute month to another, both included."""
    return copy_sheet(
        folder,
        "history",
        lambda row: row["product"].startswith(BRANDS) and first <= parse_month(row["month"]) <= last,
    )
