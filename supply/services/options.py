"""Trying changes and taking options into a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core import audit
from core.db import write_transaction
from core.errors import Frozen, InvalidInput, Missing
from engine.balancing.contracts import BalancePlan, Floats
from engine.balancing.trials import Change
from masterdata.models import CalendarMonth, Resource
from masterdata.selectors import get_company
from plans.choices import VersionKind, VersionState
from plans.models import Version
from plans.selectors import get_version
from plans.services import fork_version
from supply.adapters.horizon import working_days
from supply.adapters.patches import changes_from_json
from supply.adapters.sheets import Row, Sheets
from supply.models import AdoptedOption, SupplyOption
from supply.services.balance import enqueue_balance
from supply.services.sessions import WarmModel, get_warm_model


@dataclass(frozen=True)
class Effect:
    """What some changes do to a plan as a whole: differences to its optimum. Smallest units and minor units."""

    units: int
    revenue: int
    gain: int
    cost: int
    short: int


@dataclass(frozen=True)
class WhatIf:
    """One resource in one month under other settings. Hours, and units of what it makes there.

    ``short_before`` and ``short_after`` are units short in that month of the products made on it.
    """

    resource: str
    month: int
    hours_before: float
    hours_after: float
    capacity_before: int
    capacity_after: int
    demand: int
    short_before: int
    short_after: int
    effect: Effect


def price_options(*, version_id: int, option_ids: Sequence[int]) -> Effect:
    """Several options together, solved warm: their gains do not simply add up.

    Raises ``Missing`` when one is not of this plan's last balance.
    """
    options = list(SupplyOption.objects.filter(pk__in=option_ids))
    if len(options) < len(set(option_ids)):
        raise Missing(_("One of these options is no longer there; the plan was balanced again."))
    model = get_warm_model(version_id)
    rows = [change for option in options for change in option.changes]
    return _try(model, changes_from_json(model.prepared.problem, rows))[0]


def what_if(
    *,
    version_id: int,
    resource: str,
    month: int,
    shifts: float | None = None,
    jph: float | None = None,
    lost_hours: float | None = None,
) -> WhatIf:
    """Another number of shifts, jobs per hour or hours of maintenance for one resource and month; nothing is stored.

    Raises ``Missing`` for an unknown resource or a month outside the plan, ``InvalidInput`` for negative settings.
    """
    machine = Resource.objects.filter(code=resource).first()
    model = get_warm_model(version_id)
    problem = model.prepared.problem
    offset = month - problem.first_month
    if machine is None or resource not in problem.resources or not 0 <= offset < problem.months:
        raise Missing(_("There is no such resource or month in this plan."))
    if any(value is not None and value < 0 for value in (shifts, jph, lost_hours)):
        raise InvalidInput(_("Shifts, jobs per hour and maintenance cannot be negative."))
    index = problem.resources.index(resource)
    before = float(problem.resource.regular_hours[index, offset])
    after = _hours(machine, model, offset, before, shifts, lost_hours)
    faster = jph / machine.jph if jph is not None and machine.jph else 1.0
    change = Change("hours", (resource,), offset, offset + 1, amount=after * faster - before)
    effect, plan = _try(model, [change])
    made_here = {
        int(problem.points.product[point]) for point in problem.routings.point[problem.routings.resource == index]
    }
    per_unit = _hours_per_unit(model, index, offset)
    return WhatIf(
        resource=resource,
        month=month,
        hours_before=before,
        hours_after=after,
        capacity_before=int(before / per_unit),
        capacity_after=int(after * faster / per_unit),
        demand=_of_products(model, problem.demand.quantity, made_here, offset),
        short_before=_of_products(model, model.trials.base.short(), made_here, offset),
        short_after=_of_products(model, plan.short(), made_here, offset),
        effect=effect,
    )


def add_option_to_scenario(*, option_id: int, actor: User, scenario_id: int | None = None, name: str = "") -> Version:
    """Take an option into a scenario (a new one of the option's plan by default) and put its balance in the queue.

    Audit verb ``supply.option.adopted``. Raises ``Denied``, ``Missing``, ``Frozen``.
    """
    require(actor, "scenario.write")
    option = _option(option_id)
    if scenario_id is None:
        label = name or f"{option.get_kind_display()} {option.target}".strip()
        scenario_id = fork_version(parent_id=option.run.version_id, name=label[:120], actor=actor)
    adopt_option(option_id=option_id, version_id=scenario_id, actor=actor)
    enqueue_balance(version_id=scenario_id, actor=actor)
    return get_version(scenario_id)


def adopt_option(*, option_id: int, version_id: int, actor: User | None) -> AdoptedOption:
    """A plan takes an option as given from its next balance on; twice is once. ``actor`` was asked before.

    Audit verb ``supply.option.adopted``. Raises ``InvalidInput`` for a lever the plan counts on already, ``Frozen``.
    """
    option, version = _option(option_id), get_version(version_id)
    if option.in_plan:
        raise InvalidInput(_("The plan counts on this already; there is nothing to add."), code="option_in_plan")
    if version.state == VersionState.FROZEN or version.kind == VersionKind.ACTUALS:
        raise Frozen(_("This plan is frozen."), details={"version": version_id})
    found = AdoptedOption.objects.filter(version=version, option=option).first()
    if found is not None:
        return found
    try:
        with write_transaction():
            adopted = AdoptedOption.objects.create(version=version, option=option, adopted_by=actor)
            audit.record(
                chain=f"cycle:{version.cycle_id}",
                actor=actor,
                verb="supply.option.adopted",
                obj=adopted,
                detail={"version": version_id, "option": option_id, "kind": option.kind, "changes": option.changes},
            )
    except IntegrityError:  # somebody else did the same at the same moment
        return AdoptedOption.objects.get(version=version, option=option)
    return adopted


def withdraw_option(*, option_id: int, version_id: int, actor: User | None) -> None:
    """The plan's next balance goes without the option again. Audit verb ``supply.option.withdrawn``."""
    version = get_version(version_id)
    if version.state == VersionState.FROZEN:
        raise Frozen(_("This plan is frozen."), details={"version": version_id})
    with write_transaction():
        found = AdoptedOption.objects.filter(version=version, option_id=option_id).first()
        if found is None:
            raise Missing(_("The plan does not have this option."))
        audit.record(
            chain=f"cycle:{version.cycle_id}",
            actor=actor,
            verb="supply.option.withdrawn",
            obj=found,
            detail={"version": version_id, "option": option_id},
        )
        found.delete()


def _option(option_id: int) -> SupplyOption:
    option = SupplyOption.objects.select_related("run").filter(pk=option_id).first()
    if option is None:
        raise Missing(_("There is no such option."))
    return option


def _try(model: WarmModel, changes: Sequence[Change]) -> tuple[Effect, BalancePlan]:
    company, base = get_company(), model.trials.base
    unit, cent = 10**company.quantity_decimals, 10**company.currency_decimals
    with model.lock:
        plan = model.trials.solve(changes)
    effect = Effect(
        units=round((plan.served.sum() - base.served.sum()) * unit),
        revenue=round((plan.revenue - base.revenue) * cent),
        gain=round((plan.objective - base.objective) * cent),
        cost=round(plan.cost.get("options", 0.0) * cent),
        short=round(plan.short().sum() * unit),
    )
    return effect, plan


def _hours(
    machine: Resource,
    model: WarmModel,
    offset: int,
    before: float,
    shifts: float | None,
    lost_hours: float | None,
) -> float:
    """Regular hours under other settings; what is not given stays as it is."""
    if shifts is None and lost_hours is None:
        return before
    problem = model.prepared.problem
    days = float(working_days(Sheets(problem.first_month, problem.months, "", _calendar()))[offset])
    one_shift = days * machine.hours_per_shift * machine.efficiency
    lost_before = max(0.0, one_shift * machine.shifts_per_day - before)
    lost = lost_before if lost_hours is None else lost_hours
    return max(0.0, one_shift * (machine.shifts_per_day if shifts is None else shifts) - lost)


def _calendar() -> dict[str, list[Row]]:
    found = CalendarMonth.objects.values_list("month", "working_days")
    return {"calendar": [{"month": month, "working_days": days} for month, days in found]}


def _hours_per_unit(model: WarmModel, resource: int, offset: int) -> float:
    """Mean over what the plan makes there, else over what could be made."""
    problem = model.prepared.problem
    lines = problem.routings.resource == resource
    hours, points = problem.routings.hours[lines], problem.routings.point[lines]
    made = model.trials.base.production[points, offset]
    if made.sum() > 0:
        return float((hours * made).sum() / made.sum())
    return float(hours.mean()) if len(hours) and hours.mean() > 0 else 1.0


def _of_products(model: WarmModel, values: Floats, products: set[int], offset: int) -> int:
    unit = 10 ** get_company().quantity_decimals
    demand = model.prepared.problem.demand
    return round(sum(float(values[c, offset]) for c in range(len(demand)) if int(demand.product[c]) in products) * unit)
