"""Lines of a plan as files: CSV, a workbook, Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.spreadsheets import safe_cell

Line = dict[str, Any]
_NOT_KEYS = {"unit", "values"}
_SHEET_ROWS = 1_048_575  # Excel's, below the header


def write_csv(lines: Iterable[Line], months: Sequence[str]) -> Iterator[str]:
    """One row per line and month; empty cells are left out."""
    buffer, header = io.StringIO(), None
    writer = csv.writer(buffer)
    for line in lines:
        names = [name for name in line if name not in _NOT_KEYS]
        if header is None:
            header = [*names, "month", "value", "unit"]
            writer.writerow(header)
        keys = [safe_cell(line[name] or "") for name in names]
        for month, value in zip(months, line["values"], strict=True):
            if value is not None:
                writer.writerow([*keys, month, value, line["unit"]])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def write_workbook(lines: Iterable[Line], months: Sequence[str]) -> bytes:
    """One worksheet a measure, months across; text can never act as a formula. Raises ``InvalidInput``."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as workbook:
        head = workbook.add_format({"bold": True})
        for measure, group in groupby(lines, key=lambda line: line["measure"]):
            rows = list(group)
            if len(rows) > _SHEET_ROWS:
                raise InvalidInput(_("%(measure)s has more rows than a worksheet; export csv.") % {"measure": measure})
            names = [name for name in rows[0] if name not in {*_NOT_KEYS, "measure"} and any(row[name] for row in rows)]
            sheet = workbook.add_worksheet(measure)
            sheet.freeze_panes(1, len(names) + 1)
            sheet.write_row(0, 0, [*names, "unit", *months], head)
            for number, row in enumerate(rows, start=1):
                sheet.write_row(number, 0, [*(safe_cell(row[name]) for name in names), row["unit"], *row["values"]])
    return out.getvalue()


def write_parquet(lines: Iterable[Line], months: Sequence[str]) -> bytes:
    """The same rows as a Parquet file."""
    import pyarrow  # here, because a web process that never writes Parquet shall not carry it
    from pyarrow import parquet

    rows = [
        {name: line[name] for name in line if name not in _NOT_KEYS}
        | {"month": month, "value": float(value), "unit": line["unit"]}
        for line in lines
        for month, value in zip(months, line["values"], strict=True)
        if value is not None
    ]
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.Table.from_pylist(rows), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())
