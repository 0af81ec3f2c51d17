"""What a unit is worth in one month: cost and price in minor currency units, as floats."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.money import RATE_DIGITS
from masterdata.models import Cost, Material
from masterdata.prices import load_price_rates
from masterdata.selectors import get_company
from plans.cubes import Cube

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class UnitValues:
    """Minor currency units per whole unit: product → cost and price, material → cost. Unknown ones are 0."""

    cost: Mapping[int, float]
    price: Mapping[int, float]
    material: Mapping[int, float]

    def margin(self, product: int) -> float:
        """Price less unit cost, at least 0."""
        return max(0.0, self.price.get(product, 0.0) - self.cost.get(product, 0.0))


def load_unit_values(demand: Cube) -> UnitValues:
    """Values in the first month of ``demand`` [product, org]; a product's price is the mean of what its orgs pay."""
    cent = 10 ** get_company().currency_decimals
    return UnitValues(
        cost=_costs(demand.first_month, cent),
        price=_prices(demand, cent),
        material={pk: float(cost) * cent for pk, cost in Material.objects.values_list("pk", "unit_cost")},
    )


def _costs(month: int, cent: int) -> dict[int, float]:
    """The latest cost that has begun, else the first one; a general one before one of a site."""
    found: dict[int, list[tuple[tuple[bool, bool, int], float]]] = defaultdict(list)
    rows = Cost.objects.values_list(
        "product_id", "site_id", "from_month", "material_cost", "labour_cost", "overhead_cost", "production_cost"
    )
    for product, site, start, *parts, whole in rows:
        has_begun = start <= month
        rank = (has_begun, site is None, start if has_begun else -start)
        found[product].append((rank, float(sum(parts) if whole is None else whole) * cent))
    return {product: max(options)[1] for product, options in found.items()}


def _prices(demand: Cube, cent: int) -> dict[int, float]:
    """Weighted by the demand of the horizon; the plain mean where nothing is asked for."""
    keys, month = demand.axis.keys, demand.first_month
    rates = load_price_rates(keys, range(month, month + 1), company=get_company())[:, 0] / 10**RATE_DIGITS * cent
    products, of = np.unique(keys[:, 0], return_inverse=True)
    weight = demand.values.sum(axis=1).astype(float)
    asked = np.bincount(of, weights=weight != 0, minlength=len(products)) > 0
    weight = np.where(asked[of], weight, 1.0)
    sums, weights = (np.bincount(of, weights=part, minlength=len(products)) for part in (rates * weight, weight))
    return dict(zip(products.tolist(), (sums / weights).tolist(), strict=True))
