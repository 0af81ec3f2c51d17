"""Bulk edits: too many cells for ledger rows become a new block, with what they were and became kept beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from django.utils.translation import gettext as _

from core.db import write_transaction
from core.errors import Conflict
from plans.choices import MoveKind, PublishPolicy
from plans.cubes import Axis, Cube
from plans.selectors.blocks import Tail
from plans.selectors.cells import find_locked, read_current
from plans.selectors.heads import HeadRef, get_heads
from plans.selectors.state import load_state
from plans.services.blocks import put_block
from plans.services.edits import SaveResult, Value
from plans.services.head_rows import frozen_error, hold_head, hold_head_at
from plans.services.judging import Change, Verdict
from plans.services.publishing import StaleInputs, Swap, log_swaps, swap_blocks
from plans.services.saving import Save

_TRIES = 3


def write_patch(save: Save) -> SaveResult:
    """Compute the new blocks without a lock, then swap strictly; when somebody was faster, from the start again.

    Raises ``Conflict`` when that happens three times.
    """
    for _try in range(_TRIES):
        seen = get_heads(version_id=save.version.pk, measures=save.wanted)
        locked = find_locked(save.version.pk, save.wanted)
        verdict = save.settle(read_current(save.wanted, seen), locked, seen)
        swaps = _plan_swaps(seen, verdict)
        try:
            with write_transaction():
                after = _hold_and_swap(seen, swaps)
                if find_locked(save.version.pk, save.wanted) != locked:
                    raise StaleInputs(_("A lock was set meanwhile."))
                lead, *_parts = save.insert_batches(verdict, after).values()
                log_swaps(swaps, after, lead)
                return save.conclude(lead, verdict, after)
        except StaleInputs:
            continue
    raise Conflict(_("Others keep editing these figures. Nothing was changed; try again in a moment."), code="busy")


def _plan_swaps(seen: Mapping[str, HeadRef], verdict: Verdict) -> list[Swap]:
    swaps = []
    for code in sorted({change.measure for change in verdict.changes}):
        changes = [change for change in verdict.changes if change.measure == code]
        state = load_state(seen[code])
        patched = state.with_tail(_tail_of(changes))
        swaps.append(
            Swap(
                seen[code],
                put_block(cube=patched.cube()),
                MoveKind.PATCH,
                PublishPolicy.STRICT,
                before_block=put_block(cube=_sparse(state.block, changes, [c.before for c in changes])),
                after_block=put_block(cube=_sparse(state.block, changes, [c.edit.after for c in changes])),
            )
        )
    return swaps


def _hold_and_swap(seen: Mapping[str, HeadRef], swaps: Sequence[Swap]) -> dict[str, HeadRef]:
    """Swap what is written and hold what was only read, in id order. Raises ``StaleInputs`` or ``Frozen``."""
    by_measure = {swap.seen.measure: swap for swap in swaps}
    after: dict[str, HeadRef] = {}
    for ref in sorted(seen.values(), key=lambda ref: ref.id):
        if ref.measure in by_measure:
            after.update(swap_blocks([by_measure[ref.measure]]))
        elif (held := hold_head_at(ref)) is not None:
            after[ref.measure] = held
        elif hold_head(ref.id) is None:
            raise frozen_error([ref])
        else:
            raise StaleInputs(_("The figures below were changed meanwhile."))
    return after


def _cells_of(changes: Sequence[Change]) -> np.ndarray:
    return np.array([change.edit.cell for change in changes], np.int64).reshape(-1, 3)


def _tail_of(changes: Sequence[Change]) -> Tail:
    after = [change.edit.after for change in changes]
    values = np.array([value or 0 for value in after], np.int64)
    return Tail.of(_cells_of(changes), values, np.array([value is not None for value in after]))


def _sparse(like: Cube, changes: Sequence[Change], values: Sequence[Value]) -> Cube:
    """The changed cells alone, as a nullable cube: present where a value stood."""
    cells = _cells_of(changes)
    first, last = int(cells[:, 2].min()), int(cells[:, 2].max())
    axis = Axis.of(like.axis.kind, cells[:, :2])
    numbers = np.zeros((len(axis), last - first + 1), np.int64)
    present = np.zeros(numbers.shape, bool)
    at = (axis.rows_of(cells[:, :2]), cells[:, 2] - first)
    numbers[at] = [value or 0 for value in values]
    present[at] = [value is not None for value in values]
    return Cube(axis, first, numbers, like.unit, like.scale, present)
