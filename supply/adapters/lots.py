"""Opening stock by age: what is still good at the start, and how much of it may lie there how long."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from core.months import month_of
from engine.balancing.contracts import Finding, Floats
from supply.adapters.sheets import Row, Sheets, number


@dataclass(frozen=True)
class OpeningLots:
    """Stock of one item at one site at the start of the first month."""

    usable: float
    kept: Floats  # [T] of it young enough to be there at the month's end; inf where all of it is
    expired: float  # past its shelf life before the start: no plan may use it


def open_lots(rows: Iterable[Row], shelf_months: float, sheets: Sheets) -> OpeningLots:
    """What is made in a month keeps for the ``shelf_months`` after it. A lot without a date is as fresh as can be."""
    usable, expired = 0.0, 0.0
    kept = np.zeros(sheets.months)
    for row in rows:
        made = sheets.first_month - 1
        if row.get("produced_on") is not None:
            made = min(made, month_of(row["produced_on"]))
        quantity, months_left = number(row["quantity"]), made + shelf_months - sheets.first_month
        if months_left < 0:
            expired += quantity
            continue
        usable += quantity
        kept += quantity * (np.arange(sheets.months) < months_left)
    return OpeningLots(usable, np.where(kept >= usable, np.inf, kept), expired)


def say_expired(part: str, item: str, site: str, lots: OpeningLots) -> list[Finding]:
    """A finding on stock that is left out because it is too old; none where all of it is good."""
    if lots.expired <= 0:
        return []
    return [Finding("stock_expired", "warning", part, f"{item}|{site}", {"quantity": f"{lots.expired:,.2f}"})]
