"""The flex band (R-055): demand 900, capacity prepared for 950, core materials for 1000.

A share that a planner declared for a product or something above it wins; else the family's measured share of the
month; else the standard. Every page, the balance, MPS and REST take the shares from here, as the plan published them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demand.choices import FlexSource
from demand.measures import CONSENSUS, FLEX_CAPACITY, FLEX_MATERIAL
from demand.models import FlexBasis
from demand.selectors.flex_basis import family_ids, list_declared
from demand.selectors.readers import Figures, Reader, UnitReader
from demand.splitting import raise_products, share_by_product
from masterdata.models import STANDARD_FLEX_PCT
from plans.cache import CONTENT
from plans.cubes import Cube
from plans.hierarchy import Hierarchy, Tree, load_hierarchy
from plans.measures import get_measure
from plans.selectors import HeadRef, State, Tail, heads_tag, load_measure, load_measure_state

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
EDGES = (FLEX_CAPACITY, FLEX_MATERIAL)


@dataclass(frozen=True, eq=False)
class FlexShares:
    """Per cent beyond the demand, [products, months], capacity ≤ material.

    ``sources`` : edge → a ``FlexSource`` of each product.
    """

    capacity: Floats
    material: Floats
    sources: dict[str, NDArray[np.str_]]

    def of(self, edge: str) -> Floats:
        return self.capacity if edge == FLEX_CAPACITY else self.material


def get_flex_basis(version_id: int) -> dict[str, Any]:
    """What the plan published, for a scenario its cycle's plan; before that only what is declared at this moment."""
    rows = FlexBasis.objects.filter(version__cycle__versions=version_id).order_by("-at", "-pk")
    found = {row.version_id: row.data for row in rows}
    data: dict[str, Any] | None = found.get(version_id) or next(iter(found.values()), None)
    return data or {"first_month": 0, "declared": list_declared(), "families": []}


def load_flex_shares(*, version_id: int, hierarchy: Hierarchy, products: Ints, months: range) -> FlexShares:
    """The shares of product ids [n] in the months of a plan."""
    return share_by_basis(get_flex_basis(version_id), hierarchy.products, products, months)


def share_by_basis(basis: dict[str, Any], tree: Tree, products: Ints, months: range) -> FlexShares:
    """The shares that a basis (``flex_basis.build_basis``) gives to product ids [n]."""
    declared = _find_declared(basis["declared"], tree, products)
    families = {row["product"]: row for row in basis["families"]}
    of_product = family_ids(tree, products).tolist()
    found, sources = [], {}
    for column, (edge, name) in enumerate(zip(EDGES, ("capacity", "material"), strict=True)):
        measured = {family: _in_months(row[name], basis["first_month"], months) for family, row in families.items()}
        nothing = np.full(len(months), np.nan)
        values = np.array([measured.get(family, nothing) for family in of_product]).reshape(-1, len(months))
        is_measured = ~np.isnan(values).all(axis=1)
        values = np.where(np.isnan(values), STANDARD_FLEX_PCT[column], values)
        is_declared = ~np.isnan(declared[:, column])
        values[is_declared] = declared[is_declared, column, None]
        found.append(values)
        sources[edge] = np.where(
            is_declared, FlexSource.DECLARED, np.where(is_measured, FlexSource.MEASURED, FlexSource.STANDARD)
        )
    return FlexShares(found[0], np.maximum(*found), sources)


def _find_declared(declared: dict[str, list[float | None]], tree: Tree, products: Ints) -> Floats:
    """[products, 2] what the nearest policy above each product names; NaN where none does."""
    given = np.full((len(tree.ids) + 1, 2), np.nan)
    if declared:
        at = tree.positions(np.array(list(declared), dtype=np.int64))
        given[at[at >= 0]] = np.array(list(declared.values()), dtype=float)[at >= 0]  # None becomes NaN
    found = np.full((len(products), 2), np.nan)
    paths = tree.paths[tree.positions(products)]
    for depth in range(paths.shape[1]):  # a nearer one overwrites
        here = given[paths[:, depth]]
        found = np.where(np.isnan(here), found, here)
    return found


def _in_months(shares: list[float | None], first_month: int, months: range) -> Floats:
    """[T] shares by month of the plan; NaN where none is known."""
    values = np.array([np.nan if share is None else share for share in shares], dtype=float)
    at = np.array(months, dtype=np.int64) - first_month
    inside = (at >= 0) & (at < len(values))
    out = np.full(len(months), np.nan)
    out[inside] = values[at[inside]]
    return out


def flex_cubes(figures: Cube, shares: FlexShares) -> dict[str, Cube]:
    """Both edges of the band round a plan figure that holds every org of its products.

    ``shares`` are those of the figure's products in ascending order. A product's edge is rounded once over all its orgs
    and shared by largest remainder.
    """
    products = figures.axis.keys[:, 0]
    return {
        edge: Cube(
            figures.axis,
            figures.first_month,
            share_by_product(shares.of(edge), figures.values, products),
            figures.unit,
            figures.scale,
        )
        for edge in EDGES
    }


def load_flex_cubes(*, version_id: int, figures: Cube, hierarchy: Hierarchy) -> dict[str, Cube]:
    """Both edges round a figure of a plan, by the shares the plan published."""
    return flex_cubes(figures, _shares_of(figures, get_flex_basis(version_id), hierarchy))


def derive_edge(edge: str, heads: Mapping[str, HeadRef]) -> State:
    """An open plan's edge as it follows from its consensus of this moment and the shares the plan published."""
    consensus, hierarchy = load_measure_state(CONSENSUS, heads), load_hierarchy()
    basis = get_flex_basis(heads[edge].version_id)
    sources = {code: heads[code] for code in get_measure(CONSENSUS).stored}
    shares = hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()
    key = ("flex", edge, heads_tag(sources), shares, hierarchy.products.sha)

    def make() -> Cube:
        figures = consensus.cube()
        return flex_cubes(figures, _shares_of(figures, basis, hierarchy))[edge] if len(figures.axis) else figures

    return State(CONTENT.get_or_make(key, make), Tail.empty(), key)


def load_flex_totals(*, version_id: int, figures: Cube, hierarchy: Hierarchy) -> dict[str, Ints]:
    """Both edges by product over all its orgs, int64 [products, months] in ascending order of product.

    What ``load_flex_cubes`` adds up to, without sharing it out: a hundredth of the work at 10,000 products.
    """
    shares = _shares_of(figures, get_flex_basis(version_id), hierarchy)
    products = figures.axis.keys[:, 0]
    return {edge: raise_products(shares.of(edge), figures.values, products)[0] for edge in EDGES}


def _shares_of(figures: Cube, basis: dict[str, Any], hierarchy: Hierarchy) -> FlexShares:
    return share_by_basis(basis, hierarchy.products, np.unique(figures.axis.keys[:, 0]), figures.months)


def load_flex_rows(*, version_id: int, months: range, reader: Reader) -> dict[str, Figures]:
    """Both edges of the band at the reader's place, as they follow from the consensus of this moment."""
    consensus = load_measure(version_id=version_id, measure=CONSENSUS, months=months)
    place = reader.place
    wanted = place.rows(consensus.axis)
    if not len(wanted):
        return {code: [None] * len(months) for code in EDGES}
    whole = consensus.take(place.hierarchy.leaf_rows(consensus.axis, place.product))
    if isinstance(reader, UnitReader) and len(wanted) == len(whole.axis):
        totals = load_flex_totals(version_id=version_id, figures=whole, hierarchy=place.hierarchy)
        return {code: [*edges.sum(axis=0).tolist()] for code, edges in totals.items()}
    rows = whole.axis.rows_of(consensus.axis.keys[wanted])
    cubes = load_flex_cubes(version_id=version_id, figures=whole, hierarchy=place.hierarchy)
    return {code: reader.total(cube, rows) for code, cube in cubes.items()}
