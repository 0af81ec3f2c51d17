"""A CSV file of ``unique_id,ds,y`` → histories: any order of rows and columns, in the notations of :mod:`periods`.

Every fault names file, row and column and says what to do; people count the header as row 1.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.numbers import parse_quantity
from demand.periods import ALLOWED, FREQUENCIES, Dates, Frequency, Notation, UnreadDate, infer_frequency, read_dates
from engine.forecasting import SeriesSet
from masterdata.importers.headers import normalise_name
from masterdata.importers.unpack import Refused, detect_encoding, sniff_delimiter

Ints = NDArray[np.int64]

COLUMNS = ("unique_id", "ds", "y")
LONGEST = 20_000  # periods from the first to the last; beyond, a date is mistyped
LARGEST = 250_000_000  # series times periods: two gigabytes
_PLACES = 12  # of a number with thousands separators
_TOO_LONG = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")


class FileFault(ValueError):
    """The file cannot be read; the message is meant for its owner."""


@dataclass(frozen=True)
class Histories:
    """The series of a file.

    Attributes
    ----------
    series : in the order of their first rows; NaN = no row.
    dates, frequency : how the dates are written, and their rhythm; ``inferred`` says why, "" when it was named.
    last : [n] text of the last date of each series.
    undated : ids whose year is unknown.
    gaps : (how many periods are missing inside of series, the first as "id at date"), the latter "" without any.
    """

    series: SeriesSet
    dates: Dates
    frequency: Frequency
    inferred: str
    last: list[str]
    undated: tuple[str, ...]
    gaps: tuple[int, str]

    def following(self, count: int) -> list[str]:
        """The next ``count`` dates of every series, one series after the other, written like its last one."""
        ahead = {text: self.dates.following(text, self.frequency, count) for text in dict.fromkeys(self.last)}
        return [text for last in self.last for text in ahead[last]]


def read_histories(source: Path, freq: str | None = None) -> Histories:
    """Read and check a file; ``freq`` is a key of ``FREQUENCIES``, read from the dates when None.

    Raises :class:`FileFault` with the first fault.
    """
    table = _read_table(source)
    empty = (table["unique_id"].str.strip() == "").to_numpy()
    if empty.any():
        raise _fault(source, int(table.index[int(empty.argmax())]), "unique_id", "is empty")
    dates = _read_dates(source, table["ds"])
    numbers = _parse_numbers(source, table["y"])
    codes, names = pd.factorize(table["unique_id"])
    ids = np.asarray(names, dtype=str)
    texts = table["ds"].tolist()
    key, inferred = _choose_frequency(source, dates, codes, texts, freq)
    frequency = FREQUENCIES[key]
    of_text = dates.number(frequency)
    periods = np.array([of_text[text] for text in texts], np.int64)
    undated = [] if dates.notation == Notation.STEP else _order_undated(table, codes, periods, frequency)
    _refuse_doubles(source, table, codes, periods)
    ends = np.full(len(ids), np.iinfo(np.int64).min)
    np.maximum.at(ends, codes, periods)
    back = ends[codes] - periods
    values = _place(source, table, codes, back, numbers)
    last = {int(codes[row]): texts[row] for row in np.flatnonzero(back == 0)}
    return Histories(
        series=SeriesSet(ids, values),
        dates=dates,
        frequency=frequency,
        inferred=inferred,
        last=[last[i] for i in range(len(ids))],
        undated=tuple(str(ids[code]) for code in undated),
        gaps=_find_gaps(values, ids, codes, back, texts, dates, frequency),
    )


def _fault(source: Path, row: int, column: str, what: str) -> FileFault:
    """``row`` counts lines of the file from 0."""
    return FileFault(f"{source}, row {row + 1}, column {column}: {what}")


def _read_table(source: Path) -> pd.DataFrame:
    """The three columns as texts; the index counts lines of the file from 0, blank ones included."""
    try:
        raw = source.read_bytes()
    except OSError as error:
        raise FileFault(f"{source} cannot be read: {error.strerror}") from error
    if zipfile.is_zipfile(io.BytesIO(raw)):
        raise FileFault(f"{source} is a workbook or an archive: save the sheet as CSV first")
    try:
        encoding = detect_encoding(io.BytesIO(raw), None)
    except Refused as refused:
        raise FileFault(f"{source} is neither UTF-8, UTF-16 nor GB18030 text") from refused
    delimiter = sniff_delimiter(io.TextIOWrapper(io.BytesIO(raw), encoding))
    try:
        lines = pd.read_csv(
            io.BytesIO(raw), dtype=str, header=None, keep_default_na=False, encoding=encoding, sep=delimiter,
            skip_blank_lines=False,
        )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise FileFault(f"{source} is no CSV file with a header: {_parser_words(str(error))}") from error
    # A short row leaves NaN where nothing was written; a blank line in between keeps the row numbers right.
    lines = lines.fillna("")
    lines = lines[(lines != "").any(axis=1)]
    if lines.empty:
        raise FileFault(f"{source} holds no rows")
    return _choose_columns(source, lines)


def _parser_words(text: str) -> str:
    found = _TOO_LONG.search(text)
    return f"row {found[2]} has {found[3]} cells, the header {found[1]}" if found else text.strip()


def _choose_columns(source: Path, lines: pd.DataFrame) -> pd.DataFrame:
    head = int(lines.index[0])
    written = [str(name).strip() for name in lines.iloc[0]]
    names = [normalise_name(name) for name in written]
    for name in COLUMNS:
        if names.count(name) != 1:
            what = "is missing" if name not in names else "is there twice"
            raise _fault(source, head, name, f"{what}; found {', '.join(written)}")
    table = lines.iloc[1:, [names.index(name) for name in COLUMNS]]
    table.columns = list(COLUMNS)
    table = table[(table != "").any(axis=1)]
    if table.empty:
        raise FileFault(f"{source} holds no rows below its header")
    return table


def _read_dates(source: Path, column: pd.Series) -> Dates:
    try:
        return read_dates(column.unique())
    except UnreadDate as unread:
        row = int(column.index[int((column == unread.text).to_numpy().argmax())])
        raise _fault(source, row, "ds", str(unread)) from unread


def _parse_numbers(source: Path, column: pd.Series) -> np.ndarray:
    """Finite numbers; thousands separators and full-width digits are understood."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, copy=True)
    for place in np.flatnonzero(~np.isfinite(numbers)):
        text = column.iloc[place]
        try:
            whole = parse_quantity(text, decimals=_PLACES, minimum=-(10**40), maximum=10**40)
        except InvalidInput as refused:
            what = f"{text!r} is no finite number; write it like 1234.5, or leave the row out"
            if not text.strip():
                what = "is empty; leave the row out where nothing was observed, write 0 where nothing was sold"
            raise _fault(source, int(column.index[int(place)]), "y", what) from refused
        numbers[place] = whole / 10**_PLACES
    return numbers


def _choose_frequency(source: Path, dates: Dates, codes: Ints, texts: list[str], freq: str | None) -> tuple[str, str]:
    """(key, why): as named, or read from the dates."""
    if freq is None:
        try:
            return infer_frequency(dates, codes, texts)
        except ValueError as error:
            raise FileFault(f"{source}, column ds: {error}") from error
    if freq not in ALLOWED.get(dates.notation, freq):
        held = FREQUENCIES[ALLOWED[dates.notation][0]].name
        raise FileFault(
            f"{source}, column ds: holds {dates.notation.value}, which are {held} and not "
            f"{FREQUENCIES[freq].name}; leave --freq out"
        )
    return freq, ""


def _order_undated(table: pd.DataFrame, codes: Ints, periods: Ints, frequency: Frequency) -> list[int]:
    """Number the rows of series whose year is unknown.

    Old collections write such a history with one year over and over: the periods then follow each other round and
    round, and the order of the rows is the order in time. ``periods`` is changed in place; returns those series.
    """
    twice = pd.DataFrame({"code": codes, "period": periods}).duplicated().to_numpy()
    undated: list[int] = []
    if frequency.season_length == 1:
        return undated
    for code in np.unique(codes[twice]):
        rows = np.flatnonzero(codes == code)
        steps = np.diff(periods[rows])
        # one year over and over: each step one on, or one round back
        if np.isin(steps, (1, 1 - frequency.season_length)).all() and (steps < 0).any():
            periods[rows] = periods[rows[-1]] + np.arange(1 - len(rows), 1)
            undated.append(int(code))
    return undated


def _refuse_doubles(source: Path, table: pd.DataFrame, codes: Ints, periods: Ints) -> None:
    rows = pd.DataFrame({"code": codes, "period": periods})
    twice = rows.duplicated().to_numpy()
    if not twice.any():
        return
    row = int(twice.argmax())
    same = (codes == codes[row]) & (periods == periods[row])
    first = int(same.argmax())
    text, name = table["ds"].iloc[row], table["unique_id"].iloc[row]
    what = f"{text!r} is there twice for {name!r}, first in row {int(table.index[first]) + 1}"
    if table["ds"].iloc[first] != text:
        what += f" as {table['ds'].iloc[first]!r}: both lie in one period; add them up or name a finer --freq"
    raise _fault(source, int(table.index[row]), "ds", what)


def _place(source: Path, table: pd.DataFrame, codes: Ints, back: Ints, numbers: np.ndarray) -> np.ndarray:
    """Values [n, T], every series from its own last period backwards."""
    width, count = int(back.max()) + 1, int(codes.max()) + 1
    if width > LONGEST:
        row = int(back.argmax())
        text, name = table["ds"].iloc[row], table["unique_id"].iloc[row]
        what = f"{text!r} lies {width:,} periods before the last one of {name!r}; at most {LONGEST:,} are read"
        raise _fault(source, int(table.index[row]), "ds", what)
    if width * count > LARGEST:
        raise FileFault(f"{source}: {count:,} series over {width:,} periods are too many at once; split the file")
    values = np.full((count, width), np.nan)
    values[codes, width - 1 - back] = numbers
    return values


def _find_gaps(
    values: np.ndarray, ids: np.ndarray, codes: Ints, back: Ints, texts: list[str], dates: Dates, frequency: Frequency
) -> tuple[int, str]:
    known = ~np.isnan(values)
    inside = np.maximum.accumulate(known, axis=1) & ~known
    count = int(inside.sum())
    if not count:
        return 0, ""
    code, column = (int(part[0]) for part in np.nonzero(inside))
    before = np.flatnonzero((codes == code) & (back == values.shape[1] - column))[0]
    return count, f"{ids[code]} at {dates.following(texts[before], frequency, 1)[0]}"
