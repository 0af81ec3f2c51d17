"""Taking a batch back: the same cells with before and after exchanged. Redo is the undo of an undo."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import InvalidInput, Missing
from plans.choices import MoveKind, SaveMode, Source
from plans.models import Batch, Edit, Move
from plans.selectors.blocks import load_block
from plans.selectors.state import read_cells
from plans.services.batches import Note
from plans.services.cells import save_cells
from plans.services.edits import CellEdit, SaveResult


def undo_batch(*, batch_id: int, actor: User | None, idem_key: str | None = None) -> SaveResult:
    """Give every cell of a save (all its batches) its former value, provided it still has the one it got.

    Raises ``Conflict`` when somebody changed one of the cells since, ``Frozen``, and ``InvalidInput`` for a batch that
    is a calculation's or was undone already. Audit verb ``plans.cells.saved`` with ``undo_of``.
    """
    batch = Batch.objects.filter(pk=batch_id).first()
    if batch is None:
        raise Missing(_("There is no such change."), details={"batch": batch_id})
    lead = batch.part_of or batch
    edits = [*_ledger_edits(lead), *_patch_edits(lead)]
    if not edits:
        raise InvalidInput(_("This change has no cells to take back."), code="nothing_to_undo")
    return save_cells(
        version_id=lead.version_id,
        edits=edits,
        actor=actor,
        mode=SaveMode.ALL_OR_NOTHING,
        source=Source.UNDO,
        idem_key=idem_key,
        undo_of_id=lead.pk,
    )


def _ledger_edits(lead: Batch) -> Iterator[CellEdit]:
    rows = Edit.objects.filter(Q(batch=lead) | Q(batch__part_of=lead)).select_related("batch").order_by("id")
    columns = rows.values_list("head__measure", "a_id", "b_id", "m", "before", "after", "batch__cause")
    for measure, a_id, b_id, month, before, after, cause in columns:
        yield CellEdit(measure, a_id, b_id, month, before, after, note=_note(cause))


def _patch_edits(lead: Batch) -> Iterator[CellEdit]:
    moves = Move.objects.filter(batch=lead, kind=MoveKind.PATCH).order_by("id")
    for measure, before_sha, after_sha in moves.values_list("head__measure", "before_block_id", "after_block_id"):
        before, after = load_block(before_sha), load_block(after_sha)
        touched = np.argwhere(_mask(before.present) | _mask(after.present))
        keys = after.axis.keys[touched[:, 0]]
        cells = np.column_stack([keys, touched[:, 1] + after.first_month])
        (old, had), (new, has) = read_cells(before, cells), read_cells(after, cells)
        rows = zip(cells.tolist(), old.tolist(), had.tolist(), new.tolist(), has.tolist(), strict=True)
        for (a_id, b_id, month), was, was_there, now, is_there in rows:
            base, back = (now if is_there else None), (was if was_there else None)
            yield CellEdit(measure, a_id, b_id, month, back, base, note=_note(lead.cause))


def _mask(present: np.ndarray | None) -> np.ndarray:
    if present is None:
        raise ValueError("the blocks of a bulk edit carry a mask")
    return present


def _note(cause: str) -> Note:
    """An undo counts under the cause of what it takes back, so that the two cancel in the waterfall."""
    return Note(reason="undo", cause=cause)
