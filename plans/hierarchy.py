"""The product and organisation trees as integer arrays: rollups, scopes and spreads look nodes up here.

A tree's identity is the set of its (node, parent) pairs, kept like any axis under its hash, so that a snapshot can
total its numbers by the tree of its day. Codes and levels are names and may change.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from django.db.models import Model, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from accounts.models import Scope
from core.errors import InvalidInput, Missing
from masterdata.models import Org, Product
from masterdata.selectors import get_master_mark
from plans import cache
from plans.choices import AxisKind
from plans.cubes import Axis, Bools, Ints

Node = str | int | None  # an external code, a surrogate id, or everything


@dataclass(frozen=True, eq=False)
class Tree:
    """One tree over sorted ids.

    ``parents`` : parent id per node, 0 at a root. ``codes`` and ``levels`` : names per node, empty when unknown.
    """

    kind: str
    ids: Ints
    parents: Ints
    codes: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()

    @classmethod
    def of_axis(cls, axis: Axis) -> Tree:
        """The tree an axis of (node, parent) pairs stands for; it knows no codes."""
        return cls(axis.kind, axis.keys[:, 0], axis.keys[:, 1])

    def named_like(self, other: Tree) -> Tree:
        """The same tree under the names another one has for its ids."""
        at = other.positions(self.ids).tolist()
        codes = tuple(other.codes[i] if i >= 0 else "" for i in at)
        levels = tuple(other.levels[i] if i >= 0 else "" for i in at)
        return replace(self, codes=codes, levels=levels)

    @cached_property
    def axis(self) -> Axis:
        return Axis(self.kind, np.column_stack([self.ids, self.parents]))

    @cached_property
    def sha(self) -> str:
        return self.axis.sha

    @cached_property
    def paths(self) -> Ints:
        """Positions [nodes + 1, depths]: the ancestor of each node at each depth, itself below its own depth.

        Depth 0 is everything, an extra last position. Raises ``InvalidInput`` when a node is its own ancestor.
        """
        count = len(self.ids)
        parent = self._positions(self.parents, absent=count)
        steps = [np.append(np.arange(count), count)]  # steps[k]: the k-th ancestor
        up = np.append(parent, count)
        while np.any(steps[-1] != count):
            if len(steps) > count + 1:
                raise InvalidInput(_("The hierarchy goes in a circle."), code="hierarchy_cycle")
            steps.append(up[steps[-1]])
        height = len(steps) - 1
        depth = (np.stack(steps) != count).sum(axis=0)
        stacked = np.stack(steps)
        wanted = np.arange(height + 1)
        back = np.maximum(depth[:, None] - wanted[None, :], 0)
        return stacked[back, np.arange(count + 1)[:, None]]

    @cached_property
    def depths(self) -> Ints:
        """Depth of each node, 1 at a root; 0 for the extra last position, everything."""
        own = np.arange(len(self.ids) + 1)[:, None]
        return (self.paths != own).sum(axis=1)

    @cached_property
    def is_leaf(self) -> Bools:
        """Per node, whether nothing is below it."""
        return ~np.isin(self.ids, self.parents)

    @cached_property
    def _place(self) -> dict[int, int]:
        return {node: position for position, node in enumerate(self.ids.tolist())}

    @cached_property
    def _by_code(self) -> dict[str, int]:
        return {code: int(node) for code, node in zip(self.codes, self.ids, strict=False)}

    def _positions(self, ids: Ints, *, absent: int) -> Ints:
        if not len(self.ids):
            return np.full(len(ids), absent, np.int64)
        at = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.where(self.ids[at] == ids, at, absent)

    def positions(self, ids: Ints) -> Ints:
        """Position of each id; −1 for ids outside the tree."""
        return self._positions(np.asarray(ids, np.int64), absent=-1)

    def id_of(self, node: Node) -> int | None:
        """The id of a code or id; ``None`` for everything. Raises ``Missing`` for an unknown one."""
        if node is None or node == "":
            return None
        found = self._by_code.get(node) if isinstance(node, str) else node
        if found is None or found not in self._place:
            raise Missing(_("There is no “%(code)s”.") % {"code": node}, code=f"unknown_{self.noun}")
        return found

    @property
    def noun(self) -> str:
        """What its nodes are, in error codes."""
        return "product" if self.kind == AxisKind.PRODUCT_TREE else "org"

    def code_of(self, node: int) -> str:
        return self.codes[self._place[node]]

    def level_of(self, node: int) -> str:
        return self.levels[self._place[node]]

    def position_of(self, node: Node) -> int:
        """Position of a node; the extra last one for everything."""
        found = self.id_of(node)
        return len(self.ids) if found is None else self._place[found]

    def leaves_under(self, nodes: Node | Iterable[Node]) -> Ints:
        """Ids of the leaves at or below the node (or any of the nodes), sorted."""
        wanted = [nodes] if nodes is None or isinstance(nodes, str | int) else list(nodes)
        return self.ids[self.is_leaf & self.is_under(wanted)]

    def is_under(self, nodes: Sequence[Node]) -> Bools:
        """Per node, whether it is one of ``nodes`` or below one."""
        targets = [self.position_of(node) for node in nodes]
        if not targets:
            return np.zeros(len(self.ids), bool)
        return np.asarray(np.isin(self.paths[:-1], targets).any(axis=1))

    def contains(self, ids: Ints, nodes: Sequence[Node]) -> Bools:
        """Per id, whether it is in the tree at or under one of ``nodes``; everything contains all."""
        if None in nodes:
            return np.ones(len(ids), bool)
        return np.append(self.is_under(nodes), False)[self.positions(ids)]

    def seen_by(self, nodes: Iterable[str] | None) -> Bools:
        """Per node, whether somebody limited to ``nodes`` sees any of it: it lies under one of them or above one."""
        if nodes is None:
            return np.ones(len(self.ids), bool)
        known = [code for code in sorted(nodes) if code in self._by_code]
        above = np.unique(self.paths[[self.position_of(code) for code in known]])
        return self.is_under(known) | np.isin(np.arange(len(self.ids)), above)

    def children_of(self, node: Node) -> Ints:
        """Ids directly below a node, in code order; the roots below everything."""
        found = self.id_of(node) or 0
        ids = self.ids[self.parents == found]
        return np.array(sorted(ids.tolist(), key=self.code_of), np.int64) if self.codes else ids

    def at_level(self, level: str) -> Ints:
        """Ids of the nodes of a named level, in code order."""
        named = zip(self.codes, self.levels, self.ids.tolist(), strict=True)
        return np.array([node for _code, node in sorted((code, node) for code, name, node in named if name == level)])


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Both trees."""

    products: Tree
    orgs: Tree

    @cached_property
    def sha(self) -> str:
        return f"{self.products.sha}{self.orgs.sha}"

    def is_leaf(self, product: int | None, org: int | None) -> bool:
        """Whether both nodes are leaves: only there a plan holds a cell."""
        if product is None or org is None:
            return False
        sides = ((self.products, product), (self.orgs, org))
        return all(bool(tree.is_leaf[tree.position_of(node)]) for tree, node in sides)

    def leaf_keys(self, product: Node, org: Node) -> Ints:
        """Key pairs [n, 2] of every leaf product × leaf org under two nodes, sorted."""
        products, orgs = self.products.leaves_under(product), self.orgs.leaves_under(org)
        return np.column_stack([np.repeat(products, len(orgs)), np.tile(orgs, len(products))])

    def leaf_rows(self, axis: Axis, product: Node = None, org: Node = None) -> Ints:
        """Rows of a product × org axis that lie at or under two nodes."""
        found = self.products.id_of(product)
        if found is None or not self.products.is_leaf[self.products.position_of(found)]:
            return np.flatnonzero(self._inside(axis, [found], [org]))
        first, stop = np.searchsorted(axis.packed, [found << 32, (found + 1) << 32]).tolist()
        return first + np.flatnonzero(self.orgs.contains(axis.keys[first:stop, 1], [org]))

    def scope_rows(self, axis: Axis, scope: Scope) -> Bools:
        """Per row of a product × org axis, whether the scope allows to see it."""
        products = [None] if scope.products is None else self._known(self.products, scope.products)
        orgs = [None] if scope.orgs is None else self._known(self.orgs, scope.orgs)
        return self._inside(axis, products, orgs)

    def scope_leaves(self, scope: Scope) -> tuple[Ints, Ints]:
        """Ids of the leaf products and leaf orgs a scope allows."""
        products = [None] if scope.products is None else self._known(self.products, scope.products)
        orgs = [None] if scope.orgs is None else self._known(self.orgs, scope.orgs)
        return self.products.leaves_under(products), self.orgs.leaves_under(orgs)

    def is_in_scope(self, scope: Scope, product: Node, org: Node) -> bool:
        """Whether everything under two nodes lies inside a scope."""
        pairs = ((self.products, scope.products, product), (self.orgs, scope.orgs, org))
        for tree, nodes, node in pairs:
            if nodes is None:
                continue
            position = tree.position_of(node)
            allowed = [tree.position_of(n) for n in self._known(tree, nodes)]
            if not np.isin(tree.paths[position], allowed).any():
                return False
        return True

    def group_codes(self, axis: Axis, product_depth: int, org_depth: int) -> Ints:
        """Per row of a product × org axis, one integer naming its ancestors at two depths.

        ``product position × (orgs + 1) + org position``; −1 for keys outside the trees.
        """
        products, orgs = self.products.positions(axis.keys[:, 0]), self.orgs.positions(axis.keys[:, 1])
        product_at = self.products.paths[products, min(product_depth, self.products.paths.shape[1] - 1)]
        org_at = self.orgs.paths[orgs, min(org_depth, self.orgs.paths.shape[1] - 1)]
        known = (products >= 0) & (orgs >= 0)
        return np.where(known, product_at * (len(self.orgs.ids) + 1) + org_at, -1)

    def _inside(self, axis: Axis, products: Sequence[Node], orgs: Sequence[Node]) -> Bools:
        inside = np.ones(len(axis), bool)
        for tree, nodes, column in ((self.products, products, 0), (self.orgs, orgs, 1)):
            if None not in nodes:
                inside &= np.append(tree.is_under(nodes), False)[_positions(tree, axis, column)]
        return inside

    @staticmethod
    def _known(tree: Tree, codes: Iterable[str]) -> list[Node]:
        """A scope may name a node that was taken away; it then allows nothing there."""
        return [code for code in sorted(codes) if code in tree._by_code]


def _positions(tree: Tree, axis: Axis, column: int) -> Ints:
    """Position of each row's id in a tree, kept: many nodes are asked of the same axis."""
    key = ("positions", tree.sha, axis.sha, column)
    return cache.CONTENT.get_or_make(key, lambda: tree.positions(axis.keys[:, column]))


_loading = threading.Lock()


def load_hierarchy() -> Hierarchy:
    """Today's trees, kept in memory until master data changes (one statement over indexes tells)."""
    mark = get_master_mark(Product, Org)
    held = cache.TREES.get(mark)
    if held is not None:
        return held
    with _loading:
        hierarchy = Hierarchy(_load_tree(Product, AxisKind.PRODUCT_TREE), _load_tree(Org, AxisKind.ORG_TREE))
        cache.TREES.put(mark, hierarchy)
    return hierarchy


def _load_tree(model: type[Model], kind: str) -> Tree:
    columns = ("id", Coalesce("parent_id", Value(0)), "code", "level")
    rows = list(model._default_manager.order_by("id").values_list(*columns))
    ids, parents, codes, levels = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Tree(kind, np.array(ids, np.int64), np.array(parents, np.int64), tuple(codes), tuple(levels))
