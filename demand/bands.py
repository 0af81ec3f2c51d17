"""How bands of single series join into the band of their sum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def error_correlation(errors: Floats) -> float:
    """How far the series' errors move together, 0 … 1, from back-test errors [series, origins, horizon].

    With equal pairwise correlation ρ the variance of a sum is (1 − ρ) Σσ² + ρ (Σσ)². Solved for ρ with the squared
    error of the total in place of its variance. Bands of aggregates need it: leaf widths must not simply be added.
    """
    known = ~np.isnan(errors)
    counts = np.maximum(known.sum(axis=1, keepdims=True), 1)
    sigma = np.sqrt((np.where(known, errors, 0) ** 2).sum(axis=1, keepdims=True) / counts)
    widths = np.where(known, sigma, 0)  # of the series measured at each origin and horizon
    independent, together = (widths**2).sum(axis=0), widths.sum(axis=0) ** 2
    total = np.where(known, errors, 0).sum(axis=0) ** 2
    spread = (together - independent).sum()
    return float(np.clip((total - independent).sum() / spread, 0, 1)) if spread > 0 else 0.0


def join_widths(widths: Floats, correlation: float) -> Floats:
    """The width of the sum's band from leaf widths [rows, months]: √((1 − ρ) Σw² + ρ (Σw)²)."""
    return np.sqrt((1 - correlation) * (widths**2).sum(axis=0) + correlation * widths.sum(axis=0) ** 2)


def join_widths_of(groups: NDArray[np.int64], widths: Floats, correlation: float, count: int) -> Floats:
    """``join_widths`` of one month for many groups at once: widths [rows] → [count]."""
    squares = np.bincount(groups, widths**2, minlength=count)
    sums = np.bincount(groups, widths, minlength=count)
    return np.sqrt((1 - correlation) * squares + correlation * sums**2)
