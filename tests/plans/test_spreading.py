"""Largest remainder: exact whatever the weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from plans.cubes import MAX_CELL
from plans.spreading import largest_remainder, spread_total

weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=60)


@given(st.integers(-(10**9), 10**9), weights)
def test_shares_sum_exactly_and_none_is_a_unit_off(total, w):
    shares = largest_remainder(total, np.array(w)).tolist()
    assert sum(shares) == total
    basis = w if sum(w) else [1] * len(w)
    for share, weight in zip(shares, basis, strict=True):
        exact_floor = abs(total) * weight // sum(basis)
        assert exact_floor <= abs(share) <= exact_floor + 1


@given(st.lists(st.integers(0, MAX_CELL), min_size=1, max_size=40), st.integers(0, MAX_CELL))
def test_products_beyond_int64_stay_exact(w, total):
    assert sum(largest_remainder(total, np.array(w)).tolist()) == total


@given(weights)
def test_spreading_what_is_there_changes_nothing(w):
    assert largest_remainder(sum(w), np.array(w)).tolist() == (w if sum(w) else [0] * len(w))


@pytest.mark.parametrize(
    ("total", "w", "shares"),
    [
        (10, [1, 1, 1], [4, 3, 3]),  # ties go to the earlier row
        (7, [0, 0], [4, 3]),  # no weight: equal
        (5, [3], [5]),  # one leaf takes all
        (100, [1, 2, 3], [17, 33, 50]),  # 16.67, 33.33, 50
        (-10, [1, 1, 1], [-4, -3, -3]),
        (0, [5, 5], [0, 0]),
        (3, [10**18, 10**18, 10**18], [1, 1, 1]),  # the sum of weights stays exact beyond 2**53
    ],
)
def test_by_hand(total, w, shares):
    assert largest_remainder(total, np.array(w)).tolist() == shares


def test_a_total_that_float_shares_would_miss():
    w = np.array([1, 2, 3] * 333 + [1])
    assert int(largest_remainder(123_457, w).sum()) == 123_457


@given(st.lists(st.tuples(st.integers(0, 1000), st.booleans()), min_size=1, max_size=30), st.integers(0, 10**6))
def test_locked_leaves_keep_their_value(leaves, extra):
    current = np.array([value for value, _locked in leaves])
    locked = np.array([is_locked for _value, is_locked in leaves])
    total = int(current[locked].sum()) + extra
    if locked.all() and extra:
        with pytest.raises(InvalidInput):
            spread_total(total, weights=current, current=current, locked=locked)
        return
    after = spread_total(total, weights=current, current=current, locked=locked)
    assert int(after.sum()) == total
    assert after[locked].tolist() == current[locked].tolist()
    assert after.min() >= 0


def test_less_than_the_locked_sum_is_refused():
    with pytest.raises(InvalidInput) as caught:
        spread_total(9, weights=np.array([1, 1]), current=np.array([10, 5]), locked=np.array([True, False]))
    assert caught.value.code == "below_locked"
