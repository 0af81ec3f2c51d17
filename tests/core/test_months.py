"""Months as people and files write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.months import first_day, format_month, last_day, parse_month


@given(st.integers(1900 * 12, 2200 * 12 - 1))
def test_what_is_written_is_read_again(month):
    assert parse_month(f" {format_month(month)} ") == month
    assert first_day(month).day == 1
    assert last_day(month).month == month % 12 + 1


@pytest.mark.parametrize("text", ["", "2026", "2026-00", "2026-13", "26-01", "2026-1", "０２０２-01", "2026-06-01"])
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="YYYY-MM"):
        parse_month(text)


@pytest.mark.parametrize("text", ["0000-01", "0001-01", "1899-12", "2200-01", "9999-12"])
def test_years_no_calendar_can_be_made_for_are_refused(text):
    with pytest.raises(ValueError, match="YYYY-MM"):
        parse_month(text)
