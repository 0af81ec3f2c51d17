"""Putting jobs in, splitting them, asking them to stop."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from statistics import median
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from core import audit
from core.choices import JobState
from core.db import write_transaction
from core.errors import Conflict
from core.jobs import bell
from core.jobs.errors import LeaseLost
from core.jobs.kinds import get_kind
from core.jobs.lease import UNFINISHED, stop_children, swap, wake_parent
from core.models import Job

ATTEMPTS = 3
_RACES = 5  # an equal job may end between our look and our insert


def enqueue_job(
    *,
    kind: str,
    scope: dict[str, Any],
    actor: AbstractBaseUser | None,
    input_hash: str = "",
    expected_seconds: float | None = None,
) -> Job:
    """Store a job and ring on commit; an equal unfinished job is returned instead of a double.

    Equal means the same kind, scope and input hash. Works while the broker is down: the reaper rings later.
    """
    get_kind(kind)
    key = _dedupe_key(kind, scope, input_hash)
    for _try in range(_RACES):
        if (existing := _find_unfinished(key)) is not None:
            return existing
        try:
            with write_transaction():
                job = Job.objects.create(
                    kind=kind,
                    scope=scope,
                    input_hash=input_hash,
                    dedupe_key=key,
                    code_version=settings.CODE_VERSION,
                    max_attempts=ATTEMPTS,
                    expected_seconds=expected_seconds or _usual_seconds(kind),
                    created_by_id=actor.pk if actor else None,
                )
                audit.record(chain=audit.SYSTEM, actor=actor, verb="core.job.enqueued", obj=job, detail={"kind": kind})
                bell.ring_on_commit([job.pk])
                return job
        except IntegrityError:  # somebody enqueued the same at the same moment: theirs is the job
            continue
    raise Conflict(_("The same job is being started and ended again and again. Try again in a moment."))


def enqueue_children(*, job: Job, kind: str, scopes: Sequence[dict[str, Any]]) -> list[Job]:
    """Split a running job: the chunks run anywhere, then the job's continuation runs.

    The calling function must return right after; its job now waits and holds no lease. Splitting, like every
    other step, is one compare-and-swap: a worker that has lost its lease splits nothing (``LeaseLost``).
    """
    get_kind(kind)
    with write_transaction():
        mine = Job.objects.filter(pk=job.pk, attempt=job.attempt, state=JobState.RUNNING)
        split = {"state": JobState.WAITING, "is_split": True, "worker": "", "lease_until": None}
        if not mine.update(**split, max_attempts=job.attempt + ATTEMPTS):
            raise LeaseLost
        children = Job.objects.bulk_create(
            Job(
                kind=kind,
                scope=scope,
                input_hash=job.input_hash,
                dedupe_key=_dedupe_key(kind, scope, f"{job.pk}/{position}"),
                code_version=job.code_version,
                max_attempts=ATTEMPTS,
                parent=job,
                created_by=job.created_by,
            )
            for position, scope in enumerate(scopes)
        )
        bell.ring_on_commit([child.pk for child in children])
    if not children:
        wake_parent(job.pk)
    return children


def request_cancel(*, job: Job, actor: AbstractBaseUser | None) -> Job:
    """Stop a job: at once when it waits, at its next report when it runs. Finished jobs stay as they are."""
    with write_transaction():
        row = Job.objects.filter(pk=job.pk, cancel_requested=False)
        idle = row.filter(state__in=(JobState.QUEUED, JobState.WAITING))
        now = timezone.now()
        if swap(idle, state=JobState.CANCELLED, cancel_requested=True, finished_at=now) or swap(
            row.filter(state=JobState.RUNNING), cancel_requested=True
        ):
            stop_children(job.pk)
            audit.record(chain=audit.SYSTEM, actor=actor, verb="core.job.cancel_requested", obj=job)
    job.refresh_from_db()
    if job.parent_id and job.state == JobState.CANCELLED:
        wake_parent(job.parent_id)
    return job


def _find_unfinished(key: str) -> Job | None:
    return Job.objects.filter(dedupe_key=key, state__in=UNFINISHED, cancel_requested=False).first()


def _dedupe_key(kind: str, scope: dict[str, Any], input_hash: str) -> str:
    text = json.dumps([kind, scope, input_hash], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _usual_seconds(kind: str) -> float | None:
    """The median duration of the last five finished jobs of this kind."""
    timed = Job.objects.filter(kind=kind, state=JobState.DONE, started_at__isnull=False, finished_at__isnull=False)
    pairs = list(timed.order_by("-pk").values_list("started_at", "finished_at")[:5])
    seconds = [(end - start).total_seconds() for start, end in pairs if start is not None and end is not None]
    return median(seconds) if seconds else None
