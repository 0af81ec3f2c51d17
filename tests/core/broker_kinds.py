"""Job kinds for the real-broker tests; loaded by a worker process through ``celery --include``.

Effects are lines in a file named by the scope, so that the test sees what truly happened and how often.
"""

import os
import signal
import time
from pathlib import Path

from core.db import write_transaction
from core.jobs import enqueue_children, fence, register_continuation, register_kind
from core.models import IdempotencyRecord


@register_kind("probe", title="Probe", action="job.view")
def probe(job, progress):
    """Publish one row; on request die by SIGKILL at the first attempt, or work until cancelled."""
    scope = job.scope
    with Path(scope["log"]).open("a") as log:
        log.write(f"{job.pk} {job.attempt}\n")
    progress.update(0.1, "started")
    if scope.get("die_at") == job.attempt:
        os.kill(os.getpid(), signal.SIGKILL)
    end = time.monotonic() + scope.get("seconds", 0)
    while time.monotonic() < end:
        progress.update(0.5, "working")
        time.sleep(0.05)
    with write_transaction():
        fence(job, result={"attempt": job.attempt})
        IdempotencyRecord.objects.create(client="probe", key=f"{job.pk}", request_hash="", status=200)


@register_kind("probe_all", title="Probe all", action="job.view")
def probe_all(job, progress):
    scopes = [{"log": job.scope["log"], **part} for part in job.scope["parts"]]
    enqueue_children(job=job, kind="probe", scopes=scopes)


@register_continuation("probe_all")
def join(job, progress):
    with write_transaction():
        fence(job, result={"parts": job.children.filter(result__isnull=False).count()})
        IdempotencyRecord.objects.create(client="join", key=f"{job.pk}", request_hash="", status=200)
