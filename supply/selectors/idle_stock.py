"""Slow-moving and dead stock with what is done about it (R-131)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from django.utils import timezone

from engine.coverage import days_of_supply
from masterdata.models import InventoryLot, Material, Product, Site
from masterdata.selectors import get_company
from supply.models import Disposition
from supply.selectors.flow import StockFlow
from supply.selectors.material_cover import CoverRow
from supply.selectors.opening import load_opening
from supply.selectors.values import UnitValues


@dataclass(frozen=True)
class IdleRow:
    """An item at a site that nothing uses (dead) or that lasts too long (slow). Money in minor units."""

    item: str
    label: str
    is_material: bool
    site: str
    site_label: str
    quantity: float
    value: int
    cover_days: float | None  # None: nothing wants it
    oldest: dt.date | None
    requested_by: str
    disposition: Disposition | None
    is_late: bool

    @property
    def is_dead(self) -> bool:
        return self.cover_days is None


def list_idle_stock(flow: StockFlow, values: UnitValues, cover: list[CoverRow]) -> list[IdleRow]:
    """Materials and products that last longer than the company's slow-moving days, most money first.

    How long is asked of all sites together: what one plant has too much of, another one can use.
    """
    lots: dict[tuple[bool, int, int], list[InventoryLot]] = defaultdict(list)
    for lot in sorted(load_opening(flow.months.start).lots, key=_age_order):
        if lot.quantity > 0:
            lots[lot.material_id is not None, lot.material_id or lot.product_id or 0, lot.site_id].append(lot)
    lasting = _lasting(flow, cover)
    slow = get_company().slow_cover_days
    materials, products, sites = (model.objects.in_bulk() for model in (Material, Product, Site))
    decided = {
        (row.material_id is not None, row.material_id or row.product_id or 0, row.site_id): row
        for row in Disposition.objects.select_related("owner", "decided_by")
    }
    today = timezone.localdate()
    rows = []
    for key, found in lots.items():
        is_material, pk, site = key
        if (is_material, pk) not in lasting:
            continue
        days = lasting[is_material, pk]
        if days is not None and days <= slow:
            continue
        item = materials[pk] if is_material else products[pk]
        worth = (values.material if is_material else values.cost).get(pk, 0.0)
        quantity = float(sum(lot.quantity for lot in found))
        disposition = decided.get(key)
        rows.append(
            IdleRow(
                item=item.code,
                label=item.label,
                is_material=is_material,
                site=sites[site].code,
                site_label=sites[site].label,
                quantity=quantity,
                value=round(quantity * worth),
                cover_days=days,
                oldest=min((lot.produced_on for lot in found if lot.produced_on), default=None),
                requested_by=next((lot.requested_by for lot in found if lot.requested_by), ""),
                disposition=disposition,
                is_late=disposition is not None and disposition.due < today,
            )
        )
    return sorted(rows, key=lambda row: (-row.value, row.item, row.site))


def _age_order(lot: InventoryLot) -> tuple[dt.date, int]:
    """Oldest first; what has no date last."""
    return lot.produced_on or dt.date.max, lot.pk or 0


def _lasting(flow: StockFlow, cover: list[CoverRow]) -> dict[tuple[bool, int], float | None]:
    """(is material, id) → days that all stock of it lasts; ``None`` when nothing wants it."""
    days = flow.days.tolist()
    stock = flow.by_product(flow.initial)
    lasting: dict[tuple[bool, int], float | None] = {
        (False, int(product)): days_of_supply(float(stock[row]), flow.demand[row].tolist(), days)
        for row, product in enumerate(flow.products)
    }
    ids = dict(Material.objects.values_list("code", "pk"))
    for row in cover:
        wanted = float(np.sum(row.use)) > 0
        lasting[True, ids[row.code]] = row.cover_days if wanted else None
    return lasting
