"""Single cells: what they read now, who changed them last, which are locked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import Q

from plans.measures import Measure, get_measure, list_measures
from plans.models import CellLock, Edit, Move
from plans.selectors.blocks import load_block
from plans.selectors.heads import HeadRef
from plans.selectors.state import Cell, load_state, read_cells

Value = int | None
Current = dict[tuple[str, Cell], Value]  # (measure, cell) → value

PROBE_LIMIT = 3  # cells; up to here index look-ups beat reading the tail


def read_current(wanted: Mapping[str, Collection[Cell]], heads: Mapping[str, HeadRef]) -> Current:
    """What cells of measures read at the given heads; an overlay also brings the measures under it."""
    by_stored: dict[str, set[Cell]] = {}
    for code, cells in wanted.items():
        for stored in get_measure(code).stored:
            by_stored.setdefault(stored, set()).update(cells)
    current: Current = {}
    edited = _probe(by_stored, heads) if _is_few(by_stored) else None
    for stored, cells in by_stored.items():
        ordered = sorted(cells)
        values = _read(heads[stored], ordered) if edited is None else _read_probed(heads[stored], ordered, edited)
        current.update({(stored, cell): value for cell, value in zip(ordered, values, strict=True)})
    for code, cells in wanted.items():
        _compose(get_measure(code), cells, current)
    return current


def _compose(measure: Measure, cells: Iterable[Cell], current: Current) -> None:
    if measure.overlay is None:
        return
    lower, upper = measure.overlay
    for cell in cells:
        over = current[upper, cell]
        current[measure.code, cell] = current[lower, cell] if over is None else over


def _is_few(by_stored: Mapping[str, Collection[Cell]]) -> bool:
    return sum(len(cells) for cells in by_stored.values()) <= 2 * PROBE_LIMIT


def _read(head: HeadRef, cells: Sequence[Cell]) -> list[Value]:
    return load_state(head).at(cells)


def _read_probed(head: HeadRef, cells: Sequence[Cell], edited: Mapping[tuple[int, Cell], Value]) -> list[Value]:
    block = load_block(head.block_id)
    values, present = read_cells(block, np.array(cells, np.int64).reshape(-1, 3))
    rows = zip(cells, values.tolist(), present.tolist(), strict=True)
    in_block = [(cell, value if filled else None) for cell, value, filled in rows]
    return [edited.get((head.id, cell), value) for cell, value in in_block]


def _probe(by_stored: Mapping[str, Collection[Cell]], heads: Mapping[str, HeadRef]) -> dict[tuple[int, Cell], Value]:
    """(head, cell) → newest value in the tails of the heads, by one look-up of the cell index."""
    condition, owners = Q(), {}
    for code, cells in by_stored.items():
        head = heads[code]
        for layer, (head_id, fold, rev) in enumerate(head.ranges):
            owners[head_id] = (head.id, layer)
            for a_id, b_id, month in cells:
                cell = Q(a_id=a_id, b_id=b_id, m=month)
                condition |= Q(head_id=head_id, rev__gt=fold, rev__lte=rev) & cell
    if not condition:
        return {}
    rows = Edit.objects.filter(condition).values_list("head_id", "rev", "a_id", "b_id", "m", "after")
    ordered = sorted(rows, key=lambda row: (owners[row[0]][1], row[1]))
    return {(owners[row[0]][0], row[2:5]): row[5] for row in ordered}


def find_locked(version_id: int, wanted: Mapping[str, Collection[Cell]]) -> set[tuple[str, Cell]]:
    """The (measure, cell) pairs under a planner's lock; a lock on an overlay holds for what is written through it."""
    locks = CellLock.objects.filter(version_id=version_id, measure__in=_lock_names(wanted))
    if sum(len(cells) for cells in wanted.values()) <= PROBE_LIMIT:
        locks = locks.filter(a_id__in={cell[0] for cells in wanted.values() for cell in cells})
    spans: dict[tuple[str, int, int], list[tuple[int, int]]] = {}
    for measure, a_id, b_id, m_from, m_to in locks.values_list("measure", "a_id", "b_id", "m_from", "m_to"):
        spans.setdefault((get_measure(measure).written, a_id, b_id), []).append((m_from, m_to))
    if not spans:
        return set()
    return {
        (code, cell)
        for code, cells in wanted.items()
        for cell in cells
        for m_from, m_to in spans.get((get_measure(code).written, cell[0], cell[1]), ())
        if m_from <= cell[2] <= m_to
    }


def _lock_names(wanted: Iterable[str]) -> set[str]:
    """A lock may be written on the overlay or on what it writes to: both hold."""
    written = {get_measure(code).written for code in wanted}
    return {measure.code for measure in list_measures() if measure.written in written}


@dataclass(frozen=True)
class LastChange:
    """Who gave a cell its present value."""

    by: str
    at: str


def last_change(measure: str, cell: Cell, heads: Mapping[str, HeadRef]) -> LastChange | None:
    """Author and time of the newest edit of a cell, or of the newest bulk write when that came later."""
    found: list[tuple[str, str]] = []
    for code in get_measure(measure).stored:
        edits = Edit.objects.filter(head_id=heads[code].id, a_id=cell[0], b_id=cell[1], m=cell[2])
        rows = [edits.order_by("-rev").values_list("batch__at", "batch__author_name").first()]
        moves = Move.objects.filter(head_id=heads[code].id, batch__isnull=False).order_by("-epoch")
        rows.append(moves.values_list("at", "batch__author_name").first())
        found += [(row[0].isoformat(), row[1]) for row in rows if row is not None]
    at, by = max(found, default=("", ""))
    return LastChange(by, at) if at else None
