"""A total over many leaves: exact shares in whole smallest units by the method of largest remainders."""

from __future__ import annotations

import numpy as np
from django.utils.translation import gettext as _

from core.errors import InvalidInput
from plans.cubes import Bools, Ints

_SAFE_PRODUCT = 2**62


def largest_remainder(total: int, weights: Ints) -> Ints:
    """Shares of ``total`` proportional to ``weights``.

    q_i = ⌊|T|·w_i / Σw⌋, and the units still missing go to the largest remainders, ties to the earlier row. All
    weights zero means equal weights. A negative total gives negative shares.

    Parameters
    ----------
    total : smallest units. ``weights`` : int64 [n], n ≥ 1, not negative.

    Returns
    -------
    int64 [n] that sums to ``total`` exactly.

    Examples
    --------
    >>> largest_remainder(10, np.array([1, 1, 1])).tolist()
    [4, 3, 3]
    """
    weights = np.asarray(weights, np.int64)
    if not len(weights) or weights.min() < 0:
        raise ValueError("shares need at least one weight and none below zero")
    size = abs(total)
    whole = sum(weights.tolist())  # Python integers: the sum of weights may leave int64
    if not whole:
        weights, whole = np.ones_like(weights), len(weights)
    if size * int(weights.max()) < _SAFE_PRODUCT and whole < _SAFE_PRODUCT:
        shares, remainders = np.divmod(size * weights, whole)
    else:
        pairs = [divmod(size * weight, whole) for weight in weights.tolist()]
        shares = np.array([share for share, _rest in pairs], np.int64)
        remainders = np.array([rest for _share, rest in pairs], object)
    missing = size - sum(shares.tolist())
    shares[np.argsort(-remainders, kind="stable")[:missing]] += 1
    return shares if total >= 0 else -shares


def spread_total(total: int, *, weights: Ints, current: Ints, locked: Bools) -> Ints:
    """New leaf values that sum to ``total``; locked leaves keep their current value.

    Raises ``InvalidInput`` when every leaf is locked and the total differs, or the locked ones leave less than
    nothing for the others.
    """
    after = np.array(current, np.int64)
    rest = total - int(after[locked].sum())
    free = ~locked
    if not free.any():
        if rest:
            raise InvalidInput(_("Every cell below is locked. Unlock some first."), code="all_locked")
        return after
    if total >= 0 > rest:
        kept = int(after[locked].sum())
        raise InvalidInput(
            _("Locked cells already hold %(kept)d, more than the total %(total)d.") % {"kept": kept, "total": total},
            code="below_locked",
            details={"locked": kept},
        )
    after[free] = largest_remainder(rest, np.asarray(weights, np.int64)[free])
    return after
