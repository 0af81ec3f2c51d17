"""Material of the departments: missing, draft, submitted, late, waived (R-060 … R-063)."""

import datetime as dt

import pytest
import time_machine
from django.db import IntegrityError, transaction

from core.errors import Conflict, Denied, InvalidInput
from core.models import AuditEntry
from cycles.choices import CycleState, StepState
from cycles.models import Submission
from cycles.selectors import get_input_window, get_step, list_readiness
from cycles.services import edit_step, submit_material, waive_submission
from tests.cycles.walking import CORE, walk_to
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_of_november", "only_cycle_gates")]


@pytest.fixture
def step(cycle, users):
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    return get_step(cycle, "demand_review")


def submission_reasons(step):
    step.cycle.refresh_from_db()
    return next(line.reasons for line in list_readiness(step.cycle) if line.code == "submissions")


def test_draft_then_submitted_then_replaced(step, users):
    draft = submit_material(step=step, department="sales", content={"a": 1}, actor=users["sales"], draft=True)
    assert (draft.status, draft.submitted_by) == ("draft", None)
    done = submit_material(step=step, department="sales", content={"a": 2}, actor=users["sales"])
    assert (done.status, done.content, done.submitted_by) == ("submitted", {"a": 2}, users["sales"])
    with pytest.raises(Conflict):
        submit_material(step=step, department="sales", content={}, actor=users["sales"], draft=True)
    again = submit_material(step=step, department="sales", content={"a": 3}, actor=users["sales"])
    assert (again.status, again.revision) == ("submitted", 3)
    assert Submission.objects.filter(step=step, department="sales").count() == 1


def test_the_step_is_submitted_when_all_three_are_in(step, users):
    for role, department in CORE:
        assert get_step(step.cycle, "demand_review").state == StepState.OPEN
        submit_material(step=step, department=department, content={"ok": 1}, actor=users[role])
    assert get_step(step.cycle, "demand_review").state == StepState.SUBMITTED
    assert submission_reasons(step) == []


def test_after_the_cut_off_it_is_late_and_needs_a_waiver(step, users):
    with time_machine.travel(step.cutoff_at, tick=False):
        on_time = submit_material(step=step, department="sales", content={}, actor=users["sales"])
    with time_machine.travel(step.cutoff_at + dt.timedelta(seconds=1), tick=False):
        late = submit_material(step=step, department="production", content={}, actor=users["production"])
    assert (on_time.status, late.status) == ("submitted", "late")
    assert submission_reasons(step) == [
        "Production handed in after the cut-off; the coordinator waives it or it goes to the next cycle.",
        "Supply chain has not handed in its material.",
    ]
    for department, reason in [("production", "Audit week."), ("supply", "Portal was down.")]:
        waive_submission(step=step, department=department, reason=reason, actor=users["coordinator"])
    assert submission_reasons(step) == []
    row = Submission.objects.get(step=step, department="supply")
    assert (row.status, row.waived_by, row.waive_reason) == ("missing", users["coordinator"], "Portal was down.")
    assert row.waived_at is not None
    assert AuditEntry.objects.filter(verb="cycles.submission.waived").count() == 2


def test_a_waiver_needs_the_coordinator_a_reason_and_something_to_waive(step, users):
    with pytest.raises(Denied):
        waive_submission(step=step, department="sales", reason="x", actor=users["demand_lead"])
    with pytest.raises(InvalidInput):
        waive_submission(step=step, department="sales", reason=" ", actor=users["coordinator"])
    with pytest.raises(InvalidInput):
        waive_submission(step=step, department="finance", reason="x", actor=users["coordinator"])
    submit_material(step=step, department="sales", content={}, actor=users["sales"])
    with pytest.raises(Conflict):
        waive_submission(step=step, department="sales", reason="x", actor=users["coordinator"])
    assert not Submission.objects.filter(waived_by__isnull=False).exists()


def test_nobody_waives_his_own_material(step, users):
    coordinator = users["coordinator"]
    with time_machine.travel(step.cutoff_at + dt.timedelta(hours=1), tick=False):
        submit_material(step=step, department="supply", content={}, actor=coordinator)
        with pytest.raises(Denied) as refusal:
            waive_submission(step=step, department="supply", reason="mine", actor=coordinator)
    assert refusal.value.code == "four_eyes"
    row = Submission.objects.get(step=step, department="supply")
    row.waived_by, row.waived_at, row.waive_reason = coordinator, row.submitted_at, "mine"
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_foreign_departments_and_closed_steps_are_refused(step, users):
    with pytest.raises(Denied):
        submit_material(step=step, department="production", content={}, actor=users["sales"])
    supply = get_step(step.cycle, "supply_review")
    with pytest.raises(Conflict) as refusal:
        submit_material(step=supply, department="supply", content={}, actor=users["purchasing"])
    assert refusal.value.code == "step_not_open"
    with pytest.raises(InvalidInput):
        submit_material(step=step, department="sales", content={"x": "y" * 70_000}, actor=users["sales"])


def test_the_input_window(step, users):
    cycle, cutoff = step.cycle, step.cutoff_at
    assert get_input_window(cycle, "sales", now=cutoff).is_open
    closed = get_input_window(cycle, "sales", now=cutoff + dt.timedelta(seconds=1))
    assert (closed.is_open, closed.closes_at) == (False, cutoff)
    assert "next cycle" in closed.reason
    waive_submission(step=step, department="sales", reason="Fair.", actor=users["coordinator"])
    assert get_input_window(cycle, "sales", now=cutoff + dt.timedelta(days=1)).is_open
    assert not get_input_window(cycle, "marketing", now=cutoff + dt.timedelta(days=1)).is_open
    walk_to(cycle, CycleState.SUPPLY_REVIEW, users)
    assert get_input_window(cycle, "sales", now=cutoff).reason == "Demand is signed."


def test_before_the_baseline_the_window_is_closed(cycle):
    assert get_input_window(cycle, "sales").reason == "Inputs open when the baseline is ready."


def test_a_cycle_started_after_its_cut_off_has_none(users):
    from cycles.services import start_cycle

    past = start_cycle(month=2020 * 12, actor=users["coordinator"])
    assert get_step(past, "demand_review").cutoff_at is None
    assert get_step(past, "demand_review").meets_at is not None


def test_the_coordinator_edits_a_step_that_is_not_signed(step, users):
    other = make_user("demand_lead", username="demand2")
    later = step.cutoff_at + dt.timedelta(hours=2)
    edited = edit_step(
        step=step, actor=users["coordinator"], owner=other, cutoff_at=later, participants=[other], inputs=["news"]
    )
    assert (edited.owner, edited.cutoff_at, edited.inputs) == (other, later, ["news"])
    assert list(edited.participants.all()) == [other]
    with pytest.raises(InvalidInput):
        edit_step(step=step, actor=users["coordinator"], state="signed_off")
    with pytest.raises(InvalidInput):
        edit_step(step=step, actor=users["coordinator"], due_at=step.opens_at - dt.timedelta(days=1))
    with pytest.raises(Denied):
        edit_step(step=step, actor=users["demand_lead"], inputs=[])
    closed = get_step(step.cycle, "business_review")
    with pytest.raises(Conflict):
        edit_step(step=closed, actor=users["coordinator"], purpose="new")
