"""The reaper mends what a crash or a lost broker left behind. Beat rings it every few seconds."""

from __future__ import annotations

import logging

from kombu.exceptions import OperationalError

from core.choices import JobState
from core.jobs import bell
from core.jobs.lease import is_abandoned, put_back, wake_parent
from core.models import Job

log = logging.getLogger(__name__)


def reap_jobs() -> None:
    """Put abandoned jobs back (three tries, then failed), wake complete parents, ring again after lost rings.

    Any number may run at once: every step is a compare-and-swap.
    """
    for job in Job.objects.filter(state=JobState.RUNNING).select_related("created_by"):
        if is_abandoned(job):
            log.warning("job %s (%s) lost its worker at attempt %s", job.pk, job.kind, job.attempt)
            put_back(job)
    for parent_id in Job.objects.filter(state=JobState.WAITING).values_list("pk", flat=True):
        wake_parent(parent_id)
    _ring_again()


def _ring_again() -> None:
    """Jobs that wait while the broker's queue is empty have lost their ring (it was down or wiped)."""
    waiting = list(Job.objects.filter(state=JobState.QUEUED).order_by("pk").values_list("pk", flat=True))
    if not waiting:
        return
    try:
        lost = bell.is_queue_empty()
    except (OperationalError, OSError):
        return
    if lost:
        bell.ring(waiting)
