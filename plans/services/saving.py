"""A save on its way: what both ways of writing, ledger rows and bulk patches, have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from plans.choices import SaveMode
from plans.measures import get_measure
from plans.models import Batch, Version
from plans.selectors.cells import last_change
from plans.selectors.heads import HeadRef
from plans.services.batches import Note, Origin, insert_batches, record_write
from plans.services.edits import CONFLICT, Cell, CellEdit, Outcome, SaveResult, Theirs, Value
from plans.services.judging import Verdict, judge

_EXPLAINED = 50  # conflicts of one save that are told with author and time


Answer = Callable[[SaveResult], SaveResult]  # the cells' outcomes told in the caller's terms


class Refused(Exception):
    """Nothing of a save applies: roll back, keep what is to be answered."""

    def __init__(self, result: SaveResult) -> None:
        super().__init__()
        self.result = result


@dataclass(frozen=True)
class Save:
    """One request to write cells."""

    version: Version
    edits: tuple[CellEdit, ...]
    mode: str
    origin: Origin
    answer: Answer | None = None
    fingerprint: str = ""

    @cached_property
    def wanted(self) -> dict[str, set[Cell]]:
        """Measure → cells."""
        cells: dict[str, set[Cell]] = {}
        for edit in self.edits:
            cells.setdefault(edit.measure, set()).add(edit.cell)
        return cells

    @cached_property
    def counts(self) -> dict[str, int]:
        """Measure that is written → edits it may get."""
        counts: dict[str, int] = {}
        for edit in self.edits:
            written = get_measure(edit.measure).written
            counts[written] = counts.get(written, 0) + 1
        return counts

    def settle(
        self,
        current: Mapping[tuple[str, Cell], Value],
        locked: AbstractSet[tuple[str, Cell]],
        heads: Mapping[str, HeadRef],
    ) -> Verdict:
        """Judge every edit. Raises ``Refused`` when the mode then lets nothing be written."""
        verdict = judge(self.edits, current, locked)
        if verdict.applied == len(self.edits):
            return verdict
        verdict = replace(verdict, outcomes=self._explain(verdict.outcomes, heads))
        if self.mode == SaveMode.ALL_OR_NOTHING or not verdict.applied:
            raise Refused(self._answer(SaveResult(None, revision_of(heads), verdict.outcomes)))
        return verdict

    def insert_batches(self, verdict: Verdict, after: Mapping[str, HeadRef]) -> dict[Note, Batch]:
        """One batch per note; the first leads and keeps the answer. Raises ``IntegrityError`` on a used key."""
        notes = list(dict.fromkeys(edit.note for edit in self.edits))
        changed = [change.edit.note for change in verdict.changes]
        batches = insert_batches(
            version_id=self.version.pk,
            origin=self.origin,
            notes=notes,
            ncells=[changed.count(note) for note in notes] if len(notes) > 1 else [len(changed)],
            result=self._kept_answer(verdict, after),
        )
        return dict(zip(notes, batches, strict=True))

    def _kept_answer(self, verdict: Verdict, after: Mapping[str, HeadRef]) -> dict[str, Any] | None:
        """What a repetition is answered with; a request without a key cannot be repeated."""
        if self.origin.idem_key is None:
            return None
        return {**self._result(None, verdict, after).as_json(), "fingerprint": self.fingerprint}

    def conclude(self, lead: Batch, verdict: Verdict, after: Mapping[str, HeadRef]) -> SaveResult:
        """Write the audit entry, the last step of the transaction; the answer."""
        detail = {
            "batch": lead.pk,
            "source": self.origin.source,
            "measures": sorted({change.edit.measure for change in verdict.changes}),
            "cells": len(verdict.changes),
            "reason": lead.reason,
            "cause": lead.cause,
            "undo_of": self.origin.undo_of_id,
        }
        record_write(version=self.version, actor=self.origin.actor, verb="plans.cells.saved", detail=detail)
        return self._result(lead.pk, verdict, after)

    def _result(self, batch_id: int | None, verdict: Verdict, after: Mapping[str, HeadRef]) -> SaveResult:
        return self._answer(SaveResult(batch_id, revision_of(after), verdict.outcomes))

    def _answer(self, result: SaveResult) -> SaveResult:
        return result if self.answer is None else self.answer(result)

    def _explain(self, outcomes: tuple[Outcome, ...], heads: Mapping[str, HeadRef]) -> tuple[Outcome, ...]:
        """Say who wrote the value a conflicting edit met, for as many as a person may read."""
        explained, told = [], 0
        for edit, outcome in zip(self.edits, outcomes, strict=True):
            if outcome.status == CONFLICT and told < _EXPLAINED:
                told += 1
                change = last_change(edit.measure, edit.cell, heads)
                if change is not None:
                    outcome = replace(outcome, theirs=Theirs(outcome.value, change.by, change.at))
            explained.append(outcome)
        return tuple(explained)


def revision_of(heads: Mapping[str, HeadRef]) -> int:
    """A number that grows with every edit of any of the heads."""
    return sum(ref.rev for ref in heads.values())
