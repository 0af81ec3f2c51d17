"""The whole recipe: profile → route → cleanse → members → weights → residual model → bands.

``fit`` learns once, on a sample in the order of the keys' hashes; ``apply`` forecasts any part of the series, one
chunk at a time, and touches nothing but the row in hand: parts put together equal the whole, bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np

from engine.forecasting.applying import apply
from engine.forecasting.contracts import ForecastResult, ForecastSettings, SeriesSet
from engine.forecasting.learning import fit

Progress = Callable[[float, str], None]


def forecast(series: SeriesSet, settings: ForecastSettings, progress: Progress | None = None) -> ForecastResult:
    """Fit on all series, then apply chunk by chunk.

    ``progress`` hears a fraction and the step's code (``learn``, ``forecast``); what it raises ends the run.
    """
    report = progress or (lambda fraction, step: None)
    model = fit(series, settings, lambda fraction, step: report(0.3 * fraction, step))
    parts = []
    for first in range(0, len(series), settings.chunk):
        report(0.3 + 0.7 * first / max(1, len(series)), "forecast")
        parts.append(apply(series.take(slice(first, first + settings.chunk)), settings, model))
    report(1.0, "forecast")
    return join(parts) if parts else apply(series, settings, model)


def join(parts: list[ForecastResult]) -> ForecastResult:
    """Put chunks together in their order."""
    first = parts[0]
    if len(parts) == 1:
        return first
    of_series = [f.name for f in fields(ForecastResult) if isinstance(getattr(first, f.name), np.ndarray)]
    joined: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in of_series}
    return replace(first, **joined)


def warm_up() -> None:
    """Compile both entry points by forecasting two small series."""
    steady = 100.0 + np.arange(48) % 12
    lumpy = np.where(np.arange(48) % 3 == 0, 5.0, 0.0)
    series = SeriesSet(np.array(["steady", "lumpy"]), np.vstack([steady, lumpy]))
    forecast(series, ForecastSettings(horizon=6, residual="off"))
