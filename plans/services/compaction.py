"""Folding a head's edits into a new block: same content, shorter tail. Nobody waits for it."""

from __future__ import annotations

from django.db.models import F, Q

from core.db import write_transaction
from plans.choices import MoveKind, PublishPolicy, VersionState
from plans.models import Head, Move
from plans.selectors.heads import HEAD_COLUMNS, HeadRef
from plans.selectors.state import load_state
from plans.services.blocks import put_block
from plans.services.head_rows import move_head

TAIL_LIMIT = 5_000  # edits; up to here a cold read of a slice costs about as much as without


def compact_head(*, head: HeadRef) -> bool:
    """Fold everything the reference sees; edits made since stay on top. False when the head moved on meanwhile.

    The compare-and-swap leaves the revision alone, so neither readers nor editors are held up, and no audit entry is
    written because no number changes.
    """
    if not head.is_dirty or head.sealed:
        return False
    block = put_block(cube=load_state(head).cube())
    with write_transaction():
        moved = move_head(head, block, policy=PublishPolicy.KEEP_NEWER)
        if moved is None:
            return False
        log_fold(head, moved, MoveKind.COMPACT)
    return True


def log_fold(before: HeadRef, after: HeadRef, kind: str) -> None:
    """The row of a move that changes no number."""
    Move.objects.create(
        head_id=before.id,
        epoch=after.epoch,
        kind=kind,
        from_block_id=before.block_id,
        to_block_id=after.block_id,
        fold=after.fold,
        rev=after.rev,
    )


def compact_long_tails(*, limit: int = TAIL_LIMIT) -> int:
    """Fold every open head whose tail is longer than ``limit`` edits; how many were."""
    own, base = F("rev") - F("fold"), F("base_rev") - F("base_fold")
    long = Head.objects.annotate(own=own, base=base).filter(
        Q(own__gt=limit) | Q(base__gt=limit, detached=False),
        sealed=False,
        version__state=VersionState.OPEN,
    )
    refs = [HeadRef.of_row(row) for row in long.order_by("id").values_list(*HEAD_COLUMNS)]
    return sum(compact_head(head=ref) for ref in refs)
