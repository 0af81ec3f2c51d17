"""How long stock lasts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def days_of_supply(stock: float, demand: Sequence[float], days: Sequence[float]) -> float | None:
    """Days of coming demand that ``stock`` covers, walking forward bucket by bucket.

    Parameters
    ----------
    stock : float
        Units on hand at the start, at least 0.
    demand : sequence of float
        Units wanted in each coming bucket.
    days : sequence of float
        Length of each bucket in days.

    Returns
    -------
    float or None
        ``None`` when nothing is wanted at all. Stock that outlasts every bucket counts on at the mean rate.

    Examples
    --------
    150 units against 100 in 20 days and then 100 in 25 days: 20 + 12.5 days.

    >>> days_of_supply(150, [100, 100], [20, 25])
    32.5
    """
    covered, left = 0.0, stock
    for wanted, length in zip(demand, days, strict=True):
        if wanted >= left and wanted > 0:
            return covered + length * left / wanted
        covered, left = covered + length, left - wanted
    total = sum(demand)
    return covered + left * sum(days) / total if total > 0 else None


def days_at_month_ends(stock: Floats, demand: Floats, days: Floats) -> Floats:
    """Days of coming demand that the stock at the end of each bucket covers, for many items at once.

    Parameters
    ----------
    stock, demand : float [n, T]
        Units at the end of each bucket and units wanted in it.
    days : float [T]
        Length of each bucket in days.

    Returns
    -------
    float [n, T]
        As ``days_of_supply`` over the buckets that follow; beyond the last bucket its own rate goes on (the mean
        rate where nothing is wanted in it). NaN where nothing is wanted at all.
    """
    count, buckets = demand.shape
    mean = demand.sum(axis=1) / days.sum() if buckets else np.zeros(count)
    last = demand[:, -1] / days[-1] if buckets else mean
    rate = np.where(last > 0, last, mean)
    found = np.zeros((count, buckets))
    for end in range(buckets):
        left = np.maximum(stock[:, end], 0.0)
        lasts = left > 0
        for ahead in range(end + 1, buckets):
            wanted = demand[:, ahead]
            share = np.divide(left, wanted, out=np.ones(count), where=wanted > 0)
            found[:, end] += np.where(lasts, np.minimum(share, 1.0) * days[ahead], 0.0)
            lasts &= left > wanted
            left = np.maximum(left - wanted, 0.0)
            if not lasts.any():
                break
        found[:, end] += np.divide(np.where(lasts, left, 0.0), rate, out=np.zeros(count), where=rate > 0)
    return np.where(rate[:, None] > 0, found, np.nan)


def short_buckets(on_hand: float, arrivals: Floats, orderable: Floats, use: Floats) -> Floats:
    """Units missing in each bucket even when everything that can still be ordered is ordered.

    Parameters
    ----------
    on_hand : float
    arrivals : float [T]
        Open orders by the bucket of their arrival.
    orderable : float [T]
        What a new order can bring in each bucket: 0 inside the lead time, then the supplier's limit (inf: none).
    use : float [T]

    Returns
    -------
    float [T]
        What a bucket lacks is lost: the next one begins with nothing, not with a debt.

    Examples
    --------
    20 there, 10 arriving, nothing else to be had in time, 50 used in two buckets; then 40 can come for 60:

    >>> short_buckets(20, np.array([10.0, 0, 0]), np.array([0, 0, 40.0]), np.array([25.0, 25, 60])).tolist()
    [0.0, 20.0, 20.0]
    """
    missing = np.zeros(len(use))
    left = on_hand
    for bucket, (came, more, wanted) in enumerate(zip(arrivals, orderable, use, strict=True)):
        left += came + more
        missing[bucket] = max(0.0, wanted - left)
        left = max(0.0, left - wanted)
    return missing
