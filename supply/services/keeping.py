"""Keeping what was tried: settings, options and rush orders become a scenario that is balanced and compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from core import audit
from core.db import write_transaction
from core.errors import Conflict, Missing
from core.models import Job
from core.months import first_day
from demand.measures import CONSENSUS
from masterdata.selectors import get_company
from plans.choices import SaveMode, Source, VersionKind
from plans.models import Version
from plans.selectors import get_version, load_measure
from plans.services import EditRequest, Note, fork_version, save_requests
from supply.adapters.database import load_ids
from supply.adapters.patches import changes_to_json
from supply.adapters.settings import NewMarket, Setting, translate_settings
from supply.choices import OptionKind
from supply.models import SupplyOption
from supply.selectors.runs import get_latest_run, load_names
from supply.services.balance import enqueue_balance
from supply.services.options import adopt_option
from supply.services.sessions import get_warm_model
from supply.services.trials import Effect, check_scope, find_options, try_settings
from supply.wording import say_settings

_DEMAND_CAUSES = {"demand": "what_if", "order": "rush_order"}


def keep_trial(
    *,
    version_id: int,
    settings: Sequence[Setting],
    actor: User,
    option_ids: Sequence[int] = (),
    scenario_id: int | None = None,
    name: str = "",
) -> tuple[Version, Job]:
    """Take settings and options into a scenario (a new one of the plan by default) and put its balance in the queue.

    Changed demand and rush orders become figures of the scenario's consensus, with their reason; everything else is a
    patch of its inputs. Audit verbs ``supply.trial.kept``, ``supply.option.adopted``, ``plans.cells.saved``. Raises
    ``Denied``, ``Missing``, ``InvalidInput``, ``Conflict`` for a plan that was never balanced, ``Frozen``.
    """
    check_scope(actor, settings)
    run = get_latest_run(version_id)
    if run is None:
        raise Conflict(_("Run the balance first; what is kept is compared with it."), code="not_balanced")
    effect, changes = _measure(version_id, settings, option_ids, actor)
    options = find_options(option_ids)
    with write_transaction():
        scenario = _scenario(version_id, scenario_id, name or _title(settings, options), actor)
        if settings:
            months = [setting["month"] for setting in settings]
            start, is_order = min(months), any(setting["kind"] == "order" for setting in settings)
            own = SupplyOption.objects.create(
                run=run,
                kind=OptionKind.RUSH_ORDER if is_order else OptionKind.WHAT_IF,
                target=_target(settings[0]),
                changes=changes,
                detail=[dict(setting) for setting in settings],
                start_month=start,
                lead_days=0,
                decide_by=max(first_day(start), timezone.localdate()),
                amount=0,
                units=effect.units,
                revenue=effect.revenue,
                gain=effect.gain,
                cost=effect.cost,
                stock=effect.stock,
                service=effect.service,
            )
            options.append(own)
            audit.record(
                chain=f"cycle:{scenario.cycle_id}",
                actor=actor,
                verb="supply.trial.kept",
                obj=own,
                detail={"version": scenario.pk, "settings": own.detail},
            )
            _ask(scenario, settings, actor)
        for option in options:
            adopt_option(option_id=option.pk, version_id=scenario.pk, actor=actor)
    return scenario, enqueue_balance(version_id=scenario.pk, actor=actor)


def _measure(
    version_id: int, settings: Sequence[Setting], option_ids: Sequence[int], actor: User
) -> tuple[Effect, list[dict[str, Any]]]:
    """The trial's effect and the patch it leaves; a new market is measured by the scenario's balance instead."""
    try:
        trial = try_settings(version_id=version_id, settings=settings, option_ids=option_ids, actor=actor)
    except NewMarket:
        return Effect(0, 0, 0, 0, 0), [_first(setting) for setting in settings if setting["kind"] == "order"]
    model = get_warm_model(version_id)
    problem = model.prepared.problem
    translated = translate_settings(problem, settings, model.trials.base.served)
    return trial.effect, changes_to_json(problem, translated.changes)


def _first(order: Setting) -> dict[str, Any]:
    """The patch of a rush order where the solved model has no place for it yet."""
    month, cell = order["month"], [order["product"], order["org"], order["month"], float(order["quantity"])]
    return {"kind": "first", "key": [], "from_month": month, "until_month": month + 1, "amount": 0.0, "price": 0.0,
            "cells": [cell]}  # fmt: skip


def _scenario(version_id: int, scenario_id: int | None, name: str, actor: User) -> Version:
    if scenario_id is None:
        return get_version(fork_version(parent_id=version_id, name=name[:120], actor=actor))
    scenario = get_version(scenario_id)
    if scenario.kind != VersionKind.SCENARIO:
        raise Missing(_("There is no such scenario."))
    return scenario


def _ask(scenario: Version, settings: Iterable[Setting], actor: User) -> None:
    """Demand settings as edits of the scenario's consensus."""
    unit = 10 ** get_company().quantity_decimals
    requests = []
    for setting in settings:
        if setting["kind"] not in _DEMAND_CAUSES:
            continue
        wanted = round(float(setting["quantity"]) * unit)
        if setting["kind"] == "order":
            wanted += _asked(scenario, setting)
        note = Note(
            reason=say_settings([setting], load_names()),
            cause=_DEMAND_CAUSES[setting["kind"]],
            comment=str(setting.get("customer") or ""),
        )
        requests.append(
            EditRequest(
                CONSENSUS, setting["product"], setting["org"], setting["month"], wanted, checked=False, note=note
            )
        )
    if requests:
        save_requests(
            version_id=scenario.pk,
            requests=requests,
            actor=actor,
            mode=SaveMode.ALL_OR_NOTHING,
            source=Source.DECISION,
        )


def _asked(scenario: Version, order: Setting) -> int:
    month, ids = order["month"], load_ids()
    cube = load_measure(version_id=scenario.pk, measure=CONSENSUS, months=range(month, month + 1))
    keys = cube.axis.keys
    row = (keys[:, 0] == ids.products.get(order["product"])) & (keys[:, 1] == ids.orgs.get(order["org"]))
    return int(cube.values[row].sum())


def _title(settings: Sequence[Setting], options: Sequence[SupplyOption]) -> str:
    names = load_names()
    said = [say_settings([setting], names) for setting in settings]
    said += [f"{option.get_kind_display()} {names(option.target)}".strip() for option in options]
    return ", ".join(said) or _("Scenario of %(day)s") % {"day": timezone.localdate()}


def _target(setting: Setting) -> str:
    """The code a kept trial is listed under."""
    if setting["kind"] == "allocate":
        return str(setting["product"])
    return str(setting.get("resource") or setting.get("material") or f"{setting['product']}|{setting['org']}")
