"""Safety stock from summed errors: independent errors grow with √L, persistent ones with L."""

import numpy as np
import pytest

from engine.forecasting.lead_time import cumulative_quantiles, error_size

Z95 = 1.6449


def stock(errors, months, level=0.95):
    n = len(errors)
    return cumulative_quantiles(errors, np.ones(n), np.full(n, months), np.full(n, level))


@pytest.fixture(scope="module")
def independent():
    return np.random.default_rng(0).normal(0, 1, (2000, 5, 6))


@pytest.mark.parametrize(
    ("months", "expected"), [(1, 1.0), (4, 2.0), (6, np.sqrt(6)), (0.25, 0.5), (24, np.sqrt(24)), (0, 0)]
)
def test_independent_errors(independent, months, expected):
    np.testing.assert_allclose(stock(independent, months), Z95 * expected, rtol=0.05)


def test_persistent_errors_need_more_than_the_root():
    errors = np.repeat(np.random.default_rng(1).normal(0, 1, (2000, 5, 1)), 6, axis=2)
    np.testing.assert_allclose(stock(errors, 4), Z95 * 4, rtol=0.05)
    np.testing.assert_allclose(stock(errors, 2.5), Z95 * 2.5, rtol=0.05)


def test_stock_follows_the_size_of_each_series(independent):
    small, large = (
        cumulative_quantiles(independent[:2], np.array([1.0, 7.0]), np.array([1.0, 1.0]), np.array([0.5, 0.5])),
        cumulative_quantiles(independent, np.arange(2000.0), np.ones(2000), np.full(2000, 0.9)),
    )
    assert small.tolist() == [0.0, 0.0]  # ten sums are too few to read a quantile from
    assert large[1000] == pytest.approx(1000 * large[1])


def test_a_forecast_that_is_always_too_high_needs_no_stock():
    assert (stock(np.full((50, 5, 3), -2.0), 3) == 0).all()


def test_error_size_is_between_own_errors_and_scale():
    errors = np.full((3, 1, 2), np.nan)
    errors[0] = [[4.0, -4.0]]
    errors[1] = 4.0
    sizes = error_size(errors, np.array([1.0, np.nan, 9.0]))
    assert sizes.tolist() == [2.0, 4.0, 9.0]
