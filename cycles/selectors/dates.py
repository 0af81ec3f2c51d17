"""The calendar of a cycle, from the stored holidays and template."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from cycles.calendar import DEFAULT_RULES, Rule, WorkingDays, milestone_dates
from cycles.choices import DayKind, Milestone, StepCode
from cycles.models import CalendarRule, Cycle, SpecialDay, Submission
from cycles.transitions import WORKING
from masterdata.models import CalendarMonth


def load_working_days() -> WorkingDays:
    """The company's holidays and exchanged working days."""
    days: dict[str, set[dt.date]] = {DayKind.HOLIDAY: set(), DayKind.WORKDAY: set()}
    for day, kind in SpecialDay.objects.values_list("day", "kind"):
        days[kind].add(day)
    return WorkingDays(holidays=frozenset(days[DayKind.HOLIDAY]), workdays=frozenset(days[DayKind.WORKDAY]))


def load_rules() -> tuple[Rule, ...]:
    """The edited calendar template, or the default."""
    rows = CalendarRule.objects.order_by("position")
    edited = tuple(
        Rule(
            Milestone(row.milestone),
            row.at,
            day=row.day,
            after=Milestone(row.after) if row.after else None,
            offset=row.offset_working_days,
        )
        for row in rows
    )
    return edited or DEFAULT_RULES


def plan_dates(month: int) -> Mapping[Milestone, dt.datetime]:
    """When each milestone of an absolute month's cycle is, in the company's time zone."""
    start = CalendarMonth.objects.filter(month=month).values_list("start", flat=True).first()
    zone = timezone.get_default_timezone()
    moments = milestone_dates(month, rules=load_rules(), working_days=load_working_days(), start=start)
    return {milestone: timezone.make_aware(moment, zone) for milestone, moment in moments.items()}


@dataclass(frozen=True)
class InputWindow:
    """Whether a department may enter figures now, and if not, why."""

    is_open: bool
    reason: str
    closes_at: dt.datetime | None


def get_input_window(cycle: Cycle, department: str, *, now: dt.datetime | None = None) -> InputWindow:
    """Whether ``department`` may enter demand figures into ``cycle`` at ``now``.

    Open from the step's opening to its cut-off; a waiver for the department or a reopened step lifts the cut-off.
    """
    now = now or timezone.now()
    step = cycle.steps.filter(code=StepCode.DEMAND_REVIEW).first()
    if step is None or step.state not in WORKING:
        signed = step is not None and step.signed_at is not None
        reason = _("Demand is signed.") if signed else _("Inputs open when the baseline is ready.")
        return InputWindow(False, reason, None)
    if step.cutoff_at is None or now <= step.cutoff_at:
        return InputWindow(True, "", step.cutoff_at)
    waived = Submission.objects.filter(step=step, department=department, waived_by__isnull=False).exists()
    if waived:
        return InputWindow(True, "", None)
    reason = _("The cut-off has passed: this goes to the next cycle unless the coordinator waives it.")
    return InputWindow(False, reason, step.cutoff_at)
