"""Fences and flex shares of products: a policy holds for everything below its product until a nearer one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masterdata.models import Policy
from plans.hierarchy import Hierarchy


@dataclass(frozen=True)
class ProductPolicies:
    """One entry per product asked for; percentages as 5.6 for 5.6 %, fences in months."""

    frozen_months: NDArray[np.int64]
    slushy_months: NDArray[np.int64]
    flex_capacity: NDArray[np.float64]
    flex_material: NDArray[np.float64]


def load_product_policies(hierarchy: Hierarchy, products: NDArray[np.int64]) -> ProductPolicies:
    """The policies of product ids [n]. Material is never prepared for less than capacity."""
    columns = ("frozen_months", "slushy_months", "flex_capacity_pct", "flex_material_pct")
    general = Policy.objects.filter(site__isnull=True).values_list("product", *columns)
    declared = {row[0]: row[1:] for row in general}
    standard = Policy()
    tree = hierarchy.products
    paths = tree.paths[tree.positions(products)]
    rows = np.array([_nearest(declared, tree.ids, path, standard) for path in paths.tolist()], dtype=float)
    rows = rows.reshape(-1, len(columns))
    return ProductPolicies(
        frozen_months=rows[:, 0].astype(np.int64),
        slushy_months=rows[:, 1].astype(np.int64),
        flex_capacity=rows[:, 2],
        flex_material=np.maximum(rows[:, 2], rows[:, 3]),
    )


def _nearest(
    declared: dict[int, tuple[float, ...]], ids: NDArray[np.int64], path: list[int], standard: Policy
) -> tuple[float, ...]:
    for position in reversed(path):
        if position < len(ids) and (found := declared.get(int(ids[position]))):
            return found
    return (
        standard.frozen_months,
        standard.slushy_months,
        standard.flex_capacity_pct,
        standard.flex_material_pct,
    )
