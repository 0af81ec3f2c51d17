"""Accuracy on public series; skipped where they are absent."""

import numpy as np
import pytest

from bench import datasets
from bench.forecasting import owa
from engine.forecasting import ForecastSettings, forecast, scores

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not datasets.is_present(), reason=f"no shared series in {datasets.DATA}"),
]


def test_m3_monthly_beats_the_best_published_method():
    m3 = datasets.load_m3()
    result = forecast(m3.series, ForecastSettings(horizon=18, effort="fast"))
    _smape, _mase, weighted = owa(m3, result.mean)
    assert weighted <= 0.80
    for j, level in enumerate(result.levels):
        held = 100 * scores.coverage(m3.actual, result.lower[:, j], result.upper[:, j]).mean()
        assert held == pytest.approx(level, abs=1.5)


def test_car_parts():
    parts = datasets.load_carparts()
    result = forecast(parts.series, ForecastSettings(horizon=12))
    scale = parts.mean_square_step()
    assert scores.rmsse(parts.actual[scale > 0], result.mean[scale > 0], scale[scale > 0]) <= 0.68
    assert abs(result.mean.sum() / parts.actual.sum() - 1) <= 0.10
    assert np.isfinite(result.upper).all()
