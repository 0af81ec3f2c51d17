"""How figures, money, months and times are written, in English and Chinese: one formatter for every page.

The twin for scripts is ``static/js/formats.js``; a browser test holds both equal. Digits are grouped by three
in both languages (Django groups none in Chinese), minus is ``−``, undefined is ``–``, and zero stays ``0``.
Money comes in the currency's minor unit, as the plan store keeps it. English scales to millions and billions,
Chinese to 万 and 亿: the same stored value, never a converted one.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Any, Protocol, SupportsFloat, TypeVar, cast

from django.utils import timezone
from django.utils.translation import get_language, gettext, ngettext

from core.months import first_day

UNDEFINED = "–"
MINUS = "−"
NO_BREAK = "\N{NO-BREAK SPACE}"
Figure = SupportsFloat | None

_EN_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EN_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ZH_DAYS = "一二三四五六日"
_EN_SIGNS: Mapping[str, str] = MappingProxyType({"CNY": "¥", "JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£"})
_ZH_NAMES: Mapping[str, str] = MappingProxyType(
    {"CNY": "元", "JPY": "日元", "USD": "美元", "EUR": "欧元", "GBP": "英镑"}
)


class HasCurrency(Protocol):
    """The company, as far as money is concerned."""

    currency: str
    currency_decimals: int


def is_chinese() -> bool:
    """Whether the active language is Chinese."""
    return (get_language() or "").startswith("zh")


# Numbers ------------------------------------------------------------------------------------------------------
def _exact(value: Figure) -> Decimal | None:
    """The value as a Decimal that shows the same digits; ``None`` for None, NaN and infinity."""
    if value is None or value == "":
        return None
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, int):
        return Decimal(value)
    as_float = float(value)
    return Decimal(repr(as_float)) if math.isfinite(as_float) else None


def _write(value: Decimal, decimals: int) -> str:
    rounded = value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    text = f"{abs(rounded):,.{decimals}f}"
    return MINUS + text if rounded < 0 else text


def number(value: Figure, decimals: int = 0) -> str:
    """1234.5 → ``1,235``; −3 → ``−3``; None or NaN → ``–``."""
    exact = _exact(value)
    return UNDEFINED if exact is None else _write(exact, decimals)


def signed(value: Figure, decimals: int = 0) -> str:
    """A difference: ``+12``, ``−3``, ``±0``."""
    exact = _exact(value)
    if exact is None:
        return UNDEFINED
    text = _write(exact, decimals)
    if text.startswith(MINUS):
        return text
    return ("±" if not text.strip("0.,") else "+") + text


def quantity(value: int | None, decimals: int = 0) -> str:
    """A quantity kept in smallest units: 12345 with one decimal → ``1,234.5``."""
    return UNDEFINED if value is None else number(Decimal(int(value)).scaleb(-decimals), decimals)


def percent(value: Figure, decimals: int = 1, *, sign: bool = False) -> str:
    """A rate already in per cent: 14.2 → ``14.2 %``, held together by a no-break space, / ``14.2%``."""
    text = (signed if sign else number)(value, decimals)
    if text == UNDEFINED:
        return text
    return f"{text}%" if is_chinese() else f"{text}{NO_BREAK}%"


def probability(value: float | None) -> str:
    """A p-value: ``0.043``; ``< 0.001`` below that."""
    if value is not None and value < 0.001:
        return f"<{NO_BREAK}0.001"
    return number(value, 3)


def points(value: Figure, decimals: int = 1) -> str:
    """A difference of two rates: ``+1.6 pt`` / ``+1.6 个百分点``."""
    text = signed(value, decimals)
    if text == UNDEFINED:
        return text
    return f"{text} 个百分点" if is_chinese() else f"{text} pt"


# Money --------------------------------------------------------------------------------------------------------
def _currency(company: HasCurrency | None) -> tuple[str, int]:
    return (company.currency, company.currency_decimals) if company else ("CNY", 2)


def money(minor: Figure, company: HasCurrency | None = None, *, sign: bool = False) -> str:
    """An amount in words: ``¥1.7 m``, ``¥40.2 bn``, ``¥6,000`` / ``170 万元``, ``402.00 亿元``, ``6,000 元``."""
    exact = _exact(minor)
    if exact is None:
        return UNDEFINED
    code, decimals = _currency(company)
    amount = exact.scaleb(-decimals)
    prefix = MINUS if amount < 0 else "+" if sign and amount > 0 else "±" if sign else ""
    size = abs(amount)
    if is_chinese():
        name = _ZH_NAMES.get(code, code)
        if size >= 100_000_000:
            return f"{prefix}{_write(size / 100_000_000, 2)} 亿{name}"
        if size >= 10_000:
            return f"{prefix}{_write(size / 10_000, 0 if size >= 100_000 else 1)} 万{name}"
        return f"{prefix}{_write(size, 0)} {name}"
    symbol = _EN_SIGNS.get(code, f"{code} ")
    if size >= 1_000_000_000:
        return f"{prefix}{symbol}{_write(size / 1_000_000_000, 1)} bn"
    if size >= 100_000:
        return f"{prefix}{symbol}{_write(size / 1_000_000, 1)} m"
    return f"{prefix}{symbol}{_write(size, 0)}"


def money_cell(
    minor: Figure, company: HasCurrency | None = None, *, decimals: int | None = None, sign: bool = False
) -> str:
    """An amount in the unit of ``money_unit``: millions in English, 亿 with two decimals in Chinese."""
    exact = _exact(minor)
    if exact is None:
        return UNDEFINED
    amount = exact.scaleb(-_currency(company)[1])
    scaled, usual = (amount / 100_000_000, 2) if is_chinese() else (amount / 1_000_000, 1)
    return (signed if sign else number)(scaled, usual if decimals is None else decimals)


def money_unit(company: HasCurrency | None = None) -> str:
    """The unit of a money table: ``¥ million`` / ``亿元``."""
    code = _currency(company)[0]
    if is_chinese():
        return f"亿{_ZH_NAMES.get(code, code)}"
    return f"{_EN_SIGNS.get(code, code).strip()} million"


# Months and dates ---------------------------------------------------------------------------------------------
def month(value: int | None, *, year: bool = True) -> str:
    """An absolute month for a column head: ``Nov 26`` or ``Nov`` / ``26年11月`` or ``11月``."""
    if value is None:
        return UNDEFINED
    first = first_day(int(value))
    if is_chinese():
        return f"{first:%y}年{first.month}月" if year else f"{first.month}月"
    name = _EN_MONTHS[first.month - 1]
    return f"{name} {first:%y}" if year else name


def month_long(value: int | None) -> str:
    """An absolute month in a sentence: ``November 2026``-short ``Nov 2026`` / ``2026年11月``."""
    if value is None:
        return UNDEFINED
    first = first_day(int(value))
    return f"{first.year}年{first.month}月" if is_chinese() else f"{_EN_MONTHS[first.month - 1]} {first.year}"


def month_range(start: int, end: int) -> str:
    """Both ends included: ``Nov 2026 – Apr 2028`` / ``2026年11月–2028年4月``."""
    return f"{month_long(start)}–{month_long(end)}" if is_chinese() else f"{month_long(start)} – {month_long(end)}"


def month_heads(months: list[int]) -> list[str]:
    """Column heads; the year stands where it changes and at the first column, unless it changes right after it."""
    is_told = len(months) > 1 and months[1] % 12 == 0
    return [month(m, year=m % 12 == 0 or (index == 0 and not is_told)) for index, m in enumerate(months)]


_Day = TypeVar("_Day", bound=dt.date)


def _local(value: _Day) -> _Day:
    """A moment in the company's time zone; a day as it is."""
    if isinstance(value, dt.datetime) and timezone.is_aware(value):
        return cast(_Day, timezone.localtime(value))
    return value


def date(value: dt.date | None, *, year: bool = False, weekday: bool = False) -> str:
    """``20 Nov``, ``Fri 20 Nov 2026`` / ``11月20日``, ``2026年11月20日 周五``."""
    if value is None:
        return UNDEFINED
    day = _local(value)
    if is_chinese():
        text = f"{day.year}年" if year else ""
        text += f"{day.month}月{day.day}日"
        return f"{text} 周{_ZH_DAYS[day.weekday()]}" if weekday else text
    text = f"{day.day} {_EN_MONTHS[day.month - 1]}" + (f" {day.year}" if year else "")
    return f"{_EN_DAYS[day.weekday()]} {text}" if weekday else text


def clock(value: dt.datetime | None) -> str:
    """``18:02``, in the company's time zone."""
    return UNDEFINED if value is None else f"{_local(value):%H:%M}"


def moment(value: dt.datetime | None) -> str:
    """``3 Nov 18:02`` / ``11月3日 18:02``; today shows the clock alone."""
    if value is None:
        return UNDEFINED
    if _local(value).date() == timezone.localdate():
        return clock(value)
    return f"{date(value)} {clock(value)}"


def day_name(value: dt.date | None, *, today: dt.date | None = None) -> str:
    """``today``, ``tomorrow`` or the date itself."""
    if value is None:
        return UNDEFINED
    day = _local(value)
    day = day.date() if isinstance(day, dt.datetime) else day
    distance = (day - (today or timezone.localdate())).days
    names = {0: gettext("today"), 1: gettext("tomorrow"), -1: gettext("yesterday")}
    return names.get(distance) or date(day)


def duration(value: dt.timedelta) -> str:
    """The two largest parts: ``7 h 48 min``, ``3 days``, ``20 s``."""
    seconds = int(abs(value.total_seconds()))
    if seconds < 60:
        return gettext("%(n)s s") % {"n": seconds}
    minutes = seconds // 60
    if minutes < 60:
        return gettext("%(n)s min") % {"n": minutes}
    if minutes < 24 * 60:
        return gettext("%(h)s h %(m)s min") % {"h": minutes // 60, "m": minutes % 60}
    days = minutes // (24 * 60)
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}


def time_left(deadline: dt.datetime | None, *, now: dt.datetime | None = None) -> str:
    """``7 h 48 min left`` before the deadline, ``5 days late`` after it."""
    if deadline is None:
        return UNDEFINED
    distance = deadline - (now or timezone.now())
    pattern = gettext("%(time)s left") if distance >= dt.timedelta() else gettext("%(time)s late")
    return pattern % {"time": duration(distance)}


def week(value: dt.date) -> str:
    """ISO week: ``W48`` / ``第48周``."""
    number_of_week = value.isocalendar().week
    return f"第{number_of_week}周" if is_chinese() else f"W{number_of_week}"


def sentences(*parts: str) -> str:
    """Whole sentences one after the other; Chinese puts no space between them."""
    return ("" if is_chinese() else " ").join(part for part in parts if part)


def listing(parts: Iterable[str]) -> str:
    """A list within a line: ``a, b`` / ``a、b``."""
    return ("、" if is_chinese() else ", ").join(parts)


def initials(name: Any) -> str:
    """For the round badge of a person: ``LY``, or the family name's sign in Chinese."""
    text = str(name).strip()
    if not text:
        return "?"
    if ord(text[0]) > 0x2E80:
        return text[0]
    parts = text.replace("_", " ").split()
    return "".join(part[0] for part in parts[:2]).upper()
