"""Exact money: whole quantities times unit rates, and shares that add up.

Amounts are int64 in the currency's minor unit (cents, fen). Unit rates are int64 in 1/10,000 of the major unit,
which is how prices and costs are kept, so a product of two integers is exact and is rounded once, per cell.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE_DIGITS = 4
_LIMIT = float(2**62)

Ints = NDArray[np.int64]


def _divide_half_even(numerator: Ints, divisor: int) -> Ints:
    """Integer division rounding halves to the even neighbour; exact for negative numerators."""
    quotient, remainder = np.divmod(numerator, divisor)
    twice = 2 * remainder
    up = (twice > divisor) | ((twice == divisor) & (quotient % 2 == 1))
    return quotient + up


def value(quantity: Ints, rate: Ints, *, quantity_scale: int, money_scale: int) -> Ints:
    """Amount of each cell: ``quantity × rate``.

    Parameters
    ----------
    quantity : int64, any shape
        In the smallest unit: ``units · 10**quantity_scale``.
    rate : int64, broadcastable to ``quantity``
        Money per unit, in ``10**-RATE_DIGITS`` of the major currency unit.
    quantity_scale, money_scale : int
        Decimals of the quantity and of the amount returned.

    Returns
    -------
    int64, minor currency units, rounded half to even once per cell.

    Raises
    ------
    OverflowError
        When a product would leave the int64 range (numpy would wrap silently).

    Examples
    --------
    900 cars at 185,000.0000 each, in cents:

    >>> value(np.array([900]), np.array([1_850_000_000]), quantity_scale=0, money_scale=2).tolist()
    [16650000000]
    """
    if float(np.abs(quantity).max(initial=0)) * float(np.abs(rate).max(initial=0)) > _LIMIT:
        raise OverflowError("a quantity times its price exceeds the range of exact integers")
    amount = quantity * rate
    shift = quantity_scale + RATE_DIGITS - money_scale
    if shift > 0:
        return _divide_half_even(amount, 10**shift)
    return np.asarray(amount * 10**-shift, dtype=np.int64)


def allocate(totals: Ints, weights: Ints, groups: NDArray[np.int64]) -> Ints:
    """Share each group's total over its rows by weight, so that the shares add up to the total exactly.

    Parameters
    ----------
    totals : int64 [groups, months]
    weights : int64 [rows, months], not negative; a group whose weights are all zero is shared equally.
    groups : int64 [rows], group of each row; -1 takes nothing.

    Returns
    -------
    int64 [rows, months]. Largest remainder, ties to the earlier row. A total of a group without rows is refused.

    Raises
    ------
    ValueError
        When a group with a non-zero total has no row.

    Examples
    --------
    >>> allocate(np.array([[10]]), np.array([[1], [1], [1]]), np.zeros(3, np.int64)).ravel().tolist()
    [4, 3, 3]
    """
    weights = np.where(_group_sums(weights, groups, len(totals))[groups] == 0, 1, weights)
    rows_of_group = np.bincount(groups[groups >= 0], minlength=len(totals))
    if (totals.any(axis=1) & (rows_of_group == 0)).any():
        raise ValueError("an amount has no row to carry it")
    inside = np.flatnonzero(groups >= 0)
    shares = np.zeros(weights.shape, np.int64)
    shares[inside] = _largest_remainder(totals, weights[inside], groups[inside])
    return shares


def _group_sums(values: Ints, groups: NDArray[np.int64], count: int) -> Ints:
    sums = np.zeros((count, values.shape[1]), np.int64)
    np.add.at(sums, groups[groups >= 0], values[groups >= 0])
    return sums


def _largest_remainder(totals: Ints, weights: Ints, groups: NDArray[np.int64]) -> Ints:
    sign, size = np.sign(totals), np.abs(totals)
    if float(size.max(initial=0)) * float(weights.max(initial=0)) > _LIMIT:
        raise OverflowError("an amount times a weight exceeds the range of exact integers")
    whole = _group_sums(weights, groups, len(totals))
    shares, remainder = np.divmod(size[groups] * weights, whole[groups])
    missing = size - _group_sums(shares, groups, len(totals))
    row = np.arange(len(groups))
    for month in range(totals.shape[1]):
        order = np.lexsort((-remainder[:, month], groups))  # stable: ties go to the earlier row
        place = np.empty(len(groups), np.int64)  # rank of a row's remainder within its group
        place[order] = row - np.searchsorted(groups[order], groups[order])
        shares[:, month] += place < missing[groups, month]
    return shares * sign[groups]


def explain_difference(plan_units: Ints, plan_amount: Ints, base_units: Ints, base_amount: Ints) -> dict[str, int]:
    """Why an amount (revenue, margin) of a plan differs from a base: volume, mix, rate and new items; residual 0.

    Parameters
    ----------
    plan_units, plan_amount, base_units, base_amount : int64 [items]
        Units are not negative; amounts may be.

    Returns
    -------
    dict
        ``volume``: all items grow alike, at the base's mean amount per unit; ``mix``: the plan's items weigh
        differently at their base rates; ``rate``: price or cost per unit changed; ``new``: items the base did not
        have. Their sum is the plan's amount less the base's, exactly: mix and rate take what divisions leave.

    Examples
    --------
    Base 100 at 10 and 100 at 20, plan 150 at 10 and 100 at 21:

    >>> explain_difference(np.array([150, 100]), np.array([1500, 2100]), np.array([100, 100]), np.array([1000, 2000]))
    {'volume': 750, 'mix': -250, 'rate': 100, 'new': 0}
    """
    known = base_units > 0
    base_total, base_sum = int(base_units[known].sum()), int(base_amount[known].sum())
    plan_total = int(plan_units[known].sum())
    volume = base_sum * (plan_total - base_total) // base_total if base_total else 0
    at_base_rate = sum(
        int(units) * int(amount) // int(old)
        for units, amount, old in zip(plan_units[known], base_amount[known], base_units[known], strict=True)
    )
    return {
        "volume": volume,
        "mix": at_base_rate - base_sum - volume,
        "rate": int(plan_amount[known].sum()) - at_base_rate,
        "new": int(plan_amount[~known].sum()) - int(base_amount[~known].sum()),
    }
