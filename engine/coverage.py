"""How long stock lasts."""

from __future__ import annotations

from collections.abc import Sequence


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
