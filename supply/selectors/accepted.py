"""Suppliers' answers a plan counts with: what was accepted into it, and what a scenario or decision took from one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.months import month_of
from plans.models import Version
from plans.selectors import get_last_approved
from supply.models import AcceptedAnswer, BalanceRun, Release, SupplierAnswer
from supply.selectors.adopted import list_adopted
from supply.wording import say_answer

ANSWER = "answer"  # key of a scenario's setting that comes from a supplier


@dataclass(frozen=True)
class Accepted:
    """What a supplier delivers of a material in a month at most, and what of it comes in a later month instead.

    ``is_tried``: only this plan counts with it. The others stand in the master data, their late part as a purchase.
    """

    material: str
    month: int
    limit: float
    later: int | None
    late: float
    is_tried: bool


def list_accepted(version: Version, months: range) -> list[Accepted]:
    """By material and month; a scenario's own word outranks the plan's."""
    found = {(word.material, word.month): word for word in _of_release(months)}
    for adoption in list_adopted(version):
        for setting in adoption.option.detail:
            if setting.get(ANSWER) and setting["month"] in months:
                found[setting["material"], setting["month"]] = _tried(setting)
    return [found[key] for key in sorted(found)]


def list_accepted_answers(months: range) -> list[AcceptedAnswer]:
    """The answers accepted to the release that a plan of these months follows, one a cell, the newest."""
    last = get_last_approved(before_month=months.start)
    release = last and Release.objects.filter(cycle=last.cycle_id).order_by("-number").first()
    if not release:
        return []
    rows = AcceptedAnswer.objects.filter(answer__release=release, answer__month__in=months).order_by("pk")
    rows = rows.select_related("answer__material__supplier", "answer__author")
    return list({(row.answer.material_id, row.answer.month): row for row in rows}.values())


def say_accepted(run: BalanceRun) -> dict[str, dict[int, str]]:
    """Material code → month → what its supplier answered, in words, of the short answers a balance counted with."""
    months = range(run.first_month, run.first_month + run.horizon)
    answers = [row.answer for row in list_accepted_answers(months) if row.at <= run.finished_at]
    tried = [s[ANSWER] for adoption in list_adopted(run.version) for s in adoption.option.detail if s.get(ANSWER)]
    answers += SupplierAnswer.objects.filter(pk__in=tried).select_related("material__supplier")
    said: dict[str, dict[int, str]] = defaultdict(dict)
    for answer in answers:
        supplier = answer.material.supplier
        if answer.short > 0 and supplier is not None:
            said[answer.material.code][answer.month] = say_answer(
                supplier.label, answer.in_time, answer.asked, answer.month
            )
    return said


def as_setting(answer: SupplierAnswer, limit: Decimal) -> dict[str, Any]:
    """An answer as what a scenario takes as given."""
    return {
        "kind": "supply",
        "material": answer.material.code,
        "month": answer.month,
        "max_quantity": float(limit),
        ANSWER: answer.pk,
        "later": None if answer.date is None else month_of(answer.date),
        "late": 0.0 if answer.date is None else float(answer.quantity),
    }


def _of_release(months: range) -> list[Accepted]:
    return [
        Accepted(row.answer.material.code, row.answer.month, float(row.limit), None, 0.0, False)
        for row in list_accepted_answers(months)
    ]


def _tried(setting: Mapping[str, Any]) -> Accepted:
    limit, late = float(setting["max_quantity"]), float(setting["late"])
    return Accepted(setting["material"], setting["month"], limit, setting["later"], late, True)
