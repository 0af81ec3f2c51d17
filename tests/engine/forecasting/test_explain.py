"""Explaining one series: exact parts add up, known effects are found, useless ones are not significant."""

import numpy as np
import pytest

from engine.forecasting.explain import TooShort, decompose, explain_drivers

T = np.arange(72)


def test_parts_add_up_and_strengths_tell_which_is_there():
    trend, season = 100 + 2.0 * T, 30 * np.sin(2 * np.pi * T / 12)
    parts = decompose(trend + season)
    np.testing.assert_allclose(parts.trend + parts.season + parts.remainder, trend + season)
    np.testing.assert_allclose(parts.season[12:60], season[12:60], atol=1.0)
    assert parts.trend_strength > 0.99
    assert parts.season_strength > 0.99
    noise = decompose(100 + np.random.default_rng(0).normal(0, 5, 72))
    assert noise.season_strength < 0.7
    assert decompose(np.full(72, 5.0)).season_strength == 0.0


def test_a_known_effect_is_found_beside_trend_and_season():
    rng = np.random.default_rng(1)
    promotion, coin = (rng.random(72) < 0.2).astype(float), rng.random(72)
    history = np.exp(5 + 0.01 * T + 0.2 * np.sin(2 * np.pi * T / 12) + 0.3 * promotion + rng.normal(0, 0.03, 72))
    found = explain_drivers(history, ("promotion", "coin"), np.vstack([promotion, coin]))
    first, second = found.drivers
    assert found.logarithmic
    assert first.effect == pytest.approx(0.3, abs=0.03)
    assert first.p_value < 0.001
    assert abs(first.effect - 0.3) < 3 * first.standard_error
    assert first.upper - first.effect == pytest.approx(1.96 * first.standard_error, rel=0.01)
    assert second.p_value > 0.05
    assert found.r_squared > 0.8
    assert found.remaining_pattern > 0.01


def test_values_at_zero_are_explained_in_units():
    step = (T >= 40).astype(float)
    history = np.where(T == 3, 0.0, 50.0) + 20.0 * step
    found = explain_drivers(history, ("opening",), step[None])
    assert not found.logarithmic
    assert found.drivers[0].effect == pytest.approx(20.0, abs=4.0)


@pytest.mark.parametrize("points", [1, 12, 23])
def test_too_short(points):
    with pytest.raises(TooShort):
        decompose(np.arange(float(points)))


def test_too_short_for_its_drivers():
    with pytest.raises(TooShort, match="too few"):
        explain_drivers(np.arange(1.0, 9.0), ("a",), np.ones((1, 8)))


def test_gaps_and_shapes_are_refused():
    with pytest.raises(ValueError, match="gaps"):
        decompose(np.r_[np.ones(30), np.nan])
    with pytest.raises(ValueError, match="expected"):
        explain_drivers(np.ones(40), ("a", "b"), np.ones((1, 40)))
