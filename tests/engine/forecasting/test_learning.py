"""Weights, residual model, bands, origins and intermittent levels: small cases with known answers."""

import sys

import numpy as np
import pytest

from engine.forecasting import ForecastSettings, SeriesSet, bands, fit, forecast, intermittent, residual, weights
from engine.forecasting import features as ft
from engine.forecasting.backtest import Outlook, Window, roll_origins, thin
from engine.forecasting.catalogue import (
    BASE_MEMBERS,
    DAMPED,
    MEMBER_COUNT,
    MEMBERS,
    METHODS,
    SEASONAL_NAIVE,
    SHORT_MEMBERS,
    get_method,
)
from engine.forecasting.features import FEATURE_COUNT, FEATURE_NAMES
from engine.forecasting.kernel import source_digest
from engine.forecasting.profile import Packed, Rhythm, key_order, pack, profile_series
from engine.forecasting.routes import launch_prior, launch_quantiles, run_rate
from tests.engine.forecasting.test_pipeline import seasonal_histories


def make_window(members, actual, cut=12):
    k = len(actual)
    features = np.ones((k, FEATURE_COUNT))
    return Window(cut, np.arange(k), Outlook(members, features, np.ones(actual.shape)), actual)


class TestWeights:
    def test_plain_combination_is_the_mean_of_twelve(self):
        members = np.zeros((1, MEMBER_COUNT, 2))
        members[:, BASE_MEMBERS] = 24.0
        members[:, BASE_MEMBERS[0]] = 36.0
        np.testing.assert_allclose(weights.combine(members, weights.plain_weights(2)), 25.0)

    def test_the_member_that_is_right_gains_what_the_ridge_leaves(self):
        """All members err alike but one: the normal equation is one number, q = 1 / (1 + 0.3 / 14)."""
        rng = np.random.default_rng(0)
        actual = rng.normal(10, 1, (400, 3))
        members = np.repeat((actual + rng.normal(0, 1, (400, 3)))[:, None], MEMBER_COUNT, axis=1)
        members[:, SEASONAL_NAIVE] = actual
        learnt = weights.learn_weights([make_window(members, actual)], 3)
        np.testing.assert_allclose(learnt.sum(axis=1), 1.0)
        np.testing.assert_allclose(learnt[:, SEASONAL_NAIVE], 1 / (1 + 0.3 / 14), atol=0.02)

    def test_members_that_are_equal_move_nothing(self):
        actual = np.arange(900.0).reshape(300, 3)
        members = np.repeat(actual[:, None] + 1.0, MEMBER_COUNT, axis=1)
        learnt = weights.learn_weights([make_window(members, actual)], 3)
        np.testing.assert_allclose(weights.combine(members, learnt), actual + 1.0)

    def test_too_little_to_learn_from_keeps_the_plain_mean(self):
        actual = np.ones((10, 3))
        learnt = weights.learn_weights([make_window(np.zeros((10, MEMBER_COUNT, 3)), actual)], 12)
        np.testing.assert_array_equal(learnt, weights.plain_weights(12))

    def test_short_histories_are_mixed_from_six_members(self):
        """Of two members that are right, only the one that short histories have gains weight."""
        rng = np.random.default_rng(0)
        actual = rng.normal(10, 1, (400, 3))
        members = np.repeat((actual + rng.normal(0, 0.3, (400, 3)))[:, None], MEMBER_COUNT, axis=1)
        members[:, [SEASONAL_NAIVE, DAMPED]] = actual[:, None]
        learnt = weights.learn_weights([make_window(members, actual)], 3, weights.SHORT)
        np.testing.assert_allclose(learnt.sum(axis=1), 1.0)
        assert set(np.flatnonzero(learnt[0]).tolist()) == set(SHORT_MEMBERS)
        # In the unit of the others' error the base errs by 5/6: q = 25/36 / (25/36 + 1.4 · 30/36 / 6)
        pull = 1 / 1.28
        np.testing.assert_allclose(learnt[:, SEASONAL_NAIVE], pull + (1 - pull) / 6, atol=0.02)

    def test_loss_weight_is_owa(self):
        features = np.zeros((1, FEATURE_COUNT))
        features[0, ft.LEVEL], features[0, ft.MASE_SCALE] = 50.0, 4.0
        assert weights.loss_weight(features)[0] == pytest.approx(0.5 * 100 / 16.9 / 50 + 0.5 / 1.04 / 4)


class TestBands:
    def test_rank_by_hand(self):
        values = np.arange(1.0, 10.0)  # nine values: the 80 % rank is the eighth
        assert bands.ranked(values, 0.8) == 8.0
        assert bands.ranked(values, 0.85) == 8.5
        assert bands.ranked(values, 0.99) == 9.0

    def test_normal_errors_get_normal_quantiles(self):
        errors = [np.random.default_rng(j).normal(0, 1, (4000, 6)) for j in range(5)]
        lower, upper = bands.pool_quantiles(errors, 6, (80.0, 95.0), np.ones(6))
        np.testing.assert_allclose(upper[0], 1.2816, atol=0.06)
        np.testing.assert_allclose(lower[1], -1.96, atol=0.1)

    def test_skewed_errors_make_a_lopsided_band(self):
        errors = [np.random.default_rng(j).exponential(1, (2000, 3)) - 1 for j in range(3)]
        lower, upper = bands.pool_quantiles(errors, 3, (80.0,), np.ones(3))
        assert (upper > 1.3 * -lower).all()

    def test_months_no_backtest_reaches_grow_by_two_per_cent(self):
        errors = [np.random.default_rng(1).normal(0, 1, (500, 3))]
        _lower, upper = bands.pool_quantiles(errors, 5, (80.0,), np.ones(5))
        np.testing.assert_allclose(upper[0, 3:] / upper[0, 2:4], 1.02)

    def test_nothing_measured_speaks_the_prior(self):
        lower, upper = bands.pool_quantiles([], 4, (95.0,), np.array([1.0, 2.0, 3.0, 4.0]))
        np.testing.assert_allclose(upper[0], 1.959964 * np.arange(1, 5), rtol=1e-6)
        np.testing.assert_array_equal(lower, -upper)

    def test_bands_hold_what_they_promise_on_fresh_months(self):
        values = seasonal_histories(400, 84, seed=9)
        series = SeriesSet(np.arange(400), values[:, :72])
        result = forecast(series, ForecastSettings(horizon=12, residual="off"))
        for j, level in enumerate(result.levels):
            held = (values[:, 72:] >= result.lower[:, j]) & (values[:, 72:] <= result.upper[:, j])
            assert 100 * held.mean() == pytest.approx(level, abs=3.0)

    @pytest.mark.parametrize("months", [14, 18, 26])
    def test_bands_of_a_young_company_are_neither_narrow_nor_absurd(self, months):
        """No history can be cut back far enough: back-test and prior share the band."""
        values = seasonal_histories(300, months + 6, seed=11)
        result = forecast(SeriesSet(np.arange(300), values[:, :months]), ForecastSettings(horizon=6))
        held = (values[:, months:] >= result.lower[:, 0]) & (values[:, months:] <= result.upper[:, 0])
        assert 0.7 <= held.mean() <= 0.99
        assert np.median(result.upper[:, 1] / result.mean) < 4


class TestOrigins:
    @pytest.mark.parametrize(
        ("season", "horizon", "cuts"),
        [
            (12, 18, (36, 24, 18, 12, 6)),
            (12, 36, (36, 24, 18, 12, 6)),
            (4, 8, (12, 8, 6, 4, 2)),
            (7, 28, (42, 28, 21, 14, 7)),
            (1, 4, (12, 8, 6, 4, 2)),
        ],
    )
    def test_origins_of_a_rhythm(self, season, horizon, cuts):
        assert Rhythm(season).origins(horizon) == cuts

    def test_a_window_is_the_kernel_on_a_shorter_history(self):
        values = seasonal_histories(3, 48)
        whole = SeriesSet(np.arange(3), values)
        short = SeriesSet(np.arange(3), values[:, :42])
        profile = profile_series(whole, Rhythm(12))
        packed = pack(profile, np.arange(3), profile.launch, None)
        (window,) = roll_origins(packed, (6,), 12, 12, fewest=24)
        np.testing.assert_array_equal(window.actual, values[:, 42:])
        alone = forecast(short, ForecastSettings(horizon=6, residual="off"))
        np.testing.assert_array_equal(window.outlook.members, alone.members)

    def test_thinning_takes_whole_series_by_their_place(self):
        actual = np.zeros((100, 5))
        windows = [make_window(np.zeros((100, MEMBER_COUNT, 5)), actual, cut) for cut in (6, 12)]
        _order, places = key_order(np.array([f"K{i}" for i in range(100)]))
        thinned = thin(windows, places, 500)
        assert thinned[0].rows.tolist() == thinned[1].rows.tolist()
        assert 40 <= len(thinned[0].rows) <= 60
        assert places[thinned[0].rows].max() < np.delete(places, thinned[0].rows).min()


@pytest.fixture(scope="module")
def series() -> SeriesSet:
    return SeriesSet(np.arange(80), seasonal_histories(80, 72, seed=4))


class TestResidualModel:
    def test_same_bits_in_any_order_and_after_a_journey(self, series):
        settings = ForecastSettings(horizon=6, effort="fast", residual="on")
        first = forecast(series, settings)
        assert (first.method == "combination_residual").all()
        assert np.abs(first.mean - first.base).max() > 0
        order = np.random.default_rng(1).permutation(80)
        second = forecast(series.take(order), settings)
        np.testing.assert_array_equal(second.mean, first.mean[order])
        model = fit(series, settings)
        assert type(model).from_json(model.to_json()).residual == model.residual

    def test_short_histories_leave_it_out_and_say_so(self):
        series = SeriesSet(np.arange(40), seasonal_histories(40, 40))
        result = forecast(series, ForecastSettings(horizon=6))
        assert [note.code for note in result.notes] == ["residual_short"]
        np.testing.assert_array_equal(result.mean, result.base)

    def test_a_handful_of_series_leaves_it_out(self, series):
        few = forecast(series.take(slice(0, 19)), ForecastSettings(horizon=6))
        assert [note.code for note in few.notes] == ["residual_short"]
        assert not forecast(series.take(slice(0, 20)), ForecastSettings(horizon=6, effort="fast")).notes

    def test_without_lightgbm_the_forecast_goes_on_and_says_so(self, series, monkeypatch):
        monkeypatch.setitem(sys.modules, "lightgbm", None)
        result = forecast(series, ForecastSettings(horizon=6))
        assert [note.code for note in result.notes] == ["residual_missing"]
        assert set(result.method) == {"combination"}

    def test_rows_describe_base_and_members_per_level(self):
        members = np.full((1, MEMBER_COUNT, 2), 12.0)
        features = np.ones((1, FEATURE_COUNT))
        features[0, ft.LEVEL] = 4.0
        rows = residual.training_rows(Outlook(members, features, np.full((1, 2), 0.9)), np.array([[10.0, 8.0]]))
        assert rows.shape == (2, 36)
        assert rows[:, 0].tolist() == [1, 2]
        np.testing.assert_allclose(rows[:, 20], 0.9)
        np.testing.assert_allclose(rows[:, 21], [2.5, 2.0])
        np.testing.assert_allclose(rows[:, 22], [0.5, 1.0])


class TestIntermittent:
    def test_levels_by_hand(self):
        x = np.array([0.0, 0, 6, 0, 0, 6, 0, 0, 6, 0, 0, 6])
        # Sums of three months are 6 each: smoothing stays at 6, per month 2. Twelve-month mean 2.
        assert intermittent.aggregated_level(x, 0.3, 3) == pytest.approx(2.0)
        # Sums of two: 0, 6, 6, 0, 6, 6; start (0 + 6) / 2 = 3; level by α = 0.3
        level = 3.0
        for value in (0, 6, 6, 0, 6, 6):
            level += 0.3 * (value - level)
        assert intermittent.aggregated_level(x, 0.3, 2) == pytest.approx(level / 2)
        slow = 2.0
        for value in x:
            slow += 0.1 * (value - slow)
        packed = np.array([0]), np.array([12])
        mixed, scale = intermittent.mix_levels(x, *packed, 12)
        assert mixed[0] == pytest.approx((slow + level / 2 + 2.0 + 2.0) / 4)
        assert scale[0] == pytest.approx(np.sqrt(7 * 36 / 11))

    def test_a_part_that_dies_fades(self):
        alive = np.tile([0.0, 0, 6], 8)
        dying = np.r_[alive, np.zeros(10)]
        flat = np.r_[alive, dying]
        level, _ = intermittent.mix_levels(flat, np.array([0, 24]), np.array([24, 34]), 12)
        assert level[1] < 0.4 * level[0]

    def test_factor_learns_that_demand_halves(self):
        rng = np.random.default_rng(0)
        before = (rng.random((300, 24)) < 0.4) * 5.0
        after = (rng.random((300, 15)) < 0.2) * 5.0
        values = np.hstack([before, after])
        flat, starts, lengths = values.ravel(), np.arange(300) * 39, np.full(300, 39)
        assert intermittent.learn_factor(flat, starts, lengths, 12) == pytest.approx((0.85 + 0.6) / 2)
        steady = np.tile([0.0, 5.0, 0.0], (300, 13)).ravel()
        assert intermittent.learn_factor(steady, starts, lengths, 12) == pytest.approx((0.85 + 1.0) / 2, abs=0.02)
        assert intermittent.learn_factor(np.zeros(0), starts[:0], lengths[:0], 12) == 0.85


def test_profile_fills_gaps_from_the_same_month():
    values = np.tile(np.arange(1.0, 13.0), 3)[None].repeat(2, axis=0)
    values[0, 15] = np.nan  # both neighbours: April of the other years
    values[1, [3, 15, 27]] = np.nan  # no April at all: the line from March to May
    profile = profile_series(SeriesSet(np.arange(2), values), Rhythm(12))
    assert profile.filled[0, 15] == 4.0
    assert profile.filled[1, 15] == 4.0


def test_run_rate_sees_only_the_age_it_is_given():
    """Halfway from the level to each new point: 1, 1.5, 2.25, 3.125, 4.0625, 5.03125; nothing before the launch."""
    lives = np.array([[1.0, 2, 3, 4, 5, 6], [np.nan, np.nan, np.nan, 8, 4, 4]])
    assert run_rate(lives).tolist() == [5.03125, 5.0]
    assert run_rate(lives, 4).tolist() == [3.125, 8.0]


def test_bands_of_a_company_that_has_just_begun_come_from_its_own_beginnings():
    """Nothing was launched while watched: young histories count as launches, established ones do not."""
    rng = np.random.default_rng(3)
    young = profile_series(SeriesSet(np.arange(60), 100 + rng.normal(0, 5, (60, 8))), Rhythm(12))
    assert launch_quantiles(young, 3, (80.0,)).upper.max() < 0.2
    old = profile_series(SeriesSet(np.arange(60), 100 + rng.normal(0, 5, (60, 48))), Rhythm(12))
    np.testing.assert_allclose(launch_quantiles(old, 3, (80.0,)).upper[0], 1.2816 * launch_prior(3), rtol=1e-4)


def test_packing_keeps_rows_apart():
    series = SeriesSet(np.arange(3), np.array([[1.0, 2, 3], [0, 4, 5], [0, 0, 6]]))
    profile = profile_series(series, Rhythm(12))
    packed = pack(profile, np.array([2, 0]), profile.launch[[2, 0]], None)
    assert isinstance(packed, Packed)
    assert packed.flat.tolist() == [6, 1, 2, 3]
    assert packed.starts.tolist() == [0, 1]
    assert packed.lengths.tolist() == [1, 3]


def test_catalogue_is_complete():
    assert len(MEMBERS) == MEMBER_COUNT == 14
    assert len({method.code for method in METHODS}) == len(METHODS)
    assert get_method("damped").label == "Damped trend"
    assert len(FEATURE_NAMES) == FEATURE_COUNT
    with pytest.raises(KeyError):
        get_method("oracle")


def test_cache_key_follows_the_sources(tmp_path, monkeypatch):
    from engine.forecasting import kernel

    before = source_digest()
    (tmp_path / "methods").mkdir()
    (tmp_path / "kernel.py").write_text("changed")
    monkeypatch.setattr(kernel, "__file__", str(tmp_path / "kernel.py"))
    assert source_digest() != before
