"""What the parts of a split job hand to each other: bytes by name that live as long as the job."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from django.db import connection
from django.utils.translation import gettext as _

from core.choices import JobState
from core.db import write_transaction
from core.errors import Conflict
from core.jobs.errors import LeaseLost
from core.models import Job, JobPart

_OVER = (JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.STALE)


def write_parts(job: Job | None, parts: Mapping[str, bytes]) -> None:
    """Store parts of a job, in the place of those of an earlier attempt."""
    if job is None:
        raise LeaseLost
    JobPart.objects.filter(job=job, name__in=list(parts)).delete()
    JobPart.objects.bulk_create([JobPart(job=job, name=name, data=data) for name, data in parts.items()])


def read_part(job_id: int, name: str) -> bytes:
    """The bytes of a part. Raises ``Conflict`` when the job it belongs to is over."""
    found = _select(job_id, name)
    if found is None:
        raise Conflict(_("A part of the work is gone: its run is over."), code="stale")
    return bytes(found)


def _select(job_id: int, name: str) -> bytes | memoryview | None:
    if connection.vendor != "postgresql":
        found = JobPart.objects.filter(job=job_id, name=name).values_list("data", flat=True).first()
        return None if found is None else bytes(found)
    # The text protocol would send megabytes as twice as many hexadecimal digits.
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        statement = f"SELECT data FROM {JobPart._meta.db_table} WHERE job_id = %s AND name = %s"
        row = cursor.execute(statement, [job_id, name], binary=True).fetchone()
    return None if row is None else row[0]


def clear_parts(job: Job) -> None:
    """Delete what a job has left."""
    JobPart.objects.filter(job=job)._raw_delete(using=connection.alias)


def clear_stale_parts(kind: str) -> None:
    """Delete what cancelled and failed jobs of a kind have left."""
    with write_transaction():
        JobPart.objects.filter(job__kind=kind, job__state__in=_OVER).delete()
