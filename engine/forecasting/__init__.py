"""Statistical forecasting of many monthly series: arrays in, dataclasses out.

``forecast(series, settings)`` runs the whole recipe; ``fit`` and ``apply`` are its two halves for work spread over
workers. Importing this package loads neither numba nor LightGBM: a page that only shows forecasts needs neither.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.forecasting.contracts import ForecastResult, ForecastSettings, Note, Outlier, Route, SeriesSet

if TYPE_CHECKING:
    from engine.forecasting.model import FittedModel

__all__ = [
    "ForecastResult", "ForecastSettings", "Note", "Outlier", "Route", "SeriesSet",
    "apply", "fit", "forecast", "warm_up",
]  # fmt: skip

Progress = Callable[[float, str], None]


def forecast(series: SeriesSet, settings: ForecastSettings, progress: Progress | None = None) -> ForecastResult:
    """Learn on all series, then forecast them. See :func:`engine.forecasting.pipeline.forecast`."""
    from engine.forecasting import pipeline

    return pipeline.forecast(series, settings, progress)


def fit(series: SeriesSet, settings: ForecastSettings, progress: Progress | None = None) -> FittedModel:
    """What is learnt once from all series: weights, residual model, band quantiles, intermittent level."""
    from engine.forecasting import learning

    return learning.fit(series, settings, progress)


def apply(series: SeriesSet, settings: ForecastSettings, model: FittedModel) -> ForecastResult:
    """Forecast any part of the series with what was learnt; parts put together equal the whole, bit by bit."""
    from engine.forecasting import applying

    return applying.apply(series, settings, model)


def warm_up() -> None:
    """Compile the kernel into numba's cache folder; called at install so that no user waits for it."""
    from engine.forecasting import pipeline

    pipeline.warm_up()
