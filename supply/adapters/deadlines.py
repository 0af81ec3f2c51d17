"""Until when an option can still be decided."""

from __future__ import annotations

import datetime as dt

from core.months import first_day
from engine.balancing.options import Option


def decide_by(first_month: int, option: Option) -> dt.date:
    """The first day of its first month less its lead time, but not before the plan itself begins.

    A lever whose lead time has begun to run already must be decided at once: the plan's first day.
    """
    latest = first_day(first_month + option.start) - dt.timedelta(days=option.lead_days)
    return max(latest, first_day(first_month))
