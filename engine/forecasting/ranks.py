"""Quantiles of sorted errors by their conformal rank."""

from __future__ import annotations

from engine.forecasting.contracts import FloatArray


def ranked(values: FloatArray, share: float) -> float:
    """Quantile of sorted values at the conformal rank share · (n + 1)."""
    place = min(max(share * (len(values) + 1) - 1.0, 0.0), len(values) - 1.0)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    return float(values[below] + (place - below) * (values[above] - values[below]))
