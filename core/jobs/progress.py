"""How a running job says how far it is, and learns that it must stop."""

from __future__ import annotations

import logging
import threading
import time

from django.db import DatabaseError, connection

from core.jobs.errors import JobCancelled, LeaseLost
from core.jobs.kinds import get_kind
from core.jobs.lease import LEASE, renew_lease
from core.models import Job

log = logging.getLogger(__name__)

_MIN_SECONDS_BETWEEN_WRITES = 0.3


class Progress:
    """Handed to a job's function. Call ``update`` between chunks of work, outside transactions."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._done_by_parts = get_kind(job.kind).share_of_parts(1.0) if job.is_split else 0.0
        self._written_at = 0.0
        self._step = ""

    def update(self, fraction: float, step: str = "") -> None:
        """Store the done share (0 … 1) and the step in words, and renew the lease.

        Raises ``JobCancelled`` when cancelling was asked and ``LeaseLost`` when another worker owns the job.
        Calls within 0.3 s of the last write of the same step are free.
        """
        step = str(step)
        now = time.monotonic()
        if step == self._step and now - self._written_at < _MIN_SECONDS_BETWEEN_WRITES:
            return
        permille = round(1000 * min(1.0, max(0.0, fraction, self._done_by_parts)))
        if not renew_lease(self._job, progress=permille, step=step[:200]):
            raise LeaseLost
        if Job.objects.filter(pk=self._job.pk, cancel_requested=True).exists():
            raise JobCancelled
        self._written_at, self._step = now, step

    def within(self, step: str, fraction: float, text: str = "") -> None:
        """As ``update``, for ``fraction`` of a step registered with its weight; ``text`` says more than its title."""
        self.update(get_kind(self._job.kind).share(step, fraction), text or step)


class Heartbeat:
    """Renews the lease from a thread while the job computes for longer than the lease without reporting.

    It dies with the process, so a killed worker's job is free after at most ``LEASE``.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"job-{job.pk}-lease", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        try:
            while not self._stop.wait(LEASE.total_seconds() / 5):
                try:
                    if not renew_lease(self._job):
                        return  # ended, split, or another worker's
                except DatabaseError:
                    log.warning("lease of job %s could not be renewed", self._job.pk)
                    connection.close()
        finally:
            connection.close()
