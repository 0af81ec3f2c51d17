"""The inventory page: projected stock, age, idle stock, material cover, variety."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import can
from accounts.selectors import get_scope, list_people
from core import formats
from cycles.models import Cycle
from masterdata.models import Company
from masterdata.selectors import get_company
from plans.models import Version
from supply.choices import DispositionKind
from supply.selectors.ageing import (
    EDGES,
    AgedLot,
    Ageing,
    Request,
    StockOrder,
    list_requests,
    list_stock_orders,
    load_ageing,
)
from supply.selectors.complexity import FamilyVariety, LineVariety, list_line_varieties, list_varieties
from supply.selectors.flow import StockFlow, load_flow
from supply.selectors.idle_stock import IdleRow, list_idle_stock
from supply.selectors.marks import keep_plan_figures
from supply.selectors.material_cover import CoverRow, list_material_cover
from supply.selectors.outlook import Imbalance, OutlookRow, list_imbalances, list_outlook
from supply.selectors.policies import list_policies
from supply.selectors.stock_panels import target_of
from supply.selectors.values import UnitValues, load_unit_values

LEVELS = ("family", "product", "site")
MOST_ROWS = 7
MOST_PRODUCTS = 40
SHOWN_MONTHS = 12
FULL_SERVICE = 0.995  # what rounds to less than 100 % is worth a word


@dataclass(frozen=True)
class OutlookLine:
    """A row with its cells: units, days, and per cent of demand served where that is less than all of it."""

    row: OutlookRow
    cells: list[tuple[float, float | None, float | None]]


@dataclass(frozen=True)
class InventoryBoard:
    """Everything on the page. Totals in minor currency units."""

    cycle: Cycle
    version: Version
    company: Company
    message: str
    is_balanced: bool
    level: str
    months: list[str]
    lines: list[OutlookLine]
    total: OutlookRow | None
    chart: dict[str, Any]
    much: list[Imbalance]
    little: list[Imbalance]
    much_money: int
    little_money: int
    ageing: Ageing
    age_chart: dict[str, Any]
    buckets: list[tuple[str, float, int, float]]  # name, units, money, per cent of units
    aged_lots: list[AgedLot]
    aged_value: int
    loss_now: int
    loss_later: int
    requests: list[Request]
    stock_orders: list[StockOrder]
    idle: list[IdleRow]
    idle_value: int
    undecided: int
    materials: list[CoverRow]
    varieties: list[FamilyVariety]
    line_varieties: list[LineVariety]
    kinds: list[tuple[str, str]]
    people: list[User]
    may_dispose: bool
    sees_costs: bool


def load_inventory_board(cycle: Cycle, version: Version, *, user: User, level: str) -> InventoryBoard:
    """The page of a plan for what the user may see; ``level`` is one of ``LEVELS``."""
    level = level if level in LEVELS else LEVELS[0]
    sees_costs = can(user, "finance.view_costs")
    board = keep_plan_figures(
        ("inventory", cycle.pk, level, sees_costs),
        version=version,
        user=user,
        make=lambda: _load_board(cycle, version, user, level, sees_costs),
    )
    may_dispose = can(user, "stock.dispose")
    people = list(list_people()) if may_dispose else []
    return replace(board, cycle=cycle, version=version, people=people, may_dispose=may_dispose)


def _load_board(cycle: Cycle, version: Version, user: User, level: str, sees_costs: bool) -> InventoryBoard:
    """Everything but what the reader may do."""
    flow = load_flow(version.pk, get_scope(user))
    values = load_unit_values(flow.consensus)
    ageing = load_ageing(flow, values)
    cover = list_material_cover(flow, values)
    idle = list_idle_stock(flow, values, cover)
    much, little = list_imbalances(flow, values)
    total = next(iter(list_outlook(flow, values, level="total")), None)
    aged = [lot for lot in ageing.lots if lot.is_aged]
    company = get_company()
    aged_value = sum(lot.value for lot in aged)
    return InventoryBoard(
        cycle=cycle,
        version=version,
        company=company,
        message=_message(company, aged_value, much, little, sees_costs=sees_costs, aged=aged),
        is_balanced=flow.is_balanced,
        level=level,
        months=formats.month_heads(list(flow.months[:SHOWN_MONTHS])),
        lines=_lines(flow, values, level),
        total=total,
        chart=_chart(flow, values, version, cycle, total),
        much=much[:MOST_ROWS],
        little=little[:MOST_ROWS],
        much_money=sum(row.money for row in much),
        little_money=sum(row.money for row in little),
        ageing=replace(ageing, lots=()),  # those shown stand below
        age_chart=_age_chart(ageing),
        buckets=_buckets(ageing),
        aged_lots=aged[:MOST_ROWS],
        aged_value=aged_value,
        loss_now=round(float(ageing.loss[0])),
        loss_later=round(float(ageing.loss[1 : SHOWN_MONTHS + 1].max(initial=0.0))),
        requests=list_requests(ageing)[:MOST_ROWS],
        stock_orders=list_stock_orders(flow, values)[:MOST_ROWS],
        idle=idle,
        idle_value=sum(row.value for row in idle),
        undecided=sum(row.disposition is None for row in idle),
        materials=cover,
        varieties=list_varieties(flow),
        line_varieties=list_line_varieties(flow),
        kinds=[(value, str(label)) for value, label in DispositionKind.choices],
        people=[],
        may_dispose=False,
        sees_costs=sees_costs,
    )


def _message(
    company: Company,
    aged_value: int,
    much: list[Imbalance],
    little: list[Imbalance],
    *,
    sees_costs: bool,
    aged: list[AgedLot],
) -> str:
    """The finding with its figure: what is old first, then what is missing, then what is too much."""
    limit = formats.number(company.aged_after_months)
    parts = []
    if aged:
        held = formats.money(aged_value, company) if sees_costs else formats.number(sum(lot.quantity for lot in aged))
        text = (
            _("%(stock)s of stock is older than %(months)s months")
            if sees_costs
            else _("%(stock)s units are older than %(months)s months")
        )
        parts.append(text % {"stock": held, "months": limit})
    if little:
        parts.append(
            _("%(product)s runs short from %(month)s")
            % {"product": little[0].label, "month": formats.month_long(little[0].month)}
        )
    if not parts and much:
        parts.append(
            _("%(product)s holds %(units)s units too many")
            % {"product": much[0].label, "units": formats.number(much[0].quantity)}
        )
    return (_("; ")).join(parts) if parts else _("Nothing is old, nothing is missing, nothing is too much")


def _lines(flow: StockFlow, values: UnitValues, level: str) -> list[OutlookLine]:
    rows = list_outlook(flow, values, level=level)[:MOST_PRODUCTS]
    return [OutlookLine(row, _cells(row)) for row in rows]


def _cells(row: OutlookRow) -> list[tuple[float, float | None, float | None]]:
    low = [None if share is None or share > FULL_SERVICE else 100 * share for share in row.service]
    return list(zip(row.units, row.days, low, strict=True))[:SHOWN_MONTHS]


def _chart(
    flow: StockFlow, values: UnitValues, version: Version, cycle: Cycle, total: OutlookRow | None
) -> dict[str, Any]:
    days = list(total.days[:SHOWN_MONTHS]) if total else []
    policies = list_policies(flow, values, version_id=version.pk, cycle=cycle)
    return {
        "title": _("Finished stock, days of forward demand"),
        "labels": formats.month_heads(list(flow.months[: len(days)])),
        "values": [0 if value is None else round(value, 1) for value in days],
        "actuals": 0,
        **target_of(policies),
        "decimals": 0,
    }


def _age_chart(ageing: Ageing) -> dict[str, Any]:
    """Units older than the limit: now and at the coming month ends."""
    labels = [_("now"), *(formats.month(month, year=False) for month in ageing.months[:SHOWN_MONTHS])]
    return {
        "title": _("Aged stock, units"),
        "labels": labels,
        "values": [round(float(units)) for units in ageing.aged_units[: len(labels)]],
        "actuals": 1,
        "decimals": 0,
    }


def _buckets(ageing: Ageing) -> list[tuple[str, float, int, float]]:
    names = [
        _("up to %(n)s month") % {"n": formats.number(EDGES[0])},
        *(
            _("%(low)s – %(high)s months") % {"low": formats.number(low), "high": formats.number(high)}
            for low, high in pairwise(EDGES)
        ),
        _("over %(n)s months") % {"n": formats.number(EDGES[-1])},
    ]
    units, value = ageing.units[:, 0], ageing.value[:, 0]
    whole = float(np.sum(units))
    return [
        (name, float(u), round(float(v)), 100 * float(u) / whole if whole else 0.0)
        for name, u, v in zip(names, units, value, strict=True)
    ]
