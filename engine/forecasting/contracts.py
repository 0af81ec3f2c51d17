"""What goes into the statistical forecast and what comes out: plain arrays with fixed shapes.

Symbols used throughout the package: ``n`` series, ``T`` months of history, ``h`` months ahead, ``M`` members,
``L`` band levels, ``O`` back-test origins.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

MAX_HORIZON = 120
MAX_SEASON_LENGTH = 366


class Route(IntEnum):
    """Which recipe a series takes; decided by :func:`engine.forecasting.profile.profile_series`."""

    REGULAR = 0  # two seasons or more: all members, own seasonality
    SHORT = 1  # between one and two seasons: all members, no own seasonality
    NEW = 2  # less than one season since the first sale: run rate, no trend
    INTERMITTENT = 3  # many months without a sale
    DEAD = 4  # no sale for so long that none is expected


class Outlier(IntEnum):
    """What cleansing did with a month."""

    NONE = 0
    REPLACED = 1  # the forecast saw a cleansed value instead
    SUSPECT = 2  # a jump in the last two months, kept: only a person can tell an outlier from a step


@dataclass(frozen=True)
class SeriesSet:
    """Histories, one row a series, aligned to the right: the last column is the last month of every series.

    Attributes
    ----------
    keys : [n] str or int, unique; they seed the sampling, so a series keeps its place in any order.
    values : float64 [n, T]; NaN = not observed (before launch, or a gap). No infinity.
    first_month : absolute month of column 0 (year × 12 + month − 1); used by calendar regressors only.
    trusted : bool [n, T]; a month a planner has declared true is never cleansed. ``None`` = none declared.
    """

    keys: NDArray
    values: NDArray[np.float64]
    first_month: int = 0
    trusted: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        values = np.ascontiguousarray(self.values, dtype=np.float64)
        keys = np.asarray(self.keys)
        if values.ndim != 2 or keys.shape != values.shape[:1]:
            raise ValueError(f"{keys.shape} keys do not fit values of shape {values.shape}; expected [n] and [n, T]")
        if np.isinf(values).any():
            row = int(np.argmax(np.isinf(values).any(axis=1)))
            raise ValueError(f"series {str(keys[row])!r} holds an infinite value")
        if len(np.unique(keys)) != len(keys):
            raise ValueError("series keys must be unique")
        if self.trusted is not None and self.trusted.shape != values.shape:
            raise ValueError(f"trusted has shape {self.trusted.shape}, values {values.shape}")
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "keys", keys)

    def __len__(self) -> int:
        return len(self.keys)

    def take(self, rows: NDArray | slice) -> SeriesSet:
        """The same histories for some rows only."""
        trusted = None if self.trusted is None else self.trusted[rows]
        return SeriesSet(self.keys[rows], self.values[rows], self.first_month, trusted)


@dataclass(frozen=True)
class ForecastSettings:
    """How to forecast.

    Attributes
    ----------
    horizon : periods ahead, 1 … 120.
    levels : band levels in per cent, each in (0, 100), ascending.
    season_length : periods of one season: 12 months, 4 quarters, 52 weeks, 7 days; 1 = no season.
    learn_weights : learn member weights on the back-test (else: plain mean of the twelve).
    residual : gradient-boosted correction of the combination; ``auto`` = only with long histories.
    effort : size of the residual model, ``fast`` or ``full``.
    chunk : series handled at a time; bounds the memory, changes no number.
    """

    horizon: int = 18
    levels: tuple[float, ...] = (80.0, 95.0)
    season_length: int = 12
    learn_weights: bool = True
    residual: Literal["auto", "on", "off"] = "auto"
    effort: Literal["fast", "full"] = "full"
    chunk: int = 5000

    def __post_init__(self) -> None:
        if not 1 <= self.horizon <= MAX_HORIZON:
            raise ValueError(f"horizon {self.horizon} is outside 1 … {MAX_HORIZON}")
        if not 1 <= self.season_length <= MAX_SEASON_LENGTH:
            raise ValueError(f"season length {self.season_length} is outside 1 … {MAX_SEASON_LENGTH}")
        if list(self.levels) != sorted(set(self.levels)) or not all(0 < p < 100 for p in self.levels):
            raise ValueError(f"band levels {self.levels} must ascend within (0, 100)")
        if self.chunk < 1:
            raise ValueError("chunk counts series and starts at 1")


@dataclass(frozen=True)
class Note:
    """Something the reader of a forecast should know; ``code`` is stable, ``text`` is plain English."""

    code: str
    text: str


@dataclass(frozen=True)
class ForecastResult:
    """Forecasts in the order of the keys; every number is finite unless said otherwise.

    Attributes
    ----------
    keys : [n]
    mean : [n, h] the forecast.
    levels : the L band levels, per cent.
    lower, upper : [n, L, h]; lower ≤ mean ≤ upper, wider with the level.
    route : int8 [n], :class:`Route`.
    method : [n] str, code of :data:`engine.forecasting.catalogue.METHODS`.
    cleansed : [n, T] the history the forecast saw; NaN before the first observation.
    outliers : int8 [n, T], :class:`Outlier`.
    members : [n, M, h] forecasts of the members in catalogue order; NaN where a route has none.
    base : [n, h] the combination before the residual model: a step of forecast value added.
    features : [n, F] see :mod:`engine.forecasting.features`; NaN where a route has none.
    origins : O numbers of periods before the end, e.g. (36, 24, 18, 12, 6).
    origin_errors : [n, O, h] actual − forecast of the same recipe at each origin; NaN where not measured.
    member_errors : [n, M] mean absolute error of each member over the origins; NaN where not measured.
    notes : what was left out and why.
    """

    keys: NDArray
    mean: NDArray[np.float64]
    levels: tuple[float, ...]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    route: NDArray[np.int8]
    method: NDArray[np.str_]
    cleansed: NDArray[np.float64]
    outliers: NDArray[np.int8]
    members: NDArray[np.float64]
    base: NDArray[np.float64]
    features: NDArray[np.float64]
    origins: tuple[int, ...]
    origin_errors: NDArray[np.float64]
    member_errors: NDArray[np.float64]
    notes: tuple[Note, ...] = field(default_factory=tuple)
