"""Competition scores by hand."""

import numpy as np
import pytest

from engine.forecasting import scores

ACTUAL = np.array([[100.0, 50.0]])
FORECAST = np.array([[110.0, 50.0]])


def test_smape():
    assert scores.smape(ACTUAL, FORECAST) == pytest.approx((200 * 10 / 210) / 2)
    assert scores.smape(np.zeros((1, 2)), np.zeros((1, 2))) == 0


def test_mase_and_its_scale():
    assert scores.mase_scale(np.array([1.0, 2, 3, 6]), 2) == pytest.approx(3.0)
    assert scores.mase(ACTUAL, FORECAST, np.array([5.0])) == pytest.approx(1.0)


def test_owa_of_the_naive_forecast_is_one():
    assert scores.owa(16.9, 1.04, 16.9, 1.04) == 1.0
    assert scores.owa(8.45, 1.04, 16.9, 1.04) == pytest.approx(0.75)


def test_rmsse():
    assert scores.rmsse(ACTUAL, FORECAST, np.array([2.0])) == pytest.approx(np.sqrt(50 / 2))


def test_coverage_and_interval_score():
    lower, upper = np.array([[90.0, 60.0]]), np.array([[120.0, 70.0]])
    assert scores.coverage(ACTUAL, lower, upper).tolist() == [1.0, 0.0]
    # widths 30 and 10; the second misses by 10: 2 / 0.2 × 10 = 100; mean 70; over the scale 5 = 14
    assert scores.msis(ACTUAL, lower, upper, np.array([5.0]), 80.0) == pytest.approx(14.0)
