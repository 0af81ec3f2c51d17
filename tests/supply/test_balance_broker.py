"""A large balance on two real workers: one is killed while it solves its part, the plan is published once."""

import pytest

import engine.balancing.components as components
import engine.balancing.solve as solving
from core.choices import JobState
from core.jobs import reap_jobs
from core.models import AuditEntry, Job, JobPart
from plans.services import create_working_version
from supply import measures as m
from supply.models import BalanceRun
from supply.services.balance import enqueue_balance, run_balance
from tests.core.test_jobs_broker import broker, celery, is_over, wait_for, wipe  # noqa: F401 - two are fixtures
from tests.factories import make_cycle
from tests.supply.world import ask, split_in_two, totals

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("broker")]


def published(version):
    return {head.measure: head.block_id for head in version.heads.filter(measure__in=m.BALANCED)}


@pytest.mark.usefixtures("wipe")
def test_a_worker_killed_while_it_solves_a_part_changes_nothing(company, users, request, tmp_path, monkeypatch):
    url = request.getfixturevalue("broker")
    split_in_two(company)
    version = create_working_version(cycle=make_cycle("2026-11"), actor=None)
    ask(version, {("A1", "NORTH-1"): [450] * 18, ("B1", "SOUTH-1"): [500] * 18})
    log = tmp_path / "log"
    monkeypatch.setenv("SOP_TEST_LOG", str(log))
    with celery(url, "worker --without-gossip --without-mingle --include tests.supply.broker_kinds --concurrency 2"):
        job = enqueue_balance(version_id=version.pk, actor=users["supply_lead"])
        wait_for(lambda: reap_jobs() or is_over(job)(), seconds=90)
        wait_for(lambda: reap_jobs() or is_over(Job.objects.get(kind="options"))(), seconds=60)
    job.refresh_from_db()
    assert (job.state, job.result["status"]) == (JobState.DONE, "optimal")
    assert sorted(log.read_text().split()) == ["A1", "B1", "B1"]
    assert sorted(job.children.values_list("attempt", flat=True)) == [1, 2]
    run = BalanceRun.objects.get(job=job)
    assert run.method == "2 independent parts"
    assert totals(version, m.CONSTRAINED) == [800] * 18
    assert AuditEntry.objects.filter(verb="supply.balance.run").count() == 1
    assert not JobPart.objects.exists()
    assert (run.is_explained, run.options_done) == (True, run.options_total)
    with_workers = published(version)
    monkeypatch.setattr(solving, "LARGE_NONZEROS", 0)
    monkeypatch.setattr(components, "PART_NONZEROS", 1)
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    assert published(version) == with_workers
