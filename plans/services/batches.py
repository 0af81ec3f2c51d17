"""Batch rows: who wrote, when, from where, why; and the answer of a repeated request."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from core import audit
from plans.choices import Source
from plans.cubes import canonical_json
from plans.models import Batch, Version


@dataclass(frozen=True)
class Note:
    """Why a cell was changed. ``cause`` groups the waterfall of changes."""

    reason: str = ""
    cause: str = ""
    comment: str = ""


@dataclass(frozen=True)
class Origin:
    """Who writes, from where, and the caller's idempotency key.

    ``client`` separates the keys of different callers; a key is made when the caller sent none.
    """

    actor: User | None
    source: str = Source.GRID
    idem_key: str | None = None
    undo_of_id: int | None = None
    job_id: int | None = None

    @property
    def client(self) -> str:
        return f"user:{self.actor.pk}" if self.actor else "system"


def insert_batches(
    *,
    version_id: int,
    origin: Origin,
    notes: Sequence[Note],
    ncells: Sequence[int] = (),
    result: dict[str, Any] | None = None,
) -> list[Batch]:
    """One batch per note; the first carries the key and the answer for a repeated request, and leads the others.

    Raises ``IntegrityError`` when the key was used before.
    """
    key = origin.idem_key or str(uuid.uuid4())
    batches: list[Batch] = []
    for number, note in enumerate(notes):
        batch = Batch(
            version_id=version_id,
            author=origin.actor,
            author_name=str(origin.actor) if origin.actor else "system",
            source=origin.source,
            reason=note.reason,
            cause=note.cause,
            comment=note.comment,
            ncells=ncells[number] if ncells else 0,
            job_id=origin.job_id,
            undo_of_id=origin.undo_of_id,
            part_of=batches[0] if batches else None,
            client=origin.client,
            idem_key=f"{key}#{number}" if number else key,
            result="" if number or result is None else canonical_json(result),
        )
        batch.save(force_insert=True)
        batches.append(batch)
    return batches


def find_replay(origin: Origin) -> Batch | None:
    """The batch that used this key first; its ``result`` is the answer."""
    if origin.idem_key is None:
        return None
    return Batch.objects.filter(client=origin.client, idem_key=origin.idem_key).first()


def record_write(*, version: Version, actor: User | None, verb: str, detail: dict[str, Any]) -> None:
    """The audit entry of a write to a plan; last in its transaction, after the heads."""
    chain = f"cycle:{version.cycle_id}" if version.cycle_id else audit.SYSTEM
    audit.record(chain=chain, actor=actor, verb=verb, obj=version, detail=detail)
