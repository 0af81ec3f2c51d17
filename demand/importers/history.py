"""history: up to a million rows of sales become one new block of the actuals, merged with what is stored."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray

from core.months import format_month
from demand.importers.rows import ORG, PRODUCT
from demand.measures import ACTUAL, ACTUAL_REVENUE
from demand.selectors.frame import load_actual
from demand.services import follow_new_actuals
from masterdata.importers.columns import MINOR, MONTH, UNITS, Column, Scales
from masterdata.importers.context import ImportContext
from masterdata.importers.findings import register_finding
from masterdata.importers.spec import UPPER_ROOMS, RowChange, SheetChanges, SheetData, SheetSpec, register_sheet
from masterdata.importers.stores import SAMPLE
from masterdata.models import Org, Product
from plans.choices import AxisKind, Source, Unit
from plans.cubes import Axis, Cube
from plans.services import get_or_create_actuals, publish_cubes

Ints = NDArray[np.int64]

MAX_MONTHS = 240
COLUMNS = {"quantity": ACTUAL, "revenue": ACTUAL_REVENUE}
UNITS_OF = {"quantity": Unit.QUANTITY, "revenue": Unit.MONEY}

register_finding(
    "history_not_leaf",
    _("“{value}” has members below it."),
    _("Sales are kept at the lowest level: give the product or region that was sold."),
)
register_finding(
    "history_too_long",
    _("The history reaches from {first} to {last}; at most {limit} months are kept."),
    _("Leave out the oldest months."),
)


class HistoryStore:
    """Cells of the actuals. A cell that is not in the sheet keeps its figure."""

    def compare(self, sheet: SheetData, context: ImportContext) -> SheetChanges:
        """Counts by cell; a preview of the first changes. A sheet equal to what is stored changes nothing."""
        cells = _Cells.of(sheet, context)
        figures = {
            column: (cells.stored(load_actual(measure)), sheet.array(column, np.int64))
            for column, measure in COLUMNS.items()
            if column in sheet.columns
        }
        changed, new = np.zeros(len(sheet), dtype=bool), np.zeros(len(sheet), dtype=bool)
        digest = hashlib.sha256(cells.months.tobytes())
        digest.update("\n".join(f"{p}\t{o}" for p, o in zip(sheet["product"], sheet["org"], strict=True)).encode())
        for before, after in figures.values():
            changed |= (before != after) & (before != 0)
            new |= (before != after) & (before == 0)
            digest.update(after.tobytes())
        new &= ~changed
        touched = np.flatnonzero(new | changed)
        return SheetChanges(
            new=int(new.sum()),
            changed=int(changed.sum()),
            unchanged=len(sheet) - len(touched),
            sample=[
                RowChange(
                    "changed" if changed[i] else "new", _key(sheet, i), sheet.rows[i], _shown(figures, i, sheet.scales)
                )
                for i in touched[:SAMPLE].tolist()
            ],
            digest=digest.hexdigest(),
        )

    def write(self, sheet: SheetData, changes: SheetChanges, context: ImportContext) -> None:
        """One new block per measure of the sheet."""
        cells = _Cells.of(sheet, context)
        version = get_or_create_actuals(actor=context.actor)
        cubes = {
            measure: cells.merge(
                load_actual(measure), sheet.array(column, np.int64), UNITS_OF[column], _scale(column, sheet.scales)
            )
            for column, measure in COLUMNS.items()
            if column in sheet.columns
        }
        publish_cubes(version_id=version.pk, cubes=cubes, actor=context.actor, source=Source.IMPORT, cause="history")
        transaction.on_commit(partial(follow_new_actuals, context.actor))


@dataclass(frozen=True)
class _Cells:
    """Where the rows belong: months, and key pairs int64 [rows, 2] with −1 for a code still to be written."""

    keys: Ints
    months: Ints

    @classmethod
    def of(cls, sheet: SheetData, context: ImportContext) -> _Cells:
        products = sheet.coded("product", context.stored_ids("products"))
        orgs = sheet.coded("org", context.stored_ids("orgs"))
        return cls(np.column_stack([products, orgs]), sheet.array("month", np.int64))

    def stored(self, cube: Cube) -> Ints:
        """What a cube holds at each row of the sheet, 0 where it holds nothing."""
        known = (self.keys >= 0).all(axis=1)
        rows = np.full(len(self.keys), -1, dtype=np.int64)
        rows[known] = cube.axis.rows_of(self.keys[known])
        columns = self.months - cube.first_month
        inside = (rows >= 0) & (columns >= 0) & (columns < cube.ncols)
        found = np.zeros(len(rows), dtype=np.int64)
        found[inside] = cube.values[rows[inside], columns[inside]]
        return found

    def merge(self, stored: Cube, figures: Ints, unit: str, scale: int) -> Cube:
        """The stored cube widened and overwritten by the sheet's figures."""
        axis = stored.axis.union(self.keys)
        first, stop = int(self.months.min()), int(self.months.max()) + 1
        if stored.ncols:
            first, stop = min(first, stored.first_month), max(stop, stored.months.stop)
        values = stored.align(axis).window(first, stop - first).values.copy()
        values[axis.rows_of(self.keys), self.months - first] = figures
        return Cube(Axis(AxisKind.PRODUCT_ORG, axis.keys), first, values, unit, scale)


def _check(sheet: SheetData, context: ImportContext) -> None:
    """Sales belong to leaves; the span of months is bounded."""
    for column, entity, model in (("product", "products", Product), ("org", "orgs", Org)):
        parents = set(model.objects.filter(children__isnull=False).values_list("code", flat=True))
        if entity in context.sheets and "parent" in context.sheets[entity].columns:
            parents |= set(context.sheets[entity].values("parent"))
        if not parents or column not in sheet.columns:
            continue
        for index, code in enumerate(sheet[column]):
            if code in parents:
                sheet.reject(index, "history_not_leaf", column=column, value=code)
    months = [month for month in sheet.values("month") if month is not None]
    if months and max(months) - min(months) >= MAX_MONTHS:
        first, last = format_month(min(months)), format_month(max(months))
        span: dict[str, Any] = {"first": first, "last": last, "limit": MAX_MONTHS}
        for index, month in enumerate(sheet.values("month")):
            if month is not None and month <= max(months) - MAX_MONTHS:
                sheet.reject(index, "history_too_long", column="month", value=format_month(month), **span)


def _key(sheet: SheetData, index: int) -> tuple[Any, ...]:
    return (sheet["product"][index], sheet["org"][index], format_month(sheet["month"][index]))


def _shown(figures: dict[str, tuple[Ints, Ints]], index: int, scales: Scales) -> dict[str, tuple[str, str]]:
    """(before, after) of the row's figures that differ, in whole units."""
    shown = {}
    for column, (before, after) in figures.items():
        if before[index] != after[index]:
            scale = _scale(column, scales)
            shown[column] = (f"{before[index] / 10**scale:.{scale}f}", f"{after[index] / 10**scale:.{scale}f}")
    return shown


def _scale(column: str, scales: Scales) -> int:
    return scales.quantity if column == "quantity" else scales.money


HISTORY = register_sheet(
    SheetSpec(
        name="history",
        title=_("Sales history"),
        order=UPPER_ROOMS + 10,
        required=True,
        aliases=("历史", "历史数据", "销售历史", "sales_history"),
        key=("product", "org", "month"),
        check=_check,
        store=HistoryStore(),
        columns=(
            PRODUCT,
            ORG,
            Column("month", MONTH, required=True),
            Column("quantity", UNITS, required=True),
            Column("revenue", MINOR),
        ),
    )
)
