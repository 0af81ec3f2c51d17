"""A cycle from its start to the frozen demand, and everything that stops it on the way."""

import pytest

from core.errors import GuardFailed
from core.jobs import run_job_now
from cycles.choices import CycleState, StepCode
from cycles.selectors import get_step, list_readiness
from cycles.services import (
    advance_cycle,
    reopen_step,
    sign_off,
    start_cycle,
    submit_material,
    waive_gate,
)
from demand import gates
from demand.models import Assumption
from demand.services import add_assumption, assess_assumption, enqueue_forecast
from meetings.services import begin_meeting, record_attendance
from plans.models import Version
from plans.selectors import get_heads, get_valid_snapshot, get_working_version, load_measure, verify_snapshot
from plans.services import CellEdit, Note, save_cells
from tests.demand.world import MONTH, ORGS, PRODUCTS, history_sheet, import_sheets
from tests.factories import make_user


@pytest.fixture
def people(db):
    roles = ["coordinator", "demand_lead", "sales", "production", "supply_lead", "executive", "purchasing", "finance"]
    return {role: make_user(role) for role in roles}


@pytest.fixture
def company(people, tmp_path):
    import_sheets(tmp_path / "company", products=PRODUCTS, orgs=ORGS, history=history_sheet())
    return tmp_path


@pytest.fixture
def cycle(company, people):
    return start_cycle(month=MONTH, actor=people["coordinator"])


def run_forecast(cycle, people):
    run_job_now(enqueue_forecast(cycle=cycle, actor=people["demand_lead"]))


def to_review(cycle, people):
    run_forecast(cycle, people)
    return advance_cycle(cycle=cycle, to=CycleState.DEMAND_REVIEW, actor=people["coordinator"])


def unmet(cycle):
    return {line.code: line.reasons for line in list_readiness(cycle) if not line.is_met}


def total(cycle, measure, ahead=0):
    cube = load_measure(version_id=get_working_version(cycle).pk, measure=measure)
    return int(cube.window(MONTH + ahead, 1).values.sum())


def hand_in_and_cosign(cycle, people):
    step = get_step(cycle, StepCode.DEMAND_REVIEW)
    givers = {"sales": "sales", "production": "production", "supply": "supply_lead"}
    for department, role in givers.items():
        submit_material(step=step, department=department, content={"note": "x"}, actor=people[role])
    begin_meeting(step=get_step(cycle, StepCode.DEMAND_REVIEW), actor=people["demand_lead"])
    for role in givers.values():
        step = get_step(cycle, StepCode.DEMAND_REVIEW)
        record_attendance(step=step, user=people[role], presence="present", actor=people["coordinator"])
    for department, role in givers.items():
        sign_off(step=get_step(cycle, StepCode.DEMAND_REVIEW), department=department, actor=people[role])


def test_starting_a_cycle_makes_the_plan_with_actuals_and_budget(company, people):
    import_sheets(company / "t", targets="kind,month,product,org,quantity\nbudget,2026-06,CARS,CN,1300\n")
    cycle = start_cycle(month=MONTH, actor=people["coordinator"])
    assert cycle.state == CycleState.COLLECTING
    assert total(cycle, "actual", -1) == 1200
    assert total(cycle, "budget") == 1300


def test_the_review_does_not_open_without_a_current_forecast(cycle, people):
    assert unmet(cycle) == {
        "forecast": ["The statistical forecast has not run yet; the demand lead runs it."],
    }
    with pytest.raises(GuardFailed):
        advance_cycle(cycle=cycle, to=CycleState.DEMAND_REVIEW, actor=people["coordinator"])
    cycle.refresh_from_db()
    assert cycle.state == CycleState.COLLECTING


def test_a_forecast_of_an_older_history_does_not_count(cycle, company, people):
    run_forecast(cycle, people)
    assert unmet(cycle) == {}
    import_sheets(company / "more", history="product,org,month,quantity\nE7,SZ,2026-05,260\n")
    assert list(unmet(cycle)) == ["forecast"]


def test_the_closed_month_must_be_loaded(company, people):
    cycle = start_cycle(month=MONTH + 1, actor=people["coordinator"])
    reasons = unmet(cycle)
    assert reasons["actuals"] == ["No sales of Jun 2026 are loaded; the coordinator imports the sheet “history”."]


def test_a_half_loaded_month_is_noticed_and_can_be_waived(company, people):
    low = "product,org,month,quantity\n" + "".join(
        f"{p},{o},2026-05,1\n" for p, o in (("E7", "BJ"), ("E7", "GZ"), ("E7", "SZ"), ("E5", "BJ"))
    )
    import_sheets(company / "low", history=low)
    cycle = start_cycle(month=MONTH, actor=people["coordinator"])
    run_forecast(cycle, people)
    assert list(unmet(cycle)) == ["quality"]
    assert "104" in unmet(cycle)["quality"][0]
    waive_gate(
        cycle=cycle, transition=gates.OPENING, code="quality", reason="plant strike", actor=people["coordinator"]
    )
    assert advance_cycle(cycle=cycle, to=CycleState.DEMAND_REVIEW, actor=people["coordinator"]).state == "demand_review"


def test_opening_the_review_lays_the_departments_figures_over_the_plan(cycle, company, people):
    import_sheets(
        company / "inputs", inputs="stream,product,org,month,quantity,reason\nsales,E7,SOUTH,2026-07,700,survey\n"
    )
    assert total(cycle, "sales", 1) == 0
    cycle = to_review(cycle, people)
    assert total(cycle, "sales", 1) == 700
    assert total(cycle, "proposal") == pytest.approx(1200, abs=2)


def test_demand_is_frozen_when_the_lead_signs(cycle, people):
    cycle = to_review(cycle, people)
    hand_in_and_cosign(cycle, people)
    assert unmet(cycle) == {}
    before = load_measure(version_id=get_working_version(cycle).pk, measure="consensus").values.copy()
    step = get_step(cycle, StepCode.DEMAND_REVIEW)
    signed = sign_off(step=step, department="supply", actor=people["demand_lead"], lead=True)
    cycle.refresh_from_db()
    assert cycle.state == CycleState.SUPPLY_REVIEW
    version = get_working_version(cycle)
    code = get_valid_snapshot(version_id=version.pk, kind="D").code
    assert signed.snapshot_code == code
    assert verify_snapshot(code=code) == []
    heads = get_heads(version_id=version.pk)
    assert all(heads[m].sealed for m in ("consensus", "sales", "baseline", "actual") if m in heads)
    assert heads["override"].sealed
    assert not heads["constrained"].sealed
    assert (load_measure(version_id=version.pk, measure="consensus").values == before).all()
    assert total(cycle, "flex_capacity") == pytest.approx(1200 * 1.056, abs=2)


def test_an_override_without_a_reason_holds_the_review_open(cycle, people):
    cycle = to_review(cycle, people)
    version = get_working_version(cycle)
    cube = load_measure(version_id=version.pk, measure="consensus")
    (a, b), value = cube.axis.keys[0].tolist(), int(cube.values[0, 1])
    save_cells(
        version_id=version.pk, edits=[CellEdit("consensus", a, b, MONTH + 1, value + 50, value)],
        actor=people["demand_lead"],
    )  # fmt: skip
    assert gates.check_reasons(cycle) == ["1 overrides have no reason; their authors give one or take them back."]
    again = CellEdit("consensus", a, b, MONTH + 1, value + 60, value + 50, note=Note("customer", comment="letter"))
    save_cells(version_id=version.pk, edits=[again], actor=people["demand_lead"])
    assert gates.check_reasons(cycle) == []


def test_every_assumption_is_looked_at_each_cycle(cycle, people):
    old = add_assumption(cycle=cycle, text="Subsidy stays until December", actor=people["sales"])
    assert gates.check_assumptions(cycle) == []
    Assumption.objects.filter(pk=old.pk).update(reviewed_at=None)
    assert "Subsidy stays until December" in gates.check_assumptions(cycle)[0]
    assess_assumption(assumption=old, state="active", note="", actor=people["sales"])
    assert gates.check_assumptions(cycle) == []


def test_what_still_matters_is_carried_into_the_next_cycle(cycle, people):
    add_assumption(cycle=cycle, text="Subsidy stays", actor=people["sales"])
    gone = add_assumption(cycle=cycle, text="Plant strike", actor=people["sales"])
    assess_assumption(assumption=gone, state="expired", note="over", actor=people["sales"])
    following = start_cycle(month=MONTH + 1, actor=people["coordinator"])
    carried = Assumption.objects.get(cycle=following)
    assert (carried.text, carried.reviewed_at) == ("Subsidy stays", None)


def test_reopening_an_earlier_step_opens_demand_again_in_a_new_plan(cycle, people):
    run_forecast(cycle, people)
    cycle = advance_cycle(cycle=cycle, to=CycleState.DEMAND_REVIEW, actor=people["coordinator"])
    gates.freeze_demand(cycle, people["demand_lead"])
    step = get_step(cycle, StepCode.BUSINESS_REVIEW)
    reopen_step(step=step, reason="wrong month loaded", actor=people["coordinator"])
    assert Version.objects.filter(cycle=cycle, current=False).count() == 1
    assert total(cycle, "consensus") == pytest.approx(1200, abs=2)
    assert not any(head.sealed for head in get_heads(version_id=get_working_version(cycle).pk).values())
