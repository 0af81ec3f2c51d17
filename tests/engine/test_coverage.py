"""Days of supply walk forward through the months instead of dividing by one of them."""

import numpy as np
import pytest

from engine.coverage import days_at_month_ends, days_of_supply, short_buckets


@pytest.mark.parametrize(
    ("stock", "demand", "days", "expected"),
    [
        (150, [100, 100], [20, 25], 32.5),
        (0, [100], [20], 0),
        (100, [100], [20], 20),
        (50, [0, 100], [20, 20], 30),  # nothing is wanted first
        (300, [100, 50], [20, 20], 40 + 150 * 40 / 150),  # outlasts the window: on at its mean rate
        (10, [0, 0], [20, 20], None),
    ],
)
def test_days_of_supply(stock, demand, days, expected):
    assert days_of_supply(stock, demand, days) == (None if expected is None else pytest.approx(expected))


def test_many_items_at_once_walk_like_one():
    """At each month end the same days as ``days_of_supply`` over the months that follow."""
    stock = np.array([[150.0, 60.0, 0.0], [10.0, 10.0, 10.0], [5.0, 5.0, 5.0]])
    demand = np.array([[90.0, 100.0, 100.0], [0.0, 20.0, 0.0], [0.0, 0.0, 0.0]])
    days = np.array([31.0, 30.0, 20.0])
    found = days_at_month_ends(stock, demand, days)
    assert found[0].tolist() == [40.0, 12.0, 0.0]  # 30 + half of 20; 60 of 100 in 20; nothing left
    assert found[1, 0] == 15.0
    assert found[1, 2] == 10 / (20 / 81)  # beyond the horizon at the mean rate
    assert np.isnan(found[2]).all()
    assert days_of_supply(150, [100, 100], [30, 20]) == found[0, 0]


def test_beyond_the_horizon_the_last_months_rate_goes_on():
    found = days_at_month_ends(np.array([[0.0, 40.0]]), np.array([[10.0, 20.0]]), np.array([30.0, 30.0]))
    assert found[0, 1] == 60.0


def test_short_is_what_no_order_can_bring_in_time():
    short = short_buckets(20, np.array([10.0, 0, 0]), np.array([0, 0, 40.0]), np.array([25.0, 25, 60]))
    assert short.tolist() == [0.0, 20.0, 20.0]
    assert short_buckets(0, np.zeros(2), np.array([0, np.inf]), np.array([5.0, 5.0])).tolist() == [5.0, 0.0]
