"""Launches: what is new, which earlier launches it may resemble, and how those went on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from accounts.models import Scope
from cycles.models import Cycle
from demand.lifecycle import MAX_HISTORY_MONTHS
from demand.models import Launch
from demand.selectors.frame import load_actual
from demand.selectors.place import Place
from engine.forecasting.analogues import LaunchLibrary, collect_launches
from engine.forecasting.contracts import SeriesSet
from masterdata.models import Product
from plans.cubes import Cube
from plans.hierarchy import Hierarchy, Tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PHASE_OUT_MONTHS = 6  # after its last sale in which a product is still worth showing
NEW_MONTHS = 12  # months after its first sale in which a product still counts as new


@dataclass(frozen=True)
class NodeHistories:
    """Sales of product nodes inside a scope, [nodes, T] in units from ``first_month`` on; zero where none."""

    tree: Tree
    first_month: int
    values: Floats

    def of(self, product: int) -> Floats:
        return self.values[self.tree.position_of(product)]

    def first_sale(self) -> Ints:
        """Column of each node's first sale; T where it never sold."""
        if not self.values.shape[1]:
            return np.zeros(len(self.values), np.int64)
        sold = self.values > 0
        return np.where(sold.any(axis=1), sold.argmax(axis=1), self.values.shape[1]).astype(np.int64)


def load_node_histories(*, cycle: Cycle, place: Place) -> NodeHistories:
    """Sales of every product node at the org and in the scope of a place, up to the cycle's month."""
    actual = load_actual()
    first = max(actual.first_month, cycle.month - MAX_HISTORY_MONTHS) if actual.ncols else cycle.month
    window = actual.window(first, max(cycle.month - first, 0))
    rows = Place(place.hierarchy, place.scope, None, place.org).rows(window.axis)
    return NodeHistories(place.hierarchy.products, first, _sum_to_nodes(place.hierarchy.products, window, rows))


def find_launches(histories: NodeHistories) -> LaunchLibrary:
    """Earlier launches, keyed by product id: nodes that began to sell inside the observed months.

    Of a family of nodes that began together the topmost stands for all. A node that took over from a predecessor is
    no launch: its customers were there before.
    """
    tree, first = histories.tree, histories.first_sale()
    if not histories.values.shape[1]:
        return LaunchLibrary(tree.ids[:0], histories.values[:0])
    parents = tree.positions(tree.parents)
    with_parent = np.where(parents >= 0, first[parents], -1)
    followers = set(Product.objects.filter(predecessor__isnull=False).values_list("pk", flat=True))
    own = np.array([node not in followers for node in tree.ids.tolist()], dtype=bool)
    rows = np.flatnonzero((first != with_parent) & own)
    values = histories.values[rows]
    return collect_launches(SeriesSet(tree.ids[rows], values, histories.first_month))


def likeness(tree: Tree, product: int, others: Ints) -> tuple[Floats, list[list[str]]]:
    """Share of the features each of ``others`` shares with a product, [m] in 0 … 1, and which they are.

    Features are its attributes (of a group: those all its leaves share) and the group above it.
    """
    wanted = _features(tree, product)
    shared = []
    for other in others.tolist():
        have = _features(tree, other)
        shared.append(sorted(name for name, said in wanted.items() if have.get(name) == said))
    shares = np.array([len(names) / max(len(wanted), 1) for names in shared])
    return shares, shared


def list_new_products(*, cycle: Cycle, scope: Scope, histories: NodeHistories) -> list[int]:
    """Ids of the topmost nodes below which everything is new: began in the past year, or is still to come."""
    tree = histories.tree
    return _topmost(tree, _is_new(cycle, histories), tree.seen_by(scope.products))


@dataclass(frozen=True)
class PhaseOut:
    """A product that ends or hands over: its last month of sales, and the products that follow it."""

    product: Product
    last_month: int | None
    followers: list[Product]


def list_phase_outs(*, cycle: Cycle, scope: Scope, hierarchy: Hierarchy) -> list[PhaseOut]:
    """Topmost products below which everything ends before the plan does, or is followed by another product."""
    tree = hierarchy.products
    horizon = range(cycle.month - PHASE_OUT_MONTHS, cycle.month + cycle.horizon)
    ending = Product.objects.filter(end_month__in=list(horizon))
    ends = {product.pk: product.end_month for product in ending if product.end_month is not None}
    followers: dict[int, list[Product]] = {}
    recent = Q(launch_month__isnull=True) | Q(launch_month__gte=horizon.start)
    for follower in Product.objects.filter(recent, predecessor__isnull=False).order_by("code"):
        followers.setdefault(follower.predecessor_id or 0, []).append(follower)
    leaving = np.isin(tree.ids, [*ends, *followers])
    found = _topmost(tree, leaving, tree.seen_by(scope.products))
    products = Product.objects.in_bulk(found)
    outs = []
    for node in found:
        below = tree.ids[tree.is_under([node])].tolist()
        months = [ends[child] for child in below if child in ends]
        after = {f.pk: f for child in below for f in followers.get(child, [])}
        outs.append(PhaseOut(products[node], max(months, default=None), list(after.values())))
    return outs


def _topmost(tree: Tree, is_such: NDArray[np.bool_], visible: NDArray[np.bool_]) -> list[int]:
    """Ids of the topmost visible nodes below the top of whose leaves all are such."""
    leaves = np.flatnonzero(tree.is_leaf)
    count = len(tree.ids)
    below, such = np.zeros(count + 1, np.int64), np.zeros(count + 1, np.int64)
    for depth in range(tree.paths.shape[1]):
        fresh = _fresh(tree, leaves, depth)
        np.add.at(below, tree.paths[leaves[fresh], depth], 1)
        np.add.at(such, tree.paths[leaves[fresh], depth], is_such[leaves[fresh]].astype(np.int64))
    whole = (below == such)[:count] & (below[:count] > 0) & (tree.depths[:count] > 1)
    parents = tree.positions(tree.parents)
    topmost = whole & ~np.where(parents >= 0, whole[parents], False) & visible
    return [int(node) for node in tree.ids[topmost]]


def _fresh(tree: Tree, positions: Ints, depth: int) -> NDArray[np.bool_]:
    """Per position, whether its path has a node of its own at a depth: below itself a path repeats its end."""
    paths = tree.paths[positions]
    return np.ones(len(positions), bool) if depth == 0 else paths[:, depth] != paths[:, depth - 1]


def _is_new(cycle: Cycle, histories: NodeHistories) -> NDArray[np.bool_]:
    """Per node, by its own sales and declared months: new, not a successor and not ended."""
    first, width = histories.first_sale(), histories.values.shape[1]
    recent = cycle.month - NEW_MONTHS
    began = (first == width) | ((first > 0) & (histories.first_month + first > recent))
    old = Q(launch_month__lte=recent) | Q(end_month__lt=cycle.month) | Q(predecessor__isnull=False)
    named = Product.objects.filter(old).values_list("pk", flat=True)
    return began & ~np.isin(histories.tree.ids, list(named))


def list_launches(scope: Scope, hierarchy: Hierarchy) -> list[Launch]:
    """Planned launches of products inside a scope."""
    rows = Launch.objects.select_related("product", "org", "owner").order_by("product__code")
    seen = set(hierarchy.products.ids[hierarchy.products.seen_by(scope.products)].tolist())
    return [row for row in rows if row.product_id in seen]


def find_launch_month(product: Product) -> int | None:
    """The product's own launch month, else the first of its nearest descendants that have one."""
    if product.launch_month is not None:
        return product.launch_month
    below = list(Product.objects.filter(parent=product))
    while below:
        months = [child.launch_month for child in below if child.launch_month is not None]
        if months:
            return min(months)
        below = list(Product.objects.filter(parent__in=below))
    return None


def _sum_to_nodes(tree: Tree, cube: Cube, rows: Ints) -> Floats:
    values = cube.values[rows].astype(float) / 10**cube.scale
    positions = tree.positions(cube.axis.keys[rows, 0])
    sums = np.zeros((len(tree.ids) + 1, cube.ncols))
    for depth in range(tree.paths.shape[1]):
        fresh = _fresh(tree, positions, depth)
        np.add.at(sums, tree.paths[positions[fresh], depth], values[fresh])
    return sums[:-1]


def _features(tree: Tree, product: int) -> dict[str, str]:
    leaves = Product.objects.filter(pk__in=tree.leaves_under(product).tolist()).values_list("attributes", flat=True)
    told = [dict(attributes or {}) for attributes in leaves]
    common = set.intersection(*(set(each.items()) for each in told)) if told else set()
    parent = int(tree.parents[tree.position_of(product)])
    above = {"family": tree.code_of(_family(tree, product))} if parent else {}
    return {str(name): str(said) for name, said in sorted(common)} | above


def _family(tree: Tree, product: int) -> int:
    """The node's ancestor below the top: its family, where one node holds the whole company."""
    path = tree.paths[tree.position_of(product)]
    depth = 2 if np.count_nonzero(tree.parents == 0) == 1 else 1
    return int(tree.ids[path[min(depth, len(path) - 1)]])
