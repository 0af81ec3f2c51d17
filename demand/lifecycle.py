"""When products sell and whom they follow: launch, end and predecessor of the rows of an axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plans.cubes import Axis

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MAX_HISTORY_MONTHS = 120  # how far back the forecast looks
NEVER = -(10**6)
FOREVER = 10**6


@dataclass(frozen=True)
class Lifecycle:
    """When each row of an axis sells: absolute first and last month, ``NEVER`` / ``FOREVER`` when not declared."""

    launch: Ints
    end: Ints

    def is_sold(self, first_month: int, ncols: int) -> NDArray[np.bool_]:
        """bool [rows, ncols]: the product is on sale in that month."""
        months = np.arange(first_month, first_month + ncols)
        return (months >= self.launch[:, None]) & (months <= self.end[:, None])


def link_predecessors(history: Floats, axis: Axis, predecessors: Mapping[int, int]) -> tuple[Floats, Ints]:
    """Add the predecessor's sales at the same org to a successor's history, up to the hand-over.

    ``predecessors`` maps product id → predecessor's id. Returns the linked history and the rows it changed. Chains
    are followed from the oldest on, so a third generation carries both.
    """
    linked = history.copy()
    changed: list[int] = []
    for product in _oldest_first(predecessors):
        rows = np.flatnonzero(axis.keys[:, 0] == product)
        if not len(rows):
            continue
        wanted = np.column_stack([np.full(len(rows), predecessors[product]), axis.keys[rows, 1]])
        before = axis.rows_of(wanted)
        found = before >= 0
        linked[rows[found]] += linked[before[found]]
        changed += [int(row) for row in rows[found] if linked[row].any()]
    return linked, np.array(sorted(changed), dtype=np.int64)


def _oldest_first(predecessors: Mapping[int, int]) -> list[int]:
    def generation(product: int, seen: frozenset[int] = frozenset()) -> int:
        parent = predecessors.get(product)
        return 0 if parent is None or product in seen else 1 + generation(parent, seen | {product})

    return sorted(predecessors, key=lambda product: (generation(product), product))
