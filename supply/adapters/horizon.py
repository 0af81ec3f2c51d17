"""Months of a plan: working days, values that hold from a month on, lead times in months."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from typing import Any

import numpy as np

from engine.balancing.contracts import Floats
from supply.adapters.sheets import Row, Sheets, number

DAYS_PER_MONTH = 30.4375  # a lead time of so many days is one month; rounded to the nearest month


def lag_months(lead_time_days: Any) -> int:
    """10 days → 0, 30 → 1, 75 → 2: the nearest whole month."""
    return int(number(lead_time_days) / DAYS_PER_MONTH + 0.5)


def shelf_months(shelf_life_days: Any) -> float:
    """Whole months something keeps beyond its own, at least one; inf when nothing is said."""
    return float("inf") if shelf_life_days is None else max(1.0, float(int(shelf_life_days / DAYS_PER_MONTH)))


def working_days(sheets: Sheets) -> Floats:
    """[T] from the calendar; Monday to Friday where a month is missing in it."""
    given = {row["month"]: number(row["working_days"]) for row in sheets.of("calendar")}
    span = range(sheets.first_month, sheets.first_month + sheets.months)
    return np.array([given.get(month, _weekdays(month)) for month in span], dtype=float)


def _weekdays(month: int) -> float:
    year, position = divmod(month, 12)
    _first, days = calendar.monthrange(year, position + 1)
    return float(sum(calendar.weekday(year, position + 1, day + 1) < 5 for day in range(days)))


def effective(rows: Iterable[Row], column: str, sheets: Sheets) -> Floats:
    """[T] the value that holds in each month: the latest row that has begun, before that the first one.

    nan where no row gives a value.
    """
    steps = sorted((row["from_month"], float(row[column])) for row in rows if row[column] is not None)
    values = np.full(sheets.months, np.nan)
    for position, (month, value) in enumerate(steps):
        start = 0 if position == 0 else max(0, month - sheets.first_month)
        values[start:] = value
    return values


def by_month(rows: Iterable[Row], column: str, sheets: Sheets, *, month: str = "month") -> Floats:
    """[T] sums of a column by month; rows outside the horizon are left out."""
    values = np.zeros(sheets.months)
    for row in rows:
        offset = row[month] - sheets.first_month
        if 0 <= offset < sheets.months:
            values[offset] += number(row[column])
    return values
