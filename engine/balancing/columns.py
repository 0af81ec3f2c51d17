"""The column families: what the plan may decide, with its price and bounds.

The program minimises, so revenue stands as a negative cost. Constant terms (holding the safety stock, the
lost-sale cost of all demand) go to the offset, so that the optimum is minus the objective of the plan.
"""

from __future__ import annotations

import numpy as np

from engine.balancing.contracts import Floats, Ints, StockPoints
from engine.balancing.derived import is_frozen
from engine.balancing.program import Draft


def add_all(draft: Draft) -> None:
    """Every column family in canonical order."""
    _make(draft)
    _stock(draft)
    _move(draft)
    _serve(draft)
    _buy(draft)
    _hours(draft)
    _people(draft)
    _slacks(draft)
    _grow_old(draft)
    _depart_from_release(draft)
    if draft.options.set_ups:
        _set_ups(draft)


def _make(draft: Draft) -> None:
    """x: units made, at unit cost and the regular cost of their hours; q: units bought in ready-made."""
    problem, points = draft.problem, draft.problem.points
    makers = np.flatnonzero(points.can_make)
    draft.add_columns(
        "make",
        makers,
        len(points),
        cost=(points.make_cost + regular_hours_cost(draft))[makers],
        upper=np.minimum(points.make_max, draft.derived.make_cap)[makers],
    )
    outsourced = np.flatnonzero(~np.isnan(points.outsource_cost).all(axis=1))
    possible = ~np.isnan(points.outsource_cost[outsourced])
    limit = np.minimum(points.outsource_max, draft.derived.make_cap)[outsourced]
    draft.add_columns(
        "outsource",
        outsourced,
        len(points),
        cost=np.nan_to_num(points.outsource_cost[outsourced]),
        upper=np.where(possible, limit, 0.0),
    )
    transfers = problem.transfers
    _arrival, in_time = arrival_months(transfers.lag, problem.months)
    every = np.arange(len(transfers))
    draft.add_columns(
        "transfer", every, len(every), cost=transfers.cost, upper=np.where(in_time, np.inf, 0.0)
    )  # what would arrive after the horizon stays, or goods could be made to vanish


def regular_hours_cost(draft: Draft) -> Floats:
    """[points, T] cost per unit of the regular hours on all resources of its routing."""
    problem = draft.problem
    cost = np.zeros((len(problem.points), problem.months))
    lines = problem.routings
    np.add.at(cost, lines.point, lines.hours[:, None] * problem.resource.regular_cost[lines.resource])
    return cost


def _stock(draft: Draft) -> None:
    """e, z, o: stock is SS + surplus − below_safety + overstock, so soft levels need no row of their own."""
    points = draft.problem.points
    n = len(points)
    level, price = draft.derived.soft_level, draft.derived.below_price
    room = np.maximum(draft.derived.stock_limit - level, 0.0)
    draft.add_columns("surplus", np.arange(n), n, cost=points.hold_cost, upper=room)
    soft = np.flatnonzero(level.any(axis=1))
    draft.add_columns("below_safety", soft, n, cost=(price - points.hold_cost)[soft], upper=level[soft])
    limited = np.flatnonzero(np.isfinite(points.max_stock).any(axis=1))
    over_price = points.hold_cost[limited] + draft.derived.elastic_price
    draft.add_columns("overstock", limited, n, cost=over_price)
    draft.offset += float((points.hold_cost * level).sum())


def _move(draft: Draft) -> None:
    """y: units shipped on a lane, by month of leaving. For a direct class the sale's value sits here."""
    lanes, derived = draft.problem.lanes, draft.derived
    useful = np.flatnonzero(np.isin(derived.lane_market, derived.markets))
    arrival, in_time = arrival_months(lanes.lag[useful], draft.problem.months)
    cls = derived.direct_class[derived.lane_market[useful]]
    is_direct = (cls >= 0)[:, None]
    value = np.where(is_direct, derived.unit_value[cls[:, None], arrival], 0.0)
    asked = np.where(is_direct, draft.problem.demand.quantity[cls[:, None], arrival], np.inf)
    draft.add_columns(
        "ship",
        useful,
        len(lanes),
        cost=lanes.cost[useful] - np.where(in_time, value, 0.0),
        upper=np.where(in_time, asked, 0.0),
    )
    demand = draft.problem.demand
    never_waiting = ~demand.backorder
    missed = (derived.unit_value - demand.price)[never_waiting] * demand.quantity[never_waiting]
    draft.offset += float(missed.sum())


def arrival_months(lag: Ints, months: int) -> tuple[Ints, np.ndarray]:
    """[n, T] month of arrival by month of leaving (clipped), and whether it falls inside the horizon."""
    arrival = np.arange(months) + lag[:, None]
    return np.minimum(arrival, months - 1), arrival < months


def _serve(draft: Draft) -> None:
    """s, b, u: units served, waiting and dropped of the classes that are not direct."""
    demand, derived = draft.problem.demand, draft.derived
    n = len(demand)
    own = np.flatnonzero(~derived.direct)
    waits = demand.backorder[own][:, None]
    draft.add_columns(
        "serve",
        own,
        n,
        cost=-np.where(waits, demand.price[own], derived.unit_value[own]),
        upper=np.where(waits, np.inf, demand.quantity[own]),
    )
    waiting = np.flatnonzero(demand.backorder)
    upper = np.full((len(waiting), draft.problem.months), np.inf)
    upper[~demand.backlog_end_allowed[waiting], -1] = 0.0
    draft.add_columns("wait", waiting, n, cost=(demand.backorder_cost + derived.protection)[waiting], upper=upper)
    drop_price = np.where(np.isnan(demand.lost_cost), derived.elastic_price, demand.lost_cost)
    draft.add_columns("drop", waiting, n, cost=drop_price[waiting])


def _buy(draft: Draft) -> None:
    """w: units bought, by month of arrival; J: stock of material, with a soft band for core materials."""
    material = draft.problem.material
    n = len(material)
    every = np.arange(n)
    reachable = np.arange(draft.problem.months) >= material.first_arrival[:, None]
    draft.add_columns(
        "buy",
        every,
        n,
        cost=material.unit_cost,
        lower=np.where(reachable, material.buy_min, 0.0),
        upper=np.where(reachable, material.buy_max, 0.0),
    )
    draft.add_columns("material_stock", every, n, cost=material.hold_cost)
    soft = np.flatnonzero(material.safety_stock.any(axis=1))
    draft.add_columns(
        "below_band",
        soft,
        n,
        cost=(material.safety_penalty - material.hold_cost)[soft],
        upper=material.safety_stock[soft],
    )
    draft.offset += float((material.hold_cost * material.safety_stock).sum())


def _hours(draft: Draft) -> None:
    """OT, SH: overtime hours (instead of the regular cost) and extra shifts a day."""
    resource = draft.problem.resource
    n = len(resource)
    per_person = resource.is_labour & (resource.overtime_per_person > 0).any(axis=1)
    overtime = np.flatnonzero((resource.overtime_max > 0).any(axis=1) | per_person)
    draft.add_columns(
        "overtime",
        overtime,
        n,
        cost=(resource.overtime_price - resource.regular_cost)[overtime],
        upper=np.where(per_person[overtime][:, None], np.inf, resource.overtime_max[overtime]),
    )
    shifts = np.flatnonzero((resource.shift_max * resource.shift_hours > 0).any(axis=1))
    whole = draft.options.integer_shifts & draft.whole_months()
    draft.add_columns(
        "extra_shift",
        shifts,
        n,
        cost=resource.shift_cost[shifts],
        upper=resource.shift_max[shifts],
        integer=whole,
    )


def _people(draft: Draft) -> None:
    """W, H, L: headcount, hired and laid off. Whole people come and go when asked for, beside half posts there are."""
    resource = draft.problem.resource
    n = len(resource)
    labour = np.flatnonzero(resource.is_labour)
    whole = draft.options.integer_headcount & draft.whole_months()
    months = np.arange(draft.problem.months)
    may_hire = resource.can_hire[labour][:, None] & (months >= resource.shift_lead[labour][:, None])
    may_leave = np.broadcast_to(resource.can_hire[labour][:, None], may_hire.shape)
    draft.add_columns("headcount", labour, n, cost=resource.wage[labour])
    for name, price, allowed in (
        ("hire", resource.hire_cost, may_hire),
        ("lay_off", resource.layoff_cost, may_leave),
    ):
        upper = np.where(allowed, np.inf, 0.0)
        draft.add_columns(name, labour, n, cost=price[labour][:, None], upper=upper, integer=whole)


def _slacks(draft: Draft) -> None:
    """What may break though nothing physical does: more in a store than it has room for."""
    stores = len(draft.problem.storage)
    draft.add_columns("storage_slack", np.arange(stores), stores, cost=draft.derived.elastic_price)


def _grow_old(draft: Draft) -> None:
    """Written off because the shelf life is over: the only way out for what nobody takes in time."""
    points, material = draft.problem.points, draft.problem.material
    for name, part in (("scrap", points), ("scrap_material", material)):
        members = np.flatnonzero(np.isfinite(part.shelf_months))
        draft.add_columns(name, members, len(part), cost=part.scrap_cost[members])


def _depart_from_release(draft: Draft) -> None:
    """More and less than the last release: beyond the free band of slushy months at a planning price, less than a
    frozen month makes as a broken rule (and as little of that as hours and parts leave, see ``solve``)."""
    points = draft.problem.points
    members = released_points(points)
    frozen, price = is_frozen(points)[members], points.change_price[members]
    free = np.isnan(points.reference[members]) & ~frozen
    more = np.where(frozen | free, 0.0, np.inf)
    less = np.where(frozen, points.make_min[members], np.where(free, 0.0, np.inf))
    broken = np.where(frozen, draft.derived.elastic_price, price)
    draft.add_columns("more_than_released", members, len(points), cost=price, upper=more)
    draft.add_columns("less_than_released", members, len(points), cost=broken, upper=less)


def released_points(points: StockPoints) -> Ints:
    """Makers whose release still holds in some month: frozen, or slushy at a price."""
    return np.flatnonzero(points.can_make & (is_frozen(points) | np.isfinite(points.reference)).any(axis=1))


def _set_ups(draft: Draft) -> None:
    """Y: 1 in a month in which a point with a set-up cost or a minimum lot makes something; Z: likewise for orders."""
    points = draft.problem.points
    counted = points.can_make & ((points.setup_cost > 0).any(axis=1) | (points.min_lot > 0))
    chosen = np.flatnonzero(counted)
    whole = draft.whole_months()
    draft.add_columns("set_up", chosen, len(points), cost=points.setup_cost[chosen], upper=1.0, integer=whole)
    material = draft.problem.material
    ordered = np.flatnonzero(material.min_order > 0)
    draft.add_columns("order", ordered, len(material), upper=1.0, integer=whole)
