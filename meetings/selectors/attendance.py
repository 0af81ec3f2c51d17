"""Who sits in a meeting, and whether that is enough."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.choices import AttendeeLevel, Department, Role
from cycles.choices import StepCode
from cycles.models import Cycle, Step
from meetings.choices import Presence
from meetings.models import Attendance, Meeting, MeetingRule

QUORUM_DEPARTMENTS = (Department.SALES, Department.PRODUCTION, Department.SUPPLY, Department.FINANCE)


def get_rule() -> MeetingRule:
    """The company's thresholds, or the defaults (not stored)."""
    return MeetingRule.objects.first() or MeetingRule()


def get_meeting(step: Step) -> Meeting | None:
    """The meeting of a step that counts; ``None`` when none was planned yet."""
    return Meeting.objects.select_related("step", "cycle", "chair").filter(step=step, voided_at=None).first()


def list_attendance(step: Step) -> list[Attendance]:
    """The invited people of the step's meeting with their presence."""
    rows = Attendance.objects.select_related("user").filter(meeting__step=step, meeting__voided_at=None)
    return list(rows.order_by("department", "user__display_name", "pk"))


def represented_departments(step: Step) -> set[str]:
    """Departments with somebody there or a named delegate."""
    there = Attendance.objects.filter(meeting__step=step, meeting__voided_at=None).exclude(presence=Presence.ABSENT)
    return set(there.values_list("department", flat=True))


def missing_departments(step: Step, departments: tuple[Department, ...]) -> list[Department]:
    """Those of ``departments`` that are not represented."""
    there = represented_departments(step)
    return [department for department in departments if department not in there]


@dataclass(frozen=True)
class Quorum:
    """Whether the executive meeting may decide. Counts the executive and the four departments."""

    present: int
    of: int
    needed: int
    has_executive: bool
    missing: list[str]  # departments not represented by a manager or above

    @property
    def is_met(self) -> bool:
        return self.has_executive and self.present >= self.needed

    @property
    def reasons(self) -> list[str]:
        reasons = []
        if not self.has_executive:
            reasons.append(_("The executive is not present in person."))
        if self.present < self.needed:
            reasons.append(
                _("Quorum %(present)d of %(of)d, %(needed)d needed; missing: %(missing)s.")
                % {"present": self.present, "of": self.of, "needed": self.needed, "missing": ", ".join(self.missing)}
            )
        return reasons


def get_quorum(cycle: Cycle) -> Quorum:
    """The executive in person, and enough departments by a manager or above."""
    rows = Attendance.objects.select_related("user").filter(
        meeting__cycle=cycle, meeting__step__code=StepCode.EXECUTIVE, meeting__voided_at=None
    )
    there = [row for row in rows if row.presence != Presence.ABSENT]
    executive = any(row.user.role == Role.EXECUTIVE and row.presence == Presence.PRESENT for row in there)
    heard = {row.department for row in there if row.level != AttendeeLevel.CLERK}
    missing = [str(department.label) for department in QUORUM_DEPARTMENTS if department not in heard]
    present = len(QUORUM_DEPARTMENTS) - len(missing) + executive
    return Quorum(
        present=present,
        of=len(QUORUM_DEPARTMENTS) + 1,
        needed=get_rule().quorum_minimum + 1,
        has_executive=executive,
        missing=missing,
    )
