"""What a planner sets in a trial → the engine's changes. Settings speak in codes, absolute months and whole units.

=========  ==============================================================================================
``kind``   fields
=========  ==============================================================================================
capacity   resource, month, and any of shifts (a day), jph, lost_hours, overtime_hours (more, at a price)
supply     material, month, max_quantity: what its supplier delivers in the month
demand     product, org, month, quantity: what is asked for in the month
order      product, org, month, quantity, order, customer: a rush order, served before everything else
allocate   product (of any level), month, rule (fair, margin, priority), orgs: who is served first, in this order
=========  ==============================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from core.errors import InvalidInput, Missing
from engine.balancing.allocation import allocation, share_out
from engine.balancing.contracts import BalanceProblem, Floats
from engine.balancing.options import LeverTerms
from engine.balancing.placing import Change
from masterdata.models import CalendarMonth, Resource
from plans.hierarchy import load_hierarchy
from supply.adapters.horizon import working_days
from supply.adapters.sheets import Row, Sheets

Setting = Mapping[str, Any]


class NewMarket(InvalidInput):
    """The product was never asked for in the organisation: the solved model has no place for it."""

    code = "new_market"


@dataclass(frozen=True)
class Translated:
    """Engine changes, those among them that change demand, and the orders inserted as (class, month, units)."""

    changes: tuple[Change, ...]
    demand: tuple[Change, ...]
    orders: tuple[tuple[int, int, float], ...]

    @property
    def all(self) -> tuple[Change, ...]:
        return (*self.demand, *self.changes)


def translate_settings(
    problem: BalanceProblem, settings: Sequence[Setting], served: Floats | None = None
) -> Translated:
    """``served`` [classes, T] is what the plan delivers as it is: what ``allocate`` shares out.

    Raises ``Missing`` for unknown codes or months outside the plan, ``InvalidInput`` for settings without sense.
    """
    changes: list[Change] = []
    demand: list[Change] = []
    orders: list[tuple[int, int, float]] = []
    for setting in settings:
        month = _offset(problem, setting["month"])
        match setting["kind"]:
            case "capacity":
                changes += capacity_changes(problem, setting, month)
            case "supply":
                changes.append(_supply(problem, setting, month))
            case "demand":
                cell = _cell(problem, setting, month)
                more = float(setting["quantity"]) - float(problem.demand.quantity[cell])
                demand.append(Change("demand", (), month, month + 1, cells=((*cell, more),)))
            case "order":
                order = (*_cell(problem, setting, month), float(setting["quantity"]))
                demand.append(Change("demand", (), month, month + 1, cells=(order,)))
                changes.append(Change("first", (), month, month + 1, cells=(order,)))
                orders.append(order)
            case "allocate":
                changes.append(_share_out(problem, setting, month, served))
    return Translated(tuple(changes), tuple(demand), tuple(orders))


def _share_out(problem: BalanceProblem, setting: Setting, month: int, served: Floats | None) -> Change:
    """Raises ``InvalidInput`` where nothing of the product is short in the month."""
    hierarchy = load_hierarchy()
    below = hierarchy.products.leaves_under(hierarchy.products.id_of(setting["product"])).tolist()
    codes = {hierarchy.products.code_of(leaf) for leaf in below}
    places = [(index, month) for index, code in enumerate(problem.products) if code in codes]
    ranks: dict[int, int] = {}
    for rank, org in enumerate(setting.get("orgs") or (), start=1):
        leaves = hierarchy.orgs.leaves_under(hierarchy.orgs.id_of(org)).tolist()
        inside = {hierarchy.orgs.code_of(leaf) for leaf in leaves}
        for index, code in enumerate(problem.orgs):
            if code in inside:
                ranks.setdefault(index, rank)
    present = problem.demand.quantity if served is None else served
    cells = share_out(problem, present, places, setting["rule"], ranks=ranks)
    if not cells:
        raise InvalidInput(
            _("Nothing of this product is short in this month, so there is nothing to share out."), code="nothing_short"
        )
    return allocation(cells)


def capacity_changes(problem: BalanceProblem, setting: Setting, month: int) -> list[Change]:
    """Other hours of a resource in a month: regular ones by shifts, pace and losses, and overtime on top."""
    machine = Resource.objects.filter(code=setting["resource"]).first()
    if machine is None or machine.code not in problem.resources:
        raise Missing(_("There is no such resource or month in this plan."))
    given = {name: setting.get(name) for name in ("shifts", "jph", "lost_hours", "overtime_hours")}
    if any(value is not None and value < 0 for value in given.values()):
        raise InvalidInput(_("Shifts, jobs per hour and maintenance cannot be negative."))
    index = problem.resources.index(machine.code)
    before = float(problem.resource.regular_hours[index, month])
    after = hours_of(problem, machine, setting, month) * pace_of(machine, setting)
    changes = [Change("hours", (machine.code,), month, month + 1, amount=after - before)] if after != before else []
    if given["overtime_hours"]:
        regular = float(problem.resource.regular_cost[index, month])
        rate = float(problem.resource.overtime_cost[index, month]) or LeverTerms().overtime_markup * regular
        price = max(rate - regular, 0.0)
        key, hours = (machine.code,), float(given["overtime_hours"])
        changes.append(Change("overtime", key, month, month + 1, amount=hours, price=price))
    return changes


def hours_of(problem: BalanceProblem, machine: Resource, setting: Setting, month: int) -> float:
    """Regular hours in a month under other shifts or losses; what is not given stays as it is."""
    before = float(problem.resource.regular_hours[problem.resources.index(machine.code), month])
    shifts, lost = setting.get("shifts"), setting.get("lost_hours")
    if shifts is None and lost is None:
        return before
    days = float(working_days(Sheets(problem.first_month, problem.months, "", _calendar()))[month])
    one_shift = days * machine.hours_per_shift * machine.efficiency
    lost_before = max(0.0, one_shift * machine.shifts_per_day - before)
    usual = one_shift * (machine.shifts_per_day if shifts is None else shifts)
    return max(0.0, usual - (lost_before if lost is None else lost))


def pace_of(machine: Resource, setting: Setting) -> float:
    """How many times as fast as now: an hour at twice the jobs per hour is two hours."""
    jph = setting.get("jph")
    return jph / machine.jph if jph is not None and machine.jph else 1.0


def _supply(problem: BalanceProblem, setting: Setting, month: int) -> Change:
    code = setting["material"]
    if code not in problem.materials:
        raise Missing(_("There is no such material in this plan."))
    material = problem.materials.index(code)
    if material not in problem.supplier.material:
        raise InvalidInput(_("No supplier limit is stated for this material, so there is none to change."))
    coming = problem.material.arrivals[problem.material.material == material, month].sum()
    left = max(0.0, float(setting["max_quantity"]) - float(coming))
    return Change("supply_limit", (code,), month, month + 1, amount=left)


def _cell(problem: BalanceProblem, setting: Setting, month: int) -> tuple[int, int]:
    """The demand class of a product and organisation: the first one, where a rush order has one of its own."""
    product, org, demand = setting["product"], setting["org"], problem.demand
    if product in problem.products and org in problem.orgs:
        found = np.flatnonzero(
            (demand.product == problem.products.index(product)) & (demand.org == problem.orgs.index(org))
        )
        if len(found):
            return int(found[0]), month
    raise NewMarket(
        _(
            "Nothing of this product is planned for this organisation yet, so it cannot be tried at once."
            " Keep it in a scenario: it is balanced there."
        ),
        details={"product": product, "org": org},
    )


def _offset(problem: BalanceProblem, month: int) -> int:
    if not 0 <= month - problem.first_month < problem.months:
        raise Missing(_("There is no such resource or month in this plan."))
    return month - problem.first_month


def _calendar() -> dict[str, list[Row]]:
    found = CalendarMonth.objects.values_list("month", "working_days")
    return {"calendar": [{"month": month, "working_days": days} for month, days in found]}
