"""The year that pages about a cycle talk about."""

from __future__ import annotations

from dataclasses import dataclass

from cycles.models import Cycle


@dataclass(frozen=True)
class Year:
    """Twelve months of the horizon: a calendar year where one lies whole inside it, else the first twelve."""

    months: range
    label: str

    @property
    def first(self) -> int:
        return self.months.start

    @property
    def last(self) -> int:
        return self.months.stop - 1


def get_year(cycle: Cycle) -> Year:
    """The year of a cycle's pages."""
    january = -(-cycle.month // 12) * 12
    if january + 12 <= cycle.month + cycle.horizon:
        return Year(range(january, january + 12), str(january // 12))
    last = cycle.month + 11
    return Year(
        range(cycle.month, cycle.month + 12),
        f"{cycle.month // 12}-{cycle.month % 12 + 1:02d} – {last // 12}-{last % 12 + 1:02d}",
    )
