"""FIFO ageing by hand and by its laws."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.ageing import age_forward, value_loss

_units = st.lists(st.integers(0, 50), min_size=1, max_size=6)


def test_the_oldest_leave_first_and_a_months_make_may_leave_at_once():
    """10 four months old and 6 half a month old; 8 leave, then 8 more; 5 are made in the second month."""
    found = age_forward([6, 10], [0.5, 4], [0, 5], [8, 8])
    assert found.remaining.tolist() == [[2, 0], [6, 0], [0, 0], [0, 5]]
    assert found.age[:, 1].tolist() == [6.0, 2.5, 1.5, 0.5]
    assert found.older_than(3).tolist() == [2, 0]
    assert found.by_bucket([1, 3, 6]).tolist() == [[0, 5], [6, 0], [2, 0], [0, 0]]


def test_stock_nobody_wants_grows_old():
    found = age_forward([10], [1.0], [0, 0, 0], [0, 0, 0])
    assert found.older_than(3).tolist() == [0, 0, 10]  # exactly three months is not older than three


def test_more_cannot_leave_than_there_is():
    """20 wanted of 5, then 4 made: the debt of the first month does not eat the second month's make."""
    found = age_forward([5], [2.0], [0, 4], [20, 0])
    assert found.remaining.sum(axis=0).tolist() == [0, 4]


def test_an_item_without_stock_or_months_is_empty():
    assert age_forward([], [], [], []).remaining.shape == (0, 0)
    assert age_forward([], [], [3.0], [1.0]).remaining.tolist() == [[2.0]]


@given(_units, st.data())
def test_what_is_left_is_what_came_less_what_could_leave(lots, data):
    months = data.draw(st.integers(1, 6))
    flows = st.lists(st.integers(0, 60), min_size=months, max_size=months)
    inflow, outflow = data.draw(flows), data.draw(flows)
    ages = data.draw(st.lists(st.floats(0, 20), min_size=len(lots), max_size=len(lots)))
    found = age_forward(lots, ages, inflow, outflow)
    left = float(sum(lots))
    for month in range(months):
        left = max(0.0, left + inflow[month] - outflow[month])
        assert np.isclose(found.remaining[:, month].sum(), left)
    edges = [1.0, 3.0, 6.0]
    assert np.allclose(found.by_bucket(edges).sum(axis=0), found.remaining.sum(axis=0))
    assert (found.remaining >= 0).all()


def test_value_is_lost_by_the_month_beyond_the_free_ones_and_never_more_than_all():
    """1,000 at 2 % a month beyond three: five months old loses 40, three nothing, sixty everything."""
    loss = value_loss(np.array([1000.0] * 3), np.array([5.0, 3.0, 60.0]), free_months=3, percent_per_month=2)
    assert loss.tolist() == [40.0, 0.0, 1000.0]
