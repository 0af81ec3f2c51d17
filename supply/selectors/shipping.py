"""The shipping plan: lanes with their loads, space at each site, material coming in (R-121)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from accounts.models import Scope
from masterdata.models import BomLine, Lane, Material, Org, Site, Transfer
from plans.hierarchy import Tree, load_hierarchy
from plans.models import Version
from plans.selectors import load_measures
from supply import measures as m
from supply.selectors.horizon import plan_months
from supply.selectors.moves import PlanMoves, load_moves
from supply.selectors.opening import load_open_purchases

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class LaneTerms:
    """What master data says of a way now. ``None`` and empty: it says nothing."""

    transit_days: int | None
    mode: str
    units_per_load: int | None  # smallest units


@dataclass(frozen=True)
class LanePlan:
    """A way with what leaves on it: smallest units by month of leaving and of arrival; loads by month of leaving."""

    site: str
    site_label: str
    target: str
    target_label: str
    is_transfer: bool
    terms: LaneTerms
    lag: int
    left: tuple[int, ...]
    arrived: tuple[int, ...]
    loads: tuple[int, ...] | None

    @property
    def total(self) -> int:
        return sum(self.left)


@dataclass(frozen=True)
class SiteSpace:
    """Finished goods at a site by month: what comes in, goes out and is kept at the end. Smallest units.

    ``used`` is what goes into other products or is written off; opening + inbound − outbound − used = kept.
    """

    code: str
    label: str
    opening: int
    inbound: tuple[int, ...]
    outbound: tuple[int, ...]
    used: tuple[int, ...]
    kept: tuple[int, ...]
    room: int | None  # storage_units; None: no limit is known

    @cached_property
    def shares(self) -> tuple[float | None, ...]:
        """Per cent of the room that is taken at the month's end."""
        return tuple(100 * units / self.room if self.room else None for units in self.kept)


@dataclass(frozen=True)
class InboundMaterial:
    """Material that arrives by month, ordered already and still to buy; smallest units."""

    code: str
    label: str
    uom: str
    supplier: str
    on_order: tuple[int, ...]
    to_buy: tuple[int, ...]

    @cached_property
    def by_month(self) -> tuple[int, ...]:
        return tuple(a + b for a, b in zip(self.on_order, self.to_buy, strict=True))


@dataclass(frozen=True, eq=False)
class GoodsFlow:
    """Finished goods by product and site: int64 [n, T] smallest units; ``keys`` [n, 2] sorted.

    Everything is read from the plan itself, so that a frozen one shows the same for ever: the opening stock [n] is what
    must have been there. ``used_first`` [n] is what other products use up in the first month.
    """

    keys: Ints
    used_first: Ints
    made: Ints
    outsourced: Ints
    received: Ints
    shipped: Ints
    sent: Ints
    kept: Ints

    @cached_property
    def inbound(self) -> Ints:
        return self.made + self.outsourced + self.received

    @cached_property
    def outbound(self) -> Ints:
        return self.shipped + self.sent

    @cached_property
    def opening(self) -> Ints:
        return self.kept[:, 0] + self.outbound[:, 0] + self.used_first - self.inbound[:, 0]

    @cached_property
    def used(self) -> Ints:
        """What goes into other products or is written off."""
        before = np.concatenate([self.opening[:, None], self.kept[:, :-1]], axis=1)
        return before + self.inbound - self.outbound - self.kept


@dataclass(frozen=True)
class ShippingPlan:
    version: Version
    months: range
    scale: int
    moves: PlanMoves
    goods: GoodsFlow
    lanes: tuple[LanePlan, ...]
    space: tuple[SiteSpace, ...]
    materials: tuple[InboundMaterial, ...]
    knows_lanes: bool


def load_shipping(version: Version, scope: Scope) -> ShippingPlan:
    """The shipping plan of a version, for the products and sales organisations a scope shows."""
    months, moves = plan_months(version), load_moves(version, scope)
    whole = moves if scope.orgs is None else load_moves(version, replace(scope, orgs=None))  # stores serve all regions
    goods, scale = load_goods(version, scope, whole)
    return ShippingPlan(
        version=version,
        months=months,
        scale=scale,
        moves=moves,
        goods=goods,
        lanes=_lanes(moves, scale),
        space=_space(goods, scale),
        materials=_materials(version, months),
        knows_lanes=Lane.objects.exists(),
    )


# Goods -------------------------------------------------------------------------------------------------------------
def load_goods(version: Version, scope: Scope, moves: PlanMoves) -> tuple[GoodsFlow, int]:
    """What comes in, goes out and is kept of each product at each site, and the decimals of it."""
    months = plan_months(version)
    cubes = load_measures(version_id=version.pk, measures=[m.PRODUCTION, m.OUTSOURCED, m.STOCK_END], months=months)
    scale = cubes[m.PRODUCTION].scale
    keys = cubes[m.STOCK_END].axis.keys  # every point of the plan; what it does not move stands outside it
    if scope.products is not None:
        tree = load_hierarchy().products
        keys = keys[np.isin(keys[:, 0], tree.ids[tree.seen_by(scope.products)])]
    packed = (keys[:, 0] << 32) | keys[:, 1]

    def place(product: Ints, site: Ints, values: Ints) -> Ints:
        found = np.zeros((len(keys), len(months)), np.int64)
        wanted = (product << 32) | site
        at = np.minimum(np.searchsorted(packed, wanted), max(len(packed) - 1, 0))
        known = packed[at] == wanted if len(packed) else np.zeros(len(wanted), bool)
        np.add.at(found, at[known], values[known])
        return found

    def of(code: str) -> Ints:
        keys_of = cubes[code].axis.keys
        return place(keys_of[:, 0], keys_of[:, 1], cubes[code].values)

    shipped, moved = moves.shipped, moves.transferred
    made = of(m.PRODUCTION)
    goods = GoodsFlow(
        keys=keys,
        used_first=place(*_used_as_component(keys, made)).max(axis=1, initial=0),
        made=made,
        outsourced=of(m.OUTSOURCED),
        received=place(moved.product, moved.target, moved.arrived),
        shipped=place(shipped.product, shipped.site, shipped.left),
        sent=place(moved.product, moved.site, moved.left),
        kept=of(m.STOCK_END),
    )
    return goods, scale


def _used_as_component(keys: Ints, made: Ints) -> tuple[Ints, Ints, Ints]:
    """Products, sites and units [n, T] that the first month's production of other products uses up."""
    lines = BomLine.objects.filter(component__isnull=False).values_list(
        "product_id", "component_id", "quantity_per", "take_rate"
    )
    used: dict[tuple[int, int], float] = {}
    recipes: dict[int, list[tuple[int, float]]] = {}
    for product, component, quantity, rate in lines:
        if component is not None:
            recipes.setdefault(product, []).append((component, quantity * rate))
    for (product, site), units in zip(keys.tolist(), made[:, 0].tolist(), strict=True):
        for component, quantity in recipes.get(product, ()):
            used[component, site] = used.get((component, site), 0.0) + units * quantity
    pairs = np.array(sorted(used), np.int64).reshape(-1, 2)
    units = np.array([math.ceil(used[product, site] - 1e-4) for product, site in pairs.tolist()], np.int64)
    return pairs[:, 0], pairs[:, 1], np.repeat(units[:, None], made.shape[1], axis=1)


def _space(goods: GoodsFlow, scale: int) -> tuple[SiteSpace, ...]:
    sites = {row.pk: row for row in Site.objects.order_by("code")}
    found = []
    for pk in [*sites, *sorted(set(goods.keys[:, 1].tolist()) - sites.keys())]:
        rows, site = goods.keys[:, 1] == pk, sites.get(pk)
        if not rows.any():
            continue
        room = site.storage_units if site else None
        inbound, outbound, used, kept = (
            tuple(part[rows].sum(axis=0).tolist()) for part in (goods.inbound, goods.outbound, goods.used, goods.kept)
        )
        found.append(
            SiteSpace(
                code=site.code if site else "",
                label=site.label if site else "",
                opening=int(goods.opening[rows].sum()),
                inbound=inbound,
                outbound=outbound,
                used=used,
                kept=kept,
                room=int(room.scaleb(scale)) if room else None,
            )
        )
    return tuple(found)


# Lanes -------------------------------------------------------------------------------------------------------------
def _lanes(moves: PlanMoves, scale: int) -> tuple[LanePlan, ...]:
    """Ways with something on them: the largest first, moves between sites after those to customers."""
    sites = {row.pk: (row.code, row.label) for row in Site.objects.only("code", "name", "name_zh")}
    orgs = {row.pk: (row.code, row.label) for row in Org.objects.only("code", "name", "name_zh")}
    terms = _Terms(scale)
    found = []
    for part, names, is_transfer in ((moves.shipped, orgs, False), (moves.transferred, sites, True)):
        ways, of = np.unique(np.column_stack([part.site, part.target, part.lag]), axis=0, return_inverse=True)
        left, arrived = (np.zeros((len(ways), len(part.months)), np.int64) for _ in range(2))
        np.add.at(left, of.ravel(), part.left)
        np.add.at(arrived, of.ravel(), part.arrived)
        for row, (site, target, lag) in enumerate(ways.tolist()):
            if not left[row].any():
                continue
            way = terms.of(site, target, is_transfer=is_transfer)
            load = way.units_per_load
            found.append(
                LanePlan(
                    *sites.get(site, ("", "")),
                    *names.get(target, ("", "")),
                    is_transfer=is_transfer,
                    terms=way,
                    lag=lag,
                    left=tuple(left[row].tolist()),
                    arrived=tuple(arrived[row].tolist()),
                    loads=tuple((-(-left[row] // load)).tolist()) if load else None,
                )
            )
    return tuple(sorted(found, key=lambda lane: (lane.is_transfer, -lane.total, lane.site, lane.target)))


class _Terms:
    """The sheets lanes and transfers; a lane to a parent holds for its children."""

    def __init__(self, scale: int) -> None:
        self._orgs: Tree = load_hierarchy().orgs
        self._lanes: Mapping[tuple[int, int], LaneTerms] = {
            (row.site_id, row.org_id): LaneTerms(
                row.lead_time_days,
                row.transport_mode,
                int(row.units_per_load.scaleb(scale)) if row.units_per_load else None,
            )
            for row in Lane.objects.all()
        }
        self._transfers = {
            (row.from_site_id, row.to_site_id): LaneTerms(row.lead_time_days, "", None)
            for row in Transfer.objects.all()
        }

    def of(self, site: int, target: int, *, is_transfer: bool) -> LaneTerms:
        nothing = LaneTerms(None, "", None)
        if is_transfer:
            return self._transfers.get((site, target), nothing)
        place = int(self._orgs.positions(np.array([target]))[0])
        for position in self._orgs.paths[place][::-1].tolist() if place >= 0 else ():
            if position < len(self._orgs.ids) and (site, int(self._orgs.ids[position])) in self._lanes:
                return self._lanes[site, int(self._orgs.ids[position])]
        return nothing


# Materials -----------------------------------------------------------------------------------------------------------
def _materials(version: Version, months: range) -> tuple[InboundMaterial, ...]:
    """Materials with arrivals, the core ones first; what is overdue is expected in the first month."""
    cube = load_measures(version_id=version.pk, measures=[m.PURCHASE], months=months)[m.PURCHASE]
    rows = {row.pk: row for row in Material.objects.select_related("supplier")}
    to_buy, on_order = ({pk: np.zeros(len(months), np.int64) for pk in rows} for _ in range(2))
    for (material, _site), values in zip(cube.axis.keys.tolist(), cube.values, strict=True):
        if material in to_buy:
            to_buy[material] += values
    for purchase in load_open_purchases(months.start).rows:
        offset = max(0, purchase.arrival_month - months.start)
        if offset < len(months):
            on_order[purchase.material_id][offset] += int(purchase.quantity.scaleb(cube.scale).to_integral_value())
    found = [
        InboundMaterial(
            code=row.code,
            label=row.label,
            uom=row.uom,
            supplier=row.supplier.label if row.supplier else "",
            on_order=tuple(on_order[pk].tolist()),
            to_buy=tuple(to_buy[pk].tolist()),
        )
        for pk, row in sorted(rows.items(), key=lambda item: (not item[1].core, item[1].code))
        if to_buy[pk].any() or on_order[pk].any()
    ]
    return tuple(found)
