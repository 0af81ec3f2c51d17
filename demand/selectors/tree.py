"""The product and region trees beside the grid: value of one month, and what is odd in the next six."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cycles.models import Cycle
from demand.bands import join_widths_of
from demand.choices import Stream
from demand.measures import BASELINE, CONSENSUS, HIGH_80, LOW_80
from demand.selectors.correlation import load_error_correlation
from demand.selectors.place import Place
from masterdata.models import Org, Product
from plans.hierarchy import Tree
from plans.selectors import HeadRef, get_heads, load_measure, load_nodes

Ints = NDArray[np.int64]

NEAR_MONTHS = 6
OPEN_NODES = 40  # a company with fewer nodes is shown whole
OUTSIDE, BELOW_ORDERS, EMPTY = "outside", "below_orders", "empty"


@dataclass(frozen=True)
class TreeNode:
    """One line of the tree. ``flag``: outside its band, below its orders, or without a plan; empty when all is well."""

    code: str
    label: str
    depth: int
    value: float
    flag: str
    has_children: bool
    is_open: bool
    is_here: bool


def load_tree(*, cycle: Cycle, version_id: int, place: Place, side: str, month: int) -> list[TreeNode]:
    """The visible lines of one side (``product`` or ``org``), the way to the place open, children of it too."""
    tree = place.hierarchy.products if side == "product" else place.hierarchy.orgs
    here = place.product if side == "product" else place.org
    tops = _tops(tree, place.scope.products if side == "product" else place.scope.orgs)
    opened = _opened(tree, here, tops)
    lines = [(node, depth) for top in tops for node, depth in _walk(tree, top, opened, 0)]
    return _describe(cycle, version_id, place, side, month, tree, lines, opened, here)


def load_branch(*, cycle: Cycle, version_id: int, place: Place, side: str, month: int, under: str) -> list[TreeNode]:
    """The children of one node, when somebody opens it."""
    tree = place.hierarchy.products if side == "product" else place.hierarchy.orgs
    parent = tree.id_of(under)
    depth = int(tree.depths[tree.position_of(parent)])
    lines = [(int(node), depth) for node in tree.children_of(parent)]
    return _describe(cycle, version_id, place, side, month, tree, lines, frozenset(), None)


def _tops(tree: Tree, nodes: frozenset[str] | None) -> list[int]:
    if nodes is None:
        return [int(node) for node in tree.children_of(None)]
    return [node for code in sorted(nodes) if code in tree.codes and (node := tree.id_of(code)) is not None]


def _opened(tree: Tree, here: int | None, tops: list[int]) -> frozenset[int]:
    """Nodes whose children show: all of a small tree; else the tops and the way down to the place."""
    if len(tree.ids) <= OPEN_NODES:
        return frozenset(int(parent) for parent in np.unique(tree.parents) if parent)
    way = [] if here is None else tree.paths[tree.position_of(here)].tolist()
    return frozenset([*tops, *(int(tree.ids[p]) for p in way if p < len(tree.ids))])


def _walk(tree: Tree, node: int, opened: frozenset[int], depth: int) -> list[tuple[int, int]]:
    lines = [(node, depth)]
    if node in opened:
        for child in tree.children_of(node):
            lines += _walk(tree, int(child), opened, depth + 1)
    return lines


def _describe(
    cycle: Cycle,
    version_id: int,
    place: Place,
    side: str,
    month: int,
    tree: Tree,
    lines: list[tuple[int, int]],
    opened: frozenset[int],
    here: int | None,
) -> list[TreeNode]:
    ids = [node for node, _depth in lines]
    nodes = [(node, place.org) if side == "product" else (place.product, node) for node in ids]
    near = range(cycle.month, cycle.month + NEAR_MONTHS)
    span = range(cycle.month, max(near.stop, month + 1))
    voices = (CONSENSUS, Stream.ORDERS, Stream.CHANNEL)
    heads = get_heads(version_id=version_id, measures=[*voices, BASELINE, LOW_80, HIGH_80])
    totals = load_nodes(
        version_id=version_id,
        measures=voices,
        nodes=nodes,
        months=span,
        scope=place.scope,
        hierarchy=place.hierarchy,
        heads=heads,
    )
    consensus = totals[CONSENSUS].values
    ordered = np.maximum(totals[Stream.ORDERS].values, totals[Stream.CHANNEL].values)[:, :NEAR_MONTHS]
    low, high = _load_bands(version_id, place, side, ids, near, heads)
    planned = consensus[:, :NEAR_MONTHS]
    flags = np.full(len(ids), "", dtype=object)
    flags[((planned < low) | (planned > high)).any(axis=1)] = OUTSIDE
    flags[~planned.any(axis=1)] = EMPTY
    flags[(planned < ordered).any(axis=1)] = BELOW_ORDERS
    labels = _labels(side, ids)
    return [
        TreeNode(
            code=tree.code_of(node),
            label=labels[node],
            depth=depth,
            value=int(consensus[i, month - span.start]) / 10 ** totals[CONSENSUS].scale,
            flag=str(flags[i]),
            has_children=not tree.is_leaf[tree.position_of(node)],
            is_open=node in opened,
            is_here=node == here,
        )
        for i, (node, depth) in enumerate(lines)
    ]


def _labels(side: str, ids: list[int]) -> dict[int, str]:
    model = Product if side == "product" else Org
    return {row.pk: row.label for row in model.objects.filter(pk__in=ids)}


def _load_bands(
    version_id: int, place: Place, side: str, ids: list[int], months: range, heads: Mapping[str, HeadRef]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """80 % bands of many nodes of one side at once, [nodes, months] each."""
    cubes = [
        load_measure(version_id=version_id, measure=code, months=months, heads=heads)
        for code in (BASELINE, LOW_80, HIGH_80)
    ]
    axis = cubes[0].axis
    middle, low, high = (cube.align(axis).values.astype(float) for cube in cubes)
    other = Place(place.hierarchy, place.scope, *((None, place.org) if side == "product" else (place.product, None)))
    rows = other.rows(axis)
    tree = place.hierarchy.products if side == "product" else place.hierarchy.orgs
    paths = tree.paths[tree.positions(axis.keys[rows, 0 if side == "product" else 1])]
    correlation = load_error_correlation(version_id)
    bottom, top = np.zeros((len(ids), len(months))), np.zeros((len(ids), len(months)))
    positions = np.array([tree.position_of(node) for node in ids], dtype=np.int64)
    for depth in np.unique(tree.depths[positions]):
        at = np.flatnonzero(tree.depths[positions] == depth)
        groups = paths[:, depth]
        for column in range(len(months)):
            m = middle[rows, column]
            total = np.bincount(groups, m, minlength=len(tree.ids) + 1)
            down = join_widths_of(groups, m - low[rows, column], correlation, len(tree.ids) + 1)
            up = join_widths_of(groups, high[rows, column] - m, correlation, len(tree.ids) + 1)
            wanted = positions[at]
            bottom[at, column] = np.maximum(np.floor(total[wanted] - down[wanted]), 0)
            top[at, column] = np.ceil(total[wanted] + up[wanted])
    return bottom, top
