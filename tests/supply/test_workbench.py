"""What the supply page reads, what-ifs, options taken into a plan, and the gates of the supply review."""

import pytest

from core.errors import Denied, InvalidInput, Missing
from core.models import AuditEntry, Job
from core.months import first_day
from cycles.choices import CycleState
from cycles.models import Cycle
from masterdata.models import CapacityChange, MaterialSupply, OpenPurchase, Policy
from plans.choices import VersionKind
from plans.selectors import get_snapshot, load_measure
from plans.services import create_working_version
from supply import measures as m
from supply.gates import check_balanced, check_ways_out, freeze_constrained
from supply.models import AdoptedOption, SupplyOption
from supply.selectors.heatmap import get_heatmap
from supply.selectors.options import list_options
from supply.selectors.runs import get_data_state, get_latest_run
from supply.selectors.shortages import list_shortages, sum_shortages
from supply.services.balance import run_balance
from supply.services.options import add_option_to_scenario, adopt_option, price_options, what_if, withdraw_option
from supply.services.sessions import forget_models
from tests.supply.sharing import DEC, next_plan, share
from tests.supply.world import NOV, ask, totals

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(company, cycle):
    return create_working_version(cycle=cycle, actor=None)


@pytest.fixture
def tight(version, users):
    """450 and 50 asked in November, 400 hours there are: 100 short, shared by nobody but A1."""
    forget_models()
    ask(version, {("A1", "NORTH-1"): [300] + [200] * 17, ("A1", "SOUTH-1"): [200] + [100] * 17})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    return version


def test_heatmap_shows_load_capacity_and_the_value_of_one_more_hour(tight):
    heat = get_heatmap(tight.pk)
    assert heat.months == tuple(range(NOV, NOV + 18))
    [row] = heat.rows
    assert (row.kind, row.code, row.label, row.note, row.unit) == ("line", "LINE", "Line", "Plant", "hours")
    november, december = row.cells[:2]
    assert (november.load, november.available, november.share) == (400.0, 400.0, 1.0)
    # one unit an hour at 100 − 40 for the pack − 15 for the rest, in cents
    assert november.value == 45_00
    assert (december.load, december.share, december.value) == (300.0, 0.75, 0)


def test_heatmap_has_supplier_limits_and_storage(company, tight, users):
    MaterialSupply.objects.create(material=company.material, month=NOV, max_quantity=250)
    OpenPurchase.objects.create(material=company.material, arrival_month=NOV, quantity=100)
    company.site.storage_units = 50
    company.site.save()
    run_balance(version_id=tight.pk, actor=users["supply_lead"])
    rows = {row.code: row for row in get_heatmap(tight.pk).rows}
    assert [row.kind for row in get_heatmap(tight.pk).rows] == ["line", "material", "warehouse"]
    pack = rows["PACK"].cells
    assert (pack[0].load, pack[0].available) == (250.0, 250.0)  # 150 bought, 100 on their way
    assert pack[1].share is None  # no limit stated
    assert pack[0].value > 0
    assert rows["PLANT"].cells[0].available == 50.0


def test_shortages_by_product_and_month_with_cause_in_words(tight):
    [row] = list_shortages(tight.pk)
    assert (row.product, row.month, row.quantity, row.demand) == ("A1", NOV, 100, 500)
    assert (row.revenue, row.margin) == (100 * 100_00, 100 * 45_00)
    assert (row.cause, row.cause_label, row.code, row.name) == ("resource", "line", "LINE", "Line")
    assert row.text == "Line has no hours left in Nov 2026. Relaxing it removes 100 units."
    assert row.options >= 2
    assert sum(quantity for _code, _label, quantity in row.orgs) == 100
    totals_line = sum_shortages([row])
    assert (totals_line.count, totals_line.quantity, totals_line.margin) == (1, 100, 100 * 45_00)
    assert totals_line.by_cause == (("LINE", "Line", 100),)


def test_options_are_listed_by_gain_with_their_deadline(tight):
    rows = list_options(tight.pk, cause="resource", code="LINE")
    assert [row.gain for row in rows] == sorted((row.gain for row in rows), reverse=True)
    overtime = next(row for row in rows if row.kind == "overtime")
    # 15 % of 400 hours at no known price: 60 units at 45
    assert (overtime.units, overtime.gain, overtime.is_cost_known) == (60, 60 * 45_00, False)
    assert (overtime.start_month, overtime.decide_by) == (NOV, first_day(NOV))
    assert overtime.text == "Overtime: Line"
    assert not overtime.is_adopted
    assert list_options(tight.pk, code="NOBODY") == []


def test_what_if_more_shifts_or_faster_line_re_solves_the_plan(tight, users):
    """A third shift adds 200 hours in November: nothing is short any more, 100 units at 45."""
    found = what_if(version_id=tight.pk, actor=users["supply_lead"], resource="LINE", month=NOV, shifts=3)
    assert (found.hours_before, found.hours_after) == (400.0, 600.0)
    assert (found.capacity_before, found.capacity_after) == (400, 600)
    assert (found.demand, found.short_before, found.short_after) == (500, 100, 0)
    assert (found.effect.units, found.effect.gain, found.effect.revenue) == (100, 100 * 45_00, 100 * 100_00)
    assert totals(tight, m.CONSTRAINED)[0] == 400  # nothing stored


def test_what_if_maintenance_takes_hours_and_units(tight, users):
    found = what_if(version_id=tight.pk, actor=users["supply_lead"], resource="LINE", month=NOV, lost_hours=100)
    assert (found.hours_after, found.capacity_after, found.short_after) == (300.0, 300, 200)
    assert found.effect.units == -100


def test_what_if_refuses_nonsense(tight, users):
    with pytest.raises(Missing):
        what_if(version_id=tight.pk, actor=users["supply_lead"], resource="NOBODY", month=NOV, shifts=3)
    with pytest.raises(Missing):
        what_if(version_id=tight.pk, actor=users["supply_lead"], resource="LINE", month=NOV + 18, shifts=3)
    with pytest.raises(InvalidInput):
        what_if(version_id=tight.pk, actor=users["supply_lead"], resource="LINE", month=NOV, shifts=-1)


def test_options_together_are_solved_together(tight):
    """Overtime for 60 and deferring all 100: together no more than 100 units."""
    rows = {row.kind: row for row in list_options(tight.pk) if not row.in_plan}
    both = price_options(version_id=tight.pk, option_ids=[rows["overtime"].pk, rows["defer"].pk])
    assert both.units == 100
    assert rows["overtime"].units + rows["defer"].units == 160
    with pytest.raises(Missing):
        price_options(version_id=tight.pk, option_ids=[10**9])


def test_an_option_makes_a_scenario_that_serves_what_was_promised(tight, users):
    option = SupplyOption.objects.get(run__version=tight, kind="overtime")
    scenario = add_option_to_scenario(option_id=option.pk, actor=users["supply_lead"])
    assert (scenario.kind, scenario.parent_id) == (VersionKind.SCENARIO, tight.pk)
    assert Job.objects.filter(kind="balance", scope={"version": scenario.pk}).exists()
    assert AuditEntry.objects.filter(verb="supply.option.adopted").count() == 1
    assert not get_data_state(scenario.pk).is_current
    run_balance(version_id=scenario.pk, actor=users["supply_lead"])
    assert totals(scenario, m.CONSTRAINED)[0] == 460
    assert totals(scenario, m.OVERTIME_HOURS)[0] == 60 * 100
    assert totals(tight, m.CONSTRAINED)[0] == 400
    assert get_data_state(scenario.pk).is_current


def test_who_may_not_write_scenarios_changes_nothing(tight, users):
    option = SupplyOption.objects.filter(run__version=tight, in_plan=False).first()
    with pytest.raises(Denied):
        add_option_to_scenario(option_id=option.pk, actor=users["supplier"])
    assert not AdoptedOption.objects.exists()
    assert not tight.children.exists()


def test_adopting_twice_is_once_and_withdrawing_undoes_it(tight, users):
    option = SupplyOption.objects.get(run__version=tight, kind="overtime")
    first = adopt_option(option_id=option.pk, version_id=tight.pk, actor=users["supply_lead"])
    assert adopt_option(option_id=option.pk, version_id=tight.pk, actor=users["supply_lead"]) == first
    assert [row.kind for row in list_options(tight.pk) if row.is_adopted] == ["overtime"]
    assert "An option was taken into the plan." in get_data_state(tight.pk).reasons
    withdraw_option(option_id=option.pk, version_id=tight.pk, actor=users["supply_lead"])
    assert not AdoptedOption.objects.exists()
    assert get_data_state(tight.pk).is_current


def test_data_state_says_what_changed(company, tight, users):
    assert get_data_state(tight.pk).is_current
    assert get_data_state(tight.pk).status_line.startswith("optimal, ")
    ask(tight, {("A1", "NORTH-1"): [310] * 18})
    assert get_data_state(tight.pk).reasons == ("Consensus demand changed.",)
    run_balance(version_id=tight.pk, actor=users["supply_lead"])
    company.company.revision += 1
    company.company.save()
    assert get_data_state(tight.pk).reasons == ("Master data changed.",)


def test_a_plan_never_balanced_is_empty_and_says_so(version):
    assert get_data_state(version.pk).reasons == ("The plan has not been balanced yet.",)
    assert list_shortages(version.pk) == []
    assert list_options(version.pk) == []
    assert get_heatmap(version.pk).rows == ()


def test_gate_wants_a_balance_on_current_inputs(cycle, version, users):
    ask(version, {("A1", "NORTH-1"): [300] * 18})
    assert check_balanced(cycle) == ["The plan has not been balanced yet. Supply planning runs the balance again."]
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    assert check_balanced(cycle) == []
    ask(version, {("A1", "NORTH-1"): [301] * 18})
    assert len(check_balanced(cycle)) == 1


def test_gate_wants_a_way_out_of_every_large_shortage(cycle, tight):
    assert check_ways_out(cycle) == []
    SupplyOption.objects.all().delete()
    [reason] = check_ways_out(cycle)
    assert "Model A1" in reason


def test_leaving_the_supply_review_freezes_the_constrained_plan(cycle, tight, users):
    cycle.state = CycleState.SUPPLY_REVIEW
    cycle.save()
    code = freeze_constrained(cycle, users["supply_lead"])
    assert get_snapshot(code).kind == "S"
    heads = {head.measure: head.sealed for head in tight.heads.all()}
    assert heads[m.CONSTRAINED]
    assert heads[m.OVERTIME_HOURS]
    assert not heads["revenue"]


def test_causes_are_said_in_chinese_too(tight):
    from django.utils import translation

    with translation.override("zh-hans"):
        [row] = list_shortages(tight.pk)
        assert row.cause_label == "产线"
        assert "2026年11月" in row.text
        assert "工时" in row.text


def test_maintenance_shows_in_the_heatmap(company, tight, users):
    CapacityChange.objects.create(resource=company.line, month=NOV + 1, lost_hours=150, reason="maintenance")
    run_balance(version_id=tight.pk, actor=users["supply_lead"])
    cell = get_heatmap(tight.pk).rows[0].cells[1]
    assert (cell.available, cell.load) == (250.0, 250.0)
    load = load_measure(version_id=tight.pk, measure=m.LOAD_HOURS)
    assert load.values.max() <= 400 * 100


def test_where_a_rule_is_broken_one_hour_more_has_no_worth(company, cycle, users, client):
    """December's 100 are frozen and 50 hours are left: the price of the broken release is no worth of an hour."""
    shared = share(company, cycle, users)
    Policy.objects.update(frozen_months=1)
    CapacityChange.objects.create(resource=company.line, month=DEC, lost_hours=350, reason="fire")
    plan = next_plan(shared)
    [finding] = [row for row in get_latest_run(plan.pk).findings if row["code"] == "frozen_cut"]
    assert (finding["values"]["missing"], finding["values"]["when"]) == ("LINE, PACK, SEAT", "2026-12")
    december, january = get_heatmap(plan.pk).rows[0].cells[:2]
    assert (december.load, december.is_missing, december.value) == (50.0, True, 0)
    assert (january.is_missing, january.value) == (False, 0)
    Cycle.objects.filter(pk=cycle.pk).update(state="closed")
    client.force_login(users["production"])
    assert "<small>!</small>" in client.get("/supply/").content.decode()


@pytest.mark.parametrize(("role", "sees"), [("supply_lead", True), ("finance", True), ("production", False)])
def test_the_heading_names_lost_margin_only_to_who_may_see_it(tight, users, client, role, sees):
    client.force_login(users[role])
    page = client.get("/supply/").content.decode()
    assert ("of margin" in page) is sees
    assert "1 shortage, 100 units" in page
