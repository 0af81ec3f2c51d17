"""Who gets which units: goods in the order they come, matched with claims in the order they are due.

Both sides are runs of lots on one line of units. Where two lots overlap on the line, that many units of one belong to
the other: first in, first out, exact, without a loop over units.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def take_due(due: Ints, arrived: Ints) -> Ints:
    """Arrivals that go to what is due by then and still open, month by month.

    Parameters
    ----------
    due, arrived : int64 [n, T], not negative, units by month.

    Returns
    -------
    int64 [n, T], at most ``arrived``; the rest serves what nobody ordered.

    Examples
    --------
    >>> take_due(np.array([[5, 5, 0]]), np.array([[8, 1, 9]])).tolist()
    [[5, 1, 4]]
    """
    taken = np.zeros_like(arrived)
    open_units = np.zeros(len(due), dtype=np.int64)
    for month in range(due.shape[1]):
        open_units += due[:, month]
        taken[:, month] = np.minimum(open_units, arrived[:, month])
        open_units -= taken[:, month]
    return taken


def match_lots(lots: Ints, group: Ints, claims: Ints, claim_group: Ints) -> tuple[Ints, Ints, Ints]:
    """Lots and claims of each group laid along the same line, and where they overlap.

    Parameters
    ----------
    lots, claims : int64 [n], [m] units, not negative, in their order within the group.
    group, claim_group : int64 [n], [m], not falling.

    Returns
    -------
    (lot, claim, units) : int64 [k] each, in order of group and unit. What one side has more of stays unmatched.

    Examples
    --------
    >>> [part.tolist() for part in match_lots(np.array([3, 4]), np.zeros(2, int), np.array([5, 1]), np.zeros(2, int))]
    [[0, 1, 1], [0, 0, 1], [3, 2, 1]]
    """
    groups = np.union1d(group, claim_group)
    ends, sizes = zip(*(_ends(*side, groups) for side in ((lots, group), (claims, claim_group))), strict=True)
    width = np.maximum(*sizes)  # each group has its own stretch of the line
    base = np.cumsum(width) - width
    lot_end, claim_end = (
        base[np.searchsorted(groups, of)] + end for of, end in zip((group, claim_group), ends, strict=True)
    )
    cuts = np.unique(np.concatenate([base, base + width, lot_end, claim_end]))
    start, units = cuts[:-1], np.diff(cuts)
    lot, has_lot = _holder(start, lot_end, lots)
    claim, has_claim = _holder(start, claim_end, claims)
    both = has_lot & has_claim
    return lot[both], claim[both], units[both]


def _ends(values: Ints, group: Ints, groups: Ints) -> tuple[Ints, Ints]:
    """Where each lot ends, counted from its group's first unit; units of each group."""
    until = np.cumsum(values)
    sizes = np.zeros(len(groups), dtype=np.int64)
    np.add.at(sizes, np.searchsorted(groups, group), values)
    before = np.cumsum(sizes) - sizes
    return until - before[np.searchsorted(groups, group)], sizes


def _holder(start: Ints, ends: Ints, values: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """The lot that holds the unit after each ``start``; false where none does."""
    if not len(ends):
        return np.zeros(len(start), np.int64), np.zeros(len(start), bool)
    place = np.minimum(np.searchsorted(ends, start, side="right"), len(ends) - 1)
    return place, (start < ends[place]) & (start >= ends[place] - values[place])
