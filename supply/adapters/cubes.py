"""A balanced plan → the cubes of the plan store: whole units, hours to the hundredth, money to the cent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.balancing.contracts import BalancePlan, BalanceProblem, Floats, Ints
from engine.balancing.rounding import WholePlan
from engine.money import allocate
from masterdata.selectors import WayKey
from plans.choices import AxisKind, Unit
from plans.cubes import Axis, Cube
from supply import measures as m
from supply.adapters.database import Ids


@dataclass(frozen=True)
class Scales:
    """Decimals of quantities and money."""

    quantity: int
    money: int


def way_keys(problem: BalanceProblem, ids: Ids) -> dict[str, list[WayKey]]:
    """The ways a plan may use: of its lanes for what is shipped, of its moves between sites for what is transferred."""
    points, lanes, moves = problem.points, problem.lanes, problem.transfers
    sites = [ids.sites.get(code, 0) for code in problem.sites]
    orgs = [ids.orgs[code] for code in problem.orgs]
    from_lane, from_move, to_move = (points.site[index].tolist() for index in (lanes.point, moves.source, moves.target))
    return {
        m.SHIPPED: [
            (sites[site], orgs[org], 0, lag)
            for site, org, lag in zip(from_lane, lanes.org.tolist(), lanes.lag.tolist(), strict=True)
        ],
        m.TRANSFERRED: [
            (sites[site], 0, sites[target], lag)
            for site, target, lag in zip(from_move, to_move, moves.lag.tolist(), strict=True)
        ],
    }


def move_cubes(
    problem: BalanceProblem, whole: WholePlan, *, ids: Ids, ways: Mapping[WayKey, int], scales: Scales
) -> dict[str, Cube]:
    """What is shipped and transferred, by product and way and month of leaving; ways that stay empty are left out."""
    points, keys = problem.points, way_keys(problem, ids)
    flows = (
        (m.SHIPPED, problem.lanes.point, whole.shipments),
        (m.TRANSFERRED, problem.transfers.source, whole.transfers),
    )
    cubes = {}
    for measure, point, values in flows:
        used = np.flatnonzero(values.any(axis=1))
        products = [ids.products[problem.products[k]] for k in points.product[point[used]]]
        pairs = _pairs(products, [ways[keys[measure][row]] for row in used.tolist()])
        cubes[measure] = _cube(
            AxisKind.PRODUCT_WAY, pairs, values[used], problem.first_month, Unit.QUANTITY, scales.quantity
        )
    return cubes


def plan_cubes(
    problem: BalanceProblem, plan: BalancePlan, whole: WholePlan, *, ids: Ids, scales: Scales
) -> dict[str, Cube]:
    """Measure → cube over the problem's months, but for what moves (``move_cubes``)."""
    first = problem.first_month
    points, material = problem.points, problem.material
    markets = _pairs(
        [ids.products[problem.products[code // len(problem.orgs)]] for code in whole.markets.tolist()],
        [ids.orgs[problem.orgs[code % len(problem.orgs)]] for code in whole.markets.tolist()],
    )
    at = _pairs(
        [ids.products[problem.products[k]] for k in points.product],
        [ids.sites.get(problem.sites[p], 0) for p in points.site],
    )
    stored = _pairs(
        [ids.materials[problem.materials[i]] for i in material.material],
        [ids.sites.get(problem.sites[p], 0) for p in material.site],
    )
    machines = _pairs([ids.resources[code] for code in problem.resources], [0] * len(problem.resources))

    def quantity(kind: str, keys: Ints, values: Ints) -> Cube:
        return _cube(kind, keys, values, first, Unit.QUANTITY, scales.quantity)

    def hours(values: Floats) -> Cube:
        whole_hours = np.rint(values * 10**m.HOURS_SCALE).astype(np.int64)
        return _cube(AxisKind.RESOURCE, machines, whole_hours, first, Unit.HOURS, m.HOURS_SCALE)

    costs = operating_costs(problem, plan, whole, money_scale=scales.money, quantity_scale=scales.quantity)
    return {
        m.CONSTRAINED: quantity(AxisKind.PRODUCT_ORG, markets, whole.served),
        m.SHORT: quantity(AxisKind.PRODUCT_ORG, markets, whole.short()),
        m.PRODUCTION: quantity(AxisKind.PRODUCT_SITE, at, whole.production),
        m.OUTSOURCED: quantity(AxisKind.PRODUCT_SITE, at, whole.outsourced),
        m.STOCK_END: quantity(AxisKind.PRODUCT_SITE, at, whole.stock),
        m.PURCHASE: quantity(AxisKind.MATERIAL, stored, whole.purchases),
        m.MATERIAL_STOCK: quantity(AxisKind.MATERIAL, stored, whole.material_stock),
        m.LOAD_HOURS: hours(whole.load),
        m.AVAILABLE_HOURS: hours(np.maximum(plan.available, 0.0)),
        m.OVERTIME_HOURS: hours(plan.overtime),
        m.EXTRA_SHIFT_HOURS: hours(plan.extra_shifts * problem.resource.shift_hours),
        **{
            code: _cube(AxisKind.PRODUCT_ORG, markets, values, first, Unit.MONEY, scales.money)
            for code, values in costs.items()
        },
    }


def operating_costs(
    problem: BalanceProblem, plan: BalancePlan, whole: WholePlan, *, money_scale: int, quantity_scale: int
) -> dict[str, Ints]:
    """[markets, T] minor units: outsourcing (above the own unit cost), freight, overtime and extra shifts.

    What is paid per site or resource is shared over the markets that are served, exactly.
    """
    cent, unit = 10**money_scale, 10**quantity_scale
    product_of_market = whole.markets // len(problem.orgs)
    freight = np.zeros(whole.served.shape, dtype=np.int64)
    lane_market = problem.points.product[problem.lanes.point] * len(problem.orgs) + problem.lanes.org
    used = np.isin(lane_market, whole.markets)
    paid = np.rint(whole.shipments * problem.lanes.cost * cent / unit).astype(np.int64)
    np.add.at(freight, np.searchsorted(whole.markets, lane_market[used]), paid[used])
    extra = np.nan_to_num(problem.points.outsource_cost) - _own_cost(problem)
    outside = np.rint(whole.outsourced * extra * cent / unit).astype(np.int64)
    return {
        m.OUTSOURCING_COST: _to_markets(problem, whole, outside, problem.points.product, product_of_market),
        m.FREIGHT_COST: freight,
        m.OVERTIME_COST: _to_markets(
            problem, whole, _hours_cost(problem, plan, cent), problem.points.product, product_of_market
        ),
    }


def _own_cost(problem: BalanceProblem) -> Floats:
    """[points, T] what a unit would cost made here, with its materials."""
    cost = problem.points.make_cost.copy()
    lines = problem.material_lines
    bought = lines.quantity[:, None] * problem.material.unit_cost[lines.material_point]
    np.add.at(cost, lines.point, bought)
    return cost


def _hours_cost(problem: BalanceProblem, plan: BalancePlan, cent: int) -> Ints:
    """[points, T] overtime and extra shifts of every resource, shared by the hours each product takes."""
    resource, lines = problem.resource, problem.routings
    amount = plan.overtime * resource.overtime_cost + plan.extra_shifts * resource.shift_cost
    totals = np.rint(amount * cent).astype(np.int64)
    shared = np.zeros((len(problem.points), problem.months), dtype=np.int64)
    if not totals.any():
        return shared
    totals[np.setdiff1d(np.arange(len(resource)), lines.resource)] = 0  # nothing is made on it
    load = np.rint(lines.hours[:, None] * plan.production[lines.point] * 1000).astype(np.int64)
    np.add.at(shared, lines.point, allocate(totals, load, lines.resource))
    return shared


def _to_markets(
    problem: BalanceProblem, whole: WholePlan, amounts: Ints, product_of_point: Ints, product_of_market: Ints
) -> Ints:
    """Amounts per point → per market by what each is served; a component's go to all markets."""
    by_product = np.zeros((len(problem.products), problem.months), dtype=np.int64)
    np.add.at(by_product, product_of_point, amounts)
    sold = np.isin(np.arange(len(problem.products)), product_of_market)
    general = by_product[~sold].sum(axis=0, keepdims=True)
    by_product[~sold] = 0
    own = allocate(by_product, whole.served, product_of_market)
    return own + allocate(general, whole.served, np.zeros(len(whole.markets), dtype=np.int64))


def _pairs(first: Iterable[int], second: Iterable[int]) -> Ints:
    return np.column_stack([np.array(list(first), dtype=np.int64), np.array(list(second), dtype=np.int64)])


def _cube(kind: str, keys: Ints, values: Ints, first_month: int, unit: str, scale: int) -> Cube:
    """Rows sorted by key, as an axis wants them."""
    order = np.lexsort((keys[:, 1], keys[:, 0]))
    return Cube(Axis(kind, keys[order]), first_month, values[order], unit, scale)
