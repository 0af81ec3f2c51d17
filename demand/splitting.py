"""Totals typed or imported at any level → whole units at the leaves, sums exact.

Figures may overlap: a company total of 1,000 and a family total of 400 mean 400 for the family and 600 for the
rest. The most detailed figure wins; a higher one fills what is left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.money import allocate

Quantities = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class NodeTotal:
    """A node's figures: its leaf rows, its place in the trees, int64 [months] totals and where they are given.

    ``depth`` is (product depth, org depth), 0 at the root. Nodes of equal depth have no leaf in common.
    """

    leaves: NDArray[np.int64]
    depth: tuple[int, int]
    totals: Quantities
    given: Mask


@dataclass(frozen=True)
class Split:
    """int64 [leaves, months]; where a figure reached; and [nodes, months] what could not be placed."""

    values: Quantities
    covered: Mask
    unplaced: Quantities


def split_totals(nodes: Sequence[NodeTotal], weights: Quantities, fallback: Quantities | None = None) -> Split:
    """Spread the nodes' totals over the leaves.

    Parameters
    ----------
    nodes : each with at least one leaf row.
    weights : int64 [leaves, months], not negative: the shares.
    fallback : the same, for a node whose weights are all zero (a new product). All zero too: equal shares.

    ``unplaced`` is a total less what more detailed figures already gave its leaves, when no leaf is left to take
    it, or when they gave more (then it is negative and the node's total is exceeded).
    """
    values = np.zeros_like(weights)
    covered = np.zeros(weights.shape, dtype=bool)
    unplaced = np.zeros((len(nodes), weights.shape[1]), dtype=np.int64)
    shares = (weights, np.zeros_like(weights) if fallback is None else fallback)
    by_depth: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, node in enumerate(nodes):
        by_depth[node.depth].append(index)
    for depth in sorted(by_depth, key=lambda d: (-sum(d), d)):
        _place_level([nodes[i] for i in by_depth[depth]], by_depth[depth], shares, values, covered, unplaced)
    return Split(values, covered, unplaced)


def _place_level(
    nodes: list[NodeTotal],
    indexes: list[int],
    shares: tuple[Quantities, Quantities],
    values: Quantities,
    covered: Mask,
    unplaced: Quantities,
) -> None:
    """Place nodes without common leaves; changes the last three arrays in place."""
    rows = np.concatenate([node.leaves for node in nodes])
    groups = np.repeat(np.arange(len(nodes)), [len(node.leaves) for node in nodes])
    given = np.stack([node.given for node in nodes])
    totals = np.where(given, np.stack([node.totals for node in nodes]), 0)
    free = given[groups] & ~covered[rows]

    rest = totals - _sum_groups(np.where(covered[rows] & given[groups], values[rows], 0), groups, len(nodes))
    has_room = _sum_groups(free.astype(np.int64), groups, len(nodes)) > 0
    placeable = np.where(has_room & (rest > 0), rest, 0)
    unplaced[indexes] = np.where(given, rest - placeable, 0)

    share = np.where(free, shares[0][rows], 0)
    for other in (shares[1][rows], 1):
        is_unknown = _sum_groups(share, groups, len(nodes)) == 0
        share = np.where(free & is_unknown[groups], other, share)
    placed = allocate(placeable, share, groups)
    values[rows] = np.where(free, placed, values[rows])
    covered[rows] |= free


def _sum_groups(values: Quantities, groups: NDArray[np.int64], count: int) -> Quantities:
    sums = np.zeros((count, values.shape[1]), dtype=np.int64)
    np.add.at(sums, groups, values)
    return sums


def share_by_product(percent: NDArray[np.float64], demand: Quantities, products: NDArray[np.int64]) -> Quantities:
    """``demand`` raised by a percentage per product and month, whole units, shared over the product's orgs.

    ``demand`` is int64 [rows, months], ``products`` [rows]; ``percent`` [products, months] by ascending product. The
    product's figure is rounded once (900 + 5.6 % = 950.4 → 950), then its orgs get theirs by largest remainder, so both
    add up.
    """
    raised, groups = raise_products(percent, demand, products)
    return allocate(raised, demand, groups)


def raise_products(
    percent: NDArray[np.float64], demand: Quantities, products: NDArray[np.int64]
) -> tuple[Quantities, NDArray[np.int64]]:
    """Each product's figure over all its orgs, raised and rounded: int64 [products, months], and each row's product."""
    names, groups = np.unique(products, return_inverse=True)
    whole = _sum_groups(demand, groups, len(names))
    return np.rint(whole * (1 + percent / 100)).astype(np.int64), groups
