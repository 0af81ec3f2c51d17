"""How old stock is, now and month by month, when the oldest pieces leave first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NEW_AGE = 0.5  # months: what is made during a month is on average half a month old at its end


@dataclass(frozen=True, eq=False)
class AgedStock:
    """Stock of one item by origin.

    Parameters
    ----------
    remaining : float [L + T, T]
        Units of each lot, then of each month's make, still there at each month end.
    age : float [L + T, T]
        Age in months of each origin at each month end; meaningless where nothing of it exists yet.
    """

    remaining: Floats
    age: Floats

    def older_than(self, months: float) -> Floats:
        """[T] units older than ``months`` at each month end."""
        return np.where(self.age > months, self.remaining, 0.0).sum(axis=0)

    def by_bucket(self, edges: Sequence[float]) -> Floats:
        """[len(edges) + 1, T] units by age: up to the first edge, up to the second, …, beyond the last."""
        place = np.searchsorted(np.asarray(edges, dtype=float), self.age, side="left")
        return np.stack([np.where(place == b, self.remaining, 0.0).sum(axis=0) for b in range(len(edges) + 1)])


def age_forward(
    lots: Sequence[float], ages: Sequence[float], inflow: Sequence[float], outflow: Sequence[float]
) -> AgedStock:
    """First in, first out: what is left of every lot and of every month's make.

    Parameters
    ----------
    lots, ages : sequence of float [L]
        Units on hand at the start and their age in months, in any order.
    inflow, outflow : sequence of float [T]
        Units made and units leaving in each month; a month's make can leave in the same month.

    Returns
    -------
    AgedStock
        Lots in order of age, oldest first. Outflow beyond what exists is ignored.

    Notes
    -----
    With ``S_c`` the units of origin ``c`` and of all older ones together, and ``O_t`` the outflow up to month ``t``,
    what is left of ``c`` is ``S_c − O_t``, at least 0 and at most its own quantity: no loop over time is needed.

    Examples
    --------
    10 pieces four months old and 6 new ones; 8, then 8 leave, 5 are made in the second month:

    >>> age_forward([6, 10], [0.5, 4], [0, 5], [8, 8]).remaining.tolist()
    [[2.0, 0.0], [6.0, 0.0], [0.0, 0.0], [0.0, 5.0]]
    """
    order = np.argsort(-np.asarray(ages, dtype=float), kind="stable")
    start = np.asarray(lots, dtype=float)[order]
    made, left = np.asarray(inflow, dtype=float), np.asarray(outflow, dtype=float)
    months = len(made)
    quantity = np.concatenate([start, made])
    reach = np.cumsum(quantity)
    gone = _possible_outflow(start.sum(), made, left)
    remaining = np.clip(reach[:, None] - gone[None, :], 0.0, quantity[:, None])
    made_in = np.concatenate([np.full(len(start), -1), np.arange(months)])
    now = np.arange(months)
    remaining[made_in[:, None] > now[None, :]] = 0.0
    older = np.asarray(ages, dtype=float)[order][:, None] + now + 1.0
    newer = now[None, :] - now[:, None] + NEW_AGE
    return AgedStock(remaining, np.concatenate([older, newer]))


def _possible_outflow(start: float, made: Floats, left: Floats) -> Floats:
    """[T] cumulated outflow, never more than what had come by then."""
    gone = np.empty(len(made))
    total, there = 0.0, start
    for month, (came, wanted) in enumerate(zip(made.tolist(), left.tolist(), strict=True)):
        there += came
        total = min(total + wanted, there)
        gone[month] = total
    return gone


def value_loss(value: Floats, age: Floats, *, free_months: float, percent_per_month: float) -> Floats:
    """Loss of value of aged stock: a share of its value for every month beyond ``free_months``, at most all of it.

    ``value`` and ``age`` (in months) have the same shape; so has the result.
    """
    share = np.clip((age - free_months) * percent_per_month / 100.0, 0.0, 1.0)
    return np.asarray(value * share, dtype=np.float64)
