"""Seasonal indices, cleansing and medians by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.forecasting.cleansing import REPLACED, SUSPECT, cleanse
from engine.forecasting.medians import median, running_median
from engine.forecasting.seasonality import (
    ADDITIVE,
    MULTIPLICATIVE,
    NONE,
    ratios_to_average,
    seasonal_indices,
    seasonal_statistic,
)

PATTERN = np.array([0.8, 0.9, 1.1, 1.2])


def clean_with_flags(x, season=12, trusted=None):
    clean, flags = np.empty(len(x)), np.zeros(len(x), np.uint8)
    marks = np.zeros(len(x), bool) if trusted is None else trusted
    cleanse(np.asarray(x, float), season, marks, clean, flags)
    return clean, flags


class TestIndices:
    @pytest.mark.parametrize("season", [4, 7])
    def test_ratio_of_an_exact_season(self, season):
        """An even and an odd season: the centred average of a pure season is its mean."""
        pattern = np.linspace(0.5, 1.5, season)
        x = 100 * np.tile(pattern, 4)
        ratios = np.full(len(x), np.nan)
        ratios_to_average(x, season, True, ratios)
        half = season // 2
        np.testing.assert_allclose(ratios[half:-half], np.tile(pattern, 4)[half:-half])
        assert np.isnan(ratios[:half]).all()

    def test_exact_season_is_not_shrunk(self):
        indices = np.empty(4)
        kind, statistic = seasonal_indices(50 * np.tile(PATTERN, 6), 4, indices)
        assert kind == MULTIPLICATIVE
        assert statistic > 1.645
        np.testing.assert_allclose(indices, PATTERN)

    def test_additive_with_values_at_or_below_zero(self):
        season = np.array([-2.0, -1.0, 1.0, 2.0])
        indices = np.empty(4)
        kind, _ = seasonal_indices(np.tile(season, 6), 4, indices)
        assert kind == ADDITIVE
        np.testing.assert_allclose(indices, season, atol=1e-12)

    def test_noise_is_shrunk_below_its_size(self):
        x = 100 * np.random.default_rng(1).lognormal(0, 0.1, 48)
        raw = np.empty(48)
        ratios_to_average(x, 12, True, raw)
        indices = np.empty(12)
        seasonal_indices(x, 12, indices)
        by_month = np.array([raw[6:42][(np.arange(6, 42) % 12) == m].mean() for m in range(12)])
        assert np.abs(indices - 1).max() < 0.7 * np.abs(by_month - 1).max()

    def test_less_than_two_seasons_has_none(self):
        indices = np.empty(12)
        kind, _ = seasonal_indices(np.tile(np.linspace(1, 2, 12), 2)[:23], 12, indices)
        assert kind == NONE
        assert (indices == 1).all()

    def test_a_month_that_hardly_sells_makes_no_index(self):
        indices = np.empty(4)
        kind, _ = seasonal_indices(np.tile([1e-4, 1.0, 1.0, 2.0], 6), 4, indices)
        assert kind == NONE

    def test_statistic_by_hand(self):
        # x = 1, −1, 1, −1, … (8 points): r1 = −7/8, r2 = 6/8; statistic = 0.75 / √((1 + 2·(7/8)²) / 8)
        x = np.tile([1.0, -1.0], 4)
        assert seasonal_statistic(x, 2) == pytest.approx(0.75 / np.sqrt((1 + 2 * (7 / 8) ** 2) / 8))


class TestCleansing:
    def test_one_wild_month_takes_the_level_around_it(self):
        x = np.full(48, 100.0)
        x[20] = 500.0
        clean, flags = clean_with_flags(x)
        assert flags.tolist() == [REPLACED if i == 20 else 0 for i in range(48)]
        assert clean[20] == pytest.approx(100.0)

    def test_a_seasonal_peak_is_no_outlier(self):
        x = 100 * np.tile([1.0] * 11 + [3.0], 5)
        clean, flags = clean_with_flags(x)
        assert not flags.any()
        np.testing.assert_array_equal(clean, x)

    def test_the_floor_forgives_small_wiggles(self):
        x = np.full(48, 100.0)
        x[20] = 139.0  # below 4 × 10 % of the level, though the MAD is zero
        assert not clean_with_flags(x)[1].any()
        x[20] = 145.0
        assert clean_with_flags(x)[1][20] == REPLACED

    @pytest.mark.parametrize("months", [3, 12, 24])
    def test_a_step_stays(self, months):
        x = np.full(48, 100.0)
        x[-months:] = 300.0
        clean, _ = clean_with_flags(x)
        np.testing.assert_array_equal(clean, x)

    def test_two_wild_months_at_the_end_are_kept_and_asked_about(self):
        x = np.full(48, 100.0)
        x[-2:] = 300.0
        clean, flags = clean_with_flags(x)
        np.testing.assert_array_equal(clean, x)
        assert flags[-2:].tolist() == [SUSPECT, SUSPECT]

    def test_the_last_month_needs_a_larger_jump(self):
        x = np.full(48, 100.0)
        x[-1] = 150.0  # 5 MADs
        clean, flags = clean_with_flags(x)
        assert (clean[-1], flags[-1]) == (150.0, SUSPECT)
        x[-1] = 170.0  # 7 MADs
        clean, flags = clean_with_flags(x)
        assert (clean[-1], flags[-1]) == (100.0, REPLACED)

    def test_short_histories_stay(self):
        x = np.full(23, 100.0)
        x[10] = 900.0
        assert not clean_with_flags(x)[1].any()

    def test_trusted_months_stay(self):
        x = np.full(48, 100.0)
        x[20] = 500.0
        clean, flags = clean_with_flags(x, trusted=np.arange(48) == 20)
        assert clean[20] == 500.0
        assert not flags.any()


@settings(max_examples=60)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40), st.integers(1, 6))
def test_medians_equal_numpy(values, half):
    x = np.array(values)
    assert median(x.copy()) == np.median(x)
    out = np.empty(len(x))
    running_median(x, half, out)
    expected = [np.median(x[max(0, i - half) : i + half + 1]) for i in range(len(x))]
    np.testing.assert_array_equal(out, expected)
