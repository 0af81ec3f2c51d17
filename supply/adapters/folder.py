"""Reads a company folder whose demand is given by a sheet ``demand`` (``balance_file``); needs no database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.months import format_month
from masterdata.importers.columns import CODE, INTEGER, MONEY, MONTH, QUANTITY, TEXT, YES_NO, Column, Scales
from masterdata.importers.findings import ERROR, FindingLog
from masterdata.importers.parsing import parse_sheet
from masterdata.importers.sandbox import list_files, unpack
from masterdata.importers.spec import SheetChanges, SheetData, SheetSpec, get_sheet, match_sheet
from supply.adapters.sheets import SUPPLY_SHEETS, Row, Sheets

MOST_MONTHS = 120  # a month further off than that is a slip of the pen
_PLACES = 12  # decimals of numbers in a folder that is only solved, not kept
_DEMAND_NAMES = ("demand", "需求")
_ROUTING_UNITS = Column("units", QUANTITY, decimals=_PLACES)


class _NotKept:
    """The demand sheet of a folder is solved and never stored."""

    def compare(self, sheet: SheetData, context: Any) -> SheetChanges:
        return SheetChanges()

    def write(self, sheet: SheetData, changes: SheetChanges, context: Any) -> None:
        """Nothing: ``compare`` finds no changes."""


DEMAND = SheetSpec(
    name="demand",
    title=_("Demand"),
    order=0,
    key=("product", "org", "month", "kind", "priority"),
    store=_NotKept(),
    columns=(
        Column("product", CODE, required=True),
        Column("org", CODE, required=True),
        Column("month", MONTH, required=True),
        Column("quantity", QUANTITY, required=True, decimals=_PLACES),
        Column("kind", TEXT, max_length=12),
        Column("priority", INTEGER, maximum=99),
        Column("price", MONEY, decimals=_PLACES),
        Column("backorder", YES_NO),
        Column("backorder_cost_per_month", MONEY, decimals=_PLACES),
        Column("shortage_cost", MONEY, decimals=_PLACES),
        Column("backlog_end_allowed", YES_NO),
    ),
)


class FolderUnreadable(Exception):
    """The folder holds no demand to balance, or cells that cannot be understood; ``findings`` say which."""

    def __init__(self, findings: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(f["message"] for f in findings[:5]))
        self.findings = findings


def read_folder(path: Path) -> tuple[Sheets, list[dict[str, Any]]]:
    """The sheets of a folder or workbook and the findings on them.

    Raises ``FolderUnreadable`` when there is no demand row or a cell is wrong.
    """
    log = FindingLog()
    rows: dict[str, list[Row]] = {}
    with unpack(list_files(path), log) as plain_sheets:
        for plain in plain_sheets:
            spec = _spec_of(plain.name)
            if spec is not None:
                rows[spec.name] = _rows(parse_sheet(plain, spec, log, Scales(quantity=6)))
    demand = rows.get("demand")
    months = [row["month"] for row in demand or () if row["month"] is not None]
    if months and max(months) - min(months) >= MOST_MONTHS:
        log.add("month_far_off", sheet="demand", value=format_month(max(months)), limit=MOST_MONTHS)
    if not demand:
        log.add("sheet_missing", sheet="demand")
    findings = [finding.to_json() for finding in log.sorted()]
    if log.count(ERROR):
        raise FolderUnreadable([f for f in findings if f["severity"] == ERROR])
    assert demand
    tops = [row for row in rows.get("orgs", []) if not row["parent"]]
    count = max(months) - min(months) + 1
    declared = {row["product"]: row["flex_material_pct"] for row in rows.get("policies", []) if not row["site"]}
    return (
        Sheets(
            first_month=min(months),
            months=count,
            currency=next((row["currency"] for row in tops if row["currency"]), ""),
            rows=rows,
            flex={product: [float(percent) / 100] * count for product, percent in declared.items() if percent},
        ),
        findings,
    )


def _spec_of(name: str) -> SheetSpec | None:
    """The sheet meant by a file name, with room for any decimals; None for what the model does not read."""
    if name.strip().lower() in _DEMAND_NAMES:
        return DEMAND
    spec = match_sheet(name)
    if spec is None or spec.name not in SUPPLY_SHEETS:
        return None
    columns = tuple(replace(c, decimals=_PLACES) if c.kind in (MONEY, QUANTITY) else c for c in spec.columns)
    if spec is get_sheet("routings"):
        columns += (_ROUTING_UNITS,)
    return replace(spec, columns=columns)


def _rows(sheet: SheetData) -> list[Row]:
    names = [column.name for column in sheet.spec.columns]
    values: Callable[[str], list[Any]] = sheet.values
    return [dict(zip(names, cells, strict=True)) for cells in zip(*map(values, names), strict=True)]
