"""Days and weeks of a month: exact sums, working time, level over many leaves."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.near_zone import day_weights, split_over_days, week_buckets

NOVEMBER = dt.date(2026, 11, 1), dt.date(2026, 11, 30)  # a Sunday … a Monday, 21 weekdays


def test_weekdays_are_worked_evenly():
    weights = day_weights(*NOVEMBER, 21)
    assert weights.sum() == 21_000
    assert weights[0] == 0  # Sunday the 1st
    assert weights[1] == 1000


def test_more_days_than_weekdays_go_to_saturdays_then_sundays():
    assert day_weights(*NOVEMBER, 23)[6] == 500  # 2 of 4 Saturdays' work
    assert day_weights(*NOVEMBER, 26)[7] == 200  # 21 + 4 Saturdays, 1 of 5 Sundays


def test_a_month_without_working_days_counts_every_day():
    assert set(day_weights(*NOVEMBER, 0).tolist()) == {1000}


def test_weeks_are_cut_at_the_month_and_sum_to_it():
    weights = day_weights(*NOVEMBER, 21)
    weeks = week_buckets(0, *NOVEMBER, weights)
    assert [(b.first.day, b.last.day, b.days) for b, _days in weeks] == [
        (1, 1, 0), (2, 8, 5), (9, 15, 5), (16, 22, 5), (23, 29, 5), (30, 30, 1),
    ]  # fmt: skip
    days = split_over_days(np.array([2100]), weights)[0]
    assert [int(days[part].sum()) for _b, part in weeks] == [0, 500, 500, 500, 500, 100]


def test_single_units_of_many_leaves_are_level():
    weights = np.full(20, 1)
    total = split_over_days(np.ones(400, dtype=np.int64), weights).sum(axis=0)
    assert total.sum() == 400
    assert abs(total - 20).max() <= 2


def test_nothing_to_lay_out_on_no_day():
    with pytest.raises(ValueError, match="working time"):
        split_over_days(np.array([1]), np.array([0, 0]))


@given(
    quantities=arrays(np.int64, 6, elements=st.integers(0, 10**7)),
    weights=arrays(np.int64, 9, elements=st.integers(0, 1000)).filter(lambda w: w.any()),
)
def test_days_sum_to_the_month_and_stay_within_a_unit_of_their_share(quantities, weights):
    days = split_over_days(quantities, weights)
    assert days.min() >= 0
    assert (days.sum(axis=1) == quantities).all()
    assert (np.abs(days * weights.sum() - quantities[:, None] * weights) < weights.sum()).all()
    assert not days[:, weights == 0].any()
