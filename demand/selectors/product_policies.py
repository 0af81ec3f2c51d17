"""Fences of products: a policy holds for everything below its product until a nearer one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masterdata.models import Policy
from plans.hierarchy import Hierarchy


@dataclass(frozen=True)
class ProductPolicies:
    """One entry per product asked for; months."""

    frozen_months: NDArray[np.int64]
    slushy_months: NDArray[np.int64]


def load_product_policies(hierarchy: Hierarchy, products: NDArray[np.int64]) -> ProductPolicies:
    """The fences of product ids [n]."""
    general = Policy.objects.filter(site__isnull=True).values_list("product", "frozen_months", "slushy_months")
    declared = {product: (frozen, slushy) for product, frozen, slushy in general}
    standard = Policy()
    usual = (standard.frozen_months, standard.slushy_months)
    tree = hierarchy.products
    paths = tree.paths[tree.positions(products)].tolist()
    rows = np.array([_nearest(declared, tree.ids, path) or usual for path in paths], dtype=np.int64).reshape(-1, 2)
    return ProductPolicies(frozen_months=rows[:, 0], slushy_months=rows[:, 1])


def _nearest(declared: dict[int, tuple[int, int]], ids: NDArray[np.int64], path: list[int]) -> tuple[int, int] | None:
    for position in reversed(path):
        if position < len(ids) and (found := declared.get(int(ids[position]))):
            return found
    return None
