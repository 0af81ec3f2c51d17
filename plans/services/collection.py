"""Deleting blocks that nothing names any more: results never published, work of processes that died."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db import IntegrityError, connection
from django.db.models import F
from django.utils import timezone

from core.db import write_transaction
from plans.models import Block, Garbage, Head, Move, Snapshot
from plans.selectors.snapshots import load_manifest

_CHUNK = 200
KEPT_DAYS = 7


def collect_blocks(*, older_than_days: float = KEPT_DAYS) -> int:
    """Delete blocks no head, move or snapshot names and that are older than some days; how many.

    The delete trigger lets a block go only while it is listed as garbage, in this transaction. A block that is put to
    use at the same moment is kept by its foreign key, and its whole chunk waits for the next collection.
    """
    cutoff = timezone.now() - dt.timedelta(days=older_than_days)
    in_use = set(_named_blocks())
    old = Block.objects.filter(created_at__lt=cutoff).order_by("sha").values_list("sha", flat=True)
    garbage = [sha for sha in old if sha not in in_use]
    return sum(_delete(garbage[start : start + _CHUNK]) for start in range(0, len(garbage), _CHUNK))


def _named_blocks() -> Iterator[str]:
    for model, columns in (
        (Head, ("block_id", "base_block_id")),
        (Move, ("from_block_id", "to_block_id", "before_block_id", "after_block_id")),
    ):
        for column in columns:
            found = model.objects.filter(**{f"{column}__isnull": False}).annotate(named=F(column))
            yield from found.order_by().values_list("named", flat=True).distinct()
    for snapshot in Snapshot.objects.all():
        yield from load_manifest(snapshot)["measures"].values()


def _delete(shas: list[str]) -> int:
    try:
        with write_transaction():
            Garbage.objects.bulk_create([Garbage(sha=sha) for sha in shas], ignore_conflicts=True)
            deleted = Block.objects.filter(pk__in=shas)._raw_delete(using=connection.alias)
            Garbage.objects.filter(pk__in=shas).delete()
    except IntegrityError:
        return 0
    return int(deleted)
