"""Which declared rule governs which rows: the nearest product above a leaf wins over the company."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from plans.cubes import Axis
from plans.hierarchy import Hierarchy

Ints = NDArray[np.int64]


def governed_rows(hierarchy: Hierarchy, axis: Axis, declared: Iterable[int | None]) -> dict[int | None, Ints]:
    """Product id of a rule (None: the company) → rows of a product × org axis it governs; every row once."""
    tree = hierarchy.products
    governs: dict[int | None, Ints] = {None: np.arange(len(axis))}
    for product in sorted((p for p in declared if p), key=lambda p: int(tree.depths[tree.position_of(p)])):
        rows = hierarchy.leaf_rows(axis, product)
        governs = {node: np.setdiff1d(held, rows) for node, held in governs.items()} | {product: rows}
    return {node: rows for node, rows in governs.items() if len(rows)}
