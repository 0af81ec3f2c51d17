"""Meetings, decisions, actions, risks and conflicts over REST."""

import pytest
from django.test import Client

from core.models import AuditEntry
from cycles.choices import CycleState
from meetings.models import ActionItem, Decision
from tests.meetings.sitting import walk_to

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_of_november", "only_people_gates")]
MONTH = "/api/v1/cycles/2026-11/"


@pytest.fixture
def api(users):
    """A client per role."""
    clients = {}
    for role, user in users.items():
        clients[role] = Client()
        clients[role].force_login(user)
    return clients


def send(client, path, body, **headers):
    return client.post(f"{MONTH}{path}", body, content_type="application/json", headers=headers)


def test_a_meeting_is_begun_attended_and_ended(api, cycle, users):
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    lead = api["demand_lead"]
    begun = send(lead, "meetings/", {"command": "begin", "step": "demand_review"}).json()
    assert begun["begun_at"] is not None
    assert begun["agenda"][0]["title"] == "Last cycle: deviations and their causes"
    body = {"command": "attendance", "step": "demand_review", "user": "sales", "presence": "present"}
    noted = send(lead, "meetings/", body).json()
    assert {row["user"]: row["presence"] for row in noted["attendance"]}["sales"] == "present"
    bad = send(lead, "meetings/", {"command": "attendance", "step": "demand_review"})
    assert (bad.status_code, {e["pointer"] for e in bad.json()["errors"]}) == (422, {"#/user", "#/presence"})
    ended = send(lead, "meetings/", {"command": "end", "step": "demand_review"}).json()
    assert ended["minutes"].startswith("Minutes: Demand review")
    assert [flag["code"] for flag in ended["flags"]] == ["report_only"]
    assert [m["step"] for m in api["sales"].get(f"{MONTH}meetings/").json()["results"]] == ["demand_review"]


def test_a_decision_is_proposed_edited_and_decided(api, cycle, users):
    walk_to(cycle, CycleState.PRE_SOP, users)
    body = {"question": "Third shift?", "options": [{"code": "A", "title": "Yes", "effects": {"units": 910}}]}
    made = send(api["supply_lead"], "decisions/", body)
    assert (made.status_code, made.json()["number"], made.json()["state"]) == (201, 1, "proposed")
    url = f"{MONTH}decisions/1/"
    edit = {"recommendation": "A"}
    assert api["supply_lead"].patch(url, edit, content_type="application/json").status_code == 428
    etag = {"If-Match": made["ETag"]}
    edited = api["supply_lead"].patch(url, edit, content_type="application/json", headers=etag)
    assert edited.json()["recommendation"] == "A"
    assert api["finance"].patch(url, edit, content_type="application/json", headers=etag).status_code == 412
    refused = send(api["supply_lead"], "decisions/1/", {"command": "approve", "option": "A"})
    assert refused.status_code == 403
    approved = send(api["executive"], "decisions/1/", {"command": "approve", "option": "A"})
    assert (approved.json()["state"], approved.json()["decided_by"]) == ("approved", "executive")
    assert send(api["production"], "decisions/1/", {"command": "implement", "note": "ok"}).status_code == 200
    assert send(api["production"], "decisions/1/", {"command": "verify"}).status_code == 403
    assert send(api["coordinator"], "decisions/1/", {"command": "verify"}).json()["state"] == "verified"
    assert api["sales"].get(f"{MONTH}decisions/").json()["results"][0]["chosen_option"] == "A"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": ""},
        {"question": "x", "money_at_stake": 10**16},
        {"question": "x", "money_at_stake": "many"},
        {"question": "x", "options": [{"code": "A"}]},
        {"question": "x", "options": [{"code": "A", "title": "t", "scenario": 7}]},
        {"question": "x", "decide_by": "tomorrow"},
        {"question": "x", "owner": "ghost"},
    ],
)
def test_malformed_proposals_are_422(api, cycle, body):
    assert send(api["sales"], "decisions/", body).status_code == 422
    assert Decision.objects.count() == 0


def test_an_action_from_promise_to_proof(api, cycle):
    body = {"title": "Call customers", "owner": "sales", "due": "2026-11-09"}
    made = send(api["demand_lead"], "actions/", body, **{"Idempotency-Key": "a"})
    send(api["demand_lead"], "actions/", body, **{"Idempotency-Key": "a"})
    assert ActionItem.objects.count() == 1
    path = f"actions/{made.json()['id']}/"
    assert send(api["sales"], path, {"command": "begin"}).json()["state"] == "in_progress"
    assert send(api["sales"], path, {"command": "done", "result": "Called 12."}).json()["state"] == "done"
    assert send(api["sales"], path, {"command": "verify"}).status_code == 403
    assert send(api["demand_lead"], path, {"command": "verify"}).json()["state"] == "verified"
    assert send(api["sales"], "actions/999/", {"command": "done"}).status_code == 404
    assert [a["overdue"] for a in api["sales"].get(f"{MONTH}actions/").json()["results"]] == [False]


def test_risks_and_conflicts(api, cycle, company):
    body = {"kind": "risk", "title": "Rival", "probability_percent": 40, "money": -1000, "product": "A"}
    risk = send(api["finance"], "risks/", body)
    assert (risk.status_code, risk.json()["expected_money"], risk.json()["product"]) == (201, -400, "A")
    url, etag = f"{MONTH}risks/{risk.json()['id']}/", {"If-Match": risk["ETag"]}
    ended = api["sales"].patch(url, {"state": "closed"}, content_type="application/json", headers=etag)
    assert ended.json()["state"] == "closed"
    words = {"position_a": "Build.", "position_b": "No hours."}
    body = {"subject": "Fair", "party_a": "sales", "party_b": "production", **words}
    conflict = send(api["sales"], "conflicts/", body)
    path = f"conflicts/{conflict.json()['id']}/"
    settled = send(api["coordinator"], path, {"state": "escalated", "outcome": "Half."})
    assert (settled.json()["state"], settled.json()["decision"]) == ("escalated", 1)
    assert send(api["coordinator"], path, {"state": "decided", "outcome": "x"}).status_code == 409
    assert send(api["sales"], "conflicts/", {**body, "party_b": "sales"}).status_code == 422
    assert AuditEntry.objects.filter(verb__startswith="meetings.conflict").count() == 2
