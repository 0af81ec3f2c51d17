"""From the supply page onto the decision list: ways out of a bottleneck, or what scenarios keep, as one question."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core.db import write_transaction
from core.errors import Conflict, InvalidInput, Missing
from cycles.models import Cycle
from meetings.choices import DecisionSource, DecisionState
from meetings.models import Decision
from meetings.selectors import letter, option_rows
from meetings.services.decisions import MOST_OPTIONS, add_item, check_options, edit_decision
from meetings.services.writing import hold_cycle
from plans.choices import VersionKind
from plans.models import Version
from plans.selectors import get_working_version, load_measure
from supply.measures import CONSTRAINED
from supply.models import Shortage
from supply.selectors.adopted import list_adopted
from supply.selectors.options import OptionRow, list_options
from supply.selectors.runs import get_data_state, get_latest_run

_OPEN = (DecisionState.DRAFT, DecisionState.PROPOSED, DecisionState.ESCALATED)


def ask_about_supply(
    *,
    cycle: Cycle,
    actor: User,
    options: Sequence[int] = (),
    scenarios: Sequence[int] = (),
    recommendation: str = "",
    draft: bool = False,
) -> Decision:
    """Put ways out of the cycle's bottlenecks, or balanced scenarios, on the decision list as A, B, C.

    An open item about the same bottlenecks or scenarios takes what it does not offer yet; asking twice is once. Effects
    are the priced ones, differences to the plan over its horizon. Raises ``Denied``, ``Missing`` for what is not of
    this cycle, ``InvalidInput``, ``Conflict`` for a scenario that is not balanced as it stands. Audit
    ``meetings.decision.proposed`` (``drafted``, or ``edited`` where an item takes more options).
    """
    require(actor, "decision.propose")
    if bool(options) == bool(scenarios):
        raise InvalidInput(_("Name options or scenarios to decide about."), code="nothing_to_ask")
    with write_transaction():
        held = hold_cycle(cycle)
        plan = get_working_version(held)
        priced = _find_options(plan, options) if options else []
        rows = option_rows(priced) if priced else [_scenario_row(plan, pk) for pk in dict.fromkeys(scenarios)]
        facts: dict[str, Any] = {
            "bottlenecks": sorted({option.code for option in priced}),
            "scenarios": sorted(set(scenarios)),
        }
        known = next((item for item in held.decisions.filter(state__in=_OPEN) if _is_about(item, facts)), None)
        if known is not None:
            return _add_options(known, rows, actor)
        return add_item(
            cycle=held,
            actor=actor,
            draft=draft,
            source=DecisionSource.SUPPLY,
            facts=facts,
            recommendation=recommendation.strip(),
            options=check_options(_lettered(rows, 0)),
            decide_by=_latest_day(priced, scenarios),
            money_at_stake=_at_stake(plan, priced, rows),
            must_decide=True,
            owner=actor,
        )


def _find_options(version: Version, option_ids: Sequence[int]) -> list[OptionRow]:
    """In the order asked for, of the plan's last balance, none that the plan counts on already."""
    known = {row.pk: row for row in list_options(version.pk)}
    if not known.keys() >= set(option_ids):
        raise Missing(_("One of these options is no longer there; the plan was balanced again."))
    found = [known[pk] for pk in dict.fromkeys(option_ids)]
    if any(option.in_plan for option in found):
        raise InvalidInput(_("The plan counts on this already; there is nothing to add."), code="option_in_plan")
    return found


def _scenario_row(base: Version, version_id: int) -> dict[str, Any]:
    """A scenario as an option: the difference of its balance to the one of the plan ``base``."""
    scenario = Version.objects.filter(pk=version_id, cycle=base.cycle, kind=VersionKind.SCENARIO).first()
    if scenario is None:
        raise Missing(_("There is no such scenario."))
    run, plan = get_latest_run(scenario.pk), get_latest_run(base.pk)
    if run is None or plan is None or run.version_id != scenario.pk or get_data_state(scenario.pk).reasons:
        raise Conflict(
            _("Balance the scenario “%s” first: its effect is not known.") % scenario.name, code="not_balanced"
        )
    gain = run.profit - run.penalty - (plan.profit - plan.penalty)
    adopted = [one.option for one in list_adopted(scenario).exclude(pk__in=list_adopted(base))]
    return {
        "title": scenario.name,
        "scenario": scenario.pk,
        "effects": {
            "units": _served(scenario) - _served(base),
            "revenue": run.revenue - plan.revenue,
            "gain": gain,
            "cost": sum(option.cost for option in adopted),
        },
    }


def _served(version: Version) -> int:
    return int(load_measure(version_id=version.pk, measure=CONSTRAINED).values.sum())


def _is_about(decision: Decision, facts: dict[str, Any]) -> bool:
    """Whether an open item asks about the same bottleneck, or about the same scenarios."""
    about = decision.facts
    if facts["scenarios"]:
        return about.get("scenarios") == facts["scenarios"]
    return bool(set(about.get("bottlenecks", [])) & set(facts["bottlenecks"]))


def _add_options(decision: Decision, rows: list[dict[str, Any]], actor: User) -> Decision:
    """The ways an open item does not offer yet, under the next letters."""
    offered = {(option.get("supply_option"), option.get("scenario")) for option in decision.options}
    fresh = [row for row in rows if (row.get("supply_option"), row.get("scenario")) not in offered]
    if not fresh:
        return decision
    if len(decision.options) + len(fresh) > MOST_OPTIONS:
        raise Conflict(
            _("Decision %(number)d about this offers %(count)d options already; at most %(most)d fit.")
            % {"number": decision.number, "count": len(decision.options), "most": MOST_OPTIONS},
            code="too_many_options",
        )
    return edit_decision(
        decision=decision, actor=actor, options=[*decision.options, *_lettered(fresh, len(decision.options))]
    )


def _lettered(rows: list[dict[str, Any]], first: int) -> list[dict[str, Any]]:
    return [{**row, "code": letter(first + position)} for position, row in enumerate(rows)]


def _latest_day(options: list[OptionRow], scenarios: Sequence[int]) -> dt.date | None:
    """The day by which the first of the ways is lost."""
    days = [option.decide_by for option in options]
    days += [one.option.decide_by for pk in scenarios for one in list_adopted(Version.objects.get(pk=pk))]
    return min(days, default=None)


def _at_stake(plan: Version, options: list[OptionRow], rows: list[dict[str, Any]]) -> int:
    """The margin that is lost at the bottlenecks; for scenarios the largest effect on it."""
    if not options:
        return max(abs(row["effects"]["gain"]) for row in rows)
    codes = {option.code for option in options}
    lost = Shortage.objects.filter(run=get_latest_run(plan.pk), code__in=codes).aggregate(margin=Sum("margin"))
    return int(lost["margin"] or 0)
