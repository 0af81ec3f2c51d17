"""The cycle from draft to closed: each arrow, who may take it, what it does, and what it refuses."""

import datetime as dt

import pytest
import time_machine
from django.utils.timezone import localtime

from accounts.choices import Role
from core import audit
from core.errors import Conflict, Denied, Frozen, GuardFailed, InvalidInput
from core.models import AuditEntry
from core.months import parse_month
from cycles import gates
from cycles.choices import CycleState, StepCode, StepState
from cycles.models import Cycle, SignOff, Step
from cycles.selectors import get_current_cycle, get_rail, get_step, list_readiness
from cycles.services import (
    advance_cycle,
    approve_cycle,
    begin_meeting,
    cancel_cycle,
    close_cycle,
    open_step,
    release_cycle,
    roll_cycle,
    sign_off,
    start_cycle,
    submit_material,
    waive_gate,
    waive_submission,
)
from cycles.transitions import TRANSITIONS
from tests.cycles.walking import CORE, prepare, walk_to
from tests.factories import make_cycle, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_of_november", "only_cycle_gates")]


def verbs(cycle):
    return list(AuditEntry.objects.filter(chain=f"cycle:{cycle.pk}").order_by("seq").values_list("verb", flat=True))


def test_a_new_cycle_collects_with_owners_dates_and_submissions(users):
    cycle = start_cycle(month=parse_month("2026-11"), actor=users["coordinator"])
    assert (cycle.state, cycle.horizon) == (CycleState.COLLECTING, 18)
    steps = list(cycle.steps.all())
    assert [step.code for step in steps] == StepCode.values
    assert [step.state for step in steps] == ["open"] + ["not_started"] * 5
    owners = [step.owner.role for step in steps]
    assert owners == ["coordinator", "demand_lead", "supply_lead", "coordinator", "executive", "supply_lead"]
    review = steps[1]
    assert localtime(review.cutoff_at).isoformat() == "2026-11-04T18:00:00+08:00"
    assert localtime(review.meets_at).isoformat() == "2026-11-05T14:00:00+08:00"
    assert localtime(review.due_at).isoformat() == "2026-11-05T18:00:00+08:00"
    assert sorted(review.submissions.values_list("department", "status")) == [
        ("production", "missing"),
        ("sales", "missing"),
        ("supply", "missing"),
    ]
    assert verbs(cycle) == ["cycles.cycle.created", "cycles.cycle.collecting"]
    assert get_current_cycle() == cycle


def test_without_owners_it_stays_in_draft_and_says_why():
    coordinator = make_user("coordinator")
    cycle = start_cycle(month=parse_month("2026-11"), actor=coordinator)
    assert cycle.state == CycleState.DRAFT
    reasons = [reason for line in list_readiness(cycle) for reason in line.reasons]
    assert len(reasons) == 4
    assert "“Demand review” has no owner; the coordinator names one." in reasons
    with pytest.raises(GuardFailed, match="has no owner"):
        advance_cycle(cycle=cycle, to="collecting", actor=coordinator)
    assert Cycle.objects.get().revision == 0


@pytest.mark.parametrize("horizon", [11, 25, 0])
def test_the_horizon_is_12_to_24_months(users, horizon):
    with pytest.raises(InvalidInput):
        start_cycle(month=parse_month("2026-11"), actor=users["coordinator"], horizon=horizon)
    assert Cycle.objects.count() == 0


def test_one_cycle_a_month(cycle, users):
    with pytest.raises(Conflict) as refusal:
        start_cycle(month=cycle.month, actor=users["coordinator"])
    assert refusal.value.code == "cycle_exists"


@pytest.mark.parametrize("role", [role for role in Role.values if role != "coordinator"])
def test_only_the_coordinator_starts(users, role):
    with pytest.raises(Denied):
        start_cycle(month=parse_month("2026-11"), actor=users[role])
    assert Cycle.objects.count() == 0


def test_the_whole_month(cycle, users):
    walk_to(cycle, CycleState.CLOSED, users)
    cycle.refresh_from_db()
    assert cycle.approved_by == users["executive"]
    assert cycle.submitted_for_approval_by == users["coordinator"]
    assert list(cycle.steps.values_list("state", flat=True)) == ["signed_off"] * 6
    leads = SignOff.objects.filter(lead=True).order_by("step__position").values_list("user__role", flat=True)
    assert list(leads) == ["coordinator", "demand_lead", "supply_lead", "coordinator", "executive", "supply_lead"]
    assert [verb for verb in verbs(cycle) if verb.startswith("cycles.cycle.")] == [
        "cycles.cycle.created",
        "cycles.cycle.collecting",
        "cycles.cycle.demand_review",
        "cycles.cycle.supply_review",
        "cycles.cycle.pre_sop",
        "cycles.cycle.executive",
        "cycles.cycle.approved",
        "cycles.cycle.released",
        "cycles.cycle.closed",
    ]
    assert audit.verify_chain(f"cycle:{cycle.pk}") is None


@pytest.mark.parametrize("transition", TRANSITIONS, ids=lambda t: t.name)
def test_each_arrow_is_for_its_lead_only(cycle, users, transition):
    if transition.source == CycleState.DRAFT:
        Cycle.objects.update(state=CycleState.DRAFT)
    else:
        walk_to(cycle, transition.source, users)
        prepare(cycle, users)
    before = (verbs(cycle), Cycle.objects.values().get())
    for role, user in users.items():
        if role != transition.lead:
            with pytest.raises(Denied):
                advance_cycle(cycle=cycle, to=transition.target, actor=user)
    assert (verbs(cycle), Cycle.objects.values().get()) == before
    moved = advance_cycle(cycle=cycle, to=transition.target, actor=users[transition.lead])
    assert moved.state == transition.target


@pytest.mark.parametrize("transition", TRANSITIONS, ids=lambda t: t.name)
def test_no_arrow_is_taken_from_another_state(cycle, users, transition):
    other = CycleState.CLOSED if transition.source != CycleState.RELEASED else CycleState.DRAFT
    Cycle.objects.update(state=other)
    if transition.target == other:
        return
    with pytest.raises(Conflict) as refusal:
        advance_cycle(cycle=cycle, to=transition.target, actor=users[transition.lead])
    assert refusal.value.code == "cycle_moved"
    assert Cycle.objects.get().state == other


def test_a_double_click_has_one_effect(cycle, users, monkeypatch):
    effects = []
    gates.register_effect("executive->approved", lambda c, actor: effects.append(c.pk))
    walk_to(cycle, CycleState.EXECUTIVE, users)
    begin_meeting(step=get_step(cycle, "executive"), actor=users["coordinator"])
    stale = Cycle.objects.get(pk=cycle.pk)
    approve_cycle(cycle=cycle, actor=users["executive"])
    again = approve_cycle(cycle=stale, actor=users["executive"])
    assert again.state == CycleState.APPROVED
    assert effects == [cycle.pk]
    assert verbs(cycle).count("cycles.cycle.approved") == 1


def test_a_second_executive_clicking_too_late_is_told(cycle, users):
    walk_to(cycle, CycleState.APPROVED, users)
    other = make_user("executive", username="second")
    with pytest.raises(Conflict):
        approve_cycle(cycle=cycle, actor=other)


def test_four_eyes_hold_even_when_roles_change(cycle, users):
    walk_to(cycle, CycleState.EXECUTIVE, users)
    begin_meeting(step=get_step(cycle, "executive"), actor=users["demand_lead"])
    promoted = users["coordinator"]
    promoted.role = Role.EXECUTIVE
    promoted.save()
    with pytest.raises(Denied) as refusal:
        approve_cycle(cycle=cycle, actor=promoted)
    assert refusal.value.code == "four_eyes"
    assert Cycle.objects.get().state == CycleState.EXECUTIVE


def test_a_service_account_cannot_approve_or_sign(cycle, users):
    walk_to(cycle, CycleState.EXECUTIVE, users)
    begin_meeting(step=get_step(cycle, "executive"), actor=users["coordinator"])
    with pytest.raises(Denied):
        approve_cycle(cycle=cycle, actor=make_user("executive", username="robot", is_service=True))
    token_user = users["executive"]
    token_user.token_scopes = frozenset({"plan:write", "cycle:write"})
    with pytest.raises(Denied):
        approve_cycle(cycle=cycle, actor=token_user)


def test_a_failing_gate_blocks_with_its_reasons_and_changes_nothing(cycle, users):
    gates.register_gate("collecting->demand_review", "actuals", "Actuals", lambda c: ["October is not loaded."])
    gates.register_gate("collecting->demand_review", "baseline", "Baseline", lambda c: ["No forecast yet."])
    before = Cycle.objects.values().get()
    with pytest.raises(GuardFailed) as refusal:
        sign_off(step=get_step(cycle, "business_review"), department="supply", actor=users["coordinator"], lead=True)
    assert refusal.value.details["reasons"] == ["October is not loaded.", "No forecast yet."]
    assert Cycle.objects.values().get() == before
    assert SignOff.objects.count() == 0


def test_a_failing_effect_undoes_the_transition(cycle, users):
    def refuse(cycle, actor):
        raise Frozen("The head is busy.")

    gates.register_effect("collecting->demand_review", refuse)
    with pytest.raises(Frozen):
        open_step(step=get_step(cycle, "demand_review"), actor=users["coordinator"])
    assert Cycle.objects.get().state == CycleState.COLLECTING
    assert get_step(cycle, "demand_review").state == StepState.NOT_STARTED


def test_the_snapshot_code_of_an_effect_stands_under_the_signatures(cycle, users):
    gates.register_effect("demand_review->supply_review", lambda c, actor: "D-2611-abc")
    walk_to(cycle, CycleState.SUPPLY_REVIEW, users)
    codes = SignOff.objects.filter(step__code="demand_review").values_list("snapshot_code", flat=True)
    assert list(codes) == ["D-2611-abc"] * 4


def test_a_waivable_gate_can_be_waived_with_a_reason(cycle, users):
    way = "collecting->demand_review"
    gates.register_gate(way, "quality", "Quality gate", lambda c: ["2 findings are open."], waivable=True)
    gates.register_gate(way, "actuals", "Actuals", lambda c: [])
    with pytest.raises(InvalidInput):
        waive_gate(cycle=cycle, transition=way, code="quality", reason="  ", actor=users["coordinator"])
    with pytest.raises(Denied):
        waive_gate(cycle=cycle, transition=way, code="quality", reason="fine", actor=users["demand_lead"])
    with pytest.raises(Conflict) as refusal:
        waive_gate(cycle=cycle, transition=way, code="actuals", reason="fine", actor=users["coordinator"])
    assert refusal.value.code == "not_waivable"
    waiver = waive_gate(
        cycle=cycle, transition=way, code="quality", reason="Known returns.", actor=users["coordinator"]
    )
    assert (waiver.user, waiver.reason) == (users["coordinator"], "Known returns.")
    assert waiver.at is not None
    advance_cycle(cycle=cycle, to="demand_review", actor=users["coordinator"])
    assert "cycles.gate.waived" in verbs(cycle)
    line = AuditEntry.objects.get(verb="cycles.cycle.demand_review")
    assert '"waived":["quality"]' in line.detail


def test_an_empty_input_list_or_no_owner_blocks_opening_a_step(cycle, users):
    Step.objects.filter(code="demand_review").update(inputs=[], owner=None)
    with pytest.raises(GuardFailed) as refusal:
        open_step(step=get_step(cycle, "demand_review"), actor=users["coordinator"])
    assert len(refusal.value.details["reasons"]) == 2
    assert Cycle.objects.get().state == CycleState.COLLECTING


def test_later_steps_open_by_signature_only(cycle, users):
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    with pytest.raises(GuardFailed, match="opens when “Demand review” is signed"):
        open_step(step=get_step(cycle, "supply_review"), actor=users["coordinator"])


def test_signing_needs_the_meeting_and_the_co_signatures(cycle, users):
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    step = get_step(cycle, "demand_review")
    with pytest.raises(GuardFailed, match="the meeting has not begun"):
        sign_off(step=step, department="sales", actor=users["sales"])
    for role, department in CORE:
        submit_material(step=step, department=department, content={"ok": 1}, actor=users[role])
    begin_meeting(step=step, actor=users["demand_lead"])
    sign_off(step=step, department="sales", actor=users["sales"])
    with pytest.raises(GuardFailed) as refusal:
        sign_off(step=step, department="supply", actor=users["demand_lead"], lead=True)
    assert refusal.value.details["reasons"] == ["Production has not signed.", "Supply chain has not signed."]


def test_a_signature_is_for_the_own_department_once(cycle, users):
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    step = get_step(cycle, "demand_review")
    begin_meeting(step=step, actor=users["demand_lead"])
    first = sign_off(step=step, department="sales", actor=users["sales"])
    assert sign_off(step=step, department="sales", actor=users["sales"]) == first
    with pytest.raises(Conflict, match="signed for the department already"):
        sign_off(step=step, department="sales", actor=make_user("sales", username="sales2"))
    for role, department in [("sales", "production"), ("demand_lead", "supply"), ("coordinator", "supply")]:
        with pytest.raises(Denied):
            sign_off(step=step, department=department, actor=users[role])
    assert SignOff.objects.filter(step=step).count() == 1


def test_a_sign_check_of_an_upper_room_refuses_an_absent_department(cycle, users):
    gates.register_sign_check(lambda step, department, user: ["Sales is not present."] if department == "sales" else [])
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    step = get_step(cycle, "demand_review")
    begin_meeting(step=step, actor=users["demand_lead"])
    with pytest.raises(GuardFailed, match="Sales is not present"):
        sign_off(step=step, department="sales", actor=users["sales"])
    sign_off(step=step, department="production", actor=users["production"])


def test_late_flags(cycle, users):
    due = get_step(cycle, "business_review").due_at
    assert [s.is_late for s in get_rail(cycle, now=due)] == [False] * 6
    assert [s.is_late for s in get_rail(cycle, now=due + dt.timedelta(seconds=1))] == [True] + [False] * 5
    with time_machine.travel(due + dt.timedelta(days=1), tick=False):
        walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    rail = get_rail(cycle, now=due + dt.timedelta(days=1))
    assert [s.is_late for s in rail] == [True] + [False] * 5
    assert [s.is_current for s in rail] == [False, True] + [False] * 4


def test_roll_starts_the_next_month_once(cycle, users):
    seen = []
    gates.register_effect("rolled", lambda c, actor: seen.append(c.month))
    with pytest.raises(GuardFailed, match="The plan of 2026-11 is not released"):
        roll_cycle(cycle=cycle, actor=users["coordinator"])
    walk_to(cycle, CycleState.RELEASED, users)
    following = roll_cycle(cycle=cycle, actor=users["coordinator"])
    assert roll_cycle(cycle=cycle, actor=users["coordinator"]) == following
    assert (following.month, following.state) == (parse_month("2026-12"), CycleState.COLLECTING)
    assert seen == [following.month]
    assert get_current_cycle() == following
    close_cycle(cycle=cycle, actor=users["coordinator"])


def test_late_material_moves_to_the_next_cycle_unless_waived(cycle, users):
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    step = get_step(cycle, "demand_review")
    with time_machine.travel(step.cutoff_at + dt.timedelta(minutes=1), tick=False):
        for role, department in CORE:
            submit_material(step=step, department=department, content={"of": department}, actor=users[role])
        waive_submission(step=step, department="sales", reason="Fair in Canton.", actor=users["coordinator"])
        for department in ("production", "supply"):
            waive_submission(step=step, department=department, reason="Line stop.", actor=users["coordinator"])
    walk_to(cycle, CycleState.RELEASED, users)
    step.submissions.filter(department="supply").update(waived_by=None, waived_at=None, waive_reason="")
    following = roll_cycle(cycle=cycle, actor=users["coordinator"])
    carried = get_step(following, "demand_review").submissions.order_by("department").values_list("status", "content")
    assert list(carried) == [("missing", {}), ("missing", {}), ("draft", {"of": "supply"})]


def test_cancel_before_approval_only(cycle, users):
    with pytest.raises(InvalidInput):
        cancel_cycle(cycle=cycle, reason="", actor=users["coordinator"])
    cancel_cycle(cycle=cycle, reason="Started by mistake.", actor=users["coordinator"])
    assert Cycle.objects.get().state == CycleState.CANCELLED
    assert get_current_cycle() is None
    other = make_cycle("2026-12", state=CycleState.APPROVED)
    with pytest.raises(Conflict):
        cancel_cycle(cycle=other, reason="No.", actor=users["coordinator"])


def test_release_is_for_the_master_planner(cycle, users):
    walk_to(cycle, CycleState.APPROVED, users)
    assert release_cycle(cycle=cycle, actor=users["supply_lead"]).state == CycleState.RELEASED
