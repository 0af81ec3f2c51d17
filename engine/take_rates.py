"""Take rates: which share of a series is ordered in which configuration and which colour.

A plan made for the series is split to its variants by the mix that customers chose lately, bent to the rates that
people typed. Bending two lists of shares at once (configurations and colours) is iterative proportional fitting
(Deming and Stephan 1940): it keeps what the history knows about combinations and meets every typed share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_ROUNDS = 1000
_NEAR = 1e-9
_UNSEEN = 1e-3  # weight of a variant nobody ordered yet, against the mean of the others, until a rate is typed for it


@dataclass(frozen=True)
class TypedRates:
    """Shares people gave for one attribute: ``groups`` [variants] is each variant's value, ``shares`` [values].

    A value without a typed share is NaN: such values share what the typed ones leave, as history has them.
    """

    groups: Ints
    shares: Floats


def learn_mix(sold: Ints) -> Floats:
    """Share of each variant, [variants], from units sold [variants]; equal shares when nothing was sold."""
    total = sold.sum()
    return sold / total if total > 0 else np.full(len(sold), 1 / max(len(sold), 1))


def bend_mix(mix: Floats, typed: Sequence[TypedRates]) -> Floats:
    """The mix [variants], sum 1, bent to the typed shares.

    Every attribute's typed shares are met to 1e-9, or as near as 1,000 rounds come where the history has hardly any
    of a combination. Typed shares above 1 in all are scaled to 1. Raises ``ValueError`` when one is negative.
    """
    if not typed or not len(mix):
        return mix
    bent = np.where(mix > 0, mix, _UNSEEN * mix[mix > 0].mean()) if (mix > 0).any() else mix + 1 / len(mix)
    targets = [_full_shares(bent / bent.sum(), rates) for rates in typed]
    for _round in range(_ROUNDS):
        worst = 0.0
        for rates, target in zip(typed, targets, strict=True):
            now = np.bincount(rates.groups, bent, minlength=len(target))
            factor = np.divide(target, now, out=np.zeros_like(target), where=now > 0)
            bent = bent * factor[rates.groups]
            worst = max(worst, float(np.abs(now - target).max()))
        if worst < _NEAR:
            break
    return np.asarray(bent / bent.sum(), dtype=np.float64) if bent.sum() > 0 else mix


def _full_shares(mix: Floats, rates: TypedRates) -> Floats:
    """A share for every value, sum 1: typed ones as given, the others share the rest as the mix has them."""
    known = ~np.isnan(rates.shares)
    if (rates.shares[known] < 0).any():
        raise ValueError("a take rate is not negative")
    learnt = np.bincount(rates.groups, mix, minlength=len(rates.shares))
    given = float(rates.shares[known].sum())
    if known.all() or given >= 1:
        return np.where(known, rates.shares, 0) / given
    open_part = learnt[~known].sum()
    rest = np.where(known, 0, learnt / open_part if open_part > 0 else 1 / (~known).sum())
    return np.where(known, rates.shares, (1 - given) * rest)
