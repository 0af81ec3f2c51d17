"""Plain sheets → parsed columns and findings."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from masterdata.importers.columns import EMPTY, CellMemo, CellRefused, Column, Scales
from masterdata.importers.findings import FindingLog
from masterdata.importers.sandbox import PlainSheet
from masterdata.importers.spec import SheetData, SheetSpec

BATCH = 50_000  # records parsed at once: bounds the memory a large sheet needs

Fixes = dict[tuple[str, int, str], str]  # (sheet, row, column) → the text typed instead


def parse_sheet(
    plain: PlainSheet, spec: SheetSpec, log: FindingLog, scales: Scales, fixes: Fixes | None = None
) -> SheetData:
    """Read a plain sheet by its spec. Rows with a cell that cannot be understood are marked rejected."""
    sheet = SheetData(spec, log, scales)
    records = plain.records()
    header_row, header = next(records)
    positions = _match_columns(header_row, header, spec, log)
    memos = {column.name: CellMemo(column, scales) for column, _position in positions}
    sheet.columns = {column.name: [] for column, _position in positions}
    own_fixes = {(row, column): text for (name, row, column), text in (fixes or {}).items() if name == spec.name}
    while batch := list(islice(records, BATCH)):
        _parse_batch(batch, positions, memos, sheet, len(header), own_fixes)
    if any(column.required and column.name not in memos for column in spec.columns):
        sheet.rejected = set(range(len(sheet)))
    if not sheet.rows:
        log.add("sheet_without_rows", sheet=spec.name)
    return sheet


def _match_columns(row: int, header: list[str], spec: SheetSpec, log: FindingLog) -> list[tuple[Column, int]]:
    """Columns of the spec with their position in the file; findings for missing, double and unknown ones."""
    found: dict[str, tuple[Column, int]] = {}
    for position, written in enumerate(header):
        if not written.strip():
            continue
        column = spec.match_header(written)
        if column is None:
            log.add("column_unknown", sheet=spec.name, row=row, column=written.strip()[:64])
        elif column.name in found:
            log.add("column_twice", sheet=spec.name, row=row, column=column.name)
        else:
            found[column.name] = (column, position)
    for column in spec.columns:
        if column.required and column.name not in found:
            log.add("column_missing", sheet=spec.name, row=row, column=column.name)
    return list(found.values())


def _parse_batch(
    batch: list[tuple[int, list[str]]],
    positions: list[tuple[Column, int]],
    memos: dict[str, CellMemo],
    sheet: SheetData,
    width: int,
    fixes: dict[tuple[int, str], str],
) -> None:
    start = len(sheet.rows)
    sheet.rows.extend(row for row, _cells in batch)
    for index, (_row, cells) in enumerate(batch, start=start):
        if len(cells) < width:
            cells.extend([""] * (width - len(cells)))
        elif len(cells) > width and any(cell.strip() for cell in cells[width:]):
            sheet.reject(index, "too_many_cells", value=" ".join(cells[width:]).strip())
    for column, position in positions:
        texts = [cells[position] for _row, cells in batch]
        if fixes:
            for index, (row, _cells) in enumerate(batch):
                texts[index] = fixes.get((row, column.name), texts[index])
        memo = memos[column.name]
        values: list[Any] = [memo[text] for text in texts]
        if memo.refused:
            _report_cells(values, texts, column, sheet, start)
        sheet.columns[column.name].extend(values)


def _report_cells(values: list[Any], texts: list[str], column: Column, sheet: SheetData, start: int) -> None:
    """Findings for refused cells, which become empty."""
    for offset, value in enumerate(values):
        if isinstance(value, CellRefused):
            sheet.reject(start + offset, value.code, column=column.name, value=texts[offset].strip(), **value.params)
            values[offset] = EMPTY


def parse_cells(spec: SheetSpec, texts: Mapping[str, str], log: FindingLog, scales: Scales) -> SheetData:
    """One row given as column → text, parsed as a row of a file is."""
    sheet = SheetData(spec, log, scales)
    sheet.rows = [1]
    for name, text in texts.items():
        column = spec.column(name)
        if column is None:
            raise KeyError(name)
        values = [CellMemo(column, scales)[text]]
        _report_cells(values, [text], column, sheet, 0)
        sheet.columns[name] = values
    return sheet
