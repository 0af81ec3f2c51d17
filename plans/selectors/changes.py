"""The waterfall: what moved a measure from one picture to another, by cause, without residue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from accounts.models import Scope
from plans.cubes import Bools, Ints
from plans.hierarchy import Hierarchy, load_hierarchy
from plans.measures import Measure, get_measure
from plans.models import Batch, Edit
from plans.selectors.heads import HeadRef
from plans.selectors.history import Passage, first_state, walk_head
from plans.selectors.rollups import NodePair, NodeRows
from plans.selectors.scenarios import diff_states
from plans.selectors.state import State, load_state, overlay_states

NEW_PLAN = "new_plan"  # from another plan's picture to where this plan began
UNNAMED = "other"


def load_change_by_cause(
    *,
    measure: str,
    end: Mapping[str, HeadRef],
    start: Mapping[str, HeadRef] | None = None,
    since: State | None = None,
    nodes: Sequence[NodePair] = ((None, None),),
    months: range,
    scope: Scope | None = None,
    hierarchy: Hierarchy | None = None,
) -> dict[str, Ints]:
    """Cause → int64 [nodes, months] change of a measure, summing exactly to the end less the start.

    ``end`` and ``start`` are heads of the same plan (``start`` defaults to the plan's beginning). ``since`` is another
    plan's state of the measure, such as last month's snapshot: the step from there to this plan's beginning is the
    cause ``new_plan``. A cause is the one its batch names, else the batch's source.
    """
    definition = get_measure(measure)
    begin = {code: start[code] if start else first_state(end[code]) for code in definition.stored}
    fall = _Waterfall(months, NodeRows(nodes, hierarchy or load_hierarchy(), scope), len(nodes))
    states = {code: load_state(ref) for code, ref in begin.items()}
    if since is not None:
        fall.step(NEW_PLAN, since, _compose(definition, states))
    for code in definition.stored:
        for passage in walk_head(begin[code], end[code]):
            after = {**states, code: load_state(passage.after)}
            if passage.move is None:
                fall.edits(_replay(passage), _shown_change(definition, code, states))
            else:
                fall.step(_cause(passage.move.batch), _compose(definition, states), _compose(definition, after))
            states = after
    return fall.parts


@dataclass
class _Waterfall:
    """The parts as they are being collected."""

    months: range
    rows: NodeRows
    count: int
    parts: dict[str, Ints] = field(default_factory=dict)

    def step(self, cause: str, before: State, after: State) -> None:
        """Count the whole difference of two states under one cause."""
        cells = diff_states(before, after).cells
        (old, had), (new, has) = before.read(cells), after.read(cells)
        self._add(cause, cells, np.where(has, new, 0) - np.where(had, old, 0))

    def edits(self, replay: _Replay, shown_change: ShownChange) -> None:
        """Count a stretch of edits, each under its own cause."""
        amounts = shown_change(replay)
        causes = np.array(replay.causes, dtype=object)
        for cause in dict.fromkeys(replay.causes):
            mask = causes == cause
            self._add(cause, replay.cells[mask], amounts[mask])

    def _add(self, cause: str, cells: Ints, amounts: Ints) -> None:
        part = self.parts.setdefault(cause, np.zeros((self.count, len(self.months)), np.int64))
        self.rows.add_cells(cells, amounts, self.months, part)


@dataclass(frozen=True, eq=False)
class _Replay:
    """Edits in their order: cells [n, 3], values before and after, and whether there was one."""

    cells: Ints
    before: Ints
    had: Bools
    after: Ints
    has: Bools
    causes: list[str]


ShownChange = Callable[[_Replay], Ints]


def _replay(passage: Passage) -> _Replay:
    rows = list(
        Edit.objects.filter(head_id=passage.before.id, rev__gt=passage.before.rev, rev__lte=passage.after.rev)
        .order_by("rev")
        .values_list("a_id", "b_id", "m", "before", "after", "batch__cause", "batch__source")
    )
    before, after = ([row[column] for row in rows] for column in (3, 4))
    return _Replay(
        np.array([row[:3] for row in rows], np.int64).reshape(-1, 3),
        np.array([value or 0 for value in before], np.int64),
        np.array([value is not None for value in before], bool),
        np.array([value or 0 for value in after], np.int64),
        np.array([value is not None for value in after], bool),
        [row[5] or row[6] for row in rows],
    )


def _shown_change(measure: Measure, edited: str, states: Mapping[str, State]) -> ShownChange:
    """How edits of a stored measure change what the asked measure shows."""

    def change(replay: _Replay) -> Ints:
        if measure.overlay is None:
            return np.where(replay.has, replay.after, 0) - np.where(replay.had, replay.before, 0)
        lower, upper = measure.overlay
        if edited == lower:
            _values, covered = states[upper].read(replay.cells)
            return np.where(covered, 0, replay.after - replay.before)
        below, _present = states[lower].read(replay.cells)
        return np.where(replay.has, replay.after, below) - np.where(replay.had, replay.before, below)

    return change


def _compose(measure: Measure, states: Mapping[str, State]) -> State:
    parts = [states[code] for code in measure.stored]
    return parts[0] if len(parts) == 1 else overlay_states(*parts)


def _cause(batch: Batch | None) -> str:
    return UNNAMED if batch is None else batch.cause or batch.source
