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
from plans.choices import VersionKind, VersionState
from plans.models import Version
from plans.selectors import get_version
from plans.services import fork_version
from supply.adapters.patches import changes_from_json
from supply.models import AdoptedOption, SupplyOption
from supply.services.balance import enqueue_balance
from supply.services.sessions import get_warm_model
from supply.services.trials import Effect, effect_of, find_options, solve_trial, try_settings


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
    rows = [change for option in find_options(option_ids) for change in option.changes]
    model = get_warm_model(version_id)
    return effect_of(model, solve_trial(model, changes_from_json(model.prepared.problem, rows)))


def what_if(
    *,
    version_id: int,
    resource: str,
    month: int,
    actor: User,
    shifts: float | None = None,
    jph: float | None = None,
    lost_hours: float | None = None,
    overtime_hours: float | None = None,
) -> WhatIf:
    """Other settings of one resource in one month; nothing is stored.

    Raises ``Missing`` for an unknown resource or a month outside the plan, ``InvalidInput`` for negative settings.
    """
    setting = {
        "kind": "capacity",
        "resource": resource,
        "month": month,
        "shifts": shifts,
        "jph": jph,
        "lost_hours": lost_hours,
        "overtime_hours": overtime_hours,
    }
    trial = try_settings(version_id=version_id, settings=[setting], actor=actor)
    view = trial.resource
    assert view is not None  # a capacity setting always has one
    return WhatIf(
        resource=resource,
        month=month,
        hours_before=view.hours_before,
        hours_after=view.hours_after,
        capacity_before=view.capacity_before,
        capacity_after=view.capacity_after,
        demand=view.demand,
        short_before=view.short_before,
        short_after=view.short_after,
        effect=trial.effect,
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
