"""Where orders in hand exceed the agreed consensus: what the balance, which reads consensus alone, would never see."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cycles.models import Cycle
from demand.selectors.consumption import ConsumedPlan, keep_consumed, load_consumed_plan
from demand.selectors.place import Place

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ExcessOrders:
    """One entry per leaf and month with orders that found no forecast in any month of their window; smallest units.

    ``keys`` [n, 2] product and org ids, ``months`` [n] due, ``consensus`` [n], ``over`` [n] > 0; most first.
    """

    keys: Ints
    months: Ints
    consensus: Ints
    over: Ints
    scale: int

    def __len__(self) -> int:
        return len(self.over)

    @property
    def units(self) -> float:
        """What is ordered beyond the consensus, in whole units."""
        return int(self.over.sum()) / 10**self.scale

    @property
    def cells(self) -> list[tuple[int, int, int, int, int]]:
        """(product id, org id, month, consensus, over) of each."""
        columns = (*self.keys.T, self.months, self.consensus, self.over)
        return [(a, b, m, c, o) for a, b, m, c, o in np.column_stack(columns).tolist()]

    @cached_property
    def tag(self) -> str:
        """Names exactly this list: what somebody looked at before they raised the consensus."""
        return hashlib.sha256(repr(self.cells).encode()).hexdigest()[:32]


def find_excess_orders(cycle: Cycle, place: Place) -> ExcessOrders:
    """Orders beyond the consensus of the cycle's plan under a place."""
    return keep_consumed(
        "excess", cycle=cycle, place=place, make=lambda: list_excess_orders(load_consumed_plan(cycle), place)
    )


def list_excess_orders(plan: ConsumedPlan, place: Place) -> ExcessOrders:
    """The same of a plan whose consumption is known.

    Raised by ``over``, a cell's consensus takes its own orders first, so that none of the plan's orders is left over.
    """
    rows = place.rows(plan.frame.axis)
    over = plan.result.over[rows]
    at, column = np.nonzero(over)
    order = np.lexsort((column, at, -over[at, column]))
    at, column = at[order], column[order]
    return ExcessOrders(
        keys=plan.frame.axis.keys[rows[at]],
        months=column + plan.frame.first_month,
        consensus=plan.forecast[rows[at], column],
        over=over[at, column],
        scale=plan.frame.scale,
    )
