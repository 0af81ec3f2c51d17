"""What is wrong with a sheet, by row and column, in words a planner can act on.

A finding keeps its code and parameters; the sentence is made when it is read, in the reader's language.
Upper rooms add their own codes with ``register_finding``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ERROR = "error"
WARNING = "warning"
ENTITY_NAMES = {
    "products": _("products"),
    "orgs": _("sales organisations"),
    "sites": _("sites"),
    "resources": _("resources"),
    "suppliers": _("suppliers"),
    "materials": _("materials"),
}
KEPT_PER_SHEET = 20_000
_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Sentence:
    """The problem and the remedy of one code, with ``{parameters}``."""

    problem: str | Promise
    remedy: str | Promise
    severity: str = ERROR


_SENTENCES: dict[str, Sentence] = {}


def register_finding(code: str, problem: str | Promise, remedy: str | Promise, severity: str = ERROR) -> None:
    """Add a code to the catalogue. Raises ``ValueError`` when another sentence has it."""
    sentence = Sentence(problem, remedy, severity)
    if code in _SENTENCES and _SENTENCES[code] != sentence:
        raise ValueError(f"finding {code} is already registered")
    _SENTENCES[code] = sentence


def list_codes() -> list[str]:
    """Every code a finding can have."""
    return sorted(_SENTENCES)


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark on a file, a sheet, a row or a cell. ``row`` counts as a spreadsheet does; 0 = whole sheet."""

    sheet: str
    row: int
    column: str
    code: str
    value: str = ""
    severity: str = ERROR
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def problem(self) -> str:
        """What is wrong, in the active language."""
        return self._fill(_SENTENCES[self.code].problem)

    @property
    def remedy(self) -> str:
        """What to do about it, in the active language."""
        return self._fill(_SENTENCES[self.code].remedy)

    @property
    def message(self) -> str:
        """Problem and remedy as one text."""
        return f"{self.problem} {self.remedy}".strip()

    @property
    def suggestion(self) -> str:
        """The value that would mend the cell, or an empty text."""
        return str(self.params.get("suggestion", ""))

    def _fill(self, text: str | Promise) -> str:
        parameters = {"value": self.value, "column": self.column, "sheet": self.sheet, **self.params}
        if "entity" in parameters:
            names = str(parameters["entity"]).split("/")
            parameters["entity"] = " / ".join(str(ENTITY_NAMES.get(name, name)) for name in names)
        return str(text).format_map(parameters)

    def to_json(self) -> dict[str, Any]:
        """For the API, ``--json`` and job findings."""
        return {
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "code": self.code,
            "severity": self.severity,
            "value": self.value,
            "message": self.message,
            "suggestion": self.suggestion,
        }


class FindingLog:
    """Collects findings. Counts are exact; of each sheet the first ``KEPT_PER_SHEET`` are kept in full."""

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self._kept_of: Counter[str] = Counter()
        self.counts: Counter[tuple[str, str, str]] = Counter()  # (sheet, code, severity)

    def add(
        self,
        code: str,
        *,
        sheet: str = "",
        row: int = 0,
        column: str = "",
        value: object = "",
        severity: str = "",
        **params: Any,
    ) -> None:
        """Record one finding; the catalogue gives the severity unless one is named."""
        severity = severity or _SENTENCES[code].severity
        self.counts[sheet, code, severity] += 1
        if self._kept_of[sheet] < KEPT_PER_SHEET:
            self._kept_of[sheet] += 1
            self._kept.append(Finding(sheet, row, column, code, str(value)[:_SHOWN], severity, params))

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._kept)

    def __len__(self) -> int:
        return sum(self.counts.values())

    def count(self, severity: str, sheet: str | None = None) -> int:
        """How many findings of a severity, in all or of one sheet."""
        return sum(n for (name, _code, kind), n in self.counts.items() if kind == severity and sheet in (None, name))

    def sorted(self) -> list[Finding]:
        """Errors first, then by sheet, row and column."""
        return sorted(self._kept, key=lambda f: (f.severity != ERROR, f.sheet, f.row, f.column, f.code))


_FIX_VALUE = _("Type a value here or mend the sheet.")

for _code, _problem, _remedy in (
    # files
    ("nothing_to_import", _("There is no CSV, XLSX or ZIP file to read."), _("Choose the company's sheets.")),
    ("no_known_sheet", _("None of the sheets is known."), _("Name files or worksheets products, orgs, history …")),
    ("file_unreadable", _("The file cannot be read: {reason}."), _("Save it again as CSV or XLSX.")),
    ("file_empty", _("The file is empty."), _("Fill it in or leave it out.")),
    (
        "file_too_large",
        _("The file is larger than {limit} MB once unpacked."),
        _("Split it into several files."),
    ),
    (
        "file_too_many_entries",
        _("The file holds more than {limit} parts."),
        _("Pack only the sheets to import."),
    ),
    (
        "file_too_heavy",
        _("Reading the file took more memory or time than is allowed."),
        _("Save it as CSV or split it."),
    ),
    (
        "file_encoding",
        _("The file's characters are neither UTF-8, UTF-16 nor GB18030."),
        _("Save it as UTF-8, or choose Big5 when uploading."),
    ),
    (
        "file_quotes",
        _("A quotation mark is not closed or stands in the wrong place."),
        _("Double quotation marks inside a quoted cell; rows after this one were not read."),
    ),
    (
        "file_encrypted",
        _("The workbook is protected by a password."),
        _("Remove the password and upload it again."),
    ),
    (
        "sheet_twice",
        _("The sheet “{sheet}” comes twice ({value})."),
        _("Keep one of them."),
    ),
    ("sheet_missing", _("The sheet “{sheet}” is required and missing."), _("Add it to the folder.")),
    ("sheet_not_allowed", _("You may not import the sheet “{sheet}”."), _("Ask somebody who may.")),
    # headers
    ("column_missing", _("The required column “{column}” is missing."), _("Add it to the header row.")),
    ("column_twice", _("The column “{column}” comes twice."), _("Keep one of them.")),
    ("too_many_cells", _("The row has more cells than the header."), _("Check for a stray separator.")),
    (
        "month_far_off",
        _("{value} is more than {limit} months after the first month of the sheet."),
        _("Correct the month, or balance fewer months at a time."),
    ),
    # cells
    ("required", _("The cell is empty, but needed."), _FIX_VALUE),
    ("formula", _("The cell holds a formula."), _("Formulas are not calculated here: paste it as a value.")),
    ("sheet_error", _("Formula error in the sheet."), _FIX_VALUE),
    ("control_character", _("The cell holds characters that cannot be shown."), _("Type it again.")),
    ("too_long", _("The text is longer than {limit} characters."), _("Shorten it.")),
    ("not_a_number", _("Not a number."), _("Write digits, for example 1,234.5.")),
    ("not_finite", _("Not a finite number."), _FIX_VALUE),
    ("not_whole", _("Not a whole number."), _FIX_VALUE),
    ("too_many_decimals", _("More than {decimals} decimals."), _("Round it.")),
    ("below_minimum", _("Less than {minimum} makes no sense here."), _FIX_VALUE),
    ("above_maximum", _("More than {maximum} is not possible."), _FIX_VALUE),
    ("not_a_month", _("Not a month."), _("Write it as YYYY-MM, for example 2026-06.")),
    ("not_a_date", _("Not a date."), _("Write it as YYYY-MM-DD, for example 2026-06-30.")),
    ("not_yes_or_no", _("Neither yes nor no."), _("Write yes or no.")),
    ("unknown_choice", _("Not one of: {choices}."), _("Choose one of them.")),
    ("not_a_currency", _("Not a currency code."), _("Write its three letters, for example CNY.")),
    ("hours_or_jph", _("Neither hours per unit nor jobs per hour of the resource."), _FIX_VALUE),
    ("not_an_email", _("Not an e-mail address."), _FIX_VALUE),
    # rows
    ("duplicate_key", _("The same {key} stands in row {first} already."), _("Keep one of the two rows.")),
    ("unknown_code", _("Unknown code of {entity}."), _("Correct the code or add it to {entity}.")),
    ("hierarchy_cycle", _("Goes in a circle: {path}."), _("Give one of them another parent.")),
    ("bom_cycle", _("A product contains itself: {path}."), _("Remove one of these lines.")),
    ("refers_to_rejected", _("Refers to a row that has errors itself."), _("Mend that row first.")),
    ("month_order", _("The last month is before the first."), _("Exchange or correct them.")),
    ("date_order", _("The end is before the start."), _("Exchange or correct them.")),
):
    register_finding(_code, _problem, _remedy)

for _code, _problem, _remedy in (
    (
        "sheet_unknown",
        _("No sheet is called “{sheet}”; it is left out."),
        _("Name it as in the formats page, if it is meant."),
    ),
    ("column_unknown", _("Unknown column; it is left out."), _("Rename it if it is meant.")),
    ("sheet_without_rows", _("The sheet has a header but no rows."), _("Fill it in or leave it out.")),
):
    register_finding(_code, _problem, _remedy, WARNING)
