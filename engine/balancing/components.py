"""Which products have nothing to do with each other: the independent parts of a supply network.

Two products belong together when one goes into the other, or when both use the same resource, the same material at a
site, a material whose supplier has a limit, or a site whose room is limited. Plans of parts that share nothing are
together the plan of the whole, so that they can be solved beside each other.
"""

from __future__ import annotations

import heapq

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from engine.balancing.contracts import BalanceProblem, Ints

EXACT_NONZEROS = 2_500_000  # beyond it an exact plan takes more than minutes
PART_NONZEROS = 60_000  # smaller parts are solved in one: a solver begun for each would take longer


def find_components(problem: BalanceProblem) -> Ints:
    """[products] number of the independent part each product belongs to, in order of their first product."""
    points, materials = problem.points, problem.material_lines
    product = points.product
    lines, parts = problem.component_lines, problem.routings
    used = product[materials.point], materials.material_point
    limited = np.isfinite(problem.supplier.quantity).any(axis=1)
    bought = np.isin(problem.material.material[used[1]], problem.supplier.material[limited])
    full = np.isin(points.site, problem.storage.site[np.isfinite(problem.storage.quantity).any(axis=1)])
    links = [
        (product[lines.point], product[lines.component], len(problem.products)),
        (product[parts.point], parts.resource, len(problem.resource)),
        (*used, len(problem.material)),
        (used[0][bought], problem.material.material[used[1][bought]], len(problem.materials)),
        (product[full], points.site[full], len(problem.sites)),
    ]
    return _connect(len(problem.products), links)


def _connect(products: int, links: list[tuple[Ints, Ints, int]]) -> Ints:
    """Components of a graph of products and, behind them, whatever else they are linked to (the first: products)."""
    rows, columns, size = [], [], products
    for position, (source, target, entities) in enumerate(links):
        rows.append(source)
        columns.append(target if position == 0 else target + size)
        size += 0 if position == 0 else entities
    row, column = np.concatenate(rows), np.concatenate(columns)
    graph = sparse.coo_matrix((np.ones(len(row)), (row, column)), shape=(size, size))
    labels = connected_components(graph, directed=False)[1][:products]
    _first, numbers = np.unique(labels, return_inverse=True)
    order = np.full(numbers.max(initial=-1) + 1, products)
    np.minimum.at(order, numbers, np.arange(products))
    rank = np.argsort(np.argsort(order))
    found: Ints = rank[numbers].astype(np.int64)
    return found


def independent_parts(problem: BalanceProblem, nonzeros: int) -> Ints | None:
    """[products] components bundled into parts of about equal work, to be solved exactly beside each other.

    ``nonzeros`` is the size of the whole program. None: there is one part only, or one is too large to be solved
    exactly. The answer follows from the problem alone, so that every process divides it alike.
    """
    component = find_components(problem)
    work = np.bincount(component, weights=_work(problem), minlength=1)
    work = nonzeros * work / max(1.0, work.sum())
    parts = int(min(len(work), nonzeros // PART_NONZEROS))
    if parts < 2 or work.max() > EXACT_NONZEROS:
        return None
    loads = [(0.0, part) for part in range(parts)]
    chosen = np.zeros(len(work), dtype=np.int64)
    for number in np.lexsort((np.arange(len(work)), -work)).tolist():
        load, part = heapq.heappop(loads)
        chosen[number] = part
        heapq.heappush(loads, (load + float(work[number]), part))
    if max(loads)[0] > EXACT_NONZEROS:
        return None
    groups: Ints = chosen[component]
    return groups


def _work(problem: BalanceProblem) -> np.ndarray:
    """[products] lines, lanes and classes: what a product's share of the program goes with."""
    product, count = problem.points.product, len(problem.products)
    owners = [
        product,
        product[problem.lanes.point],
        product[problem.routings.point],
        product[problem.material_lines.point],
        product[problem.component_lines.point],
        problem.demand.product,
        product[problem.transfers.source],
    ]
    return sum((np.bincount(owner, minlength=count) for owner in owners), np.zeros(count))
