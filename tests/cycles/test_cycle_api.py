"""Cycles over REST: commands, available actions, ETags, idempotency, problems."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.services import create_token
from core.models import AuditEntry
from cycles.choices import CycleState
from cycles.models import Cycle, Submission
from cycles.selectors import available_actions
from tests.cycles.walking import CORE, walk_to
from tests.factories import make_cycle

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_of_november", "only_cycle_gates")]
MONTH = "/api/v1/cycles/2026-11/"
DEMAND = f"{MONTH}steps/demand_review/"


@pytest.fixture
def api(users):
    """A client per role."""
    clients = {}
    for role, user in users.items():
        clients[role] = Client()
        clients[role].force_login(user)
    return clients


def send(client, url, body, **headers):
    return client.post(url, body, content_type="application/json", headers=headers)


def commands(client, url=MONTH):
    return {(c["command"], c["step"]): c for c in client.get(url).json()["available_actions"]}


def test_a_cycle_is_started_listed_and_shown(api):
    started = send(api["coordinator"], "/api/v1/cycles/", {"month": "2026-11"})
    assert started.status_code == 201
    body = started.json()
    assert (body["month"], body["state"], body["horizon"]) == ("2026-11", "collecting", 18)
    assert [step["code"] for step in body["steps"]][:2] == ["business_review", "demand_review"]
    assert body["steps"][1]["inputs"][0] == "statistical baseline"
    assert api["sales"].get("/api/v1/cycles/").json()["results"][0]["month"] == "2026-11"
    again = send(api["coordinator"], "/api/v1/cycles/", {"month": "2026-11"})
    assert (again.status_code, again.json()["code"]) == (409, "cycle_exists")


@pytest.mark.parametrize("body", [{"month": "2026-13"}, {"month": "nov"}, {}, {"month": "2026-11", "horizon": 99}])
def test_odd_months_and_horizons_are_named(api, body):
    answer = send(api["coordinator"], "/api/v1/cycles/", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert Cycle.objects.count() == 0


@pytest.mark.parametrize("url", ["/api/v1/cycles/2030-01/", "/api/v1/cycles/junk/", f"{MONTH}steps/party/"])
def test_what_is_not_there_is_404(api, cycle, url):
    assert api["sales"].get(url).status_code == 404


def test_available_actions_follow_role_and_state(api, cycle, users):
    assert set(commands(api["sales"])) == {("submit", "business_review")}
    assert commands(api["coordinator"])[("sign", "business_review")]["enabled"] is True
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    assert set(commands(api["sales"])) == {("submit", "demand_review"), ("co_sign", "demand_review")}
    assert commands(api["sales"])[("co_sign", "demand_review")]["reasons"] == [
        "“Demand review”: the meeting has not begun; the coordinator begins it."
    ]
    lead = commands(api["demand_lead"])[("sign", "demand_review")]
    assert lead["enabled"] is False
    assert "Sales has not handed in its material." in lead["reasons"]
    assert ("sign", "demand_review") not in commands(api["executive"])
    assert api["api_client"].get(MONTH).status_code == 403


def test_every_offered_and_enabled_command_works(api, cycle, users):
    """What the buttons offer is what the services accept."""
    walk_to(cycle, CycleState.EXECUTIVE, users)
    offered = {role: available_actions(cycle, user) for role, user in users.items()}
    for role, found in offered.items():
        for command in found:
            if not command.enabled or command.command in {"approve", "cancel", "edit", "waive", "submit"}:
                continue
            url = f"{MONTH}steps/{command.step}/" if command.step else MONTH
            answer = send(api[role], url, {"command": command.command, "reason": "Because."})
            assert answer.status_code == 200, (role, command, answer.content)
            Cycle.objects.all().delete()
            walk_to(make_cycle("2026-11"), CycleState.EXECUTIVE, users)


def test_the_demand_review_over_rest(api, cycle, users):
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    for role, _department in CORE:
        answer = send(api[role], f"{MONTH}submissions/", {"content": {"from": role}})
        assert (answer.status_code, answer.json()["status"]) == (201, "submitted")
    assert send(api["coordinator"], DEMAND, {"command": "begin_meeting"}).json()["state"] == "in_meeting"
    for role, _department in CORE:
        assert send(api[role], DEMAND, {"command": "co_sign"}).status_code == 200
    signed = send(api["demand_lead"], DEMAND, {"command": "sign"})
    assert signed.json()["state"] == "signed_off"
    assert [s["department"] for s in signed.json()["signatures"]] == ["sales", "production", "supply", "supply"]
    assert api["sales"].get(MONTH).json()["state"] == "supply_review"


def test_a_closed_gate_is_409_with_reasons(api, cycle, users):
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    send(api["coordinator"], DEMAND, {"command": "begin_meeting"})
    answer = send(api["demand_lead"], DEMAND, {"command": "sign"})
    assert (answer.status_code, answer.json()["code"]) == (409, "guard_failed")
    assert len(answer.json()["reasons"]) == 6


def test_a_repeated_post_with_the_same_key_is_one_submission(api, cycle, users):
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    key = {"Idempotency-Key": "s-1"}
    first = send(api["sales"], f"{MONTH}submissions/", {"content": {"a": 1}}, **key)
    again = send(api["sales"], f"{MONTH}submissions/", {"content": {"a": 1}}, **key)
    assert first.json() == again.json()
    assert Submission.objects.get(department="sales").revision == 1
    assert AuditEntry.objects.filter(verb="cycles.submission.submitted").count() == 1


def test_a_file_can_be_attached_and_fetched(api, cycle, users):
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    upload = SimpleUploadedFile("要求.html", b"<script>", content_type="text/html")
    answer = api["sales"].post(f"{MONTH}submissions/", {"content": '{"a": 1}', "attachment": upload})
    assert (answer.status_code, answer.json()["has_attachment"], answer.json()["content"]) == (201, True, {"a": 1})
    url = f"{DEMAND}submissions/sales/attachment/"
    fetched = api["production"].get(url)
    assert b"".join(fetched.streaming_content) == b"<script>"
    assert fetched["Content-Type"] == "application/octet-stream"
    assert fetched["Content-Disposition"].startswith("attachment")
    assert fetched["X-Content-Type-Options"] == "nosniff"
    assert api["production"].get(f"{DEMAND}submissions/supply/attachment/").status_code == 404


@pytest.mark.parametrize("content", ["[1]", '{"a": NaN}', '"text"'])
def test_material_must_be_an_object(api, cycle, users, content):
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    answer = api["sales"].post(f"{MONTH}submissions/", {"content": content})
    assert answer.status_code == 422
    assert Submission.objects.get(department="sales").status == "missing"


def test_editing_a_step_needs_the_current_etag(api, cycle):
    client, body = api["coordinator"], {"purpose": "Agree."}
    etag = client.get(DEMAND)["ETag"]
    assert client.get(DEMAND, headers={"If-None-Match": etag}).status_code == 304
    assert client.patch(DEMAND, body, content_type="application/json").status_code == 428
    edited = client.patch(DEMAND, body, content_type="application/json", headers={"If-Match": etag})
    assert (edited.status_code, edited.json()["purpose"]) == (200, "Agree.")
    stale = client.patch(DEMAND, body, content_type="application/json", headers={"If-Match": etag})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")


def test_a_token_reads_but_never_signs(cycle, users):
    walk_to(cycle, CycleState.EXECUTIVE, users)
    _token, secret = create_token(user=users["executive"], name="t", scopes=["plan:read", "plan:write", "cycle:write"])
    headers = {"Authorization": f"Bearer {secret}"}
    assert Client().get(MONTH, headers=headers).status_code == 200
    answer = Client().post(MONTH, {"command": "approve"}, content_type="application/json", headers=headers)
    assert answer.status_code == 403
    assert Cycle.objects.get().state == CycleState.EXECUTIVE
