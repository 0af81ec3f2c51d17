"""Two ways to read a place: in units, or in money at the sales prices of the month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from demand.measures import ACTUAL, ACTUAL_REVENUE
from demand.selectors.place import Place
from engine.money import value
from masterdata.models import Company
from masterdata.prices import load_price_rates
from plans.cubes import Cube
from plans.selectors import HeadRef, load_measure, load_nodes

Ints = NDArray[np.int64]
Figures = list[int | None]


class Reader(Protocol):
    """Reads measures of a version at a place, one list of smallest units a measure."""

    @property
    def place(self) -> Place: ...

    def read(
        self, version_id: int, measures: Iterable[str], months: range, heads: Mapping[str, HeadRef]
    ) -> dict[str, Figures]: ...

    def total(self, cube: Cube, rows: Ints) -> Figures:
        """Sum of some rows of a quantity cube."""


@dataclass(frozen=True)
class UnitReader:
    """Units, from the store's kept totals."""

    place: Place

    def read(
        self, version_id: int, measures: Iterable[str], months: range, heads: Mapping[str, HeadRef]
    ) -> dict[str, Figures]:
        totals = load_nodes(
            version_id=version_id,
            measures=measures,
            nodes=[self.place.node],
            months=months,
            scope=self.place.scope,
            hierarchy=self.place.hierarchy,
            heads=heads,
        )
        return {code: _figures(node.values[0], node.present[0]) for code, node in totals.items()}

    def total(self, cube: Cube, rows: Ints) -> Figures:
        return _sum(cube, rows)


@dataclass(frozen=True)
class RevenueReader:
    """Money: each leaf's units × its price of the month, exact in the minor unit. Actuals as they were invoiced."""

    place: Place
    company: Company
    _rates: dict[tuple[str, int, int], Ints] = field(default_factory=dict)

    def read(
        self, version_id: int, measures: Iterable[str], months: range, heads: Mapping[str, HeadRef]
    ) -> dict[str, Figures]:
        found: dict[str, Figures] = {}
        for code in measures:
            cube = load_measure(version_id=version_id, measure=code, months=months, heads=heads)
            found[code] = self.total(cube, self.place.rows(cube.axis))
        if ACTUAL in found and ACTUAL_REVENUE in heads:
            invoiced = load_measure(version_id=version_id, measure=ACTUAL_REVENUE, months=months, heads=heads)
            sums = _sum(invoiced, self.place.rows(invoiced.axis))
            found[ACTUAL] = [billed or priced for billed, priced in zip(sums, found[ACTUAL], strict=True)]
        return found

    def total(self, cube: Cube, rows: Ints) -> Figures:
        amounts = value(
            cube.values[rows],
            self._rates_of(cube)[rows],
            quantity_scale=cube.scale,
            money_scale=self.company.currency_decimals,
        )
        present = None if cube.present is None else cube.present[rows]
        return _figures(amounts.sum(axis=0), _any(present, cube.ncols))

    def _rates_of(self, cube: Cube) -> Ints:
        key = (cube.axis.sha, cube.first_month, cube.ncols)
        if key not in self._rates:
            self._rates[key] = load_price_rates(cube.axis.keys, cube.months, company=self.company)
        return self._rates[key]


def _sum(cube: Cube, rows: Ints) -> Figures:
    present = None if cube.present is None else cube.present[rows]
    return _figures(cube.values[rows].sum(axis=0), _any(present, cube.ncols))


def _any(present: NDArray[np.bool_] | None, ncols: int) -> NDArray[np.bool_]:
    return np.ones(ncols, dtype=bool) if present is None else np.asarray(present.any(axis=0), dtype=bool)


def _figures(values: Ints, present: NDArray[np.bool_]) -> Figures:
    return [number if known else None for number, known in zip(values.tolist(), present.tolist(), strict=True)]
