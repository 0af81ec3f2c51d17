"""A linear program under construction, and finished.

``min cost·v + offset`` subject to ``row_lower ≤ A·v ≤ row_upper`` and ``lower ≤ v ≤ upper``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from engine.balancing.contracts import BalanceProblem, Bools, Floats, Ints, SolveOptions
from engine.balancing.derived import Derived
from engine.balancing.indexing import Family, Layout


@dataclass(frozen=True)
class LinearProgram:
    """A built model: arrays for the solver and the maps back to business keys."""

    cost: Floats  # [columns]
    offset: float
    lower: Floats
    upper: Floats
    integer: Bools
    row_lower: Floats  # [rows]
    row_upper: Floats
    matrix: sparse.csc_array  # [rows, columns]
    columns: Layout
    rows: Layout


class Draft:
    """Collects families, bounds and coefficients; coefficients come as broadcast array triplets."""

    def __init__(self, problem: BalanceProblem, derived: Derived, options: SolveOptions) -> None:
        self.problem = problem
        self.derived = derived
        self.options = options
        self.columns = Layout(problem.months)
        self.rows = Layout(problem.months)
        self.offset = 0.0
        self._columns: list[tuple[Floats, Floats, Floats, Bools]] = []
        self._rows: list[tuple[Floats, Floats]] = []
        self._triplets: list[tuple[Ints, Ints, Floats]] = []

    def add_columns(
        self,
        name: str,
        members: Ints,
        entities: int,
        *,
        cost: ArrayLike = 0.0,
        lower: ArrayLike = 0.0,
        upper: ArrayLike = np.inf,
        integer: ArrayLike = False,
    ) -> Family:
        """Append a column family; ``cost``, ``lower``, ``upper`` and ``integer`` broadcast to [members, T]."""
        family = self.columns.add(name, members, entities)
        shape = (len(family), self.problem.months)
        whole = np.broadcast_to(np.asarray(integer, dtype=bool), shape).ravel()
        self._columns.append((_spread(cost, shape), _spread(lower, shape), _spread(upper, shape), whole))
        return family

    def whole_months(self) -> Bools:
        """[T] the months in which decisions of whole numbers are whole; later ones are relaxed."""
        near = self.options.integer_months or self.problem.months
        return np.arange(self.problem.months) < near

    def add_rows(self, name: str, members: Ints, entities: int, *, lower: ArrayLike, upper: ArrayLike) -> Family:
        """Append a row family; ``lower`` and ``upper`` broadcast to [members, T]."""
        family = self.rows.add(name, members, entities)
        shape = (len(family), self.problem.months)
        self._rows.append((_spread(lower, shape), _spread(upper, shape)))
        return family

    def add_terms(self, rows: Ints, columns: Ints, values: ArrayLike) -> None:
        """Put ``values`` (broadcast) at the places ``rows`` × ``columns``; equal places add up."""
        rows, columns = np.broadcast_arrays(rows, columns)
        spread = np.broadcast_to(np.asarray(values, dtype=float), rows.shape)
        self._triplets.append((rows.ravel(), columns.ravel(), spread.ravel()))

    def finish(self) -> LinearProgram:
        """Join everything into one program with a canonical (sorted, summed) sparse matrix."""
        rows, columns, values = (np.concatenate(part) for part in zip(*self._triplets, strict=True))
        shape = (self.rows.size, self.columns.size)
        matrix = sparse.csc_array(sparse.coo_array((values, (rows, columns)), shape=shape))
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        costs, lowers, uppers, integers = zip(*self._columns, strict=True)
        return LinearProgram(
            cost=np.concatenate(costs),
            offset=self.offset,
            lower=np.concatenate(lowers),
            upper=np.concatenate(uppers),
            integer=np.concatenate(integers),
            row_lower=np.concatenate([low for low, _ in self._rows]),
            row_upper=np.concatenate([up for _, up in self._rows]),
            matrix=matrix,
            columns=self.columns,
            rows=self.rows,
        )


def _spread(value: ArrayLike, shape: tuple[int, int]) -> Floats:
    return np.broadcast_to(np.asarray(value, dtype=float), shape).ravel()
