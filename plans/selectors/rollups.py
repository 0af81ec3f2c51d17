"""Totals at any level of both trees, exact in int64.

A block is summed once per pair of tree depths and kept by (block, trees, depths, scope); any node at those depths is
then a look-up. Cells edited since are added as differences. A cell belongs to exactly one node at each depth, so
totals of different levels agree by construction.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from accounts.models import Scope
from plans import cache
from plans.choices import AxisKind
from plans.cubes import Axis, Bools, Ints
from plans.hierarchy import Hierarchy, Node, load_hierarchy
from plans.measures import get_measure
from plans.selectors.heads import HeadRef, get_heads
from plans.selectors.state import State, load_measure_state, read_cells

NodePair = tuple[Node, Node]  # product node, org node


@dataclass(frozen=True, eq=False)
class NodeTotals:
    """Numbers of tree nodes.

    ``values`` : int64 [nodes, months] in smallest units. ``present`` : bool, false where nothing below has a value (or
    where a measure that does not add up was asked above the leaves).
    """

    values: Ints
    present: Bools
    first_month: int
    unit: str
    scale: int

    @property
    def months(self) -> range:
        return range(self.first_month, self.first_month + self.values.shape[1])

    def to_float(self) -> np.ndarray:
        """Whole units, NaN where absent."""
        return np.where(self.present, self.values / 10.0**self.scale, np.nan)


@dataclass(frozen=True, eq=False)
class _Groups:
    """Rows of an axis by group: ``codes`` sorted, ``order`` the rows group after group (``None``: as they stand)."""

    codes: Ints
    starts: Ints
    order: Ints | None

    @property
    def nbytes(self) -> int:
        return self.codes.nbytes + self.starts.nbytes + (0 if self.order is None else self.order.nbytes)


@dataclass(frozen=True, eq=False)
class _LevelSums:
    codes: Ints
    values: Ints
    counts: Ints | Bools | None  # leaves with a value, for measures that may be empty

    @property
    def nbytes(self) -> int:
        return self.codes.nbytes + self.values.nbytes + (0 if self.counts is None else self.counts.nbytes)


def load_nodes(
    *,
    version_id: int,
    measures: Iterable[str],
    nodes: Sequence[NodePair],
    months: range | None = None,
    scope: Scope | None = None,
    hierarchy: Hierarchy | None = None,
    heads: Mapping[str, HeadRef] | None = None,
) -> dict[str, NodeTotals]:
    """Measure → numbers of (product node, org node) pairs of any levels, all from one picture of the heads.

    A node is a code, an id, or ``None`` for everything. ``scope`` leaves out what its holder may not see.
    """
    wanted = list(measures)
    heads = heads or get_heads(version_id=version_id, measures=wanted)
    hierarchy = hierarchy or load_hierarchy()
    rows = NodeRows(nodes, hierarchy, scope)
    return {
        code: rows.sum(load_measure_state(code, heads), months=months, additive=get_measure(code).additive)
        for code in wanted
    }


def load_rollup(
    *,
    version_id: int,
    measure: str,
    products: Sequence[Node] = (None,),
    orgs: Sequence[Node] = (None,),
    months: range | None = None,
    scope: Scope | None = None,
    hierarchy: Hierarchy | None = None,
    heads: Mapping[str, HeadRef] | None = None,
) -> Ints:
    """int64 [products, orgs, months] of one measure over the cross product of nodes."""
    nodes = [(product, org) for product in products for org in orgs]
    found = load_nodes(
        version_id=version_id,
        measures=[measure],
        nodes=nodes,
        months=months,
        scope=scope,
        hierarchy=hierarchy,
        heads=heads,
    )
    return found[measure].values.reshape(len(products), len(orgs), -1)


def sum_nodes(
    state: State,
    nodes: Sequence[NodePair],
    *,
    hierarchy: Hierarchy,
    months: range | None = None,
    scope: Scope | None = None,
    additive: bool = True,
) -> NodeTotals:
    """Numbers of nodes in one state of a measure."""
    return NodeRows(nodes, hierarchy, scope).sum(state, months=months, additive=additive)


class NodeRows:
    """The asked nodes, sorted out by the depths they lie at: where numbers of cells and blocks are added up."""

    def __init__(self, nodes: Sequence[NodePair], hierarchy: Hierarchy, scope: Scope | None) -> None:
        trees = hierarchy.products, hierarchy.orgs
        pairs = [(trees[0].position_of(product), trees[1].position_of(org)) for product, org in nodes]
        at = np.array(pairs, np.int64).reshape(-1, 2)
        depths = np.column_stack([tree.depths[at[:, side]] for side, tree in enumerate(trees)])
        leaves = [np.append(tree.is_leaf, False)[at[:, side]] for side, tree in enumerate(trees)]
        self.is_leaf = leaves[0] & leaves[1]
        codes = at[:, 0] * (len(hierarchy.orgs.ids) + 1) + at[:, 1]
        self._levels = []
        for product_depth, org_depth in np.unique(depths, axis=0).tolist():
            rows = np.flatnonzero((depths == (product_depth, org_depth)).all(axis=1))
            order = rows[np.argsort(codes[rows], kind="stable")]
            self._levels.append((_Level(hierarchy, product_depth, org_depth, scope), order, codes[order]))

    def sum(self, state: State, *, months: range | None = None, additive: bool = True) -> NodeTotals:
        """The nodes' numbers in a state, over its own months by default."""
        months = state.months if months is None else months
        values = np.zeros((len(self.is_leaf), len(months)), np.int64)
        counts = np.zeros_like(values) if state.block.nullable else None
        self.add_block(state, months, values, counts)
        if len(state.tail):
            tail = state.tail
            old, had = read_cells(state.block, tail.cells)
            self.add_cells(tail.cells, np.where(tail.present, tail.after, 0) - old, months, values)
            if counts is not None:
                self.add_cells(tail.cells, tail.present.astype(np.int64) - had.astype(np.int64), months, counts)
        present = np.ones(values.shape, bool) if counts is None else counts > 0
        if not additive:
            present &= self.is_leaf[:, None]
            values[~self.is_leaf] = 0
        return NodeTotals(values, present, months.start, state.block.unit, state.block.scale)

    def add_block(self, state: State, months: range, values: Ints, counts: Ints | None) -> None:
        """Add a state's block, without its tail."""
        offset = months.start - state.block.first_month
        start, stop = max(0, -offset), min(len(months), state.block.ncols - offset)
        if start >= stop:
            return
        for level, rows, codes in self._levels:
            sums = _level_sums(state, level)
            if not len(sums.codes):
                continue
            at = np.minimum(np.searchsorted(sums.codes, codes), len(sums.codes) - 1)
            hit = sums.codes[at] == codes
            for target, source in ((values, sums.values), (counts, sums.counts)):
                if target is not None and source is not None:
                    target[rows[hit], start:stop] += source[at[hit], start + offset : stop + offset]

    def add_cells(self, cells: Ints, amounts: Ints, months: range, values: Ints) -> None:
        """Add amounts of single cells [n, 3] to every asked node they lie under."""
        columns = cells[:, 2] - months.start
        inside = (columns >= 0) & (columns < len(months))
        keys, key_of = np.unique(cells[:, :2], axis=0, return_inverse=True)
        axis = Axis(AxisKind.PRODUCT_ORG, keys)
        for level, rows, codes in self._levels:
            cell_codes = level.codes(axis)[key_of.ravel()]
            first = np.searchsorted(codes, cell_codes, "left")
            count = np.searchsorted(codes, cell_codes, "right") - first
            for copy in range(int(count.max(initial=0))):  # a node may be asked for more than once
                hit = inside & (cell_codes >= 0) & (copy < count)
                np.add.at(values, (rows[first[hit] + copy], columns[hit]), amounts[hit])


@dataclass(frozen=True)
class _Level:
    """A pair of tree depths, for the eyes of a scope."""

    hierarchy: Hierarchy
    product_depth: int
    org_depth: int
    scope: Scope | None

    @property
    def key(self) -> Hashable:
        seen = None if self.scope is None else (self.scope.products, self.scope.orgs)
        return self.hierarchy.sha, self.product_depth, self.org_depth, seen

    def codes(self, axis: Axis) -> Ints:
        """Group of each row of an axis; −1 outside the trees or the scope."""
        codes = self.hierarchy.group_codes(axis, self.product_depth, self.org_depth)
        if self.scope is None or (self.scope.products is None and self.scope.orgs is None):
            return codes
        return np.where(self.hierarchy.scope_rows(axis, self.scope), codes, -1)

    def groups(self, axis: Axis) -> _Groups:
        return cache.CONTENT.get_or_make(("groups", axis.sha, self.key), lambda: _group(self.codes(axis)))


def _group(codes: Ints) -> _Groups:
    rising = bool(np.all(codes[1:] >= codes[:-1])) and not (len(codes) and codes[0] < 0)
    order = None if rising else np.argsort(codes, kind="stable")
    ordered = codes if order is None else codes[order]
    if order is not None:
        outside = int(np.searchsorted(ordered, 0))
        order, ordered = order[outside:], ordered[outside:]
    unique, starts = np.unique(ordered, return_index=True)
    return _Groups(unique, starts, order)


def _level_sums(state: State, level: _Level) -> _LevelSums:
    groups = level.groups(state.block.axis)
    if groups.order is None and len(groups.codes) == len(state.block.axis):  # leaves are their own sums
        return _LevelSums(groups.codes, state.block.values, state.block.present)

    def make() -> _LevelSums:
        counts = None if state.block.present is None else _sum(state.block.present.astype(np.int64), groups)
        return _LevelSums(groups.codes, _sum(state.block.values, groups), counts)

    return cache.CONTENT.get_or_make(("sums", state.content_key, level.key), make)


def _sum(values: Ints, groups: _Groups) -> Ints:
    if not len(groups.codes):
        return np.zeros((0, values.shape[1]), np.int64)
    if len(groups.codes) == 1 and groups.order is None:
        return values.sum(axis=0, keepdims=True)
    return np.add.reduceat(values if groups.order is None else values[groups.order], groups.starts, axis=0)
