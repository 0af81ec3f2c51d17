"""Many kinds against long runs: active products, volume each, changeovers (R-134)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from masterdata.choices import ResourceKind
from masterdata.models import Product, Resource, Routing
from supply.selectors.flow import StockFlow, families_of

CORE_SHARE = 0.8  # the products that carry this share of the volume are the core, the rest is the tail


@dataclass(frozen=True)
class FamilyVariety:
    """A family over the horizon: products with demand, units a month of each on average, products in the tail.

    ``tail_share`` is the part of the volume that the tail brings; ``None`` without demand.
    """

    code: str
    label: str
    active: int
    inactive: int
    units_per_month: float
    tail: int
    tail_share: float | None

    @property
    def tail_percent(self) -> float | None:
        """Per cent of the volume that the tail brings."""
        return None if self.tail_share is None else 100 * self.tail_share


@dataclass(frozen=True)
class LineVariety:
    """A line: products on it and changeovers a month, when every product is made once a month it is planned in."""

    code: str
    label: str
    products: int
    changeovers: float
    units_per_run: float | None


def list_varieties(flow: StockFlow) -> list[FamilyVariety]:
    """Families by the number of their active products."""
    volume, families = flow.demand.sum(axis=1), families_of(flow.products)
    groups: dict[int, list[float]] = defaultdict(list)
    for product, units in zip(flow.products.tolist(), volume.tolist(), strict=True):
        groups[families[product]].append(units)
    names = Product.objects.in_bulk(groups)
    months = max(len(flow.months), 1)
    rows = []
    for family, units in groups.items():
        active = sorted((amount for amount in units if amount > 0), reverse=True)
        total = sum(active)
        reached = np.cumsum(active)
        core = int(np.searchsorted(reached, CORE_SHARE * total - 1e-9) + 1) if active else 0
        rows.append(
            FamilyVariety(
                code=names[family].code,
                label=names[family].label,
                active=len(active),
                inactive=len(units) - len(active),
                units_per_month=total / months / len(active) if active else 0.0,
                tail=len(active) - core,
                tail_share=sum(active[core:]) / total if total else None,
            )
        )
    return sorted(rows, key=lambda row: (-row.active, row.code))


def list_line_varieties(flow: StockFlow) -> list[LineVariety]:
    """Production lines by changeovers a month: products made in the month less one."""
    made = {(product, site): row for row, (product, site) in enumerate(flow.keys.tolist())}
    on_line: dict[int, list[int]] = defaultdict(list)
    for product, site, resource in Routing.objects.values_list("product_id", "site_id", "resource_id"):
        if (product, site) in made:
            on_line[resource].append(made[product, site])
    rows = []
    for line in Resource.objects.filter(kind=ResourceKind.LINE, pk__in=on_line):
        units = flow.inflow[on_line[line.pk]]
        runs = (units > 0).sum(axis=0)
        active = int((units.sum(axis=1) > 0).sum())
        total = int(runs.sum())
        busy = int((runs > 0).sum())
        rows.append(
            LineVariety(
                code=line.code,
                label=line.label,
                products=active,
                changeovers=float(np.maximum(runs - 1, 0).sum() / busy) if busy else 0.0,
                units_per_run=float(units.sum() / total) if total else None,
            )
        )
    return sorted(rows, key=lambda row: (-row.changeovers, row.code))
