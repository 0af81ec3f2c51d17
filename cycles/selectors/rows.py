"""Cycles and their parts, one query each."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from core.errors import Missing
from core.months import format_month, parse_month
from cycles.choices import CycleState, StepCode
from cycles.models import Cycle, SignOff, Step, Submission


def list_cycles() -> QuerySet[Cycle]:
    """All cycles, newest first."""
    return Cycle.objects.select_related("approved_by").order_by("-month")


def get_current_cycle() -> Cycle | None:
    """The newest cycle that was not cancelled; ``None`` in an empty database."""
    return list_cycles().exclude(state=CycleState.CANCELLED).first()


def get_cycle(month: int | str) -> Cycle:
    """The cycle of an absolute month or ``"YYYY-MM"``. Raises ``Missing``."""
    try:
        number = parse_month(month) if isinstance(month, str) else month
    except ValueError:
        number = -1
    cycle = list_cycles().filter(month=number).first()
    if cycle is None:
        raise Missing(_("There is no cycle for %s.") % month)
    return cycle


def get_previous_cycle(cycle: Cycle) -> Cycle | None:
    """The newest earlier cycle that was not cancelled."""
    return list_cycles().filter(month__lt=cycle.month).exclude(state=CycleState.CANCELLED).first()


def get_next_cycle(cycle: Cycle) -> Cycle | None:
    """The cycle of the following month."""
    return list_cycles().filter(month=cycle.month + 1).first()


def list_steps(cycle: Cycle) -> list[Step]:
    """The six steps in order, with their owners."""
    return list(cycle.steps.select_related("owner").order_by("position"))


def get_step(cycle: Cycle, code: str) -> Step:
    """One step with its cycle and owner. Raises ``Missing``."""
    step = Step.objects.select_related("cycle", "owner").filter(cycle=cycle, code=code).first()
    if step is None:
        raise Missing(
            _("The cycle %(month)s has no step “%(code)s”. Steps: %(steps)s.")
            % {"month": format_month(cycle.month), "code": code, "steps": ", ".join(StepCode.values)}
        )
    return step


def list_submissions(cycle: Cycle) -> list[Submission]:
    """What the departments handed in for all steps, in order of step and department."""
    return list(
        Submission.objects.select_related("step", "submitted_by", "waived_by")
        .filter(step__cycle=cycle)
        .order_by("step__position", "department")
    )


def get_submission(step: Step, department: str) -> Submission:
    """A department's material for a step. Raises ``Missing``."""
    submission = Submission.objects.filter(step=step, department=department).first()
    if submission is None:
        raise Missing(_("There is no material of “%s” for this step.") % department)
    return submission


def list_signoffs(step: Step) -> list[SignOff]:
    """The signatures under a step that hold, in order of signing."""
    return list(step.signoffs.select_related("user").filter(invalid_at=None).order_by("at", "pk"))
