"""The typed part of production's material: what each line can really make, filled in from capacity and calendar."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from accounts.choices import Department
from accounts.models import User
from accounts.policies import can
from core.errors import InvalidInput, Missing
from core.formats import month_long, number
from core.months import format_month, parse_month
from core.numbers import parse_quantity
from cycles.models import Cycle
from masterdata.services import LostHours, record_lost_hours
from supply.capability import LineCapability, list_capability

CAPACITY = "capacity"  # key of the rows in the stored content
Row = Mapping[str, str]


def get_capacity_form(user: User, cycle: Cycle, kept: Sequence[Row] = ()) -> list[LineCapability] | None:
    """Lines with their near months, for those of production who may edit capacity; ``kept`` are rows of a draft."""
    if user.department != Department.PRODUCTION or not can(user, "capacity.edit"):
        return None
    said = {(row["line"], row["month"]): int(row["available"]) for row in kept}
    return [
        replace(
            line,
            months=tuple(
                replace(cell, available=said.get((line.code, cell.code), cell.available)) for cell in line.months
            ),
        )
        for line in list_capability(cycle, reason=_reason(cycle))
    ]


def read_capacity(user: User, cycle: Cycle, lists: Callable[[str], Sequence[str]]) -> list[dict[str, str]]:
    """What was confirmed or changed, one row a line and month; ``stated`` marks a figure that was changed.

    Raises ``InvalidInput`` for no figure and for more than calendar and shifts give, ``Missing`` for an unknown line.
    """
    form = get_capacity_form(user, cycle)
    if form is None:
        return []
    known = {(line.code, format_month(cell.month)): cell for line in form for cell in line.months}
    rows = []
    for code, month, text in zip(lists("line"), lists("line_month"), lists("line_available"), strict=False):
        if not text.strip():
            continue
        if (code, month) not in known:
            raise Missing(_("There is no such line or month."))
        cell = known[code, month]
        available = parse_quantity(text, decimals=0)
        if available > cell.maximum:
            raise InvalidInput(
                _("%(code)s can make at most %(maximum)s in %(month)s by calendar and shifts; change those instead.")
                % {"code": code, "maximum": number(cell.maximum), "month": month_long(cell.month)},
                code="above_maximum",
            )
        row = {"line": code, "month": month, "maximum": str(cell.maximum), "available": str(available)}
        rows.append(row | ({"stated": "1"} if available != cell.available else {}))
    return rows


def record_capacity(*, cycle: Cycle, rows: Sequence[Row], actor: User) -> None:
    """Changed figures become rows of ``capacity``, so that the balance counts with them."""
    stated = [row for row in rows if row.get("stated")]
    if not stated:
        return
    form = get_capacity_form(actor, cycle) or []
    cells = {(line.code, cell.month): cell for line in form for cell in line.months}
    lost = []
    for row in stated:
        cell = cells[row["line"], parse_month(row["month"])]
        hours = int(row["available"]) / cell.pace
        lost.append(LostHours(row["line"], cell.month, round(cell.hours_left - hours, 4)))
    record_lost_hours(rows=lost, reason=_reason(cycle), actor=actor)


def say_capacity(rows: Sequence[Row]) -> str:
    """Rows in the reader's language, for the meeting's table."""
    return "; ".join(
        _("%(line)s, %(month)s: %(available)s of %(maximum)s")
        % {
            "line": row["line"],
            "month": month_long(parse_month(row["month"])),
            "available": number(int(row["available"])),
            "maximum": number(int(row["maximum"])),
        }
        for row in rows
    )


def _reason(cycle: Cycle) -> str:
    return f"stated {cycle} production"
