"""What goes into a save and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from core.errors import InvalidInput
from core.months import format_month
from plans.cubes import MAX_CELL
from plans.measures import get_measure
from plans.models import Version
from plans.services.batches import Note

Cell = tuple[int, int, int]  # a_id, b_id, month
Value = int | None
APPLIED, CONFLICT, REFUSED = "applied", "conflict", "refused"


@dataclass(frozen=True, slots=True)
class CellEdit:
    """One cell as its writer wants it.

    ``after`` and ``base`` count smallest units; ``None`` is an empty cell (clears it). ``base`` is the value the writer
    saw; with ``checked=False`` it is not compared. Edits with the same ``group`` apply together or not at all: the
    leaves of one spread. An edit whose ``after`` is the current value only checks its base.
    """

    measure: str
    a_id: int
    b_id: int
    month: int
    after: Value
    base: Value = None
    checked: bool = True
    group: int | None = None
    note: Note = field(default_factory=Note)

    @property
    def cell(self) -> Cell:
        return self.a_id, self.b_id, self.month


@dataclass(frozen=True)
class Theirs:
    """What stands there instead of the base: value, who put it there and when."""

    value: Value
    by: str = ""
    at: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"value": self.value, "by": self.by, "at": self.at}


@dataclass(frozen=True)
class Outcome:
    """``status`` is applied, conflict or refused; ``value`` what the cell reads now; ``code`` why not, ``message`` in
    words.
    """

    status: str
    value: Value
    code: str = ""
    theirs: Theirs | None = None
    message: str = ""

    def as_json(self) -> dict[str, Any]:
        row: dict[str, Any] = {"status": self.status, "value": self.value}
        if self.code:
            row["code"] = self.code
        if self.message:
            row["message"] = self.message
        if self.theirs is not None:
            row["theirs"] = self.theirs.as_json()
        return row


@dataclass(frozen=True)
class SaveResult:
    """Outcomes in the order of the edits. ``revision`` grows with every edit of the measures touched.

    ``batch_id`` is ``None`` when nothing was written.
    """

    batch_id: int | None
    revision: int
    outcomes: tuple[Outcome, ...]
    replayed: bool = False

    @property
    def applied(self) -> int:
        return sum(outcome.status == APPLIED for outcome in self.outcomes)

    @property
    def conflicts(self) -> list[int]:
        """Positions of the edits that met somebody else's value."""
        return [i for i, outcome in enumerate(self.outcomes) if outcome.status == CONFLICT]

    def as_json(self) -> dict[str, Any]:
        rows = [outcome.as_json() for outcome in self.outcomes]
        return {"revision": self.revision, "results": rows}

    @classmethod
    def of_json(cls, batch_id: int, stored: Mapping[str, Any]) -> SaveResult:
        """The answer a repeated request gets."""
        outcomes = tuple(
            Outcome(
                row["status"],
                row["value"],
                row.get("code", ""),
                Theirs(**row["theirs"]) if "theirs" in row else None,
                row.get("message", ""),
            )
            for row in stored["results"]
        )
        return cls(batch_id, stored["revision"], outcomes, replayed=True)


def check_edits(version: Version, edits: Sequence[CellEdit]) -> None:
    """Refuse what no state of the plan could accept. Raises ``InvalidInput`` naming the first such edit."""
    seen: set[tuple[str, Cell]] = set()
    months = range(version.cycle.month, version.cycle.month + version.cycle.horizon) if version.cycle else None
    for position, edit in enumerate(edits):
        measure = get_measure(edit.measure)
        problem = _problem(edit, months)
        if not measure.editable:
            problem = ("not_editable", _("%(measure)s cannot be edited.") % {"measure": measure.label})
        if (measure.written, edit.cell) in seen:
            problem = ("duplicate_cell", _("The same cell stands twice in one save."))
        seen.add((measure.written, edit.cell))
        if problem is not None:
            where = {"position": position, "measure": edit.measure, "cell": list(edit.cell)}
            raise InvalidInput(problem[1], code=problem[0], details=where)


def _problem(edit: CellEdit, months: range | None) -> tuple[str, str] | None:
    measure = get_measure(edit.measure)
    if months is not None and edit.month not in months:
        span = {"month": format_month(edit.month), "first": format_month(months[0]), "last": format_month(months[-1])}
        return "outside_horizon", _("%(month)s is outside the plan's months %(first)s … %(last)s.") % span
    if edit.after is None:
        if measure.nullable or measure.overlay:
            return None
        return "empty_not_allowed", _("%(measure)s cannot be empty; enter 0.") % {"measure": measure.label}
    if isinstance(edit.after, bool) or not isinstance(edit.after, int):
        return "not_a_number", _("A cell takes a whole number of smallest units.")
    if abs(edit.after) > MAX_CELL:
        return "out_of_range", _("The figure is too large.")
    if measure.minimum is not None and edit.after < measure.minimum:
        return "below_minimum", _("%(measure)s cannot be negative.") % {"measure": measure.label}
    return None
