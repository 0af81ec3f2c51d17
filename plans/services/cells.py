"""The one write path of edits: grid, paste, import, API, spreads, merges and undo all end here."""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.db import IntegrityError
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, Frozen
from plans.choices import SaveMode, Source
from plans.selectors.heads import get_writable_version
from plans.services.batches import Origin, find_replay
from plans.services.edits import CellEdit, SaveResult, check_edits
from plans.services.ledger import write_ledger
from plans.services.patches import write_patch
from plans.services.saving import Answer, Refused, Save

LEDGER_LIMIT = 2_000  # cells; beyond, rows in the ledger cost several times a new block


def save_cells(
    *,
    version_id: int,
    edits: Sequence[CellEdit],
    actor: User | None,
    mode: str = SaveMode.ALL_OR_NOTHING,
    source: str = Source.GRID,
    idem_key: str | None = None,
    undo_of_id: int | None = None,
    answer: Answer | None = None,
    fingerprint: str = "",
) -> SaveResult:
    """Write cells whose base is still what the writer saw.

    ``partial`` applies what it can and answers per cell; ``all_or_nothing`` raises ``Conflict`` (its details hold the
    outcomes) unless every edit applies. A repeated ``idem_key`` gets the first answer and writes nothing. ``answer``
    retells the result in the caller's terms before it is kept, with the request's ``fingerprint``, for a repetition.
    Who may write what is the caller's to ask of ``plans.policies``. Raises ``Frozen``, ``InvalidInput``. Audit verb
    ``plans.cells.saved``.
    """
    version = get_writable_version(version_id)
    check_edits(version, edits)
    origin = Origin(actor, source, idem_key, undo_of_id=undo_of_id)
    save = Save(version, tuple(edits), mode, origin, answer, fingerprint)
    write = write_patch if len(edits) > LEDGER_LIMIT else write_ledger
    try:
        return write(save)
    except (Refused, Frozen, IntegrityError) as refusal:
        first = find_replay(save.origin)
        if first is not None:
            return SaveResult.of_json(first.pk, json.loads(first.result))
        if not isinstance(refusal, Refused):
            raise
        if mode == SaveMode.PARTIAL:
            return refusal.result
        raise _conflict(refusal.result) from None


def _conflict(result: SaveResult) -> Conflict:
    """Nothing was written: how many cells stand in the way, and each edit's outcome."""
    if result.conflicts:
        message = _("%(count)d cells were changed by somebody else meanwhile. Nothing was saved.")
        return Conflict(message % {"count": len(result.conflicts)}, details=result.as_json())
    count = len(result.outcomes) - result.applied
    message = _("%(count)d cells are locked. Nothing was saved.") % {"count": count}
    return Conflict(message, code="locked", details=result.as_json())
