"""The one engine that moves a cycle along an arrow of the transition table."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core import audit
from core.db import write_transaction
from core.errors import Conflict, Denied, GuardFailed
from cycles.choices import CycleState, StepState
from cycles.gates import list_effects
from cycles.models import Cycle, SignOff, Step
from cycles.selectors import failed_reasons, get_step
from cycles.transitions import STEP_MOVES, Transition


def chain_of(cycle: Cycle) -> str:
    """The audit chain of a cycle."""
    return f"cycle:{cycle.pk}"


def move_cycle(*, cycle: Cycle, transition: Transition, actor: User) -> Cycle:
    """Take ``transition``: rights, compare-and-swap, gates, steps, effects, signature, audit.

    Repeating it by the same actor changes nothing and returns the cycle. Raises ``Denied``, ``GuardFailed`` with
    reasons, or ``Conflict`` when somebody else moved the cycle first. Audit ``cycles.cycle.<target>``.
    """
    require(actor, transition.action)
    if actor.role != transition.lead:
        raise Denied(_("Only the role “%s” may do this.") % transition.lead.label, details={"role": transition.lead})
    with write_transaction():
        held = Cycle.objects.filter(pk=cycle.pk, state=transition.source).update(revision=F("revision") + 1)
        current = Cycle.objects.get(pk=cycle.pk)
        if not held:
            return _settle_repeat(current, transition, actor)
        _require_four_eyes(current, transition, actor)
        if reasons := failed_reasons(current, transition):
            raise GuardFailed(
                _("This cannot be done yet: %s") % " ".join(reasons),
                details={"transition": transition.name, "reasons": reasons},
            )
        _set_state(current, transition, actor)
        code = run_effects(transition.name, current, actor)
        _close_and_open_steps(current, transition, actor, code)
        waived = list(
            current.waivers.filter(transition=transition.name, invalid_at=None).values_list("gate", flat=True)
        )
        detail: dict[str, Any] = {"from": transition.source, "snapshot": code, "waived": waived}
        verb = f"cycles.cycle.{transition.target.value}"
        audit.record(chain=chain_of(current), actor=actor, verb=verb, obj=current, detail=detail)
    return current


def run_effects(point: str, cycle: Cycle, actor: User) -> str:
    """Run the registered effects; the last snapshot code one of them made, or ``""``."""
    codes = [effect(cycle, actor) for effect in list_effects(point)]
    return next((code for code in reversed(codes) if code), "")


def move_step(step: Step, move: str, **changes: Any) -> bool:
    """Compare-and-swap a step along ``STEP_MOVES[move]``; whether it moved."""
    sources, target = STEP_MOVES[move]
    moved = Step.objects.filter(pk=step.pk, state__in=sources).update(
        state=target, revision=F("revision") + 1, **changes
    )
    if moved:
        step.refresh_from_db()
    return bool(moved)


def _settle_repeat(cycle: Cycle, transition: Transition, actor: User) -> Cycle:
    """A repeated click of the same person is answered with the state it made; anything else is a conflict."""
    if cycle.state == transition.target:
        signers = SignOff.objects.filter(step__cycle=cycle, step__code=transition.closes, lead=True, invalid_at=None)
        if transition.closes is None or signers.filter(user=actor).exists():
            return cycle
    raise Conflict(
        _("The cycle is in “%s” by now. Look again before you go on.") % cycle.get_state_display(),
        code="cycle_moved",
        details={"state": cycle.state},
    )


def _require_four_eyes(cycle: Cycle, transition: Transition, actor: User) -> None:
    if transition.target == CycleState.APPROVED and cycle.submitted_for_approval_by_id == actor.pk:
        raise Denied(_("Four eyes: somebody else must approve what you submitted."), code="four_eyes")


def _set_state(cycle: Cycle, transition: Transition, actor: User) -> None:
    cycle.state = transition.target
    if transition.target == CycleState.EXECUTIVE:
        cycle.submitted_for_approval_by = actor
    if transition.target == CycleState.APPROVED:
        cycle.approved_by, cycle.approved_at = actor, timezone.now()
    cycle.save(update_fields=["state", "submitted_for_approval_by", "approved_by", "approved_at"])


def _close_and_open_steps(cycle: Cycle, transition: Transition, actor: User, code: str) -> None:
    now = timezone.now()
    if transition.closes:
        step = get_step(cycle, transition.closes)
        if not move_step(step, "sign" if step.meets_at else "finish", signed_at=now):
            raise GuardFailed(
                _("“%s”: the meeting has not begun; the coordinator begins it.") % step.get_code_display(),
                details={"reasons": [_("The meeting has not begun.")]},
            )
        SignOff.objects.create(step=step, department=actor.department, user=actor, at=now, lead=True)
        if code:
            SignOff.objects.filter(step=step, invalid_at=None).update(snapshot_code=code)
    if transition.opens:
        step = get_step(cycle, transition.opens)
        if step.state != StepState.REOPENED:
            move_step(step, "open", opened_at=now)
