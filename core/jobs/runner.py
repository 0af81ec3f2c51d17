"""Running a claimed job: in a worker, or in this process for commands and tests."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils.translation import gettext as _

from core.choices import JobState
from core.errors import AppError
from core.jobs.errors import JobCancelled, LeaseLost
from core.jobs.kinds import RunFunction, get_kind
from core.jobs.lease import IN_PROCESS_LEASE, UNFINISHED, claim_job, in_language_of, put_back, settle, wake_parent
from core.jobs.progress import Heartbeat, Progress
from core.logs import bind_job
from core.models import Job

log = logging.getLogger(__name__)


def run_job(job_id: int) -> None:
    """What a worker does on a ring: claim the job, if it is still to be had, and run it to an end."""
    job = claim_job(job_id)
    if job is None:
        return
    with _in_context_of(job):
        try:
            with Heartbeat(job):
                _run(job)
        except (AppError, JobCancelled, LeaseLost) as ending:
            log.info("job %s ended early: %s", job.pk, type(ending).__name__)
        except Exception:
            log.exception("job %s (%s) crashed at attempt %s", job.pk, job.kind, job.attempt)
            put_back(job, error_code="internal", error=_crash_text(job))


def run_job_now(job: Job) -> Job:
    """Run a waiting job, its children and its continuation in this process; what ended it is raised again.

    For management commands and tests. An unexpected error fails the job at once: there is nobody to retry.
    """
    while True:
        claimed = claim_job(job.pk, lease=IN_PROCESS_LEASE)
        if claimed is not None:
            with _in_context_of(claimed):
                try:
                    _run(claimed)
                except (AppError, JobCancelled, LeaseLost):
                    raise
                except Exception:
                    settle(claimed, JobState.FAILED, error_code="internal", error=_crash_text(claimed))
                    raise
        for child in job.children.filter(state=JobState.QUEUED).order_by("pk"):
            run_job_now(child)
        wake_parent(job.pk)  # inside a surrounding transaction no child's commit has done it
        job.refresh_from_db()
        if job.state not in UNFINISHED or (claimed is None and job.state != JobState.QUEUED):
            return job


def _run(job: Job) -> None:
    """Run the function of ``job`` and store how it ended; re-raises what stopped it."""
    try:
        result = _function_of(job)(job, Progress(job))
    except JobCancelled:
        settle(job, JobState.CANCELLED)
        raise
    except AppError as refusal:
        state = JobState.STALE if refusal.code == "stale" else JobState.FAILED
        settle(job, state, error_code=refusal.code, error=str(refusal.message))
        raise
    _store_result(job, result)


def _store_result(job: Job, result: dict[str, Any] | None) -> None:
    """End the attempt with its result; a job that fenced itself is done already and only gets its result."""
    fenced = Job.objects.filter(pk=job.pk, attempt=job.attempt, state=JobState.DONE)
    if result is not None and fenced.update(result=result, findings=job.findings):
        return
    if not settle(job, JobState.DONE, result=result):
        settle(job, JobState.CANCELLED)


def _function_of(job: Job) -> RunFunction:
    try:
        kind = get_kind(job.kind)
    except KeyError:
        raise AppError(
            _("This installation does not know jobs of the kind “%(kind)s”.") % {"kind": job.kind},
            code="unknown_kind",
        ) from None
    if not job.is_split:
        return kind.run
    if kind.continuation is None:
        raise AppError(_("This job was split but has no continuation."), code="unknown_kind")
    return kind.continuation


def _crash_text(job: Job) -> str:
    return _(
        "The job stopped on an unexpected error. No figure was changed. "
        "Start it again; if it fails again, hand job number %(job)d to your administrator."
    ) % {"job": job.pk}


@contextmanager
def _in_context_of(job: Job) -> Iterator[None]:
    """The actor's language for texts that are stored, and the job's number on every log line."""
    with in_language_of(job), bind_job(job.pk):
        yield
