"""One month of the cycle, played through the services by the people whose turn it is.

``run_cycle`` plays all of it without a browser; the demo company plays its closed months and stops in the middle
of the current one. Nothing here knows a shortcut: every gate, right and signature is asked as on the pages.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from accounts.choices import Department, Role
from accounts.models import User
from core.choices import JobState
from core.errors import AppError
from core.jobs import enqueue_job, run_job_now
from core.models import Job
from core.months import format_month
from cycles import services as cycles
from cycles.choices import CycleState, StepCode
from cycles.models import Cycle, Step
from cycles.selectors import get_step, list_readiness
from cycles.transitions import NEXT
from demand.services import enqueue_forecast
from meetings import services as meetings
from meetings.choices import DecisionState, Presence
from meetings.selectors import list_decisions, list_waiting
from plans.models import Version
from plans.selectors import get_working_version
from supply.selectors.pricing import get_option_pricing
from supply.services.balance import enqueue_balance
from supply.services.pricing import resume_pricing

# Who comes to which meeting.
_CORE_THREE = (Role.SALES, Role.PRODUCTION, Role.PURCHASING)
_TABLES: dict[str, tuple[Role, ...]] = {
    StepCode.DEMAND_REVIEW: (*_CORE_THREE, Role.MARKETING, Role.DEMAND_LEAD, Role.FINANCE, Role.COORDINATOR),
    StepCode.SUPPLY_REVIEW: (Role.SUPPLY_LEAD, Role.PRODUCTION, Role.PURCHASING, Role.DEMAND_LEAD, Role.COORDINATOR),
    StepCode.PRE_SOP: (*_CORE_THREE, Role.SUPPLY_LEAD, Role.DEMAND_LEAD, Role.FINANCE, Role.COORDINATOR),
    StepCode.EXECUTIVE: (*_CORE_THREE, Role.EXECUTIVE, Role.FINANCE, Role.SUPPLY_LEAD, Role.COORDINATOR),
}
# Who signs beside the lead, and for which department.
_COSIGNERS: dict[str, tuple[tuple[Role, Department], ...]] = {
    StepCode.DEMAND_REVIEW: (
        (Role.SALES, Department.SALES),
        (Role.PRODUCTION, Department.PRODUCTION),
        (Role.PURCHASING, Department.SUPPLY),
    ),
    StepCode.PRE_SOP: ((Role.FINANCE, Department.FINANCE),),
}
_MATERIAL = (
    (Role.SALES, Department.SALES),
    (Role.PRODUCTION, Department.PRODUCTION),
    (Role.PURCHASING, Department.SUPPLY),
)


class JobFailed(AppError):
    """A run of the month failed; the message says which and why."""

    status = 500
    code = "job_failed"


@dataclass
class MonthlyRun:
    """The month of one cycle. ``people`` maps role → who plays it; ``announce`` hears each step's name.

    With ``takes_options`` the executive takes the best option of every decision; without, the plan is approved as
    the balance constrained it and the options stay listed.

    ``seconds`` collects what each step took.
    """

    month: int
    people: Mapping[str, User]
    horizon: int = 18
    takes_options: bool = False
    announce: Callable[[str], None] = lambda _text: None
    seconds: dict[str, float] = field(default_factory=dict)
    cycle: Cycle | None = None

    @property
    def version(self) -> Version:
        return get_working_version(self._cycle)

    def start(self) -> Cycle:
        """Start the cycle: its plan gets the newest actuals, orders and budget."""
        with self._timed("start", _("Start")):
            self.cycle = cycles.start_cycle(month=self.month, actor=self._who(Role.COORDINATOR), horizon=self.horizon)
        return self.cycle

    def roll(self, previous: Cycle) -> Cycle:
        """Start the cycle out of the released one before it: open actions, deferred decisions and risks move along."""
        with self._timed("start", _("Start")):
            self.cycle = cycles.roll_cycle(cycle=previous, actor=self._who(Role.COORDINATOR))
        return self.cycle

    def forecast(self) -> None:
        """Run the statistical forecast."""
        with self._timed("forecast", _("Statistical forecast")):
            self._run(enqueue_forecast(cycle=self._cycle, actor=self._who(Role.DEMAND_LEAD)))

    def open_demand_review(self) -> None:
        """Close the month's data and open the inputs; the consensus is proposed by the declared rule."""
        with self._timed("consensus", _("Consensus")):
            self._waive()
            self._advance(CycleState.DEMAND_REVIEW, Role.COORDINATOR)

    def hand_in(self) -> None:
        """Sales, production and supply chain hand in their material."""
        with self._timed("submissions", _("Submissions")):
            step = self._step(StepCode.DEMAND_REVIEW)
            for role, department in _MATERIAL:
                cycles.submit_material(step=step, department=department, content={}, actor=self._who(role))

    def sign_demand(self) -> None:
        """Hold the demand review; the three departments and the demand lead sign. Snapshot D."""
        with self._timed("demand_review", _("Demand review")):
            self._meet(StepCode.DEMAND_REVIEW)
            self._cosign(StepCode.DEMAND_REVIEW)
            self._advance(CycleState.SUPPLY_REVIEW, Role.DEMAND_LEAD)

    def balance(self) -> None:
        """Balance demand against capacity and material; shortages get causes and options."""
        with self._timed("balance", _("Supply balance")):
            self._run(enqueue_balance(version_id=self.version.pk, actor=self._who(Role.SUPPLY_LEAD)))
            self._price_options()

    def sign_supply(self) -> None:
        """Hold the supply review; the supply lead signs. Snapshot S."""
        with self._timed("supply_review", _("Supply review")):
            self._meet(StepCode.SUPPLY_REVIEW)
            self._waive()
            self._advance(CycleState.PRE_SOP, Role.SUPPLY_LEAD)

    def value(self) -> None:
        """Value the plan in money and write the decision list."""
        with self._timed("finance", _("Finance")):
            scope = {"version": self.version.pk}
            self._run(enqueue_job(kind="finance", scope=scope, actor=self._who(Role.COORDINATOR)))
            meetings.build_decision_list(cycle=self._cycle, actor=self._who(Role.SUPPLY_LEAD))

    def sign_pre_sop(self) -> None:
        """Hold the Pre-S&OP; finance and the coordinator sign. Snapshot P."""
        with self._timed("pre_sop", _("Pre-S&OP")):
            self._meet(StepCode.PRE_SOP)
            self._cosign(StepCode.PRE_SOP)
            self._waive()
            self._advance(CycleState.EXECUTIVE, Role.COORDINATOR)

    def decide(self) -> None:
        """The executive meeting begins and takes every decision: its best option, or the gap as it is."""
        with self._timed("executive", _("Executive S&OP")):
            self._meet(StepCode.EXECUTIVE)
            for decision in list_decisions(self._cycle).filter(state=DecisionState.PROPOSED):
                takes = self.takes_options and bool(decision.options)
                option = decision.options[0]["code"] if takes else ""  # the largest gain stands first
                meetings.decide(
                    decision=decision,
                    verdict=DecisionState.APPROVED if option else DecisionState.REJECTED,
                    option=option,
                    note="" if option else _("The gap is accepted for this cycle."),
                    actor=self._who(Role.EXECUTIVE),
                )

    def apply_decisions(self) -> None:
        """Build the chosen options into the plan."""
        with self._timed("decisions", _("Decisions into the plan")):
            if list_waiting(self._cycle):
                scope = {"cycle": self._cycle.pk}
                self._run(enqueue_job(kind="apply_decisions", scope=scope, actor=self._who(Role.EXECUTIVE)))
                self._price_options()

    def approve(self) -> None:
        """The executive approves. Snapshot A."""
        with self._timed("approval", _("Approval")):
            self.cycle = cycles.approve_cycle(cycle=self._cycle, actor=self._who(Role.EXECUTIVE))

    def release(self) -> None:
        """The supply lead hands the plan to execution."""
        with self._timed("release", _("Release")):
            self.cycle = cycles.release_cycle(cycle=self._cycle, actor=self._who(Role.SUPPLY_LEAD))

    def play(self) -> None:
        """The whole month in its order."""
        for act in (
            self.start,
            self.forecast,
            self.open_demand_review,
            self.hand_in,
            self.sign_demand,
            self.balance,
            self.sign_supply,
            self.value,
            self.sign_pre_sop,
            self.decide,
            self.apply_decisions,
            self.approve,
            self.release,
        ):
            act()

    @property
    def _cycle(self) -> Cycle:
        if self.cycle is None:
            raise RuntimeError("the cycle has not started")
        return self.cycle

    def _who(self, role: str) -> User:
        return self.people[role]

    def _step(self, code: str) -> Step:
        return get_step(self._cycle, code)

    def _advance(self, to: str, role: Role) -> None:
        self.cycle = cycles.advance_cycle(cycle=self._cycle, to=to, actor=self._who(role))

    def _meet(self, code: str) -> None:
        step, actor = self._step(code), self._who(Role.COORDINATOR)
        meetings.begin_meeting(step=step, actor=actor)
        for role in _TABLES[code]:
            meetings.record_attendance(step=step, user=self._who(role), presence=Presence.PRESENT, actor=actor)

    def _cosign(self, code: str) -> None:
        for role, department in _COSIGNERS[code]:
            cycles.sign_off(step=self._step(code), department=department, actor=self._who(role))

    def _waive(self) -> None:
        """A month played in one go has no day to read and nobody to price one more option; the trail says so."""
        transition = NEXT[self._cycle.state]
        for gate in list_readiness(self._cycle):
            if gate.is_waivable and not gate.is_met:
                cycles.waive_gate(
                    cycle=self._cycle,
                    transition=transition.name,
                    code=gate.code,
                    reason=_("The month is played in one go."),
                    actor=self._who(Role.COORDINATOR),
                )

    def _price_options(self) -> None:
        """What a large balance leaves for later: there is no later here."""
        pricing = get_option_pricing(self.version.pk)
        if pricing is not None and not pricing.is_over:
            self._run(resume_pricing(version_id=self.version.pk, actor=self._who(Role.SUPPLY_LEAD)))

    def _run(self, job: Job) -> None:
        job = run_job_now(job)
        if job.state != JobState.DONE:
            raise JobFailed(
                _("%(kind)s of %(month)s failed: %(reason)s")
                % {"kind": job.kind, "month": format_month(self.month), "reason": job.error or job.state},
                details={"job": job.pk, "code": job.error_code},
            )
        for follower in Job.objects.filter(pk__in=(job.result or {}).get("then", ())):
            self._run(follower)

    def _timed(self, code: str, title: str) -> _Clock:
        self.announce(title)
        return _Clock(self.seconds, code)


class _Clock:
    """Adds the wall time of a ``with`` block to ``seconds[code]``."""

    def __init__(self, seconds: dict[str, float], code: str) -> None:
        self.seconds, self.code = seconds, code

    def __enter__(self) -> None:
        self.began = time.perf_counter()

    def __exit__(self, *_error: object) -> None:
        self.seconds[self.code] = round(self.seconds.get(self.code, 0.0) + time.perf_counter() - self.began, 3)
