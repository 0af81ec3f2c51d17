"""One step: open, meet, sign, edit, and waive a gate."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.choices import Department
from accounts.models import User
from accounts.policies import require
from core import audit
from core.db import write_transaction
from core.errors import Conflict, Denied, GuardFailed, InvalidInput
from cycles.choices import StepState
from cycles.gates import list_gates
from cycles.models import Cycle, GateWaiver, SignOff, Step
from cycles.selectors import get_step
from cycles.selectors.standing import cosign_reasons
from cycles.services.machine import chain_of, move_cycle, move_step
from cycles.template import COSIGN_ROLES, COSIGNED_STEPS
from cycles.transitions import CLOSED_BY, NAMES, NEXT, TRANSITIONS, WORKING

_EDITABLE = {"owner", "participants", "purpose", "inputs", "outputs", "opens_at", "cutoff_at", "meets_at", "due_at"}


def open_step(*, step: Step, actor: User) -> Step:
    """Open a step, which means moving the cycle to it. Opening an open step changes nothing.

    The supply review and later steps open by the signature under the step before. Errors as ``move_cycle``.
    """
    require(actor, "cycle.manage")
    if step.state in WORKING:
        return step
    transition = next(t for t in TRANSITIONS if t.opens == step.code)
    if transition.action != "cycle.manage" and transition.closes is not None:
        reason = _("“%(step)s” opens when “%(before)s” is signed.") % {
            "step": step.get_code_display(),
            "before": get_step(step.cycle, transition.closes).get_code_display(),
        }
        raise GuardFailed(reason, details={"reasons": [reason]})
    cycle = move_cycle(cycle=step.cycle, transition=transition, actor=actor)
    return get_step(cycle, step.code)


def begin_meeting(*, step: Step, actor: User) -> Step:
    """The meeting of a step begins; repeating it changes nothing. Audit ``cycles.step.meeting_begun``."""
    require(actor, "meeting.record")
    if step.meets_at is None:
        raise InvalidInput(_("“%s” has no meeting.") % step.get_code_display(), code="no_meeting")
    with write_transaction():
        if move_step(step, "meet"):
            audit.record(chain=chain_of(step.cycle), actor=actor, verb="cycles.step.meeting_begun", obj=step, detail={})
            return step
        step.refresh_from_db()
        if step.state != StepState.IN_MEETING:
            raise Conflict(
                _("“%(step)s” is %(state)s; its meeting cannot begin.")
                % {"step": step.get_code_display(), "state": step.get_state_display()},
                code="step_not_open",
            )
    return step


def sign_off(*, step: Step, department: str, actor: User, lead: bool = False) -> SignOff:
    """Sign for a department, or with ``lead`` close the step and move the cycle on.

    Signing twice returns the first signature. Raises ``Denied`` for a foreign department or role, ``GuardFailed``
    when the department is not present or a gate is closed, ``Conflict`` when a colleague signed first.
    Audit ``cycles.step.signed`` for a department, ``cycles.cycle.<target>`` for the lead.
    """
    if lead:
        move_cycle(cycle=step.cycle, transition=CLOSED_BY[step.code], actor=actor)
        return SignOff.objects.get(step=step, lead=True, invalid_at=None)
    require(actor, "step.sign", department=department)
    _require_cosigner(step, department, actor)
    with write_transaction():
        Step.objects.filter(pk=step.pk).update(revision=F("revision") + 1)  # queues behind the lead's signature
        step.refresh_from_db()
        if existing := SignOff.objects.filter(step=step, department=department, lead=False, invalid_at=None).first():
            if existing.user_id == actor.pk:
                return existing
            raise Conflict(_("%s has signed for the department already.") % existing.user, code="already_signed")
        if reasons := cosign_reasons(step, department, actor):
            raise GuardFailed(" ".join(reasons), details={"reasons": reasons})
        sign = SignOff.objects.create(step=step, department=department, user=actor, at=timezone.now())
        detail = {"step": step.code, "department": department}
        audit.record(chain=chain_of(step.cycle), actor=actor, verb="cycles.step.signed", obj=step, detail=detail)
    return sign


def _require_cosigner(step: Step, department: str, actor: User) -> None:
    roles = COSIGN_ROLES.get(Department(department), frozenset()) if department in Department.values else frozenset()
    leads = CLOSED_BY[step.code].lead == actor.role
    if step.code not in COSIGNED_STEPS or actor.role not in roles or leads:
        raise Denied(_("Your role does not sign “%s” for a department.") % step.get_code_display())


def waive_gate(*, cycle: Cycle, transition: str, code: str, reason: str, actor: User) -> GateWaiver:
    """Let a waivable gate of the next transition pass. Audit ``cycles.gate.waived``; repeating returns the first."""
    require(actor, "cycle.manage")
    if not reason.strip():
        raise InvalidInput(_("A waiver needs its reason."), code="reason_missing")
    gate = next((gate for gate in list_gates(transition) if gate.code == code), None) if transition in NAMES else None
    if gate is None:
        raise InvalidInput(_("There is no gate “%(gate)s” before %(way)s.") % {"gate": code, "way": transition})
    if not gate.waivable:
        raise Conflict(_("“%s” cannot be waived.") % gate.title, code="not_waivable")
    with write_transaction():
        Cycle.objects.filter(pk=cycle.pk).update(revision=F("revision") + 1)
        cycle = Cycle.objects.get(pk=cycle.pk)
        following = NEXT.get(cycle.state)
        if following is None or following.name != transition:
            raise Conflict(_("The cycle is not before this transition."), code="cycle_moved")
        waiver, created = GateWaiver.objects.get_or_create(
            cycle=cycle,
            transition=transition,
            gate=code,
            invalid_at=None,
            defaults={"reason": reason, "user": actor, "at": timezone.now()},
        )
        if created:
            detail = {"transition": transition, "gate": code, "reason": reason}
            audit.record(chain=chain_of(cycle), actor=actor, verb="cycles.gate.waived", obj=cycle, detail=detail)
    return waiver


def edit_step(*, step: Step, actor: User, **changes: Any) -> Step:
    """Change owner, participants, lists or dates of a step that is not signed. Audit ``cycles.step.edited``."""
    require(actor, "cycle.manage")
    if unknown := sorted(set(changes) - _EDITABLE):
        raise InvalidInput(_("These cannot be changed: %s.") % ", ".join(unknown), code="unknown_field")
    with write_transaction():
        held = Step.objects.filter(pk=step.pk).exclude(state=StepState.SIGNED_OFF).update(revision=F("revision") + 1)
        if not held:
            raise Conflict(_("A signed step is not changed; reopen it first."), code="step_signed")
        step.refresh_from_db()
        people = changes.pop("participants", None)
        for name, value in changes.items():
            setattr(step, name, value)
        if step.opens_at > step.due_at:
            raise InvalidInput(_("A step cannot be due before it opens."), code="invalid_dates")
        step.save(update_fields=list(changes) or None)
        if people is not None:
            step.participants.set(people)
            changes["participants"] = [person.username for person in people]
        shown = {name: str(value) for name, value in changes.items()}
        audit.record(chain=chain_of(step.cycle), actor=actor, verb="cycles.step.edited", obj=step, detail=shown)
    return step
