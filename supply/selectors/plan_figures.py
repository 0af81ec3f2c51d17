"""A plan's year in one line: what it delivers and earns, in the very figures finance and the executives see."""

from __future__ import annotations

from dataclasses import dataclass

from cycles.models import Cycle
from cycles.selectors.year import Year, get_year
from plans.models import Version
from plans.selectors import load_measures
from supply.measures import CONSENSUS, CONSTRAINED

REVENUE, PROFIT = "revenue", "profit"  # finance's measures, read from the store


@dataclass(frozen=True)
class PlanFigure:
    """One figure of the year. Smallest or minor units; ``change`` is the difference to the plan a scenario stands on.

    ``value`` is ``None`` where the plan is not valued yet, and where the reader may not see it.
    """

    measure: str
    value: int | None
    change: int | None
    is_hidden: bool = False

    @property
    def is_money(self) -> bool:
        return self.measure in (REVENUE, PROFIT)


@dataclass(frozen=True)
class PlanFigures:
    year: Year
    lines: tuple[PlanFigure, ...]


def load_plan_figures(cycle: Cycle, version: Version, *, base: Version | None, sees_costs: bool) -> PlanFigures:
    """Demand, volume, revenue and profit of the cycle's year; ``base`` is what a scenario is compared with."""
    year = get_year(cycle)
    own = _totals(version, year)
    theirs = _totals(base, year) if base is not None else {}
    return PlanFigures(
        year,
        tuple(
            PlanFigure(code, None, None, is_hidden=True)
            if code == PROFIT and not sees_costs
            else PlanFigure(code, value, None if value is None or code not in theirs else value - (theirs[code] or 0))
            for code, value in own.items()
        ),
    )


def _totals(version: Version, year: Year) -> dict[str, int | None]:
    cubes = load_measures(version_id=version.pk, measures=[CONSENSUS, CONSTRAINED, REVENUE, PROFIT], months=year.months)
    is_valued = bool(len(cubes[REVENUE].axis))
    return {
        code: int(cube.values.sum()) if is_valued or code in (CONSENSUS, CONSTRAINED) else None
        for code, cube in cubes.items()
    }
