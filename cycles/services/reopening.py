"""Going back: reopen a signed step, with everything that follows from it."""

from __future__ import annotations

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core import audit
from core.db import write_transaction
from core.errors import Conflict, Denied, InvalidInput
from cycles.choices import CycleState, StepCode, StepState
from cycles.models import Cycle, SignOff, Step
from cycles.selectors import list_reopen_effects
from cycles.selectors.standing import may_reopen
from cycles.services.machine import chain_of, move_step, run_effects
from cycles.transitions import NEXT, REOPENED, STATE_OF_STEP, TRANSITIONS, is_before


def reopen_step(*, step: Step, reason: str, actor: User) -> Step:
    """Bring the cycle back to a signed step: later signatures become invalid, later steps start anew.

    The coordinator reopens before the approval, after it only the executive. The cut-off of the step is lifted.
    Effects registered under ``reopened`` run in the transaction (they mark later snapshots). Audit
    ``cycles.step.reopened`` with the reason. Reopening twice changes nothing.
    """
    require(actor, "cycle.reopen")
    if not reason.strip():
        raise InvalidInput(_("Say why the step is reopened."), code="reason_missing")
    with write_transaction():
        Cycle.objects.filter(pk=step.cycle_id).update(revision=F("revision") + 1)
        step = Step.objects.select_related("cycle").get(pk=step.pk)
        cycle = step.cycle
        if step.state == StepState.REOPENED:
            return step
        if step.state != StepState.SIGNED_OFF or cycle.state in {CycleState.CLOSED, CycleState.CANCELLED}:
            raise Conflict(_("Only a signed step of a running cycle can be reopened."), code="step_not_signed")
        if not may_reopen(cycle, actor):
            raise Denied(_("Before the approval the coordinator reopens a step, after it the executive."))
        effects = list_reopen_effects(step)
        came_from = cycle.state
        _invalidate(step, reason)
        _go_back(cycle, step)
        run_effects(REOPENED, cycle, actor)
        detail = {"step": step.code, "from": came_from, "reason": reason, "effects": effects}
        audit.record(chain=chain_of(cycle), actor=actor, verb="cycles.step.reopened", obj=step, detail=detail)
    return step


def _invalidate(step: Step, reason: str) -> None:
    now = timezone.now()
    SignOff.objects.filter(step__cycle=step.cycle_id, step__position__gte=step.position, invalid_at=None).update(
        invalid_at=now, invalid_reason=reason
    )
    start = STATE_OF_STEP[step.code]
    undone = [t.name for t in TRANSITIONS if not is_before(t.source, start)]
    step.cycle.waivers.filter(transition__in=undone, invalid_at=None).update(invalid_at=now)


def _go_back(cycle: Cycle, step: Step) -> None:
    for later in cycle.steps.filter(position__gt=step.position):
        move_step(later, "reset", opened_at=None, signed_at=None)
    move_step(step, "reopen", signed_at=None, cutoff_at=None)
    cycle.state = STATE_OF_STEP[step.code]
    cycle.approved_by = cycle.approved_at = None
    if NEXT[cycle.state].closes != StepCode.EXECUTIVE:
        cycle.submitted_for_approval_by = None
    cycle.save(update_fields=["state", "approved_by", "approved_at", "submitted_for_approval_by"])
