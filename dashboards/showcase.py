"""Invented figures for the page of components: one of each state, nothing read, nothing stored."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from core import formats
from core.months import parse_month

_FIRST = parse_month("2026-08")
_ACTUAL = [6060, 6780, 7280]
_BASELINE = [7240, 8080, 6220, 4020, 6730, 6200, 6380, 7100, 5980, 6540]
_CONSENSUS = [7510, 8600, 5690, 3790, 6400, 6340, 6310, 7030, 6110, 6400]
_SALES = [7670, 8560, 6590, 4260, 7130, 6570, 6760, 7530, 6100, 6670]
_BUDGET = [7570, 8510, 6320, 4260, 6990, 6330, 6790, 7280, 6180, 6940]


def build_showcase() -> dict[str, Any]:
    """Context of the page."""
    return {
        "cell_states": _cell_states(),
        "trend": [38.4, 37.9, 38.8, 36.1, 35.7, 35.2],
        "heat_cells": [(60, 0), (78, 1), (88, 2), (95, 3), (99, 4), (108, 5), (127, 6)],
        "demo": {
            "grid": _grid(),
            "baseline": {_FIRST + 3 + i: value for i, value in enumerate(_BASELINE)},
            "splitRule": _("by baseline, 2 regions"),
            "regions": [_("North"), _("South")],
            **_charts(),
        },
    }


def _cell_states() -> list[tuple[str, str, int]]:
    return [
        ("background:var(--cell-edit)", _("editable"), 5690),
        ("background:var(--cell-ro)", _("read only"), 6220),
        ("background:var(--cell-past);color:var(--ink-2)", _("past"), 7280),
        ("background:var(--cell-dirty)", _("changed"), 5690),
        ("outline:2px solid var(--focus);outline-offset:-2px", _("cursor"), 5690),
        ("background:var(--bad-soft);box-shadow:inset 0 0 0 2px var(--bad)", _("conflict"), 5750),
        ("background:var(--cell-lock);color:var(--ink-2)", _("locked"), 7510),
        ("background:var(--accent-soft)", _("selected"), 6400),
    ]


def _grid() -> dict[str, Any]:
    notes = [_("actual")] * 3 + [_("frozen"), "±10 %", "±10 %"]
    columns = [
        {"month": _FIRST + i, "note": notes[i] if i < len(notes) else "", "kind": "past" if i < 3 else "plan"}
        for i in range(13)
    ]
    frozen = {"value": _CONSENSUS[0], "locked": True, "why": _("November is frozen: orders only.")}
    odd = {"value": _SALES[2], "outside": True, "missing": True}
    noted = {"value": _CONSENSUS[1], "comment": _("Subsidy ends on 31 December")}
    return {
        "label": _("Demand by stream and month, vehicles"),
        "heads": [_("Stream"), _("Owner")],
        "columns": columns,
        "rows": [
            _row("actual", _("Actual sales"), "ERP", _ACTUAL + [None] * 10),
            _row("baseline", _("Statistical baseline"), _("Model"), [None] * 3 + _BASELINE, rule=True),
            _row(
                "sales",
                _("Sales forecast"),
                _("Sales"),
                [None] * 3 + _SALES[:2] + [odd] + _SALES[3:],
                why=_("Sales edits this row."),
            ),
            _row(
                "consensus",
                _("Consensus demand"),
                _("Demand"),
                [*_ACTUAL, frozen, noted, *_CONSENSUS[2:]],
                editable=True,
                strong=True,
            ),
            _row("budget", _("Budget"), _("Finance"), [None] * 3 + _BUDGET, rule=True),
        ],
    }


def _row(key: str, label: str, owner: str, cells: list[Any], **more: Any) -> dict[str, Any]:
    return {"key": key, "label": label, "owner": owner, "cells": cells, **more}


def _charts() -> dict[str, Any]:
    months = formats.month_heads([_FIRST + i for i in range(13)])
    history = formats.month_heads([_FIRST - 9 + i for i in range(12)])
    past = [6900, 7300, 5600, 3900, 5900, 5700, 6100, 6200, 5700, *_ACTUAL]
    return {
        "planColumns": {
            "title": _("Plan against budget"),
            "labels": months,
            "actual": _ACTUAL,
            "plan": _CONSENSUS,
            "budget": [6300, 7050, 7570, *_BUDGET],
        },
        "waterfall": {
            "title": _("Why the gap"),
            "cut": 2200,
            "bars": [
                {"label": _("Budget"), "value": 2651, "total": True, "kind": "pl"},
                {"label": _("Price"), "value": -124},
                {"label": _("Volume"), "value": -160},
                {"label": _("Mix"), "value": 31},
                {"label": _("Shortage"), "value": -68},
                {"label": _("Plan"), "value": 2330, "total": True, "kind": "fc"},
            ],
        },
        "forecast": {
            "title": _("History and forecast"),
            "history": {"labels": history, "values": past},
            "plan": {
                "labels": formats.month_heads([_FIRST + 3 + i for i in range(10)]),
                "baseline": _BASELINE,
                "low": [round(value * 0.93) for value in _BASELINE],
                "high": [round(value * 1.07) for value in _BASELINE],
                "consensus": _CONSENSUS,
                "budget": _BUDGET,
            },
        },
        "supply": {
            "title": _("Possible and short"),
            "labels": months[3:11],
            "demand": _CONSENSUS[:8],
            "supply": [7510, 8200, 5690, 3790, 5900, 6340, 6310, 7030],
        },
        "bars": {
            "unit": " %",
            "rows": [
                {"label": _("Naive"), "value": 21.8, "kind": "py"},
                {"label": _("Baseline"), "value": 13.1, "note": _("better 8.7"), "tone": "good"},
                {"label": _("Sales"), "value": 17.3, "note": _("worse 4.2"), "tone": "bad"},
            ],
        },
        "bullet": {"value": 93.1, "target": 94, "full": 100},
    }
