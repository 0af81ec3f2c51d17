"""The conditional UPDATEs of a head row: the only locks of the store.

Each begins a writer's work inside its transaction. A row that does not match (sealed, or moved on) is not updated and
the writer learns it from the missing answer; a row another writer holds makes this one wait, then match against what
that one left. Heads are taken in id order everywhere, so writers over several measures cannot block each other.

``epoch`` counts every change of block, fold or base, so comparing it compares all three.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from core.errors import Frozen
from plans.choices import PublishPolicy
from plans.models import Head, Snapshot
from plans.selectors.heads import HEAD_COLUMNS, HeadRef

_RETURNING = ", ".join(HEAD_COLUMNS)


def advance_head(head_id: int, count: int) -> HeadRef | None:
    """Lock an open head and hand out ``count`` revisions; the answer carries the highest. ``None``: sealed."""
    return _update("rev = rev + %s", [count], "id = %s AND NOT sealed", [head_id])


def hold_head(head_id: int) -> HeadRef | None:
    """Lock an open head as it is. ``None``: sealed."""
    return advance_head(head_id, 0)


def hold_head_at(seen: HeadRef) -> HeadRef | None:
    """Lock an open head that stands exactly where ``seen`` saw it. ``None``: it moved on or is sealed."""
    return _update("rev = rev", [], *_unmoved(seen, PublishPolicy.STRICT))


def set_head_rev(head_id: int, rev: int) -> None:
    """Give back unused revisions; the lock is still held, so nobody saw them."""
    _update("rev = %s", [rev], "id = %s", [head_id])


def move_head(seen: HeadRef, block_id: str, *, policy: str) -> HeadRef | None:
    """Point an open head at a block that stands for everything up to the seen revision. ``None``: it did not match.

    Strict asks that nobody edited since; keep_newer leaves later edits on top.
    """
    change = "block_id = %s, fold = %s, epoch = epoch + 1, detached = %s"
    return _update(change, [block_id, seen.rev, True], *_unmoved(seen, policy))


def seal_head(head_id: int) -> HeadRef | None:
    """Seal an open head for ever. ``None``: it is sealed already."""
    return _update("sealed = %s", [True], "id = %s AND NOT sealed", [head_id])


def repin_head(seen: HeadRef, parent: HeadRef, block_id: str) -> HeadRef | None:
    """Pin a scenario's head to its parent's present picture; ``block_id`` holds everything. ``None``: it moved on."""
    pin = {**base_columns(parent), "block_id": block_id, "detached": True}
    change = ", ".join(f"{column} = %s" for column in pin) + ", fold = rev, epoch = epoch + 1"
    return _update(change, list(pin.values()), *_unmoved(seen, PublishPolicy.STRICT))


def base_columns(parent: HeadRef) -> dict[str, Any]:
    """The columns with which a child's head stands on a parent's picture.

    A parent without own edits passes on what it stands on itself, so a base never stands on a base.
    """
    if parent.has_base_tail and parent.rev > parent.fold:
        raise ValueError("compact the parent's head before another stands on it")
    inherits = parent.has_base_tail
    return {
        "block_id": parent.block_id,
        "base_block_id": parent.block_id,
        "base_head_id": parent.base_head_id if inherits else parent.id,
        "base_fold": parent.base_fold if inherits else parent.fold,
        "base_rev": parent.base_rev if inherits else parent.rev,
        "detached": False,
        "pin_rev": parent.rev,
        "pin_epoch": parent.epoch,
    }


def frozen_error(heads: Iterable[HeadRef]) -> Frozen:
    """The refusal of a write under sealed heads: which snapshot holds the figures, how they can be opened again."""
    refs = list(heads)
    latest = Snapshot.objects.filter(version_id=refs[0].version_id).order_by("-at").values_list("code", flat=True)
    code = latest.first() or ""
    return Frozen(
        _("These figures are frozen (snapshot %(code)s). Nothing was changed. The coordinator can reopen the step.")
        % {"code": code[:12] or "–"},
        details={
            "snapshot": code,
            "version": refs[0].version_id,
            "measures": sorted(ref.measure for ref in refs),
            "how_to_reopen": _("Ask the S&OP coordinator to reopen the step."),
        },
    )


def _unmoved(seen: HeadRef, policy: str) -> tuple[str, list[Any]]:
    if policy == PublishPolicy.STRICT:
        return "id = %s AND epoch = %s AND NOT sealed AND rev = %s", [seen.id, seen.epoch, seen.rev]
    return "id = %s AND epoch = %s AND NOT sealed", [seen.id, seen.epoch]


def _update(change: str, values: list[Any], condition: str, params: list[Any]) -> HeadRef | None:
    statement = f"UPDATE {Head._meta.db_table} SET {change} WHERE {condition} RETURNING {_RETURNING}"
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, *params])
        row = cursor.fetchone()
    return HeadRef.of_row(row) if row else None
