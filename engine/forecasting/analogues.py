"""New products by analogues: how launches like this one went on, blended with the run rate.

A launch with k months of sales is compared with past launches at the same age, each scaled to its sum so far. The
median of what the nearest did next, half and half with the run rate, is the forecast; before the first sale it is the
median curve times the expected level. Bands come from forecasting the past launches in the same way.

Source: Green & Armstrong, *IJF* 23 (2007) 365–376 (structured analogies); Hu et al., *M&SOM* 21 (2019) 1–11 (launch
curves). That runs of nearest neighbours blend well with a run rate was measured on car launches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.forecasting.contracts import FloatArray, SeriesSet

NEIGHBOURS = 20
BLEND = 0.5  # share of the analogues against the run rate
FEWEST_MONTHS = 6  # of a launch, to serve as an analogue
FIRST_YEAR = 12
LARGEST_SCALE = 50.0  # of an analogue that had hardly begun to sell


@dataclass(frozen=True)
class LaunchLibrary:
    """Past launches aligned at their first sale: keys [m], curves [m, A], NaN beyond what is known."""

    keys: NDArray
    curves: FloatArray

    def take(self, rows: NDArray) -> LaunchLibrary:
        return LaunchLibrary(self.keys[rows], self.curves[rows])


@dataclass(frozen=True)
class LaunchForecast:
    """mean [h], lower and upper [L, h], and the keys of the analogues it rests on."""

    mean: FloatArray
    lower: FloatArray
    upper: FloatArray
    analogues: NDArray


def collect_launches(series: SeriesSet) -> LaunchLibrary:
    """Series whose first sale lies inside the observed months and that have sold for six months or more."""
    values = series.values
    width = values.shape[1]
    sold = np.nan_to_num(values) > 0
    first = np.where(sold.any(axis=1), sold.argmax(axis=1), width)
    rows = np.flatnonzero((first > 0) & (width - first >= FEWEST_MONTHS))
    curves = np.full((len(rows), width), np.nan)
    for place, row in enumerate(rows):
        curves[place, : width - first[row]] = np.nan_to_num(values[row, first[row] :])
    return LaunchLibrary(series.keys[rows], curves)


def propose_analogues(
    library: LaunchLibrary, known: FloatArray, likeness: FloatArray | None = None, count: int = NEIGHBOURS
) -> NDArray[np.int64]:
    """Rows of the library, nearest first.

    The distance is the absolute difference to the scaled curve over the ``known`` months [k], as a share of the sales
    so far. ``likeness`` [m] in 0 … 1, e.g. the share of equal attributes, is taken off it; alone it decides at k = 0.
    """
    distance = np.zeros(len(library.keys))
    if len(known):
        early = library.curves[:, : len(known)]
        scaled = early * _scale(library, known)[:, None]
        distance = np.abs(scaled - known).sum(axis=1) / max(np.abs(known).sum(), 1e-12)
        distance = np.where(np.isnan(distance), np.inf, distance)
    if likeness is not None:
        distance = distance - likeness
    nearest = np.argsort(distance, kind="stable")[:count]
    return nearest[np.isfinite(distance[nearest])]


def forecast_launch(
    library: LaunchLibrary,
    rows: NDArray[np.int64],
    known: FloatArray,
    horizon: int,
    levels: tuple[float, ...],
    expected_level: float | None = None,
) -> LaunchForecast:
    """Forecast a launch with ``known`` months [k] from the analogues ``rows``, proposed or picked by a person.

    ``expected_level`` is the mean monthly volume expected in the first year; it is used while k = 0, and without it
    the analogues' own level stands in. Without analogues the run rate stands alone.
    """
    from engine.forecasting.bands import pool_quantiles  # these load the kernel, which pages that list launches
    from engine.forecasting.routes import launch_prior  # do not need

    chosen = library.take(np.asarray(rows, np.int64))
    mean = _blend(chosen, known, horizon, expected_level)
    ratios = []
    for j in range(len(library.keys)):
        life = library.curves[j]
        if np.isnan(life[: len(known) + 1]).any():
            continue
        others = library.take(np.delete(np.arange(len(library.keys)), j))
        near = others.take(propose_analogues(others, life[: len(known)], count=max(len(rows), 1)))
        level = float(np.nanmean(life[:FIRST_YEAR])) if not len(known) and expected_level is not None else None
        expected = _blend(near, life[: len(known)], horizon, level)
        actual = np.full(horizon, np.nan)
        ahead = life[len(known) : len(known) + horizon]
        actual[: len(ahead)] = ahead
        ratios.append(np.where(expected > 0, actual / np.maximum(expected, 1e-12) - 1.0, np.nan))
    lower, upper = pool_quantiles([np.array(ratios).reshape(-1, horizon)], horizon, levels, launch_prior(horizon))
    return LaunchForecast(mean, np.maximum(mean * (1.0 + lower), 0.0), mean * (1.0 + upper), chosen.keys)


def _scale(library: LaunchLibrary, known: FloatArray) -> FloatArray:
    """Sales so far over those of each analogue at the same age, [m]."""
    sums = library.curves[:, : len(known)].sum(axis=1)
    return np.minimum(known.sum() / np.maximum(sums, 1e-12), LARGEST_SCALE)


def _blend(library: LaunchLibrary, known: FloatArray, horizon: int, expected_level: float | None) -> FloatArray:
    from engine.forecasting.routes import run_rate

    age = len(known)
    rate = float(run_rate(known[None])[0]) if age else (expected_level or 0.0)
    ahead = library.curves[:, age : age + horizon]
    ahead = np.pad(ahead, ((0, 0), (0, horizon - ahead.shape[1])), constant_values=np.nan)
    if age:
        scale = _scale(library, known)
    elif expected_level is not None:
        scale = expected_level / np.maximum(np.nanmean(library.curves[:, :FIRST_YEAR], axis=1), 1e-12)
    else:
        scale = np.ones(len(library.keys))
    mean = np.empty(horizon)
    previous = rate
    for month in range(horizon):
        paths = ahead[:, month] * scale
        paths = paths[~np.isnan(paths)]
        # Beyond the oldest analogue the last month stands; before the first sale there is no rate to blend with.
        analogue = float(np.median(paths)) if len(paths) else previous
        previous = analogue
        mean[month] = BLEND * analogue + (1.0 - BLEND) * rate if age and len(paths) else analogue
    return np.maximum(mean, 0.0)
