"""The typed part of a department's material: fields of the form → figures, and back into words for the table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.choices import Department
from accounts.models import User
from accounts.policies import can
from core.errors import InvalidInput
from core.formats import date as say_day
from core.formats import month_long, number
from core.months import parse_month
from core.numbers import parse_quantity
from cycles.models import Cycle, Step
from masterdata.models import Material, Resource
from masterdata.services import Maintenance, SupplyTerm, record_maintenance, record_supply_terms
from meetings.material_form import list_key_materials

TYPED = "figures"  # key of the typed rows in the stored content
MOST_ROWS = 12
EMPTY_ROWS = 2  # below what is filled in already
_DECIMALS = 3


@dataclass(frozen=True)
class TypedForm:
    """The rows a department fills in: ``columns`` are (name, kind, label); codes come from ``choices``.

    ``rows`` are there already; ``label`` and ``note`` of a row say what it is about and why it is listed.
    """

    title: str
    columns: tuple[tuple[str, str, str], ...]
    choices: list[tuple[str, str]]
    rows: list[dict[str, str]]

    @property
    def shown(self) -> list[tuple[str, str, str]]:
        return [column for column in self.columns if column[1] != "hidden"]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Every row of the form with its cells and hidden fields, empty ones below."""
        return [self._line(row) for row in [*self.rows, *({} for _row in range(EMPTY_ROWS))]]

    def _line(self, row: Mapping[str, str]) -> dict[str, Any]:
        return {
            "label": row.get("label", ""),
            "note": row.get("note", ""),
            "cells": [(name, kind, label, row.get(name, "")) for name, kind, label in self.shown],
            "hidden": [(name, row.get(name, "")) for name, kind, _label in self.columns if kind == "hidden"],
        }


_MAINTENANCE = (
    ("resource", "code", gettext_lazy("Line or resource")),
    ("first", "date", gettext_lazy("From")),
    ("last", "date", gettext_lazy("Until")),
)
_TERMS = (
    ("material", "code", gettext_lazy("Key material")),
    ("lead_time_days", "number", gettext_lazy("Lead time, days")),
    ("month", "month", gettext_lazy("Month")),
    ("limit", "number", gettext_lazy("Supplier delivers at most")),
    ("arrival", "date", gettext_lazy("Next arrival")),
    ("quantity", "number", gettext_lazy("Quantity")),
    ("purchase", "hidden", ""),  # the open purchase that the arrival restates; empty: a new one
)


def get_typed_form(user: User, cycle: Cycle, kept: Sequence[Mapping[str, str]] = ()) -> TypedForm | None:
    """The figures the user's department hands in beside its words, for those who may edit them.

    ``kept`` are the rows it has written already; without them purchasing finds its key materials filled in.
    """
    rows = [dict(row) for row in kept]
    if user.department == Department.PRODUCTION and can(user, "capacity.edit"):
        codes = [(row.code, row.label) for row in Resource.objects.order_by("code")]
        return TypedForm(_("Maintenance and shutdowns"), _said(_MAINTENANCE), codes, rows)
    if user.department == Department.SUPPLY and can(user, "material.edit"):
        codes = [(row.code, row.label) for row in Material.objects.order_by("-core", "code")]
        key = {row["material"]: row for row in list_key_materials(user, cycle)}
        named = [{name: key.get(row["material"], {}).get(name, "") for name in ("label", "note")} | row for row in rows]
        rows = named or list(key.values())
        return TypedForm(_("Key materials, limits and arrivals"), _said(_TERMS), codes, rows)
    return None


def read_rows(user: User, lists: Callable[[str], Sequence[str]]) -> list[dict[str, str]]:
    """The filled rows of a post; ``lists`` gives all values of a field. Raises ``InvalidInput`` for a bad figure."""
    columns = _columns(user)
    if not columns:
        return []
    values = {name: [text.strip() for text in lists(f"row_{name}")] for name, _kind, _label in columns}
    first = columns[0][0]
    rows = [
        {name: texts[place] if place < len(texts) else "" for name, texts in values.items()}
        for place in range(min(len(values[first]), MOST_ROWS))
    ]
    filled = [row for row in rows if row[first]]
    for row in filled:
        _parse(user.department, row)
    return filled


def _columns(user: User) -> tuple[tuple[str, str, Any], ...]:
    if user.department == Department.PRODUCTION and can(user, "capacity.edit"):
        return _MAINTENANCE
    return _TERMS if user.department == Department.SUPPLY and can(user, "material.edit") else ()


def record_rows(*, step: Step, rows: Sequence[Mapping[str, str]], actor: User) -> None:
    """Typed rows become capacity changes, supplier limits, lead times and open purchases."""
    if not rows:
        return
    parsed = [_parse(actor.department, row) for row in rows]
    reference = f"{step.cycle} {actor.department}"
    if actor.department == Department.PRODUCTION:
        record_maintenance(rows=parsed, reason=f"maintenance {reference}"[:120], actor=actor)
    else:
        record_supply_terms(rows=parsed, reference=reference, actor=actor)


def say_rows(rows: Sequence[Mapping[str, str]]) -> str:
    """Typed rows in the reader's language, for the meeting's table."""
    return "; ".join(_say(row) for row in rows)


def _say(row: Mapping[str, str]) -> str:
    if "resource" in row:
        first, last = (say_day(dt.date.fromisoformat(row[name])) for name in ("first", "last"))
        return _("%(code)s stands still %(first)s – %(last)s") % {"code": row["resource"], "first": first, "last": last}
    parts = []
    if row.get("lead_time_days"):
        parts.append(_("lead time %(days)s days") % {"days": row["lead_time_days"]})
    if row.get("limit"):
        parts.append(
            _("at most %(units)s in %(month)s")
            % {"units": number(_quantity(row["limit"])), "month": month_long(parse_month(row["month"]))}
        )
    if row.get("arrival"):
        day = say_day(dt.date.fromisoformat(row["arrival"]))
        parts.append(_("%(units)s arrive %(day)s") % {"units": number(_quantity(row["quantity"])), "day": day})
    return f"{row['material']}: {', '.join(parts)}"


def _parse(department: str, row: Mapping[str, str]) -> Any:
    try:
        if department == Department.PRODUCTION:
            return Maintenance(row["resource"], dt.date.fromisoformat(row["first"]), dt.date.fromisoformat(row["last"]))
        if (row["limit"] and not row["month"]) or bool(row["arrival"]) != bool(row["quantity"]):
            raise InvalidInput(_("A limit needs its month, and an arrival its quantity."), code="incomplete_row")
        return SupplyTerm(
            material=row["material"],
            lead_time_days=int(row["lead_time_days"]) if row["lead_time_days"] else None,
            month=parse_month(row["month"]) if row["limit"] else None,
            limit=_quantity(row["limit"]),
            arrival=dt.date.fromisoformat(row["arrival"]) if row["arrival"] else None,
            quantity=_quantity(row["quantity"]),
            purchase=int(row.get("purchase") or 0) or None,
        )
    except ValueError as error:
        raise InvalidInput(
            _("“%(row)s” is not complete: check its dates and figures.")
            % {"row": ", ".join(filter(None, row.values()))},
            code="invalid_row",
        ) from error


def _quantity(text: str) -> Decimal | None:
    return Decimal(parse_quantity(text, decimals=_DECIMALS)).scaleb(-_DECIMALS) if text else None


def _said(columns: Sequence[tuple[str, str, Any]]) -> tuple[tuple[str, str, str], ...]:
    return tuple((name, kind, str(label)) for name, kind, label in columns)
