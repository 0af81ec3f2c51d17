"""Who has handed in, and how reliably over the last cycles."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from cycles.choices import StepCode, StepState, SubmissionStatus
from cycles.models import Cycle, Step, Submission
from cycles.selectors import list_steps

PAST_CYCLES = 6
_KINDS = {
    SubmissionStatus.MISSING: "bad",
    SubmissionStatus.DRAFT: "warn",
    SubmissionStatus.SUBMITTED: "ok",
    SubmissionStatus.LATE: "warn",
}
_IN = {SubmissionStatus.SUBMITTED, SubmissionStatus.LATE}


@dataclass(frozen=True)
class DepartmentLine:
    """What one department handed in for a step; ``on_time`` of ``due`` past cycles were in time."""

    department: str
    name: str
    kind: str
    status: str
    submitted_at: dt.datetime | None
    is_in: bool
    is_waived: bool
    on_time: int
    due: int

    @property
    def is_unreliable(self) -> bool:
        """Late in more than a third of the cycles."""
        return self.due > 0 and self.on_time * 3 < self.due * 2


def get_collecting_step(cycle: Cycle) -> Step | None:
    """The step the departments hand in for: the one being worked on, else the demand review."""
    asked = set(Submission.objects.filter(step__cycle=cycle).values_list("step_id", flat=True))
    steps = [step for step in list_steps(cycle) if step.pk in asked]
    working = [step for step in steps if step.state not in {StepState.NOT_STARTED, StepState.SIGNED_OFF}]
    demand = [step for step in steps if step.code == StepCode.DEMAND_REVIEW]
    return next(iter([*working, *demand]), None)


def list_department_lines(cycle: Cycle) -> list[DepartmentLine]:
    """Missing first, then drafts, then who is in; empty before the inputs open."""
    step = get_collecting_step(cycle)
    if step is None:
        return []
    records = _past_records(cycle, step.code)
    lines = [_line(row, records.get(row.department, (0, 0))) for row in step.submissions.all()]
    order = ["bad", "warn", "ok"]
    return sorted(lines, key=lambda line: (order.index(line.kind), line.department))


def _line(row: Submission, record: tuple[int, int]) -> DepartmentLine:
    is_waived = row.waived_by_id is not None
    return DepartmentLine(
        department=row.department,
        name=row.get_department_display(),
        kind="ok" if is_waived else _KINDS[SubmissionStatus(row.status)],
        status=row.get_status_display(),
        submitted_at=row.submitted_at,
        is_in=is_waived or row.status in _IN,
        is_waived=is_waived,
        on_time=record[0],
        due=record[1],
    )


def _past_records(cycle: Cycle, step_code: str) -> dict[str, tuple[int, int]]:
    """Department → (in time, asked) over the cycles before this one."""
    months = list(
        Cycle.objects.filter(month__lt=cycle.month, steps__code=step_code)
        .exclude(state="cancelled")
        .order_by("-month")
        .values_list("month", flat=True)[:PAST_CYCLES]
    )
    past = Submission.objects.filter(step__code=step_code, step__cycle__month__in=months)
    records: dict[str, tuple[int, int]] = {}
    for department, status in past.values_list("department", "status"):
        on_time, due = records.get(department, (0, 0))
        records[department] = (on_time + (status == SubmissionStatus.SUBMITTED), due + 1)
    return records
