"""The flex band (R-055): demand 900, capacity prepared for 950, core materials for 1000."""

from __future__ import annotations

import numpy as np

from demand.measures import CONSENSUS, FLEX_CAPACITY, FLEX_MATERIAL
from demand.selectors.product_policies import load_product_policies
from demand.selectors.readers import Figures, Reader
from demand.splitting import share_by_product
from plans.cubes import Cube
from plans.hierarchy import Hierarchy
from plans.selectors import load_measure


def flex_cubes(consensus: Cube, hierarchy: Hierarchy) -> dict[str, Cube]:
    """Both edges of the band for a consensus that holds every org of its products.

    A product's figure is rounded once over all its orgs and shared by largest remainder.
    """
    products, groups = np.unique(consensus.axis.keys[:, 0], return_inverse=True)
    policies = load_product_policies(hierarchy, products)
    edges = {FLEX_CAPACITY: policies.flex_capacity, FLEX_MATERIAL: policies.flex_material}
    return {
        code: Cube(
            consensus.axis,
            consensus.first_month,
            share_by_product(percent[groups], consensus.values, groups),
            consensus.unit,
            consensus.scale,
        )
        for code, percent in edges.items()
    }


def load_flex_rows(*, version_id: int, months: range, reader: Reader) -> dict[str, Figures]:
    """Both edges of the band at the reader's place, as they follow from the consensus of this moment."""
    consensus = load_measure(version_id=version_id, measure=CONSENSUS, months=months)
    place = reader.place
    wanted = place.rows(consensus.axis)
    if not len(wanted):
        return {code: [None] * len(months) for code in (FLEX_CAPACITY, FLEX_MATERIAL)}
    whole = consensus.take(place.hierarchy.leaf_rows(consensus.axis, place.product))
    rows = whole.axis.rows_of(consensus.axis.keys[wanted])
    return {code: reader.total(cube, rows) for code, cube in flex_cubes(whole, place.hierarchy).items()}
