"""What one more unit of something scarce is worth, and for how many: from plans solved again, not from a dual.

The gain of a plan is a concave, piecewise straight function of how much there is of a resource. Its first piece is
found by solving at one unit more and ever further until the gain falls behind the first line, then where the tangent
there meets that line, and so on: every step lands on the first piece or cuts the rest of the search (Newton's method
on a concave function).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.balancing.contracts import BalancePlan, BalanceProblem
from engine.balancing.placing import Change
from engine.balancing.trials import Trials

_STEPS = 4
_FURTHER = 4.0  # every look is so many times as far as the last: a near end costs near solves only
_EXACT = 1e-4  # of the gain: below it two gains are the same

# what is scarce → the change that gives more of it, and the row whose dual is its price
_SCARCE: dict[str, tuple[str, str]] = {
    "hour": ("hours", "Resource-capacity-upper"),
    "material": ("supply", "Supplier-limit"),
    "storage": ("storage", "Storage-upper"),
}


@dataclass(frozen=True)
class Worth:
    """``value`` of each of the next ``holds_for`` units in a month, and ``then`` of those after. Money, units.

    ``holds_for`` is ``reach`` where the value holds for all that was asked about.
    """

    value: float
    holds_for: float
    then: float
    reach: float


def worth_of_more(trials: Trials, what: str, code: str, month: int, *, reach: float) -> Worth:
    """Solve for the worth of more ``hour``s of a resource, units of ``material`` or ``storage`` in one month.

    Raises ``KeyError`` for another kind and ``ValueError`` for a code the problem does not limit.
    """
    kind, family = _SCARCE[what]
    place = _place(trials.session.problem, what, code)

    def look(amount: float) -> tuple[float, float]:
        plan = trials.solve([Change(kind, (code,), month, month + 1, amount=amount)])
        return plan.objective - trials.base.objective, _price(plan, family, place, month)

    return _first_piece(look, reach)


def _first_piece(look: Callable[[float], tuple[float, float]], reach: float) -> Worth:
    at = min(1.0, reach)
    gain, slope = look(at)
    value = max(0.0, gain / at)
    if value * reach < _EXACT:
        return Worth(0.0, reach, 0.0, reach)
    while gain >= value * at * (1 - _EXACT):  # still on the first piece: look further
        if at >= reach:
            return Worth(value, reach, value, reach)
        at = min(_FURTHER * at, reach)
        gain, slope = look(at)
    then = value
    for _step in range(_STEPS):  # past its end: step back to where the tangent meets the first line
        then = max(0.0, min(slope, value))
        if value - then <= _EXACT * value:
            break
        at = min(at, (gain - then * at) / (value - then))
        gain, slope = look(at)
        if gain >= value * at * (1 - _EXACT):
            break
    return Worth(value, at, then, reach)


def _place(problem: BalanceProblem, what: str, code: str) -> int:
    if what == "hour":
        return problem.resources.index(code)
    owners, codes = (
        (problem.supplier.material, problem.materials) if what == "material" else (problem.storage.site, problem.sites)
    )
    return int(np.flatnonzero(owners == codes.index(code))[0]) if code in codes else codes.index(code)


def _price(plan: BalancePlan, family: str, place: int, month: int) -> float:
    return float(plan.duals[family][place, month])
