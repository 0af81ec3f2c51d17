"""The workbench page per role, and handing in for the review."""

import json
import re

import pytest

from core.jobs import run_job_now
from cycles.choices import CycleState, StepCode
from cycles.models import Submission
from cycles.services import advance_cycle, start_cycle
from demand.services import enqueue_forecast
from plans.selectors import get_working_version
from plans.services import fork_version
from tests.demand.world import MONTH, ORGS, PRODUCTS, history_sheet, import_sheets
from tests.factories import make_user

READERS = ["sales", "marketing", "demand_lead", "production", "purchasing", "supply_lead", "finance", "quality",
           "coordinator", "executive"]  # fmt: skip


@pytest.fixture
def people(db):
    return {role: make_user(role) for role in [*READERS, "supplier", "admin"]}


@pytest.fixture
def review(people, tmp_path):
    """A cycle in its demand review."""
    import_sheets(tmp_path / "company", products=PRODUCTS, orgs=ORGS, history=history_sheet())
    cycle = start_cycle(month=MONTH, actor=people["coordinator"])
    run_job_now(enqueue_forecast(cycle=cycle, actor=people["demand_lead"]))
    return advance_cycle(cycle=cycle, to=CycleState.DEMAND_REVIEW, actor=people["coordinator"])


def data_of(response, name):
    text = response.content.decode()
    found = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', text, re.DOTALL)
    return json.loads(found[1])


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("role", READERS)
def test_the_page_opens_for_everybody_who_reads_the_plan(review, people, client, role, language):
    type(people[role]).objects.filter(pk=people[role].pk).update(language=language)
    client.force_login(people[role])
    response = client.get("/demand/?product=E7")
    assert response.status_code == 200
    board = data_of(response, "board")
    assert board["heading"]["product"] == "E7 SUV"
    consensus = next(line for line in board["rows"] if line["key"] == "consensus")
    assert consensus["cells"][4] == pytest.approx(1000, abs=2)
    assert consensus["editable"] is (role == "demand_lead")
    assert b"style=" not in re.sub(rb'style="[^"]*"', b"", response.content)
    assert b"onclick" not in response.content


@pytest.mark.parametrize("role", ["supplier", "admin"])
def test_the_page_is_closed_to_others(review, people, client, role):
    client.force_login(people[role])
    assert client.get("/demand/").status_code == 403


def test_signing_in_comes_first(review, client):
    response = client.get("/demand/")
    assert response.status_code == 302
    assert "/signin/" in response["Location"]


def test_unknown_places_and_cycles_do_not_exist(review, people, client):
    client.force_login(people["demand_lead"])
    for query in ("product=NOPE", "org=NOPE", "cycle=2031-01", "cycle=soon"):
        assert client.get(f"/demand/?{query}").status_code == 404


def test_without_a_cycle_the_page_says_what_comes_next(people, client):
    client.force_login(people["demand_lead"])
    response = client.get("/demand/")
    assert response.status_code == 200
    assert b"No cycle has been started" in response.content


def test_a_sales_user_of_one_region_lands_there(review, client):
    client.force_login(make_user("sales", username="sales_south", orgs=("SOUTH",)))
    response = client.get("/demand/")
    assert data_of(response, "board")["org"] == "SOUTH"
    side = client.get("/demand/?side=org")
    assert {node["code"] for node in data_of(side, "tree-data")} == {"SOUTH", "GZ", "SZ"}
    assert client.get("/demand/?org=NORTH").status_code == 404


def test_only_those_who_run_the_forecast_get_the_button(review, people, client):
    for role, has_button in (("demand_lead", True), ("coordinator", True), ("sales", False)):
        client.force_login(people[role])
        assert (b'id="run-forecast"' in client.get("/demand/").content) is has_button


def test_sales_hands_in_its_figures_with_a_note(review, people, client):
    client.force_login(people["sales"])
    response = client.post("/demand/submit/", {"note": "Fleet order of 30 cars for 20 June"}, follow=True)
    assert b"Handed in" in response.content
    submission = Submission.objects.get(step__code=StepCode.DEMAND_REVIEW, department="sales")
    assert submission.content["note"] == "Fleet order of 30 cars for 20 June"
    assert list(submission.content["figures"]["sales"]) == [f"2026-{month:02d}" for month in range(6, 12)]


def test_who_hands_in_nothing_is_told_why(review, people, client):
    client.force_login(people["executive"])
    assert "hand in here" in client.get("/demand/").content.decode()
    before = list(Submission.objects.order_by("pk").values_list("pk", "status", "revision"))
    response = client.post("/demand/submit/", {"note": "x"}, follow=True)
    assert b"Your role does not allow this" in response.content
    assert list(Submission.objects.order_by("pk").values_list("pk", "status", "revision")) == before


def test_a_scenario_has_its_banner_and_is_edited_by_whoever_may_try(review, people, client):
    plan = get_working_version(review)
    scenario = fork_version(parent_id=plan.pk, name="Third shift", actor=people["supply_lead"])
    client.force_login(people["production"])
    page = client.get("/demand/", {"product": "E7", "org": "GZ", "version": scenario})
    assert "Scenario: Third shift" in page.content.decode()
    assert "same as base" in page.content.decode()
    board = data_of(page, "board")
    assert board["version"] == scenario
    assert next(line for line in board["rows"] if line["key"] == "sales")["editable"] is True
    edit = {"measure": "sales", "product": "E7", "org": "GZ", "month": "2026-12", "value": 9, "base": None}
    answer = client.post(
        f"/api/v1/plans/{scenario}/cells:batch",
        {"edits": [edit], "mode": "partial"},
        content_type="application/json",
        headers={"Idempotency-Key": "banner"},
    )
    assert answer.json()["results"][0]["status"] == "applied"
    page = client.get("/demand/", {"product": "E7", "org": "GZ", "version": scenario}).content.decode()
    assert "1 cell changed" in page
    assert "Back to base" in page
    assert "Submit for review" not in page
    base = data_of(client.get("/demand/?product=E7&org=GZ"), "board")
    assert base["version"] == plan.pk
    assert next(line for line in base["rows"] if line["key"] == "sales")["editable"] is False
    assert client.get("/demand/?version=999999").status_code == 404
