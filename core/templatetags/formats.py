"""``{% load formats %}``: the formatter of ``core.formats`` for templates.

Filters: ``number``, ``signed``, ``quantity``, ``percent``, ``percent_signed``, ``share``, ``share_signed``,
``share_plain``, ``points``, ``month``, ``month_long``,
``day``, ``day_year``, ``clock``, ``moment``, ``day_name``, ``duration``, ``time_left``, ``initials``. Money needs the
company's currency, which is in the page's context, so it is a tag: ``{% money amount %}``, ``{% money_cell amount %}``,
``{% money_unit %}``. ``amount`` is in minor units.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django import template

from core import formats
from core.months import format_month

register = template.Library()

register.filter("number", formats.number)
register.filter("signed", formats.signed)
register.filter("quantity", formats.quantity)
register.filter("percent", formats.percent)
register.filter("percent_signed", partial(formats.percent, sign=True))
register.filter("probability", formats.probability)
register.filter("points", formats.points)
register.filter("month_long", formats.month_long)
register.filter("iso_month", format_month)
register.filter("clock", formats.clock)
register.filter("moment", formats.moment)
register.filter("initials", formats.initials)


@register.filter
def share(value: float | None, decimals: int = 1) -> str:
    """``{{ 0.142|share }}`` → ``14.2 %``: a fraction as a rate."""
    return formats.percent(None if value is None else value * 100, decimals)


@register.filter
def share_signed(value: float | None, decimals: int = 1) -> str:
    """``{{ -0.02|share_signed }}`` → ``−2.0 %``."""
    return formats.percent(None if value is None else value * 100, decimals, sign=True)


@register.filter
def share_plain(value: float | None) -> str:
    """``{{ 0.142|share_plain }}`` → ``14``, where the head of the column says per cent."""
    return formats.number(None if value is None else value * 100)


@register.filter
def month(value: int | None, style: str = "year") -> str:
    """``{{ m|month }}`` → ``Nov 26``; ``{{ m|month:"short" }}`` → ``Nov``."""
    return formats.month(value, year=style != "short")


@register.filter
def day(value: Any) -> str:
    return formats.date(value or None)


@register.filter
def day_year(value: Any) -> str:
    return formats.date(value or None, year=True, weekday=True)


@register.filter
def day_name(value: Any) -> str:
    return formats.day_name(value or None)


@register.filter
def duration(value: Any) -> str:
    return formats.UNDEFINED if value is None else formats.duration(value)


@register.filter
def time_left(value: Any) -> str:
    return formats.time_left(value or None)


@register.simple_tag
def month_range(start: int, end: int) -> str:
    """Both absolute months included: ``Nov 2026 – Apr 2028``."""
    return formats.month_range(start, end)


@register.simple_tag(takes_context=True)
def money(context: template.Context, amount: Any, sign: bool = False) -> str:
    return formats.money(amount, _company(context), sign=sign)


@register.simple_tag(takes_context=True)
def money_cell(context: template.Context, amount: Any, decimals: int | None = None, sign: bool = False) -> str:
    return formats.money_cell(amount, _company(context), decimals=decimals, sign=sign)


@register.simple_tag(takes_context=True)
def money_unit(context: template.Context) -> str:
    return formats.money_unit(_company(context))


def _company(context: template.Context) -> formats.HasCurrency | None:
    shell = context.get("shell")
    return shell.company if shell else None
