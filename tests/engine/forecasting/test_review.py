"""The forecast looked at: cleansing alone equals cleansing in the forecast; figures by lead by hand."""

import numpy as np
import pytest

from engine.forecasting import ForecastSettings, SeriesSet, apply, fit
from engine.forecasting.review import by_lead, find_outliers, review_backtest

SETTINGS = ForecastSettings(horizon=12, residual="off")
RNG = np.random.default_rng(3)
NAN = np.nan


@pytest.fixture(scope="module")
def series() -> SeriesSet:
    season = 1 + 0.3 * np.sin(2 * np.pi * np.arange(60) / 12)
    values = RNG.uniform(50, 500, (40, 1)) * season * RNG.lognormal(0, 0.08, (40, 60))
    values[0, 30] *= 4  # an odd month
    values[1, -1] *= 4  # a jump at the end
    values[2, :50] = NAN  # new
    values[3, :44] = NAN  # short
    return SeriesSet(np.arange(40), values, 24000)


def test_cleansing_alone_is_the_cleansing_of_the_forecast(series):
    whole = apply(series, SETTINGS, fit(series, SETTINGS))
    cleansed, flags = find_outliers(series)
    np.testing.assert_array_equal(flags, whole.outliers)
    np.testing.assert_array_equal(cleansed, whole.cleansed)
    assert flags[0, 30] == 1


def test_a_trusted_month_is_left_alone(series):
    trusted = np.zeros(series.values.shape, bool)
    trusted[0, 30] = True
    cleansed, flags = find_outliers(SeriesSet(series.keys, series.values, 24000, trusted))
    assert flags[0, 30] == 0
    assert cleansed[0, 30] == series.values[0, 30]


def test_errors_by_lead_are_those_of_the_forecast(series):
    model = fit(series, SETTINGS)
    whole = apply(series, SETTINGS, model)
    reviews = review_backtest(series, SETTINGS, model)
    assert [(review.first, review.last) for review in reviews] == [(1, 1), (2, 2), (3, 3), (4, 6), (7, 12)]
    first = whole.origin_errors[:, :, 0]
    assert reviews[0].pairs == np.count_nonzero(~np.isnan(first))
    assert sum(r.pairs for r in reviews) == np.count_nonzero(~np.isnan(whole.origin_errors))
    for review in reviews:
        low, high = review.coverage
        assert 0.6 < low < 0.95  # of nominal 0.80, measured on few series
        assert low <= high


def test_figures_by_lead_by_hand():
    """Lead 1: errors +2, −1 on 10 + 10; lead 2: −3 on 10, the other unmeasured."""
    errors = np.array([[2.0, -3.0], [-1.0, NAN]])
    actuals = np.array([[10.0, 10.0], [10.0, NAN]])
    inside = np.array([[[1.0, 0.0]], [[0.0, NAN]]])
    one, two = by_lead(errors, actuals, inside)
    assert (one.pairs, one.wmape, one.bias, one.coverage) == (2, 3 / 20, 1 / 20, (0.5,))
    assert (two.first, two.pairs, two.wmape, two.bias, two.coverage) == (2, 1, 3 / 10, -3 / 10, (0.0,))


def test_without_sales_there_is_no_rate():
    nothing = by_lead(np.array([[1.0]]), np.array([[0.0]]), np.array([[[1.0]]]))[0]
    assert (nothing.wmape, nothing.bias) == (None, None)


def test_what_was_not_tested_says_nothing():
    new = SeriesSet(np.array([1]), np.full((1, 5), 7.0), 24000)
    assert review_backtest(new, SETTINGS, fit(new, SETTINGS)) == []
