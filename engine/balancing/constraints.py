"""The constraint families, one function each. Row names, meanings and duals: ``docs/maths/balancing.md``.

A row's dual is what one more unit of its right-hand side adds to the objective: the value of one more unit
in stock, of one more hour of a resource, of one more unit from a supplier.
"""

from __future__ import annotations

import numpy as np

from engine.balancing.columns import arrival_months
from engine.balancing.contracts import Floats, Ints
from engine.balancing.derived import is_frozen, lot_cap, order_cap
from engine.balancing.indexing import Family
from engine.balancing.program import Draft


def add_all(draft: Draft) -> None:
    """Every row family in canonical order."""
    stock_balance(draft)
    pool(draft)
    backorder(draft)
    material_balance(draft)
    resource_capacity(draft)
    labour(draft)
    supplier_limit(draft)
    storage_upper(draft)
    shelf_life(draft)
    material_shelf_life(draft)
    release_range(draft)
    if draft.options.set_ups:
        set_up(draft)
        min_order(draft)


def stock_balance(draft: Draft) -> None:
    """``Stock-balance`` (k,p,t): I[t−1] + x + q + Σv − Σy − Σ bom·x − scrap = I[t], I = SS + e − z + o."""
    problem, columns = draft.problem, draft.columns
    points = problem.points
    every = np.arange(len(points))
    level = draft.derived.soft_level
    rise = np.diff(level, axis=1, prepend=0.0)
    rise[:, 0] -= points.initial
    rows = draft.add_rows("Stock-balance", every, len(points), lower=rise, upper=rise)
    for name, sign in (("surplus", -1.0), ("below_safety", 1.0), ("overstock", -1.0)):
        _carry(draft, rows, columns[name], sign)
    for name in ("make", "outsource"):
        family = columns[name]
        draft.add_terms(rows.places(family.members), family.places(), 1.0)
    scrap = columns["scrap"]
    draft.add_terms(rows.places(scrap.members), scrap.places(), -1.0)
    ship = columns["ship"]
    draft.add_terms(rows.places(problem.lanes.point[ship.members]), ship.places(), -1.0)
    transfers = problem.transfers
    draft.add_terms(rows.places(transfers.source), columns["transfer"].places(), -1.0)
    _arrive(draft, rows.places(transfers.target), columns["transfer"].places(), transfers.lag)
    lines = problem.component_lines
    use = columns["make"].places(lines.point)
    draft.add_terms(rows.places(lines.component), use, -lines.quantity[:, None])


def pool(draft: Draft) -> None:
    """``Pool`` (k,r,t): Σp y[t − transit] = Σc s; for a direct class 0 ≤ Σp y[t − transit] ≤ d."""
    problem, derived = draft.problem, draft.derived
    cls = derived.direct_class[derived.markets]
    asked = np.where((cls >= 0)[:, None], problem.demand.quantity[cls], 0.0)
    rows = draft.add_rows("Pool", derived.markets, len(derived.direct_class), lower=0.0, upper=asked)
    ship = draft.columns["ship"]
    target = rows.places(derived.lane_market[ship.members])
    _arrive(draft, target, ship.places(), problem.lanes.lag[ship.members])
    serve = draft.columns["serve"]
    draft.add_terms(rows.places(derived.class_market[serve.members]), serve.places(), -1.0)


def backorder(draft: Draft) -> None:
    """``Demand`` (k,r,c,t) of backorder classes: s + b[t] − b[t−1] + u = d."""
    demand = draft.problem.demand
    waiting = np.flatnonzero(demand.backorder)
    asked = demand.quantity[waiting]
    rows = draft.add_rows("Demand", waiting, len(demand), lower=asked, upper=asked)
    draft.add_terms(rows.places(), draft.columns["serve"].places(waiting), 1.0)
    draft.add_terms(rows.places(), draft.columns["drop"].places(waiting), 1.0)
    _carry(draft, rows, draft.columns["wait"], 1.0)


def material_balance(draft: Draft) -> None:
    """``Material-balance`` (i,p,t): J[t−1] + w + arrivals − Σ bom·x − scrap = J[t], J = band + je − jz."""
    problem, columns = draft.problem, draft.columns
    material = problem.material
    right = np.diff(material.safety_stock, axis=1, prepend=0.0) - material.arrivals
    right[:, 0] -= material.initial
    every = np.arange(len(material))
    rows = draft.add_rows("Material-balance", every, len(material), lower=right, upper=right)
    draft.add_terms(rows.places(), columns["buy"].places(), 1.0)
    _carry(draft, rows, columns["material_stock"], -1.0)
    _carry(draft, rows, columns["below_band"], 1.0)
    scrap = columns["scrap_material"]
    draft.add_terms(rows.places(scrap.members), scrap.places(), -1.0)
    lines = problem.material_lines
    use = columns["make"].places(lines.point)
    draft.add_terms(rows.places(lines.material_point), use, -lines.quantity[:, None])


def resource_capacity(draft: Draft) -> None:
    """``Resource-capacity-upper`` (g,t): Σ hours·x ≤ regular hours + OT + shift hours·SH (+ hours·W)."""
    problem, columns = draft.problem, draft.columns
    resource = problem.resource
    every = np.arange(len(resource))
    rows = draft.add_rows("Resource-capacity-upper", every, len(resource), lower=-np.inf, upper=resource.regular_hours)
    lines = problem.routings
    use = columns["make"].places(lines.point)
    draft.add_terms(rows.places(lines.resource), use, lines.hours[:, None])
    gains = {
        "overtime": np.ones_like(resource.shift_hours),
        "extra_shift": resource.shift_hours,
        "headcount": resource.hours_per_person,
    }
    for name, hours in gains.items():
        family = columns[name]
        draft.add_terms(rows.places(family.members), family.places(), -hours[family.members])


def labour(draft: Draft) -> None:
    """``Labour`` (g,t): W[t] = W[t−1] + H − L; ``Labour-overtime-upper``: OT ≤ overtime per person · W + OT0."""
    resource, columns = draft.problem.resource, draft.columns
    people = np.flatnonzero(resource.is_labour)
    start = np.zeros((len(people), draft.problem.months))
    start[:, 0] = resource.headcount[people]
    rows = draft.add_rows("Labour", people, len(resource), lower=start, upper=start)
    _carry(draft, rows, columns["headcount"], 1.0)
    draft.add_terms(rows.places(), columns["hire"].places(), -1.0)
    draft.add_terms(rows.places(), columns["lay_off"].places(), 1.0)

    overtime = columns["overtime"]
    working = people[overtime.holds(people)] if len(people) else people
    room = resource.overtime_max[working]
    rows = draft.add_rows("Labour-overtime-upper", working, len(resource), lower=-np.inf, upper=room)
    draft.add_terms(rows.places(), overtime.places(working), 1.0)
    heads = columns["headcount"].places(working)
    draft.add_terms(rows.places(), heads, -resource.overtime_per_person[working])


def supplier_limit(draft: Draft) -> None:
    """``Supplier-limit`` (i,t): Σp w ≤ what the supplier can deliver."""
    supplier, material = draft.problem.supplier, draft.problem.material
    n = len(supplier)
    rows = draft.add_rows("Supplier-limit", np.arange(n), n, lower=-np.inf, upper=supplier.quantity)
    row_of = np.full(len(draft.problem.materials), -1, dtype=np.int64)
    row_of[supplier.material] = np.arange(n)
    limited = np.flatnonzero(row_of[material.material] >= 0)
    target = rows.places(row_of[material.material[limited]])
    draft.add_terms(target, draft.columns["buy"].places(limited), 1.0)


def storage_upper(draft: Draft) -> None:
    """``Storage-upper`` (p,t): Σk I ≤ storage + slack."""
    storage, points = draft.problem.storage, draft.problem.points
    n = len(storage)
    row_of = np.full(len(draft.problem.sites), -1, dtype=np.int64)
    row_of[storage.site] = np.arange(n)
    stored = np.flatnonzero(row_of[points.site] >= 0)
    level = draft.derived.soft_level
    taken = np.zeros((n, draft.problem.months))
    np.add.at(taken, row_of[points.site[stored]], level[stored])
    rows = draft.add_rows("Storage-upper", np.arange(n), n, lower=-np.inf, upper=draft.derived.storage_limit - taken)
    for name, sign in (("surplus", 1.0), ("below_safety", -1.0), ("overstock", 1.0)):
        family = draft.columns[name]
        kept = stored[family.holds(stored)]
        draft.add_terms(rows.places(row_of[points.site[kept]]), family.places(kept), sign)
    draft.add_terms(rows.places(), draft.columns["storage_slack"].places(), -1.0)


def shelf_life(draft: Draft) -> None:
    """``Shelf-life`` (k,p,t): I[t] ≤ what came in during the last L months and is still good of the opening stock."""
    points, columns = draft.problem.points, draft.columns
    aging = columns["scrap"].members
    reach = whole_months(points.shelf_months[aging])
    kept_on = opening_kept(points.initial[aging], points.opening_kept[aging], reach)
    upper = kept_on - draft.derived.soft_level[aging]
    rows = draft.add_rows("Shelf-life", aging, len(points), lower=-np.inf, upper=upper)
    for name, sign in (("surplus", 1.0), ("below_safety", -1.0), ("overstock", 1.0)):
        family = columns[name]
        kept = aging[family.holds(aging)]
        draft.add_terms(rows.places(kept), family.places(kept), sign)
    for name in ("make", "outsource"):
        family = columns[name]
        coming = aging[family.holds(aging)]
        _recent(draft, rows.places(coming), family.places(coming), reach[family.holds(aging)])
    moves, transfer = draft.problem.transfers, columns["transfer"]
    inward = np.flatnonzero(rows.holds(moves.target))
    target = rows.places(moves.target[inward])
    kept_for = whole_months(points.shelf_months[moves.target[inward]])
    _recent(draft, target, transfer.places(inward), kept_for, delay=moves.lag[inward])


def material_shelf_life(draft: Draft) -> None:
    """``Material-shelf-life`` (i,p,t): J[t] ≤ what arrived during the last L months and is still good of the first."""
    material, columns, months = draft.problem.material, draft.columns, draft.problem.months
    aging = columns["scrap_material"].members
    reach = whole_months(material.shelf_months[aging])
    total = np.cumsum(material.arrivals[aging], axis=1)
    before = np.arange(months) - reach[:, None]
    earlier = np.take_along_axis(total, np.maximum(before, 0), axis=1) if len(aging) else total
    arrived = total - np.where(before >= 0, earlier, 0.0)
    kept_on = opening_kept(material.initial[aging], material.opening_kept[aging], reach)
    upper = kept_on + arrived - material.safety_stock[aging]
    rows = draft.add_rows("Material-shelf-life", aging, len(material), lower=-np.inf, upper=upper)
    for name, sign in (("material_stock", 1.0), ("below_band", -1.0)):
        family = columns[name]
        kept = aging[family.holds(aging)]
        draft.add_terms(rows.places(kept), family.places(kept), sign)
    _recent(draft, rows.places(), columns["buy"].places(aging), reach)


def whole_months(shelf_months: Floats) -> Ints:
    """[n] months a unit may be kept beyond its own; even the shortest shelf life reaches into the next month."""
    return np.maximum(1, shelf_months).astype(np.int64)


def opening_kept(initial: Floats, by_age: Floats, reach: Ints) -> Floats:
    """[n, T] what of the opening stock may still be there at a month's end; inf while all of it may.

    ``by_age`` is what its age leaves of it; the freshest came in the month before the first.
    """
    due = np.arange(by_age.shape[1]) >= reach[:, None] - 1
    return np.where(due, 0.0, np.where(by_age >= initial[:, None], np.inf, by_age))


def _recent(draft: Draft, rows: Ints, columns: Ints, reach: Ints, *, delay: Ints | None = None) -> None:
    """Put −1 for what came in during the last ``reach`` months; ``delay`` is from its column's month to its coming."""
    months = draft.problem.months
    late = np.zeros(len(reach), dtype=np.int64) if delay is None else delay
    for back in range(int(min(reach.max(initial=0), months))):
        for lag in np.unique(late):
            chosen = (reach > back) & (late == lag)
            shift = back + int(lag)
            if shift < months and chosen.any():
                draft.add_terms(rows[chosen][:, shift:], columns[chosen][:, : months - shift], -1.0)


def release_range(draft: Draft) -> None:
    """``Release-range`` (k,p,t): release − band ≤ x − more + less ≤ release + band; x + less ≥ release where frozen."""
    points, columns = draft.problem.points, draft.columns
    more, less = columns["more_than_released"], columns["less_than_released"]
    members = more.members
    release, band, frozen = points.reference[members], points.reference_band[members], is_frozen(points)[members]
    free = np.isnan(release)
    lower = np.where(frozen, points.make_min[members], np.where(free, -np.inf, release - band))
    upper = np.where(frozen | free, np.inf, release + band)
    rows = draft.add_rows("Release-range", members, len(points), lower=lower, upper=upper)
    draft.add_terms(rows.places(), columns["make"].places(members), 1.0)
    draft.add_terms(rows.places(), more.places(), -1.0)
    draft.add_terms(rows.places(), less.places(), 1.0)


def set_up(draft: Draft) -> None:
    """``Setup-upper``: x ≤ most·Y; ``Min-lot-lower``: x ≥ lot·Y."""
    points = draft.problem.points
    set_ups = draft.columns["set_up"]
    chosen = set_ups.members
    make = draft.columns["make"].places(chosen)
    most = np.minimum(points.make_max, lot_cap(draft.problem, draft.derived.make_cap))[chosen]
    rows = draft.add_rows("Setup-upper", chosen, len(points), lower=-np.inf, upper=0.0)
    draft.add_terms(rows.places(), make, 1.0)
    draft.add_terms(rows.places(), set_ups.places(), -most)
    rows = draft.add_rows("Min-lot-lower", chosen, len(points), lower=0.0, upper=np.inf)
    draft.add_terms(rows.places(), make, 1.0)
    lot = np.minimum(points.min_lot[:, None], points.make_max)[chosen]  # a fence below the lot stands
    draft.add_terms(rows.places(), set_ups.places(), -lot)


def min_order(draft: Draft) -> None:
    """``Order-upper``: w ≤ most·Z; ``Min-order-lower``: w ≥ least order·Z."""
    material, orders = draft.problem.material, draft.columns["order"]
    chosen = orders.members
    buy = draft.columns["buy"].places(chosen)
    for name, amount, lower, upper in (
        ("Order-upper", order_cap(draft.problem, draft.derived.make_cap)[chosen], -np.inf, 0.0),
        ("Min-order-lower", material.min_order[chosen, None], 0.0, np.inf),
    ):
        rows = draft.add_rows(name, chosen, len(material), lower=lower, upper=upper)
        draft.add_terms(rows.places(), buy, 1.0)
        draft.add_terms(rows.places(), orders.places(), -amount)


def _carry(draft: Draft, rows: Family, family: Family, sign: float) -> None:
    """What a month ends with enters the next one: ``sign`` at t and ``−sign`` at t+1."""
    target, source = rows.places(family.members), family.places()
    draft.add_terms(target, source, sign)
    draft.add_terms(target[:, 1:], source[:, :-1], -sign)


def _arrive(draft: Draft, target: Ints, source: Ints, lag: Ints) -> None:
    """Put +1 at the month of arrival of what leaves in each month, inside the horizon."""
    arrival, in_time = arrival_months(lag, draft.problem.months)
    rows = np.take_along_axis(target, arrival, axis=1)
    draft.add_terms(rows[in_time], source[in_time], 1.0)
