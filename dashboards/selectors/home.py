"""Everything the home page shows of one cycle, for one person."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import User
from accounts.policies import can
from core.errors import Missing
from cycles.models import Cycle
from cycles.selectors import get_previous_cycle
from dashboards.selectors.changes import ChangeList, load_changes
from dashboards.selectors.currency import RunStanding, list_run_standings
from dashboards.selectors.duties import Duty, list_duties
from dashboards.selectors.exceptions import ExceptionList, load_exceptions
from dashboards.selectors.headline import Headline, write_headline
from dashboards.selectors.submissions import DepartmentLine, list_department_lines
from meetings.choices import ActionState
from meetings.models import ActionItem
from meetings.selectors import is_overdue, list_actions
from plans.models import Version
from plans.selectors import get_last_approved, get_working_version

ACTIONS_SHOWN = 4
_DONE = {ActionState.DONE, ActionState.VERIFIED}


@dataclass(frozen=True)
class PromiseLine:
    """An action of an earlier cycle that is still open."""

    action: ActionItem
    is_overdue: bool


@dataclass(frozen=True)
class Promises:
    """Actions followed in this cycle: how many closed, how many in time, the open ones by due date."""

    total: int
    closed: int
    in_time: int
    open_lines: list[PromiseLine]


@dataclass(frozen=True)
class Home:
    """The page's figures. ``may_balance``: whether the person can start a balance here."""

    cycle: Cycle
    headline: Headline
    runs: list[RunStanding]
    exceptions: ExceptionList
    changes: ChangeList
    promises: Promises
    duties: list[Duty]
    departments: list[DepartmentLine]
    working: Version | None
    approved: Version | None
    may_balance: bool

    @property
    def last_month(self) -> int:
        return self.cycle.month + self.cycle.horizon - 1

    @property
    def departments_in(self) -> int:
        return sum(line.is_in for line in self.departments)

    @property
    def open_duties(self) -> int:
        return sum(not duty.is_done for duty in self.duties)

    @property
    def first_duty(self) -> Duty | None:
        return next((duty for duty in self.duties if not duty.is_done), None)


def load_home(cycle: Cycle, user: User) -> Home:
    """One read of everything; about forty queries, none of them over plan cells."""
    departments = list_department_lines(cycle)
    return Home(
        cycle=cycle,
        headline=write_headline(cycle, departments),
        runs=list_run_standings(cycle),
        exceptions=load_exceptions(cycle, user),
        changes=load_changes(cycle),
        promises=_load_promises(cycle),
        duties=list_duties(cycle, user),
        departments=departments,
        working=_find_working(cycle),
        approved=get_last_approved(before_month=cycle.month),
        may_balance=can(user, "balance.run"),
    )


def _find_working(cycle: Cycle) -> Version | None:
    try:
        return get_working_version(cycle)
    except Missing:
        return None


def _load_promises(cycle: Cycle) -> Promises:
    earlier = get_previous_cycle(cycle)
    actions = list(list_actions(cycle).exclude(cycle=cycle)) if earlier else []
    closed = [action for action in actions if action.state in _DONE]
    in_time = [a for a in closed if a.done_at is not None and a.done_at.date() <= a.due]
    waiting = [a for a in actions if a.state in {ActionState.OPEN, ActionState.IN_PROGRESS}]
    lines = [PromiseLine(action, is_overdue(action)) for action in waiting[:ACTIONS_SHOWN]]
    return Promises(len(actions), len(closed), len(in_time), lines)
