"""Sheets going out: rejected rows with their reasons, templates, stored rows. Text can never act as a formula."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import xlsxwriter
from django.utils.translation import gettext as _

from masterdata.importers.columns import NEEDS_QUOTE
from masterdata.importers.context import RejectedRows
from masterdata.importers.findings import Finding
from masterdata.importers.spec import SheetSpec

_PLAIN_NUMBER = re.compile(r"[+-]?[\d,]*\.?\d+%?")
_SHEET_NAME = 31  # characters Excel allows


def quote_text(text: str) -> str:
    """Keep a text from becoming a formula in a spreadsheet; numbers stay numbers (ASVS 1.2.10).

    ``columns.unquote_text`` takes the quotation mark off again.
    """
    if NEEDS_QUOTE.match(text) and not _PLAIN_NUMBER.fullmatch(text):
        return "'" + text
    return text


def write_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """UTF-8 with a byte order mark, so that Excel reads Chinese rightly."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([quote_text(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def write_workbook(sheets: Mapping[str, Iterable[Sequence[str]]]) -> bytes:
    """One worksheet each; every cell is text, nothing is a formula or a link. The first row stays in sight."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as workbook:
        head = workbook.add_format({"bold": True})
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name[:_SHEET_NAME])
            sheet.freeze_panes(1, 0)
            for number, row in enumerate(rows):
                for position, cell in enumerate(row):
                    sheet.write_string(number, position, quote_text(cell), head if number == 0 else None)
    return out.getvalue()


def rejected_sheet(rejected: RejectedRows, findings: Iterable[Finding]) -> list[list[str]]:
    """The rows as they came, with their row number and the reasons in the reader's language in front."""
    reasons: dict[int, list[str]] = defaultdict(list)
    for finding in findings:
        where = f"{finding.column}: " if finding.column else ""
        hint = f" → {finding.suggestion}" if finding.suggestion else ""
        reasons[finding.row].append(f"{where}{finding.message}{hint}")
    unlisted = _("Refers to a row that has errors itself, or has errors beyond those listed.")
    table = [[_("row"), _("reason"), *rejected.header]]
    for row, cells in rejected.rows:
        table.append([str(row), " ".join(reasons.get(row, [unlisted])), *cells])
    return table


def template_rows(spec: SheetSpec) -> list[list[str]]:
    """The header of an empty sheet: required columns first, as declared."""
    columns = sorted(spec.columns, key=lambda column: not column.required)
    return [[column.name for column in columns]]
