"""The gates this room itself answers for."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.choices import Department
from cycles.choices import CycleState, StepCode, SubmissionStatus
from cycles.gates import register_gate
from cycles.models import Cycle, Step
from cycles.template import TEMPLATE_OF, TEMPLATES
from cycles.transitions import TRANSITIONS


def register_rules() -> None:
    """Called once at start-up."""
    register_gate(
        "draft->collecting", "template", gettext_lazy("Every step has an owner and its lists"), check_template
    )
    for transition in TRANSITIONS:
        if transition.opens and transition.closes:
            check = _check_next_step(transition.opens)
            register_gate(transition.name, "next_step", gettext_lazy("The next step can be opened"), check)
    register_gate(
        "demand_review->supply_review",
        "submissions",
        gettext_lazy("Sales, production and supply chain handed in their material"),
        check_submissions,
    )
    for template in TEMPLATES:
        if template.cosigners:
            transition = next(t for t in TRANSITIONS if t.closes == template.code)
            check = _check_cosigned(template.code)
            register_gate(transition.name, "cosigned", gettext_lazy("The departments signed"), check)
    register_gate(
        "executive->approved",
        "submitted",
        gettext_lazy("Somebody submitted the plan for approval"),
        check_submitted_for_approval,
    )


def check_template(cycle: Cycle) -> list[str]:
    """R-006 for all steps, before the cycle starts."""
    return [reason for step in cycle.steps.all() for reason in missing_of(step)]


def missing_of(step: Step) -> list[str]:
    """What the step lacks to be opened: owner, purpose, inputs, outputs (R-006)."""
    title = step.get_code_display()
    reasons = []
    if step.owner_id is None:
        reasons.append(_("“%s” has no owner; the coordinator names one.") % title)
    if not step.inputs:
        reasons.append(_("“%s” has an empty list of inputs; the coordinator fills it.") % title)
    if not step.outputs:
        reasons.append(_("“%s” has an empty list of outputs; the coordinator fills it.") % title)
    if not step.purpose:
        reasons.append(_("“%s” has no purpose; the coordinator writes it.") % title)
    return reasons


def _check_next_step(code: StepCode) -> Callable[[Cycle], list[str]]:
    def check(cycle: Cycle) -> list[str]:
        return missing_of(cycle.steps.get(code=code))

    return check


def check_submissions(cycle: Cycle) -> list[str]:
    """R-063: each required department handed in on time, or the coordinator waived it."""
    step = cycle.steps.get(code=StepCode.DEMAND_REVIEW)
    found = {submission.department: submission for submission in step.submissions.all()}
    reasons = []
    for department in TEMPLATE_OF[StepCode.DEMAND_REVIEW].required:
        submission = found.get(department)
        if submission and (submission.status == SubmissionStatus.SUBMITTED or submission.waived_by_id):
            continue
        if submission and submission.status == SubmissionStatus.LATE:
            text = _("%s handed in after the cut-off; the coordinator waives it or it goes to the next cycle.")
        else:
            text = _("%s has not handed in its material.")
        reasons.append(text % Department(department).label)
    return reasons


def _check_cosigned(code: StepCode) -> Callable[[Cycle], list[str]]:
    def check(cycle: Cycle) -> list[str]:
        step = cycle.steps.get(code=code)
        signed = set(step.signoffs.filter(invalid_at=None, lead=False).values_list("department", flat=True))
        missing = [d for d in TEMPLATE_OF[code].cosigners if d not in signed]
        return [_("%s has not signed.") % Department(department).label for department in missing]

    return check


def check_submitted_for_approval(cycle: Cycle) -> list[str]:
    """Four eyes need a first pair."""
    if cycle.submitted_for_approval_by_id is None and cycle.state == CycleState.EXECUTIVE:
        return [_("Nobody submitted the plan for approval; the coordinator sends it from Pre-S&OP.")]
    return []
