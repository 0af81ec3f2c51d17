"""What an activity is worth over the months of a plan: units and money.

``units``  = Σ over its months of (uplift per cent × planned units + uplift in units).
``money``  = units × mean price + price change × (planned revenue + units × mean price).

A price change p that is still to come counts p of the revenue; one that has begun is in the price list already, so
that p ÷ (1 + p) of the revenue is its doing. The mean price is planned revenue ÷ planned units; where nothing is
planned, the mean price of what it covers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SMALLEST_SHARE = -0.99  # of a price that is nearly given away


@dataclass(frozen=True)
class Planned:
    """What is planned where and when an activity acts: ``units`` [months] and ``revenue`` [months] in minor currency
    units; ``price`` of a unit where nothing is planned, 0 when unknown."""

    units: Floats
    revenue: Floats
    price: float = 0.0

    @property
    def mean_price(self) -> float:
        units = float(self.units.sum())
        return float(self.revenue.sum()) / units if units > 0 else self.price


@dataclass(frozen=True)
class Effect:
    """``None``: nobody has said anything about it. ``money`` in minor currency units."""

    units: float | None
    money: float | None


def said_units(planned: Planned, *, uplift_pct: float | None, uplift_quantity: float | None) -> float | None:
    """Units over the planned months as its author expects them; None when the author gave no volume."""
    if uplift_pct is None and uplift_quantity is None:
        return None
    share = (uplift_pct or 0.0) / 100 * float(planned.units.sum())
    return share + (uplift_quantity or 0.0) * len(planned.units)


def value_effect(
    planned: Planned, *, units: float | None, price_change_pct: float | None, has_begun: bool = False
) -> Effect:
    """Money of a volume effect and of a price change together; None where neither is given or no price is known.

    ``has_begun``: the price list holds the price change already.
    """
    if (units is None and price_change_pct is None) or not planned.mean_price:
        return Effect(units, None)
    extra = (units or 0.0) * planned.mean_price
    share = max((price_change_pct or 0.0) / 100, SMALLEST_SHARE)
    if has_begun:
        share = share / (1 + share)
    return Effect(units, extra + share * (float(planned.revenue.sum()) + extra))
