"""Rolling origins: run the kernel on histories that end earlier and keep what followed.

Nothing is copied: the kernel reads the same packed histories with shorter lengths.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.forecasting.catalogue import MEMBER_COUNT
from engine.forecasting.contracts import FloatArray
from engine.forecasting.features import FEATURE_COUNT
from engine.forecasting.kernel import run_batch
from engine.forecasting.profile import Packed

__all__ = ["FloatArray", "Outlook", "Window", "look_ahead", "roll_origins", "thin"]


@dataclass(frozen=True)
class Outlook:
    """What the kernel says about k histories: members [k, M, h], features [k, F], indices ahead [k, h]."""

    members: FloatArray
    features: FloatArray
    indices: FloatArray

    def take(self, rows: NDArray) -> Outlook:
        return Outlook(self.members[rows], self.features[rows], self.indices[rows])


@dataclass(frozen=True)
class Window:
    """One origin, ``cut`` periods before the end: the outlook of ``rows`` and the actuals [k, min(h, cut)]."""

    cut: int
    rows: NDArray[np.int64]
    outlook: Outlook
    actual: FloatArray

    def take(self, mask: NDArray[np.bool_]) -> Window:
        return replace(self, rows=self.rows[mask], outlook=self.outlook.take(mask), actual=self.actual[mask])


def look_ahead(
    packed: Packed,
    horizon: int,
    season: int,
    *,
    starts: NDArray[np.int64] | None = None,
    lengths: NDArray[np.int64] | None = None,
    clean: FloatArray | None = None,
    flags: NDArray[np.uint8] | None = None,
) -> Outlook:
    """Run the kernel over packed histories, or parts of them. ``clean`` and ``flags`` receive the cleansing."""
    starts = packed.starts if starts is None else starts
    lengths = packed.lengths if lengths is None else lengths
    n = len(starts)
    outlook = Outlook(np.zeros((n, MEMBER_COUNT, horizon)), np.zeros((n, FEATURE_COUNT)), np.zeros((n, horizon)))
    keep = clean is not None and flags is not None
    run_batch(
        packed.flat, packed.trusted, starts, lengths, season, horizon, keep,
        outlook.members, outlook.features, outlook.indices,
        clean if keep else np.empty(0), flags if keep else np.empty(0, np.uint8),
    )  # fmt: skip
    return outlook


def roll_origins(
    packed: Packed,
    origins: Iterable[int],
    horizon: int,
    season: int,
    *,
    fewest: int,
    longest: NDArray[np.int64] | None = None,
) -> list[Window]:
    """Windows at each origin for the histories that have ``fewest`` points before it.

    ``longest`` [n] cuts what the kernel sees to the last points before the origin: long histories then play short ones.
    """
    windows = []
    for cut in origins:
        known = packed.lengths - cut
        rows = np.flatnonzero(known >= fewest)
        if not len(rows):
            continue
        ahead = min(horizon, cut)
        ends = packed.starts[rows] + known[rows]
        lengths = known[rows] if longest is None else np.minimum(known[rows], longest[rows])
        outlook = look_ahead(packed, ahead, season, starts=ends - lengths, lengths=lengths)
        windows.append(Window(cut, rows, outlook, packed.flat[ends[:, None] + np.arange(ahead)]))
    return windows


def thin(windows: list[Window], places: FloatArray, cap: int) -> list[Window]:
    """At most about ``cap`` pairs of series and month: those whose series has a small place in [0, 1)."""
    total = sum(window.actual.size for window in windows)
    if total <= cap:
        return windows
    limit = np.quantile(places, min(1.0, cap / total))
    return [window.take(places[window.rows] < limit) for window in windows]
