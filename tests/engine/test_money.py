"""Money is exact: values round once per cell, shares add up, bridges leave no residual."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.money import allocate, explain_difference, value


def test_value_in_cents():
    amount = value(np.array([900, 0, 3]), np.array([1_850_000_000, 5, 12_345]), quantity_scale=0, money_scale=2)
    assert amount.tolist() == [900 * 18_500_000, 0, 370]  # 3 × 1.2345 = 3.7035 → 3.70


@pytest.mark.parametrize(("rate", "cents"), [(50, 0), (150, 2), (250, 2), (350, 4)])
def test_value_rounds_halves_to_even(rate, cents):
    assert value(np.array([1]), np.array([rate]), quantity_scale=0, money_scale=2).tolist() == [cents]


def test_value_with_decimals_of_the_quantity():
    # 1.250 t at 4.00 = 5.00
    assert value(np.array([1250]), np.array([40_000]), quantity_scale=3, money_scale=2).tolist() == [500]


def test_value_scales_up_when_the_currency_is_finer():
    assert value(np.array([2]), np.array([15_000]), quantity_scale=0, money_scale=6).tolist() == [3_000_000]


def test_value_refuses_what_would_wrap():
    with pytest.raises(OverflowError):
        value(np.array([10**12]), np.array([10**9]), quantity_scale=0, money_scale=2)


@given(
    totals=arrays(np.int64, (2, 3), elements=st.integers(-(10**9), 10**9)),
    weights=arrays(np.int64, (5, 3), elements=st.integers(0, 1000)),
)
def test_shares_add_up_and_keep_their_sign(totals, weights):
    groups = np.array([0, 1, 0, -1, 1])
    shares = allocate(totals, weights, groups)
    for group in (0, 1):
        rows = shares[groups == group]
        assert (rows.sum(0) == totals[group]).all()
        assert (rows * np.sign(totals[group]) >= 0).all()
    assert not shares[3].any()


def test_shares_by_largest_remainder():
    shares = allocate(np.array([[100]]), np.array([[1], [2], [4]]), np.zeros(3, np.int64))
    assert shares.ravel().tolist() == [14, 29, 57]  # 14.29, 28.57, 57.14: the spare unit goes to .57


def test_an_amount_without_a_row_is_refused():
    with pytest.raises(ValueError, match="no row"):
        allocate(np.array([[1], [5]]), np.array([[1]]), np.array([0]))


amounts = arrays(np.int64, 4, elements=st.integers(-(10**12), 10**12))
units = arrays(np.int64, 4, elements=st.integers(0, 100_000))


@given(units, amounts, units, amounts)
def test_the_explanation_leaves_no_residual(plan_units, plan_amount, base_units, base_amount):
    causes = explain_difference(plan_units, plan_amount, base_units, base_amount)
    assert sum(causes.values()) == int(plan_amount.sum()) - int(base_amount.sum())


def test_the_explanation_by_hand():
    # all items +25 % on 3,000 = 750; the dearer one did not grow: −250; its price rose by 1: +100; a new item: +7
    causes = explain_difference(
        np.array([150, 100, 1]), np.array([1500, 2100, 7]), np.array([100, 100, 0]), np.array([1000, 2000, 0])
    )
    assert causes == {"volume": 750, "mix": -250, "rate": 100, "new": 7}
