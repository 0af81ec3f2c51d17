"""The workbench as its page needs it: rows with labels, who may type where, marks, the sentences over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.choices import Department
from accounts.models import User
from accounts.policies import can
from core.formats import is_chinese, month_long, number, percent
from core.formats import month as month_name
from cycles.choices import CycleState
from cycles.models import Cycle
from cycles.selectors import get_input_window
from demand.choices import Stream
from demand.flex_wording import FlexEdgeText
from demand.measures import (
    ACTUAL,
    BASELINE,
    BUDGET,
    BUSINESS_PLAN,
    CONSENSUS,
    FLEX_CAPACITY,
    FLEX_MATERIAL,
    OVERRIDE,
)
from demand.selectors.marks import Marks
from demand.selectors.place import Place
from demand.selectors.product_policies import ProductPolicies
from demand.selectors.workbench import LAST_CYCLE, LAST_YEAR, NodeFigures
from demand.streams import get_stream
from plans.choices import VersionKind, VersionState
from plans.measures import get_measure
from plans.models import Version
from plans.policies import WRITE_SCENARIO

SLUSHY_PERCENT = 10


@dataclass(frozen=True)
class Fences:
    """Months from the start of the plan: frozen first, then slushy; the shortest of the products below a place."""

    frozen: int
    slushy: int

    @classmethod
    def of(cls, policies: ProductPolicies) -> Fences:
        if not len(policies.frozen_months):
            return cls(0, 0)
        return cls(int(policies.frozen_months.min()), int(policies.slushy_months.min()))


@dataclass(frozen=True)
class Desk:
    """Who looks at which place of which plan."""

    user: User
    cycle: Cycle
    version: Version
    place: Place
    figures: NodeFigures
    marks: Marks
    fences: Fences
    flex: Mapping[str, FlexEdgeText]

    @property
    def is_scenario(self) -> bool:
        return self.version.kind == VersionKind.SCENARIO

    @property
    def decimals(self) -> int:
        """Decimals shown: of the quantity, or of a money table in the reader's language."""
        return (2 if is_chinese() else 1) if self.figures.is_money else self.figures.scale

    @property
    def divisor(self) -> int:
        """Smallest units of what is shown as 1: a unit, a million (English) or 100 million (Chinese) of money."""
        shown = (8 if is_chinese() else 6) if self.figures.is_money else 0
        return 10 ** (self.figures.scale + shown)

    def columns(self) -> list[dict[str, Any]]:
        """Months with their kind and the word under them."""
        return [self._column(month) for month in self.figures.months]

    def _column(self, month: int) -> dict[str, Any]:
        ahead = month - self.cycle.month
        if ahead < 0:
            return {"month": month, "kind": "past", "note": _("actual")}
        if ahead < self.fences.frozen:
            return {"month": month, "kind": "plan", "note": _("frozen")}
        note = f"±{SLUSHY_PERCENT} %" if ahead < self.fences.frozen + self.fences.slushy else ""
        return {"month": month, "kind": "plan", "note": note}

    def rows(self) -> list[dict[str, Any]]:
        """The grid's rows in reading order: what happened, what each source says, what we agree, what to compare."""
        return [
            self._row(ACTUAL, "ERP"),
            self._row(BASELINE, _("Model"), rule=True),
            self._row(BUSINESS_PLAN, _("Finance")),
            *(self._stream(code) for code in _SHOWN_STREAMS if code not in _RARE_STREAMS or self._is_used(code)),
            self._row(CONSENSUS, _("Demand"), strong=True, **self._consensus_rights()),
            self._row(LAST_CYCLE, "", rule=True, label=_("Last cycle")),
            self._row(LAST_YEAR, "", label=_("Last year")),
            self._row(BUDGET, ""),
            self._flex(FLEX_CAPACITY, rule=True),
            self._flex(FLEX_MATERIAL),
        ]

    def _stream(self, code: str) -> dict[str, Any]:
        stream = get_stream(code)
        why = self._why_not(stream.edit_action, code)
        if not why and not self.is_scenario:
            window = get_input_window(self.cycle, stream.department)
            why = "" if window.is_open else window.reason
        author = str(Department(stream.department).label)
        return self._row(code, str(stream.source), editable=not why, why=why, department=author)

    def _is_used(self, code: str) -> bool:
        """A rare stream has a row where it says something, and always for the department that gives it."""
        given = any(value is not None for value in self.figures.rows[code])
        return given or self.user.department == get_stream(code).department

    def _consensus_rights(self) -> dict[str, Any]:
        why = self._why_not("consensus.override", OVERRIDE)
        is_under_review = self.is_scenario or self.cycle.state in (CycleState.COLLECTING, CycleState.DEMAND_REVIEW)
        if not why and not is_under_review:
            why = _("Demand is not under review now.")
        return {"editable": not why, "why": why}

    def _why_not(self, action: str, stored: str) -> str:
        """Why the user may not type into a row; empty when they may."""
        product, org = self.codes()
        action = WRITE_SCENARIO if self.is_scenario else action
        if self.figures.is_money:
            return _("Money follows the units. Switch to units to edit.")
        if not can(self.user, action):
            return _("Your role reads this row; %(who)s edits it.") % {"who": _editor_of(stored)}
        if not can(self.user, action, product=product, org=org):
            return _("This lies outside your region or products.")
        if self.version.state == VersionState.EXPIRED:
            return _("The scenario is closed.")
        if self.figures.heads[stored].sealed:
            return _("Demand is signed and frozen; the coordinator can reopen the review.")
        return ""

    def codes(self) -> tuple[str | None, str | None]:
        """Codes of the place's product and org; None is everything."""
        hierarchy = self.place.hierarchy
        product = None if self.place.product is None else hierarchy.products.code_of(self.place.product)
        return product, None if self.place.org is None else hierarchy.orgs.code_of(self.place.org)

    def _row(self, code: str, owner: str, *, label: str = "", **looks: Any) -> dict[str, Any]:
        values = self.figures.rows[code]
        return {
            "key": code,
            "label": label or str(get_measure(code).label),
            "owner": owner,
            "decimals": self.decimals,
            "cells": [self._cell(code, month, values[i]) for i, month in enumerate(self.figures.months)],
            **looks,
        }

    def _cell(self, code: str, month: int, value: int | None) -> dict[str, Any] | float | None:
        shown = None if value is None else value / self.divisor
        cell: dict[str, Any] = {}
        if comment := self.marks.comments.get((code, month)):
            cell["comment"] = comment
        if self.marks.unjustified.get((code, month)):
            cell["missing"] = True
        if (code, month) in self.marks.locked:
            cell["locked"] = True
        if code in (CONSENSUS, Stream.SALES) and self.is_outside(month, code):
            cell["outside"] = True
        if code == CONSENSUS and 0 <= month - self.cycle.month < self.fences.frozen:
            cell.pop("outside", None)  # nobody can act on it any more, and two signs hide the figure
            cell |= {"locked": True, "editable": False, "why": self._frozen(month)}
        return {"value": shown, **cell} if cell else shown

    def is_outside(self, month: int, code: str = CONSENSUS) -> bool:
        """Whether a row's figure lies outside the 80 % band of the baseline."""
        column = self.figures.column(month)
        value, low, high = self.figures.rows[code][column], self.figures.low[column], self.figures.high[column]
        return value is not None and low is not None and high is not None and not low <= value <= high

    @staticmethod
    def _frozen(month: int) -> str:
        return _("%(month)s is frozen: orders only. The executive can change it.") % {"month": month_long(month)}

    def _flex(self, edge: str, **looks: Any) -> dict[str, Any]:
        text = self.flex.get(edge)
        return self._row(edge, text.source if text else "", department=text.whole if text else "", **looks)

    def in_units(self, values: list[int | None]) -> list[float | None]:
        """Smallest units → units, minor currency units → the unit of a money table."""
        return [None if value is None else value / self.divisor for value in values]

    def chart(self) -> dict[str, Any]:
        """History and plan for ``forecastChart``, in whole units."""
        figures, past = self.figures, self.figures.past

        def plan(values: list[int | None]) -> list[float | None]:
            return self.in_units(values[past:])

        return {
            "title": self.message(),
            "decimals": self.decimals,
            "every": 3 if is_chinese() else 2,
            "history": {
                "labels": [month_name(m) for m in figures.history_months][-12:],
                "values": self.in_units(figures.history[-12:]),
            },
            "plan": {
                "labels": [month_name(m) for m in figures.months[past:]],
                "baseline": plan(figures.rows[BASELINE]),
                "low": plan(figures.low),
                "high": plan(figures.high),
                "consensus": plan(figures.rows[CONSENSUS]),
                "budget": plan(figures.rows[BUDGET]),
            },
        }

    def message(self) -> str:
        """The finding over the chart: the next twelve months against the last twelve, and against the budget."""
        past, rows = self.figures.past, self.figures.rows
        ahead = _sum(rows[CONSENSUS][past : past + 12])
        sold = _sum(self.figures.history[-12:])
        if not ahead:
            return _("Nothing is planned here yet")
        if not sold:
            units = number(ahead / self.divisor, self.decimals)
            return _("%(units)s planned for the next 12 months, nothing sold before") % {"units": units}
        change = percent((ahead / sold - 1) * 100, 0, sign=True)
        budgeted = [
            (c, b) for c, b in zip(rows[CONSENSUS][past : past + 12], rows[BUDGET][past : past + 12], strict=True) if b
        ]
        if not budgeted:
            return _("12 months ahead: %(change)s on the last 12") % {"change": change}
        gap = _sum([c for c, _b in budgeted]) / _sum([b for _c, b in budgeted]) - 1
        return _("12 months ahead: %(change)s on the last 12, %(gap)s on budget") % {
            "change": change,
            "gap": percent(gap * 100, 0, sign=True),
        }


_SHOWN_STREAMS = (
    Stream.SALES,
    Stream.ORDERS,
    Stream.CHANNEL,
    Stream.MARKETING,
    Stream.STOCK_BUILDING,
    Stream.PRODUCT,
    Stream.FINANCE_VIEW,
)
_RARE_STREAMS = (Stream.PRODUCT, Stream.FINANCE_VIEW)


def _editor_of(stored: str) -> str:
    if stored == OVERRIDE:
        return _("demand planning")
    return str(Department(get_stream(stored).department).label)


def _sum(values: list[int | None]) -> int:
    return sum(value or 0 for value in values)
