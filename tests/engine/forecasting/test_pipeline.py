"""The whole recipe: it never fails, no bit depends on order or chunks, bands are nested, routes are right."""

import numpy as np
import pytest

from engine.forecasting import ForecastSettings, Outlier, Route, SeriesSet, apply, fit, forecast
from engine.forecasting.catalogue import MEMBER_COUNT
from engine.forecasting.model import FittedModel

HORIZON = 12
PLAIN = ForecastSettings(horizon=HORIZON, residual="off")


def seasonal_histories(count: int, months: int, seed: int = 1) -> np.ndarray:
    """Levels, trends, seasons and noise of different size; all above zero."""
    rng = np.random.default_rng(seed)
    t = np.arange(months)
    level = rng.uniform(50, 5000, (count, 1))
    season = 1 + rng.uniform(0, 0.4, (count, 1)) * np.sin(2 * np.pi * (t + rng.integers(0, 12, (count, 1))) / 12)
    trend = 1 + rng.uniform(-0.004, 0.008, (count, 1)) * t
    return np.maximum(level * season * trend * rng.lognormal(0, 0.12, (count, months)), 1.0)


@pytest.fixture(scope="module")
def company() -> SeriesSet:
    values = seasonal_histories(60, 60)
    values[40:45, :42] = np.nan  # short
    values[45:50, :53] = np.nan  # new
    values[50:55] *= np.random.default_rng(2).random((5, 60)) < 0.3  # intermittent
    values[55] = 0.0
    values[56, 30:] = 0.0  # died
    return SeriesSet(np.array([f"K{i}" for i in range(60)]), values)


@pytest.fixture(scope="module")
def result(company):
    return forecast(company, PLAIN)


def arrays(result):
    return {
        name: getattr(result, name)
        for name in ("mean", "lower", "upper", "route", "method", "members", "origin_errors", "cleansed", "outliers")
    }


def test_shapes_and_routes(company, result):
    assert result.mean.shape == (60, HORIZON)
    assert result.lower.shape == result.upper.shape == (60, 2, HORIZON)
    assert result.members.shape == (60, MEMBER_COUNT, HORIZON)
    assert result.origins == (36, 24, 18, 12, 6)
    assert result.origin_errors.shape == (60, 5, HORIZON)
    assert (result.route[:40] == Route.REGULAR).all()
    assert (result.route[40:45] == Route.SHORT).all()
    assert (result.route[45:50] == Route.NEW).all()
    assert (result.route[50:55] == Route.INTERMITTENT).all()
    assert result.route[55:57].tolist() == [Route.DEAD, Route.DEAD]
    assert set(result.method[[0, 40, 45, 50, 55]]) == {
        "combination", "short_history", "run_rate", "intermittent", "no_demand",
    }  # fmt: skip


def test_order_of_series_changes_no_bit(company, result):
    order = np.random.default_rng(3).permutation(len(company))
    shuffled = arrays(forecast(company.take(order), PLAIN))
    for name, values in arrays(result).items():
        np.testing.assert_array_equal(shuffled[name], values[order], err_msg=name)


def test_chunks_and_workers_change_no_bit(company, result):
    chunked = arrays(forecast(company, ForecastSettings(horizon=HORIZON, residual="off", chunk=7)))
    model = FittedModel.from_json(fit(company, PLAIN).to_json())
    alone = arrays(apply(company.take(slice(11, 12)), PLAIN, model))
    for name, values in arrays(result).items():
        np.testing.assert_array_equal(chunked[name], values, err_msg=name)
        np.testing.assert_array_equal(alone[name], values[11:12], err_msg=name)


def test_bands_hold_the_mean_and_are_nested(result):
    lower80, lower95 = result.lower[:, 0], result.lower[:, 1]
    upper80, upper95 = result.upper[:, 0], result.upper[:, 1]
    assert (lower95 <= lower80).all()
    assert (lower80 <= result.mean).all()
    assert (result.mean <= upper80).all()
    assert (upper80 <= upper95).all()
    assert (result.lower >= 0).all()
    assert (upper80 - lower80)[:40].min() > 0


def test_scale_of_the_unit_does_not_matter(company, result):
    doubled = forecast(SeriesSet(company.keys, company.values * 1024), PLAIN)
    np.testing.assert_array_equal(doubled.mean[:40], result.mean[:40] * 1024)
    scaled = forecast(SeriesSet(company.keys, company.values * 7.3), PLAIN)
    np.testing.assert_allclose(scaled.mean, result.mean * 7.3, rtol=1e-4)


def test_a_month_ahead_does_not_depend_on_the_horizon(company, result):
    longer = forecast(company, ForecastSettings(horizon=24, residual="off", learn_weights=False))
    shorter = forecast(company, ForecastSettings(horizon=HORIZON, residual="off", learn_weights=False))
    np.testing.assert_array_equal(longer.mean[:, :HORIZON], shorter.mean)


NASTY = {
    "constant": np.full(60, 7.0),
    "zeros": np.zeros(60),
    "unobserved": np.full(60, np.nan),
    "one_point": np.r_[np.full(59, np.nan), 5.0],
    "two_points": np.r_[np.full(58, np.nan), 5.0, 6.0],
    "gaps": np.where(np.arange(60) % 7 == 3, np.nan, 100.0 + np.arange(60)),
    "ends_unobserved": np.r_[np.linspace(50, 80, 52), np.full(8, np.nan)],
    "returns": np.r_[np.linspace(50, 80, 59), -40.0],
    "all_negative": -np.linspace(50, 80, 60),
    "huge": np.linspace(1e199, 9e199, 60),
    "tiny": np.linspace(1e-250, 9e-250, 60),
    "denormal": np.full(60, 5e-324),
    "one_spike": np.r_[np.ones(30), 1e12, np.ones(29)],
    "explosive": 1.5 ** np.arange(60),
    "collapsing": 0.5 ** np.arange(60),
    "alternating": np.where(np.arange(60) % 2, 1.0, 1000.0),
    "last_only": np.r_[np.zeros(59), 1e6],
    "one_zero": np.r_[np.full(30, 9.0), 0.0, np.full(29, 9.0)],
}


@pytest.mark.parametrize("season", [1, 4, 7, 12, 52])
def test_never_fails(season):
    series = SeriesSet(np.array(list(NASTY)), np.vstack(list(NASTY.values())))
    result = forecast(series, ForecastSettings(horizon=18, season_length=season))
    for name in ("mean", "lower", "upper", "base"):
        assert np.isfinite(getattr(result, name)).all(), name
    by_key = dict(zip(NASTY, result.mean, strict=True))
    np.testing.assert_allclose(by_key["constant"], 7.0)
    assert (by_key["zeros"] == 0).all()
    assert (by_key["unobserved"] == 0).all()
    assert (result.lower[list(NASTY).index("all_negative")] < 0).all()


@pytest.mark.parametrize("shape", [(0, 24), (1, 0), (1, 1), (3, 24)])
def test_never_fails_on_small_sets(shape):
    series = SeriesSet(np.arange(shape[0]), np.ones(shape))
    result = forecast(series, ForecastSettings(horizon=3))
    assert result.mean.shape == (shape[0], 3)
    assert np.isfinite(result.upper).all()


def test_a_new_product_takes_the_smoothed_level_of_its_first_months():
    values = np.full((1, 24), np.nan)
    values[0, -5:] = [10, 20, 30, 40, 50]
    result = forecast(SeriesSet(np.array(["new"]), values), PLAIN)
    assert result.route[0] == Route.NEW
    np.testing.assert_allclose(result.mean[0], 40.625)  # 10, 15, 22.5, 31.25


def test_a_trusted_month_is_not_cleansed():
    values = seasonal_histories(1, 60)
    values[0, 30] *= 10
    series = SeriesSet(np.array(["a"]), values)
    wild = forecast(series, PLAIN)
    assert wild.outliers[0, 30] == Outlier.REPLACED
    assert wild.cleansed[0, 30] < values[0, 30] / 5
    trusted = np.zeros(values.shape, bool)
    trusted[0, 30] = True
    kept = forecast(SeriesSet(series.keys, values, trusted=trusted), PLAIN)
    assert kept.outliers[0, 30] == Outlier.NONE
    assert kept.cleansed[0, 30] == values[0, 30]


def test_cleansing_leaves_every_other_month_as_it_was(company, result):
    untouched = (result.outliers != Outlier.REPLACED) & ~np.isnan(company.values)
    np.testing.assert_array_equal(result.cleansed[untouched], company.values[untouched])


def test_progress_rises_to_one_and_may_stop_the_run(company):
    heard = []
    forecast(company, PLAIN, lambda fraction, step: heard.append((fraction, step)))
    fractions = [fraction for fraction, _ in heard]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert {step for _, step in heard} == {"learn", "forecast"}

    def stop(fraction, step):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        forecast(company, PLAIN, stop)


@pytest.mark.parametrize(
    ("keys", "values", "message"),
    [
        (["a", "a"], np.ones((2, 3)), "unique"),
        (["a"], np.ones((2, 3)), "do not fit"),
        (["a"], np.full((1, 3), np.inf), "infinite"),
    ],
)
def test_bad_series_are_refused(keys, values, message):
    with pytest.raises(ValueError, match=message):
        SeriesSet(np.array(keys), values)


def test_values_beyond_arithmetic_are_refused():
    with pytest.raises(ValueError, match="'a' holds a value beyond"):
        forecast(SeriesSet(np.array(["a"]), np.full((1, 30), 1e201)), PLAIN)


@pytest.mark.parametrize(
    "wrong", [{"horizon": 0}, {"horizon": 121}, {"levels": (95.0, 80.0)}, {"levels": (100.0,)}, {"season_length": 0}]
)
def test_bad_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=r"outside|ascend"):
        ForecastSettings(**wrong)
