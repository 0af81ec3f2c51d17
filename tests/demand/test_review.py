"""The look back: errors by lag, deviations by money, root causes; assumptions held against what was sold."""

import numpy as np
import pytest

from core.choices import JobState
from core.errors import Denied, InvalidInput, Missing
from core.jobs import run_job_now
from core.models import AuditEntry, Job
from demand.choices import AssumptionState
from demand.models import Assumption, RootCause
from demand.review_board import ReviewBoard
from demand.selectors.accuracy import find_forecast_plan, list_forecast_plans
from demand.selectors.deviations import load_deviations, review_nodes
from demand.selectors.place import find_place
from demand.services import add_assumption, assess_assumption, check_assumptions, enqueue_assumption_check
from demand.services.deviations import explain_deviation
from demand.triggers import Reading, Trigger, judge_trigger
from masterdata.models import Org, Price, Product
from plans.hierarchy import load_hierarchy
from plans.services import freeze_version, reopen_version
from tests.demand.test_accuracy_figures import closed, publish_may  # noqa: F401
from tests.demand.world import MONTH, MONTHLY, import_sheets
from tests.factories import make_user

MAY = MONTH - 1


@pytest.fixture
def looked_back(closed):  # noqa: F811
    """May was forecast 560 for E7 in Beijing (500 came) and 30 for S6 in Guangzhou (40 came); the rest was right."""
    for code, price in (("E7", 100), ("S6", 1000)):
        Price.objects.create(product=Product.objects.get(code=code), from_month=MAY - 12, price=price, currency="")
    forecast = {**MONTHLY, ("E7", "BJ"): 560, ("S6", "GZ"): 30}
    publish_may(closed, "baseline", forecast)
    publish_may(closed, "proposal", forecast)
    freeze_version(version_id=closed.may.version.pk, kind="D", actor=None)
    return closed


def everywhere(scope=None):
    from accounts.models import Scope

    return find_place(scope=scope or Scope(products=None, orgs=None), product=None, org=None)


def test_deviations_stand_by_money(looked_back):
    found = load_deviations(cycle=looked_back.cycle, place=everywhere())
    assert [(row.product.code, row.org.code, row.forecast, row.actual, row.units) for row in found] == [
        ("FUEL", "SOUTH", 30, 40, 10),
        ("NEV", "NORTH", 660, 600, -60),
    ]
    assert [row.revenue for row in found] == [10 * 1000 * 100, 60 * 100 * 100]  # minor units
    assert found[1].share == pytest.approx(-100 * 60 / 660)


def test_a_plan_reopened_for_its_supply_still_says_what_was_forecast(looked_back):
    """An option decided by the executives opens the supply steps again; the demand agreed stays what it was."""
    agreed = looked_back.may.version.pk
    reopened = reopen_version(version_id=agreed, kind="S", actor=None, reason="an option is taken")
    assert list_forecast_plans(looked_back.cycle, 1) == [(MAY, agreed)]
    assert find_forecast_plan(month=MAY, lag=1) == agreed
    reopen_version(version_id=reopened.pk, kind="D", actor=None, reason="demand is agreed anew")
    assert list_forecast_plans(looked_back.cycle, 1) == []


def test_a_region_sees_its_own_deviations(looked_back):
    from accounts.models import Scope

    north = everywhere(Scope(products=None, orgs=frozenset({"NORTH"})))
    assert [row.org.code for row in load_deviations(cycle=looked_back.cycle, place=north)] == ["NORTH"]


def test_lags_by_leaf_by_model_and_in_total(looked_back):
    lead = make_user("demand_lead")
    board = ReviewBoard(looked_back.cycle, everywhere(), lead)
    (line,) = board.lags
    assert line.lag == 1
    assert line.leaf.wmape == pytest.approx(100 * 70 / 1200)
    assert line.leaf.bias == pytest.approx(100 * 50 / 1200)
    assert line.tracking == pytest.approx(1.0)  # one month: Σ(F − A) / |F − A|
    assert [round(step.error, 2) for step in board.steps] == [0.0, 5.83, 5.83, 5.83, 5.83, 5.83]
    assert board.message == "May 2026 sold 7.2\xa0% less than forecast. 2 large deviations have no cause yet."


def test_a_cause_is_recorded_once_and_may_be_corrected(looked_back):
    lead = make_user("demand_lead")
    row = load_deviations(cycle=looked_back.cycle, place=everywhere())[0]
    where = {"cycle": looked_back.cycle, "product": row.product, "org": row.org, "month": MAY, "actor": lead}
    explain_deviation(**where, cause="market", note="")
    explain_deviation(**where, cause="timing", note="Fleet order moved")
    found = load_deviations(cycle=looked_back.cycle, place=everywhere())[0].root
    assert (found.cause, found.note, found.author) == ("timing", "Fleet order moved", lead)
    assert RootCause.objects.count() == 1


def test_bad_causes_change_nothing(looked_back):
    lead, north = make_user("demand_lead"), make_user("sales", orgs=("NORTH",))
    row = load_deviations(cycle=looked_back.cycle, place=everywhere())[0]
    where = {"cycle": looked_back.cycle, "product": row.product, "org": row.org, "note": ""}
    with pytest.raises(InvalidInput):
        explain_deviation(**where, month=MAY, cause="weather", actor=lead)
    with pytest.raises(InvalidInput):
        explain_deviation(**where, month=MONTH, cause="market", actor=lead)
    with pytest.raises(Missing):
        explain_deviation(**where, month=MAY, cause="market", actor=north)
    with pytest.raises(Denied):
        explain_deviation(**where, month=MAY, cause="market", actor=make_user("quality"))
    assert not RootCause.objects.exists()


@pytest.mark.parametrize(
    ("kind", "threshold", "measured", "is_over", "state"),
    [
        ("share_min", 95, 95, False, "active"),
        ("share_min", 95, 95, True, "confirmed"),
        ("share_min", 95, 92, False, "at_risk"),  # missed by 3, near is 4.75
        ("share_min", 95, 92, True, "broken"),
        ("share_min", 95, 90, False, "broken"),
        ("share_max", 105, 104, False, "active"),
        ("share_max", 105, 110, False, "at_risk"),
        ("share_max", 105, 111, False, "broken"),
        ("units_min", 1000, 940, False, "broken"),
        ("units_max", 1000, 1040, False, "at_risk"),
    ],
)
def test_what_a_measurement_says(kind, threshold, measured, is_over, state):
    assert judge_trigger(kind, threshold, measured, is_over=is_over) == state


@pytest.mark.parametrize(
    ("shares", "is_over", "state"),
    [
        ((96, 95, 99), False, "active"),
        ((96, 94, 99), False, "at_risk"),  # one of two misses
        ((94, 99, 80), False, "broken"),
        ((94, 99, 96), True, "confirmed"),
        ((94, 94), False, "broken"),  # the third month was not measured
    ],
)
def test_missed_months_are_counted(shares, is_over, state):
    """Below 95 % of the consensus in 2 of 3 months; each month by itself, however near the miss."""
    trigger = Trigger("share_min", 95, months=3, misses=2)
    readings = [Reading(MAY - len(shares) + 1 + i, share, 100) for i, share in enumerate(shares)]
    assert trigger.judge(readings, is_over=is_over) == state


def test_months_taken_together_even_out():
    """80 of 100 and 310 of 300: 390 of 400 are 97.5 %, though one month alone missed by far; units are a mean."""
    readings = [Reading(MAY - 1, 80, 100), Reading(MAY, 310, 300)]
    assert Trigger("share_min", 95, months=3, is_sum=True).figure(readings) == 97.5
    assert Trigger("share_min", 95, months=3, is_sum=True).judge(readings) == "active"
    assert Trigger("share_min", 100, months=3, is_sum=True).judge(readings) == "at_risk"
    assert Trigger("units_max", 190, months=3, is_sum=True).figure(readings) == 195
    assert Trigger("units_max", 190, months=3, is_sum=True).judge(readings) == "at_risk"


def test_an_assumption_over_several_months(looked_back, client):
    """1,200 cars were sold in every month of 36; only May had been forecast, 1,250 of them."""
    lead = make_user("demand_lead")
    common = {"cycle": looked_back.cycle, "actor": lead, "trigger_months": 3}
    units = add_assumption(text="u", trigger="units_min", trigger_value=1201.0, trigger_misses=3, **common)
    mean = add_assumption(text="m", trigger="units_min", trigger_value=1200.0, trigger_is_sum=True, **common)
    share = add_assumption(text="s", trigger="share_min", trigger_value=99.0, trigger_misses=2, **common)
    assert check_assumptions(cycle=looked_back.cycle, actor=None) == {"checked": 3, "changed": 2}
    for row in (units, mean, share):
        row.refresh_from_db()
    assert units.readings == [[MAY - 2, 1200, None], [MAY - 1, 1200, None], [MAY, 1200, None]]
    assert (units.state, mean.state, mean.measured) == ("broken", "active", 1200)
    assert share.readings == [[MAY, 1200, 1250]]
    assert (share.state, share.measured) == ("at_risk", 96)
    client.force_login(lead)
    page = client.get("/demand/assumptions/").content.decode()
    for told in (
        "broken when missed in 3 of 3 months",
        "missed in 3 of 3",
        "1,200 of 1,250 = 96\xa0%",
        "on average 1,200 a month",
    ):
        assert told in page, told
    listed = client.get("/api/v1/demand/assumptions/").json()["results"]
    assert listed[2]["readings"] == [{"month": "2026-05", "sold": 1200, "forecast": 1250}]


def test_a_trigger_of_impossible_months_is_refused(looked_back):
    lead = make_user("demand_lead")
    for months, misses in ((0, 1), (13, 1), (3, 4), (3, 0)):
        with pytest.raises(InvalidInput):
            add_assumption(
                cycle=looked_back.cycle, text="x", trigger="units_min", trigger_value=1.0, trigger_months=months,
                trigger_misses=misses, actor=lead,
            )  # fmt: skip
    assert not Assumption.objects.exists()


def test_an_assumption_whose_time_passed_unmeasured_expires(looked_back):
    """April has sales but no forecast: its share can never be measured. Where people judge, the time is up as well."""
    lead = make_user("demand_lead")
    common = {"cycle": looked_back.cycle, "actor": lead, "until": MAY - 1}
    share = add_assumption(text="s", trigger="share_min", trigger_value=99.0, **common)
    judged = add_assumption(text="j", **common)
    units = add_assumption(text="u", trigger="units_min", trigger_value=1200.0, **common)
    check_assumptions(cycle=looked_back.cycle, actor=lead)
    states = [Assumption.objects.get(pk=row.pk).state for row in (share, judged, units)]
    assert states == ["expired", "expired", "confirmed"]


def test_nobody_assesses_an_assumption_of_another_region(looked_back):
    lead, north = make_user("demand_lead"), make_user("sales", orgs=("NORTH",))
    row = add_assumption(cycle=looked_back.cycle, text="South", org=Org.objects.get(code="SOUTH"), actor=lead)
    before = Assumption.objects.filter(pk=row.pk).values().get(), AuditEntry.objects.count()
    with pytest.raises(Missing):
        assess_assumption(assumption=row, state="broken", note="x", actor=north)
    assert (Assumption.objects.filter(pk=row.pk).values().get(), AuditEntry.objects.count()) == before


def test_sales_break_an_assumption_and_it_asks_to_be_looked_at(looked_back):
    lead = make_user("demand_lead")
    nev, north = Product.objects.get(code="NEV"), Org.objects.get(code="NORTH")
    common = {"cycle": looked_back.cycle, "actor": lead}
    broken = add_assumption(
        text="North buys what is forecast", product=nev, org=north, trigger="share_min", trigger_value=100.0, **common
    )
    kept = add_assumption(text="We sell 1,000 cars", trigger="units_min", trigger_value=1000.0, until=MAY, **common)
    silent = add_assumption(text="The subsidy stays", **common)
    job = run_job_now(enqueue_assumption_check(cycle=looked_back.cycle, actor=lead))
    assert job.result == {"checked": 2, "changed": 2}
    for row in (broken, kept, silent):
        row.refresh_from_db()
    assert (broken.state, broken.reviewed_at, broken.checked_month) == (AssumptionState.BROKEN, None, MAY)
    assert broken.measured == pytest.approx(100 * 600 / 660)
    assert (kept.state, kept.measured) == (AssumptionState.CONFIRMED, 1200)
    assert (silent.state, silent.checked_month) == (AssumptionState.ACTIVE, None)
    assert check_assumptions(cycle=looked_back.cycle, actor=lead) == {"checked": 0, "changed": 0}


def test_sales_that_come_later_or_are_corrected_are_checked_by_themselves(
    looked_back, django_capture_on_commit_callbacks
):
    lead, e7 = make_user("demand_lead"), Product.objects.get(code="E7")
    row = add_assumption(
        cycle=looked_back.cycle, text="E7", product=e7, trigger="units_min", trigger_value=1000.0, actor=lead
    )

    def load(beijing: int) -> tuple[str, float]:
        history = f"product,org,month,quantity\nE7,BJ,2026-05,{beijing}\n"
        with django_capture_on_commit_callbacks(execute=True):
            import_sheets(looked_back.folder / str(beijing), history=history)
        for job in Job.objects.filter(state=JobState.QUEUED):
            assert (job.kind, run_job_now(job).state) == ("check_assumptions", JobState.DONE)
        row.refresh_from_db()
        return row.state, row.measured

    assert load(450) == (AssumptionState.AT_RISK, 950)  # 300 + 200 in the south
    assert load(400) == (AssumptionState.BROKEN, 900)
    assert load(510) == (AssumptionState.ACTIVE, 1010)  # only the check had broken it
    assess_assumption(assumption=row, state="broken", note="Half of it is one fleet", actor=lead)
    assert check_assumptions(cycle=looked_back.cycle, actor=lead) == {"checked": 0, "changed": 0}
    assert load(520) == (AssumptionState.BROKEN, 1010)  # a person's word stands


def test_a_review_speaks_of_regions_even_where_they_have_nothing_below(looked_back):
    import_sheets(looked_back.folder / "export", orgs="code,name,parent,level\nEXPORT,Export,CN,region\n")
    hierarchy = load_hierarchy()
    export, nev = hierarchy.orgs.id_of("EXPORT"), hierarchy.products.id_of("NEV")
    keys = np.array([[looked_back.p["E7"], export], [looked_back.p["E7"], looked_back.o["BJ"]]])
    assert review_nodes(hierarchy, keys).tolist() == [[nev, export], [nev, looked_back.o["NORTH"]]]


def test_a_trigger_needs_a_number(looked_back):
    lead = make_user("demand_lead")
    for value in (None, float("nan")):
        with pytest.raises(InvalidInput):
            add_assumption(cycle=looked_back.cycle, text="x", trigger="units_min", trigger_value=value, actor=lead)
    assert not Assumption.objects.exists()


def test_assumptions_of_other_regions_are_not_listed(looked_back, client):
    lead, sales = make_user("demand_lead"), make_user("sales", orgs=("NORTH",))
    south = add_assumption(cycle=looked_back.cycle, text="South", org=Org.objects.get(code="SOUTH"), actor=lead)
    add_assumption(cycle=looked_back.cycle, text="Everywhere", actor=lead)
    client.force_login(sales)
    listed = client.get("/api/v1/demand/assumptions/").json()["results"]
    assert [row["text"] for row in listed] == ["Everywhere"]
    answer = client.post(
        f"/api/v1/demand/assumptions/{south.pk}/", {"state": "broken", "note": "x"}, content_type="application/json"
    )
    assert answer.status_code == 404
    south.refresh_from_db()
    assert south.state == AssumptionState.ACTIVE
    page = client.get("/demand/assumptions/").content.decode()
    assert 'value="NORTH"' in page
    assert 'value="SOUTH"' not in page


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_pages_open(looked_back, client, language):
    lead = make_user("demand_lead", language=language)
    add_assumption(cycle=looked_back.cycle, text="E7", trigger="units_min", trigger_value=900.0, actor=lead)
    client.force_login(lead)
    for path in ("/demand/review/", "/demand/review/?lag=2", "/demand/assumptions/"):
        assert client.get(path).status_code == 200, path
    told = {"en": "sales at least 900 units a month", "zh-hans": "月销量至少900件"}[language]
    assert told in client.get("/demand/assumptions/").content.decode()
