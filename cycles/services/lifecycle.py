"""The cycle as a whole: start, advance, approve, release, close, roll, cancel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core import audit
from core.db import write_transaction
from core.errors import Conflict, GuardFailed, InvalidInput
from core.months import format_month
from cycles.calendar import Milestone
from cycles.choices import CycleState, SubmissionStatus
from cycles.models import Cycle, Step, Submission
from cycles.selectors import failed_reasons, get_next_cycle, list_submissions, plan_dates
from cycles.services.machine import chain_of, move_cycle, run_effects
from cycles.template import TEMPLATES, StepTemplate
from cycles.transitions import NEXT, TRANSITIONS

SHORTEST_HORIZON, LONGEST_HORIZON = 12, 24
FIRST_MONTH, LAST_MONTH = 2000 * 12, 2099 * 12 + 11
_END_OF_DAY = dt.time(18)


def start_cycle(*, month: int, actor: User, horizon: int = 18) -> Cycle:
    """Create the cycle of an absolute month with its steps, dates and owners, and begin collecting.

    When a step lacks its owner or a list, the cycle stays in ``draft``; ``list_readiness`` says what is missing.
    Audit ``cycles.cycle.created``. Raises ``Conflict`` when the month has a cycle, ``InvalidInput`` for the horizon.
    """
    require(actor, "cycle.manage")
    if not SHORTEST_HORIZON <= horizon <= LONGEST_HORIZON:
        raise InvalidInput(
            _("The horizon is between %(low)d and %(high)d months.")
            % {"low": SHORTEST_HORIZON, "high": LONGEST_HORIZON},
            code="invalid_horizon",
        )
    with write_transaction():
        cycle, created = Cycle.objects.get_or_create(month=month, defaults={"horizon": horizon, "created_by": actor})
        if not created:
            raise Conflict(_("There is a cycle for %s already.") % format_month(month), code="cycle_exists")
        dates = plan_dates(month)
        owners = _owners()
        for position, template in enumerate(TEMPLATES):
            _create_step(cycle, position, template, dates, owners)
        detail = {"month": format_month(month), "horizon": horizon}
        audit.record(chain=chain_of(cycle), actor=actor, verb="cycles.cycle.created", obj=cycle, detail=detail)
        if failed_reasons(cycle, NEXT[CycleState.DRAFT]):
            return cycle
        return move_cycle(cycle=cycle, transition=NEXT[CycleState.DRAFT], actor=actor)


def advance_cycle(*, cycle: Cycle, to: str, actor: User) -> Cycle:
    """Move ``cycle`` to the state ``to``, which must be the next one. Errors as ``move_cycle``."""
    transition = next((t for t in TRANSITIONS if t.target == to), None)
    if transition is None:
        raise InvalidInput(_("There is no way to the state “%s”.") % to, code="unknown_state")
    return move_cycle(cycle=cycle, transition=transition, actor=actor)


def approve_cycle(*, cycle: Cycle, actor: User) -> Cycle:
    """The executive's approval: freezes the plan. Audit ``cycles.cycle.approved``."""
    return advance_cycle(cycle=cycle, to=CycleState.APPROVED, actor=actor)


def release_cycle(*, cycle: Cycle, actor: User) -> Cycle:
    """Hand the approved plan to execution. Audit ``cycles.cycle.released``."""
    return advance_cycle(cycle=cycle, to=CycleState.RELEASED, actor=actor)


def close_cycle(*, cycle: Cycle, actor: User) -> Cycle:
    """Make the whole cycle read-only. Audit ``cycles.cycle.closed``."""
    return advance_cycle(cycle=cycle, to=CycleState.CLOSED, actor=actor)


def roll_cycle(*, cycle: Cycle, actor: User) -> Cycle:
    """Start the next month with the same horizon; late material and what upper rooms register move along.

    Repeating it returns the next cycle. Audit ``cycles.cycle.rolled``. Raises ``GuardFailed`` before the release.
    """
    require(actor, "cycle.manage")
    with write_transaction():
        Cycle.objects.filter(pk=cycle.pk).update(revision=F("revision") + 1)
        cycle = Cycle.objects.get(pk=cycle.pk)
        if following := get_next_cycle(cycle):
            return following
        if cycle.state not in {CycleState.RELEASED, CycleState.CLOSED}:
            reason = _("The plan of %s is not released.") % format_month(cycle.month)
            raise GuardFailed(reason, details={"reasons": [reason]})
        following = start_cycle(month=cycle.month + 1, actor=actor, horizon=cycle.horizon)
        carried = _carry_late_material(cycle, following)
        run_effects("rolled", following, actor)
        detail = {"to": format_month(following.month), "late_material": carried}
        audit.record(chain=chain_of(cycle), actor=actor, verb="cycles.cycle.rolled", obj=cycle, detail=detail)
    return following


def cancel_cycle(*, cycle: Cycle, reason: str, actor: User) -> Cycle:
    """Give a cycle up before its approval. Audit ``cycles.cycle.cancelled``."""
    require(actor, "cycle.manage")
    if not reason.strip():
        raise InvalidInput(_("Say why the cycle is cancelled."), code="reason_missing")
    open_states = [t.source for t in TRANSITIONS if t.source not in {CycleState.APPROVED, CycleState.RELEASED}]
    with write_transaction():
        moved = Cycle.objects.filter(pk=cycle.pk, state__in=open_states).update(
            state=CycleState.CANCELLED, revision=F("revision") + 1
        )
        cycle = Cycle.objects.get(pk=cycle.pk)
        if not moved:
            if cycle.state == CycleState.CANCELLED:
                return cycle
            raise Conflict(_("An approved cycle cannot be cancelled; reopen it instead."), code="cycle_moved")
        run_effects("cancelled", cycle, actor)
        detail = {"reason": reason}
        audit.record(chain=chain_of(cycle), actor=actor, verb="cycles.cycle.cancelled", obj=cycle, detail=detail)
    return cycle


def _owners() -> dict[str, User]:
    people = User.objects.filter(is_active=True, is_service=False).order_by("-pk")
    return {person.role: person for person in people}


def _create_step(
    cycle: Cycle,
    position: int,
    template: StepTemplate,
    dates: Mapping[Milestone, dt.datetime],
    owners: dict[str, User],
) -> None:
    due = dates[template.due]
    cutoff = dates[template.cutoff] if template.cutoff else None
    step = Step.objects.create(
        cycle=cycle,
        code=template.code,
        position=position,
        owner_role=template.owner_role,
        owner=owners.get(template.owner_role),
        purpose=template.purpose,
        inputs=list(template.inputs),
        outputs=list(template.outputs),
        opens_at=dates[template.opens],
        cutoff_at=cutoff if cutoff and cutoff > timezone.now() else None,  # none in a cycle started after it
        meets_at=dates[template.meets] if template.meets else None,
        due_at=due.replace(hour=_END_OF_DAY.hour, minute=_END_OF_DAY.minute) if template.meets else due,
    )
    people = User.objects.filter(is_active=True, is_service=False, role__in=template.participants)
    step.participants.set(people)
    Submission.objects.bulk_create(Submission(step=step, department=department) for department in template.required)


def _carry_late_material(cycle: Cycle, following: Cycle) -> list[str]:
    """What came after the cut-off and was not waived becomes the next cycle's draft."""
    late = [s for s in list_submissions(cycle) if s.status == SubmissionStatus.LATE and s.waived_by_id is None]
    for submission in late:
        Submission.objects.filter(
            step__cycle=following, step__code=submission.step.code, department=submission.department
        ).update(status=SubmissionStatus.DRAFT, content=submission.content)
    return [submission.department for submission in late]
