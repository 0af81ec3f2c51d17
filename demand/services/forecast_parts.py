"""What the parts of a running forecast hand to each other: rows that live as long as the run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from django.db import connection
from django.utils.translation import gettext as _

from core.choices import JobState
from core.db import write_transaction
from core.errors import Conflict
from core.jobs import LeaseLost
from core.models import Job
from demand.models import ForecastPart
from plans.selectors.heads import HeadRef


@dataclass(frozen=True)
class RunState:
    """What a run has read, the hash of its inputs and the heads of its measures; ``started`` in seconds.

    ``borrowed`` says whose season short histories took over, empty when nobody's.
    """

    input_hash: str
    seen: Mapping[str, HeadRef]
    started: float
    borrowed: dict[str, Any]


def write_state(job: Job, state: RunState) -> None:
    """Keep it for the continuation; part of the transaction that splits the job."""
    heads = {code: asdict(ref) for code, ref in state.seen.items()}
    text = json.dumps({**vars(state), "seen": heads})
    write_parts(job, {"state": text.encode()})


def read_state(job: Job) -> RunState:
    told = json.loads(read_part(job.pk, "state"))
    seen = {code: HeadRef(**ref) for code, ref in told["seen"].items()}
    return RunState(told["input_hash"], seen, told["started"], told["borrowed"])


def write_parts(job: Job | None, parts: Mapping[str, bytes]) -> None:
    """Store parts of a run, in the place of those of an earlier attempt."""
    if job is None:
        raise LeaseLost
    ForecastPart.objects.filter(job=job, name__in=list(parts)).delete()
    ForecastPart.objects.bulk_create([ForecastPart(job=job, name=name, data=data) for name, data in parts.items()])


def read_part(job_id: int, name: str) -> bytes:
    """The bytes of a part. Raises ``Conflict`` when the run it belongs to is over."""
    found = _select(job_id, name)
    if found is None:
        raise Conflict(_("A part of the forecast is gone: its run is over."), code="stale")
    return bytes(found)


def _select(job_id: int, name: str) -> bytes | memoryview | None:
    if connection.vendor != "postgresql":
        found = ForecastPart.objects.filter(job=job_id, name=name).values_list("data", flat=True).first()
        return None if found is None else bytes(found)
    # The text protocol would send megabytes as twice as many hexadecimal digits.
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        statement = f"SELECT data FROM {ForecastPart._meta.db_table} WHERE job_id = %s AND name = %s"
        row = cursor.execute(statement, [job_id, name], binary=True).fetchone()
    return None if row is None else row[0]


def clear_parts(job: Job) -> None:
    """Delete what a run has left."""
    ForecastPart.objects.filter(job=job)._raw_delete(using=connection.alias)


def clear_stale_parts() -> None:
    """Delete what cancelled and failed runs have left."""
    over = (JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.STALE)
    with write_transaction():
        ForecastPart.objects.filter(job__state__in=over).delete()
