"""Attendance, quorum, agenda, minutes and the three bad habits (R-014, R-018, R-052)."""

import datetime as dt

import pytest
import time_machine
from django.utils import translation

from accounts.choices import Department
from core.errors import Conflict, Denied, Frozen, GuardFailed, InvalidInput
from core.models import AuditEntry
from cycles.choices import CycleState, StepState
from cycles.models import Cycle, SignOff
from cycles.selectors import get_step, list_readiness
from cycles.services import advance_cycle, reopen_step, sign_off, submit_material
from meetings.models import Meeting
from meetings.selectors import get_meeting, get_quorum, list_attendance, list_flags, render_minutes
from meetings.services import (
    add_action,
    begin_meeting,
    decide,
    end_meeting,
    propose_decision,
    raise_conflict,
    record_attendance,
    save_agenda,
    save_group,
)
from tests.cycles.walking import CORE
from tests.factories import make_cycle, make_user
from tests.meetings.sitting import seat, walk_to

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_of_november", "only_people_gates")]


@pytest.fixture
def review(cycle, users):
    """The demand review in its meeting, material handed in, nobody noted as present."""
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    step = get_step(cycle, "demand_review")
    for role, department in CORE:
        submit_material(step=step, department=department, content={"ok": 1}, actor=users[role])
    begin_meeting(step=step, actor=users["coordinator"])
    return get_step(cycle, "demand_review")


def attendance_reasons(cycle):
    cycle.refresh_from_db()
    return next(line.reasons for line in list_readiness(cycle) if line.code == "attendance")


def test_beginning_invites_the_participants_and_the_committee(cycle, users):
    logistics = make_user("purchasing", username="logistics", display_name="Logistics")
    save_group(code="committee", name="Coordination committee", members=[logistics], actor=users["coordinator"])
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    step = get_step(cycle, "demand_review")
    step.participants.remove(logistics)
    meeting = begin_meeting(step=step, actor=users["demand_lead"])
    assert begin_meeting(step=step, actor=users["demand_lead"]) == meeting
    assert get_step(cycle, "demand_review").state == StepState.IN_MEETING
    rows = list_attendance(step)
    assert logistics in {row.user for row in rows}
    assert {row.user.role for row in rows} >= {"sales", "production", "purchasing", "finance", "demand_lead"}
    assert {row.presence for row in rows} == {"absent"}
    assert meeting.agenda.count() == 5
    assert Meeting.objects.count() == 1


@pytest.mark.parametrize("absent", ["sales", "production", "supply"])
def test_the_demand_review_is_refused_when_one_of_three_misses(cycle, users, review, absent):
    for role, department in CORE:
        if department != absent:
            seat(review, users, role)
            sign_off(step=review, department=department, actor=users[role])
    label = Department(absent).label
    sentence = f"{label} is not present; note an attendee or a named delegate."
    assert attendance_reasons(cycle) == [sentence]
    role = next(role for role, department in CORE if department == absent)
    with pytest.raises(GuardFailed, match="is not present"):
        sign_off(step=review, department=absent, actor=users[role])
    with pytest.raises(GuardFailed) as refusal:
        sign_off(step=review, department="supply", actor=users["demand_lead"], lead=True)
    assert sentence in refusal.value.details["reasons"]
    assert SignOff.objects.filter(step=review, department=absent, lead=False).count() == 0
    assert Cycle.objects.get().state == CycleState.DEMAND_REVIEW


def test_a_named_delegate_counts(cycle, users, review):
    for role, _department in CORE[:2]:
        seat(review, users, role)
    with pytest.raises(InvalidInput):
        record_attendance(step=review, user=users["purchasing"], presence="delegate", actor=users["coordinator"])
    delegate = record_attendance(
        step=review,
        user=users["purchasing"],
        presence="delegate",
        delegate_name="Xu Lei",
        level="manager",
        actor=users["coordinator"],
    )
    assert (delegate.delegate_name, delegate.level, delegate.department) == ("Xu Lei", "manager", "supply")
    assert attendance_reasons(cycle) == []


def test_attendance_can_be_corrected_until_the_signature(cycle, users, review):
    seat(review, users, "sales")
    record_attendance(step=review, user=users["sales"], presence="absent", actor=users["coordinator"])
    assert [d.split(" is ")[0] for d in attendance_reasons(cycle)] == ["Sales", "Production", "Supply chain"]
    assert AuditEntry.objects.filter(verb="meetings.attendance.recorded").count() == 2


def test_attendance_needs_a_running_meeting_and_a_recorder(cycle, users, review):
    with pytest.raises(Denied):
        record_attendance(step=review, user=users["sales"], presence="present", actor=users["sales"])
    with pytest.raises(InvalidInput):
        record_attendance(step=review, user=users["sales"], presence="maybe", actor=users["coordinator"])
    supply = get_step(cycle, "supply_review")
    with pytest.raises(Conflict):
        record_attendance(step=supply, user=users["sales"], presence="present", actor=users["coordinator"])


def test_a_reopened_step_needs_its_people_again(cycle, users):
    walk_to(cycle, CycleState.SUPPLY_REVIEW, users)
    first = get_meeting(get_step(cycle, "demand_review"))
    reopen_step(step=get_step(cycle, "demand_review"), reason="Wrong month.", actor=users["coordinator"])
    first.refresh_from_db()
    assert first.voided_at is not None
    step = get_step(cycle, "demand_review")
    second = begin_meeting(step=step, actor=users["coordinator"])
    assert second != first
    assert len(attendance_reasons(cycle)) == 3


def test_quorum_is_the_executive_and_three_of_four(cycle, users):
    walk_to(cycle, CycleState.EXECUTIVE, users)
    step = get_step(cycle, "executive")
    begin_meeting(step=step, actor=users["coordinator"])
    assert (get_quorum(cycle).present, get_quorum(cycle).of, get_quorum(cycle).needed) == (0, 5, 4)
    for role in ("sales", "production", "supply_lead"):
        seat(step, users, role)
    assert get_quorum(cycle).reasons == [
        "The executive is not present in person.",
        "Quorum 3 of 5, 4 needed; missing: Finance.",
    ]
    record_attendance(
        step=step, user=users["executive"], presence="delegate", delegate_name="Aide", actor=users["coordinator"]
    )
    assert not get_quorum(cycle).has_executive
    with pytest.raises(GuardFailed):
        advance_cycle(cycle=cycle, to="approved", actor=users["executive"])
    seat(step, users, "executive")
    assert get_quorum(cycle).is_met
    assert advance_cycle(cycle=cycle, to="approved", actor=users["executive"]).state == CycleState.APPROVED


def test_a_clerk_does_not_make_the_quorum(cycle, users):
    walk_to(cycle, CycleState.EXECUTIVE, users)
    step = get_step(cycle, "executive")
    begin_meeting(step=step, actor=users["coordinator"])
    for role in ("sales", "production", "executive"):
        seat(step, users, role)
    record_attendance(
        step=step, user=users["supply_lead"], presence="delegate", delegate_name="Clerk", actor=users["coordinator"]
    )
    assert not get_quorum(cycle).is_met
    seat(step, users, "finance")
    assert get_quorum(cycle).is_met


def test_the_pre_read_goes_out_24_hours_before_the_executive_meeting(cycle, users):
    walk_to(cycle, CycleState.PRE_SOP, users)
    meets = get_step(cycle, "executive").meets_at

    def reasons(hours_before):
        with time_machine.travel(meets - dt.timedelta(hours=hours_before), tick=False):
            return next(line for line in list_readiness(cycle) if line.code == "pre_read").reasons

    assert reasons(24.01) == []
    assert len(reasons(23.9)) == 1
    assert reasons(-1) == []  # held late: the date is past, nobody is hurried
    walk_to(cycle, CycleState.EXECUTIVE, users)
    assert get_meeting(get_step(cycle, "executive")).pre_read_at is not None


def test_the_agenda_is_editable_and_must_not_be_empty(cycle, users):
    walk_to(cycle, CycleState.PRE_SOP, users)
    step = get_step(cycle, "executive")
    save_agenda(step=step, items=[("Decide", 30), ("Approve", 5)], actor=users["coordinator"])
    assert list(get_meeting(step).agenda.values_list("position", "title", "minutes")) == [
        (1, "Decide", 30),
        (2, "Approve", 5),
    ]
    save_agenda(step=step, items=[], actor=users["coordinator"])
    assert "agenda" in {line.code for line in list_readiness(cycle) if not line.is_met}
    with pytest.raises(InvalidInput):
        save_agenda(step=step, items=[(" ", 30)], actor=users["coordinator"])
    with pytest.raises(Denied):
        save_agenda(step=step, items=[("x", 3)], actor=users["finance"])


def test_flags_of_a_useless_meeting(cycle, users, review):
    clerk = make_user("sales", username="clerk", level="clerk")
    record_attendance(step=review, user=clerk, presence="present", actor=users["coordinator"])
    meeting = get_meeting(review)
    assert [flag.code for flag in list_flags(meeting)] == ["clerks_only", "report_only"]
    raise_conflict(
        cycle=cycle,
        subject="Stock for the fair",
        party_a="sales",
        position_a="Build 400.",
        party_b="production",
        position_b="No hours.",
        actor=users["sales"],
        meeting=meeting,
    )
    assert [flag.code for flag in list_flags(meeting)] == ["clerks_only", "report_only", "quarrel"]
    seat(review, users, "production")
    propose_decision(cycle=cycle, question="Build 400?", actor=users["sales"], meeting=meeting)
    assert list_flags(meeting) == []


def test_minutes_are_made_from_facts_in_the_readers_language(cycle, users, review):
    seat(review, users, "sales")
    record_attendance(
        step=review, user=users["production"], presence="delegate", delegate_name="Zhou", actor=users["coordinator"]
    )
    decision = propose_decision(
        cycle=cycle, question="Third shift?", options=[{"code": "A", "title": "Yes"}], actor=users["supply_lead"]
    )
    add_action(
        cycle=cycle, title="Call customers", owner=users["sales"], due=dt.date(2026, 11, 9), actor=users["sales"]
    )
    meeting = end_meeting(step=review, actor=users["coordinator"])
    assert end_meeting(step=review, actor=users["coordinator"]).ended_at == meeting.ended_at
    text = render_minutes(meeting)
    assert text.startswith("Minutes: Demand review, ")
    assert "Zhou for production (Production)" in text
    assert "sales (Sales)" in text.split("Absent")[0]
    assert "1. Third shift? – proposed" in text
    assert "Call customers: sales by Nov. 9, 2026" in text
    decision.question = "Changed later"
    decision.save()
    assert render_minutes(meeting) == text
    with translation.override("zh-hans"):
        assert "2026年11月9日" in render_minutes(meeting)
    entry = AuditEntry.objects.get(verb="meetings.meeting.ended")
    assert "Third shift?" in entry.detail


def test_missing_material_stands_in_the_minutes(cycle, users):
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    step = get_step(cycle, "demand_review")
    submit_material(step=step, department="sales", content={"ok": 1}, actor=users["sales"])
    meeting = begin_meeting(step=step, actor=users["coordinator"])
    assert "Material missing from: Production, Supply chain" in render_minutes(meeting)


def test_a_closed_cycle_is_read_only(users):
    closed = make_cycle("2026-10", state=CycleState.CLOSED)
    with pytest.raises(Frozen):
        propose_decision(cycle=closed, question="Late?", actor=users["sales"])
    with pytest.raises(Frozen):
        save_agenda(step=get_step(closed, "executive"), items=[("x", 1)], actor=users["coordinator"])
    assert closed.decisions.count() == 0


def test_undecided_items_block_the_approval(cycle, users):
    walk_to(cycle, CycleState.EXECUTIVE, users)
    first = propose_decision(cycle=cycle, question="Third shift?", actor=users["supply_lead"])
    propose_decision(cycle=cycle, question="For information", actor=users["supply_lead"], must_decide=False)
    step = get_step(cycle, "executive")
    begin_meeting(step=step, actor=users["coordinator"])
    for role in ("sales", "production", "finance", "executive"):
        seat(step, users, role)
    with pytest.raises(GuardFailed, match="Not decided: item 1"):
        advance_cycle(cycle=cycle, to="approved", actor=users["executive"])
    decide(
        decision=first,
        verdict="deferred",
        deferred_to=dt.date(2026, 12, 21),
        note="Wait for the tool.",
        actor=users["executive"],
    )
    assert advance_cycle(cycle=cycle, to="approved", actor=users["executive"]).state == CycleState.APPROVED
