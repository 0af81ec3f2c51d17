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
END_MONTHS, USUAL_MONTHS = 3, 6  # of a product's life: the run-down before its end, and what it is measured against
FEWEST_ENDED = 5


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


def run_down(months: Ints, first: Ints | int, last: Ints | int) -> Floats:
    """Share of demand left in each month of a phase-out: one step down in its first month, none after its last.

    >>> run_down(np.arange(5), 1, 3).tolist()
    [1.0, 0.75, 0.5, 0.25, 0.0]
    """
    return np.clip((last + 1 - months) / (np.asarray(last) - first + 2), 0.0, 1.0)


def learn_last_months(history: Floats, last_column: Ints) -> Floats:
    """Share of their usual sales that ended products still sold in their last three months, [3].

    ``history`` [n, T] of products whose last month of sale was column ``last_column`` [n]; usual is the half year
    before. Fewer than five ended products: a straight way down.
    """
    shares = []
    for row, last in zip(history, last_column.tolist(), strict=True):
        usual = row[last - END_MONTHS - USUAL_MONTHS + 1 : last - END_MONTHS + 1]
        if last >= END_MONTHS + USUAL_MONTHS - 1 and usual.mean() > 0:
            shares.append(row[last - END_MONTHS + 1 : last + 1] / usual.mean())
    if len(shares) < FEWEST_ENDED:
        return run_down(np.arange(END_MONTHS), 0, END_MONTHS - 1)
    return np.clip(np.median(shares, axis=0), 0.0, 1.0)


def share_with_predecessors(values: Floats, axis: Axis, predecessors: Mapping[int, int], linked: Ints) -> Floats:
    """What of the figures [rows, months] of linked successors is not still sold by their predecessors.

    A linked row was forecast from the sales of its whole line, so what older products still sell is taken off.
    """
    own, taken = values.copy(), np.zeros(values.shape)
    is_linked = np.zeros(len(axis), bool)
    is_linked[linked] = True
    for product in _oldest_first(predecessors):
        rows = np.flatnonzero((axis.keys[:, 0] == product) & is_linked)
        before = axis.rows_of(np.column_stack([np.full(len(rows), predecessors[product]), axis.keys[rows, 1]]))
        rows, before = rows[before >= 0], before[before >= 0]
        taken[rows] = own[before] + taken[before]
        own[rows] = np.maximum(values[rows] - taken[rows], 0.0)
    return own
