"""A step as its meeting sees it: who sits there, what was handed in, what is missing, what one may do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from accounts.choices import Department, Role
from accounts.models import User
from accounts.policies import can
from cycles.choices import StepState, SubmissionStatus
from cycles.models import Cycle, Step
from cycles.selectors import available_actions, get_step, list_readiness, list_signoffs
from cycles.selectors.standing import Command, Readiness
from cycles.template import TEMPLATE_OF, translate_texts
from cycles.transitions import STATE_OF_STEP
from meetings.capacity_form import CAPACITY, say_capacity
from meetings.choices import Presence
from meetings.demand_form import DEMAND, WISHES, say_demand, say_streams, say_wishes
from meetings.material import TYPED, say_rows
from meetings.models import AgendaItem, Attendance, Meeting
from meetings.selectors import get_meeting, list_attendance, missing_departments

_LOOK = {
    SubmissionStatus.MISSING: "bad",
    SubmissionStatus.DRAFT: "warn",
    SubmissionStatus.SUBMITTED: "ok",
    SubmissionStatus.LATE: "late",
}
_PRIMARY = ("sign", "approve", "release", "close", "co_sign")


@dataclass(frozen=True)
class SubmissionLine:
    """What one department owes the step."""

    department: str
    label: str
    status: str
    status_label: str
    look: str
    by: str
    content: dict[str, str]
    written: dict[str, Any]  # the same as it is kept
    is_draft: bool
    is_own: bool
    is_waived: bool


@dataclass(frozen=True)
class MeetingTable:
    """Everything about the meeting of a step for one reader."""

    cycle: Cycle
    step: Step
    meeting: Meeting | None
    is_current: bool
    purpose: str
    inputs: list[str]
    outputs: list[str]
    agenda: list[AgendaItem]
    attendance: list[Attendance]
    submissions: list[SubmissionLine]
    signatures: list[str]
    readiness: list[Readiness]
    commands: list[Command] = field(default_factory=list)
    may_record: bool = False
    others: list[User] = field(default_factory=list)  # not invited, may still come
    missing: list[str] = field(default_factory=list)  # departments the meeting waits for

    @property
    def is_meeting(self) -> bool:
        return self.step.state == StepState.IN_MEETING

    @property
    def primary(self) -> Command | None:
        """The one command the sign bar offers as its button."""
        return next((c for code in _PRIMARY for c in self.commands if c.command == code), None)

    @property
    def may_begin(self) -> bool:
        return any(command.command == "begin_meeting" for command in self.commands)

    @property
    def present(self) -> list[Attendance]:
        return [row for row in self.attendance if row.presence != Presence.ABSENT]

    @property
    def own_submission(self) -> SubmissionLine | None:
        return next((line for line in self.submissions if line.is_own), None)


def load_meeting_table(cycle: Cycle, code: str, user: User) -> MeetingTable:
    """The meeting table of a step for a reader."""
    step = get_step(cycle, code)
    meeting = get_meeting(step)
    is_current = STATE_OF_STEP[step.code] == cycle.state
    wanted = {step.code, None}
    commands = [c for c in available_actions(cycle, user) if is_current and c.step in wanted]
    may_record = can(user, "meeting.record") and step.state == StepState.IN_MEETING
    attendance = list(list_attendance(step)) if meeting else []
    return MeetingTable(
        cycle=cycle,
        step=step,
        meeting=meeting,
        is_current=is_current,
        purpose=translate_texts([step.purpose])[0] if step.purpose else "",
        inputs=translate_texts(step.inputs),
        outputs=translate_texts(step.outputs),
        agenda=list(meeting.agenda.all()) if meeting else [],
        attendance=attendance,
        submissions=_submissions(step, user),
        signatures=[
            f"{Department(sign.department).label} · {sign.user}" for sign in list_signoffs(step) if not sign.invalid_at
        ],
        readiness=list_readiness(cycle) if is_current else [],
        commands=commands,
        may_record=may_record,
        others=_others(attendance) if may_record else [],
        missing=_missing(step) if step.state == StepState.IN_MEETING else [],
    )


def _missing(step: Step) -> list[str]:
    return [str(department.label) for department in missing_departments(step, TEMPLATE_OF[step.code].required)]


def _others(attendance: list[Attendance]) -> list[User]:
    people = User.objects.filter(is_active=True, is_service=False).exclude(role__in=[Role.SUPPLIER, Role.ADMIN])
    return list(people.exclude(pk__in=[row.user_id for row in attendance]).order_by("department", "pk"))


def _submissions(step: Step, user: User) -> list[SubmissionLine]:
    rows = {row.department: row for row in step.submissions.select_related("submitted_by")}
    required = [department.value for department in TEMPLATE_OF[step.code].required]
    lines = []
    for department in dict.fromkeys([*required, *rows]):
        row = rows.get(department)
        status = SubmissionStatus(row.status) if row else SubmissionStatus.MISSING
        lines.append(
            SubmissionLine(
                department=department,
                label=str(Department(department).label),
                status=status,
                status_label=str(status.label),
                look=_LOOK[status],
                by=str(row.submitted_by) if row and row.submitted_by else "",
                content=_in_words(row.content) if row else {},
                written=row.content if row else {},
                is_draft=status == SubmissionStatus.DRAFT,
                is_own=department == user.department and can(user, "submission.submit", department=department),
                is_waived=bool(row and row.waived_by_id),
            )
        )
    return lines


def _in_words(content: dict[str, Any]) -> dict[str, str]:
    """Handed-in material as text; typed rows become sentences."""
    sayers: dict[str, Callable[[Any], str]] = {
        TYPED: lambda typed: say_streams(typed) if isinstance(typed, dict) else say_rows(typed),
        CAPACITY: say_capacity,
        DEMAND: say_demand,
        WISHES: say_wishes,
    }
    return {key: sayers[key](text) if key in sayers else str(text) for key, text in content.items()}
