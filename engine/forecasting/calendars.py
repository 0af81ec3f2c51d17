"""Moving holidays as regressors."""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import NDArray

FIRST_YEAR = 1990
# Days from 20 January to the first day of the Chinese year, 1990 … 2060.
_DAYS_AFTER_20_JANUARY = (
    7, 26, 15, 3, 21, 11, 30, 18, 8, 27, 16, 4, 23, 12, 2, 20, 9, 29, 18, 6, 25, 14, 3, 21, 11, 30, 19, 8, 27, 16, 5,
    23, 12, 2, 21, 9, 28, 17, 6, 24, 14, 3, 22, 11, 30, 19, 8, 26, 15, 4, 23, 12, 2, 21, 10, 28, 17, 6, 25, 13, 3,
    22, 12, 30, 19, 8, 26, 15, 4, 23, 13,
)  # fmt: skip
DAYS_BEFORE, DAYS_AFTER = 7, 7


def chinese_new_year(year: int) -> dt.date:
    """First day of the Chinese year; raises ``ValueError`` outside 1990 … 2060."""
    place = year - FIRST_YEAR
    if not 0 <= place < len(_DAYS_AFTER_20_JANUARY):
        raise ValueError(f"the Chinese New Year of {year} is not tabulated")
    return dt.date(year, 1, 20) + dt.timedelta(days=_DAYS_AFTER_20_JANUARY[place])


def chinese_new_year_share(first_month: int, months: int) -> NDArray[np.float64]:
    """Share of the fifteen days around the Chinese New Year that falls in each month, [months].

    ``first_month`` is an absolute month, year × 12 + month − 1. New Year 2024 was on 10 February: its fifteen days,
    3 … 17 February, lie in February alone; that of 2025, on 29 January, has ten in January and five in February.
    """
    share = np.zeros(months)
    for year in range(first_month // 12, (first_month + months - 1) // 12 + 1):
        day = chinese_new_year(year)
        for offset in range(-DAYS_BEFORE, DAYS_AFTER + 1):
            near = day + dt.timedelta(days=offset)
            place = near.year * 12 + near.month - 1 - first_month
            if 0 <= place < months:
                share[place] += 1.0 / (DAYS_BEFORE + DAYS_AFTER + 1)
    return share
