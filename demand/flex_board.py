"""The flex band family by family: what demand asks, what capacity and core materials are prepared for, and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accounts.models import User
from accounts.policies import can
from accounts.selectors import get_scope
from demand.flex_wording import FlexEdgeText, tell_flex
from demand.measures import CONSENSUS
from demand.selectors.flex import EDGES, get_flex_basis, load_flex_cubes, load_flex_totals
from demand.selectors.flex_basis import family_ids
from demand.selectors.place import Ints, Place
from masterdata.models import Product
from plans.cubes import Cube
from plans.hierarchy import load_hierarchy
from plans.selectors import load_measure


@dataclass(frozen=True)
class FlexFamily:
    """One family over the months of a plan, in smallest units: demand ≤ capacity ≤ material."""

    product: Product
    demand: list[int]
    capacity: list[int]
    material: list[int]
    why_capacity: FlexEdgeText
    why_material: FlexEdgeText


def list_flex_families(*, version_id: int, months: range, user: User) -> list[FlexFamily]:
    """Every family that the user sees demand of, inside their scope; the largest first.

    A product's band is set over all its regions; a region sees its share.
    """
    hierarchy, scope = load_hierarchy(), get_scope(user)
    consensus = load_measure(version_id=version_id, measure=CONSENSUS, months=months)
    families, sums = _sum_by_family(version_id, consensus, Place(hierarchy, scope, None, None))
    products, basis = Product.objects.in_bulk(families.tolist()), get_flex_basis(version_id)
    sees_costs = can(user, "finance.view_costs")
    lines = []
    for row, family in enumerate(families.tolist()):
        if sums[CONSENSUS][row].any():
            place = Place(hierarchy, scope, family, None)
            told = tell_flex(basis, place=place, months=months, sees_costs=sees_costs)
            figures = (sums[code][row].tolist() for code in (CONSENSUS, *EDGES))
            lines.append(FlexFamily(products[family], *figures, *(told[edge] for edge in EDGES)))
    return sorted(lines, key=lambda line: (-sum(line.demand), line.product.code))


def _sum_by_family(version_id: int, consensus: Cube, place: Place) -> tuple[Ints, dict[str, Ints]]:
    """Family ids, and measure → int64 [families, months] of what the place's scope shows."""
    hierarchy, keys = place.hierarchy, consensus.axis.keys
    if place.scope.is_everything:
        found = load_flex_totals(version_id=version_id, figures=consensus, hierarchy=hierarchy)
        products, at = np.unique(keys[:, 0], return_inverse=True)
        parts = [(CONSENSUS, consensus.values, products[at]), *((edge, found[edge], products) for edge in EDGES)]
    else:
        rows = place.rows(consensus.axis)
        cubes = load_flex_cubes(version_id=version_id, figures=consensus, hierarchy=hierarchy)
        seen = keys[rows, 0]
        parts = [(CONSENSUS, consensus.values[rows], seen), *((edge, cubes[edge].values[rows], seen) for edge in EDGES)]
    families = np.unique(family_ids(hierarchy.products, parts[0][2]))
    sums = {}
    for code, values, products in parts:
        groups = np.searchsorted(families, family_ids(hierarchy.products, products))
        sums[code] = np.zeros((len(families), values.shape[1]), dtype=np.int64)
        np.add.at(sums[code], groups, values)
    return families, sums
