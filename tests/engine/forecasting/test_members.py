"""Members by hand, and against statsmodels where both compute the same."""

import numpy as np
import pytest

from engine.forecasting.methods.aggregation import aggregated_forecast, between_centres, block_means
from engine.forecasting.methods.complex_smoothing import complex_forecast, complex_states
from engine.forecasting.methods.damped import damped_forecast, damped_states
from engine.forecasting.methods.naive import seasonal_naive, yearly_growth
from engine.forecasting.methods.theta import smooth_both, theta_forecasts, trend_line
from engine.forecasting.methods.winters import winters_states

ONE = np.ones(1)


@pytest.fixture(scope="module")
def noisy() -> np.ndarray:
    rng = np.random.default_rng(5)
    return 100 + np.cumsum(rng.normal(0.5, 3, 48))


@pytest.fixture(scope="module")
def seasonal(noisy) -> np.ndarray:
    return noisy * (1 + 0.3 * np.sin(2 * np.pi * np.arange(48) / 12))


class TestTheta:
    def test_trend_line_of_a_line(self):
        assert trend_line(3.0 + 2.0 * np.arange(10.0)) == pytest.approx((3.0, 2.0))

    def test_two_steps_by_hand(self):
        # Data 10, 20, 30; start level 10, α = ½: levels 10, 15, 22.5; errors after the first: 10, 15.
        # Line 10 + 10 t, start 10: line levels 10, 15, 22.5 too; so e = q and v = Σeq / Σqq = 1.
        state = np.empty((5, 1))
        smooth_both(np.array([10.0, 20.0, 30.0]), 10.0, 10.0, 0.5 * ONE, np.array([10.0, 10.0]), *state)
        level, line_level, ee, eq, qq = state[:, 0]
        assert (level, line_level) == (22.5, 22.5)
        assert ee == eq == qq == 10**2 + 15**2

    def test_simple_smoothing_equals_statsmodels(self, noisy):
        from statsmodels.tsa.holtwinters import SimpleExpSmoothing

        state = np.empty((5, 1))
        smooth_both(noisy, 0.0, 0.0, 0.3 * ONE, np.array([noisy[0], 0.0]), *state)
        oracle = SimpleExpSmoothing(noisy, initialization_method="known", initial_level=noisy[0])
        fitted = oracle.fit(smoothing_level=0.3, optimized=False)
        assert state[0, 0] == pytest.approx(fitted.forecast(1)[0])
        assert state[2, 0] == pytest.approx(np.sum((noisy - fitted.fittedvalues)[1:] ** 2))

    def test_classic_theta_equals_statsmodels(self, noisy):
        """Same α and start: the smoothed line gives the closed-form drift of Hyndman & Billah."""
        from statsmodels.tsa.forecasting.theta import ThetaModel

        fitted = ThetaModel(noisy, period=1, deseasonalize=False, method="auto", use_test=False).fit(use_mle=True)
        alpha, slope = fitted.params["alpha"], fitted.params["b0"]
        intercept = noisy.mean() - slope * (len(noisy) - 1) / 2
        state = np.empty((5, 1))
        smooth_both(noisy, intercept, slope, alpha * ONE, np.array([noisy[0], intercept]), *state)
        ahead = len(noisy) + np.arange(12)
        ours = state[0, 0] + 0.5 * (intercept + slope * ahead - state[1, 0])
        # statsmodels starts its smoothing elsewhere: only the drift part is compared.
        drift = 0.5 * slope * (np.arange(12) + 1 / alpha - (1 - alpha) ** len(noisy) / alpha)
        np.testing.assert_allclose(ours - state[0, 0], drift, rtol=1e-9)
        theirs = fitted.forecast_components(12)
        np.testing.assert_allclose(theirs["trend"] * 0.5, drift, rtol=1e-9)

    def test_a_line_is_continued_by_its_best_slope(self):
        y = 50.0 + 2.0 * np.arange(36)
        optimal, classic = np.empty(6), np.empty(6)
        _alpha, v, error = theta_forecasts(y, 6, optimal, classic)
        assert v == pytest.approx(2 / 3)
        assert error < 4.1  # α = 0.99 lags the line by 2 / 0.99
        np.testing.assert_allclose(np.diff(optimal), 2.0 * v)
        np.testing.assert_allclose(np.diff(classic), 1.0)

    def test_shift_invariance(self, noisy):
        """Adding a constant to the history adds it to the forecast."""
        plain, shifted, spare = np.empty(6), np.empty(6), np.empty(6)
        theta_forecasts(noisy, 6, plain, spare)
        theta_forecasts(noisy + 1000.0, 6, shifted, spare)
        np.testing.assert_allclose(shifted, plain + 1000.0)


class TestDamped:
    def test_one_step_by_hand(self):
        # y = 10, 14: slope 4, start level 6. First forecast 6 + ½·4 = 8, e = 2: l = 8 + ½·2 = 9, b = 2 + ¼·2 = 2.5.
        # Second forecast 9 + 1.25 = 10.25, e = 3.75: l = 12.125, b = 1.25 + 0.9375 = 2.1875.
        level, trend, error = np.empty(1), np.empty(1), np.empty(1)
        damped_states(np.array([10.0, 14.0]), 0.5 * ONE, 0.25 * ONE, 0.5 * ONE, level, trend, error)
        assert (level[0], trend[0], error[0]) == (12.125, 2.1875, 3.75**2)

    def test_equals_statsmodels(self, noisy):
        from statsmodels.tsa.holtwinters import Holt

        level, trend, error = np.empty(1), np.empty(1), np.empty(1)
        alpha, beta, phi = 0.4, 0.1, 0.9
        damped_states(noisy, alpha * ONE, beta * ONE, phi * ONE, level, trend, error)
        slope = (noisy[6] - noisy[0]) / 6
        oracle = Holt(
            noisy, damped_trend=True, initialization_method="known", initial_level=noisy[0] - slope, initial_trend=slope
        )
        fitted = oracle.fit(smoothing_level=alpha, smoothing_trend=beta / alpha, damping_trend=phi, optimized=False)
        assert level[0] == pytest.approx(fitted.level[-1])
        assert trend[0] == pytest.approx(fitted.trend[-1])
        assert error[0] == pytest.approx(np.sum((noisy - fitted.fittedvalues)[1:] ** 2))

    def test_a_line_flattens(self):
        out = np.empty(24)
        damped_forecast(100.0 + 5.0 * np.arange(40), 24, out)
        steps = np.diff(out)
        assert (steps > 0).all()
        np.testing.assert_allclose(steps[1:] / steps[:-1], 0.98)


class TestComplexSmoothing:
    def test_one_step_by_hand(self):
        # l = 10, c = 11, y = 14: e = 4. a0 = 1.5, a1 = 0.9: l' = 10 − 0.1·11 + 0.6·4 = 11.3; c' = 10 − 0.5·11 + 2.4·4.
        level, information, error = np.empty(1), np.empty(1), np.empty(1)
        complex_states(np.array([14.0]), 1.5 * ONE, 0.9 * ONE, 10.0, level, information, error)
        assert level[0] == pytest.approx(11.3)
        assert information[0] == pytest.approx(14.1)
        assert error[0] == 0.0

    def test_a_constant_stays(self):
        out = np.empty(12)
        complex_forecast(np.full(36, 7.0), 12, 12, out)
        np.testing.assert_allclose(out, 7.0)


class TestHoltWinters:
    @pytest.mark.parametrize("multiplicative", [False, True])
    def test_equals_statsmodels(self, seasonal, multiplicative):
        from statsmodels.tsa.holtwinters import ExponentialSmoothing

        alpha, gamma, beta, phi = 0.3, 0.15, 0.05, 0.95
        start = np.linspace(0.7, 1.3, 12) if multiplicative else np.linspace(-30, 30, 12)
        level, trend, error = np.array([95.0]), np.array([0.4]), np.empty(1)
        indices = start[:, None].copy()
        winters_states(
            seasonal, multiplicative, alpha * ONE, gamma * ONE, beta * ONE, phi * ONE, level, trend, indices, error
        )
        oracle = ExponentialSmoothing(
            seasonal, trend="add", damped_trend=True, seasonal="mul" if multiplicative else "add", seasonal_periods=12,
            initialization_method="known", initial_level=95.0, initial_trend=0.4, initial_seasonal=start,
        )  # fmt: skip
        fitted = oracle.fit(
            smoothing_level=alpha, smoothing_trend=beta / alpha, smoothing_seasonal=gamma, damping_trend=phi,
            optimized=False,
        )  # fmt: skip
        ahead = phi * trend[0]
        expected = (level[0] + ahead) * indices[0, 0] if multiplicative else level[0] + ahead + indices[0, 0]
        assert expected == pytest.approx(fitted.forecast(1)[0], rel=1e-9)
        assert error[0] == pytest.approx(np.sum((seasonal - fitted.fittedvalues)[6:] ** 2), rel=1e-9)


class TestAggregation:
    def test_blocks_count_from_the_end(self):
        assert block_means(np.array([100.0, 1, 2, 3, 4, 5, 6]), 3).tolist() == [2.0, 5.0]

    def test_months_lie_on_the_line_through_the_centres(self):
        out = np.zeros(6)
        between_centres(np.array([10.0, 13.0]), 3, 6, out)
        np.testing.assert_allclose(out, [10, 10, 11, 12, 13, 13])

    def test_needs_six_blocks(self):
        out = np.empty(3)
        assert not aggregated_forecast(np.arange(17.0), 3, out)
        assert (out == 0).all()
        assert aggregated_forecast(np.full(18, 4.0), 3, out)
        np.testing.assert_allclose(out, 4.0)


class TestNaive:
    def test_growth_is_damped_and_capped(self):
        y = np.r_[np.full(12, 100.0), np.full(12, 110.0)]
        assert yearly_growth(y, 12) == pytest.approx(10.0)
        plain, growing = np.empty(24), np.empty(24)
        seasonal_naive(y, 12, 110.0, 24, plain, growing)
        np.testing.assert_allclose(plain, 110.0)
        np.testing.assert_allclose(growing[:12], 117.0)
        np.testing.assert_allclose(growing[12:], 121.2)
        seasonal_naive(y, 12, 10.0, 24, plain, growing)  # cap: 30 % of a level of 10
        np.testing.assert_allclose(growing[:12], 112.1)

    def test_without_a_season_the_last_value(self):
        plain, growing = np.empty(3), np.empty(3)
        seasonal_naive(np.array([5.0, 8.0]), 12, 8.0, 3, plain, growing)
        assert plain.tolist() == [8.0, 8.0, 8.0]
