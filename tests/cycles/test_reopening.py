"""Going back: who, with which reason, and what becomes invalid."""

import pytest

from core import audit
from core.errors import Conflict, Denied, InvalidInput
from core.models import AuditEntry
from cycles import gates
from cycles.choices import CycleState
from cycles.models import Cycle, SignOff
from cycles.selectors import get_step, list_reopen_effects
from cycles.services import reopen_step, waive_gate
from tests.cycles.walking import walk_to

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_of_november", "only_cycle_gates")]


def test_reopening_demand_undoes_what_follows(cycle, users):
    gates.register_effect("demand_review->supply_review", lambda c, actor: "D-2611")
    gates.register_effect("reopened", lambda c, actor: seen.append(c.state))
    seen = []
    walk_to(cycle, CycleState.EXECUTIVE, users)
    step = get_step(cycle, "demand_review")
    effects = list_reopen_effects(step)
    assert "Snapshot D-2611 is kept and marked invalid." in effects
    assert len(effects) == 4 + 1 + 2 + 1  # demand, supply, Pre-S&OP signatures and the snapshot
    reopen_step(step=step, reason="Subsidy ended early.", actor=users["coordinator"])
    cycle.refresh_from_db()
    assert (cycle.state, cycle.submitted_for_approval_by) == (CycleState.DEMAND_REVIEW, None)
    assert seen == [CycleState.DEMAND_REVIEW]
    states = list(cycle.steps.values_list("state", flat=True))
    assert states == ["signed_off", "reopened", "not_started", "not_started", "not_started", "not_started"]
    valid = SignOff.objects.filter(invalid_at=None).values_list("step__code", flat=True)
    assert list(valid) == ["business_review"]
    assert set(SignOff.objects.exclude(invalid_at=None).values_list("invalid_reason", flat=True)) == {
        "Subsidy ended early."
    }
    entry = AuditEntry.objects.get(verb="cycles.step.reopened")
    assert entry.actor == users["coordinator"]
    assert "Subsidy ended early." in entry.detail


def test_the_cycle_can_be_walked_again_after_reopening(cycle, users):
    walk_to(cycle, CycleState.PRE_SOP, users)
    reopen_step(step=get_step(cycle, "demand_review"), reason="Wrong region.", actor=users["coordinator"])
    walk_to(cycle, CycleState.CLOSED, users)
    assert SignOff.objects.filter(step__code="demand_review", invalid_at=None).count() == 4
    assert SignOff.objects.filter(step__code="demand_review").count() == 8
    assert audit.verify_chain(f"cycle:{cycle.pk}") is None


@pytest.mark.parametrize(
    ("state", "allowed", "refused"),
    [
        (CycleState.EXECUTIVE, "coordinator", "executive"),
        (CycleState.APPROVED, "executive", "coordinator"),
        (CycleState.RELEASED, "executive", "coordinator"),
    ],
)
def test_before_approval_the_coordinator_after_it_the_executive(cycle, users, state, allowed, refused):
    walk_to(cycle, state, users)
    step = get_step(cycle, "supply_review")
    with pytest.raises(Denied):
        reopen_step(step=step, reason="Line 3 broke.", actor=users[refused])
    assert Cycle.objects.get().state == state
    reopen_step(step=step, reason="Line 3 broke.", actor=users[allowed])
    cycle.refresh_from_db()
    assert (cycle.state, cycle.approved_by, cycle.approved_at) == (CycleState.SUPPLY_REVIEW, None, None)


@pytest.mark.parametrize("role", ["sales", "demand_lead", "supply_lead", "finance", "admin", "api_client", "supplier"])
def test_nobody_else_reopens(cycle, users, role):
    walk_to(cycle, CycleState.SUPPLY_REVIEW, users)
    with pytest.raises(Denied):
        reopen_step(step=get_step(cycle, "demand_review"), reason="x", actor=users[role])


def test_it_needs_a_reason_and_a_signed_step(cycle, users):
    walk_to(cycle, CycleState.SUPPLY_REVIEW, users)
    with pytest.raises(InvalidInput):
        reopen_step(step=get_step(cycle, "demand_review"), reason=" ", actor=users["coordinator"])
    with pytest.raises(Conflict):
        reopen_step(step=get_step(cycle, "supply_review"), reason="x", actor=users["coordinator"])
    walk_to(cycle, CycleState.CLOSED, users)
    with pytest.raises(Conflict):
        reopen_step(step=get_step(cycle, "demand_review"), reason="x", actor=users["executive"])


def test_reopening_twice_changes_nothing_more(cycle, users):
    walk_to(cycle, CycleState.SUPPLY_REVIEW, users)
    step = get_step(cycle, "demand_review")
    reopen_step(step=step, reason="x", actor=users["coordinator"])
    reopen_step(step=step, reason="x", actor=users["coordinator"])
    assert AuditEntry.objects.filter(verb="cycles.step.reopened").count() == 1


def test_a_reopened_step_has_no_cut_off_and_needs_its_waivers_again(cycle, users):
    way = "demand_review->supply_review"
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    gates.register_gate(way, "assumptions", "Assumptions", lambda c: ["One is open."], waivable=True)
    waive_gate(cycle=cycle, transition=way, code="assumptions", reason="Minor.", actor=users["coordinator"])
    walk_to(cycle, CycleState.SUPPLY_REVIEW, users)
    reopen_step(step=get_step(cycle, "demand_review"), reason="x", actor=users["coordinator"])
    assert get_step(cycle, "demand_review").cutoff_at is None
    assert not cycle.waivers.filter(invalid_at=None).exists()
