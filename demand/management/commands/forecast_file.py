"""``manage.py forecast_file IN.csv --horizon H --out OUT.csv``: forecasts of a plain file, no database needed.

In: ``unique_id,ds,y``. Out: ``unique_id,ds,yhat,lo_80,hi_80,…,method``. A period without a row was not observed.
Every series is forecast from its own last period.
"""

from __future__ import annotations

import argparse
import calendar
import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from django.core.management.base import BaseCommand, CommandError, CommandParser

from engine.forecasting import ForecastResult, ForecastSettings, SeriesSet, forecast

COLUMNS = ("unique_id", "ds", "y")
LONGEST = 20_000  # periods from the first to the last; beyond, a date is mistyped
_THOUSANDS = re.compile(r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$")


@dataclass(frozen=True)
class Frequency:
    """One rhythm of dates: periods of a season, the number of a date's period, and the date ``k`` periods on."""

    season_length: int
    number: Callable[[dt.date], int]
    later: Callable[[dt.date, int], dt.date]


def _months_later(day: dt.date, months: int) -> dt.date:
    """Same day ``months`` on; the last day of a month stays the last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    length = calendar.monthrange(year, month + 1)[1]
    at_end = day.day == calendar.monthrange(day.year, day.month)[1]
    return dt.date(year, month + 1, length if at_end else min(day.day, length))


FREQUENCIES = {
    "M": Frequency(12, lambda day: day.year * 12 + day.month, _months_later),
    "Q": Frequency(4, lambda day: day.year * 4 + (day.month - 1) // 3, lambda day, k: _months_later(day, 3 * k)),
    "W": Frequency(52, lambda day: day.toordinal() // 7, lambda day, k: day + dt.timedelta(weeks=k)),
    "D": Frequency(7, lambda day: day.toordinal(), lambda day, k: day + dt.timedelta(days=k)),
    "Y": Frequency(1, lambda day: day.year, lambda day, k: _months_later(day, 12 * k)),
}


class Command(BaseCommand):
    help = "Forecast the series of a CSV file (unique_id, ds, y) and write another one."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path, help="CSV with the columns unique_id, ds, y")
        parser.add_argument("--horizon", type=int, required=True, help="periods ahead")
        parser.add_argument("--freq", default="M", help=f"one of {', '.join(FREQUENCIES)}; default M")
        parser.add_argument("--levels", type=_levels, default=(80.0, 95.0), help="band levels, e.g. 80,95")
        parser.add_argument("--effort", choices=("fast", "full"), default="full")
        parser.add_argument("--out", type=Path, required=True, help="CSV to write")

    def handle(self, *args: Any, **options: Any) -> None:
        source, out = options["source"], options["out"]
        frequency = _frequency(options["freq"])
        try:
            settings = ForecastSettings(
                horizon=options["horizon"], levels=options["levels"], season_length=frequency.season_length,
                effort=options["effort"],
            )  # fmt: skip
        except ValueError as error:
            raise CommandError(str(error)) from error
        histories = read_histories(source, frequency)
        try:
            result = forecast(histories.series, settings)
        except ValueError as error:
            raise CommandError(f"{source}: {error}") from error
        table = tabulate(result, histories, frequency)
        try:
            table.to_csv(out, index=False, float_format="%.10g")
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}") from error
        if histories.undated:
            names = ", ".join(histories.undated[:3])
            self.stderr.write(f"{len(histories.undated)} series repeat their dates ({names} …): taken in row order")
        for note in result.notes:
            self.stderr.write(note.text)
        self.stdout.write(f"{out}: {len(result.keys)} series, {settings.horizon} periods each")


def _levels(text: str) -> tuple[float, ...]:
    try:
        return tuple(sorted({float(part) for part in text.split(",") if part.strip()}))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers such as 80,95") from error


def _frequency(text: str) -> Frequency:
    """``MS``, ``ME``, ``W-MON`` and the like mean their first letter."""
    name = text.upper().split("-")[0]
    known = {"MS": "M", "ME": "M", "QS": "Q", "QE": "Q", "YS": "Y", "YE": "Y", "A": "Y"}
    name = known.get(name, name)
    if name not in FREQUENCIES:
        raise CommandError(f"frequency {text!r} is unknown; use one of {', '.join(FREQUENCIES)}")
    return FREQUENCIES[name]


@dataclass(frozen=True)
class Histories:
    """The series of a file, the last date of each [n], whether dates were months only, ids without a known year."""

    series: SeriesSet
    last: list[dt.date]
    months_only: bool
    undated: tuple[str, ...]


def read_histories(source: Path, frequency: Frequency) -> Histories:
    """Read and check a file. Raises :class:`CommandError` naming file, row and column of the first fault."""
    table = _read_table(source)
    dates = _parse_dates(source, table["ds"])
    numbers = _parse_numbers(source, table["y"])
    empty = table["unique_id"].str.strip() == ""
    if empty.any():
        raise _fault(source, int(table.index[int(empty.to_numpy().argmax())]), "unique_id", "is empty")
    codes, ids = pd.factorize(table["unique_id"])
    period_of = {text: frequency.number(day) for text, day in dates.items()}
    periods = table["ds"].map(period_of).to_numpy(np.int64, copy=True)
    undated = _order_undated(source, table, codes, periods, frequency)
    ends = np.full(len(ids), -1, np.int64)
    np.maximum.at(ends, codes, periods)
    back = ends[codes] - periods
    width = int(back.max()) + 1
    if width > LONGEST:
        row = int(back.argmax())
        raise _fault(
            source, int(table.index[row]), "ds", f"{table['ds'].iloc[row]!r} lies {width} periods before the last one"
        )
    values = np.full((len(ids), width), np.nan)
    values[codes, width - 1 - back] = numbers
    final = np.flatnonzero(back == 0)
    last = {int(codes[row]): dates[table["ds"].iloc[row]] for row in final}
    return Histories(
        SeriesSet(np.asarray(ids, dtype=str), values),
        [last[i] for i in range(len(ids))],
        all(len(text.strip()) <= 7 for text in dates),
        tuple(str(ids[code]) for code in undated),
    )


def _order_undated(
    source: Path, table: pd.DataFrame, codes: np.ndarray, periods: np.ndarray, frequency: Frequency
) -> list[int]:
    """Number the rows of series whose year is unknown; any other repeated date is a fault.

    Old collections write such a history with one year over and over: the months then follow each other round and
    round, and the order of the rows is the order in time. ``periods`` is changed in place; returns those series.
    """
    twice = pd.DataFrame({"code": codes, "period": periods}).duplicated().to_numpy()
    undated = []
    for code in np.unique(codes[twice]):
        rows = np.flatnonzero(codes == code)
        steps = np.diff(periods[rows]) % frequency.season_length
        if frequency.season_length == 1 or (steps != 1).any():
            row = int(rows[twice[rows].argmax()])
            text = table["ds"].iloc[row]
            raise _fault(
                source, int(table.index[row]), "ds", f"{text!r} is there twice for {table['unique_id'].iloc[row]!r}"
            )
        periods[rows] = periods[rows[-1]] + np.arange(1 - len(rows), 1)
        undated.append(int(code))
    return undated


def tabulate(result: ForecastResult, histories: Histories, frequency: Frequency) -> pd.DataFrame:
    """One row a series and period, in the order of the file."""
    horizon = result.mean.shape[1]
    style = "%Y-%m" if histories.months_only else "%Y-%m-%d"
    ahead: dict[dt.date, list[str]] = {}
    for day in histories.last:
        if day not in ahead:
            ahead[day] = [frequency.later(day, k).strftime(style) for k in range(1, horizon + 1)]
    table = pd.DataFrame(
        {
            "unique_id": np.repeat(result.keys, horizon),
            "ds": [text for day in histories.last for text in ahead[day]],
            "yhat": result.mean.ravel(),
        }
    )
    for j, level in enumerate(result.levels):
        table[f"lo_{level:g}"] = result.lower[:, j].ravel()
        table[f"hi_{level:g}"] = result.upper[:, j].ravel()
    table["method"] = np.repeat(result.method, horizon)
    return table


def _fault(source: Path, row: int, column: str, what: str) -> CommandError:
    """``row`` counts from 0 below the header; people count the header as row 1."""
    return CommandError(f"{source}, row {row + 2}, column {column}: {what}")


def _read_table(source: Path) -> pd.DataFrame:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            table = pd.read_csv(source, dtype=str, keep_default_na=False, encoding=encoding, skip_blank_lines=False)
            break
        except UnicodeDecodeError:
            continue
        except OSError as error:
            raise CommandError(f"{source} cannot be read: {error.strerror}") from error
        except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise CommandError(f"{source} is no CSV file with a header: {str(error).strip()}") from error
    else:
        raise CommandError(f"{source} is neither UTF-8 nor GB18030 text")
    if not isinstance(table.index, pd.RangeIndex):
        raise CommandError(f"{source} is no CSV file with a header: its rows are longer than the header")
    table.columns = [str(name).strip() for name in table.columns]
    for name in COLUMNS:
        if name not in table.columns:
            raise CommandError(f"{source}, row 1, column {name}: is missing; found {', '.join(table.columns)}")
    # A short row leaves NaN where nothing was written; a blank line in between keeps the row numbers right.
    table = table[list(COLUMNS)].fillna("")
    table = table[(table != "").any(axis=1)]
    if table.empty:
        raise CommandError(f"{source} holds no rows below its header")
    return table


def _parse_dates(source: Path, column: pd.Series) -> dict[str, dt.date]:
    """The date of each distinct text: YYYY-MM-DD (a time of day is ignored) or YYYY-MM."""
    dates: dict[str, dt.date] = {}
    for text in column.unique():
        digits = unicodedata.normalize("NFKC", text).strip().replace("/", "-")
        try:
            dates[text] = dt.date.fromisoformat(f"{digits}-01" if len(digits) == 7 else digits[:10])
        except ValueError:
            row = int(column.index[(column == text).to_numpy().argmax()])
            what = "is empty" if not digits else f"{text!r} is no date; write YYYY-MM-DD or YYYY-MM"
            raise _fault(source, row, "ds", what) from None
    return dates


def _parse_numbers(source: Path, column: pd.Series) -> np.ndarray:
    """Finite numbers; thousands separators and full-width digits are understood."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, copy=True)
    for place in np.flatnonzero(~np.isfinite(numbers)):
        text = unicodedata.normalize("NFKC", column.iloc[place]).strip()
        if _THOUSANDS.match(text):
            text = text.replace(",", "")
        try:
            numbers[place] = float(text)
        except ValueError:
            numbers[place] = np.nan
        if not np.isfinite(numbers[place]):
            what = f"{column.iloc[place]!r} is no finite number"
            if not text:
                what = "is empty; leave the row out where nothing was observed"
            raise _fault(source, int(column.index[int(place)]), "y", what)
    return numbers
