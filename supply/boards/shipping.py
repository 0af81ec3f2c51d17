"""The page for logistics: what leaves when on which lane, space, arriving material, and the orders it all serves."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.selectors import get_scope
from core import formats
from cycles.models import Cycle
from demand.choices import Granularity
from demand.selectors.near_zone import NEAR_MONTHS, split_near
from masterdata.models import Org, Product, Site
from plans.choices import VersionKind
from plans.models import Version
from plans.selectors.slices import to_units
from supply.models import Release
from supply.selectors import order_shipments as o
from supply.selectors.marks import keep_plan_figures
from supply.selectors.releases import find_release_of
from supply.selectors.shipping import InboundMaterial, LanePlan, ShippingPlan, SiteSpace, load_shipping

MOST_LANES = 14
MOST_MATERIALS = 12
MOST_DIFFERENCES = 12
MOST_ORDERS = 20


@dataclass(frozen=True)
class Head:
    """A column of the shipping plan: a month, or a week of one; ``first`` of a new month draws a line."""

    label: str
    note: str
    is_first: bool


@dataclass(frozen=True)
class LaneLine:
    lane: LanePlan
    cells: list[tuple[int, int | None]]  # units, loads
    arrives: str


@dataclass(frozen=True)
class SpaceLine:
    space: SiteSpace
    rows: list[tuple[str, tuple[int, ...]]]
    fullest: float | None


@dataclass(frozen=True)
class PartLine:
    """A delivery in words."""

    units: int
    site: str
    leaves: int
    arrives: int
    source: str


@dataclass(frozen=True)
class OrderRow:
    order: o.ServedOrder
    product: str
    org: str
    parts: list[PartLine]


@dataclass(frozen=True)
class DifferenceRow:
    row: o.Difference
    product: str
    org: str


@dataclass(frozen=True)
class ShippingBoard:
    cycle: Cycle
    version: Version
    release: Release | None
    is_approved: bool
    is_balanced: bool
    message: str
    plan: ShippingPlan
    scale: int
    by_week: bool
    heads: list[Head]
    months: list[str]
    lanes: list[LaneLine]
    more_lanes: int
    total: list[int]
    has_loads: bool
    space: list[SpaceLine]
    materials: list[InboundMaterial]
    more_materials: int
    match: o.OrderMatch
    on_time_percent: float | None
    differences: list[DifferenceRow]
    more_differences: int
    orders: list[OrderRow]
    more_orders: int
    text: str


@dataclass(frozen=True)
class _Figures:
    plan: ShippingPlan
    match: o.OrderMatch


def load_figures(version: Version, user: User) -> _Figures:
    """The shipping plan and the orders it serves for a reader, kept while nothing they come from changes."""
    scope = get_scope(user)

    def make() -> _Figures:
        plan = load_shipping(version, scope)
        return _Figures(plan, o.match_orders(plan, scope))

    return keep_plan_figures(("shipping",), version=version, user=user, make=make)


def load_shipping_board(cycle: Cycle, version: Version, *, user: User, by_week: bool, text: str) -> ShippingBoard:
    """The page; ``text`` narrows the orders to those whose number, customer, product or region holds it."""
    found = load_figures(version, user)
    plan, match = found.plan, found.match
    names = _Names()
    heads, cells = _columns(plan, by_week)
    orders = [row for row in (_order_row(order, names) for order in match.orders) if _holds(row, text)]
    orders.sort(key=lambda row: (not (row.order.open or row.order.late), row.order.line.due))
    differences = [
        DifferenceRow(row, names.products.get(row.product, ""), names.orgs.get(row.org, ""))
        for row in match.differences[:MOST_DIFFERENCES]
    ]
    return ShippingBoard(
        cycle=cycle,
        version=version,
        release=find_release_of(version),
        is_approved=version.kind == VersionKind.APPROVED,
        is_balanced=bool(plan.lanes) or bool(len(plan.goods.keys)),
        message=_message(plan, match),
        plan=plan,
        scale=plan.scale,
        by_week=by_week,
        heads=heads,
        months=formats.month_heads(list(plan.months)),
        lanes=[
            _lane_line(lane, row, by_week) for lane, row in zip(plan.lanes[:MOST_LANES], cells.tolist(), strict=False)
        ],
        more_lanes=max(0, len(plan.lanes) - MOST_LANES),
        total=cells[[not lane.is_transfer for lane in plan.lanes]].sum(axis=0).tolist(),
        has_loads=any(lane.loads for lane in plan.lanes),
        space=[_space_line(space) for space in plan.space],
        materials=list(plan.materials[:MOST_MATERIALS]),
        more_materials=max(0, len(plan.materials) - MOST_MATERIALS),
        match=match,
        on_time_percent=100 * match.on_time / match.ordered if match.ordered else None,
        differences=differences,
        more_differences=max(0, len(match.differences) - MOST_DIFFERENCES),
        orders=orders[:MOST_ORDERS],
        more_orders=max(0, len(orders) - MOST_ORDERS),
        text=text,
    )


def _message(plan: ShippingPlan, match: o.OrderMatch) -> str:
    if not plan.lanes:
        return _("Nothing is shipped in this plan yet")
    month, units = plan.months.start, sum(lane.left[0] for lane in plan.lanes if not lane.is_transfer)
    text = _("%(units)s units leave in %(month)s") % {
        "units": formats.quantity(units, plan.scale),
        "month": formats.month_long(month),
    }
    missing = match.ordered - match.on_time
    if not match.orders:
        return text + _("; no open orders are known")
    if not missing:
        return text + _("; every open order arrives in its month")
    return text + ngettext(
        "; orders for %(units)s unit do not arrive in their month",
        "; orders for %(units)s units do not arrive in their month",
        missing,
    ) % {"units": formats.quantity(missing, plan.scale)}


def _columns(plan: ShippingPlan, by_week: bool) -> tuple[list[Head], np.ndarray]:
    """Heads, and units leaving on every lane below them: months, or the weeks of the near ones."""
    left = np.array([lane.left for lane in plan.lanes], np.int64).reshape(-1, len(plan.months))
    if not by_week:
        return [Head(label, "", False) for label in formats.month_heads(list(plan.months))], left
    names = [f"{lane.site}>{lane.target}" for lane in plan.lanes]  # who sees fewer lanes sees the same weeks of them
    places = np.array([zlib.crc32(name.encode()) for name in names], np.int64)
    buckets, near = split_near(left[:, :NEAR_MONTHS], plan.months.start, Granularity.WEEK, places=places)
    heads = [
        Head(
            formats.week(bucket.first),
            f"{formats.date(bucket.first)}",
            index > 0 and buckets[index - 1].column != bucket.column,
        )
        for index, bucket in enumerate(buckets)
    ]
    return heads, near


def _lane_line(lane: LanePlan, units: list[int], by_week: bool) -> LaneLine:
    load = lane.terms.units_per_load
    loads = [-(-value // load) if load else None for value in units]
    if lane.terms.transit_days is None:
        arrives = "–"
    elif not lane.lag:
        arrives = _("same month")
    else:
        arrives = ngettext("%(n)s month later", "%(n)s months later", lane.lag) % {"n": lane.lag}
    return LaneLine(lane, list(zip(units, loads, strict=True)), arrives)


def _space_line(space: SiteSpace) -> SpaceLine:
    rows = [(_("Inbound"), space.inbound), (_("Outbound"), space.outbound)]
    if any(space.used):
        rows.append((_("Used in other products"), space.used))
    rows.append((_("Kept at month end"), space.kept))
    shares = [share for share in space.shares if share is not None]
    return SpaceLine(space, rows, max(shares) if shares else None)


class _Names:
    """Labels by id."""

    def __init__(self) -> None:
        self.products, self.orgs, self.sites = (
            {row.pk: row.label for row in model.objects.only("name", "name_zh")} for model in (Product, Org, Site)
        )


def _order_row(order: o.ServedOrder, names: _Names) -> OrderRow:
    parts = [
        PartLine(part.units, names.sites.get(part.site, ""), part.leaves, part.arrives, _say_source(part))
        for part in order.deliveries
    ]
    line = order.line
    return OrderRow(order, names.products.get(line.product, ""), names.orgs.get(line.org, ""), parts)


def _say_source(part: o.Delivery) -> str:
    if part.source == o.STOCK:
        return _("kept in stock")
    patterns = {
        o.MADE: _("made in %(month)s"),
        o.OUTSOURCED: _("bought in in %(month)s"),
        o.RECEIVED: _("received in %(month)s"),
    }
    return patterns[part.source] % {"month": formats.month(part.came)}


def _holds(row: OrderRow, text: str) -> bool:
    line = row.order.line
    where = " ".join((line.order, line.customer, row.product, row.org)).lower()
    return all(word in where for word in text.lower().split()[:5])


def list_shipping_lines(plan: ShippingPlan) -> list[dict[str, object]]:
    """Every product on every lane by month of leaving, and the loads of the lanes, as ``plans.exports`` takes lines."""
    products = dict(Product.objects.values_list("pk", "code"))
    orgs, sites = (dict(model.objects.values_list("pk", "code")) for model in (Org, Site))
    terms = {(lane.site, lane.target, lane.is_transfer): lane.terms for lane in plan.lanes}
    found: list[dict[str, object]] = []
    for code, moves, names in (("shipped", plan.moves.shipped, orgs), ("transferred", plan.moves.transferred, sites)):
        for row in range(len(moves)):
            site, target = sites.get(int(moves.site[row]), ""), names.get(int(moves.target[row]), "")
            way = terms.get((site, target, code == "transferred"))
            found.append(
                {
                    "measure": code,
                    "product": products.get(int(moves.product[row]), ""),
                    "site": site,
                    "to": target,
                    "transit_days": "" if way is None or way.transit_days is None else str(way.transit_days),
                    "transport_mode": way.mode if way else "",
                    "unit": "quantity",
                    "values": [to_units(value, moves.scale) for value in moves.left[row].tolist()],
                }
            )
    for lane in plan.lanes:
        if lane.loads:
            found.append(
                {
                    "measure": "loads",
                    "product": "",
                    "site": lane.site,
                    "to": lane.target,
                    "transit_days": str(lane.terms.transit_days),
                    "transport_mode": lane.terms.mode,
                    "unit": "loads",
                    "values": list(lane.loads),
                }
            )
    return found
