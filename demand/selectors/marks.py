"""What the grid marks at cells, and what waits at a place for somebody's word."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from accounts.models import User
from cycles.models import Cycle
from demand.choices import AssumptionState, NoteKind, Stream
from demand.measures import CONSENSUS, OVERRIDE
from demand.models import Assumption, CellComment
from demand.selectors.overrides import list_standing_edits
from demand.selectors.place import Place
from plans.measures import get_measure
from plans.models import CellLock

JUSTIFIED = {CONSENSUS: OVERRIDE, Stream.SALES: Stream.SALES}  # row → stored measure whose edits need evidence


@dataclass(frozen=True)
class Marks:
    """Cells by (row code, month). ``unjustified`` counts typed leaf figures without reason or evidence."""

    unjustified: Counter[tuple[str, int]]
    comments: dict[tuple[str, int], str]
    locked: set[tuple[str, int]]


@dataclass(frozen=True)
class Waiting:
    """What somebody has to look at here."""

    unjustified: int
    comments: int
    comments_for_me: int
    broken_assumptions: int
    unreviewed_assumptions: int


def load_marks(*, cycle: Cycle, version_id: int, place: Place, months: range, leaves: int) -> Marks:
    """Marks of the cells shown at a place with that many leaves. Comments outlive a reopened plan."""
    comments = CellComment.objects.filter(
        version__cycle=cycle, product=place.product, org=place.org, resolved_at=None
    ).order_by("at", "pk")
    return Marks(
        unjustified=_count_unjustified(version_id, place),
        comments={(row.measure, row.month): describe_note(row) for row in comments},
        locked=_find_locked(version_id, place, months, leaves),
    )


def describe_note(note: CellComment) -> str:
    """The text, with its kind in front unless it is a plain remark."""
    return note.text if note.kind == NoteKind.REMARK else f"{NoteKind(note.kind).label} · {note.text}"


def list_notes(*, cycle: Cycle, place: Place, kind: str = "") -> list[CellComment]:
    """Open notes at or below a place, oldest first; ``kind`` narrows, e.g. to market trends."""
    notes = CellComment.objects.filter(version__cycle=cycle, resolved_at=None).select_related(
        "product", "org", "author"
    )
    if kind:
        notes = notes.filter(kind=kind)
    return [note for note in notes.order_by("at", "pk") if _is_under(place, note.product_id, note.org_id)]


def load_waiting(*, cycle: Cycle, place: Place, marks: Marks, user: User) -> Waiting:
    """Counts for the panel "Waiting here"; comments and assumptions below the place count too."""
    comments = list(
        CellComment.objects.filter(version__cycle=cycle, resolved_at=None).values_list("product", "org", "pk")
    )
    inside = [row[2] for row in comments if _is_under(place, row[0], row[1])]
    mine = CellComment.objects.filter(pk__in=inside, mentions=user).count() if inside else 0
    assumptions = [
        row for row in Assumption.objects.filter(cycle=cycle) if _is_under(place, row.product_id, row.org_id)
    ]
    return Waiting(
        unjustified=sum(count for (row, _m), count in marks.unjustified.items() if row == CONSENSUS),
        comments=len(inside),
        comments_for_me=mine,
        broken_assumptions=sum(row.state == AssumptionState.BROKEN for row in assumptions),
        unreviewed_assumptions=sum(row.reviewed_at is None for row in assumptions),
    )


def _is_under(place: Place, product: int | None, org: int | None) -> bool:
    """Whether a node pair lies at or below the place; a missing side means the whole tree."""
    sides = ((place.hierarchy.products, place.product, product), (place.hierarchy.orgs, place.org, org))
    for tree, here, node in sides:
        if here is None or node is None:
            continue
        if tree.position_of(here) not in tree.paths[tree.position_of(node)]:
            return False
    return True


def _count_unjustified(version_id: int, place: Place) -> Counter[tuple[str, int]]:
    counts: Counter[tuple[str, int]] = Counter()
    for row, stored in JUSTIFIED.items():
        loose = [s.cell for s in list_standing_edits(version_id=version_id, measure=stored) if not s.is_justified]
        cells = np.array(loose, dtype=np.int64).reshape(-1, 3)
        for month in cells[place.covers(cells[:, :2]), 2].tolist():
            counts[row, month] += 1
    return counts


def _find_locked(version_id: int, place: Place, months: range, leaves: int) -> set[tuple[str, int]]:
    """Cells of the place whose leaves are all locked."""
    locks = list(CellLock.objects.filter(version=version_id).values_list("measure", "a_id", "b_id", "m_from", "m_to"))
    if not locks:
        return set()
    keys = np.array([(a, b) for _measure, a, b, _from, _to in locks], dtype=np.int64)
    inside = place.covers(keys)
    held: dict[tuple[str, int], set[tuple[int, int]]] = {}
    for (measure, a, b, first, last), is_inside in zip(locks, inside.tolist(), strict=True):
        if is_inside:
            row = CONSENSUS if get_measure(measure).written == OVERRIDE else measure
            for month in range(max(first, months.start), min(last + 1, months.stop)):
                held.setdefault((row, month), set()).add((a, b))
    return {cell for cell, pairs in held.items() if len(pairs) >= leaves}
