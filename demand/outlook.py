"""The figures ahead while the steps after the statistical forecast work on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass
class Outlook:
    """mean [n, h], lower and upper [n, L, h] in units; changed in place, never below zero."""

    mean: Floats
    lower: Floats
    upper: Floats

    def scale(self, factor: Floats, rows: Ints | slice = slice(None)) -> None:
        """Multiply by ``factor`` ≥ 0, [h] or [rows, h]."""
        self.mean[rows] *= factor
        self.lower[rows] *= np.expand_dims(factor, -2)
        self.upper[rows] *= np.expand_dims(factor, -2)

    def add(self, units: Floats, rows: Ints, share: float = 1.0) -> None:
        """Spread ``share`` of ``units`` [h] over ``rows`` by their forecast, equally where nothing is forecast."""
        mean = self.mean[rows]
        total = mean.sum(axis=0)
        part = np.where(total > 0, mean / np.where(total > 0, total, 1.0), 1.0 / max(len(rows), 1))
        self.move(part * units * share, rows)

    def move(self, units: Floats, rows: Ints | slice = slice(None)) -> None:
        """Add ``units`` [rows, h]; the band keeps its width."""
        for figures, step in ((self.mean, units), (self.lower, units[:, None]), (self.upper, units[:, None])):
            figures[rows] = np.maximum(figures[rows] + step, 0.0)

    def put(self, rows: Ints, mean: Floats, lower: Floats, upper: Floats) -> None:
        """Replace the figures of ``rows``: mean [rows, h], lower and upper [rows, L, h]."""
        self.mean[rows], self.lower[rows], self.upper[rows] = mean, lower, upper
