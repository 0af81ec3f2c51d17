"""What suppliers are asked as a sheet, and the sheet with their answers back. One row a material and month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from core.errors import AppError, InvalidInput
from core.months import format_month, parse_month
from core.numbers import parse_quantity
from masterdata.importers.columns import unquote_text
from masterdata.importers.findings import FindingLog
from masterdata.importers.output import write_csv, write_workbook
from masterdata.importers.sandbox import PlainSheet, SourceFile, unpack
from supply.choices import AnswerKind
from supply.selectors.supplier_plan import AskedCell, AskedRow, SupplierPlan
from supply.services.answers import CellWord

LARGEST_FILE = 5 << 20
DECIMALS = 6
SHEET = "answers"
ASKED = ("release", "material", "name", "month", "zone", "asked", "change", "up_to")
ANSWERED = ("answer", "quantity", "date", "note")
NEEDED = ("release", "material", "month", "answer")


def sheet_rows(plan: SupplierPlan) -> Iterator[list[str]]:
    """The header, then every month asked with its answer so far; ``zone`` is call-off or forecast."""
    yield [*ASKED, *ANSWERED]
    for row in plan.rows:
        for cell in row.asked:
            yield [*_asked(plan, row, cell), *_answered(cell)]


def asked_csv(plan: SupplierPlan) -> bytes:
    """As CSV."""
    return write_csv(sheet_rows(plan))


def asked_workbook(plan: SupplierPlan) -> bytes:
    """As a workbook, with a sheet that says what each answer means."""
    rows = [["answer", ""], *([kind.value, str(kind.label)] for kind in AnswerKind)]
    return write_workbook({SHEET: sheet_rows(plan), "about": rows})


def read_answers(upload: UploadedFile) -> tuple[int, list[CellWord]]:
    """The release and the answers of an uploaded sheet; rows without an answer are left out.

    The file is opened in a child process with limits. Raises ``InvalidInput`` that names row and column.
    """
    if (upload.size or 0) > LARGEST_FILE:
        raise InvalidInput(
            _("The file is larger than %(size)d MB.") % {"size": LARGEST_FILE >> 20}, code="upload_too_large"
        )
    suffix = Path(upload.name or "").suffix.lower()
    name = f"{SHEET}{suffix if suffix in ('.csv', '.xlsx') else '.csv'}"
    with TemporaryDirectory(prefix="answers-") as folder:
        path = Path(folder) / name
        path.write_bytes(b"".join(upload.chunks()))
        log = FindingLog()
        with unpack([SourceFile(path, name)], log) as sheets:
            return _read(next((sheet for sheet in sheets if sheet.name == SHEET), None))


def _asked(plan: SupplierPlan, row: AskedRow, cell: AskedCell) -> list[str]:
    return [
        str(plan.release.number),
        row.material.code,
        row.material.label,
        format_month(cell.month),
        "call-off" if cell.is_firm else "forecast",
        _plain(cell.asked),
        "" if cell.change is None else _plain(cell.change),
        "" if cell.outer is None else _plain(cell.outer),
    ]


def _answered(cell: AskedCell) -> list[str]:
    answer = cell.answer
    if answer is None:
        return ["", "", "", ""]
    date = answer.date.isoformat() if answer.date else ""
    return [answer.kind, _plain(answer.quantity), date, answer.note]


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _read(sheet: PlainSheet | None) -> tuple[int, list[CellWord]]:
    records = list(sheet.records()) if sheet is not None else []
    head = [cell.strip().lower() for cell in records[0][1]] if records else []
    if any(column not in head for column in NEEDED):
        raise InvalidInput(
            _("This is not the sheet of answers. Take it from this page, fill it in and bring it back."),
            code="not_an_answer_sheet",
        )
    releases, words = set(), []
    for line, cells in records[1:]:
        row = {name: unquote_text(text).strip() for name, text in zip(head, cells, strict=False)}
        if row.get("answer"):
            words.append(_word(line, row))
            releases.add(row["release"])
    if not words:
        raise InvalidInput(_("No row of the sheet has an answer."), code="no_answers")
    if len(releases) > 1 or not (release := releases.pop()).isdecimal() or len(release) > 9:
        raise InvalidInput(_("The sheet mixes releases: take a fresh one from this page."), code="mixed_releases")
    return int(release), words


def _word(line: int, row: Mapping[str, str]) -> CellWord:
    """Raises ``InvalidInput`` for a cell that cannot be read."""
    known = {str(kind.label): kind.value for kind in AnswerKind} | {kind.value: kind.value for kind in AnswerKind}
    kind = known.get(row["answer"].lower(), known.get(row["answer"]))
    if kind is None:
        raise _unreadable(line, "answer", row["answer"], ", ".join(AnswerKind.values))
    try:
        month = parse_month(row["month"])
    except ValueError:
        raise _unreadable(line, "month", row["month"], "YYYY-MM") from None
    return CellWord(
        row["material"],
        month,
        kind,
        _units(line, row.get("quantity", "")),
        _day(line, row.get("date", "")),
        row.get("note", ""),
    )


def _units(line: int, text: str) -> Decimal | None:
    try:
        return Decimal(parse_quantity(text, decimals=DECIMALS, maximum=10**17)).scaleb(-DECIMALS) if text else None
    except AppError:
        raise _unreadable(line, "quantity", text, "1234") from None


def _day(line: int, text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text[:10]) if text else None
    except ValueError:
        raise _unreadable(line, "date", text, "YYYY-MM-DD") from None


def _unreadable(line: int, column: str, content: str, expected: Sequence[str] | str) -> InvalidInput:
    facts = {"line": line, "column": column, "content": content[:40], "expected": expected}
    return InvalidInput(
        _("Row %(line)s, column %(column)s: “%(content)s” cannot be read; write %(expected)s.") % facts,
        code="invalid_answer",
        details={"row": line, "column": column},
    )
