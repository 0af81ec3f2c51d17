"""What one person has to do now: commands of the cycle, promised actions, own decisions, gaps in the plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.policies import can
from core import formats
from core.errors import Missing
from cycles.choices import StepCode, SubmissionStatus
from cycles.models import Cycle, Step
from cycles.selectors import Command, available_actions, list_steps
from demand.selectors.overrides import count_overrides_without_reason
from meetings.choices import ActionState
from meetings.selectors import list_actions, list_undecided, question_of
from plans.selectors import get_working_version

# Commands that are rights rather than duties: they stay in their own menus.
_NOT_DUTIES = {"reopen", "waive", "edit", "cancel"}
_PAGES = {
    StepCode.BUSINESS_REVIEW: "/import/",
    StepCode.DEMAND_REVIEW: "/demand/",
    StepCode.SUPPLY_REVIEW: "/supply/",
    StepCode.PRE_SOP: "/presop/",
    StepCode.EXECUTIVE: "/executive/",
    StepCode.RELEASE: "/orders/",
}


@dataclass(frozen=True)
class Duty:
    """One task. ``due`` is a date or a moment; a done task stays in the list of the day."""

    title: str
    detail: str
    path: str
    due: dt.datetime | None = None
    is_done: bool = False

    @property
    def tone(self) -> str:
        """Chip: red when today or late, ochre within three days, else grey."""
        if self.due is None:
            return ""
        days = (timezone.localtime(self.due).date() - timezone.localdate()).days
        return "r" if days <= 0 else "w" if days <= 3 else ""


def list_duties(cycle: Cycle, user: User) -> list[Duty]:
    """Open tasks by due time, then what is done."""
    steps = {step.code: step for step in list_steps(cycle)}
    found = [
        *_from_commands(cycle, user, steps),
        *_from_plan(cycle, user, steps),
        *_from_decisions(cycle, user),
        *_from_actions(cycle, user),
    ]
    far = timezone.now() + dt.timedelta(days=3650)
    return sorted(found, key=lambda duty: (duty.is_done, duty.due or far))


def _from_commands(cycle: Cycle, user: User, steps: dict[str, Step]) -> Iterator[Duty]:
    for command in available_actions(cycle, user):
        if command.command in _NOT_DUTIES:
            continue
        step = steps.get(command.step or "")
        yield _of_command(command, step, user)


def _of_command(command: Command, step: Step | None, user: User) -> Duty:
    path = _PAGES.get(StepCode(step.code), "/") if step else "/"
    detail = "" if command.enabled else (command.reasons[0] if command.reasons else "")
    if len(command.reasons) > 1:
        more = ngettext("And %(n)s more.", "And %(n)s more.", len(command.reasons) - 1)
        detail = formats.sentences(detail, more % {"n": len(command.reasons) - 1})
    due = step.due_at if step else None
    if command.command == "submit" and step is not None:
        due = step.cutoff_at or step.due_at
        row = step.submissions.filter(department=user.department).first()
        if row is not None and row.status in {SubmissionStatus.SUBMITTED, SubmissionStatus.LATE}:
            done = _("handed in %(when)s") % {"when": formats.moment(row.submitted_at)}
            return Duty(command.label, done, path, None, True)
        if row is not None and row.status == SubmissionStatus.DRAFT:
            detail = _("a draft is kept")
    return Duty(command.label, detail, path, due)


def _from_plan(cycle: Cycle, user: User, steps: dict[str, Step]) -> Iterator[Duty]:
    if not can(user, "consensus.override"):
        return
    try:
        version = get_working_version(cycle)
    except Missing:
        return
    if without := count_overrides_without_reason(version_id=version.pk):
        step = steps.get(StepCode.DEMAND_REVIEW)
        title = ngettext("%(n)s override has no reason", "%(n)s overrides have no reason", without)
        due = step.due_at if step else None
        yield Duty(title % {"n": formats.number(without)}, _("Signing demand waits for it"), "/demand/", due)


def _from_decisions(cycle: Cycle, user: User) -> Iterator[Duty]:
    for decision in list_undecided(cycle):
        if decision.owner_id == user.pk:
            yield Duty(question_of(decision), _("your decision item"), "/presop/", _end_of(decision.decide_by))


def _from_actions(cycle: Cycle, user: User) -> Iterator[Duty]:
    for action in list_actions(cycle).filter(owner=user):
        if action.state in {ActionState.OPEN, ActionState.IN_PROGRESS}:
            detail = _("promised to %(name)s") % {"name": action.initiator}
            yield Duty(action.title, detail, "/executive/?p=3", _end_of(action.due))


def _end_of(day: dt.date | None) -> dt.datetime | None:
    if day is None:
        return None
    return timezone.make_aware(dt.datetime.combine(day, dt.time(18)), timezone.get_default_timezone())
