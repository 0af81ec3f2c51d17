"""Sales orders, plan, stock and arriving material of one product side by side, for everybody who plans (R-116)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from accounts.models import Scope
from core.errors import Missing
from core.months import month_of
from demand.selectors.order_lines import list_order_lines
from demand.selectors.sources import OPEN_STATUSES
from masterdata.models import BomLine, Material
from plans.cubes import Cube
from plans.hierarchy import Hierarchy, load_hierarchy
from plans.models import Version
from plans.selectors import load_measures
from supply import measures as m
from supply.selectors.horizon import plan_months
from supply.selectors.opening import load_open_purchases

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class MaterialArrivals:
    """A material of the product: what arrives of it by month for the whole company, and what the product needs."""

    code: str
    label: str
    uom: str
    is_core: bool
    arrives: tuple[int, ...]
    needed: tuple[int, ...]


@dataclass(frozen=True)
class Together:
    """Smallest units by month. ``orders`` are open lines by due month, overdue ones in the first."""

    product: str | None
    months: range
    scale: int
    orders: tuple[int, ...]
    asked: tuple[int, ...]
    served: tuple[int, ...]
    short: tuple[int, ...]
    made: tuple[int, ...]
    bought_in: tuple[int, ...]
    stock: tuple[int, ...]
    materials: tuple[MaterialArrivals, ...]


def load_together(version: Version, product: str | None, scope: Scope) -> Together:
    """One node of the product tree, or everything; inside a scope. Raises ``Missing`` for a product outside it."""
    hierarchy, months = load_hierarchy(), plan_months(version)
    leaves = _leaves(hierarchy, product, scope)
    by_org = [m.CONSENSUS, m.CONSTRAINED, m.SHORT]
    by_site = [m.PRODUCTION, m.OUTSOURCED, m.STOCK_END]
    cubes = load_measures(version_id=version.pk, measures=[*by_org, *by_site, m.PURCHASE], months=months)
    for code in by_org:
        cubes[code] = cubes[code].take(np.flatnonzero(hierarchy.scope_rows(cubes[code].axis, scope)))
    sums = {code: _sum(cubes[code], leaves) for code in (*by_org, *by_site)}
    scale = cubes[m.PRODUCTION].scale
    return Together(
        product=product,
        months=months,
        scale=scale,
        orders=_orders(months, leaves, set(hierarchy.scope_leaves(scope)[1].tolist()), scale),
        asked=sums[m.CONSENSUS],
        served=sums[m.CONSTRAINED],
        short=sums[m.SHORT],
        made=sums[m.PRODUCTION],
        bought_in=sums[m.OUTSOURCED],
        stock=sums[m.STOCK_END],
        materials=_materials(cubes, leaves, months),
    )


def _leaves(hierarchy: Hierarchy, product: str | None, scope: Scope) -> Ints:
    tree = hierarchy.products
    seen = hierarchy.scope_leaves(scope)[0]
    leaves = np.intersect1d(tree.leaves_under(product), seen)
    if product and not len(leaves):
        raise Missing(_("There is no “%(code)s”.") % {"code": product}, code="unknown_product")
    return leaves


def _sum(cube: Cube, leaves: Ints) -> tuple[int, ...]:
    return tuple(cube.values[np.isin(cube.axis.keys[:, 0], leaves)].sum(axis=0).tolist())


def _orders(months: range, leaves: Ints, orgs: set[int], scale: int) -> tuple[int, ...]:
    wanted, found = set(leaves.tolist()), [0] * len(months)
    for line in list_order_lines(statuses=OPEN_STATUSES, scale=scale):
        column = max(month_of(line.due) - months.start, 0)
        if line.product in wanted and line.org in orgs and column < len(months):
            found[column] += line.net
    return tuple(found)


def _materials(cubes: dict[str, Cube], leaves: Ints, months: range) -> tuple[MaterialArrivals, ...]:
    """The materials that go straight into the products: core ones first, then by what is needed."""
    made = cubes[m.PRODUCTION]
    units: dict[int, Ints] = defaultdict(lambda: np.zeros(len(months), np.int64))
    for product, values in zip(made.axis.keys[:, 0].tolist(), made.values, strict=True):
        units[product] = units[product] + values
    needed: dict[int, NDArray[np.float64]] = {}
    lines = BomLine.objects.filter(product__in=leaves.tolist(), material__isnull=False)
    for product, material, quantity, rate in lines.values_list(
        "product_id", "material_id", "quantity_per", "take_rate"
    ):
        if material is not None:
            needed[material] = needed.get(material, np.zeros(len(months))) + units[product] * quantity * rate
    arrives = {pk: np.zeros(len(months), np.int64) for pk in needed}
    bought = cubes[m.PURCHASE]
    for (material, _site), values in zip(bought.axis.keys.tolist(), bought.values, strict=True):
        if material in arrives:
            arrives[material] += values
    for row in load_open_purchases(months.start).rows:
        offset = max(0, row.arrival_month - months.start)
        if row.material_id in arrives and offset < len(months):
            arrives[row.material_id][offset] += int(row.quantity.scaleb(bought.scale).to_integral_value())
    rows = [
        MaterialArrivals(
            code=material.code,
            label=material.label,
            uom=material.uom,
            is_core=material.core,
            arrives=tuple(arrives[material.pk].tolist()),
            needed=tuple(np.ceil(needed[material.pk] - 1e-6).astype(np.int64).tolist()),
        )
        for material in Material.objects.filter(pk__in=needed)
    ]
    return tuple(sorted(rows, key=lambda row: (not row.is_core, -sum(row.needed), row.code)))
