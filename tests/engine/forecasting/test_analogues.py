"""New products: analogues are found by shape, scaled to the sales so far, and blended with the run rate."""

import numpy as np
import pytest

from engine.forecasting import SeriesSet
from engine.forecasting.analogues import LaunchLibrary, collect_launches, forecast_launch, propose_analogues

RISING = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
FALLING = RISING[::-1].copy()


@pytest.fixture
def library():
    return LaunchLibrary(np.array(["slow", "fast", "fad"]), np.vstack([RISING * 10, RISING * 100, FALLING * 10]))


def test_launches_are_aligned_at_their_first_sale():
    values = np.zeros((4, 10))
    values[0, 3:] = RISING[:7]  # a launch of seven months
    values[1] = 5.0  # sold before the first month: no launch seen
    values[2, 6:] = 9.0  # four months only
    values[3, :2] = np.nan
    values[3, 2:] = FALLING[:8]
    library = collect_launches(SeriesSet(np.array(["a", "b", "c", "d"]), values))
    assert library.keys.tolist() == ["a", "d"]
    assert library.curves[0, :7].tolist() == RISING[:7].tolist()
    assert np.isnan(library.curves[0, 7:]).all()


def test_nearest_by_shape_whatever_the_size(library):
    assert library.keys[propose_analogues(library, RISING[:4] * 3)].tolist() == ["slow", "fast", "fad"]
    assert library.keys[propose_analogues(library, FALLING[:4], count=1)].tolist() == ["fad"]


def test_before_the_first_sale_likeness_decides(library):
    rows = propose_analogues(library, np.zeros(0), likeness=np.array([0.2, 0.9, 0.5]))
    assert library.keys[rows].tolist() == ["fast", "fad", "slow"]


def test_analogues_that_do_not_live_long_enough_are_left_out(library):
    curves = library.curves.copy()
    curves[0, 2:] = np.nan
    rows = propose_analogues(LaunchLibrary(library.keys, curves), RISING[:4])
    assert 0 not in rows


def test_half_analogue_half_run_rate(library):
    # Sold 1, 2, 3: the analogue goes on 4, 5, the run rate is 2.25.
    result = forecast_launch(library, np.array([0, 1]), RISING[:3], 2, (80.0,))
    np.testing.assert_allclose(result.mean, [(4 + 2.25) / 2, (5 + 2.25) / 2])
    assert result.analogues.tolist() == ["slow", "fast"]
    assert (result.lower[0] <= result.mean).all()
    assert (result.mean <= result.upper[0]).all()


def test_expected_level_scales_the_curve_of_a_launch_to_come(library):
    result = forecast_launch(library, np.array([0]), np.zeros(0), 12, (80.0,), expected_level=65.0)
    np.testing.assert_allclose(result.mean, RISING * 10)
    assert result.mean.mean() == pytest.approx(65.0)


def test_without_analogues_the_run_rate_stands(library):
    result = forecast_launch(library, np.array([], int), np.array([8.0, 10, 12]), 3, (80.0, 95.0))
    np.testing.assert_allclose(result.mean, 10.5)
    assert (result.upper[1] > result.upper[0]).all()


def test_beyond_the_oldest_analogue_the_level_stays(library):
    result = forecast_launch(library, np.array([0]), RISING[:10] * 10, 5, (80.0,))
    assert np.isfinite(result.mean).all()
    assert result.mean[2] == result.mean[4] == 120.0


def test_bands_come_from_past_launches():
    """Launches whose second half is anything from half to double: the 80 % band spans most of that."""
    rng = np.random.default_rng(0)
    factor = rng.uniform(0.5, 2.0, 60)
    curves = np.hstack([np.ones((60, 6)), np.repeat(factor[:, None], 6, axis=1)]) * 100
    library = LaunchLibrary(np.arange(60), curves)
    rows = propose_analogues(library, np.full(6, 100.0))
    result = forecast_launch(library, rows, np.full(6, 100.0), 6, (80.0,))
    held = ((curves[:, 6:] >= result.lower[0]) & (curves[:, 6:] <= result.upper[0])).mean()
    assert 0.7 <= held <= 0.95  # widened by a tenth, as no second origin tells how well it holds
