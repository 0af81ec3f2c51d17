"""Actions: promised, done, verified by somebody else, and carried into the next month while open."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import can, require
from accounts.selectors import get_scope
from core import audit
from core.db import write_transaction
from core.errors import Conflict, Denied, Frozen, InvalidInput
from cycles.choices import CycleState
from cycles.models import Cycle
from cycles.selectors import get_previous_cycle
from demand.models import Assumption
from demand.selectors.assumptions import get_assumption
from demand.selectors.deviations import DeviationPlace
from demand.selectors.place import find_place
from meetings.choices import UNFINISHED, ActionState, RiskState
from meetings.models import ActionItem, Decision, Meeting, Risk
from meetings.services.decisions import carry_deferred
from meetings.services.writing import hold_cycle, log, need_text

A = ActionState
_MOVES: dict[str, set[str]] = {
    A.IN_PROGRESS: {A.OPEN},
    A.DONE: {A.OPEN, A.IN_PROGRESS},
    A.OPEN: {A.IN_PROGRESS, A.DONE},
    A.CANCELLED: {A.OPEN, A.IN_PROGRESS},
}


def add_action(
    *,
    cycle: Cycle,
    title: str,
    owner: User,
    due: dt.date,
    actor: User,
    follower: User | None = None,
    meeting: Meeting | None = None,
    decision: Decision | None = None,
    assumption: Assumption | None = None,
    deviation: DeviationPlace | None = None,
) -> ActionItem:
    """Note who does what by when; who asks follows up unless somebody else is named (R-016).

    ``assumption`` or ``deviation`` is what the action answers, inside the actor's scope (R-042). Audit
    ``meetings.action.added``. Raises ``Denied``, ``Missing``, ``InvalidInput``.
    """
    require(actor, "action.write")
    _check_subject(actor, cycle, assumption, deviation)
    if not owner.is_active or owner.is_service:
        raise InvalidInput(_("The owner of an action is an active person."), code="owner_missing")
    with write_transaction():
        held = hold_cycle(cycle)
        action = ActionItem.objects.create(
            cycle=held,
            followed_in=held,
            title=need_text(title, _("Say what is to be done."))[:200],
            initiator=actor,
            owner=owner,
            follower=follower or actor,
            due=due,
            meeting=meeting,
            decision=decision,
            assumption=assumption,
            **({} if deviation is None else _deviation_fields(deviation)),
        )
        log(held, actor, "action.added", action, {"title": action.title, "owner": owner.username, "due": due})
    return action


def _deviation_fields(deviation: DeviationPlace) -> dict[str, Any]:
    return {
        "deviation_product": deviation.product,
        "deviation_org": deviation.org,
        "deviation_month": deviation.month,
    }


def _check_subject(actor: User, cycle: Cycle, assumption: Assumption | None, deviation: DeviationPlace | None) -> None:
    """What an action answers is one thing, of this cycle, and the actor may see it."""
    if assumption is not None and deviation is not None:
        raise InvalidInput(_("An action answers one deviation or one assumption."), code="two_subjects")
    if assumption is not None:
        place = find_place(scope=get_scope(actor), product=None, org=None)
        if get_assumption(assumption_id=assumption.pk, place=place).cycle_id != cycle.pk:
            raise InvalidInput(_("The assumption belongs to another cycle."), code="other_cycle")
    if deviation is not None:
        require(actor, "action.write", product=deviation.product.code, org=deviation.org.code)
        if deviation.month >= cycle.month:
            raise InvalidInput(_("Only a closed month can deviate from its forecast."), code="month_open")


def move_action(
    *, action: ActionItem, state: str, actor: User, result: str = "", revision: int | None = None
) -> ActionItem:
    """Move an action on: in progress, done, open again, cancelled with a reason. Repeating changes nothing.

    Only its owner, its follower or the coordinator may. Audit ``meetings.action.<state>``.
    """
    require(actor, "action.write")
    if state not in _MOVES:
        raise InvalidInput(_("An action is set to open, in progress, done or cancelled."), code="unknown_state")
    if actor.pk not in {action.owner_id, action.follower_id} and not can(actor, "cycle.manage"):
        raise Denied(_("Only its owner, its follower or the coordinator moves this action."))
    if state == A.CANCELLED:
        result = need_text(result, _("Say why it is cancelled."))
    changes: dict[str, Any] = {"state": state, "result": result or action.result}
    changes["done_at"] = timezone.now() if state == A.DONE else None
    return _move(action, _MOVES[state], actor, f"action.{state}", {"result": result}, revision, **changes)


def verify_action(*, action: ActionItem, actor: User, revision: int | None = None) -> ActionItem:
    """Confirm, as somebody else, that it was done. Audit ``meetings.action.verified``."""
    require(actor, "action.write")
    if action.owner_id == actor.pk:
        raise Denied(_("Four eyes: somebody else verifies what you did."), code="four_eyes")
    changes = {"state": A.VERIFIED, "verified_by": actor, "verified_at": timezone.now()}
    return _move(action, {A.DONE}, actor, "action.verified", {}, revision, **changes)


def _move(
    action: ActionItem,
    sources: set[str],
    actor: User,
    verb: str,
    detail: dict[str, Any],
    revision: int | None,
    **changes: Any,
) -> ActionItem:
    with write_transaction():
        action.refresh_from_db()
        if action.state == changes["state"]:
            return action
        if action.followed_in.state in {CycleState.CLOSED, CycleState.CANCELLED} and action.state not in UNFINISHED:
            raise Frozen(_("The cycle that followed this action is closed."))
        rows = ActionItem.objects.filter(pk=action.pk, state__in=list(sources))
        if revision is not None:
            rows = rows.filter(revision=revision)
        moved = rows.update(revision=F("revision") + 1, **changes)
        action.refresh_from_db()
        if not moved:
            raise Conflict(
                _("The action is %s by now. Look again before you go on.") % action.get_state_display(),
                code="action_moved",
                details={"state": action.state, "revision": action.revision},
            )
        log(action.followed_in, actor, verb, action, {"title": action.title, **detail})
    return action


def carry_over(cycle: Cycle, actor: User) -> None:
    """Effect of ``rolled``: open actions, deferred decisions and open risks move into the new cycle.

    Audit ``meetings.cycle.carried_over`` in the new cycle's chain.
    """
    previous = get_previous_cycle(cycle)
    if previous is None:
        return
    actions = ActionItem.objects.filter(followed_in=previous, state__in=[*UNFINISHED, A.DONE]).update(
        followed_in=cycle, revision=F("revision") + 1
    )
    decisions = carry_deferred(previous, cycle)
    risks = previous.risks.filter(state=RiskState.OPEN)
    for risk in risks:
        Risk.objects.create(
            cycle=cycle,
            kind=risk.kind,
            title=risk.title,
            product=risk.product,
            probability_percent=risk.probability_percent,
            units=risk.units,
            money=risk.money,
            mitigation=risk.mitigation,
            owner=risk.owner,
            continues=risk,
        )
    detail = {"actions": actions, "decisions": decisions, "risks": len(risks)}
    audit.record(chain=f"cycle:{cycle.pk}", actor=actor, verb="meetings.cycle.carried_over", obj=cycle, detail=detail)
