"""What a plan ships from each site to each sales organisation, and moves between sites, by month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from accounts.models import Scope
from masterdata.selectors import load_way_ids
from plans.hierarchy import load_hierarchy
from plans.models import Version
from plans.selectors import get_heads, load_measures
from supply import measures as m
from supply.selectors.horizon import plan_months

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Moves:
    """Rows of product × way.

    Parameters
    ----------
    product, site, target : int64 [n] ids; ``target`` is a sales organisation, or the other site of a transfer.
    lag : int64 [n] months on the way. left : int64 [n, T] smallest units by month of leaving.
    """

    months: range
    scale: int
    product: Ints
    site: Ints
    target: Ints
    lag: Ints
    left: Ints

    def __len__(self) -> int:
        return len(self.product)

    @cached_property
    def arrived(self) -> Ints:
        """[n, T] by month of arrival; what arrives after the horizon is left out, what left before it is not known."""
        found = np.zeros_like(self.left)
        for lag in np.unique(self.lag).tolist():
            rows, kept = self.lag == lag, max(0, len(self.months) - lag)
            found[rows, len(self.months) - kept :] = self.left[rows, :kept]
        return found

    def only(self, rows: NDArray[np.bool_]) -> Moves:
        """The rows of a mask."""
        parts = (self.product, self.site, self.target, self.lag, self.left)
        return Moves(self.months, self.scale, *(part[rows] for part in parts))


@dataclass(frozen=True)
class PlanMoves:
    """``are_kept`` is false where a plan was balanced before its shipments were kept: then there are none to show."""

    shipped: Moves
    transferred: Moves
    are_kept: bool


def load_moves(version: Version, scope: Scope) -> PlanMoves:
    """The moves of a plan for the products and sales organisations a scope shows."""
    months = plan_months(version)
    heads = get_heads(version_id=version.pk)
    if not all(code in heads for code in m.MOVES):
        nothing = _empty(months)
        return PlanMoves(nothing, nothing, False)
    cubes = load_measures(version_id=version.pk, measures=[*m.MOVES, m.CONSTRAINED], months=months)
    ways = {pk: key for key, pk in load_way_ids().items()}
    shipped, transferred = (
        _moves(months, cubes[code].scale, cubes[code].axis.keys, cubes[code].values, ways) for code in m.MOVES
    )
    are_kept = bool(len(shipped)) or not cubes[m.CONSTRAINED].values.any()
    tree = load_hierarchy()
    if scope.products is not None:
        seen = tree.products.ids[tree.products.seen_by(scope.products)]
        shipped, transferred = (moves.only(np.isin(moves.product, seen)) for moves in (shipped, transferred))
    if scope.orgs is not None:
        orgs = tree.scope_leaves(scope)[1]
        shipped = shipped.only(np.isin(shipped.target, orgs))
    return PlanMoves(shipped, transferred, are_kept)


def _moves(months: range, scale: int, keys: Ints, values: Ints, ways: Mapping[int, tuple[int, int, int, int]]) -> Moves:
    ends = np.array([ways[way] for way in keys[:, 1].tolist()], dtype=np.int64).reshape(-1, 4)
    target = np.where(ends[:, 1] > 0, ends[:, 1], ends[:, 2])
    return Moves(months, scale, keys[:, 0], ends[:, 0], target, ends[:, 3], values)


def _empty(months: range) -> Moves:
    none = np.zeros(0, np.int64)
    return Moves(months, 0, none, none, none, none, np.zeros((0, len(months)), np.int64))
