"""Numbers, money, months and times as both languages write them."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from core import formats
from core.months import parse_month

NOV = parse_month("2026-11")


@dataclass
class Company:
    currency: str = "CNY"
    currency_decimals: int = 2


@pytest.fixture
def chinese():
    with translation.override("zh-hans"):
        yield


@pytest.fixture
def english():
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (1234567, 0, "1,234,567"),
        (-3, 0, "−3"),
        (0, 0, "0"),
        (None, 0, "–"),
        (float("nan"), 0, "–"),
        (float("inf"), 0, "–"),
        (2.5, 0, "3"),
        (-2.5, 0, "−3"),
        (0.285, 2, "0.29"),
        (-0.4, 0, "0"),
        (Decimal("1234.565"), 2, "1,234.57"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_numbers_are_grouped_in_both_languages(value, decimals, text, language):
    with translation.override(language):
        assert formats.number(value, decimals) == text


@pytest.mark.parametrize(
    ("value", "text"), [(12, "+12"), (-3, "−3"), (0, "±0"), (0.4, "±0"), (-0.4, "±0"), (None, "–"), (1200, "+1,200")]
)
def test_differences_carry_a_sign(value, text):
    assert formats.signed(value) == text


def test_quantities_are_kept_in_smallest_units():
    assert formats.quantity(12345, 1) == "1,234.5"
    assert formats.quantity(12345) == "12,345"
    assert formats.quantity(None) == "–"


def test_rates(english):
    assert formats.percent(14.2) == "14.2\xa0%"  # never torn apart at the end of a line
    assert formats.percent(-5.3, sign=True) == "−5.3\xa0%"
    assert formats.points(1.6) == "+1.6 pt"
    with translation.override("zh-hans"):
        assert formats.percent(14.2) == "14.2%"
        assert formats.points(-0.4) == "−0.4 个百分点"


def test_a_probability_is_never_nothing():
    assert formats.probability(0.0434) == "0.043"
    assert formats.probability(0.001) == "0.001"
    assert formats.probability(0.00099) == "<\xa00.001"
    assert formats.probability(0.0) == "<\xa00.001"
    assert formats.probability(None) == formats.probability(float("nan")) == "–"


@pytest.mark.parametrize(
    ("minor", "english", "chinese"),
    [
        (170_000_000, "¥1.7 m", "170 万元"),
        (4_510_000_000, "¥45.1 m", "4,510 万元"),
        (4_022_300_000_000, "¥40.2 bn", "402.23 亿元"),
        (600_000, "¥6,000", "6,000 元"),
        (1_600_000, "¥16,000", "1.6 万元"),
        (-170_000_000, "−¥1.7 m", "−170 万元"),
        (0, "¥0", "0 元"),
        (None, "–", "–"),
    ],
)
def test_money_scales_differently_from_the_same_stored_value(minor, english, chinese):
    with translation.override("en"):
        assert formats.money(minor) == english
    with translation.override("zh-hans"):
        assert formats.money(minor) == chinese


def test_money_follows_the_companys_currency(english):
    assert formats.money(170_000_000, Company("EUR")) == "€1.7 m"
    assert formats.money(1_700_000, Company("JPY", 0), sign=True) == "+¥1.7 m"
    assert formats.money(0, sign=True) == "±¥0"
    assert formats.money_unit(Company("EUR")) == "€ million"
    assert formats.money_cell(4_022_300_000_000) == "40,223.0"
    assert formats.money_cell(-223_500_000_000, decimals=0, sign=True) == "−2,235"


def test_money_tables_in_chinese_are_in_yi(chinese):
    assert formats.money_unit() == "亿元"
    assert formats.money_cell(4_022_300_000_000) == "402.23"


def test_months(english):
    assert formats.month(NOV) == "Nov 26"
    assert formats.month(NOV, year=False) == "Nov"
    assert formats.month_long(NOV) == "Nov 2026"
    assert formats.month_heads([NOV, NOV + 1, NOV + 2, NOV + 3]) == ["Nov 26", "Dec", "Jan 27", "Feb"]
    assert formats.month_heads([NOV + 1, NOV + 2, NOV + 3]) == ["Dec", "Jan 27", "Feb"]  # both years would touch
    assert formats.month_heads([NOV + 1]) == ["Dec 26"]
    assert formats.month_range(NOV, NOV + 17) == "Nov 2026 – Apr 2028"
    with translation.override("zh-hans"):
        assert formats.month(NOV) == "26年11月"
        assert formats.month_long(NOV) == "2026年11月"
        assert formats.month_range(NOV, NOV + 17) == "2026年11月–2028年4月"


def test_dates(english):
    day = dt.date(2026, 11, 20)
    assert formats.date(day) == "20 Nov"
    assert formats.date(day, year=True, weekday=True) == "Fri 20 Nov 2026"
    assert formats.week(day) == "W47"
    assert formats.day_name(day, today=dt.date(2026, 11, 19)) == "tomorrow"
    assert formats.day_name(day, today=dt.date(2026, 11, 1)) == "20 Nov"
    with translation.override("zh-hans"):
        assert formats.date(day, year=True, weekday=True) == "2026年11月20日 周五"
        assert formats.week(day) == "第47周"
        assert formats.day_name(day, today=day) == "今天"


def test_moments_are_shown_in_the_companys_time_zone(settings, english):
    settings.TIME_ZONE = "Asia/Shanghai"
    at = dt.datetime(2026, 11, 3, 10, 2, tzinfo=dt.UTC)
    assert formats.clock(at) == "18:02"
    assert formats.moment(at) == "3 Nov 18:02"


@pytest.mark.parametrize(
    ("minutes", "english", "chinese"),
    [
        (468, "7 h 48 min left", "还剩7小时48分"),
        (20, "20 min left", "还剩20分钟"),
        (3 * 24 * 60, "3 days left", "还剩3天"),
        (-5 * 24 * 60, "5 days late", "逾期5天"),
    ],
)
def test_time_left(minutes, english, chinese):
    now = dt.datetime(2026, 11, 4, 10, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
    deadline = now + dt.timedelta(minutes=minutes)
    with translation.override("en"):
        assert formats.time_left(deadline, now=now) == english
    with translation.override("zh-hans"):
        assert formats.time_left(deadline, now=now) == chinese


def test_initials():
    assert formats.initials("Lin Yue") == "LY"
    assert formats.initials("林悦") == "林"
    assert formats.initials("sales_south") == "SS"
    assert formats.initials("") == "?"


def test_sentences_and_lists_follow_the_language():
    with translation.override("en"):
        assert formats.sentences("One.", "", "Two.") == "One. Two."
        assert formats.listing(["a", "b"]) == "a, b"
    with translation.override("zh-hans"):
        assert formats.sentences("一。", "二。") == "一。二。"
        assert formats.listing(["甲", "乙"]) == "甲、乙"
