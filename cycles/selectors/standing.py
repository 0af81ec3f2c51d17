"""Where a cycle stands: what is missing, what is late, and what a person can do now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.choices import Department
from accounts.models import User
from accounts.policies import can
from cycles.choices import CycleState, StepState
from cycles.gates import list_gates, signing_reasons
from cycles.models import Cycle, SignOff, Step
from cycles.selectors.rows import get_next_cycle, list_steps
from cycles.template import COSIGN_ROLES, COSIGNED_STEPS, TEMPLATE_OF
from cycles.transitions import NEXT, STATE_OF_STEP, WORKING, Transition, is_before


@dataclass(frozen=True)
class Readiness:
    """One line of the readiness list (R-007)."""

    code: str
    title: str
    is_met: bool
    reasons: list[str]
    is_waivable: bool
    waived_because: str = ""


@dataclass(frozen=True)
class Command:
    """Something the caller may ask for; when it is not ``enabled``, ``reasons`` say who must do what first."""

    command: str
    step: str | None
    label: str
    enabled: bool = True
    reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RailStep:
    """One step in the rail of every page."""

    code: str
    title: str
    position: int
    state: str
    state_label: str
    is_current: bool
    is_late: bool
    at: dt.datetime  # when it meets, or is due
    due_at: dt.datetime
    signed_at: dt.datetime | None


def list_readiness(cycle: Cycle) -> list[Readiness]:
    """Every gate of the next transition with its reasons; empty when the cycle is at its end."""
    transition = NEXT.get(cycle.state)
    return list(_evaluate(cycle, transition)) if transition else []


def failed_reasons(cycle: Cycle, transition: Transition) -> list[str]:
    """The reasons that block ``transition`` now; waived gates do not count."""
    return [reason for line in _evaluate(cycle, transition) if not line.is_met for reason in line.reasons]


def _evaluate(cycle: Cycle, transition: Transition) -> Iterator[Readiness]:
    active = cycle.waivers.filter(transition=transition.name, invalid_at=None)
    waived = dict(active.values_list("gate", "reason"))
    for gate in list_gates(transition.name):
        reasons = [str(reason) for reason in gate.check(cycle)]
        because = waived.get(gate.code, "") if reasons else ""
        yield Readiness(gate.code, str(gate.title), not reasons or bool(because), reasons, gate.waivable, because)


def is_late(step: Step, *, now: dt.datetime | None = None) -> bool:
    """Signed after its due time, or due and not signed."""
    return (step.signed_at or now or timezone.now()) > step.due_at


def get_rail(cycle: Cycle, user: User | None = None, *, now: dt.datetime | None = None) -> list[RailStep]:
    """The six steps as the rail shows them; the same for every user."""
    return [
        RailStep(
            code=step.code,
            title=step.get_code_display(),
            position=step.position,
            state=step.state,
            state_label=step.get_state_display(),
            is_current=STATE_OF_STEP[step.code] == cycle.state,
            is_late=is_late(step, now=now),
            at=step.meets_at or step.due_at,
            due_at=step.due_at,
            signed_at=step.signed_at,
        )
        for step in list_steps(cycle)
    ]


def list_reopen_effects(step: Step) -> list[str]:
    """What reopening ``step`` undoes, as sentences for the confirmation."""
    later = SignOff.objects.select_related("step", "user").filter(
        step__cycle=step.cycle_id, step__position__gte=step.position, invalid_at=None
    )
    effects = [
        _("The signature of %(name)s under “%(step)s” becomes invalid.")
        % {"name": sign.user, "step": sign.step.get_code_display()}
        for sign in later.order_by("step__position", "at")
    ]
    snapshots = sorted({sign.snapshot_code for sign in later if sign.snapshot_code})
    effects += [_("Snapshot %s is kept and marked invalid.") % code for code in snapshots]
    return effects


def available_actions(cycle: Cycle, user: User | None) -> list[Command]:
    """What ``user`` may do with ``cycle`` now. What the role does not allow is left out."""
    if user is None:
        return []
    return [
        *_advance_commands(cycle, user),
        *_working_commands(cycle, user),
        *_reopen_commands(cycle, user),
        *_ending_commands(cycle, user),
    ]


_VERBS: dict[str, tuple[str, Any]] = {
    CycleState.DRAFT: ("start", lambda: _("Start the cycle")),
    CycleState.COLLECTING: ("sign", lambda: _("Close the data and open the inputs")),
    CycleState.DEMAND_REVIEW: ("sign", lambda: _("Sign off demand")),
    CycleState.SUPPLY_REVIEW: ("sign", lambda: _("Sign off supply")),
    CycleState.PRE_SOP: ("sign", lambda: _("Send to the executive meeting")),
    CycleState.EXECUTIVE: ("approve", lambda: _("Approve the plan")),
    CycleState.APPROVED: ("release", lambda: _("Publish the release")),
    CycleState.RELEASED: ("close", lambda: _("Close the cycle")),
}


def _advance_commands(cycle: Cycle, user: User) -> Iterator[Command]:
    transition = NEXT.get(cycle.state)
    if transition is None or user.role != transition.lead or not can(user, transition.action):
        return
    verb, label = _VERBS[cycle.state]
    reasons = failed_reasons(cycle, transition)
    if transition.action == "plan.approve" and cycle.submitted_for_approval_by_id == user.pk:
        reasons.insert(0, _("Four eyes: somebody else must approve what you submitted."))
    yield Command(verb, transition.closes, label(), not reasons, reasons)


def _working_commands(cycle: Cycle, user: User) -> Iterator[Command]:
    for step in list_steps(cycle):
        if step.state not in WORKING or STATE_OF_STEP[step.code] != cycle.state:
            continue
        if can(user, "submission.submit", department=user.department):
            yield Command("submit", step.code, _("Hand in material"))
        if step.meets_at and step.state != StepState.IN_MEETING and can(user, "meeting.record"):
            yield Command("begin_meeting", step.code, _("Begin the meeting"))
        if can(user, "cycle.manage"):
            if TEMPLATE_OF[step.code].required:
                yield Command("waive", step.code, _("Let late or missing material pass"))
            yield Command("edit", step.code, _("Change owner, dates and lists"))
        yield from _cosign_commands(step, user)


def _cosign_commands(step: Step, user: User) -> Iterator[Command]:
    roles = COSIGN_ROLES.get(Department(user.department), frozenset())
    leads = NEXT[step.cycle.state].lead == user.role
    if user.role not in roles or leads or not can(user, "step.sign", department=user.department):
        return
    if step.code not in COSIGNED_STEPS or step.signoffs.filter(department=user.department, invalid_at=None).exists():
        return
    reasons = cosign_reasons(step, user.department, user)
    yield Command("co_sign", step.code, _("Sign for %s") % user.get_department_display(), not reasons, reasons)


def cosign_reasons(step: Step, department: str, user: User) -> list[str]:
    """Why the department's signature cannot be given now."""
    if step.state != StepState.IN_MEETING:
        return [_("“%s”: the meeting has not begun; the coordinator begins it.") % step.get_code_display()]
    return signing_reasons(step, department, user)


def may_reopen(cycle: Cycle, user: User) -> bool:
    """Before approval the coordinator reopens, after it only the executive."""
    if not can(user, "cycle.reopen"):
        return False
    approved = cycle.state in {CycleState.APPROVED, CycleState.RELEASED}
    return can(user, "plan.approve") if approved else can(user, "cycle.manage")


def _reopen_commands(cycle: Cycle, user: User) -> Iterator[Command]:
    if cycle.state in {CycleState.DRAFT, CycleState.CLOSED, CycleState.CANCELLED} or not may_reopen(cycle, user):
        return
    for step in list_steps(cycle):
        if step.state == StepState.SIGNED_OFF:
            yield Command("reopen", step.code, _("Reopen “%s”") % step.get_code_display())


def _ending_commands(cycle: Cycle, user: User) -> Iterator[Command]:
    if not can(user, "cycle.manage"):
        return
    if cycle.state in {CycleState.RELEASED, CycleState.CLOSED} and get_next_cycle(cycle) is None:
        yield Command("roll", None, _("Start the next month"))
    if cycle.state != CycleState.CANCELLED and is_before(cycle.state, CycleState.APPROVED):
        yield Command("cancel", None, _("Cancel the cycle"))
