"""Known events: effects are found, useless ones are dropped, and the months ahead carry them."""

import datetime as dt

import numpy as np
import pytest

from engine.forecasting import ForecastSettings, SeriesSet, forecast
from engine.forecasting.calendars import chinese_new_year, chinese_new_year_share
from engine.forecasting.events import (
    Regressors,
    filter_out,
    fit_effects,
    forecast_with_events,
    learn_effects,
    measure_effects,
)

COUNT, MONTHS, HORIZON = 40, 60, 6
SETTINGS = ForecastSettings(horizon=HORIZON, residual="off")


@pytest.fixture(scope="module")
def promoted():
    """Promotions in random months raise demand by e^0.5; a coin thrown each month does nothing."""
    rng = np.random.default_rng(3)
    t = np.arange(MONTHS + HORIZON)
    season = 1 + 0.2 * np.sin(2 * np.pi * t / 12)
    promotion = (rng.random((COUNT, len(t))) < 0.2).astype(float)
    coin = rng.integers(0, 2, (COUNT, len(t))).astype(float)
    demand = 500 * season * np.exp(0.5 * promotion) * rng.lognormal(0, 0.05, promotion.shape)
    return (
        SeriesSet(np.arange(COUNT), demand[:, :MONTHS]),
        Regressors(("promotion", "coin"), np.stack([promotion, coin])),
        demand,
    )


def test_effects_are_found_and_carried_into_the_future(promoted):
    series, regressors, demand = promoted
    result, effects = forecast_with_events(series, regressors, SETTINGS)
    assert effects.kept[:, 0].all()
    np.testing.assert_allclose(effects.coefficients[:, 0], 0.5, atol=0.1)
    assert np.median(effects.gain[:, 0]) > 0.3
    assert np.isnan(effects.gain[:, 1]).all()  # it saved nothing in the group, so no series tried it
    assert effects.judged.all()
    assert not effects.kept[:, 1].any()
    actual = demand[:, MONTHS:]
    with_events = np.abs(actual - result.mean).sum()
    without = np.abs(actual - forecast(series, SETTINGS).mean).sum()
    assert with_events < 0.6 * without
    assert ((result.lower <= result.mean[:, None]) & (result.mean[:, None] <= result.upper)).all()


def test_the_history_shown_keeps_its_promotions(promoted):
    series, regressors, _demand = promoted
    result, _effects = forecast_with_events(series, regressors, SETTINGS)
    untouched = result.outliers == 0
    np.testing.assert_allclose(result.cleansed[untouched], series.values[untouched])


def test_nothing_varies_nothing_changes(promoted):
    series, _regressors, _demand = promoted
    still = Regressors(("price",), np.zeros((1, 1, MONTHS + HORIZON)))
    result, effects = forecast_with_events(series, still, SETTINGS)
    assert np.isnan(effects.gain).all()
    np.testing.assert_array_equal(result.mean, forecast(series, SETTINGS).mean)


def test_series_with_empty_months_take_no_part(promoted):
    series, regressors, _demand = promoted
    values = series.values.copy()
    values[0, 40] = 0.0
    effects = learn_effects(SeriesSet(series.keys, values), regressors, SETTINGS)
    assert not effects.kept[0].any()
    assert effects.kept[1:, 0].all()


def test_groups_learn_apart(promoted):
    series, regressors, _demand = promoted
    values = series.values.copy()
    half = COUNT // 2
    values[:half] /= np.exp(0.5 * regressors.values[0, :half, :MONTHS])  # no effect in the first group
    effects = learn_effects(SeriesSet(series.keys, values), regressors, SETTINGS, np.arange(COUNT) // half)
    assert effects.kept[:half, 0].mean() <= 0.2
    assert effects.kept[half:, 0].all()


def test_parts_put_together_equal_the_whole(promoted):
    series, regressors, _demand = promoted
    groups = np.arange(COUNT) % 2
    model = fit_effects(series, regressors, SETTINGS, groups)
    whole = measure_effects(series, regressors, SETTINGS, model, groups)
    for part in (slice(0, 7), slice(7, COUNT)):
        of_part = Regressors(regressors.names, regressors.values[:, part])
        some = measure_effects(series.take(part), of_part, SETTINGS, model, groups[part])
        np.testing.assert_array_equal(some.coefficients, whole.coefficients[part])
        np.testing.assert_array_equal(some.ahead, whole.ahead[part])


def test_an_effect_of_a_forbidden_sign_is_none(promoted):
    series, regressors, _demand = promoted
    backwards = Regressors(regressors.names, regressors.values, (-1, 0))
    effects = learn_effects(series, backwards, SETTINGS)
    assert not effects.kept[:, 0].any()
    assert effects.judged[:, 0].all()
    with pytest.raises(ValueError, match="signs"):
        Regressors(regressors.names, regressors.values, (1,))


def test_a_rare_event_is_judged_by_its_own_months(promoted):
    """One month in a year, lost in the noise of all others, and never outside the reach of the back-test."""
    rng = np.random.default_rng(8)
    rare = np.zeros((COUNT, MONTHS + HORIZON))
    rare[:, [21, 33, 45, 57]] = 1.0
    demand = 500 * np.exp(0.3 * rare) * rng.lognormal(0, 0.25, rare.shape)
    effects = learn_effects(SeriesSet(np.arange(COUNT), demand[:, :MONTHS]), Regressors(("a",), rare[None]), SETTINGS)
    assert effects.kept[:, 0].mean() > 0.7  # by all months it would be none: its gain is lost among them
    early = np.zeros_like(rare)
    early[:, 5] = 1.0
    unseen = learn_effects(SeriesSet(np.arange(COUNT), demand[:, :MONTHS]), Regressors(("a",), early[None]), SETTINGS)
    assert not unseen.judged.any()


def test_an_unknown_group_goes_by_all_series(promoted):
    series, regressors, _demand = promoted
    model = fit_effects(series.take(slice(0, 20)), _part(regressors, slice(0, 20)), SETTINGS, np.zeros(20, np.int64))
    rest = slice(20, COUNT)
    effects = measure_effects(
        series.take(rest), _part(regressors, rest), SETTINGS, model, np.full(20, 7)
    )  # fmt: skip
    assert effects.kept[:, 0].all()


def test_a_history_that_never_moves_outvotes_nobody(promoted):
    series, regressors, _demand = promoted
    values = np.vstack([series.values, np.full((COUNT, MONTHS), 100.0)])
    flat = np.zeros_like(regressors.values)
    flat[1] = regressors.values[1]
    both = Regressors(regressors.names, np.concatenate([regressors.values, flat], axis=1))
    effects = learn_effects(SeriesSet(np.arange(2 * COUNT), values), both, SETTINGS)
    np.testing.assert_allclose(effects.coefficients[:COUNT, 0], 0.5, atol=0.1)


def _part(regressors, rows):
    return Regressors(regressors.names, regressors.values[:, rows])


def test_shapes_are_checked(promoted):
    series, _regressors, _demand = promoted
    with pytest.raises(ValueError, match="expected"):
        learn_effects(series, Regressors(("a",), np.zeros((1, 1, 5))), SETTINGS)
    with pytest.raises(ValueError, match="names"):
        Regressors(("a", "b"), np.zeros((1, 1, 5)))
    with pytest.raises(ValueError, match="finite"):
        Regressors(("a",), np.full((1, 1, 5), np.nan))


def test_filter_takes_level_and_season_out():
    t = np.arange(48)
    known = np.ones((1, 48), bool)
    flat = filter_out(np.full((1, 48), 7.0), known, 12)
    np.testing.assert_allclose(flat, 0.0, atol=1e-12)
    season = filter_out(np.sin(2 * np.pi * t / 12)[None], known, 12)
    assert np.abs(season[0, 12:36]).max() < 0.15  # of an amplitude of 1; the ends see a lopsided window


@pytest.mark.parametrize(
    ("year", "day"),
    [(1990, (1, 27)), (2008, (2, 7)), (2020, (1, 25)), (2024, (2, 10)), (2026, (2, 17)), (2033, (1, 31))],
)
def test_chinese_new_year(year, day):
    assert chinese_new_year(year) == dt.date(year, *day)


def test_share_of_the_new_year_in_each_month():
    share = chinese_new_year_share(2024 * 12, 24)
    assert share[[0, 1]].tolist() == pytest.approx([0.0, 1.0])
    assert share[[12, 13]].tolist() == pytest.approx([10 / 15, 5 / 15])
    assert share.sum() == pytest.approx(2.0)
    with pytest.raises(ValueError, match="2061"):
        chinese_new_year(2061)
