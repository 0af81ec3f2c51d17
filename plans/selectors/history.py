"""Who made a number what it is: the past of one cell, and the past of a whole measure by cause."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from plans.choices import FOLDINGS
from plans.measures import get_measure
from plans.models import Batch, Edit, Move
from plans.selectors.blocks import load_block
from plans.selectors.cells import Value
from plans.selectors.heads import HeadRef, get_heads
from plans.selectors.state import Cell, read_cells


@dataclass(frozen=True)
class CellChange:
    """One change of one cell; ``kind`` is edit or the kind of the bulk write."""

    at: dt.datetime
    by: str
    measure: str
    kind: str
    source: str
    reason: str
    cause: str
    comment: str
    before: Value
    after: Value
    batch_id: int | None


@dataclass(frozen=True)
class Passage:
    """A stretch of a head's past: edits that took it from ``before`` to ``after``, or one move."""

    before: HeadRef
    after: HeadRef
    move: Move | None = None


def first_state(head: HeadRef) -> HeadRef:
    """Where a head stood when it was made."""
    first = Move.objects.filter(head_id=head.id).order_by("epoch").first()
    block = first.from_block_id if first is not None and first.from_block_id else head.block_id
    undetached = head.base_head_id is not None
    return replace(head, block_id=block, fold=0, rev=0, epoch=0, detached=not undetached)


def walk_head(start: HeadRef, end: HeadRef) -> Iterator[Passage]:
    """Everything that happened to one head between two references, in the order it took effect.

    A move is placed by the head's revision at that moment, so that with edits kept on top of a publication each
    stretch starts where the one before ended.
    """
    moves = Move.objects.filter(head_id=end.id, epoch__gt=start.epoch, epoch__lte=end.epoch)
    here = start
    for move in moves.select_related("batch").order_by("epoch"):
        there = replace(here, rev=move.rev)
        if there.rev > here.rev:
            yield Passage(here, there)
        here = replace(there, block_id=move.to_block_id, fold=move.fold, epoch=move.epoch, detached=True)
        if move.kind not in FOLDINGS:
            yield Passage(there, here, move)
    if end.rev > here.rev:
        yield Passage(here, replace(here, rev=end.rev))


def load_cell_history(*, version_id: int, measure: str, key: tuple[int, int], month: int) -> list[CellChange]:
    """Every change of a cell in this plan, newest first; for a scenario also what it inherited."""
    cell = (*key, month)
    heads = get_heads(version_id=version_id, measures=[measure])
    changes = [change for code in get_measure(measure).stored for change in _changes_of(heads[code], cell)]
    return sorted(changes, key=lambda change: change.at, reverse=True)


def _changes_of(head: HeadRef, cell: Cell) -> Iterator[CellChange]:
    start = first_state(head)
    if start.has_base_tail and start.base_head_id is not None:
        yield from _edits(start.base_head_id, head.measure, cell, start.base_fold, start.base_rev)
    for passage in walk_head(start, head):
        if passage.move is None:
            yield from _edits(head.id, head.measure, cell, passage.before.rev, passage.after.rev)
            continue
        before, after = (_value(ref, cell) for ref in (passage.before, passage.after))
        if before != after:
            yield _of_move(passage.move, head.measure, before, after)


def _edits(head_id: int, measure: str, cell: Cell, fold: int, rev: int) -> Iterator[CellChange]:
    a_id, b_id, month = cell
    found = Edit.objects.filter(head_id=head_id, a_id=a_id, b_id=b_id, m=month, rev__gt=fold, rev__lte=rev)
    for edit in found.select_related("batch").order_by("rev"):
        batch = edit.batch
        yield _change(batch, batch.at, measure, "edit", edit.before, edit.after)


def _of_move(move: Move, measure: str, before: Value, after: Value) -> CellChange:
    return _change(move.batch, move.at, measure, move.kind, before, after)


def _change(batch: Batch | None, at: dt.datetime, measure: str, kind: str, before: Value, after: Value) -> CellChange:
    if batch is None:
        return CellChange(at, "", measure, kind, "", "", "", "", before, after, None)
    return CellChange(
        at,
        batch.author_name,
        measure,
        kind,
        batch.source,
        batch.reason,
        batch.cause,
        batch.comment,
        before,
        after,
        batch.pk,
    )


def _value(ref: HeadRef, cell: Cell) -> Value:
    """One cell at one reference, by look-ups instead of the whole tail."""
    a_id, b_id, month = cell
    for head_id, fold, rev in reversed(ref.ranges):
        edits = Edit.objects.filter(head_id=head_id, a_id=a_id, b_id=b_id, m=month, rev__gt=fold, rev__lte=rev)
        row = edits.order_by("-rev").values_list("after", flat=True)[:1]
        for after in row:
            return after
    values, present = read_cells(load_block(ref.block_id), np.array([cell], np.int64))
    return int(values[0]) if present[0] else None
