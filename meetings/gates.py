"""What the meetings have to say before the cycle moves: attendance, gaps, pre-read, quorum, decisions."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.choices import Department
from accounts.models import User
from cycles.choices import StepCode
from cycles.gates import register_effect, register_gate, register_sign_check
from cycles.models import Cycle, Step
from cycles.selectors import get_next_cycle, get_step
from meetings.choices import ActionState, ConflictState
from meetings.models import AgendaItem
from meetings.selectors import (
    get_meeting,
    get_quorum,
    get_rule,
    list_actions,
    list_conflicts,
    list_material_gaps,
    list_undecided,
    list_waiting,
    missing_departments,
)
from meetings.services import carry_over, publish_pre_read, void_meetings

MUST_BE_THERE = (Department.SALES, Department.PRODUCTION, Department.SUPPLY)


def register() -> None:
    """Called once at start-up."""
    demand, pre_sop, executive = "demand_review->supply_review", "pre_sop->executive", "executive->approved"
    register_gate(
        demand, "attendance", gettext_lazy("Sales, production and supply chain are present"), check_attendance
    )
    register_gate(pre_sop, "gaps", gettext_lazy("Every large gap has its decision or note"), check_gaps)
    register_gate(
        pre_sop, "conflicts", gettext_lazy("Every conflict is decided, escalated or deferred"), check_conflicts
    )
    register_gate(pre_sop, "agenda", gettext_lazy("The executive meeting has an agenda"), check_agenda)
    register_gate(pre_sop, "pre_read", gettext_lazy("The pre-read is out in time"), check_pre_read_time, waivable=True)
    register_gate(executive, "quorum", gettext_lazy("The executive meeting has its quorum"), check_quorum)
    register_gate(executive, "decisions", gettext_lazy("Every item is decided or deferred"), check_decisions)
    register_gate(executive, "applied", gettext_lazy("The decisions are in the plan"), check_applied)
    register_gate("released->closed", "actions", gettext_lazy("Open actions moved to the next month"), check_carried)
    register_effect(pre_sop, publish_pre_read)
    register_effect("reopened", void_meetings)
    register_effect("rolled", carry_over)
    register_sign_check(check_signer_is_represented)


def check_attendance(cycle: Cycle) -> list[str]:
    """R-052: none of the three may miss; a named delegate counts."""
    missing = missing_departments(get_step(cycle, StepCode.DEMAND_REVIEW), MUST_BE_THERE)
    return [_absent(department) for department in missing]


def check_signer_is_represented(step: Step, department: str, _user: User) -> list[str]:
    """No signature for a department that is not in the meeting."""
    return [_absent(missing) for missing in missing_departments(step, (Department(department),))]


def check_gaps(cycle: Cycle) -> list[str]:
    open_gaps = [gap for gap in list_material_gaps(cycle) if not gap.is_answered]
    if not open_gaps:
        return []
    text = ngettext(
        "%d large gap has neither decision nor note; Pre-S&OP adds it to the decision list.",
        "%d large gaps have neither decision nor note; Pre-S&OP adds them to the decision list.",
        len(open_gaps),
    )
    return [text % len(open_gaps)]


def check_conflicts(cycle: Cycle) -> list[str]:
    """R-008, R-019: an unresolved disagreement rises to the decision layer."""
    return [
        _("The conflict “%s” is open; decide, escalate or defer it.") % conflict.subject
        for conflict in list_conflicts(cycle)
        if conflict.state == ConflictState.OPEN
    ]


def check_agenda(cycle: Cycle) -> list[str]:
    meeting = get_meeting(get_step(cycle, StepCode.EXECUTIVE))
    emptied = meeting is not None and not AgendaItem.objects.filter(meeting=meeting).exists()
    return [_("The executive meeting has no agenda; the coordinator writes it.")] if emptied else []


def check_pre_read_time(cycle: Cycle) -> list[str]:
    """The pre-read goes out with this transition: it must leave its hours before a meeting still to come."""
    step, now = get_step(cycle, StepCode.EXECUTIVE), timezone.now()
    hours = get_rule().pre_read_hours
    if step.meets_at is None or not now < step.meets_at < now + dt.timedelta(hours=hours):
        return []
    return [
        _("The executive meeting begins in less than %d hours; move it, or the coordinator waives the time to read.")
        % hours
    ]


def check_quorum(cycle: Cycle) -> list[str]:
    return get_quorum(cycle).reasons


def check_decisions(cycle: Cycle) -> list[str]:
    """R-102: nothing on the list stays open."""
    numbers = [str(decision.number) for decision in list_undecided(cycle).order_by("number")]
    return [_("Not decided: item %s.") % ", ".join(numbers)] if numbers else []


def check_applied(cycle: Cycle) -> list[str]:
    """What was decided must be in the plan that is approved."""
    waiting = len(list_waiting(cycle))
    if not waiting:
        return []
    text = ngettext(
        "%d decision is not built into the plan yet; the executive applies it.",
        "%d decisions are not built into the plan yet; the executive applies them.",
        waiting,
    )
    return [text % waiting]


def check_carried(cycle: Cycle) -> list[str]:
    unfinished = list_actions(cycle).filter(state__in=[ActionState.OPEN, ActionState.IN_PROGRESS]).count()
    if unfinished and get_next_cycle(cycle) is None:
        text = ngettext(
            "%d action is open; start the next month, which takes it over.",
            "%d actions are open; start the next month, which takes them over.",
            unfinished,
        )
        return [text % unfinished]
    return []


def _absent(department: Department) -> str:
    return _("%s is not present; note an attendee or a named delegate.") % department.label
