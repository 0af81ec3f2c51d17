"""Numbers that follow from a problem and that both the matrix builder and its twin need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.balancing.contracts import BalanceProblem, Bools, DemandClasses, Floats, Ints, StockPoints

LARGEST = 1e12  # units; no figure of a company is larger (docs/formats.md)
_MARGIN = 1e-6  # above what hours and parts allow, so that they bind before it
ELASTIC_FACTOR = 10.0  # a broken rule costs this many times the dearest thing a unit can cost or earn


@dataclass(frozen=True)
class Derived:
    """``market`` codes are ``product · len(orgs) + org``."""

    class_market: Ints  # [classes]
    lane_market: Ints  # [lanes]
    markets: Ints  # sorted codes that have demand
    direct: Bools  # [classes] the only class of its market and lost when not served: needs no own column
    direct_class: Ints  # [products · orgs] the direct class of a market, else −1
    unit_value: Floats  # [classes, T] what serving one more unit is worth: price and avoided lost-sale cost
    elastic_price: float  # per unit of a broken rule of the company (demand to be served, levels, storage, a release)
    make_cap: Floats  # [points, T] no optimal plan makes more
    soft_level: Floats  # [points, T] stock should not fall below
    below_price: Floats  # [points, T] per unit and month below it
    protection: Floats  # [classes, T] see ``price_protection``
    stock_limit: Floats  # [points, T] stock above it is a broken rule: the stated limit, or what is there anyway
    storage_limit: Floats  # [storage, T] likewise for all products of a site


def derive(problem: BalanceProblem, elastic: float | None = None) -> Derived:
    """Compute what columns and rows share. ``elastic`` is the price of a broken rule where it is given."""
    demand, orgs = problem.demand, len(problem.orgs)
    class_market = demand.product * orgs + demand.org
    lane_market = problem.points.product[problem.lanes.point] * orgs + problem.lanes.org
    markets, counts = np.unique(class_market, return_counts=True)
    alone = np.zeros(len(problem.products) * orgs, dtype=bool)
    alone[markets] = counts == 1
    direct = alone[class_market] & ~demand.backorder
    direct_class = np.full(len(alone), -1, dtype=np.int64)
    direct_class[class_market[direct]] = np.flatnonzero(direct)
    elastic = elastic_price(problem) if elastic is None else elastic
    value = demand.price + np.nan_to_num(demand.lost_cost) + elastic * demand.must_serve[:, None]
    level, below = soft_level(problem, elastic)
    cap = make_cap(problem)
    there = unavoidable_stock(problem)
    return Derived(
        class_market=class_market,
        lane_market=lane_market,
        markets=markets,
        direct=direct,
        direct_class=direct_class,
        unit_value=value,
        elastic_price=elastic,
        make_cap=cap,
        soft_level=level,
        below_price=below,
        protection=price_protection(problem.demand),
        stock_limit=np.maximum(problem.points.max_stock, there),
        storage_limit=np.maximum(problem.storage.quantity, at_stores(problem, there)),
    )


def elastic_price(problem: BalanceProblem) -> float:
    """The price per unit of a broken rule: above anything a unit can earn, so that rules break last."""
    points, resource = problem.points, problem.resource
    hours = np.zeros((len(points), problem.months))
    hourly = resource.overtime_price
    person = resource.wage + (resource.hire_cost + resource.layoff_cost)[:, None]
    hourly = hourly + np.divide(
        person, resource.hours_per_person, out=np.zeros_like(person), where=resource.hours_per_person > 0
    )
    lines = problem.routings
    np.add.at(hours, lines.point, lines.hours[:, None] * hourly[lines.resource])
    buying = np.zeros((len(points), problem.months))
    bought = problem.material_lines
    np.add.at(buying, bought.point, bought.quantity[:, None] * problem.material.unit_cost[bought.material_point])
    made = points.make_cost + points.setup_cost + hours + buying + problem.months * points.hold_cost
    terms = [
        _most(made),
        _most(points.outsource_cost),
        _most(problem.lanes.cost),
        _most(problem.demand.price + np.nan_to_num(problem.demand.lost_cost)),
        _most(problem.demand.backorder_cost) * problem.months,
    ]
    return ELASTIC_FACTOR * max(1.0, sum(terms))


def soft_level(problem: BalanceProblem, elastic: float) -> tuple[Floats, Floats]:
    """[points, T] the level stock should not fall below and the price per unit below it.

    A given end stock replaces the safety stock in the last month and is priced as a broken rule.
    """
    points = problem.points
    level, price = points.safety_stock.copy(), points.safety_penalty.copy()
    given = points.end_stock > 0
    level[given, -1] = points.end_stock[given]
    price[given, -1] = elastic
    return level, price


def price_protection(demand: DemandClasses) -> Floats:
    """[classes, T] what the price rises by while a unit waits into the next month: its customer does not pay that.

    Who waits pays the price of the month of asking, or the lower one of the month of delivery. So no plan earns by
    letting people wait for a higher price.
    """
    rise = np.zeros_like(demand.price)
    rise[:, :-1] = np.maximum(np.diff(demand.price, axis=1), 0.0)
    return np.where(demand.backorder[:, None], rise, 0.0)


def is_frozen(points: StockPoints) -> Bools:
    """[points, T] months in which the last release fixes what is made: ``make_min``, as far as hours and parts go."""
    frozen: Bools = points.make_min > 0
    return frozen


def unavoidable_stock(problem: BalanceProblem) -> Floats:
    """[points, T] what lies in stock whatever is planned: opening stock and frozen production beyond all demand.

    Nothing where goods may go on to another site or into another product.
    """
    points, demand, lanes = problem.points, problem.demand, problem.lanes
    asked = np.zeros((len(problem.products) * len(problem.orgs), problem.months))
    np.add.at(asked, demand.product * len(problem.orgs) + demand.org, demand.quantity)
    asked = np.cumsum(asked, axis=1)
    reach = np.minimum(np.arange(problem.months) + lanes.lag[:, None], problem.months - 1)
    market = points.product[lanes.point] * len(problem.orgs) + lanes.org
    outflow = np.zeros((len(points), problem.months))
    np.add.at(outflow, lanes.point, asked[market[:, None], reach])
    held = points.initial[:, None] + np.cumsum(points.make_min, axis=1) - outflow
    held[problem.transfers.source] = 0.0
    held[problem.component_lines.component] = 0.0
    held[np.isfinite(points.shelf_months)] = 0.0  # what nobody takes is written off
    return np.maximum(held, 0.0)


def at_stores(problem: BalanceProblem, stock: Floats) -> Floats:
    """[storage, T] stock of all products at each limited site."""
    total = np.zeros((len(problem.sites), problem.months))
    np.add.at(total, problem.points.site, stock)
    return total[problem.storage.site]


def make_cap(problem: BalanceProblem) -> Floats:
    """[points, T] an upper level of useful production: what is still to be served, stocked or used up.

    A lost sale is of use only in months from ``t`` on; a waiting one in every month. Components inherit their
    parents' need. Levels that bind nothing still help: HiGHS' presolve took 1 instead of 18 seconds with them.
    """
    points, demand = problem.points, problem.demand
    need = np.zeros((len(problem.products), problem.months))
    total = demand.quantity.sum(axis=1, keepdims=True)
    np.add.at(need, demand.product, np.where(demand.backorder[:, None], total, _remaining(demand.quantity)))
    kept = points.safety_stock.max(axis=1, initial=0.0) + points.end_stock + points.min_lot
    kept = kept * np.where(np.isfinite(points.shelf_months), problem.months, 1)  # what grows old is made again
    released = np.maximum(points.make_min, np.nan_to_num(points.reference))
    np.add.at(need, points.product, (kept[:, None] + _remaining(released)))
    lines = problem.component_lines
    if len(lines):
        need = _with_parents(need, points.product[lines.point], points.product[lines.component], lines.quantity)
    return np.maximum(np.minimum(need[points.product], LARGEST), points.make_min)


def lot_cap(problem: BalanceProblem, cap: Floats) -> Floats:
    """[points, T] the largest lot of a month: what is of use (``make_cap``), by its hours and the parts there may be.

    What switches something on or off (a set-up) needs a level, and one far above what can be is none: a solver takes
    a millionth of a set-up for nothing.
    """
    resource, parts = problem.resource, problem.material_lines
    most = cap.copy()
    people = resource.headcount[:, None] * (resource.hours_per_person + resource.overtime_per_person)
    people = np.where(resource.can_hire[:, None], np.inf, people)
    hours = resource.regular_hours + resource.overtime_max + resource.shift_max * resource.shift_hours
    hours = np.where(resource.is_labour[:, None], people, 0.0) + hours
    for lines, owner, used, there in (
        (problem.routings, problem.routings.resource, problem.routings.hours, hours),
        (parts, parts.material_point, parts.quantity, _parts(problem)),
    ):
        taken = used > 0
        room = np.maximum(there[owner[taken]], 0.0) / used[taken, None]
        np.minimum.at(most, lines.point[taken], room * (1 + _MARGIN))
    return most


def _parts(problem: BalanceProblem) -> Floats:
    """[material points, T] the most there may be of a material by a month: stock, on its way, to be bought."""
    material, supplier = problem.material, problem.supplier
    limit = np.full((len(problem.materials), problem.months), np.inf)
    limit[supplier.material] = supplier.quantity
    reachable = np.arange(problem.months) >= material.first_arrival[:, None]
    bought = np.where(reachable, np.minimum(limit[material.material], material.buy_max), 0.0)
    return material.initial[:, None] + np.cumsum(material.arrivals + bought, axis=1)


def order_cap(problem: BalanceProblem, cap: Floats) -> Floats:
    """[material points, T] an upper level of a useful order: all that can still be used up, at least the least one."""
    lines, material = problem.material_lines, problem.material
    need = np.zeros((len(material), problem.months))
    np.add.at(need, lines.material_point, lines.quantity[:, None] * cap[lines.point])
    need += material.safety_stock.max(axis=1, initial=0.0)[:, None]
    return np.maximum(np.minimum(need, LARGEST), material.min_order[:, None])


def _with_parents(own: Floats, parents: Ints, components: Ints, quantity: Floats) -> Floats:
    """Add parents' need to components', level by level; a product used at several sites counts once."""
    pairs = np.unique(np.stack([parents, components]), axis=1)
    most = np.array([quantity[(parents == p) & (components == c)].max() for p, c in pairs.T])
    need = own
    for _level in range(pairs.shape[1] + 1):
        passed = own.copy()
        np.add.at(passed, pairs[1], most[:, None] * need[pairs[0]])
        if np.array_equal(passed, need):
            break
        need = passed
    return need


def _remaining(quantity: Floats) -> Floats:
    """Σ over this month and all later ones."""
    return np.cumsum(quantity[:, ::-1], axis=1)[:, ::-1]


def _most(values: Floats) -> float:
    return float(np.nanmax(np.abs(values), initial=0.0)) if values.size else 0.0
