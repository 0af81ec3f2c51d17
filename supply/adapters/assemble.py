"""Sheets → ``BalanceProblem``: every set sorted by code, so that row order in the sheets changes nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.balancing.blanks import blank_lanes, blank_points
from engine.balancing.contracts import (
    BalanceProblem,
    ComponentLines,
    DemandClasses,
    Finding,
    Floats,
    Lanes,
    Routings,
    StockPoints,
    StorageLimits,
    Transfers,
)
from supply.adapters.capacity import build_resources
from supply.adapters.horizon import shelf_months
from supply.adapters.lots import OpeningLots, open_lots, say_expired
from supply.adapters.markets import MAKE_TO_STOCK, build_demand
from supply.adapters.materials import build_materials, build_supplier_limits
from supply.adapters.money import CostBook, PriceBook
from supply.adapters.network import Network, build_network
from supply.adapters.sheets import Row, Sheets, number, optional

DAYS_OF_COVER = 30.0  # days of a month when stock days are turned into units
BELOW_SAFETY_RATE = 4.0  # a unit missing from the safety stock costs this many times a month's holding
BELOW_SAFETY_SHARE = 0.005  # … and at least this share of the unit's cost
END_VALUE = 1.05  # of the unit cost: what a unit of safety stock is worth at the end of the horizon
SLUSHY_BAND = 0.10  # of the release: a change within it costs nothing
CHANGE_SHARE = 0.05  # of the unit cost: what one unit more or less than that costs in a slushy month


@dataclass(frozen=True)
class Assembled:
    """A problem with what is to be said about its inputs."""

    problem: BalanceProblem
    findings: tuple[Finding, ...]


def assemble(sheets: Sheets) -> Assembled:
    """The balancing problem of a company."""
    network = build_network(sheets)
    costs, prices = CostBook(sheets), PriceBook(sheets)
    orgs = sorted({row["org"] for row in sheets.of("demand")})
    products = sorted({product for product, _site in network.points} | {r["product"] for r in sheets.of("demand")})
    sites = sorted({site for _product, site in network.points} | {row["site"] for row in sheets.of("resources")})
    demand = build_demand(sheets, prices, products, orgs)
    resources, resource = build_resources(sheets, sites)
    place = {point: position for position, point in enumerate(network.points)}
    asked = _asked(demand, products)
    points, found = _points(sheets, network, costs, products, sites, asked)
    shares = _shares(network, asked)
    materials, material, lines, remarks = build_materials(sheets, network, place, sites, shares)
    resource_place = {code: position for position, code in enumerate(resources)}
    usable = [line for line in network.routings if line[1] in resource_place]
    found += remarks
    found += [
        Finding("resource_unknown", "warning", "product", point[0], {"resource": code})
        for point, code, _hours in network.routings
        if code not in resource_place
    ]
    problem = BalanceProblem(
        first_month=sheets.first_month,
        months=sheets.months,
        products=tuple(products),
        sites=tuple(sites),
        orgs=tuple(orgs),
        resources=tuple(resources),
        materials=tuple(materials),
        points=points,
        demand=demand,
        lanes=_lanes(network, place, orgs, sheets.months),
        transfers=_transfers(network, place, sheets.months),
        resource=resource,
        routings=Routings(
            _ints(place[point] for point, _code, _hours in usable),
            _ints(resource_place[code] for _point, code, _hours in usable),
            np.array([hours for _point, _code, hours in usable], dtype=float),
        ),
        material=material,
        material_lines=lines,
        component_lines=ComponentLines(
            _ints(place[parent] for parent, _part, _quantity in network.components),
            _ints(place[part] for _parent, part, _quantity in network.components),
            np.array([quantity for _parent, _part, quantity in network.components], dtype=float),
        ),
        supplier=build_supplier_limits(sheets, materials, material),
        storage=_storage(sheets, sites),
    )
    return Assembled(problem, (*sheets.findings, *network.findings, *prices.findings, *found))


def _asked(demand: DemandClasses, products: list[str]) -> dict[str, Floats]:
    """Product → [T] total demand."""
    asked = np.zeros((len(products), demand.quantity.shape[1]))
    np.add.at(asked, demand.product, demand.quantity)
    return dict(zip(products, asked, strict=True))


def _shares(network: Network, asked: dict[str, Floats]) -> dict[tuple[str, str], Floats]:
    """Making point → [T] its equal share of the product's demand."""
    makers = Counter(product for product, _site in network.makers)
    return {(product, site): asked[product] / makers[product] for product, site in network.makers}


def _points(
    sheets: Sheets,
    network: Network,
    costs: CostBook,
    products: list[str],
    sites: list[str],
    asked: dict[str, Floats],
) -> tuple[StockPoints, list[Finding]]:
    """Stock points with their costs, fences and stock policies; what is to be said about their stock."""
    number_of = {code: position for position, code in enumerate(products)}
    site_of = {code: position for position, code in enumerate(sites)}
    points = network.points
    months = sheets.months
    blank = blank_points([number_of[k] for k, _p in points], [site_of[p] for _k, p in points], months)
    bought = _bought_in(sheets, network, costs)
    policies = _Policies(sheets, network)
    arrays: dict[str, list] = defaultdict(list)
    findings: list[Finding] = []
    for product, site in points:
        point = (product, site)
        unit = costs.unit_cost(product, site)
        part = np.minimum(bought.get(point, np.zeros(months)), costs.bought_in_cost(product, site))
        hold = costs.holding_cost(product, site)
        outsourcing = costs.cost(product, site, "outsourcing_cost")
        arrays["make_cost"].append(unit - part)
        arrays["hold_cost"].append(hold)
        arrays["outsource_cost"].append(outsourcing if policies.is_home(point) else np.full(months, np.nan))
        arrays["setup_cost"].append(np.nan_to_num(costs.cost(product, site, "setup_cost")))
        release = _by_offset(sheets, sheets.slushy.get(point, {}) if point in network.makers else {})
        arrays["reference"].append(release)
        arrays["reference_band"].append(SLUSHY_BAND * np.nan_to_num(release))
        arrays["change_price"].append(CHANGE_SHARE * unit)
        arrays["shelf_months"].append(policies.shelf_months(point))
        arrays["scrap_cost"].append(unit)
        arrays["safety_stock"].append(policies.safety_stock(point, asked[product]))
        arrays["safety_penalty"].append(_below_safety(unit, hold))
        arrays["max_stock"].append(policies.max_stock(point, asked[product]))
        lots = policies.lots(point)
        findings += say_expired("product", product, site, lots)
        arrays["initial"].append(lots.usable)
        arrays["opening_kept"].append(lots.kept)
        arrays["end_stock"].append(policies.end_stock(point))
    shaped = {
        name: np.array(values, dtype=float).reshape(getattr(blank, name).shape) for name, values in arrays.items()
    }
    low, top, lot = _make_bounds(sheets, network)
    made = np.array([point in network.makers for point in points], dtype=bool)
    return replace(blank, **shaped, can_make=made, make_min=low, make_max=top, min_lot=lot), findings


def _below_safety(unit: Floats, hold: Floats) -> Floats:
    """[T] price of a unit missing from the safety stock; in the last month it is as dear as making one.

    Else the plan would sell its safety stock where the horizon ends, though the company goes on.
    """
    price = np.maximum(BELOW_SAFETY_RATE * hold, BELOW_SAFETY_SHARE * unit + 1e-3)
    price[-1] = max(price[-1], END_VALUE * unit[-1])
    return price


def _by_offset(sheets: Sheets, by_month: Mapping[int, float]) -> Floats:
    """[T] quantities by month of the horizon; nan where nothing is said."""
    values = np.full(sheets.months, np.nan)
    for month, quantity in by_month.items():
        if 0 <= month - sheets.first_month < sheets.months:
            values[month - sheets.first_month] = quantity
    return values


def _bought_in(sheets: Sheets, network: Network, costs: CostBook) -> dict[tuple[str, str], Floats]:
    """Point → [T] what the model itself charges for the materials and components of one unit.

    The unit cost of a product is all-in; what the model buys or makes apart must not count twice.
    """
    unit_cost = {row["code"]: number(row["unit_cost"]) for row in sheets.of("materials")}
    bought: dict[tuple[str, str], Floats] = defaultdict(lambda: np.zeros(sheets.months))
    for point, (material, _site), quantity in network.materials:
        bought[point] = bought[point] + quantity * unit_cost[material]
    for point, (component, site), quantity in network.components:
        bought[point] = bought[point] + quantity * costs.unit_cost(component, site)
    return bought


def _make_bounds(sheets: Sheets, network: Network) -> tuple[Floats, Floats, Floats]:
    """Least and most made per month (routing limits, released months) and the least lot."""
    n, months = len(network.points), sheets.months
    low, top, lot = np.zeros((n, months)), np.full((n, months), np.inf), np.zeros(n)
    limits: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in sheets.of("routings"):
        limits[row["product"], row["site"]].append(row)
    for position, point in enumerate(network.points):
        for row in limits[point]:
            lot[position] = max(lot[position], number(row["min_lot"]))
            if row["max_per_month"] is not None:
                top[position] = np.minimum(top[position], float(row["max_per_month"]))
        for month, quantity in sheets.released.get(point, {}).items():
            offset = month - sheets.first_month
            if 0 <= offset < months and point in network.makers:
                low[position, offset] = top[position, offset] = quantity
    return low, top, lot


class _Policies:
    """Stock policies of a point: a row of the site outranks the product's, which its sites share equally."""

    def __init__(self, sheets: Sheets, network: Network) -> None:
        self._months = sheets.months
        self._sheets = sheets
        self._errors = sheets.errors
        self._rows = {(row["product"], row["site"] or None): row for row in sheets.of("policies")}
        self._stock: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in sheets.of("inventory"):
            self._stock[row["item"], row["site"]].append(row)
        homes: dict[str, list[str]] = defaultdict(list)
        for product, site in network.points:
            if (product, site) in network.makers:
                homes[product].append(site)
        for product, site in network.points:
            if product not in homes:
                homes[product] = [site]
        self._homes = homes

    def is_home(self, point: tuple[str, str]) -> bool:
        """Whether a point is one of those its product's policy is shared among."""
        return point[1] in self._homes[point[0]]

    def lots(self, point: tuple[str, str]) -> OpeningLots:
        """Stock at the start: counted, with its age, else what the policy says, fresh."""
        stated = {"quantity": self._level(point, "initial_stock", 0.0)}
        return open_lots(self._stock.get(point, [stated]), self.shelf_months(point), self._sheets)

    def end_stock(self, point: tuple[str, str]) -> float:
        """Least stock at the end of the horizon."""
        return self._level(point, "end_stock", 0.0)

    def safety_stock(self, point: tuple[str, str], asked: Floats) -> Floats:
        """[T] what the forecast's errors call for at the service level, while something is asked for.

        Without a forecast, for what is not made to stock, and where a site has a rule of its own: days of the next
        month's demand.
        """
        needed = self._errors.get(point[0])
        if needed is None or point in self._rows or not self._is_stocked(point[0]):
            return self._days(point, "safety_stock_days", asked, 0.0)
        if not self.is_home(point):
            return np.zeros(self._months)
        coming = np.append(asked[1:], asked[-1:])
        return np.where(coming > 0, needed, 0.0) / len(self._homes[point[0]])

    def shelf_months(self, point: tuple[str, str]) -> float:
        """Whole months a unit keeps; inf without a shelf life."""
        row = self._rows.get(point) or self._rows.get((point[0], None)) or {}
        return shelf_months(row.get("shelf_life_days"))

    def _is_stocked(self, product: str) -> bool:
        row = self._rows.get((product, None))
        return row is None or row["fulfilment"] in (None, MAKE_TO_STOCK)

    def max_stock(self, point: tuple[str, str], asked: Floats) -> Floats:
        """[T] the lower of the limits in units and in days of demand; inf without either."""
        units = self._level(point, "max_stock_units", np.inf)
        return np.minimum(units, self._days(point, "max_stock_days", asked, np.inf))

    def _level(self, point: tuple[str, str], column: str, default: float) -> float:
        own = self._rows.get(point)
        if own is not None and own[column] is not None:
            return float(own[column])
        shared = self._rows.get((point[0], None))
        if shared is None or shared[column] is None or not self.is_home(point):
            return default
        return float(shared[column]) / len(self._homes[point[0]])

    def _days(self, point: tuple[str, str], column: str, asked: Floats, default: float) -> Floats:
        row = self._rows.get(point) or self._rows.get((point[0], None)) or {}
        days = optional(row.get(column))
        if np.isnan(days) or not self.is_home(point):
            return np.full(self._months, default)
        coming = np.append(asked[1:], asked[-1:])
        return days / DAYS_OF_COVER * coming / len(self._homes[point[0]])


def _lanes(network: Network, place: dict, orgs: list[str], months: int) -> Lanes:
    org_of = {code: position for position, code in enumerate(orgs)}
    rows = sorted((place[point], org_of[org], cost, lag) for point, org, cost, lag in network.ways)
    lanes = blank_lanes([row[0] for row in rows], [row[1] for row in rows], months)
    cost = np.array([row[2] for row in rows], dtype=float)
    return replace(lanes, cost=np.repeat(cost[:, None], months, axis=1), lag=_ints(row[3] for row in rows))


def _transfers(network: Network, place: dict, months: int) -> Transfers:
    cost = np.array([cost for _source, _target, cost, _lag in network.moves], dtype=float)
    return Transfers(
        _ints(place[source] for source, _target, _cost, _lag in network.moves),
        _ints(place[target] for _source, target, _cost, _lag in network.moves),
        np.repeat(cost[:, None], months, axis=1),
        _ints(lag for _source, _target, _cost, lag in network.moves),
    )


def _storage(sheets: Sheets, sites: list[str]) -> StorageLimits:
    """Sites with a storage limit; none or 0 means no limit."""
    limit = {row["code"]: number(row["storage_units"]) for row in sheets.of("sites")}
    limited = [position for position, site in enumerate(sites) if limit.get(site, 0.0) > 0]
    quantity = np.array([[limit[sites[p]]] * sheets.months for p in limited], dtype=float)
    return StorageLimits(_ints(limited), quantity.reshape(len(limited), sheets.months))


def _ints(values) -> np.ndarray:
    return np.array(list(values), dtype=np.int64)
