"""From the supply page to the decision list, to the executive's word, into the plan."""

import pytest

from core.errors import Conflict, InvalidInput, Missing
from core.jobs import run_job_now
from demand.measures import OVERRIDE
from finance.selectors import MoneyView, is_valued
from finance.services import value_plan
from masterdata.models import Target
from meetings.boards import load_executive_board, load_presop_board
from meetings.gates import check_applied, check_gaps
from meetings.models import Decision
from meetings.selectors import list_waiting
from meetings.services import apply_decisions, ask_about_supply, decide
from plans.choices import FreezeKind
from plans.selectors import get_heads, get_valid_snapshot, get_working_version, load_measure
from plans.services import create_working_version, freeze_version
from supply.measures import CONSENSUS, CONSTRAINED
from supply.models import SupplyOption
from supply.selectors.adopted import list_adopted
from supply.selectors.options import list_options
from supply.selectors.runs import get_data_state
from supply.services import sessions
from supply.services.balance import run_balance
from supply.services.keeping import keep_trial
from tests.factories import make_cycle
from tests.supply.world import NOV, ask, totals

pytestmark = pytest.mark.django_db


@pytest.fixture
def cycle(company, users):
    """In the executive meeting; 400 hours a month, an hour a unit, 500 asked in November; demand and supply sealed."""
    sessions.forget_models()
    cycle = make_cycle("2026-11", state="executive")
    version = create_working_version(cycle=cycle, actor=None)
    ask(version, {("A1", "NORTH-1"): [300] + [200] * 17, ("B1", "SOUTH-1"): [200] + [100] * 17})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    value_plan(version_id=version.pk, actor=users["finance"])
    for kind in (FreezeKind.DEMAND, FreezeKind.SUPPLY):
        freeze_version(version_id=version.pk, kind=kind, actor=users["coordinator"])
    return cycle


@pytest.fixture
def ways(cycle):
    return [row for row in list_options(get_working_version(cycle).pk) if not row.in_plan]


def keep_order(cycle, users, quantity=250):
    """A rush order of B1 for the south in November, kept in a scenario and balanced there."""
    order = {"kind": "order", "product": "B1", "org": "SOUTH-1", "month": NOV, "quantity": quantity}
    scenario, job = keep_trial(
        version_id=get_working_version(cycle).pk, settings=[order], actor=users["sales"], name="Fair order"
    )
    assert run_job_now(job).state == "done"
    value_plan(version_id=scenario.pk, actor=users["finance"])
    return scenario


def test_ways_out_become_one_question_with_their_priced_effects(cycle, ways, users):
    first, second, third = ways[:3]
    item = ask_about_supply(cycle=cycle, options=[first.pk, second.pk], actor=users["supply_lead"])
    assert (item.state, item.source, item.facts["bottlenecks"]) == ("proposed", "supply", ["LINE"])
    assert [(o["code"], o["supply_option"], o["effects"]["gain"], o["effects"]["cost"]) for o in item.options] == [
        ("A", first.pk, first.gain, first.cost),
        ("B", second.pk, second.gain, second.cost),
    ]
    assert item.decide_by == min(first.decide_by, second.decide_by)
    assert item.money_at_stake == 100 * 45_00  # a hundred of 500 are short, 45 a unit
    again = ask_about_supply(cycle=cycle, options=[second.pk, third.pk], actor=users["sales"])
    assert again.pk == item.pk
    assert [o["code"] for o in again.options] == ["A", "B", "C"]
    assert ask_about_supply(cycle=cycle, options=[third.pk], actor=users["sales"]).revision == again.revision
    assert Decision.objects.count() == 1
    lines = load_presop_board(cycle, sees_costs=True).decisions
    assert [line.question for line in lines] == ["Which way out of the bottleneck Line?"]
    assert [line.number for line in load_executive_board(cycle, sees_costs=True).decisions] == [item.number]


def test_the_effect_of_an_option_is_added_to_the_plan_over_the_same_months(cycle, ways, users):
    """Options are priced over the horizon of 18 months; a budget of twelve is no goal for it."""
    ask_about_supply(cycle=cycle, options=[ways[0].pk], actor=users["supply_lead"])
    for month in range(NOV, NOV + 12):
        Target.objects.create(kind="budget", month=month, quantity=500, revenue=50_000, profit=20_000)
    board = load_executive_board(cycle, sees_costs=True)
    plan = MoneyView(version_id=get_working_version(cycle).pk, months=range(NOV, NOV + 18)).statement()
    assert board.horizon == range(NOV, NOV + 18)
    assert board.effects["base"] == {
        "revenue": plan.total("revenue"), "profit": plan.total("profit"), "short": 100,
    }  # fmt: skip
    assert board.effects["goal"] == {"revenue": None, "profit": None, "short": 0}
    for month in range(NOV + 12, NOV + 18):
        Target.objects.create(kind="budget", month=month, quantity=500, revenue=50_000, profit=20_000)
    goal = load_executive_board(cycle, sees_costs=True).effects["goal"]
    assert goal == {"revenue": 18 * 50_000_00, "profit": 18 * 20_000_00, "short": 0}


def test_a_gap_that_waits_for_a_bottleneck_asked_about_is_answered(cycle, ways, users):
    assert check_gaps(cycle)
    ask_about_supply(cycle=cycle, options=[ways[0].pk], actor=users["supply_lead"])
    assert check_gaps(cycle) == []


def test_an_approved_way_out_is_in_the_plan_that_is_approved(cycle, ways, users):
    before = totals(get_working_version(cycle), CONSTRAINED)[0]
    overtime = next(row for row in ways if row.kind == "overtime")
    item = ask_about_supply(cycle=cycle, options=[row.pk for row in ways[:3]], actor=users["supply_lead"])
    letter = next(o["code"] for o in item.options if o["supply_option"] == overtime.pk)
    decide(decision=item, verdict="approved", option=letter, actor=users["executive"])
    assert [one.decision for one in list_waiting(cycle)] == [item]
    assert check_applied(cycle) != []
    plan = apply_decisions(cycle=cycle, actor=users["executive"])
    assert plan == get_working_version(cycle)
    assert [adopted.option_id for adopted in list_adopted(plan)] == [overtime.pk]
    assert (before, totals(plan, CONSTRAINED)[0]) == (400, 400 + round(overtime.amount))
    assert get_data_state(plan.pk).is_current
    assert is_valued(version_id=plan.pk)
    assert check_applied(cycle) == []
    assert apply_decisions(cycle=cycle, actor=users["executive"]) == plan


def test_a_scenario_on_the_list_carries_its_own_difference(cycle, users):
    base = get_working_version(cycle)
    scenario = keep_order(cycle, users)
    item = ask_about_supply(cycle=cycle, scenarios=[scenario.pk], actor=users["supply_lead"])
    effects = item.options[0]["effects"]
    served = [sum(totals(version, CONSTRAINED)) for version in (scenario, base)]
    assert (item.options[0]["title"], item.options[0]["scenario"]) == ("Fair order", scenario.pk)
    assert effects["units"] == served[0] - served[1]
    kept = SupplyOption.objects.get(kind="rush_order")
    assert abs(effects["gain"] - kept.gain) <= 1  # what was promised when it was tried
    line = load_presop_board(cycle, sees_costs=True).decisions[0]
    assert line.question == "Is “Fair order” taken into the plan?"
    assert load_presop_board(cycle, sees_costs=False).decisions[0].options[0]["effects"]["gain"] is None


def test_an_approved_rush_order_is_asked_and_served_in_the_plan(cycle, users):
    scenario = keep_order(cycle, users)
    item = ask_about_supply(cycle=cycle, scenarios=[scenario.pk], actor=users["supply_lead"])
    decide(decision=item, verdict="approved", option="A", actor=users["executive"])
    old = get_working_version(cycle)
    plan = apply_decisions(cycle=cycle, actor=users["executive"])
    assert totals(old, CONSENSUS)[0] == 500  # what was frozen stays
    assert totals(plan, CONSENSUS)[0] == 750
    for measure in (CONSENSUS, CONSTRAINED):
        ours, theirs = (load_measure(version_id=version.pk, measure=measure) for version in (plan, scenario))
        assert ours.same_numbers(theirs)
    assert MoneyView(version_id=plan.pk).statement() == MoneyView(version_id=scenario.pk).statement()
    assert get_heads(version_id=plan.pk)[OVERRIDE].sealed
    assert get_valid_snapshot(version_id=plan.pk, kind=FreezeKind.DEMAND) is not None
    assert list_waiting(cycle) == []
    assert apply_decisions(cycle=cycle, actor=users["executive"]) == plan


def test_two_scenarios_that_contradict_each_other_change_nothing(cycle, users):
    for quantity in (250, 100):
        scenario = keep_order(cycle, users, quantity)
        item = ask_about_supply(cycle=cycle, scenarios=[scenario.pk], actor=users["supply_lead"])
        decide(decision=item, verdict="approved", option="A", actor=users["executive"])
    plan = get_working_version(cycle)
    with pytest.raises(Conflict):
        apply_decisions(cycle=cycle, actor=users["executive"])
    assert get_working_version(cycle) == plan
    assert get_valid_snapshot(version_id=plan.pk, kind=FreezeKind.DEMAND) is not None


def test_what_cannot_be_asked(cycle, ways, users):
    scenario = keep_order(cycle, users)
    kept = SupplyOption.objects.get(kind="rush_order")
    for words, refusal in (
        ({}, InvalidInput),
        ({"options": [ways[0].pk], "scenarios": [scenario.pk]}, InvalidInput),
        ({"options": [kept.pk]}, Missing),
        ({"options": [987_654]}, Missing),
        ({"scenarios": [get_working_version(cycle).pk]}, Missing),
    ):
        with pytest.raises(refusal):
            ask_about_supply(cycle=cycle, actor=users["supply_lead"], **words)
    other = make_cycle("2026-12", state="supply_review")
    with pytest.raises(Missing):
        ask_about_supply(cycle=other, options=[ways[0].pk], actor=users["supply_lead"])
    assert not Decision.objects.exists()


def test_a_scenario_that_is_not_balanced_is_not_asked_about(cycle, ways, users):
    scenario, _job = keep_trial(
        version_id=get_working_version(cycle).pk, settings=[], option_ids=[ways[0].pk], actor=users["supply_lead"]
    )
    with pytest.raises(Conflict):
        ask_about_supply(cycle=cycle, scenarios=[scenario.pk], actor=users["supply_lead"])
    assert not Decision.objects.exists()
