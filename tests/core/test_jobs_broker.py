"""Jobs with a real broker and real worker processes: kills, a wiped broker, doubles, cancel, split."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.db import connection
from kombu import pools

from core.choices import JobState
from core.jobs import bell, enqueue_job, lease, reap_jobs, request_cancel
from core.models import IdempotencyRecord, Job
from ops.services import can_connect, embedded_valkey, running_valkey
from tests.core import broker_kinds  # noqa: F401 - registers the kinds in this process

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("broker")]
PREFIX = f"test-{uuid.uuid4().hex[:8]}:"


@pytest.fixture(scope="module")
def broker():
    """REDIS_URL when it answers, else an embedded Valkey; own keys only, by prefix."""
    given = os.environ.get("REDIS_URL")
    if given and can_connect(given):
        yield given
        return
    with running_valkey() as url:
        yield url


def connect_to(url, options):
    """Point this process's Celery at a broker."""
    pools.reset()
    current_app.conf.update(broker_url=url, broker_transport_options=options)
    current_app.amqp._producer_pool = current_app._pool = None


@pytest.fixture
def wipe(broker):
    """Point this process at the broker; hand out what loses everything in it."""
    before = current_app.conf.broker_url, current_app.conf.broker_transport_options
    connect_to(broker, settings.CELERY_BROKER_TRANSPORT_OPTIONS | {"global_keyprefix": PREFIX})
    server = redis.Redis.from_url(broker)

    def wipe_keys():
        if keys := list(server.scan_iter(f"{PREFIX}*")):
            server.delete(*keys)

    wipe_keys()
    yield wipe_keys
    wipe_keys()
    connect_to(*before)


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


@pytest.fixture(scope="module")
def team(broker, django_db_setup, django_db_blocker):
    """Two worker processes for most tests: starting them costs seconds."""
    with django_db_blocker.unblock(), worker(broker, concurrency=2) as process:
        yield process


@contextmanager
def paused(process):
    """The workers stand still, so that rings wait at the broker."""
    os.killpg(process.pid, signal.SIGSTOP)
    yield
    os.killpg(process.pid, signal.SIGCONT)


def worker(broker, concurrency=1):
    """A worker process on this test's database."""
    kinds = "--include tests.core.broker_kinds"
    return celery(broker, f"worker --without-gossip --without-mingle {kinds} --concurrency {concurrency}")


@contextmanager
def celery(broker, command):
    """A Celery process on this test's database; killed with its children at the end."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        database = f"sqlite:///{name}"
    else:
        server = connection.settings_dict
        user = f"{server['USER']}:{server['PASSWORD']}@" if server["USER"] else ""
        database = f"postgres://{user}{server['HOST']}:{server['PORT']}/{name}"
    env = os.environ | {"DATABASE_URL": database, "REDIS_URL": broker, "SOP_BROKER_PREFIX": PREFIX}
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "--quiet", "--app", "sop", *command.split()],
        env=env,
        start_new_session=True,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        kill_all(process)


def kill_all(process):
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(condition, seconds=25.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s; jobs: {list(Job.objects.values())}"
        time.sleep(0.05)


def is_over(*jobs):
    pending = Job.objects.filter(pk__in=[job.pk for job in jobs], state__in=lease.UNFINISHED)
    return lambda: not pending.exists()


def starts(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def effects(client="probe"):
    return list(IdempotencyRecord.objects.filter(client=client).order_by("pk").values_list("key", flat=True))


def test_a_killed_child_is_replaced_within_ten_seconds_and_the_effect_happens_once(team, wipe, log):
    job = enqueue_job(kind="probe", scope={"log": str(log), "die_at": 1}, actor=None)
    wait_for(lambda: starts(log))
    wait_for(is_over(job), seconds=10)
    job.refresh_from_db()
    assert starts(log) == [f"{job.pk} 1", f"{job.pk} 2"]
    assert (job.state, job.result) == (JobState.DONE, {"attempt": 2})
    assert effects() == [str(job.pk)]


def test_a_wiped_broker_loses_no_job_and_doubles_none(team, wipe, log):
    with paused(team):
        jobs = [enqueue_job(kind="probe", scope={"log": str(log), "n": n}, actor=None) for n in range(20)]
        wipe()
        assert bell.is_queue_empty()
    wait_for(lambda: reap_jobs() or is_over(*jobs)())
    assert sorted(starts(log)) == sorted(f"{job.pk} 1" for job in jobs)
    assert sorted(effects(), key=int) == [str(job.pk) for job in jobs]


def test_enqueueing_works_while_the_broker_is_away(team, wipe, broker, log):
    options = current_app.conf.broker_transport_options
    connect_to("redis://127.0.0.1:1/0", options)
    began = time.monotonic()
    job = enqueue_job(kind="probe", scope={"log": str(log)}, actor=None)
    reap_jobs()
    assert time.monotonic() - began < 5
    assert Job.objects.get().state == JobState.QUEUED
    connect_to(broker, options)
    wait_for(lambda: reap_jobs() or is_over(job)())
    assert effects() == [str(job.pk)]


def test_many_rings_for_one_job_run_it_once(team, wipe, log):
    with paused(team):
        job = enqueue_job(kind="probe", scope={"log": str(log), "seconds": 0.5}, actor=None)
        bell.ring([job.pk] * 20)
    wait_for(is_over(job))
    wait_for(bell.is_queue_empty)
    assert starts(log) == [f"{job.pk} 1"]
    assert effects() == [str(job.pk)]


def test_cancel_stops_a_running_job_and_publishes_nothing(team, wipe, log):
    job = enqueue_job(kind="probe", scope={"log": str(log), "seconds": 60}, actor=None)
    wait_for(lambda: starts(log))
    request_cancel(job=job, actor=None)
    wait_for(is_over(job), seconds=5)
    job.refresh_from_db()
    assert (job.state, effects()) == (JobState.CANCELLED, [])


def test_a_split_job_survives_a_killed_part_and_a_wiped_broker(team, wipe, log):
    parts = [{"n": n, "die_at": 1 if n == 3 else 0} for n in range(8)]
    job = enqueue_job(kind="probe_all", scope={"log": str(log), "parts": parts}, actor=None)
    wait_for(lambda: len(starts(log)) >= 4)
    wipe()
    wait_for(lambda: reap_jobs() or is_over(job)())
    job.refresh_from_db()
    assert (job.state, job.result) == (JobState.DONE, {"parts": 8})
    assert len(effects()) == 8
    assert effects("join") == [str(job.pk)]


def test_when_all_workers_are_killed_the_next_one_takes_over(team, broker, wipe, log):
    job = enqueue_job(kind="probe", scope={"log": str(log), "seconds": 1}, actor=None)
    wait_for(lambda: starts(log))
    kill_all(team)
    with worker(broker):
        wait_for(lambda: reap_jobs() or is_over(job)(), seconds=20)
    job.refresh_from_db()
    assert (job.state, job.attempt) == (JobState.DONE, 2)
    assert effects() == [str(job.pk)]


@pytest.mark.slow
def test_workers_and_beat_outlive_a_broker_that_dies_and_comes_back_empty(tmp_path, wipe, log):
    command, url = embedded_valkey(tmp_path / "valkey")
    options = current_app.conf.broker_transport_options
    with ExitStack() as stack:
        valkey = subprocess.Popen(command)
        stack.callback(lambda: valkey.kill())
        wait_for(lambda: can_connect(url))
        stack.enter_context(worker(url))
        stack.enter_context(celery(url, "beat"))
        connect_to(url, options)
        before = enqueue_job(kind="probe", scope={"log": str(log), "n": 1}, actor=None)
        wait_for(is_over(before))
        valkey.kill()
        valkey.wait()
        shutil.rmtree(tmp_path / "valkey" / "appendonlydir")
        during = enqueue_job(kind="probe", scope={"log": str(log), "n": 2}, actor=None)
        valkey = subprocess.Popen(command)
        wait_for(is_over(during), seconds=40)
    assert effects() == [str(before.pk), str(during.pk)]
