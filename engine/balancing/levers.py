"""Adopted changes become part of the problem, so that the plan of record is solved with them from the start.

``trials`` prices a change on a solved matrix; here the same ``Change`` alters the inputs. Where a price cannot
be told from what the company may do anyway (overtime at another rate), the dearer one holds for all of it, so
an adopted plan never earns more than the option promised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from engine.balancing.contracts import BalanceProblem, array_fields
from engine.balancing.placing import Change, with_demand

RUSH = 0  # priority of rush orders: before everything that is planned


def apply_changes(problem: BalanceProblem, changes: Iterable[Change]) -> BalanceProblem:
    """The problem with every change in it. Raises ``ValueError`` on an unknown kind or code."""
    for change in changes:
        try:
            handler = _HANDLERS[change.kind]
        except KeyError:
            raise ValueError(f"no change is called {change.kind!r}") from None
        problem = handler(problem, change)
    return problem


def _months(change: Change) -> slice:
    return slice(change.start, change.end)


def _hours(problem: BalanceProblem, change: Change) -> BalanceProblem:
    row = problem.resources.index(change.key[0])
    hours = problem.resource.regular_hours.copy()
    hours[row, _months(change)] += change.amount
    return problem.with_part("resource", regular_hours=hours)


def _overtime(problem: BalanceProblem, change: Change) -> BalanceProblem:
    row, months = problem.resources.index(change.key[0]), _months(change)
    most, cost = problem.resource.overtime_max.copy(), problem.resource.overtime_cost.copy()
    most[row, months] += change.amount
    cost[row, months] = np.maximum(cost[row, months], change.price + problem.resource.regular_cost[row, months])
    return problem.with_part("resource", overtime_max=most, overtime_cost=cost)


def _extra_shift(problem: BalanceProblem, change: Change) -> BalanceProblem:
    row, months = problem.resources.index(change.key[0]), _months(change)
    most, cost = problem.resource.shift_max.copy(), problem.resource.shift_cost.copy()
    most[row, months] += change.amount
    cost[row, months] = np.maximum(cost[row, months], change.price)
    return problem.with_part("resource", shift_max=most, shift_cost=cost)


def _forbid(problem: BalanceProblem, change: Change) -> BalanceProblem:
    row, months = problem.resources.index(change.key[0]), _months(change)
    if change.kind == "no_hire":
        lead = problem.resource.shift_lead.copy()
        lead[row] = max(lead[row], change.end)
        return problem.with_part("resource", shift_lead=lead)
    names = ("overtime_max", "overtime_per_person") if change.kind == "no_overtime" else ("shift_max",)
    for name in names:
        most = getattr(problem.resource, name).copy()
        most[row, months] = 0.0
        problem = problem.with_part("resource", **{name: most})
    return problem


def _supply(problem: BalanceProblem, change: Change) -> BalanceProblem:
    material = problem.materials.index(change.key[0])
    quantity = problem.supplier.quantity.copy()
    quantity[problem.supplier.material == material, _months(change)] += change.amount
    return problem.with_part("supplier", quantity=quantity)


def _supply_limit(problem: BalanceProblem, change: Change) -> BalanceProblem:
    quantity = problem.supplier.quantity.copy()
    quantity[problem.supplier.material == problem.materials.index(change.key[0]), _months(change)] = change.amount
    return problem.with_part("supplier", quantity=quantity)


def _second_source(problem: BalanceProblem, change: Change) -> BalanceProblem:
    """More of the material from ``start`` on; all of it at a price blended over both sources."""
    material = problem.materials.index(change.key[0])
    months, places = _months(change), problem.material.material == material
    limits = problem.supplier.quantity[problem.supplier.material == material, months]
    problem = _supply(problem, change)
    cost = problem.material.unit_cost.copy()
    if limits.size and change.price > 0:
        share = change.amount / (change.amount + limits)
        cost[places, months] = (1 - share) * cost[places, months] + share * change.price
    return problem.with_part("material", unit_cost=cost)


def _expedite(problem: BalanceProblem, change: Change) -> BalanceProblem:
    """Arrivals inside the lead time, each at the unit cost and the premium."""
    material = problem.materials.index(change.key[0])
    part = problem.material
    first, cost, most = part.first_arrival.copy(), part.unit_cost.copy(), part.buy_max.copy()
    for place in np.flatnonzero(part.material == material):
        reach = slice(change.start, min(change.end, int(first[place])))
        cost[place, reach] += change.price
        most[place, : reach.start] = 0.0
        most[place, reach.stop : int(first[place])] = 0.0
        most[place, reach] = np.minimum(most[place, reach], change.amount)
        first[place] = min(int(first[place]), change.start)
    return problem.with_part("material", first_arrival=first, unit_cost=cost, buy_max=most)


def _outsource(problem: BalanceProblem, change: Change) -> BalanceProblem:
    product = problem.products.index(change.key[0])
    places = np.flatnonzero(problem.points.product == product)[:1]
    cost, most = problem.points.outsource_cost.copy(), problem.points.outsource_max.copy()
    for place in places:
        cost[place, _months(change)] = change.price
        most[place, : change.start] = np.where(np.isnan(cost[place, : change.start]), 0.0, most[place, : change.start])
        most[place, _months(change)] = change.amount
    return problem.with_part("points", outsource_cost=cost, outsource_max=most)


def _move(problem: BalanceProblem, change: Change) -> BalanceProblem:
    """Bought from the other site at its price, which gives up the hours the units take there."""
    product, resource = problem.products.index(change.key[0]), problem.resources.index(change.key[1])
    makers = np.flatnonzero((problem.points.product == product) & problem.points.can_make)[:1]
    lines = problem.routings
    hours = lines.hours[np.isin(lines.point, makers)].max(initial=0.0)
    kept = problem.resource.regular_hours.copy()
    months = _months(change)
    kept[resource, months] = np.maximum(kept[resource, months] - change.amount * hours, 0.0)
    return _outsource(problem.with_part("resource", regular_hours=kept), change)


def _unfence(problem: BalanceProblem, change: Change) -> BalanceProblem:
    product, site = problem.products.index(change.key[0]), problem.sites.index(change.key[1])
    rows = (problem.points.product == product) & (problem.points.site == site)
    low, top = problem.points.make_min.copy(), problem.points.make_max.copy()
    low[rows, _months(change)], top[rows, _months(change)] = 0.0, np.inf
    return problem.with_part("points", make_min=low, make_max=top)


def _storage(problem: BalanceProblem, change: Change) -> BalanceProblem:
    quantity = problem.storage.quantity.copy()
    quantity[problem.storage.site == problem.sites.index(change.key[0]), _months(change)] += change.amount
    return problem.with_part("storage", quantity=quantity)


def _defer(problem: BalanceProblem, change: Change) -> BalanceProblem:
    """The customers agreed: the units are asked for later."""
    quantity = problem.demand.quantity.copy()
    for cls, month, units in change.cells:
        later = month + int(change.amount)
        if later < problem.months:
            moved = min(units, float(quantity[cls, month]))
            quantity[cls, month] -= moved
            quantity[cls, later] += moved
    return problem.with_part("demand", quantity=quantity)


def _demand(problem: BalanceProblem, change: Change) -> BalanceProblem:
    return with_demand(problem, [change])


def _first(problem: BalanceProblem, change: Change) -> BalanceProblem:
    """The units become a class of their own, at the end, so that the places of the others stay; see ``RUSH``."""
    demand = problem.demand
    for cls, month, units in change.cells:
        quantity = np.zeros((1, problem.months))
        quantity[0, month] = min(units, float(demand.quantity[cls, month]))
        left = demand.quantity.copy()
        left[cls] -= quantity[0]
        own = {name: values[cls : cls + 1] for name, values in array_fields(demand).items()}
        own |= {"quantity": quantity, "priority": np.array([RUSH], dtype=np.int64)}
        whole = array_fields(replace(demand, quantity=left))
        joined = {name: np.concatenate([values, own[name]]) for name, values in whole.items()}
        demand = replace(demand, kind=(*demand.kind, demand.kind[cls]), **joined)
    return replace(problem, demand=demand)


_HANDLERS: dict[str, Callable[[BalanceProblem, Change], BalanceProblem]] = {
    "hours": _hours,
    "overtime": _overtime,
    "extra_shift": _extra_shift,
    "no_overtime": _forbid,
    "no_shift": _forbid,
    "no_hire": _forbid,
    "supply": _supply,
    "supply_limit": _supply_limit,
    "second_source": _second_source,
    "expedite": _expedite,
    "outsource": _outsource,
    "move": _move,
    "unfence": _unfence,
    "storage": _storage,
    "defer": _defer,
    "demand": _demand,
    "first": _first,
}
