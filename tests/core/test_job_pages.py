"""/jobs/: the list of runs, one run, its partial that asks for itself, cancel."""

import pytest

from accounts.choices import Role
from core.choices import JobState
from core.jobs import claim_job, enqueue_job, kinds, register_kind
from core.models import Job
from tests.factories import make_user

pytestmark = pytest.mark.django_db
PARTIAL = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def kind(monkeypatch):
    monkeypatch.setattr(kinds, "_KINDS", dict(kinds._KINDS))
    register_kind("fit", title="Statistical fit", action="forecast.run", result_url=lambda job: "/demand/")(
        lambda job, progress: {}
    )


@pytest.fixture
def planner(client, users):
    client.force_login(users[Role.DEMAND_LEAD])
    return users[Role.DEMAND_LEAD]


def start(actor, **scope):
    return enqueue_job(kind="fit", scope=scope, actor=actor)


def test_the_list_shows_own_runs_with_state_and_reason(client, planner):
    Job.objects.filter(pk=start(planner).pk).update(state=JobState.FAILED, error="Product P9 has no history.")
    foreign = start(make_user(Role.SUPPLY_LEAD, username="somebody"), n=2)
    page = client.get("/jobs/").content.decode()
    assert "Statistical fit" in page
    assert "Product P9 has no history." in page
    assert f"/jobs/{foreign.pk}/" not in page


def test_a_running_job_asks_for_itself_and_an_ended_one_does_not(client, planner):
    job = claim_job(start(planner).pk)
    Job.objects.filter(pk=job.pk).update(progress=420, step="Fitting")
    running = client.get(f"/jobs/{job.pk}/", headers=PARTIAL).content.decode()
    assert 'hx-trigger="every 1s"' in running
    assert 'aria-valuenow="42"' in running
    assert "Fitting" in running
    assert "<html" not in running
    Job.objects.filter(pk=job.pk).update(state=JobState.DONE)
    ended = client.get(f"/jobs/{job.pk}/", headers=PARTIAL).content.decode()
    assert "hx-trigger" not in ended
    assert 'href="/demand/"' in ended


def test_findings_are_shown_as_text(client, planner):
    job = start(planner)
    finding = {"code": "short_history", "message": "Too short <b>", "product": "P1"}
    Job.objects.filter(pk=job.pk).update(state=JobState.DONE, findings=[finding])
    page = client.get(f"/jobs/{job.pk}/").content.decode()
    assert "Too short &lt;b&gt;" in page
    assert "P1" in page


def test_cancel_by_the_button(client, planner):
    job = start(planner)
    page = client.post(f"/jobs/{job.pk}/", headers=PARTIAL)
    job.refresh_from_db()
    assert (page.status_code, job.state) == (200, JobState.CANCELLED)


def test_foreign_runs_are_not_found_and_cannot_be_cancelled(client, planner):
    foreign = start(make_user(Role.SUPPLY_LEAD, username="somebody"))
    assert client.get(f"/jobs/{foreign.pk}/").status_code == 404
    assert client.post(f"/jobs/{foreign.pk}/").status_code == 404
    foreign.refresh_from_db()
    assert foreign.state == JobState.QUEUED


def test_suppliers_are_refused_and_strangers_sent_to_sign_in(client, users):
    assert client.get("/jobs/")["Location"].startswith("/signin/")
    client.force_login(users[Role.SUPPLIER])
    assert client.get("/jobs/").status_code == 403


def test_the_list_costs_the_same_for_one_run_and_for_many(client, planner, django_assert_max_num_queries):
    for n in range(30):
        start(planner, n=n)
    with django_assert_max_num_queries(16):
        client.get("/jobs/")
