"""Months into days and weeks: whole units, exact sums, level over the month.

A month's figure is laid on its days by their working time. Each leaf's units are spread evenly over the month with a
start of its own (systematic sampling with staggered starts), so that single units of many leaves do not all fall on
the first day: every leaf's days add up to its month, and every bucket of every leaf is within one unit of its exact
share, as with largest remainders; and, unlike with those, so is, nearly, every sum over leaves.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_GOLDEN = 0.6180339887498949  # multiples of it fill the unit interval most evenly
_FINE = 2**20  # starts are multiples of 1/_FINE: integers keep the split exact
_WHOLE_DAY = 1000


@dataclass(frozen=True)
class Bucket:
    """Days ``first`` … ``last`` of one planning month (``column``, from 0); ``days`` of work in it, may be a part."""

    column: int
    first: dt.date
    last: dt.date
    days: float


def day_weights(first: dt.date, last: dt.date, working_days: float) -> Ints:
    """Working time of each day from ``first`` to ``last``, int64 in thousandths of a day, summing to about the total.

    The calendar says how many days are worked, not which. Mondays to Fridays are worked first, evenly; more than
    those go to Saturdays, then to Sundays. Without working days every day counts alike.
    """
    days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    kinds = np.array([0 if day.weekday() < 5 else day.weekday() - 4 for day in days])
    weights = np.zeros(len(days), dtype=np.int64)
    rest = max(working_days, 0.0)
    for kind in range(3):
        count = int((kinds == kind).sum())
        if not count:
            continue
        part = min(rest / count, 1.0)
        weights[kinds == kind] = round(part * _WHOLE_DAY)
        rest -= part * count
    return weights if weights.any() else np.full(len(days), _WHOLE_DAY, dtype=np.int64)


def split_over_days(quantities: Ints, weights: Ints, places: Ints | None = None) -> Ints:
    """Each row's month on its days.

    Parameters
    ----------
    quantities : int64 [rows], not negative. ``weights`` : int64 [days], not negative, some above zero.
    places : int64 [rows], what staggers a row's start, its number by default; a row of the same place is split the same
        whatever stands beside it.

    Returns
    -------
    int64 [rows, days]: rows sum to ``quantities`` exactly; a cell lies less than one unit from its exact share.

    Raises ``ValueError`` for a negative quantity or when no day has any weight.

    Examples
    --------
    >>> split_over_days(np.array([10]), np.array([1, 1, 0, 2])).tolist()
    [[3, 2, 0, 5]]
    """
    if (quantities.size and quantities.min() < 0) or weights.min(initial=0) < 0 or not weights.sum():
        raise ValueError("near zone: no negative figure, and some working time")
    until = np.cumsum(weights)
    numbers = np.arange(len(quantities)) if places is None else places
    starts = np.floor(numbers * _GOLDEN % 1 * _FINE).astype(np.int64)
    # units due before the end of a day: those numbered k ≥ 0 with (k + start) / quantity < share of time passed
    whole, part = np.divmod(quantities[:, None] * until[None, :], until[-1])
    fine = part * _FINE > starts[:, None] * until[-1]
    reached = np.where(until[None, :] == until[-1], quantities[:, None], whole + fine)
    return np.diff(reached, axis=1, prepend=0)


def week_buckets(column: int, first: dt.date, last: dt.date, weights: Ints) -> list[tuple[Bucket, slice]]:
    """ISO weeks of a month, cut at its ends so that they sum to it, each with its slice of the days."""
    buckets, start = [], 0
    length = (last - first).days + 1
    while start < length:
        day = first + dt.timedelta(days=start)
        stop = min(length, start + 7 - day.weekday())
        end = first + dt.timedelta(days=stop - 1)
        buckets.append((Bucket(column, day, end, float(weights[start:stop].sum()) / _WHOLE_DAY), slice(start, stop)))
        start = stop
    return buckets
