"""Profile: fill gaps, find the launch, decide the route, and pack histories for the kernel."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.forecasting.contracts import Route, SeriesSet

ADI_LIMIT = 1.32  # mean months between demands that make a history intermittent (Syntetos & Boylan 2005)
FEWEST_REGULAR = 12  # points, however short the season
LARGEST_VALUE = 1e200  # squares and sums stay finite below


@dataclass(frozen=True)
class Rhythm:
    """Lengths that follow from the season: monthly 12 → new below 12, short below 24, origins 36 … 6 back."""

    season: int

    @property
    def new_below(self) -> int:
        return max(6, min(self.season, 12))

    @property
    def short_below(self) -> int:
        return max(2 * self.season, FEWEST_REGULAR)

    @property
    def year(self) -> int:
        """Window of level means where the recipe says twelve months."""
        return max(self.season, 12)

    def origins(self, horizon: int) -> tuple[int, ...]:
        """Back-test origins in periods before the end. Multiples of a season share its phase with the forecast."""
        step = self.season * max(1, -(-horizon // (3 * self.season))) if self.season > 3 else max(4, horizon // 2)
        if self.season == 12:
            step = 12
        cuts = {3 * step, 2 * step, step + step // 2, step, step // 2}
        return tuple(sorted((c for c in cuts if c > 0), reverse=True))


@dataclass(frozen=True)
class Profile:
    """What is known about each series before any method runs.

    Attributes
    ----------
    filled : [n, T] history without gaps; NaN before the first observation only.
    first_seen, launch : [n] column of the first observation, and of the first value that is not zero (T if none).
    route : [n] :class:`Route`.
    """

    filled: NDArray[np.float64]
    first_seen: NDArray[np.int64]
    launch: NDArray[np.int64]
    route: NDArray[np.int8]

    @property
    def length(self) -> NDArray[np.int64]:
        """Points since launch."""
        return self.filled.shape[1] - self.launch

    def rows(self, *routes: Route) -> NDArray[np.int64]:
        """Row numbers of the series that take one of ``routes``."""
        return np.flatnonzero(np.isin(self.route, routes))


@dataclass(frozen=True)
class Packed:
    """Histories of some rows end to end, as the kernel reads them. ``columns`` [n] is where each starts in T."""

    flat: NDArray[np.float64]
    trusted: NDArray[np.bool_]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    columns: NDArray[np.int64]


def profile_series(series: SeriesSet, rhythm: Rhythm) -> Profile:
    """Fill gaps and choose the routes. Raises ``ValueError`` for values beyond ±1e200."""
    values = series.values
    with np.errstate(invalid="ignore"):
        if (np.abs(values) > LARGEST_VALUE).any():
            row = int(np.argmax((np.abs(values) > LARGEST_VALUE).any(axis=1)))
            raise ValueError(f"series {str(series.keys[row])!r} holds a value beyond ±{LARGEST_VALUE:g}")
    observed = ~np.isnan(values)
    first_seen = _first_true(observed)
    filled = _fill_gaps(values, observed, first_seen, rhythm.season)
    sold = np.nan_to_num(filled) != 0
    launch = _first_true(sold)
    return Profile(filled, first_seen, launch, _choose_routes(sold, first_seen, launch, rhythm))


def _first_true(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Column of the first True of each row; the number of columns where there is none."""
    if mask.shape[1] == 0:
        return np.zeros(len(mask), np.int64)
    return np.where(mask.any(axis=1), mask.argmax(axis=1), mask.shape[1]).astype(np.int64)


def _fill_gaps(
    values: NDArray[np.float64], observed: NDArray[np.bool_], first_seen: NDArray[np.int64], season: int
) -> NDArray[np.float64]:
    """A gap takes the mean of the same month one season before and after; without them the line across it."""
    filled = values.copy()
    columns = np.arange(values.shape[1])
    gaps = ~observed & (columns >= first_seen[:, None])
    for row in np.flatnonzero(gaps.any(axis=1)):
        known = columns[observed[row]]
        for t in columns[gaps[row]]:
            near = [u for u in (t - season, t + season) if 0 <= u < len(columns) and observed[row, u]]
            filled[row, t] = values[row, near].mean() if near else np.interp(t, known, values[row, known])
    return filled


def _choose_routes(
    sold: NDArray[np.bool_], first_seen: NDArray[np.int64], launch: NDArray[np.int64], rhythm: Rhythm
) -> NDArray[np.int8]:
    """A first sale months after the first observation is a launch only when sales then go on without pauses."""
    n, width = sold.shape
    length = width - launch
    demands = sold.sum(axis=1)
    quiet = np.where(demands > 0, _first_true(sold[:, ::-1]), width)
    interval = length / np.maximum(demands, 1)
    lumpy = (interval > ADI_LIMIT) & (width - first_seen >= rhythm.new_below)
    route = np.full(n, Route.REGULAR, np.int8)
    route[length < rhythm.short_below] = Route.SHORT
    route[length < rhythm.new_below] = Route.NEW
    route[lumpy] = Route.INTERMITTENT
    route[(demands == 0) | (quiet >= np.maximum(rhythm.year, 4 * interval))] = Route.DEAD
    return route


def pack(
    profile: Profile, rows: NDArray[np.int64], columns: NDArray[np.int64], trusted: NDArray[np.bool_] | None
) -> Packed:
    """Histories of ``rows`` from ``columns`` (one a row) to the end."""
    values = profile.filled[rows]
    inside = np.arange(values.shape[1]) >= columns[:, None]
    lengths = inside.sum(axis=1).astype(np.int64)
    flat = values[inside]
    marks = np.zeros(len(flat), bool) if trusted is None else trusted[rows][inside]
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64) if len(rows) else lengths
    return Packed(flat, marks, starts, lengths, columns)


def key_order(keys: NDArray) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """A fixed shuffle: the order of the keys' hashes, and each hash as a number in [0, 1).

    Sampling and summing follow this order, so that nothing depends on the order in which series arrive.
    """
    hashes = np.array([_hash(str(key)) for key in keys.tolist()], dtype=np.uint64)
    names = np.array([str(key) for key in keys.tolist()])
    order = np.lexsort((names, hashes)) if len(keys) else np.zeros(0, np.int64)
    return order.astype(np.int64), (hashes >> np.uint64(11)) / float(1 << 53)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
