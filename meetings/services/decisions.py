"""Decisions: proposed by many, decided by one who did not propose them, implemented and verified."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db.models import F, Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core.db import write_transaction
from core.errors import Conflict, Denied, InvalidInput
from cycles.choices import CycleState
from cycles.models import Cycle
from meetings.choices import DecisionSource, DecisionState
from meetings.models import Decision, Meeting
from meetings.services.writing import hold_cycle, log, need_text
from plans.models import Version
from supply.models import SupplyOption

S = DecisionState
MOST_OPTIONS = 5  # more columns than five are not compared, they are searched
LARGEST_MONEY = 10**15
_OPTION_FIELDS = {"code", "title", "effects", "scenario", "supply_option"}
_EDITABLE = {"question", "recommendation", "options", "must_decide", "decide_by", "money_at_stake", "owner"}
_DECIDABLE = {S.PROPOSED, S.ESCALATED}
_DECIDED_IN = {CycleState.PRE_SOP, CycleState.EXECUTIVE}


def propose_decision(
    *,
    cycle: Cycle,
    question: str,
    actor: User,
    recommendation: str = "",
    options: Sequence[Mapping[str, Any]] = (),
    decide_by: dt.date | None = None,
    money_at_stake: int = 0,
    must_decide: bool = True,
    owner: User | None = None,
    meeting: Meeting | None = None,
    scenario: Version | None = None,
    draft: bool = False,
) -> Decision:
    """Put a question on the decision list. Audit ``meetings.decision.proposed`` (or ``drafted``).

    Raises ``InvalidInput`` for an empty question or malformed options, ``Conflict`` once the plan is approved.
    """
    require(actor, "decision.propose")
    return add_item(
        cycle=cycle,
        actor=actor,
        draft=draft,
        question=need_text(question, _("Write the question to decide.")),
        recommendation=recommendation.strip(),
        options=check_options(options),
        decide_by=decide_by,
        money_at_stake=_check_money(money_at_stake),
        must_decide=must_decide,
        owner=owner or actor,
        meeting=meeting,
        scenario=scenario,
    )


def add_item(*, cycle: Cycle, actor: User, draft: bool = False, **fields: Any) -> Decision:
    """Append an item with the next number of the cycle; rights and fields were checked by the caller."""
    with write_transaction():
        held = hold_cycle(cycle)
        if held.state in {CycleState.APPROVED, CycleState.RELEASED}:
            raise Conflict(_("The plan is approved; new questions belong to the next cycle."), code="cycle_moved")
        number = (held.decisions.aggregate(last=Max("number"))["last"] or 0) + 1
        decision = Decision(cycle=held, number=number, state=S.DRAFT if draft else S.PROPOSED, **fields)
        if not draft:
            decision.proposed_by, decision.proposed_at = actor, timezone.now()
        decision.save()
        verb = "decision.drafted" if draft else "decision.proposed"
        log(held, actor, verb, decision, {"number": number, "source": decision.source, "question": decision.question})
    return decision


def edit_decision(*, decision: Decision, actor: User, revision: int | None = None, **changes: Any) -> Decision:
    """Change an open item; ``propose=True`` moves a draft to the list. Audit ``meetings.decision.edited``.

    ``revision`` is what the writer saw; an older one raises ``Conflict``.
    """
    require(actor, "decision.propose")
    propose = changes.pop("propose", False)
    if unknown := sorted(set(changes) - _EDITABLE):
        raise InvalidInput(_("These cannot be changed: %s.") % ", ".join(unknown), code="unknown_field")
    if "question" in changes:
        changes["question"] = need_text(changes["question"], _("Write the question to decide."))
    if "options" in changes:
        changes["options"] = check_options(changes["options"])
    if "money_at_stake" in changes:
        changes["money_at_stake"] = _check_money(changes["money_at_stake"])
    if propose:
        changes |= {"state": S.PROPOSED, "proposed_by": actor, "proposed_at": timezone.now()}
    sources = {S.DRAFT} if propose else {S.DRAFT, S.PROPOSED, S.ESCALATED}
    shown = {name: str(value) for name, value in changes.items()}
    return _move(decision, sources, actor, "decision.edited", shown, revision=revision, **changes)


def decide(
    *,
    decision: Decision,
    verdict: str,
    actor: User,
    option: str = "",
    deferred_to: dt.date | None = None,
    note: str = "",
    revision: int | None = None,
) -> Decision:
    """The executive's word: ``approved`` with an option, ``rejected`` with a note, ``deferred`` with date and note.

    Repeating the same word changes nothing. Four eyes: who proposed does not decide. Audit
    ``meetings.decision.<verdict>``.
    """
    require(actor, "decision.decide")
    if verdict not in {S.APPROVED, S.REJECTED, S.DEFERRED}:
        raise InvalidInput(_("Decide with approved, rejected or deferred."), code="unknown_verdict")
    codes = [known["code"] for known in decision.options]
    if verdict == S.APPROVED and codes and option not in codes:
        raise InvalidInput(_("Choose one of the options: %s.") % ", ".join(codes), code="option_missing")
    if verdict == S.DEFERRED and deferred_to is None:
        raise InvalidInput(_("A deferral needs its date."), code="date_missing")
    if verdict != S.APPROVED:
        note = need_text(note, _("Say why."))
    decision.refresh_from_db()
    if decision.state == verdict and decision.decided_by_id == actor.pk and decision.chosen_option == option:
        return decision
    if decision.proposed_by_id == actor.pk:
        raise Denied(_("Four eyes: somebody else must decide what you proposed."), code="four_eyes")
    if decision.cycle.state not in _DECIDED_IN:
        raise Conflict(_("Items are decided in Pre-S&OP and in the executive meeting."), code="cycle_moved")
    changes = {
        "state": verdict,
        "decided_by": actor,
        "decided_at": timezone.now(),
        "chosen_option": option if verdict == S.APPROVED else "",
        "deferred_to": deferred_to if verdict == S.DEFERRED else None,
        "note": note,
    }
    detail = {"number": decision.number, "option": option, "deferred_to": deferred_to, "note": note}
    return _move(decision, _DECIDABLE, actor, f"decision.{verdict}", detail, revision=revision, **changes)


def escalate(*, decision: Decision, note: str, actor: User) -> Decision:
    """Raise an item to the decision layer; it must be decided there (R-008). Audit ``meetings.decision.escalated``."""
    require(actor, "decision.propose")
    note = need_text(note, _("Say why it is escalated."))
    changes: dict[str, Any] = {"state": S.ESCALATED, "must_decide": True, "note": note}
    return _move(decision, {S.PROPOSED}, actor, "decision.escalated", {"note": note}, **changes)


def implement(*, decision: Decision, note: str, actor: User) -> Decision:
    """Report an approved item as done. Audit ``meetings.decision.implemented``."""
    require(actor, "action.write")
    changes: dict[str, Any] = {"state": S.IMPLEMENTED, "implemented_by": actor, "implemented_at": timezone.now()}
    return _move(decision, {S.APPROVED}, actor, "decision.implemented", {"note": note}, **changes)


def verify_decision(*, decision: Decision, actor: User) -> Decision:
    """Confirm, as somebody else, that it was done. Audit ``meetings.decision.verified``."""
    require(actor, "action.write")
    if decision.implemented_by_id == actor.pk:
        raise Denied(_("Four eyes: somebody else verifies what you did."), code="four_eyes")
    changes: dict[str, Any] = {"state": S.VERIFIED, "verified_by": actor, "verified_at": timezone.now()}
    return _move(decision, {S.IMPLEMENTED}, actor, "decision.verified", {}, **changes)


def check_options(options: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Options as they are stored: unique codes, a title, named finite effects, at most five."""
    if len(options) > MOST_OPTIONS:
        raise InvalidInput(_("At most %d options.") % MOST_OPTIONS, code="too_many_options")
    checked = []
    for option in options:
        if not isinstance(option, Mapping) or set(option) - _OPTION_FIELDS:
            raise InvalidInput(
                _("An option has code, title, effects, scenario and supply_option."), code="invalid_option"
            )
        effects = option.get("effects") or {}
        if not isinstance(effects, Mapping) or not all(_is_figure(value) for value in effects.values()):
            raise InvalidInput(_("The effects of an option are named numbers."), code="invalid_option")
        scenario = option.get("scenario")
        if scenario is not None and not Version.objects.filter(pk=scenario).exists():
            raise InvalidInput(_("There is no scenario %s.") % scenario, code="invalid_option")
        code = str(option.get("code", "")).strip()[:8]
        title = need_text(str(option.get("title", "")), _("An option needs a title."))
        supply_option = option.get("supply_option")
        if supply_option is not None and not SupplyOption.objects.filter(pk=supply_option).exists():
            raise InvalidInput(_("There is no supply option %s.") % supply_option, code="invalid_option")
        checked.append(
            {
                "code": code,
                "title": title,
                "effects": dict(effects),
                "scenario": scenario,
                "supply_option": supply_option,
            }
        )
    codes = [option["code"] for option in checked]
    if len(set(codes)) != len(codes) or "" in codes:
        raise InvalidInput(_("Each option has its own code."), code="invalid_option")
    return json.loads(json.dumps(checked))


def _is_figure(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e18)


def _check_money(value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_MONEY:
        raise InvalidInput(_("Money is a whole number of the smallest currency unit."), code="invalid_money")
    return value


def _move(
    decision: Decision,
    sources: Collection[str],
    actor: User,
    verb: str,
    detail: dict[str, Any],
    *,
    revision: int | None = None,
    **changes: Any,
) -> Decision:
    """Compare-and-swap a decision out of ``sources`` and record it."""
    with write_transaction():
        cycle = hold_cycle(decision.cycle)
        rows = Decision.objects.filter(pk=decision.pk, state__in=list(sources))
        if revision is not None:
            rows = rows.filter(revision=revision)
        moved = rows.update(revision=F("revision") + 1, **changes)
        decision.refresh_from_db()
        if not moved:
            raise Conflict(
                _("Decision %(number)d is %(state)s by now. Look again before you go on.")
                % {"number": decision.number, "state": decision.get_state_display()},
                code="decision_moved",
                details={"state": decision.state, "revision": decision.revision},
            )
        log(cycle, actor, verb, decision, {"number": decision.number, **detail})
    return decision


def carry_deferred(previous: Cycle, following: Cycle) -> list[int]:
    """Deferred items stand on the next cycle's list again, linked to the old ones. Returns their old numbers."""
    carried = []
    for old in previous.decisions.filter(state=S.DEFERRED, continued_by=None):
        last = following.decisions.aggregate(last=Max("number"))["last"] or 0
        Decision.objects.create(
            cycle=following,
            number=last + 1,
            source=DecisionSource.CARRIED,
            source_key=str(old.pk),
            facts=old.facts,
            question=old.question,
            recommendation=old.recommendation,
            options=old.options,
            must_decide=old.must_decide,
            decide_by=old.deferred_to,
            money_at_stake=old.money_at_stake,
            owner=old.owner,
            state=S.PROPOSED,
            proposed_by=old.proposed_by,
            proposed_at=timezone.now(),
            scenario=old.scenario,
            continues=old,
        )
        carried.append(old.number)
    return carried
