"""Exact dates of the monthly calendar, with weekends, Chinese holidays, leap February and year end."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Denied, InvalidInput
from core.months import parse_month
from cycles.calendar import DEFAULT_RULES, Rule, WorkingDays, milestone_dates
from cycles.choices import DayKind, Milestone
from cycles.models import SpecialDay
from cycles.selectors import plan_dates
from cycles.services import save_calendar_rules, save_special_days
from masterdata.models import CalendarMonth

M = Milestone


def days(*texts: str) -> frozenset[dt.date]:
    return frozenset(dt.date.fromisoformat(text) for text in texts)


def span(first: str, last: str) -> frozenset[dt.date]:
    begin, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    return frozenset(begin + dt.timedelta(days=n) for n in range((end - begin).days + 1))


# The State Council's notice for 2026
CHINA_2026 = WorkingDays(
    holidays=span("2026-01-01", "2026-01-03")
    | span("2026-02-15", "2026-02-23")
    | span("2026-04-04", "2026-04-06")
    | span("2026-05-01", "2026-05-05")
    | span("2026-06-19", "2026-06-21")
    | span("2026-09-25", "2026-09-27")
    | span("2026-10-01", "2026-10-07"),
    workdays=days("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"),
)
NO_HOLIDAYS = WorkingDays()


@pytest.mark.parametrize(
    ("month", "work", "cutoff", "demand", "supply", "pre_sop", "pre_read", "executive", "release"),
    [
        # Thursday the fifth: nothing moves
        ("2026-11", NO_HOLIDAYS, "11-04", "11-05", "11-11", "11-16", "11-17", "11-19", "11-20"),
        # the fifth is a Saturday: Monday the seventh, cut-off stays on Friday the fourth
        ("2026-12", NO_HOLIDAYS, "12-04", "12-07", "12-11", "12-16", "12-17", "12-21", "12-22"),
        # the fifth is a Sunday, the fourth a Saturday: cut-off on Friday
        ("2026-07", NO_HOLIDAYS, "07-03", "07-06", "07-10", "07-15", "07-16", "07-20", "07-21"),
        # the fifth is a Monday: cut-off on the Friday before
        ("2026-10", NO_HOLIDAYS, "10-02", "10-05", "10-09", "10-14", "10-15", "10-19", "10-20"),
        # National Day: the first working day is the eighth; Saturday the tenth is worked
        ("2026-10", CHINA_2026, "10-04", "10-08", "10-13", "10-16", "10-19", "10-21", "10-22"),
        # Labour Day ends on the fifth; no working day before it: days keep their dates; Saturday the ninth is worked
        ("2026-05", CHINA_2026, "05-04", "05-06", "05-11", "05-14", "05-15", "05-19", "05-20"),
        # Qingming: the fifth is a Sunday and the sixth a holiday
        ("2026-04", CHINA_2026, "04-03", "04-07", "04-13", "04-16", "04-17", "04-21", "04-22"),
        # New Year: Sunday the fourth is worked, so the cut-off stays; year begins
        ("2026-01", CHINA_2026, "01-04", "01-05", "01-09", "01-14", "01-15", "01-19", "01-20"),
        # Spring Festival lies between Pre-S&OP and the executive meeting; Saturdays 14 and 28 February are worked
        ("2026-02", CHINA_2026, "02-04", "02-05", "02-11", "02-14", "02-24", "02-26", "02-27"),
        # leap February
        ("2028-02", NO_HOLIDAYS, "02-04", "02-07", "02-11", "02-16", "02-17", "02-21", "02-22"),
    ],
)
def test_dates_of_a_month(month, work, cutoff, demand, supply, pre_sop, pre_read, executive, release):
    moments = milestone_dates(parse_month(month), working_days=work)
    shown = {milestone: moment.strftime("%m-%d") for milestone, moment in moments.items()}
    assert shown[M.INPUT_CUTOFF] == cutoff
    assert shown[M.DEMAND_REVIEW] == demand
    assert shown[M.SUPPLY_REVIEW] == supply
    assert shown[M.PRE_SOP] == pre_sop
    assert shown[M.PRE_READ] == pre_read
    assert shown[M.EXECUTIVE] == executive
    assert shown[M.RELEASE] == release


def test_clock_times_and_the_days_before_the_review():
    moments = milestone_dates(parse_month("2026-11"))
    assert {m.value: t.isoformat(sep=" ", timespec="minutes") for m, t in moments.items()} == {
        "data_close_opens": "2026-11-01 08:00",  # a Sunday, and no working day of the month before it
        "data_closed": "2026-11-02 18:00",
        "inputs_open": "2026-11-03 09:00",
        "input_cutoff": "2026-11-04 18:00",
        "demand_review": "2026-11-05 14:00",
        "supply_review": "2026-11-11 14:00",
        "pre_sop": "2026-11-16 10:00",
        "pre_read": "2026-11-17 09:00",
        "executive": "2026-11-19 09:00",
        "release": "2026-11-20 18:00",
    }


def test_milestones_share_the_last_working_day_in_order():
    moments = list(milestone_dates(parse_month("2029-11")).values())  # 1 Thu, 2 Fri; review on Monday
    assert [m.isoformat(sep=" ", timespec="minutes")[8:] for m in moments[:5]] == [
        "01 08:00",
        "01 18:00",
        "02 09:00",
        "02 18:00",
        "05 14:00",
    ]


def test_the_year_end_is_an_ordinary_border():
    late = (*DEFAULT_RULES[:4], Rule(M.DEMAND_REVIEW, dt.time(14), day=22), *DEFAULT_RULES[5:])
    moments = milestone_dates(parse_month("2026-12"), rules=late)
    assert moments[M.DEMAND_REVIEW].date() == dt.date(2026, 12, 22)
    assert moments[M.PRE_SOP].date() == dt.date(2026, 12, 31)
    assert moments[M.RELEASE].date() == dt.date(2027, 1, 6)


def test_a_four_four_five_month_counts_from_its_own_first_day():
    moments = milestone_dates(parse_month("2026-11"), start=dt.date(2026, 10, 26))
    assert moments[M.DATA_CLOSE_OPENS].date() == dt.date(2026, 10, 26)
    assert moments[M.DEMAND_REVIEW].date() == dt.date(2026, 10, 30)


@given(month=st.integers(parse_month("2024-01"), parse_month("2040-12")), lost=st.sets(st.integers(1, 28), max_size=12))
def test_properties_of_any_month(month, lost):
    work = WorkingDays(holidays=frozenset(dt.date(month // 12, month % 12 + 1, day) for day in lost))
    moments = milestone_dates(month, working_days=work)
    assert list(moments) == list(M)
    assert list(moments.values()) == sorted(moments.values())
    after = [m for m in M if list(M).index(m) >= list(M).index(M.DEMAND_REVIEW)]
    assert all(work.is_working(moments[m].date()) for m in after)
    fifth = dt.date(month // 12, month % 12 + 1, 5)
    skipped = (moments[M.DEMAND_REVIEW].date() - fifth).days
    assert skipped >= 0
    assert not any(work.is_working(fifth + dt.timedelta(days=n)) for n in range(skipped))


def test_a_year_of_holidays_is_a_mistake():
    with pytest.raises(ValueError, match="no working day within 60 days"):
        milestone_dates(parse_month("2026-11"), working_days=WorkingDays(holidays=span("2026-10-01", "2027-10-01")))


@pytest.mark.django_db
def test_stored_holidays_and_planning_months_move_the_dates(users):
    november = parse_month("2026-11")
    assert plan_dates(november)[M.DEMAND_REVIEW].isoformat() == "2026-11-05T14:00:00+08:00"
    save_special_days(
        days={dt.date(2026, 11, 5): (DayKind.HOLIDAY, "Founders"), dt.date(2026, 11, 7): (DayKind.WORKDAY, "")},
        actor=users["coordinator"],
    )
    assert plan_dates(november)[M.DEMAND_REVIEW].date() == dt.date(2026, 11, 6)
    assert plan_dates(november)[M.SUPPLY_REVIEW].date() == dt.date(2026, 11, 11)
    CalendarMonth.objects.create(month=november, working_days=20, start=dt.date(2026, 11, 2))
    assert plan_dates(november)[M.DEMAND_REVIEW].date() == dt.date(2026, 11, 6)


@pytest.mark.django_db
def test_the_template_can_be_edited_and_stays_whole(users):
    tenth = tuple(
        Rule(M.DEMAND_REVIEW, dt.time(9), day=10) if r.milestone == M.DEMAND_REVIEW else r for r in DEFAULT_RULES
    )
    save_calendar_rules(rules=tenth, actor=users["coordinator"])
    assert plan_dates(parse_month("2026-11"))[M.DEMAND_REVIEW].isoformat() == "2026-11-10T09:00:00+08:00"
    for broken in (DEFAULT_RULES[1:], DEFAULT_RULES[::-1], (*DEFAULT_RULES[1:], DEFAULT_RULES[5])):
        with pytest.raises(InvalidInput):
            save_calendar_rules(rules=broken, actor=users["coordinator"])
    assert plan_dates(parse_month("2026-11"))[M.DEMAND_REVIEW].day == 10


@pytest.mark.django_db
def test_only_the_coordinator_changes_the_calendar(users):
    with pytest.raises(Denied):
        save_special_days(days={dt.date(2026, 11, 5): ("holiday", "")}, actor=users["sales"])
    with pytest.raises(Denied):
        save_calendar_rules(rules=DEFAULT_RULES, actor=users["executive"])
    assert SpecialDay.objects.count() == 0
