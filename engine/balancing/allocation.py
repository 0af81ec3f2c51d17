"""Who gets what there is too little of: a product's supply in a month shared out by a rule.

The shares become ``first`` changes: so many units of each market are served before all others, which the plan can keep,
because it serves no more of the product in the month than it did. Nothing is made that was not made before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from engine.balancing.contracts import BalanceProblem, Floats, Ints
from engine.balancing.explain import Shortage
from engine.balancing.placing import Change

FAIR, MARGIN, PRIORITY = "fair", "margin", "priority"
LEAST_UNITS = 0.5
Cell = tuple[int, int, float]  # class, month, units


def share_out(
    problem: BalanceProblem,
    served: Floats,
    places: Iterable[tuple[int, int]],
    rule: str,
    *,
    ranks: Mapping[int, int] | None = None,
) -> list[Cell]:
    """Units each class of the (product, month) ``places`` is served first; ``served`` [classes, T] is what there is.

    ``fair``: everybody the same share of what is asked. ``margin``: the market that earns most per unit first.
    ``priority``: organisations by their rank in ``ranks`` (index → rank, 1 first), equal ranks fairly; who has none
    comes last. Where nothing is short there is nothing to share. Raises ``ValueError`` for an unknown rule.
    """
    cells: list[Cell] = []
    for product, month in dict.fromkeys(places):
        classes = np.flatnonzero(problem.demand.product == product)
        asked = problem.demand.quantity[classes, month]
        supply = min(float(served[classes, month].sum()), float(asked.sum()))
        if asked.sum() - supply < LEAST_UNITS:
            continue
        order = _order(problem, classes, month, rule, ranks or {})
        for cls, units in zip(classes.tolist(), _shares(asked, supply, order).tolist(), strict=True):
            if units > 0:
                cells.append((cls, month, units))
    return cells


def allocation(cells: list[Cell]) -> Change:
    """The change that keeps the shares; ``cells`` are not empty."""
    months = [month for _cls, month, _units in cells]
    return Change("first", (), min(months), max(months) + 1, cells=tuple(cells))


def fair_allocation(problem: BalanceProblem, blamed: Iterable[Shortage], shortages: Iterable[Shortage]) -> list[Cell]:
    """Shares of everything some shortages wait for, from all ``shortages`` there are; empty if nobody's share moves."""
    served = problem.demand.quantity.copy()
    for short in shortages:
        served[short.demand, short.month] -= short.quantity
    places = [(int(problem.demand.product[short.demand]), short.month) for short in blamed]
    cells = share_out(problem, served, places, FAIR)
    moves = any(abs(units - served[cls, month]) > LEAST_UNITS for cls, month, units in cells)
    return cells if moves else []


def _order(problem: BalanceProblem, classes: Ints, month: int, rule: str, ranks: Mapping[int, int]) -> Floats:
    """[classes] a number each; the lowest are served first, equal ones share."""
    if rule == FAIR:
        return np.zeros(len(classes))
    if rule == PRIORITY:
        return np.array([ranks.get(int(org), np.inf) for org in problem.demand.org[classes]])
    if rule == MARGIN:
        return -(problem.demand.price[classes, month] - _freight(problem, classes, month))
    raise ValueError(f"there is no rule {rule!r}")


def _freight(problem: BalanceProblem, classes: Ints, month: int) -> Floats:
    """[classes] of the cheapest lane to each class."""
    lanes, points = problem.lanes, problem.points
    cheapest = np.zeros(len(classes))
    for position, cls in enumerate(classes.tolist()):
        ways = (lanes.org == problem.demand.org[cls]) & (points.product[lanes.point] == problem.demand.product[cls])
        cheapest[position] = lanes.cost[ways, month].min(initial=np.inf) if ways.any() else 0.0
    return cheapest


def _shares(asked: Floats, supply: float, order: Floats) -> Floats:
    """[classes] tier by tier, within a tier in proportion to what is asked."""
    given, left = np.zeros(len(asked)), supply
    for tier in np.unique(order):
        rows = order == tier
        wanted = float(asked[rows].sum())
        if wanted > 0:
            given[rows] = asked[rows] * min(1.0, left / wanted)
        left = max(0.0, left - wanted)
    return given
