"""Worker processes on a benchmark's database, with a broker of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from celery import current_app
from django.db import connection
from kombu import pools

from core.jobs import enqueue_job, reap_jobs
from core.models import Job
from ops.places import environment
from ops.services import can_connect, running_valkey


@contextmanager
def broker() -> Iterator[str]:
    given = os.environ.get("REDIS_URL", "")
    if given and can_connect(given):
        yield given
        return
    with running_valkey() as url:
        yield url


@contextmanager
def workers(url: str, count: int) -> Iterator[None]:
    """Worker processes on this database, and this process's Celery pointed at their broker; they are up inside."""
    prefix = f"bench-{os.getpid()}:"
    server = connection.settings_dict
    if connection.vendor == "sqlite":
        database = f"sqlite:///{server['NAME']}"
    else:
        user = f"{server['USER']}:{server['PASSWORD']}@" if server["USER"] else ""
        database = f"postgres://{user}{server['HOST']}:{server['PORT']}/{server['NAME']}"
    pools.reset()
    options = current_app.conf.broker_transport_options | {"global_keyprefix": prefix}
    current_app.conf.update(broker_url=url, broker_transport_options=options)
    current_app.amqp._producer_pool = current_app._pool = None  # closed with the pools
    command = f"-m celery --quiet --app sop worker --without-gossip --without-mingle --concurrency {count}"
    env = environment(DATABASE_URL=database, REDIS_URL=url, SOP_BROKER_PREFIX=prefix)
    quiet = subprocess.DEVNULL
    team = subprocess.Popen(
        [sys.executable, *command.split()], env=env, start_new_session=True, stdout=quiet, stderr=quiet
    )
    try:
        probe = enqueue_job(kind="forecast", scope={"cycle": 0}, actor=None)  # fails at once: they are up
        wait_until_over(probe, 60)
        yield
    finally:
        os.killpg(team.pid, signal.SIGKILL)
        team.wait()


def wait_until_over(job: Job, seconds: float) -> None:
    """The reaper's beat is played here: it is another process of the application."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for _tick in range(100):
            job.refresh_from_db()
            if job.is_over:
                return
            time.sleep(0.05)
        reap_jobs()
    raise TimeoutError(f"job {job.pk} is {job.state} after {seconds:.0f} s: {job.error}")
