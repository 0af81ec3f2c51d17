"""Random people pressing random buttons: the cycle moves only by its rules (process invariant 7)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.choices import Department, Role
from core import audit
from core.errors import AppError
from core.models import AuditEntry
from cycles import gates
from cycles import services as cycles
from cycles.choices import CycleState, StepCode, StepState
from cycles.models import Cycle, GateWaiver, SignOff, Submission
from cycles.rules import register_rules
from cycles.selectors import get_step
from cycles.transitions import NEXT, STATE_OF_STEP, is_before
from meetings import gates as meeting_gates
from meetings import services as meetings
from meetings.models import Attendance, Decision
from tests.factories import make_cycle, make_user
from tests.meetings.sitting import sit

ROLES = st.sampled_from(Role.values)
STEPS = st.sampled_from(StepCode.values)
DEPARTMENTS = st.sampled_from(["sales", "production", "supply", "finance", "marketing"])
REASONS = st.sampled_from(["", " ", "Because of the fair."])
PRESS = st.one_of(
    st.tuples(st.just("prepare")),
    st.tuples(st.just("proceed")),
    st.tuples(st.just("proceed")),
    st.tuples(st.just("advance"), ROLES, st.sampled_from(CycleState.values)),
    st.tuples(st.just("sign"), ROLES, STEPS, DEPARTMENTS, st.booleans()),
    st.tuples(st.just("open"), ROLES, STEPS),
    st.tuples(st.just("begin"), ROLES, STEPS),
    st.tuples(st.just("submit"), ROLES, STEPS, DEPARTMENTS),
    st.tuples(st.just("waive"), ROLES, STEPS, DEPARTMENTS, REASONS),
    st.tuples(st.just("absent"), ROLES, STEPS, ROLES),
    st.tuples(st.just("reopen"), ROLES, STEPS, REASONS),
    st.tuples(st.just("propose"), ROLES),
    st.tuples(st.just("decide"), ROLES, st.sampled_from(["approved", "rejected", "deferred"]), REASONS),
    st.tuples(st.just("cancel"), st.sampled_from(["sales", "executive"]), REASONS),
)


class World:
    """The cycle, its people, and what a press of each button means."""

    def __init__(self) -> None:
        self.users = {role: make_user(role) for role in Role.values}
        self.cycle = make_cycle("2026-11")

    def press(self, name: str, *words: Any) -> None:
        getattr(self, f"_{name}")(*words)

    def step(self, code: str):
        return get_step(self.cycle, code)

    def _prepare(self) -> None:
        if self.cycle.state in NEXT:
            sit(self.cycle, self.users)

    def _proceed(self) -> None:
        self._prepare()
        for decision in Decision.objects.filter(state__in=["proposed", "escalated"]):
            if decision.proposed_by.role != Role.EXECUTIVE and self.cycle.state == CycleState.EXECUTIVE:
                meetings.decide(decision=decision, verdict="approved", actor=self.users["executive"])
        if transition := NEXT.get(self.cycle.state):
            cycles.advance_cycle(cycle=self.cycle, to=transition.target, actor=self.users[transition.lead])

    def _advance(self, role: str, to: str) -> None:
        cycles.advance_cycle(cycle=self.cycle, to=to, actor=self.users[role])

    def _sign(self, role: str, step: str, department: str, lead: bool) -> None:
        cycles.sign_off(step=self.step(step), department=department, actor=self.users[role], lead=lead)

    def _open(self, role: str, step: str) -> None:
        cycles.open_step(step=self.step(step), actor=self.users[role])

    def _begin(self, role: str, step: str) -> None:
        meetings.begin_meeting(step=self.step(step), actor=self.users[role])

    def _submit(self, role: str, step: str, department: str) -> None:
        cycles.submit_material(step=self.step(step), department=department, content={"n": 1}, actor=self.users[role])

    def _waive(self, role: str, step: str, department: str, reason: str) -> None:
        cycles.waive_submission(step=self.step(step), department=department, reason=reason, actor=self.users[role])

    def _absent(self, role: str, step: str, who: str) -> None:
        meetings.record_attendance(
            step=self.step(step), user=self.users[who], presence="absent", actor=self.users[role]
        )

    def _reopen(self, role: str, step: str, reason: str) -> None:
        cycles.reopen_step(step=self.step(step), reason=reason, actor=self.users[role])

    def _propose(self, role: str) -> None:
        meetings.propose_decision(cycle=self.cycle, question="What now?", actor=self.users[role])

    def _decide(self, role: str, verdict: str, note: str) -> None:
        if decision := Decision.objects.last():
            meetings.decide(
                decision=decision,
                verdict=verdict,
                note=note,
                deferred_to=dt.date(2026, 12, 24),
                actor=self.users[role],
            )

    def _cancel(self, role: str, reason: str) -> None:
        cycles.cancel_cycle(cycle=self.cycle, reason=reason, actor=self.users[role])


class CycleProperty(TestCase):
    """Each example runs in its own transaction."""

    @pytest.fixture(autouse=True)
    def _surroundings(self, monkeypatch, first_of_november):
        for registry in ("_gates", "_effects", "_sign_checks"):
            monkeypatch.setattr(gates, registry, {})
        register_rules()
        meeting_gates.register()

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(presses=st.lists(PRESS, min_size=3, max_size=25))
    def test_no_press_breaks_a_rule(self, presses):
        world = World()
        for press in presses:
            before, entries = world.cycle.state, AuditEntry.objects.count()
            rows = _rows()
            try:
                world.press(*press)
            except AppError:
                world.cycle.refresh_from_db()
                if press[0] not in {"proceed", "prepare"}:  # these are several presses
                    assert (world.cycle.state, AuditEntry.objects.count(), _rows()) == (before, entries, rows)
            world.cycle.refresh_from_db()
            if world.cycle.state != before:
                self._check_move(world, before, AuditEntry.objects.order_by("-pk").first())
            self._check_standing(world)
        assert audit.verify_chain(f"cycle:{world.cycle.pk}") is None

    def _check_move(self, world: World, before: str, entry: AuditEntry) -> None:
        after = world.cycle.state
        if entry.verb == "cycles.step.reopened":
            allowed = Role.EXECUTIVE if before in {"approved", "released"} else Role.COORDINATOR
            assert entry.actor.role == allowed
            assert is_before(after, before)
            return
        transition = NEXT[before]
        assert (entry.verb, after) == (f"cycles.cycle.{after}", transition.target)
        assert entry.actor.role == transition.lead
        if after == CycleState.SUPPLY_REVIEW:
            self._check_demand_signed(world)
        if after == CycleState.APPROVED:
            there = _there(world, "executive")
            assert "management" in there
            assert len(there & {"sales", "production", "supply", "finance"}) >= 3
            undecided = Decision.objects.filter(must_decide=True, state__in=["draft", "proposed", "escalated"])
            assert not undecided.exists()

    def _check_demand_signed(self, world: World) -> None:
        three = {Department.SALES, Department.PRODUCTION, Department.SUPPLY}
        signed = SignOff.objects.filter(step__code="demand_review", lead=False, invalid_at=None)
        assert three <= set(signed.values_list("department", flat=True))
        assert three <= _there(world, "demand_review")
        for row in Submission.objects.filter(step__code="demand_review", department__in=three):
            assert row.status == "submitted" or row.waived_by_id

    def _check_standing(self, world: World) -> None:
        cycle = Cycle.objects.get()
        approved = not is_before(cycle.state, CycleState.APPROVED) if cycle.state != CycleState.CANCELLED else False
        assert approved == (cycle.approved_by_id is not None)
        if approved:
            assert cycle.approved_by.role == Role.EXECUTIVE
            assert cycle.approved_by_id != cycle.submitted_for_approval_by_id
            assert cycle.approved_at is not None
        for step in cycle.steps.all():
            leads = SignOff.objects.filter(step=step, lead=True, invalid_at=None).count()
            assert leads == int(step.state == StepState.SIGNED_OFF), step.code
            if cycle.state != CycleState.CANCELLED:
                assert (step.state == StepState.SIGNED_OFF) == is_before(STATE_OF_STEP[step.code], cycle.state)
        for waiver in [*Submission.objects.exclude(waived_by=None), *GateWaiver.objects.all()]:
            reason = waiver.waive_reason if isinstance(waiver, Submission) else waiver.reason
            assert reason.strip()
        assert not SignOff.objects.filter(user__role__in=["admin", "api_client", "supplier", "quality"]).exists()


def _rows() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (SignOff, Submission, GateWaiver, Attendance, Decision))


def _there(world: World, step: str) -> set[str]:
    rows = Attendance.objects.filter(meeting__step__code=step, meeting__cycle=world.cycle, meeting__voided_at=None)
    return set(rows.exclude(presence="absent").values_list("department", flat=True))
