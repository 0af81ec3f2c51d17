"""Two plans of one company side by side: who gets less, who gets it later, what becomes of the money."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engine.balancing.contracts import BalancePlan, BalanceProblem

LEAST_UNITS = 0.5

# lines of the plan's money, in the order they are read → kinds of cost
MONEY_LINES: dict[str, tuple[str, ...]] = {
    "making": ("production", "regular_hours", "wages", "set_ups"),
    "materials": ("materials",),
    "extra_capacity": ("overtime", "extra_shifts", "hiring", "layoff", "outsourcing", "options"),
    "freight": ("freight", "transfers"),
    "holding": ("holding", "material_holding"),
    "shortage": ("shortage", "backlog"),
}


@dataclass(frozen=True)
class Displaced:
    """A demand class that gets less or later than before. ``month`` is the first one it feels it in.

    ``less`` units are not served within the horizon any more, ``later`` ones are served after their month.
    """

    demand: int
    month: int
    less: float
    later: float
    revenue: float  # of what it gets less, negative


def list_displaced(
    problem: BalanceProblem,
    before: BalancePlan,
    after: BalancePlan,
    *,
    orders: Iterable[tuple[int, int, float]] = (),
) -> list[Displaced]:
    """Classes that lose by a change, dearest first. What inserted ``orders`` (class, month, units) get is no loss."""
    served = after.served.copy()
    for cls, month, units in orders:
        served[cls, month] -= min(units, served[cls, month])
    change = served - before.served
    ahead = np.cumsum(change, axis=1)
    worst = np.maximum(-ahead.min(axis=1, initial=0.0), 0.0)
    found = []
    for cls in np.flatnonzero(worst > LEAST_UNITS).tolist():
        less = max(0.0, -float(ahead[cls, -1]))
        felt = int(np.argmax(ahead[cls] < -LEAST_UNITS))
        revenue = float((change[cls] * problem.demand.price[cls]).sum())
        found.append(Displaced(int(cls), felt, less, max(0.0, float(worst[cls]) - less), min(revenue, 0.0)))
    return sorted(found, key=lambda d: (d.revenue, -d.less, -d.later, d.demand))


def money_lines(plan: BalancePlan) -> dict[str, float]:
    """Revenue, cost lines and profit of a plan; the lines add up to the profit."""
    lines = {name: sum(plan.cost.get(kind, 0.0) for kind in kinds) for name, kinds in MONEY_LINES.items()}
    return {"revenue": plan.revenue, **lines, "profit": plan.profit}


def service_share(problem: BalanceProblem, plan: BalancePlan) -> float:
    """Share of all demand that is served in the month it is asked for."""
    asked = float(problem.demand.quantity.sum())
    return 1.0 - float(plan.short().sum()) / asked if asked else 1.0
