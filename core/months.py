"""Absolute months: one integer per calendar month, ``year * 12 + month - 1``.

Arrays, keys and ranges use the integer; people and files see ``YYYY-MM``.
"""

import datetime as dt
import re

_PATTERN = re.compile(r"^([0-9]{4})-([0-9]{2})$")
_YEARS = range(1900, 2200)  # what dates around a month can be computed in, with room on both sides


def parse_month(text: str) -> int:
    """``"2026-06"`` → 24317. Raises ``ValueError`` on anything else, and outside 1900 … 2199."""
    match = _PATTERN.match(text.strip())
    if not match or not 1 <= int(match[2]) <= 12 or int(match[1]) not in _YEARS:
        raise ValueError(f"{text!r} is not a month; write YYYY-MM")
    return int(match[1]) * 12 + int(match[2]) - 1


def format_month(month: int) -> str:
    """24317 → ``"2026-06"``."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def month_of(day: dt.date) -> int:
    """The absolute month that holds ``day``."""
    return day.year * 12 + day.month - 1


def first_day(month: int) -> dt.date:
    """The first calendar day of an absolute month."""
    return dt.date(month // 12, month % 12 + 1, 1)


def last_day(month: int) -> dt.date:
    """The last calendar day of an absolute month."""
    return first_day(month + 1) - dt.timedelta(days=1)
