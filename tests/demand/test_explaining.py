"""Why the forecast of a place is what it is: formulas by hand, drivers found, odd months asked about."""

import re

import numpy as np
import pytest

from accounts.models import Scope
from core.errors import Denied, InvalidInput, Missing
from core.models import AuditEntry
from core.months import format_month
from demand.explain_board import build_explanation, list_place_activities
from demand.explaining import explain_place, season_percent, trend_percent
from demand.models import OutlierDecision
from demand.odd_months import list_odd_months
from demand.selectors.place import find_place
from demand.selectors.regressors import load_regressors
from demand.services import EventTerms, add_event, decide_outlier, withdraw_outlier
from demand.services.node_forecast import load_history
from engine.forecasting.explain import Decomposition
from masterdata.models import Org, Product
from tests.demand.story import CAMPAIGNS, tell_story
from tests.demand.world import MONTH, import_sheets
from tests.factories import make_user

JUMP = 60  # five deviations: too little to replace at the end, too much to pass unasked


@pytest.fixture
def told(world):
    return tell_story(world)


def at(product, org=None, **scope):
    return find_place(scope=Scope(**scope), product=product, org=org)


def explain(world, product, org=None):
    return explain_place(cycle=world.cycle, place=at(product, org), name=product)


@pytest.mark.parametrize(
    ("trend", "percent"),
    [
        (np.linspace(100, 124, 25), 124 / 112 - 1),  # 2 a month: 112 a year ago
        (np.array([100.0] * 7), 0),
        (np.array([100.0, 0, 0, 0, 0, 0, 110.0]), 1.1**2 - 1),  # half a year, to a year
    ],
)
def test_trend_in_per_cent_a_year(trend, percent):
    assert trend_percent(trend) == pytest.approx(percent * 100)


def test_a_trend_from_nothing_has_no_rate():
    assert trend_percent(np.array([0.0] * 20 + [5.0])) is None


def test_season_in_per_cent_of_the_trend():
    season = np.tile([10.0, *[0.0] * 5, -20.0, *[0.0] * 5], 3)
    parts = Decomposition(np.full(36, 200.0), season, np.zeros(36), 0, 1)
    january = 2026 * 12
    assert season_percent(parts, january)[:7] == [5, 0, 0, 0, 0, 0, -10]
    assert season_percent(parts, january + 3)[3] == 5  # the first month is an April


def test_the_message_names_season_trend_and_odd_months(told):
    assert re.fullmatch(
        r"E7: strong season \(0\.\d\d\), trend \+\d+\xa0% a year; no odd month", explain(told, "E7").message
    )
    calm = explain(told, "E5").message
    assert calm.startswith("E5: no season to speak of (0.00), trend ±0\xa0% a year")


def test_what_drove_the_sales_is_found(told):
    drivers = {row.name: row for row in explain(told, "E7", "BJ").drivers.rows}
    promotion, price = drivers["promotion"], drivers["price"]
    assert promotion.effect == pytest.approx(25, abs=4)
    assert promotion.low < 25 < promotion.high
    assert promotion.verdict == "certain"
    assert price.effect == pytest.approx(np.log(1.2) / np.log(0.9), abs=0.5)  # −1.73 for 1 % more
    assert price.unit == "for 1 % more"


def test_regressors_are_weighed_by_what_they_touch(told):
    """The campaigns touch E7, which is most of NEV; price and share are averages over the series below."""
    node = load_history(cycle=told.cycle, place=at("NEV"))
    found = {
        regressor.name: regressor.values
        for regressor in load_regressors(
            keys=node.keys, units=node.leaves.values, first_month=node.months.start, hierarchy=at("NEV").hierarchy
        )
    }
    total = node.leaves.values.sum()
    e7 = [told.p["E7"] == product for product in node.keys[:, 0]]
    share = node.leaves.values[e7].sum() / total
    assert found["promotion"][CAMPAIGNS[0]] == pytest.approx(share)
    assert found["promotion"][CAMPAIGNS[0] + 1] == 0
    at_bj = node.leaves.values[[tuple(key) == (told.p["E7"], told.o["BJ"]) for key in node.keys]].sum() / total
    assert found["price"][-1] - found["price"][0] == pytest.approx(at_bj * np.log(0.9), abs=1e-3)


def test_the_mix_and_its_best_single(told):
    found = explain(told, "E7", "BJ")
    assert len(found.members) == 14
    best = [row for row in found.members if row.is_best]
    assert best == [found.members[0]]  # sorted by error
    for block in range(3):
        assert sum(row.weights[block] for row in found.members) == pytest.approx(1)
    assert found.mix_error is not None
    assert [lead.first for lead in found.leads] == [1, 2, 3, 4, 7]


def test_odd_months_are_listed_and_the_last_is_asked_about(told):
    lead = make_user("supply_lead")
    node = explain(told, "FUEL").node
    odd = list_odd_months(node=node, place=at("FUEL"), user=lead)
    assert odd.may_decide
    last, earlier = odd.rows
    assert (last.month, last.state, last.sold, last.usual) == (MONTH - 1, "asked", 8, 40)
    assert (earlier.month, earlier.state, earlier.sold) == (MONTH - 20, "replaced", 90)
    assert earlier.usual < 70
    assert earlier.units == pytest.approx(earlier.usual - 90)
    assert not list_odd_months(node=node, place=at("FUEL"), user=make_user("sales")).may_decide


def test_an_undone_outlier_is_kept_and_can_be_taken_back(told):
    lead = make_user("supply_lead")
    sides = {"product": Product.objects.get(code="S6"), "org": Org.objects.get(code="GZ")}
    decision = decide_outlier(**sides, month=MONTH - 20, verdict="keep", reason="a fleet", actor=lead)
    found = explain(told, "S6", "GZ")
    assert MONTH - 20 not in found.odd_months
    row = list_odd_months(node=found.node, place=at("S6", "GZ"), user=lead).rows[-1]
    assert (row.state, row.verdict, row.reason, row.author) == ("decided", "keep", "a fleet", "supply_lead")
    with pytest.raises(Denied):
        withdraw_outlier(decision=decision, actor=make_user("sales"))
    withdraw_outlier(decision=decision, actor=lead)
    assert not OutlierDecision.objects.exists()
    assert AuditEntry.objects.order_by("-pk")[0].verb == "demand.outlier.withdrawn"
    assert MONTH - 20 in explain(told, "S6", "GZ").odd_months


def test_a_month_declared_gone_shows_what_was_sold(told):
    lead = make_user("supply_lead")
    sides = {"product": Product.objects.get(code="S6"), "org": Org.objects.get(code="GZ")}
    decide_outlier(**sides, month=MONTH - 1, verdict="replace", reason="strike", actor=lead)
    found = explain(told, "S6", "GZ")
    row = next(r for r in list_odd_months(node=found.node, place=at("S6"), user=lead).rows if r.month == MONTH - 1)
    assert (row.state, row.sold, row.usual) == ("decided", 8, 40)


def test_activities_of_a_place_are_those_that_overlap_it(told):
    make = {"FAIR": "E7", "ELSE": "S6"}
    lead = make_user("marketing")
    for code, product in make.items():
        terms = EventTerms("promotion", MONTH + 1, MONTH + 1, product=Product.objects.get(code=product), uplift_pct=5.0)
        add_event(terms=terms, code=code, actor=lead)
    codes = {row.code for row in list_place_activities(cycle=told.cycle, place=at("NEV", "NORTH"))}
    assert "FAIR" in codes
    assert "ELSE" not in codes
    said = {row.code: row.said for row in list_place_activities(cycle=told.cycle, place=at("E7"))}
    assert said["FAIR"] == "+5\xa0%"


def test_the_board_is_json_with_equal_lengths(told):
    found = explain(told, "E7")
    board = build_explanation(found, cycle=told.cycle, place=at("E7"))
    chart = board["forecast"]
    assert len(chart["labels"]) == chart["now"] + 18 == len(chart["history"]) + len(chart["mean"])
    assert len(chart["cleansed"]) == len(chart["history"])
    assert (board["trial"]["product"], board["trial"]["isLeaf"]) == ("E7", False)
    assert board["trial"]["months"][0]["code"] == format_month(MONTH - 1)
    assert len(board["season"]["values"]) == 12


def test_what_was_never_sold_cannot_be_explained(told):
    with pytest.raises(InvalidInput, match="Nothing was sold"):
        explain(told, "M8")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_and_its_part(told, client, language):
    client.force_login(make_user("sales", language=language, orgs=("SOUTH",)))
    page = client.get("/demand/explain/?product=E7")
    assert page.status_code == 200
    assert "hx-get" in page.content.decode()
    part = client.get("/demand/explain/?product=E7", headers={"HX-Request": "true"}).content.decode()
    assert "explain-data" in part
    assert "data-verdict" not in part  # sales does not decide
    assert client.get("/demand/explain/?product=E7&org=BJ").status_code == 404
    empty = client.get("/demand/explain/?product=M8", headers={"HX-Request": "true"}).content.decode()
    assert "/demand/activities/" in empty


def test_a_decision_over_rest_comes_and_goes(told, client):
    client.force_login(make_user("coordinator"))
    body = {"product": "S6", "org": "GZ", "month": format_month(MONTH - 20), "verdict": "keep", "reason": "real"}
    assert client.post("/api/v1/demand/outliers/", body, content_type="application/json").status_code == 201
    url = f"/api/v1/demand/outliers/?product=S6&org=GZ&month={format_month(MONTH - 20)}"
    assert client.delete(url).status_code == 204
    assert client.delete(url).status_code == 404


def test_a_foreign_place_is_no_place(told):
    with pytest.raises(Missing):
        at("E7", "BJ", orgs=frozenset({"SOUTH"}))


def test_a_suspect_shows_what_leaving_it_out_would_put_in_its_place(told):
    """The last month of S6 at 46 % more than usual is taken as sold, and asked about; a year before it was 40."""
    lines = [f"S6,GZ,{format_month(MONTH - 1)},{JUMP},1"]
    import_sheets(told.folder / "jump", history="product,org,month,quantity,revenue\n" + "\n".join(lines) + "\n")
    node = explain(told, "S6", "GZ").node
    last = list_odd_months(node=node, place=at("S6"), user=make_user("supply_lead")).rows[0]
    assert (last.month, last.state, last.sold, last.usual) == (MONTH - 1, "suspect", JUMP, 40)
    assert last.units == 40 - JUMP


def test_working_days_count_against_their_calendar_month(told):
    """January of the last year has 18 days instead of 20: −10.5 % on the logarithm; months not known say nothing."""
    january = MONTH - (MONTH % 12)
    lines = ["month,working_days"]
    lines += [f"{format_month(m)},{18 if m == january else 20}" for m in range(MONTH - 30, MONTH)]
    import_sheets(told.folder / "calendar", calendar="\n".join(lines) + "\n")
    node = load_history(cycle=told.cycle, place=at("E7"))
    regressors = load_regressors(
        keys=node.keys, units=node.leaves.values, first_month=node.months.start, hierarchy=at("E7").hierarchy
    )
    days = next(one.values for one in regressors if one.name == "working_days")
    januaries = [january - 24, january - 12, january]
    mean = np.mean([np.log(20), np.log(20), np.log(18)])
    assert days[[month - node.months.start for month in januaries]] == pytest.approx(
        [np.log(20) - mean, np.log(20) - mean, np.log(18) - mean]
    )
    assert days[0] == 0
