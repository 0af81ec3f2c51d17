"""How well supply did what was planned (formulas: process.md §5 of the design; docs/maths/performance.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TOLERANCE = 0.05  # a line of the schedule counts as kept within ± 5 % of its quantity


@dataclass(frozen=True)
class Attainment:
    """Shares 0 … 1; ``None`` where nothing was planned, because a share of nothing is undefined.

    ``mix`` takes min(actual, plan) line by line, so that too much of one cannot hide too little of another;
    ``volume`` does so by group. ``adherence`` is the share of planned lines made within the tolerance.
    """

    mix: float | None
    volume: float | None
    adherence: float | None
    lines: int


def measure_attainment(
    actual: Floats, plan: Floats, groups: Sequence[int], *, tolerance: float = TOLERANCE
) -> Attainment:
    """Plan attainment of lines ``actual`` and ``plan`` [n], each in the group of the same place.

    Examples
    --------
    100 and 100 planned in one family, 120 and 70 made: volume (190 of 200) hides that the mix failed (170 of 200).

    >>> found = measure_attainment(np.array([120.0, 70]), np.array([100.0, 100]), [1, 1])
    >>> found.mix, found.volume, found.adherence
    (0.85, 0.95, 0.0)
    """
    planned = plan > 0
    _names, place = np.unique(np.asarray(groups, dtype=np.int64), return_inverse=True)
    by_group = [np.bincount(place, weights=values) if len(place) else np.zeros(0) for values in (actual, plan)]
    kept = np.abs(actual - plan) <= tolerance * plan + 1e-9
    return Attainment(
        mix=share(float(np.minimum(actual, plan).sum()), float(plan.sum())),
        volume=share(float(np.minimum(*by_group).sum()), float(plan.sum())),
        adherence=share(float((kept & planned).sum()), float(planned.sum())),
        lines=int(planned.sum()),
    )


def share(part: float, whole: float) -> float | None:
    """``part ÷ whole``; ``None`` for a whole of nothing."""
    return part / whole if whole > 0 else None
