"""Forecast consumption: orders take up the forecast they were expected by, so that neither is counted twice.

A month's plan holds a forecast of what customers will order and the orders that came. An order is part of the
forecast, not on top of it: it consumes the forecast of its own month, then of the months before within the back
window, nearest first, then of the months after within the forward window. What finds no forecast comes on top.
(Vollmann, Berry, Whybark and Jacobs, *Manufacturing Planning and Control*, ch. 6; the rule of windows is that of
every MRP system.)

Everything is int64 [rows, months] in the smallest unit; exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Consumption:
    """What orders did to the forecast, int64 [rows, months] each.

    ``consumed`` and ``unconsumed`` add up to the forecast of the cell. ``over`` : orders of the month that found no
    forecast in any month of their window. ``fenced`` : unconsumed forecast inside the demand fence, which is not
    planned any more. ``demand`` : what is planned for: orders, and beyond the fence the unconsumed forecast with them.

    Σ consumed + Σ over = Σ orders, and Σ demand = Σ orders + Σ overdue + Σ unconsumed − Σ fenced, row by row.
    """

    consumed: Ints
    unconsumed: Ints
    over: Ints
    fenced: Ints
    demand: Ints


def consume(forecast: Ints, orders: Ints, *, overdue: Ints, back: Ints, forward: Ints, fence: Ints) -> Consumption:
    """Let orders consume the forecast.

    Parameters
    ----------
    forecast, orders : int64 [rows, months], not negative. ``orders`` by due month, without the overdue ones.
    overdue : int64 [rows]. Orders due before the first month: they consumed the forecast of their own month, so they
        are demand of the first month and consume nothing here.
    back, forward : int64 [rows], months an order may reach before and after its own.
    fence : int64 [rows], months from the first on in which only orders are planned.

    Own months come first for every order, so a window never takes what another month's order needs itself. With both
    windows 0 the demand beyond the fence is max(order, forecast).

    Raises ``ValueError`` for a negative forecast or order.

    Examples
    --------
    100 are expected in each of three months; 130 are ordered for the second, which may reach one month back:

    >>> one = np.array([1]); none = np.array([0])
    >>> result = consume(np.array([[100, 100, 100]]), np.array([[0, 130, 0]]),
    ...                  overdue=none, back=one, forward=none, fence=none)
    >>> result.demand.tolist(), result.over.tolist()
    ([[70, 130, 100]], [[0, 0, 0]])
    """
    if forecast.size and (forecast.min() < 0 or orders.min() < 0 or overdue.min() < 0):
        raise ValueError("forecast and orders are not negative")
    left, waiting = forecast.copy(), orders.copy()
    months = forecast.shape[1]
    _take(left, waiting, 0, np.ones(len(forecast), dtype=bool))
    for step in range(1, int(back.max(initial=0)) + 1):
        _take(left, waiting, -min(step, months), back >= step)
    for step in range(1, int(forward.max(initial=0)) + 1):
        _take(left, waiting, min(step, months), forward >= step)
    inside = np.arange(months)[None, :] < fence[:, None]
    demand = orders + np.where(inside, 0, left)
    if months:
        demand[:, 0] += overdue
    return Consumption(forecast - left, left, waiting, np.where(inside, left, 0), demand)


def _take(left: Ints, waiting: Ints, shift: int, may: NDArray[np.bool_]) -> None:
    """Waiting orders of every month take the forecast ``shift`` months away; both change in place."""
    months = left.shape[1]
    sources = slice(max(0, -shift), months - max(0, shift))
    targets = slice(max(0, shift), months - max(0, -shift))
    taken = np.where(may[:, None], np.minimum(waiting[:, sources], left[:, targets]), 0)
    waiting[:, sources] -= taken
    left[:, targets] -= taken
