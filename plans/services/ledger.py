"""Appending edit rows under the head's lock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.db import connection

from core.db import write_transaction
from plans.models import Batch, Edit
from plans.selectors.cells import PROBE_LIMIT, find_locked, read_current
from plans.selectors.heads import HeadRef, get_heads
from plans.selectors.state import load_state
from plans.services.batches import Note
from plans.services.edits import SaveResult
from plans.services.head_rows import advance_head, frozen_error, hold_head, set_head_rev
from plans.services.judging import Change
from plans.services.saving import Save

_COLUMNS = ("head_id", "rev", "a_id", "b_id", "m", "before", "after", "batch_id")


def write_ledger(save: Save) -> SaveResult:
    """One edit row per changed cell: lock the heads, read, judge, append.

    Blocks and tails are fetched before anything is locked; the lock is held for a handful of statements.
    """
    seen = get_heads(version_id=save.version.pk, measures=save.wanted)
    if len(save.edits) > PROBE_LIMIT:
        for ref in seen.values():
            load_state(ref)
    with write_transaction():
        held = _lock_heads(save, seen)
        before = {code: replace(ref, rev=ref.rev - save.counts.get(code, 0)) for code, ref in held.items()}
        current = read_current(save.wanted, before)
        verdict = save.settle(current, find_locked(save.version.pk, save.wanted), before)
        after = _after(before, verdict.changes)
        batches = save.insert_batches(verdict, after)
        _append(verdict.changes, before, batches)
        for code, ref in after.items():
            if ref.rev < held[code].rev:
                set_head_rev(ref.id, ref.rev)
        return save.conclude(next(iter(batches.values())), verdict, after)


def _lock_heads(save: Save, seen: Mapping[str, HeadRef]) -> dict[str, HeadRef]:
    """Take the heads in id order, with as many revisions as there are edits. Raises ``Frozen``."""
    held = {}
    for ref in sorted(seen.values(), key=lambda ref: ref.id):
        count = save.counts.get(ref.measure, 0)
        locked = advance_head(ref.id, count) if count else hold_head(ref.id)
        if locked is None:
            raise frozen_error([ref])
        held[ref.measure] = locked
    return held


def _after(before: Mapping[str, HeadRef], changes: Sequence[Change]) -> dict[str, HeadRef]:
    """Where the heads stand with the changes written: revisions are dense, unused ones go back."""
    written = Counter(change.measure for change in changes)
    return {code: replace(ref, rev=ref.rev + written[code]) for code, ref in before.items()}


def _append(changes: Sequence[Change], before: Mapping[str, HeadRef], batches: Mapping[Note, Batch]) -> None:
    """Write the changes with dense revisions in the order of the edits."""
    revs = {code: ref.rev for code, ref in before.items()}
    rows = []
    for change in changes:
        revs[change.measure] += 1
        edit = change.edit
        head_id, batch_id = before[change.measure].id, batches[edit.note].pk
        rows.append((head_id, revs[change.measure], *edit.cell, change.before, edit.after, batch_id))
    _insert_edits(rows)


def _insert_edits(rows: Sequence[tuple[int | None, ...]]) -> None:
    """Plain statements: model objects would cost several times the database's work."""
    quote = connection.ops.quote_name
    columns, marks = ", ".join(map(quote, _COLUMNS)), ", ".join(["%s"] * len(_COLUMNS))
    statement = f"INSERT INTO {quote(Edit._meta.db_table)} ({columns}) VALUES ({marks})"
    with connection.cursor() as cursor:
        if len(rows) == 1:
            cursor.execute(statement, rows[0])
        elif rows:
            cursor.executemany(statement, rows)
