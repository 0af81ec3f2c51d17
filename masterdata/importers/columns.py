"""Columns: what a cell may hold and how its text becomes a value.

A parser sees each distinct text of a column once (``CellMemo``), so a million cells with a few hundred
distinct texts cost a few hundred parses.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import TextChoices
from django.utils import translation
from django.utils.functional import Promise

from core.errors import InvalidInput
from core.months import format_month, month_of
from core.numbers import parse_quantity

CODE, TEXT, EMAIL, MONTH, DATE = "code", "text", "email", "month", "date"
QUANTITY, MONEY, RATE, INTEGER = "quantity", "money", "rate", "integer"  # Decimal, Decimal, float, int
UNITS, MINOR = "units", "minor"  # int64: smallest unit of quantity or money of this company
YES_NO, CHOICE, CODES, CURRENCY = "yes-no", "choice", "codes", "currency"

EMPTY = object()  # an empty cell; the store turns it into the field's default
LARGEST = 10**12  # nine million cells of this size still add up inside int64
_RATE_PLACES = 20
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity|∞)|[+-]?[0-9.]+e\+?[0-9]{3,}", re.IGNORECASE)
_SIMPLE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,20})?")  # below LARGEST
_EXCEL_EPOCH = dt.date(1899, 12, 30)
_EXCEL_SERIALS = range(20_000, 80_000)  # 1954 … 2119
_YEARS = range(1950, 2200)
_YES = frozenset({"yes", "y", "true", "1", "是", "有", "√", "对"})
_NO = frozenset({"no", "n", "false", "0", "否", "无", "×", "不"})
_MONTH_FORM = re.compile(r"(\d{4})\s*[-/.年]?\s*(\d{1,2})\s*月?")
_DATE_FORM = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T][\d:.]+)?")
_COMPACT_DATE_FORM = re.compile(r"(\d{4})(\d{2})(\d{2})")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SHEET_ERRORS = frozenset({"#REF!", "#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#VALUE!"})
NEEDS_QUOTE = re.compile(r"'*[=+\-@\t\r]")  # our exports put a ' before a text that begins so


class CellRefused(Exception):
    """A cell that cannot be understood: a finding's code with its parameters."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


@dataclass(frozen=True, slots=True)
class Scales:
    """Decimals the company's quantities and money are kept with."""

    quantity: int = 0
    money: int = 2


@dataclass(frozen=True)
class Column:
    """One column of a sheet.

    ``refers_to`` names the sheets whose codes are allowed, first match wins. ``minimum`` and ``maximum`` are in
    the unit of the cell. ``aliases`` adds to the header names every sheet knows (``headers.py``).
    """

    name: str
    kind: str = TEXT
    required: bool = False
    refers_to: tuple[str, ...] = ()
    choices: type[TextChoices] | None = None
    minimum: float | None = 0
    maximum: float | None = None
    decimals: int | None = None
    max_length: int = 200
    aliases: tuple[str, ...] = ()
    help: str | Promise = ""
    sensitive: bool = False  # costs and prices: shown only to who may see them

    @property
    def places(self) -> int:
        """Decimals a Decimal column keeps."""
        return self.decimals if self.decimals is not None else (4 if self.kind == MONEY else 6)


def parse_text(text: str, column: Column, _scales: Scales) -> str:
    """Trimmed text without control characters; line breaks become spaces; a text is never a formula."""
    if text.startswith("="):
        raise CellRefused("formula")
    text = unquote_text(text)
    if _CONTROL.search(text):
        raise CellRefused("control_character")
    text = " ".join(text.split()) if "\n" in text or "\r" in text or "\t" in text else text
    if len(text) > column.max_length:
        raise CellRefused("too_long", limit=column.max_length)
    return text


def unquote_text(text: str) -> str:
    """Without the quotation mark an export put before a text that a spreadsheet would calculate."""
    return text[1:] if text.startswith("'") and NEEDS_QUOTE.match(text) else text


def parse_code(text: str, column: Column, scales: Scales) -> str:
    """A code is a text of at most 64 characters."""
    text = parse_text(text, column, scales)
    if len(text) > 64:
        raise CellRefused("too_long", limit=64)
    return text


def parse_codes(text: str, column: Column, scales: Scales) -> tuple[str, ...]:
    """Several codes in one cell, separated by ``;`` or ``,``."""
    parts = re.split(r"[;,；，、]", parse_text(text, column, scales))
    return tuple(sorted({part.strip() for part in parts if part.strip()}))


def parse_email(text: str, column: Column, scales: Scales) -> str:
    """An e-mail address."""
    text = parse_text(text, column, scales)
    try:
        validate_email(text)
    except ValidationError as error:
        raise CellRefused("not_an_email") from error
    return text


def parse_currency(text: str, _column: Column, _scales: Scales) -> str:
    """An ISO 4217 code."""
    code = unicodedata.normalize("NFKC", text).upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise CellRefused("not_a_currency")
    return code


def parse_month_cell(text: str, _column: Column, _scales: Scales) -> int:
    """``2026-06``, ``2026/6``, ``202606``, ``2026年6月``, a date or an Excel date → absolute month."""
    plain = unicodedata.normalize("NFKC", text)
    day = _to_date(plain) or read_month(plain)
    if day is None or day.year not in _YEARS:
        raise CellRefused("not_a_month")
    return month_of(day)


def parse_date_cell(text: str, _column: Column, _scales: Scales) -> dt.date:
    """``2026-06-30``, ``2026/6/30``, ``20260630``, ``2026年6月30日`` or an Excel date."""
    day = _to_date(unicodedata.normalize("NFKC", text))
    if day is None:
        raise CellRefused("not_a_date")
    return day


def _to_date(text: str) -> dt.date | None:
    day = read_serial(text) or read_date(text)
    return day if day is not None and day.year in _YEARS else None


def read_serial(text: str) -> dt.date | None:
    """The day that a spreadsheet keeps as a number of five digits; ``None`` for anything else."""
    if text.isdigit() and len(text) == 5 and int(text) in _EXCEL_SERIALS:
        return _EXCEL_EPOCH + dt.timedelta(days=int(text))
    return None


def read_date(text: str) -> dt.date | None:
    """The day of a half-width text, of any year; a time of day behind it is ignored."""
    return _day_of(_DATE_FORM.fullmatch(text) or _COMPACT_DATE_FORM.fullmatch(text))


def read_month(text: str) -> dt.date | None:
    """The first day of the month in a half-width text, of any year."""
    return _day_of(_MONTH_FORM.fullmatch(text))


def _day_of(match: re.Match[str] | None) -> dt.date | None:
    """Year, month and perhaps day, where the calendar has them."""
    if match is None:
        return None
    try:
        return dt.date(*(int(part) for part in (*match.groups(), "1")[:3]))
    except ValueError:
        return None


def _exact(text: str, column: Column, places: int) -> int:
    """A number in units of 10^-places, inside the column's bounds. Raises ``CellRefused``."""
    if column.maximum is None and not (column.minimum or 0) > 0 and _SIMPLE.fullmatch(text):
        whole, _point, decimals = text.partition(".")
        if len(decimals) <= places:  # the form of nearly every cell; the full parser takes six times as long
            return int(whole) * 10**places + int(decimals.ljust(places, "0") or 0)
    plain = unicodedata.normalize("NFKC", text).strip()
    if _NOT_FINITE.fullmatch(plain):
        raise CellRefused("not_finite")
    largest = LARGEST if column.maximum is None else column.maximum
    smallest = -LARGEST if column.minimum is None else column.minimum
    try:
        return parse_quantity(
            plain,
            decimals=places,
            minimum=int(Decimal(str(smallest)).scaleb(places)),
            maximum=int(Decimal(str(largest)).scaleb(places)),
        )
    except InvalidInput as refused:
        limits = {"minimum": f"{smallest:,.15g}", "maximum": f"{largest:,.15g}", "decimals": places}
        raise CellRefused(refused.code, **limits) from refused


def parse_decimal_cell(text: str, column: Column, _scales: Scales) -> Decimal:
    """Exact, at most ``places`` decimals."""
    return Decimal(_exact(text, column, column.places)).scaleb(-column.places)


def parse_rate(text: str, column: Column, _scales: Scales) -> float:
    """A share, hours or another physical number; ``12.5%`` is 0.125."""
    if text.endswith(("%", "％")):
        in_percent = replace(column, minimum=None, maximum=None)
        text = f"{Decimal(_exact(text[:-1], in_percent, 6)).scaleb(-8):f}"
    return _exact(text, column, _RATE_PLACES) / 10**_RATE_PLACES


def parse_integer(text: str, column: Column, _scales: Scales) -> int:
    """A whole number; ``10.0`` is one."""
    try:
        return _exact(text, column, 0)
    except CellRefused as refused:
        raise CellRefused("not_whole") if refused.code == "too_many_decimals" else refused from refused


def parse_units(text: str, column: Column, scales: Scales) -> int:
    """A quantity in the company's smallest unit."""
    return _exact(text, column, scales.quantity)


def parse_minor(text: str, column: Column, scales: Scales) -> int:
    """Money in the currency's minor unit."""
    return _exact(text, column, scales.money)


def parse_yes_no(text: str, _column: Column, _scales: Scales) -> bool:
    """yes, no, 是, 否, true, false, 1, 0."""
    word = text.casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise CellRefused("not_yes_or_no")


def parse_choice(text: str, column: Column, _scales: Scales) -> str:
    """A value of the closed list, or its name in either language."""
    assert column.choices is not None
    word = text.casefold()
    names: dict[str, str] = {}
    for language in ("en", "zh-hans"):
        with translation.override(language):
            names |= {str(label).casefold(): value for value, label in column.choices.choices}
    names |= {value.casefold(): value for value in column.choices.values}
    if word not in names:
        raise CellRefused("unknown_choice", choices=", ".join(column.choices.values))
    return names[word]


PARSERS: Mapping[str, Callable[[str, Column, Scales], Any]] = {
    CODE: parse_code,
    CODES: parse_codes,
    TEXT: parse_text,
    EMAIL: parse_email,
    CURRENCY: parse_currency,
    MONTH: parse_month_cell,
    DATE: parse_date_cell,
    QUANTITY: parse_decimal_cell,
    MONEY: parse_decimal_cell,
    RATE: parse_rate,
    INTEGER: parse_integer,
    UNITS: parse_units,
    MINOR: parse_minor,
    YES_NO: parse_yes_no,
    CHOICE: parse_choice,
}


class CellMemo(dict[str, Any]):
    """Text → value or ``CellRefused``, parsed on first sight; ``EMPTY`` for an empty optional cell."""

    LARGEST = 200_000  # distinct texts remembered before starting afresh

    def __init__(self, column: Column, scales: Scales) -> None:
        super().__init__()
        self.column = column
        self.scales = scales
        self.refused = False

    def __missing__(self, text: str) -> Any:
        if len(self) >= self.LARGEST:
            self.clear()
        value = self[text] = self._parse(text.strip())
        if isinstance(value, CellRefused):
            self.refused = True
        return value

    def _parse(self, text: str) -> Any:
        if not text:
            return CellRefused("required") if self.column.required else EMPTY
        if text in _SHEET_ERRORS:
            return CellRefused("sheet_error")
        try:
            if text.startswith("=") and self.column.kind not in (CODE, TEXT):
                raise CellRefused("formula")
            return PARSERS[self.column.kind](text, self.column, self.scales)
        except CellRefused as refused:
            return refused


def as_text(value: Any, column: Column | None) -> str:
    """A value as the sheet would write it; the reverse of the parsers."""
    if value is EMPTY or value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ";".join(value)
    if column is not None and column.kind == MONTH and isinstance(value, int):
        return format_month(value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, float):
        return f"{Decimal(repr(value)).normalize():f}"
    return str(value)
