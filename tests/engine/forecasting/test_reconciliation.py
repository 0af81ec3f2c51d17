"""Reconciliation and whole units: sums are exact, the split follows the variances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from engine.forecasting.reconciliation import error_variance, reconcile, whole_units

# total = A + B; A = a1 + a2; B = b1 + b2
SUMS = sparse.csr_matrix(np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1]], float))


def primal(leaves, aggregates, leaf_variance, aggregate_variance):
    """The textbook form S (SᵀW⁻¹S)⁻¹ SᵀW⁻¹ ŷ."""
    summing = np.vstack([SUMS.toarray(), np.eye(4)])
    weight = np.diag(1 / np.r_[aggregate_variance, leaf_variance])
    every = np.vstack([aggregates, leaves])
    return np.linalg.solve(summing.T @ weight @ summing, summing.T @ weight @ every)


def test_a_gap_is_shared_by_variance():
    # gap 6; the first leaf is sure, the second and the total are equally unsure: 0, 3 and 3
    leaves, total = reconcile(
        np.array([[10.0], [20.0]]),
        np.array([[36.0]]),
        sparse.csr_matrix([[1.0, 1.0]]),
        np.array([1e-9, 1.0]),
        np.ones(1),
    )
    np.testing.assert_allclose(leaves.ravel(), [10, 23], atol=1e-4)
    np.testing.assert_allclose(total.ravel(), [33], atol=1e-4)


def test_dual_equals_primal():
    rng = np.random.default_rng(0)
    leaves, aggregates = rng.uniform(50, 100, (4, 3)), rng.uniform(100, 400, (3, 3))
    leaf_variance, aggregate_variance = rng.uniform(1, 9, 4), rng.uniform(1, 9, 3)
    moved, up = reconcile(leaves, aggregates, SUMS, leaf_variance, aggregate_variance)
    np.testing.assert_allclose(moved, primal(leaves, aggregates, leaf_variance, aggregate_variance))
    np.testing.assert_allclose(up, SUMS @ moved)


def test_coherent_forecasts_stay():
    leaves = np.arange(1.0, 13.0).reshape(4, 3)
    moved, _ = reconcile(leaves, SUMS @ leaves, SUMS, np.ones(4), np.ones(3))
    np.testing.assert_allclose(moved, leaves)


def test_leaves_are_clipped_and_added_up_again():
    leaves, total = reconcile(
        np.array([[1.0], [9.0]]), np.array([[0.0]]), sparse.csr_matrix([[1.0, 1.0]]), np.ones(2), np.ones(1)
    )
    assert (leaves >= 0).all()
    np.testing.assert_allclose(total, leaves.sum())


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="sums has shape"):
        reconcile(np.ones((3, 1)), np.ones((3, 1)), SUMS, np.ones(3), np.ones(3))


def test_variance_of_errors_and_of_the_unmeasured():
    errors = np.full((3, 2, 2), np.nan)
    errors[0] = 2.0
    errors[1, 0] = 4.0
    assert error_variance(errors).tolist() == [4.0, 16.0, 10.0]


@settings(max_examples=80)
@given(
    st.lists(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=2), min_size=1, max_size=20),
    st.integers(1, 4),
)
def test_whole_units_keep_every_group_total(rows, groups):
    values = np.array(rows)
    codes = np.arange(len(values)) % groups
    units = whole_units(values, codes)
    assert np.abs(units - values).max() < 1 + 1e-9
    for code in np.unique(codes):
        assert np.abs(units[codes == code].sum(axis=0) - values[codes == code].sum(axis=0)).max() <= 0.5 + 1e-6


def test_whole_units_give_to_the_largest_remainder():
    assert whole_units(np.array([[0.5], [0.9], [0.6]])).ravel().tolist() == [0, 1, 1]
    assert whole_units(np.zeros((0, 3))).shape == (0, 3)
