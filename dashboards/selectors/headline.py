"""The message of the home page: what closes when, and who is missing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import formats
from cycles.choices import CycleState, StepCode
from cycles.models import Cycle, Step
from cycles.selectors import list_steps
from cycles.transitions import STATE_OF_STEP
from dashboards.selectors.submissions import DepartmentLine


@dataclass(frozen=True)
class Headline:
    """One or two sentences, and the deadline they speak of."""

    text: str
    deadline: dt.datetime | None

    @property
    def is_late(self) -> bool:
        return self.deadline is not None and self.deadline < timezone.now()


def write_headline(cycle: Cycle, lines: list[DepartmentLine]) -> Headline:
    """From the cycle's state; figures only, no wishes."""
    step = next((s for s in list_steps(cycle) if STATE_OF_STEP[s.code] == cycle.state), None)
    month = formats.month_long(cycle.month)
    if cycle.state == CycleState.DRAFT:
        return Headline(_("The %(month)s cycle is prepared and waits for its start.") % {"month": month}, None)
    if cycle.state in {CycleState.CLOSED, CycleState.CANCELLED} or step is None:
        state = cycle.get_state_display()
        return Headline(_("The %(month)s cycle is %(state)s.") % {"month": month, "state": state}, None)
    if step.code == StepCode.DEMAND_REVIEW and (missing := [line for line in lines if not line.is_in]):
        return _inputs_close(step, len(missing), len(lines))
    return _step_meets(step)


def _inputs_close(step: Step, missing: int, total: int) -> Headline:
    deadline = step.cutoff_at or step.due_at
    when = {"day": formats.day_name(deadline), "time": formats.clock(deadline)}
    closes = _("Inputs close %(day)s at %(time)s.") % when
    open_ones = ngettext(
        "%(missing)s of %(total)s departments is not in yet.",
        "%(missing)s of %(total)s departments are not in yet.",
        missing,
    )
    return Headline(formats.sentences(closes, open_ones % {"missing": missing, "total": total}), deadline)


def _step_meets(step: Step) -> Headline:
    deadline = step.meets_at or step.due_at
    values = {"step": step.get_code_display(), "day": formats.day_name(deadline), "time": formats.clock(deadline)}
    pattern = _("%(step)s meets %(day)s at %(time)s.") if step.meets_at else _("%(step)s is due %(day)s at %(time)s.")
    return Headline(pattern % values, deadline)
