"""An assumption's arithmetic in words: what it is measured by, what each month brought, what follows."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from core.formats import month, number, percent
from demand.models import Assumption
from demand.selectors.assumptions import get_trigger
from demand.triggers import Reading, Trigger, say_trigger


@dataclass(frozen=True)
class ReadingLine:
    """One closed month as the check read it."""

    month: str
    text: str
    is_missed: bool


@dataclass(frozen=True)
class Arithmetic:
    """``trigger`` and ``result`` are empty where only people judge, ``lines`` before the first check."""

    trigger: str
    lines: list[ReadingLine]
    result: str


def tell_arithmetic(row: Assumption) -> Arithmetic:
    """What the last check of an assumption read and concluded."""
    trigger = get_trigger(row)
    if trigger is None:
        return Arithmetic("", [], "")
    readings = [Reading(int(at), float(sold), forecast) for at, sold, forecast in row.readings]
    return Arithmetic(say_trigger(trigger), [_line(trigger, each) for each in readings], _result(trigger, readings))


def _line(trigger: Trigger, reading: Reading) -> ReadingLine:
    if reading.forecast is None:
        text = number(reading.sold)
    else:
        figures = {"sold": number(reading.sold), "forecast": number(reading.forecast)}
        text = _("%(sold)s of %(forecast)s") % figures + f" = {percent(trigger.figure([reading]), 0)}"
    return ReadingLine(month(reading.month), text, trigger.is_missed(reading))


def _result(trigger: Trigger, readings: list[Reading]) -> str:
    if trigger.months == 1 or not readings:
        return ""
    if trigger.is_count:
        missed = sum(map(trigger.is_missed, readings))
        return _("missed in %(missed)s of %(months)s") % {"missed": number(missed), "months": number(len(readings))}
    together = trigger.figure(readings)
    if readings[0].forecast is None:
        return _("on average %(figure)s a month") % {"figure": number(together)}
    return _("together %(figure)s") % {"figure": percent(together, 0)}
