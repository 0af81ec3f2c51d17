"""The register as page and endpoint: money decides the order, the forecast's word, who may edit."""

import pytest
from django.utils import timezone

from accounts.models import Scope
from core.months import format_month
from demand.models import Event, ForecastRun
from demand.register import build_register, describe_verdict
from demand.selectors.activities import Verdict, load_activities
from demand.services import EventTerms, add_event
from masterdata.models import Org, Price, Product
from plans.models import Version
from plans.services import fork_version
from tests.demand.world import MONTH
from tests.factories import make_user


@pytest.fixture
def lead(world):
    return make_user("demand_lead")


@pytest.fixture
def planned(world, lead):
    """Baseline 100 a month of E7 at BJ and 50 at GZ, at 1,000 each; three activities."""
    world.publish("baseline", {("E7", "BJ"): 100, ("E7", "GZ"): 50})
    e7 = Product.objects.get(code="E7")
    Price.objects.create(product=e7, from_month=MONTH - 40, price=1000)
    north = Org.objects.get(code="NORTH")
    terms = {
        "FAIR": EventTerms("promotion", MONTH, MONTH + 1, product=e7, uplift_pct=10.0, note="Spring fair"),
        "CUT": EventTerms("price", MONTH + 17, product=e7, org=north, price_change_pct=-50.0),
        "OLD": EventTerms("promotion", MONTH - 5, MONTH - 5, uplift_pct=90.0),
    }
    for code, said in terms.items():
        add_event(terms=said, actor=lead, code=code)
    return world


def effects(world, user):
    register = build_register(user, world.cycle)
    return [(row.code, row.units, row.money) for row in register["rows"]]


def test_money_decides_the_order(planned, lead):
    assert effects(planned, lead) == [
        ("CUT", None, pytest.approx(-100 * 1000_00 * 0.5)),  # one month of NORTH at half the price
        ("FAIR", pytest.approx(30), pytest.approx(30 * 1000_00)),  # 10 % of 150 units in two months
        ("OLD", None, None),
    ]
    message = build_register(lead, planned.cycle)["message"]
    assert message == "2 activities ahead: +30 units, −¥20,000"


def test_a_scope_sees_its_share_and_edits_inside(planned):
    south = make_user("marketing", orgs=("SOUTH",))
    rows = {row.code: row for row in build_register(south, planned.cycle)["rows"]}
    assert set(rows) == {"FAIR", "OLD"}  # CUT is the North's
    assert rows["FAIR"].units == pytest.approx(10)  # of 50 units at GZ
    assert not rows["FAIR"].may_edit


def test_what_the_forecast_measured_replaces_what_was_said(planned, lead):
    why = "left out: the latest sales already show it"
    told = {
        "FAIR": {"series": 2, "kept": 2, "effect_pct": 4.0, "units": 12.0, "why": ""},
        "CUT": {"series": 1, "kept": 0, "effect_pct": None, "units": None, "why": "running"},
    }
    ForecastRun.objects.create(
        version=planned.version,
        first_month=MONTH,
        horizon=18,
        series=2,
        seconds=1,
        input_hash="x",
        finished_at=timezone.now(),
        events=told,
    )
    found = {
        activity.event.code: activity for activity in load_activities(cycle=planned.cycle, scope=Scope(), may_edit=True)
    }
    assert found["FAIR"].effect.units == 12
    rows = {row.code: row for row in build_register(lead, planned.cycle)["rows"]}
    assert (rows["FAIR"].verdict, rows["FAIR"].verdict_text) == ("ok", "accepted, 2 of 2 series, +4.0\xa0%")
    assert (rows["CUT"].verdict, rows["CUT"].verdict_text) == ("warn", why)
    assert build_register(lead, planned.cycle)["message"].endswith("; the forecast left 1 out")


def test_an_event_without_effect_is_for_information():
    event = Event(kind="holiday", from_month=MONTH)
    assert describe_verdict(None, event)[0] == "idle"
    assert describe_verdict(Verdict(3, 0, None, None, ""), event) == (
        "warn",
        "left out: it did not lower the back-test error",
    )


def test_the_endpoint_writes_what_the_page_shows(planned, lead, client):
    client.force_login(lead)
    body = {"kind": "new_client", "from_month": format_month(MONTH + 2), "product": "E7", "uplift_quantity": 5}
    made = client.post("/api/v1/demand/events/", body, content_type="application/json")
    assert made.status_code == 201
    assert made.json()["code"] == "NEW_CLIENT-2026-08"
    url = f"/api/v1/demand/events/{made.json()['code']}/"
    assert client.put(url, body, content_type="application/json").status_code == 428
    change = {**body, "uplift_quantity": 6}
    saved = client.put(url, change, content_type="application/json", headers={"If-Match": made["ETag"]})
    assert (saved.status_code, saved.json()["uplift_quantity"]) == (200, 6.0)
    stale = client.put(url, body, content_type="application/json", headers={"If-Match": made["ETag"]})
    assert stale.status_code == 412
    listed = {row["code"]: row for row in client.get("/api/v1/demand/events/").json()["results"]}
    assert listed["NEW_CLIENT-2026-08"]["effect"]["units"] == 6 * 16  # to the end of the plan
    assert client.delete(url, headers={"If-Match": saved["ETag"]}).status_code == 204
    assert not Event.objects.filter(code="NEW_CLIENT-2026-08").exists()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(
    ("role", "edits"), [("marketing", True), ("demand_lead", True), ("sales", False), ("executive", False)]
)
def test_the_page_per_role(planned, client, role, edits, language):
    user, _ = type(make_user("quality")).objects.get_or_create(username=role, defaults={"role": role})
    type(user).objects.filter(pk=user.pk).update(language=language)
    user.refresh_from_db()
    client.force_login(user)
    text = client.get("/demand/activities/").content.decode()
    assert "Spring fair" in text
    assert ('id="add-activity"' in text) is edits
    assert ("data-edit" in text) is edits
    assert "onclick" not in text


def test_a_scenario_is_weighed_on_its_own_figures_and_said(planned, lead, client):
    """Twice the baseline in the scenario: 10 % of 300 units in two months. The cycle's own page stays as it was."""
    own = planned.version
    planned.version = Version.objects.get(pk=fork_version(parent_id=own.pk, name="Boom", actor=lead))
    planned.publish("baseline", {("E7", "BJ"): 200, ("E7", "GZ"): 100})
    rows = {row.code: row for row in build_register(lead, planned.cycle, planned.version.pk)["rows"]}
    assert rows["FAIR"].units == pytest.approx(60)
    assert {code: units for code, units, _money in effects(planned, lead)}["FAIR"] == pytest.approx(30)
    client.force_login(lead)
    for path in ("/demand/activities/", "/demand/explain/"):
        page = client.get(path, {"version": planned.version.pk}).content.decode()
        assert "Scenario: Boom" in page
        assert "Scenario: Boom" not in client.get(path).content.decode()
        assert client.get(path, {"version": 99999}).status_code == 404
