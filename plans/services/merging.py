"""Taking a scenario's edits, or a part of them, into the plan it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, InvalidInput
from plans.choices import SaveMode, Source
from plans.hierarchy import Hierarchy, Node, load_hierarchy
from plans.measures import get_measure
from plans.selectors.heads import get_heads, get_version
from plans.selectors.scenarios import diff_states, load_pin_state
from plans.selectors.state import State, load_state
from plans.services.batches import Note
from plans.services.cells import save_cells
from plans.services.edits import Cell, CellEdit, SaveResult, Value

MINE, THEIRS = "mine", "theirs"
Resolutions = Mapping[tuple[str, Cell], str]


@dataclass(frozen=True)
class Selection:
    """Which part of a scenario: measures, the leaves under nodes, months. Everything by default."""

    measures: tuple[str, ...] | None = None
    product: Node = None
    org: Node = None
    months: range | None = None


@dataclass(frozen=True)
class MergeConflict:
    """A cell both sides changed differently: the common origin, the scenario's value, the plan's value now."""

    measure: str
    cell: Cell
    base: Value
    mine: Value
    theirs: Value

    def as_json(self) -> dict[str, object]:
        a_id, b_id, month = self.cell
        numbers = {"base": self.base, "mine": self.mine, "theirs": self.theirs}
        return {"measure": self.measure, "a": a_id, "b": b_id, "month": month, **numbers}


@dataclass(frozen=True)
class MergePlan:
    """What merging would write, and what somebody has to decide first."""

    edits: tuple[CellEdit, ...]
    conflicts: tuple[MergeConflict, ...]


def plan_merge(
    *,
    source_id: int,
    target_id: int,
    selection: Selection | None = None,
    resolutions: Resolutions | None = None,
    default: str | None = None,
    note: Note | None = None,
) -> MergePlan:
    """Compare three states of every selected measure: where the scenario began, the scenario, the plan now.

    A cell is taken when the scenario changed it. It is a conflict when the plan changed it too, to something else, and
    neither ``resolutions`` ((measure, cell) → "mine" | "theirs") nor ``default`` says which value holds. Calculated
    measures are never merged: the plan computes its own.
    """
    selection, resolutions = selection or Selection(), resolutions or {}
    mine, theirs = get_heads(version_id=source_id), get_heads(version_id=target_id)
    hierarchy = load_hierarchy()
    edits: list[CellEdit] = []
    conflicts: list[MergeConflict] = []
    for code in _merged_measures(selection, mine):
        if mine[code].pin is None or code not in theirs:
            continue
        states = load_pin_state(mine[code]), load_state(mine[code]), load_state(theirs[code])
        for cell, base, own, now in _changed_cells(*states, selection, hierarchy):
            choice = MINE if now == base else resolutions.get((code, cell), default)
            if choice is None:
                conflicts.append(MergeConflict(code, cell, base, own, now))
            elif choice == MINE:
                edits.append(CellEdit(code, *cell, own, now, note=note or Note()))
    return MergePlan(tuple(edits), tuple(conflicts))


def merge_version(
    *,
    source_id: int,
    target_id: int,
    actor: User | None,
    selection: Selection | None = None,
    resolutions: Resolutions | None = None,
    default: str | None = None,
    note: Note | None = None,
    idem_key: str | None = None,
    source: str = Source.MERGE,
) -> SaveResult:
    """Write a scenario's edits into a plan as one batch.

    Raises ``Conflict`` listing the cells both changed when nobody decided them, or when the plan is edited meanwhile;
    ``InvalidInput`` when there is nothing to take; ``Frozen``. Audit verb ``plans.cells.saved``.
    """
    name = get_version(source_id).name
    plan = plan_merge(
        source_id=source_id,
        target_id=target_id,
        selection=selection,
        resolutions=resolutions,
        default=default,
        note=note or Note(reason="scenario", cause="scenario", comment=name),
    )
    if plan.conflicts:
        raise Conflict(
            _("%(count)d cells were changed in the scenario and in the plan. Decide each.")
            % {"count": len(plan.conflicts)},
            code="merge_conflict",
            details={"conflicts": [conflict.as_json() for conflict in plan.conflicts[:200]]},
        )
    if not plan.edits:
        raise InvalidInput(_("The scenario changes nothing here."), code="nothing_to_merge")
    return save_cells(
        version_id=target_id,
        edits=plan.edits,
        actor=actor,
        mode=SaveMode.ALL_OR_NOTHING,
        source=source,
        idem_key=idem_key,
    )


def _merged_measures(selection: Selection, heads: Mapping[str, object]) -> list[str]:
    if selection.measures is None:
        return [code for code in heads if get_measure(code).editable]
    return list(dict.fromkeys(get_measure(code).written for code in selection.measures))


def _changed_cells(
    base: State, mine: State, theirs: State, selection: Selection, hierarchy: Hierarchy
) -> Sequence[tuple[Cell, Value, Value, Value]]:
    """(cell, base, mine, theirs) of the selected cells the scenario changed and the plan does not already have."""
    changed = diff_states(base, mine).cells
    if selection.months is not None:
        months = selection.months
        changed = changed[(changed[:, 2] >= months.start) & (changed[:, 2] < months.stop)]
    if selection.product is not None or selection.org is not None:
        products = hierarchy.products.leaves_under(selection.product)
        orgs = hierarchy.orgs.leaves_under(selection.org)
        changed = changed[np.isin(changed[:, 0], products) & np.isin(changed[:, 1], orgs)]
    cells: list[Cell] = [tuple(cell) for cell in changed.tolist()]
    rows = zip(cells, base.at(cells), mine.at(cells), theirs.at(cells), strict=True)
    return [row for row in rows if row[2] != row[3]]
