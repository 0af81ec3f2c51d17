"""A season for short histories: taken over where it fits, from whom it fits, and nowhere else."""

import numpy as np
import pytest

from engine.forecasting import ForecastSettings, SeriesSet
from engine.forecasting.borrowing import Borrowing, learn_borrowing

COUNT, MONTHS = 120, 60
SETTINGS = ForecastSettings(horizon=12)
SUMMER = 1 + 0.5 * np.sin(2 * np.pi * np.arange(MONTHS) / 12)


def histories(season, seed=0, noise=0.05):
    rng = np.random.default_rng(seed)
    return rng.lognormal(5, 1, (COUNT, 1)) * season * rng.lognormal(0, noise, (COUNT, MONTHS))


MARKET = np.arange(COUNT) % 2
GROUPINGS = {"org": MARKET, "company": np.zeros(COUNT, np.int64)}


@pytest.fixture(scope="module")
def two_hemispheres():
    """Half sells in summer, half in winter: the company as a whole has no season."""
    season = np.where(MARKET[:, None] == 0, SUMMER, 2 - SUMMER)
    return SeriesSet(np.arange(COUNT), histories(season))


def test_the_market_is_chosen_over_the_company(two_hemispheres):
    found = learn_borrowing(two_hemispheres, SETTINGS, GROUPINGS)
    assert (found.grouping, found.share) == ("org", 1.0)
    assert found.gain > 0.5
    np.testing.assert_allclose(found.season(np.array([0]), MONTHS, 12)[0, :12], SUMMER[:12], atol=0.08)
    np.testing.assert_allclose(found.season(np.array([1]), MONTHS, 12)[0, -12:], 2 - SUMMER[:12], atol=0.08)


def test_an_unknown_group_borrows_nothing(two_hemispheres):
    found = learn_borrowing(two_hemispheres, SETTINGS, GROUPINGS)
    assert (found.season(np.array([9]), MONTHS, 12) == 1).all()


def test_without_seasons_nothing_is_borrowed():
    assert learn_borrowing(SeriesSet(np.arange(COUNT), histories(1.0, noise=0.2)), SETTINGS, GROUPINGS) is None


@pytest.mark.parametrize("rows", [slice(0, 10), slice(0, 0)])
def test_a_handful_of_series_measures_nothing(two_hemispheres, rows):
    groupings = {name: numbers[rows] for name, numbers in GROUPINGS.items()}
    assert learn_borrowing(two_hemispheres.take(rows), SETTINGS, groupings) is None


def test_young_companies_and_yearly_figures_have_nothing_to_lend(two_hemispheres):
    young = SeriesSet(two_hemispheres.keys, two_hemispheres.values[:, -47:])
    assert learn_borrowing(young, SETTINGS, GROUPINGS) is None
    assert learn_borrowing(two_hemispheres, ForecastSettings(season_length=1), GROUPINGS) is None


def test_the_share_is_drawn_towards_flat():
    half = Borrowing("org", 0.5, 0.1, np.array([3]), np.array([[1.4, 0.6]]))
    assert half.season(np.array([3, 4]), 3, 2).tolist() == [
        [pytest.approx(0.8), pytest.approx(1.2), pytest.approx(0.8), pytest.approx(1.2), pytest.approx(0.8)],
        [1.0] * 5,
    ]
