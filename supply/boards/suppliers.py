"""The supplier's portal, and purchasing's page of all suppliers: plain records, ready for the templates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.policies import can
from core import formats
from cycles.models import Cycle
from cycles.selectors import get_current_cycle
from masterdata.models import Supplier
from masterdata.selectors import get_company
from plans.models import Version
from plans.selectors import list_scenarios
from supply.choices import AnswerKind
from supply.models import PurchasePromise, SupplierAnswer
from supply.selectors.supplier_plan import (
    AskedCell,
    AskedRow,
    SupplierPlan,
    find_supplier_plan,
    list_answers,
    list_promises,
    list_supplier_materials,
)
from supply.selectors.supplier_record import Receipts, SupplierStanding, is_waiting, list_receipts, list_standings

MOST_ROWS = 40  # materials on the portal; a search narrows
MOST_LISTED = 12
MOST_READ = 200
AT_ONCE = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class Said:
    """One entry of the log: a new date of a purchase, or an answer; ``months`` of those that say the same at once."""

    promise: PurchasePromise | None
    answer: SupplierAnswer | None
    months: tuple[int, ...]

    @property
    def at(self) -> dt.datetime:
        row = self.promise or self.answer
        assert row is not None  # it is one of both
        return row.at


@dataclass(frozen=True)
class PortalBoard:
    """One supplier's page. ``focus`` is the material being answered; ``plan`` is None before the first release."""

    plan: SupplierPlan | None
    message: str
    supplier: Supplier | None
    suppliers: list[Supplier]
    wanted: str
    months: list[str]
    lines: list[tuple[AskedRow, list[AskedCell]]]
    hidden: int
    focus: AskedRow | None
    chart: dict[str, Any]
    kinds: list[tuple[str, str]]
    log: list[Said]
    decimals: int


@dataclass(frozen=True)
class AnswerLine:
    """An answer that is not as asked; ``may_accept`` while it could go into the next plan."""

    row: AskedRow
    cell: AskedCell
    may_accept: bool


@dataclass(frozen=True)
class SuppliersBoard:
    """Purchasing's page. ``focus`` is the supplier looked at."""

    plan: SupplierPlan | None
    message: str
    standings: list[SupplierStanding]
    focus: SupplierStanding | None
    chart: dict[str, Any]
    lines: list[AnswerLine]
    unanswered: list[tuple[AskedRow, str]]
    log: list[Said]
    receipts: list[Receipts]
    scenarios: list[Version]
    cycle: Cycle | None
    decimals: int
    may_accept: bool
    may_answer: bool


def load_portal_board(*, user: User, supplier: str = "", material: str = "", wanted: str = "") -> PortalBoard:
    """The page of a supplier inside the user's scope, by default the first. Raises ``Missing`` for another one."""
    suppliers = _suppliers(user)
    code = supplier or (suppliers[0].code if suppliers else "")
    plan = find_supplier_plan(user=user, supplier=code) if code else None
    rows = [row for row in plan.rows if _fits(row, wanted)] if plan else []
    focus = next((row for row in rows if row.material.code == material), None)
    if focus is None:
        focus = next((row for row in rows if any(cell.is_open for cell in row.asked)), rows[0] if rows else None)
    months = _shown(plan) if plan else range(0)
    return PortalBoard(
        plan=plan,
        message=_portal_message(plan),
        supplier=next((row for row in suppliers if row.code == code), None),
        suppliers=suppliers,
        wanted=wanted,
        months=formats.month_heads(list(months)),
        lines=[(row, [cell for cell in row.cells if cell.month in months]) for row in rows[:MOST_ROWS]],
        hidden=max(0, len(rows) - MOST_ROWS),
        focus=focus,
        chart=_chart(plan, _("Asked and confirmed, units")) if plan else {},
        kinds=[(kind.value, str(kind.label)) for kind in AnswerKind],
        log=_log(user, code),
        decimals=get_company().quantity_decimals,
    )


def load_suppliers_board(*, user: User, supplier: str = "") -> SuppliersBoard:
    """All suppliers, and one of them in full: the one asked for, else the first of the list."""
    plan, cycle = find_supplier_plan(user=user), get_current_cycle()
    standings = list_standings(plan, user) if plan else []
    focus = next((row for row in standings if row.supplier.code == supplier), standings[0] if standings else None)
    may_accept = can(user, "supplier.accept")
    code = focus.supplier.code if focus else ""
    own = find_supplier_plan(user=user, supplier=code) if code else None
    return SuppliersBoard(
        plan=plan,
        message=_message(plan, standings),
        standings=standings,
        focus=focus,
        chart=_chart(own, _("Asked and confirmed, units")) if own else {},
        lines=list(_lines(focus, plan)) if focus and plan else [],
        unanswered=_unanswered(focus.rows) if focus else [],
        log=_log(user, code),
        receipts=list_receipts(cycle.month) if cycle else [],
        scenarios=list(list_scenarios(cycle_id=cycle.pk)[:MOST_LISTED]) if cycle and may_accept else [],
        cycle=cycle,
        decimals=get_company().quantity_decimals,
        may_accept=may_accept,
        may_answer=can(user, "material.edit"),
    )


def _suppliers(user: User) -> list[Supplier]:
    ids = list_supplier_materials(user).values("supplier")
    return list(Supplier.objects.filter(pk__in=ids).order_by("code"))


def _fits(row: AskedRow, wanted: str) -> bool:
    text = wanted.strip().lower()
    return not text or text in f"{row.material.code} {row.material.name} {row.material.name_zh}".lower()


def _portal_message(plan: SupplierPlan | None) -> str:
    """The finding with its figure: what waits for an answer, else what is short."""
    if plan is None:
        return _("Nothing is shared yet")
    count = len(plan.cells)
    if not count:
        return _("Release %(number)s asks nothing of this supplier") % {"number": plan.release.number}
    if plan.closed:
        return _("Answers to release %(number)s are closed") % {"number": plan.release.number}
    if plan.open_count:
        text = ngettext(
            "%(open)s of %(all)s asked months waits for an answer",
            "%(open)s of %(all)s asked months wait for an answer",
            plan.open_count,
        )
        return text % {"open": plan.open_count, "all": count}
    if plan.short:
        return _("Every month is answered; %(units)s of the asked do not come in time") % {
            "units": formats.number(plan.short)
        }
    return _("Every month is answered, all of it comes as asked")


def _message(plan: SupplierPlan | None, standings: list[SupplierStanding]) -> str:
    if plan is None:
        return _("Nothing is shared with suppliers yet")
    asked, answered = sum(row.asked for row in standings), sum(row.answered for row in standings)
    if not asked:
        return _("Release %(number)s buys nothing") % {"number": plan.release.number}
    text = _("%(answered)s of %(asked)s asked months are answered") % {"answered": answered, "asked": asked}
    short = [row for row in standings if row.short]
    if not short:
        return text
    return (
        text
        + _("; ")
        + _("%(supplier)s is %(units)s short")
        % {
            "supplier": short[0].supplier.label,
            "units": formats.number(short[0].short),
        }
    )


def _shown(plan: SupplierPlan) -> range:
    """Months of the release from the first in which anything is asked or changed."""
    told = [cell.month for row in plan.rows for cell in row.cells if cell.asked or cell.change]
    return range(min(told, default=plan.months.start), plan.months.stop)


def _log(user: User, supplier: str) -> list[Said]:
    """What was said last, newest first; months confirmed in one go are one entry."""
    if not supplier:
        return []
    found: list[Said] = []
    for answer in list_answers(user, supplier=supplier)[:MOST_READ]:
        last = found[-1] if found else None
        if last is not None and last.answer is not None and _is_one(last.answer, answer):
            found[-1] = replace(last, months=(answer.month, *last.months))
        else:
            found.append(Said(None, answer, (answer.month,)))
    promises = list_promises(user, supplier=supplier).filter(answer=None)[:MOST_LISTED]
    found += [Said(promise, None, ()) for promise in promises]
    return sorted(found, key=lambda said: said.at, reverse=True)[:MOST_LISTED]


def _is_one(one: SupplierAnswer, other: SupplierAnswer) -> bool:
    same = ("kind", "material_id", "release_id", "author_id", "note")
    return (
        one.kind == AnswerKind.CONFIRMED
        and all(getattr(one, name) == getattr(other, name) for name in same)
        and abs(one.at - other.at) < AT_ONCE
    )


def _chart(plan: SupplierPlan, title: str) -> dict[str, Any]:
    """By month: what is confirmed, what waits for an answer, what does not come."""
    months = _shown(plan)
    asked, confirmed, short = (plan.by_month(what)[-len(months) :] for what in ("asked", "confirmed", "short"))
    return {
        "title": title,
        "labels": formats.month_heads(list(months)),
        "asked": _floats(asked),
        "confirmed": _floats(confirmed),
        "short": _floats(short),
        "open": _floats(a - c - s for a, c, s in zip(asked, confirmed, short, strict=True)),
        "decimals": 0,
    }


def _floats(values: Iterable[Decimal]) -> list[float]:
    return [float(value) for value in values]


def _lines(standing: SupplierStanding, plan: SupplierPlan) -> Iterable[AnswerLine]:
    """Answers other than "as asked", by month."""
    found = [
        AnswerLine(row, cell, plan.is_open and is_waiting(cell.answer, plan))
        for row in standing.rows
        for cell in row.asked
        if cell.answer is not None and cell.answer.kind != AnswerKind.CONFIRMED
    ]
    return sorted(found, key=lambda line: (line.cell.month, -line.cell.short, line.row.material.code))


def _unanswered(rows: Iterable[AskedRow]) -> list[tuple[AskedRow, str]]:
    """Materials with months that wait, and which."""
    return [
        (row, _say_months(missing)) for row in rows if (missing := [cell.month for cell in row.asked if cell.is_open])
    ]


def _say_months(months: list[int]) -> str:
    """Months in order, those that follow one another as from – to."""
    runs: list[list[int]] = []
    for month in months:
        if runs and month == runs[-1][-1] + 1:
            runs[-1].append(month)
        else:
            runs.append([month])
    ends = [dict.fromkeys((run[0], run[-1])) for run in runs]
    return formats.listing(" – ".join(formats.month(month) for month in pair) for pair in ends)
