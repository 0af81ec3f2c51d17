"""Which edits of a save apply: base against current value, locks, groups. No database here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from django.utils.translation import gettext as _

from plans.measures import get_measure
from plans.services.edits import APPLIED, CONFLICT, REFUSED, Cell, CellEdit, Outcome, Theirs, Value

Current = Mapping[tuple[str, Cell], Value]


@dataclass(frozen=True)
class Change:
    """An accepted edit that changes something: the head's own value before and after."""

    edit: CellEdit
    measure: str  # where it is written
    before: Value


@dataclass(frozen=True)
class Verdict:
    """``outcomes`` in the order of the edits, ``changes`` the ones to write."""

    outcomes: tuple[Outcome, ...]
    changes: tuple[Change, ...]

    @property
    def applied(self) -> int:
        return sum(outcome.status == APPLIED for outcome in self.outcomes)


def judge(edits: Sequence[CellEdit], current: Current, locked: AbstractSet[tuple[str, Cell]]) -> Verdict:
    """Every edit's outcome on the current values; a group stands or falls as one."""
    single = [_judge_one(edit, current, (edit.measure, edit.cell) in locked) for edit in edits]
    failed = {
        edit.group
        for edit, outcome in zip(edits, single, strict=True)
        if edit.group is not None and outcome.status != APPLIED
    }
    outcomes = [
        Outcome(REFUSED, current[edit.measure, edit.cell], "group_refused")
        if outcome.status == APPLIED and edit.group is not None and edit.group in failed
        else outcome
        for edit, outcome in zip(edits, single, strict=True)
    ]
    changes = [
        Change(edit, written := get_measure(edit.measure).written, current[written, edit.cell])
        for edit, outcome in zip(edits, outcomes, strict=True)
        if outcome.status == APPLIED and is_change(edit, current)
    ]
    return Verdict(tuple(outcomes), tuple(changes))


def is_change(edit: CellEdit, current: Current) -> bool:
    """Whether an edit writes anything; one that does not only checks its base."""
    if edit.after is None:
        return current[get_measure(edit.measure).written, edit.cell] is not None
    return edit.after != current[edit.measure, edit.cell]


def _judge_one(edit: CellEdit, current: Current, is_locked: bool) -> Outcome:
    now = current[edit.measure, edit.cell]
    if edit.checked and edit.base != now:
        return Outcome(CONFLICT, now, "conflict", Theirs(now))
    if is_locked and is_change(edit, current):
        return Outcome(REFUSED, now, "locked", message=_("The cell is locked; unlock it first."))
    overlay = get_measure(edit.measure).overlay
    if edit.after is None and overlay is not None:
        return Outcome(APPLIED, current[overlay[0], edit.cell])
    return Outcome(APPLIED, edit.after)
