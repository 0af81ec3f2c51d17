"""Finished stock month by month: units, days, service; what is too much and what is missing (R-132)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.coverage import days_at_month_ends
from masterdata.models import Policy, Product, Site
from plans.hierarchy import load_hierarchy
from supply.selectors.flow import StockFlow, families_of
from supply.selectors.values import UnitValues

Floats = NDArray[np.float64]
DEFAULT_MOST_DAYS = 90.0  # stock beyond this many days of demand is too much where no policy says otherwise
SHARE = 0.5  # of a unit: less than this is rounding


@dataclass(frozen=True)
class OutlookRow:
    """A product, family or site. ``days`` are of the demand that follows (None: nothing is wanted), money in minor.

    ``service`` is the share of each month's demand that is delivered; ``None`` without demand.
    """

    code: str
    label: str
    level: str
    now: float
    units: tuple[float, ...]
    days: tuple[float | None, ...]
    service: tuple[float | None, ...]
    value: int


@dataclass(frozen=True)
class Imbalance:
    """Too much or too little of one product: units, money and the month it is worst (or first).

    Money of too much is what its cost binds, of too little the margin that is lost. ``also`` says that the same family
    has the opposite, too: the wrong mix, not the wrong volume.
    """

    code: str
    label: str
    family: str
    quantity: float
    money: int
    month: int
    days: float | None
    limit_days: float
    also: bool


def list_outlook(flow: StockFlow, values: UnitValues, *, level: str) -> list[OutlookRow]:
    """Rows of ``product``, ``family``, ``site`` or ``total``, most valuable stock first."""
    end, now = flow.by_product(flow.end), flow.by_product(flow.initial)
    cost = np.array([values.cost.get(product, 0.0) for product in flow.products.tolist()])
    if level == "site":
        return _by_site(flow, cost)
    tree = load_hierarchy().products
    families = families_of(flow.products)
    names: Mapping[int, Product] = Product.objects.in_bulk()
    groups: dict[int, list[int]] = defaultdict(list)
    for row, product in enumerate(flow.products.tolist()):
        groups[{"product": product, "family": families[product], "total": 0}[level]].append(row)
    rows = []
    for group, members in groups.items():
        days = days_at_month_ends(end[members].sum(axis=0)[None], flow.demand[members].sum(axis=0)[None], flow.days)[0]
        rows.append(
            OutlookRow(
                code=tree.code_of(group) if group else "",
                label=names[group].label if group else "",
                level=level,
                now=float(now[members].sum()),
                units=tuple(end[members].sum(axis=0).tolist()),
                days=_optional(days),
                service=_service(flow.served[members].sum(axis=0), flow.demand[members].sum(axis=0)),
                value=round(float(now[members] @ cost[members])),
            )
        )
    return sorted(rows, key=lambda row: (-row.value, row.code))


def _by_site(flow: StockFlow, cost: Floats) -> list[OutlookRow]:
    """Demand has no site: days and service are those of the outflow each site is planned to have."""
    sites = {site.pk: site for site in Site.objects.all()}
    rows = []
    for site in np.unique(flow.keys[:, 1]).tolist():
        members = np.flatnonzero(flow.keys[:, 1] == site)
        end, gone = flow.end[members].sum(axis=0), flow.outflow[members].sum(axis=0)
        rows.append(
            OutlookRow(
                code=sites[site].code,
                label=sites[site].label,
                level="site",
                now=float(flow.initial[members].sum()),
                units=tuple(end.tolist()),
                days=_optional(days_at_month_ends(end[None], gone[None], flow.days)[0]),
                service=(None,) * len(flow.months),
                value=round(float(flow.initial[members] @ cost[flow.place[members]])),
            )
        )
    return sorted(rows, key=lambda row: (-row.value, row.code))


def _service(served: Floats, demand: Floats) -> tuple[float | None, ...]:
    return tuple(
        min(1.0, done / asked) if asked > 0 else None
        for done, asked in zip(served.tolist(), demand.tolist(), strict=True)
    )


def _optional(values: Floats) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in values)


def list_imbalances(flow: StockFlow, values: UnitValues) -> tuple[list[Imbalance], list[Imbalance]]:
    """(Too much, too little), each by money; a month before the plan means now.

    Too much is stock beyond the policy's most days, now or on its worst month end.
    """
    limits = dict(Policy.objects.filter(site=None).values_list("product_id", "max_stock_days"))
    most = np.array([limits.get(product) or DEFAULT_MOST_DAYS for product in flow.products.tolist()])
    stock = np.concatenate([flow.by_product(flow.initial)[:, None], flow.by_product(flow.end)], axis=1)
    wanted = np.concatenate([np.zeros((len(stock), 1)), flow.demand], axis=1)  # now is the end of a month before
    length = np.concatenate([flow.days[:1], flow.days])
    excess = np.maximum(stock - wanted_within(wanted, length, most), 0.0)
    short = np.maximum(flow.demand - flow.served, 0.0)
    families = families_of(flow.products)
    names = Product.objects.in_bulk()
    over = {int(row) for row in np.flatnonzero(excess.max(axis=1, initial=0.0) >= SHARE)}
    under = {int(row) for row in np.flatnonzero(short.sum(axis=1) >= SHARE)}
    family_of = [families[product] for product in flow.products.tolist()]
    both = {family_of[row] for row in over} & {family_of[row] for row in under}
    days = days_at_month_ends(stock, wanted, length)

    def row_of(row: int, quantity: float, column: int, worth: float) -> Imbalance:
        product, family = names[int(flow.products[row])], names[family_of[row]]
        lasts = float(days[row, column])
        return Imbalance(
            code=product.code,
            label=product.label,
            family=family.label,
            quantity=quantity,
            money=round(quantity * worth),
            month=flow.months.start + column - 1,
            days=None if np.isnan(lasts) else lasts,
            limit_days=float(most[row]),
            also=family_of[row] in both,
        )

    much = [
        row_of(row, float(excess[row].max()), int(excess[row].argmax()), values.cost.get(int(flow.products[row]), 0.0))
        for row in over
    ]
    little = [
        row_of(
            row,
            float(short[row].sum()),
            int(np.flatnonzero(short[row] > 0)[0]) + 1,
            values.margin(int(flow.products[row])),
        )
        for row in under
    ]
    return _by_money(much), _by_money(little)


def _by_money(rows: list[Imbalance]) -> list[Imbalance]:
    return sorted(rows, key=lambda row: (-row.money, row.code))


def wanted_within(demand: Floats, days: Floats, limit: Floats) -> Floats:
    """[p, T] units wanted within ``limit`` [p] days after each month end, walking forward.

    Beyond the horizon the last month's demand goes on.
    """
    count, months = demand.shape
    found = np.zeros((count, months))
    for end in range(months):
        left = limit.astype(float).copy()
        for ahead in range(end + 1, months):
            part = np.clip(left / days[ahead], 0.0, 1.0)
            found[:, end] += part * demand[:, ahead]
            left = np.maximum(left - days[ahead], 0.0)
        found[:, end] += left / days[-1] * demand[:, -1]
    return found
