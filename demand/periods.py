"""The dates of a plain file of series: as people write them, the rhythm they follow, and the next ones written alike.

A column has one notation: days (with a time of day or without), months, quarters, weeks, years, the numbers a
spreadsheet keeps days as, or plain steps 1, 2, 3 …
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from masterdata.importers.columns import read_date, read_month, read_serial

Ints = NDArray[np.int64]

DAY = 24 * 60  # minutes
SHORTEST_MONTH = 28 * DAY
LONGEST_STEP = 15  # digits
YEARS = range(1500, 2200)  # what four digits alone may mean
_QUARTER_FORM = re.compile(r"(\d{4})\s*[-/.年]?\s*[Qq第]\s*([1-4])\s*(?:季度)?")
_WEEK_FORM = re.compile(r"(\d{4})\s*[-/.]?\s*[Ww](\d{1,2})")
_TIME_FORM = re.compile(r"[ T](\d{1,2})(?::(\d{2}))?(?::(\d{2})(?:\.\d+)?)?$")
_ZONE = re.compile(r"(?<=\d)(?:Z|[+-]\d\d:\d\d)$")
_DIGITS = re.compile(r"\d+")


class Notation(Enum):
    """What the texts of a column are."""

    DATE = "dates"
    SERIAL = "dates as numbers"
    MONTH = "months"
    QUARTER = "quarters"
    WEEK = "weeks"
    YEAR = "years"
    STEP = "steps"


@dataclass(frozen=True)
class Frequency:
    """One rhythm: periods of a season, the number of a moment's period, and the moment ``k`` periods on."""

    name: str
    season_length: int
    number: Callable[[dt.datetime], int]
    later: Callable[[dt.datetime, int, bool], dt.datetime]


def _months_later(day: dt.datetime, months: int, at_end: bool) -> dt.datetime:
    """Same day ``months`` on; ``at_end``: the last day of the month stays the last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    length = calendar.monthrange(year, month + 1)[1]
    return day.replace(year=year, month=month + 1, day=length if at_end else min(day.day, length))


def _hour(day: dt.datetime) -> int:
    return day.toordinal() * 24 + day.hour


FREQUENCIES = {
    "H": Frequency("hourly", 24, _hour, lambda day, k, _end: day + dt.timedelta(hours=k)),
    "D": Frequency("daily", 7, lambda day: day.toordinal(), lambda day, k, _end: day + dt.timedelta(days=k)),
    "W": Frequency("weekly", 52, lambda day: day.toordinal() // 7, lambda day, k, _end: day + dt.timedelta(weeks=k)),
    "M": Frequency("monthly", 12, lambda day: day.year * 12 + day.month, _months_later),
    "Q": Frequency(
        "quarterly", 4, lambda day: day.year * 4 + (day.month - 1) // 3,
        lambda day, k, end: _months_later(day, 3 * k, end),
    ),
    "Y": Frequency("yearly", 1, lambda day: day.year, lambda day, k, end: _months_later(day, 12 * k, end)),
}  # fmt: skip
ALLOWED = {
    Notation.MONTH: "MQY",
    Notation.QUARTER: "QY",
    Notation.WEEK: "W",
    Notation.YEAR: "Y",
    Notation.SERIAL: "DWMQY",
}
_ALIASES = {"MS": "M", "ME": "M", "QS": "Q", "QE": "Q", "YS": "Y", "YE": "Y", "A": "Y", "AS": "Y", "BMS": "M"}
# Median distance in days of dates that share no day of the month.
_DISTANCES = {"D": (1, 3), "W": (6, 8), "M": (26, 33), "Q": (85, 95), "Y": (360, 370)}


def find_frequency(text: str) -> str:
    """Key of :data:`FREQUENCIES`; ``MS``, ``ME``, ``W-MON`` and the like mean their first letter. Raises ValueError."""
    name = text.upper().split("-")[0]
    name = _ALIASES.get(name, name)
    if name not in FREQUENCIES:
        raise ValueError(f"frequency {text!r} is unknown; use one of {', '.join(FREQUENCIES)}")
    return name


@dataclass(frozen=True)
class Dates:
    """The distinct texts of a column: half-width as read, their notation, and the moment of each (a number of a step).

    ``padded``: whether the first, second … number of a text (year, month, day, hour …) takes two digits;
    ``at_end``: every moment is the last day of its month.
    """

    notation: Notation
    plain: dict[str, str]
    moments: dict[str, dt.datetime]
    steps: dict[str, int]
    padded: tuple[bool, ...]
    at_end: bool

    def number(self, frequency: Frequency) -> dict[str, int]:
        """The period number of each text."""
        if self.notation == Notation.STEP:
            return self.steps
        return {text: frequency.number(moment) for text, moment in self.moments.items()}

    def following(self, text: str, frequency: Frequency, count: int) -> list[str]:
        """The ``count`` periods after ``text``, written as it is."""
        plain = self.plain[text]
        if self.notation == Notation.STEP:
            return [str(self.steps[text] + k).zfill(len(plain)) for k in range(1, count + 1)]
        ahead = [frequency.later(self.moments[text], k, self.at_end) for k in range(1, count + 1)]
        if frequency.name == "hourly" and self.notation == Notation.DATE and not _TIME_FORM.search(_zoneless(plain)):
            plain += " 00:00"
        return [_rewrite(plain, self.notation, moment, self.padded) for moment in ahead]


def read_dates(texts: Iterable[str]) -> Dates:
    """Read the distinct texts of a column. Raises :class:`UnreadDate` with the first that cannot be read."""
    plain = {text: unicodedata.normalize("NFKC", text).strip() for text in texts}
    notation = _numeric_notation(list(plain.values()))
    if notation == Notation.STEP:
        return Dates(notation, plain, {}, {text: int(digits) for text, digits in plain.items()}, (), False)
    moments, found = {}, {}
    for text, written in plain.items():
        read = _read(written, notation)
        if read is None:
            raise UnreadDate(text, "is empty" if not written else f"{text!r} is no date; {ADVICE}")
        found[text], moments[text] = read
    kinds = set(found.values())
    if kinds - {Notation.DATE, Notation.MONTH} and len(kinds) > 1:
        first = next(iter(found.values()))
        odd = next(text for text, kind in found.items() if kind != first)
        raise UnreadDate(odd, f"{odd!r} stands among {first.value}; write all of them alike")
    notation = Notation.DATE if Notation.DATE in kinds else next(iter(kinds))
    at_end = all(m.day == calendar.monthrange(m.year, m.month)[1] for m in moments.values())
    return Dates(notation, plain, moments, {}, _are_padded(plain.values()), at_end)


ADVICE = "write YYYY-MM-DD, YYYY-MM, YYYYMM, YYYYQ1, YYYY, a time behind the day for hours, or 1, 2, 3 …"


class UnreadDate(ValueError):
    """``text`` of the column cannot be read; the message says why."""

    def __init__(self, text: str, message: str) -> None:
        super().__init__(message)
        self.text = text


def _numeric_notation(plain: list[str]) -> Notation | None:
    """What a column of nothing but digits means; None when it has other signs, or days and months without any."""
    if not all(text.isdecimal() and len(text) <= LONGEST_STEP for text in plain):
        return None
    widths = {len(text) for text in plain}
    if widths == {4} and all(int(text) in YEARS for text in plain):
        return Notation.YEAR
    if widths == {5} and all(read_serial(text) for text in plain):
        return Notation.SERIAL
    return None if widths <= {6, 8} else Notation.STEP


def _read(plain: str, notation: Notation | None) -> tuple[Notation, dt.datetime] | None:
    if notation == Notation.YEAR:
        return notation, dt.datetime(int(plain), 1, 1)
    if notation == Notation.SERIAL:
        day = read_serial(plain)
        return (notation, _at_midnight(day)) if day else None
    if quarter := _QUARTER_FORM.fullmatch(plain):
        return Notation.QUARTER, dt.datetime(int(quarter[1]), 3 * int(quarter[2]) - 2, 1)
    if week := _WEEK_FORM.fullmatch(plain):
        try:
            return Notation.WEEK, _at_midnight(dt.date.fromisocalendar(int(week[1]), int(week[2]), 1))
        except ValueError:
            return None
    zoneless = _zoneless(plain)
    if day := read_date(zoneless):
        time = _TIME_FORM.search(zoneless)
        hour, minute, second = (int(part or 0) for part in time.groups()) if time else (0, 0, 0)
        if hour > 23 or minute > 59 or second > 59:
            return None
        return Notation.DATE, dt.datetime(day.year, day.month, day.day, hour, minute, second)
    month = read_month(plain)
    return (Notation.MONTH, _at_midnight(month)) if month else None


def _at_midnight(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day)


def _zoneless(plain: str) -> str:
    return _ZONE.sub("", plain)


def _are_padded(plain: Iterable[str]) -> tuple[bool, ...]:
    """For each number of a text, in its place, whether it takes two digits; a month is written as a day is.

    Where October to December leave it open, it does, but not before 月.
    """
    texts = list(plain)
    usual = not any("年" in text for text in texts)
    padded = []
    for place in zip_longest(*(_DIGITS.findall(text) for text in texts), fillvalue="10"):
        is_shown = any(part.startswith("0") for part in place)
        padded.append(is_shown or (usual and all(len(part) > 1 for part in place)))
    padded[1:3] = [all(padded[1:3])] * len(padded[1:3])
    return tuple(padded)


def _rewrite(plain: str, notation: Notation, moment: dt.datetime, padded: tuple[bool, ...]) -> str:
    """The text with another moment's numbers in the place of its own; everything between them stays."""
    if notation == Notation.SERIAL:
        return str(moment.toordinal() - dt.date(1899, 12, 30).toordinal())
    if plain.isdecimal():
        return moment.strftime({4: "%Y", 6: "%Y%m", 8: "%Y%m%d"}[len(plain)]).zfill(len(plain))
    fields = [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second]
    if notation == Notation.QUARTER:
        fields = [moment.year, (moment.month + 2) // 3]
    elif notation == Notation.WEEK:
        fields = list(moment.isocalendar()[:2])
    parts = iter(zip(fields, padded, strict=False))

    def write(match: re.Match[str]) -> str:
        part, is_padded = next(parts, (match[0], False))  # beyond the fields: fractions of a second
        return str(part).zfill(4 if len(match[0]) == 4 else 2 if is_padded else 1)

    zoneless = _zoneless(plain)
    return _DIGITS.sub(write, zoneless) + plain[len(zoneless) :]


def infer_frequency(dates: Dates, codes: Ints, texts: list[str]) -> tuple[str, str]:
    """(key of :data:`FREQUENCIES`, a sentence that says why) from rows of series ``codes`` [k] and their texts [k].

    Raises ``ValueError`` when the dates follow no known rhythm.
    """
    plain = {Notation.YEAR: "Y", Notation.QUARTER: "Q", Notation.WEEK: "W"}.get(dates.notation)
    if plain:
        return plain, f"{FREQUENCIES[plain].name}, as ds holds {dates.notation.value}"
    guess = "monthly is assumed (a season of 12); say --freq H, D, W, Q or Y for another rhythm"
    if dates.notation == Notation.STEP:
        return "M", f"ds counts steps: {guess}"
    minutes = {text: (m.toordinal() * 24 + m.hour) * 60 + m.minute for text, m in dates.moments.items()}
    distances = _distances(codes, np.array([minutes[text] for text in texts], np.int64))
    if not len(distances):
        return "M", f"no series has two dates: {guess}"
    if distances.min() >= SHORTEST_MONTH and _share_a_day(dates, codes, texts):
        months = {text: FREQUENCIES["M"].number(m) for text, m in dates.moments.items()}
        return _of_months(_distances(codes, np.array([months[text] for text in texts], np.int64)))
    typical = float(np.median(distances)) / DAY
    if typical == 1 / 24:
        return "H", "hourly, as the dates are an hour apart"
    for key, (low, high) in _DISTANCES.items():
        if low <= typical <= high:
            return key, f"{FREQUENCIES[key].name}, as the dates are {typical:g} days apart"
    apart = f"{typical:g} days" if typical >= 1 else f"{24 * typical:g} hours"
    raise ValueError(f"the dates are {apart} apart: no rhythm known here; name the one to use with --freq")


def _share_a_day(dates: Dates, codes: Ints, texts: list[str]) -> bool:
    """Whether each series keeps to one day of the month (the last, if all do)."""
    if dates.at_end:
        return True
    of_text = {text: moment.day * DAY + moment.hour * 60 + moment.minute for text, moment in dates.moments.items()}
    days = np.array([of_text[text] for text in texts], np.int64)
    count = int(codes.max()) + 1
    low, high = np.full(count, np.iinfo(np.int64).max), np.zeros(count, np.int64)
    np.minimum.at(low, codes, days)
    np.maximum.at(high, codes, days)
    return bool((low == high).all())


def _of_months(distances: Ints) -> tuple[str, str]:
    for key, months in (("Y", 12), ("Q", 3)):
        if (distances % months == 0).all():
            return key, f"{FREQUENCIES[key].name}, as the dates are {months} months apart"
    return "M", "monthly, as the dates are a month apart"


def _distances(codes: Ints, numbers: Ints) -> Ints:
    """Distances above zero of neighbours within each series."""
    order = np.lexsort((numbers, codes))
    steps = np.diff(numbers[order])
    found: Ints = steps[(np.diff(codes[order]) == 0) & (steps > 0)]
    return found
