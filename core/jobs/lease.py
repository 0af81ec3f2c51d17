"""Who owns a job: claim by compare-and-swap, lease, attempt number as the fence.

Every state change is one conditional UPDATE on (id, state, attempt), so two workers can never both win,
whatever the broker delivers, and the same code holds on SQLite and PostgreSQL.
"""

from __future__ import annotations

import datetime as dt
import errno
import os
import socket
from functools import cache, partial
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.choices import JobState
from core.db import write_transaction
from core.jobs import bell
from core.jobs.errors import JobCancelled, LeaseLost
from core.models import Job

LEASE = dt.timedelta(seconds=25)
IN_PROCESS_LEASE = dt.timedelta(hours=6)  # no heartbeat there; a dead owner is seen by its process id
UNFINISHED = (JobState.QUEUED, JobState.RUNNING, JobState.WAITING)


@cache
def _host() -> str:
    """Host and process namespace: process ids mean something only within both."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = "pid"
    return f"{socket.gethostname()[:80]}/{namespace}"


def swap(rows: QuerySet[Job], **changes: Any) -> int:
    """Compare-and-swap: ``rows`` carries the expected state; answers how many rows changed."""
    with write_transaction():
        return rows.update(**changes)


def _mine(job: Job) -> QuerySet[Job]:
    return Job.objects.filter(pk=job.pk, attempt=job.attempt, state=JobState.RUNNING)


def worker_name() -> str:
    """This process, as written on the jobs it owns."""
    return f"{_host()}/{os.getpid()}"


def is_owner_dead(worker: str) -> bool:
    """True only when provable: the owner ran on this host and its process is gone."""
    host, _slash, pid = worker.rpartition("/")
    if host != _host() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except OSError as refusal:
        return refusal.errno == errno.ESRCH
    return False


def claim_job(job_id: int, *, lease: dt.timedelta = LEASE) -> Job | None:
    """Take a waiting job for this process; None when there is nothing to take.

    A job whose owner is gone or whose lease has run out is put back first.
    """
    job = Job.objects.filter(pk=job_id).first()
    if job is not None and job.state == JobState.RUNNING and is_abandoned(job):
        put_back(job)
        job.refresh_from_db()
    if job is None or job.state != JobState.QUEUED:
        return None
    now = timezone.now()
    taken = swap(
        Job.objects.filter(pk=job.pk, state=JobState.QUEUED, attempt=job.attempt),
        state=JobState.RUNNING,
        attempt=job.attempt + 1,
        worker=worker_name(),
        lease_until=now + lease,
        started_at=job.started_at or now,
    )
    return Job.objects.select_related("created_by").get(pk=job.pk) if taken else None


def is_abandoned(job: Job) -> bool:
    """A running job that nobody keeps alive."""
    expired = job.lease_until is None or job.lease_until < timezone.now()
    return expired or is_owner_dead(job.worker)


def in_language_of(job: Job) -> translation.override:
    """Texts that are stored with a job are written in the language of whoever started it."""
    return translation.override(getattr(job.created_by, "language", None) or settings.LANGUAGE_CODE)


def renew_lease(job: Job, **changes: Any) -> bool:
    """Prolong the lease and write ``changes``; False when the job is no longer ours."""
    until = timezone.now() + LEASE
    if job.lease_until is not None and job.lease_until > until:
        until = job.lease_until
    return bool(swap(_mine(job), lease_until=until, **changes))


def put_back(job: Job, *, error_code: str = "worker_lost", error: str = "") -> None:
    """Give an abandoned or crashed attempt back to the queue, or end it when it was the last."""
    if job.cancel_requested:
        settle(job, JobState.CANCELLED)
    elif job.attempt >= job.max_attempts:
        with in_language_of(job):
            reason = error or _(
                "The job stopped %(attempts)d times before its end (worker killed, out of memory or restarted). "
                "No figure was changed. Start it again, or hand the job number to your administrator."
            ) % {"attempts": job.attempt}
        settle(job, JobState.FAILED, error_code=error_code, error=reason)
    elif swap(_mine(job), state=JobState.QUEUED, worker="", lease_until=None, progress=0):
        bell.ring_on_commit([job.pk])


def fence(job: Job, *, result: dict[str, Any] | None = None) -> None:
    """Mark the job done inside the publishing transaction, so that its effect happens exactly once.

    Call it first in that transaction. Raises ``LeaseLost`` when another attempt owns the job and
    ``JobCancelled`` when cancelling was asked meanwhile; the transaction must then roll back.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("fence() belongs inside the publishing transaction")
    if not _mine(job).filter(cancel_requested=False).update(**_final(job, JobState.DONE), result=result):
        raise JobCancelled if _mine(job).exists() else LeaseLost
    if job.parent_id:
        transaction.on_commit(partial(wake_parent, job.parent_id))


def settle(job: Job, state: JobState, *, error_code: str = "", error: str = "", result: Any = None) -> bool:
    """End a running attempt; False when it was not ours any more. Wakes the parent of the last child."""
    mine = _mine(job).filter(cancel_requested=False) if state == JobState.DONE else _mine(job)
    ended = swap(mine, **_final(job, state), error_code=error_code, error=error, result=result)
    if ended and job.parent_id:
        wake_parent(job.parent_id)
    return bool(ended)


def _final(job: Job, state: JobState) -> dict[str, Any]:
    """The columns every ended job has alike."""
    final = {"state": state, "lease_until": None, "finished_at": timezone.now(), "findings": job.findings}
    return final | ({"progress": 1000} if state == JobState.DONE else {})


def wake_parent(parent_id: int) -> None:
    """Queue the parent's continuation when no child is left, or fail it with the first failed child's reason.

    Runs after the child's own commit: of two children ending at once, the later commit sees both. A crash in
    between is mended by the reaper, which calls this for every waiting parent.
    """
    children = Job.objects.filter(parent_id=parent_id)
    waiting = Job.objects.filter(pk=parent_id, state=JobState.WAITING)
    bad = children.exclude(state=JobState.DONE).exclude(state__in=UNFINISHED).order_by("pk").first()
    if bad is not None:
        end = {"state": bad.state, "error_code": bad.error_code, "error": bad.error}
        if swap(waiting, **end, finished_at=timezone.now()):
            stop_children(parent_id)
    elif not children.filter(state__in=UNFINISHED).exists() and swap(waiting, state=JobState.QUEUED):
        bell.ring_on_commit([parent_id])


def stop_children(parent_id: int) -> None:
    """Cancel the children that wait and ask the running ones to stop."""
    children = Job.objects.filter(parent_id=parent_id)
    swap(children.filter(state=JobState.QUEUED), state=JobState.CANCELLED, finished_at=timezone.now())
    swap(children.filter(state=JobState.RUNNING), cancel_requested=True)
