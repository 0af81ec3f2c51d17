"""Invariant 8: unconsumed forecast and orders are never counted twice, and nothing disappears."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.consumption import consume

ROWS, MONTHS = 3, 5


def run(forecast, orders, *, overdue=0, back=0, forward=0, fence=0):
    """One row."""
    return consume(
        np.array([forecast]),
        np.array([orders]),
        overdue=np.array([overdue]),
        back=np.array([back]),
        forward=np.array([forward]),
        fence=np.array([fence]),
    )


def test_without_windows_beyond_the_fence_the_larger_counts():
    result = run([100, 100, 100], [0, 60, 130])
    assert result.demand.tolist() == [[100, 100, 130]]
    assert result.over.tolist() == [[0, 0, 30]]
    assert result.unconsumed.tolist() == [[100, 40, 0]]


def test_inside_the_fence_only_orders_are_planned_and_what_is_left_out_is_said():
    result = run([100, 100], [60, 60], fence=1)
    assert result.demand.tolist() == [[60, 100]]
    assert result.fenced.tolist() == [[40, 0]]


def test_a_large_order_reaches_back_nearest_first_then_forward():
    result = run([100, 100, 100, 100], [0, 0, 350, 0], back=1, forward=1)
    assert result.consumed.tolist() == [[0, 100, 100, 100]]
    assert result.over.tolist() == [[0, 0, 50, 0]]
    assert result.demand.tolist() == [[100, 0, 350, 0]]


def test_a_window_does_not_take_what_another_order_needs_itself():
    result = run([100, 100], [100, 150], back=1)
    assert result.consumed.tolist() == [[100, 100]]
    assert result.over.tolist() == [[0, 50]]


def test_overdue_orders_are_demand_of_the_first_month_and_consume_nothing_again():
    result = run([100, 100], [40, 0], overdue=25)
    assert result.demand.tolist() == [[125, 100]]
    assert result.consumed.tolist() == [[40, 0]]


def test_windows_longer_than_the_plan_are_harmless():
    assert run([5], [9], back=12, forward=12).over.tolist() == [[4]]


def test_negative_figures_are_refused():
    with pytest.raises(ValueError, match="not negative"):
        run([-1], [0])


@given(
    forecast=arrays(np.int64, (ROWS, MONTHS), elements=st.integers(0, 50)),
    orders=arrays(np.int64, (ROWS, MONTHS), elements=st.integers(0, 50)),
    overdue=arrays(np.int64, ROWS, elements=st.integers(0, 20)),
    windows=arrays(np.int64, (3, ROWS), elements=st.integers(0, MONTHS + 1)),
)
def test_every_order_and_every_forecast_is_counted_once(forecast, orders, overdue, windows):
    back, forward, fence = windows
    result = consume(forecast, orders, overdue=overdue, back=back, forward=forward, fence=fence)
    for part in (result.consumed, result.unconsumed, result.over, result.fenced, result.demand):
        assert part.min() >= 0
    assert (result.consumed + result.unconsumed == forecast).all()
    assert (result.consumed.sum(axis=1) + result.over.sum(axis=1) == orders.sum(axis=1)).all()
    planned = orders.sum(axis=1) + overdue + result.unconsumed.sum(axis=1) - result.fenced.sum(axis=1)
    assert (result.demand.sum(axis=1) == planned).all()
    assert (result.demand >= orders).all()
    # never more than both together, never less than the larger of both less what the fence leaves out
    total = result.demand.sum(axis=1) - overdue
    assert (total <= forecast.sum(axis=1) + orders.sum(axis=1)).all()
    larger = np.maximum(forecast.sum(axis=1), orders.sum(axis=1))
    assert (total >= larger - result.fenced.sum(axis=1)).all()
    inside = np.arange(MONTHS) < fence[:, None]
    assert (result.unconsumed[inside] == result.fenced[inside]).all()
    assert not result.fenced[~inside].any()
