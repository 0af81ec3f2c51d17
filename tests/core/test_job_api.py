"""/api/v1/jobs/: own jobs only, progress in words, cancel with one effect."""

import pytest

from accounts.choices import Role
from core.choices import JobState
from core.jobs import claim_job, enqueue_children, enqueue_job, kinds, register_kind
from core.models import AuditEntry, Job
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kind(monkeypatch):
    monkeypatch.setattr(kinds, "_KINDS", dict(kinds._KINDS))
    steps = {"load": ("Load history", 1), "parts": ("Fit", 8), "store": ("Store", 1)}
    register_kind(
        "fit", title="Statistical fit", action="forecast.run", steps=steps, result_url=lambda job: "/demand/"
    )(lambda job, progress: {})


@pytest.fixture
def planner(client, users):
    client.force_login(users[Role.DEMAND_LEAD])
    return users[Role.DEMAND_LEAD]


def start(actor, **scope):
    return enqueue_job(kind="fit", scope=scope, actor=actor)


def test_a_job_tells_title_state_progress_and_step(client, planner):
    job = claim_job(start(planner).pk)
    Job.objects.filter(pk=job.pk).update(progress=50, step="load")
    answer = client.get(f"/api/v1/jobs/{job.pk}/").json()
    assert answer["title"] == "Statistical fit"
    assert (answer["state"], answer["progress"], answer["step"]) == ("running", 50, "Load history")
    assert answer["created_by"] == planner.username
    assert answer["result_url"] is None


def test_a_finished_job_leads_to_its_result(client, planner):
    job = start(planner)
    Job.objects.filter(pk=job.pk).update(state=JobState.DONE, result={"series": 12})
    answer = client.get(f"/api/v1/jobs/{job.pk}/").json()
    assert (answer["result"], answer["result_url"]) == ({"series": 12}, "/demand/")


def test_a_split_job_shows_what_its_parts_have_done(client, planner):
    job = claim_job(start(planner).pk)
    first, *_rest = enqueue_children(job=job, kind="fit", scopes=[{"chunk": n} for n in range(4)])
    Job.objects.filter(pk=first.pk).update(state=JobState.DONE, progress=1000)
    answer = client.get(f"/api/v1/jobs/{job.pk}/").json()
    # load 1 of 10, then a quarter of 8 of 10
    assert (answer["state"], answer["progress"], answer["step"]) == ("waiting", 300, "1 of 4 parts done")
    assert [row["id"] for row in client.get("/api/v1/jobs/").json()["results"]] == [job.pk]


def test_foreign_and_missing_jobs_look_alike(client, planner):
    foreign = start(make_user(Role.SUPPLY_LEAD, username="somebody"))
    answers = [client.get(f"/api/v1/jobs/{number}/") for number in (foreign.pk, 999_999)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert client.post(f"/api/v1/jobs/{foreign.pk}/cancel/").status_code == 404
    foreign.refresh_from_db()
    assert foreign.state == JobState.QUEUED
    assert client.get("/api/v1/jobs/").json()["results"] == []


def test_the_coordinator_sees_everybodys_jobs(client, users):
    job = start(users[Role.DEMAND_LEAD])
    client.force_login(users[Role.COORDINATOR])
    assert client.get(f"/api/v1/jobs/{job.pk}/").status_code == 200


def test_a_supplier_sees_no_jobs_and_nobody_without_sign_in(client, users):
    job = start(users[Role.SUPPLIER])
    assert client.get(f"/api/v1/jobs/{job.pk}/").status_code == 401
    client.force_login(users[Role.SUPPLIER])
    assert client.get(f"/api/v1/jobs/{job.pk}/").status_code == 403
    assert client.get("/api/v1/jobs/").status_code == 403


def test_cancelling_twice_has_one_effect(client, planner):
    job = start(planner)
    states = [client.post(f"/api/v1/jobs/{job.pk}/cancel/").json()["state"] for _click in range(2)]
    assert states == ["cancelled", "cancelled"]
    assert AuditEntry.objects.filter(verb="core.job.cancel_requested", object_id=str(job.pk)).count() == 1


def test_the_list_can_be_narrowed_and_refuses_unknown_states(client, planner):
    waiting = start(planner, n=1)
    Job.objects.filter(pk=start(planner, n=2).pk).update(state=JobState.DONE)
    rows = client.get("/api/v1/jobs/?state=queued&kind=fit").json()["results"]
    assert [row["id"] for row in rows] == [waiting.pk]
    answer = client.get("/api/v1/jobs/?state=asleep")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_state")


def test_step_titles_follow_the_readers_language(client, planner):
    job = claim_job(start(planner).pk)
    enqueue_children(job=job, kind="fit", scopes=[{"chunk": 1}])
    planner.language = "zh-hans"
    planner.save()
    assert client.get(f"/api/v1/jobs/{job.pk}/").json()["step"] == "已完成 0/1 部分"
