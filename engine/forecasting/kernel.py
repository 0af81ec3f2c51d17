"""The kernel: cleansing, seasonality, fourteen members and features for many histories in compiled code.

No random numbers and no threads: the same history gives the same bits, alone or among a million others.
"""

from __future__ import annotations

import math
import zlib
from pathlib import Path

import numpy as np
from numba import njit

from engine.forecasting import features as ft
from engine.forecasting.catalogue import (
    AGGREGATED,
    AGGREGATED_LOG,
    COMPLEX,
    COMPLEX_LOG,
    DAMPED,
    DAMPED_LOG,
    MEMBER_COUNT,
    SEASONAL_NAIVE,
    SEASONAL_NAIVE_GROWTH,
    THETA,
    THETA_LOG,
    THETA_OPTIMAL,
    WINTERS_ADDITIVE,
    WINTERS_MULTIPLICATIVE,
    YEAR_MEAN,
)
from engine.forecasting.cleansing import cleanse
from engine.forecasting.jit import FAST_MATH, kernel
from engine.forecasting.methods.aggregation import aggregated_forecast
from engine.forecasting.methods.complex_smoothing import complex_forecast
from engine.forecasting.methods.damped import damped_forecast
from engine.forecasting.methods.naive import seasonal_naive, yearly_growth
from engine.forecasting.methods.theta import theta_forecasts
from engine.forecasting.methods.winters import winters_forecast
from engine.forecasting.seasonality import ADDITIVE, MULTIPLICATIVE, NONE, seasonal_indices

LARGEST_EXPONENT = 50.0  # of a logarithm carried back
LARGEST_MULTIPLE = 3.0  # a member never exceeds this many times the largest month of history
FEWEST_POINTS = 3
_CONSTANTS = ("jit.py", "catalogue.py")  # compiled in, though they hold no kernel


def source_digest() -> int:
    """Checksum of every source file that ends up in the machine code: those with kernels, and their constants."""
    here = Path(__file__).parent
    files = sorted([*here.glob("*.py"), *(here / "methods").glob("*.py")])
    digest = 0
    for file in files:
        source = file.read_bytes()
        if b"engine.forecasting.jit" in source or file.name in _CONSTANTS or file == Path(__file__):
            digest = zlib.crc32(source, digest)
    return digest


def cached_entry(function):
    """Compile ``function(digest)``'s inner function with a cache on disk that dies when any source changes.

    numba looks at the file of the entry point alone; the digest, a variable of the closure, is part of its key.
    """
    return njit(cache=True, fastmath=FAST_MATH, error_model="numpy")(function(source_digest()))


@kernel
def _power_of_two(x):
    """The power of two at or below the mean size of ``x``: dividing by it loses no bit."""
    size = 0.0
    for i in range(x.shape[0]):
        size += abs(x[i]) / x.shape[0]
    if size < 1e-280:
        return 1.0
    return math.ldexp(1.0, math.frexp(size)[1] - 1)


@kernel
def _average(members, one, other, target):
    """Member ``target`` becomes the mean of two members (a copy of one, when they are the same)."""
    for k in range(members.shape[1]):
        members[target, k] = 0.5 * (members[one, k] + members[other, k])


@kernel
def _put_season(forecast, indices_ahead, kind):
    for k in range(forecast.shape[0]):
        if kind == MULTIPLICATIVE:
            forecast[k] *= indices_ahead[k]
        elif kind == ADDITIVE:
            forecast[k] += indices_ahead[k]


@kernel
def _smooth_members(level, season, horizon, members, facts):
    """Members that work on the deseasonalised history; ``facts`` gets (SES alpha, theta v, SES error, damped error)."""
    alpha, v, error = theta_forecasts(level, horizon, members[THETA_OPTIMAL], members[THETA])
    facts[0] = alpha
    facts[1] = v
    facts[2] = error
    facts[3] = damped_forecast(level, horizon, members[DAMPED])
    if not aggregated_forecast(level, horizon, members[AGGREGATED]):
        _average(members, THETA, DAMPED, AGGREGATED)
    complex_forecast(level, horizon, season, members[COMPLEX])
    members[YEAR_MEAN] = level[level.shape[0] - min(season, level.shape[0]) :].mean()


@kernel
def _log_members(level, season, horizon, members):
    """Theta, damped, aggregated and complex on centred logarithms; on centred values when not all are above zero."""
    positive = level.min() > 0
    worked = np.log(level) if positive else level.copy()
    centre = worked.mean()
    worked -= centre
    complex_forecast(worked, horizon, season, members[COMPLEX_LOG])
    if not positive:
        for k in range(horizon):
            members[COMPLEX_LOG, k] += centre
        _average(members, THETA, THETA, THETA_LOG)
        _average(members, DAMPED, DAMPED, DAMPED_LOG)
        _average(members, AGGREGATED, AGGREGATED, AGGREGATED_LOG)
        return
    theta_forecasts(worked, horizon, np.empty(horizon), members[THETA_LOG])
    damped_forecast(worked, horizon, members[DAMPED_LOG])
    if not aggregated_forecast(worked, horizon, members[AGGREGATED_LOG]):
        _average(members, THETA_LOG, DAMPED_LOG, AGGREGATED_LOG)
    for m in (THETA_LOG, DAMPED_LOG, AGGREGATED_LOG, COMPLEX_LOG):
        for k in range(horizon):
            members[m, k] = np.exp(min(members[m, k] + centre, LARGEST_EXPONENT))


@kernel
def _winters_members(clean, indices, kind, horizon, members):
    """Both Holt-Winters on the seasonal history; returns the smaller error. Additive only when not all positive."""
    start = indices.copy()
    if kind == MULTIPLICATIVE:
        start = (indices - 1.0) * clean.mean()
    error = winters_forecast(clean, start, False, horizon, members[WINTERS_ADDITIVE])
    if kind == MULTIPLICATIVE:
        return min(error, winters_forecast(clean, indices, True, horizon, members[WINTERS_MULTIPLICATIVE]))
    _average(members, WINTERS_ADDITIVE, WINTERS_ADDITIVE, WINTERS_MULTIPLICATIVE)
    return error


@kernel
def _bound_members(clean, indices_ahead, kind, members):
    """Members stay within three times the history (from zero when it never was below) and are finite."""
    top = LARGEST_MULTIPLE * np.abs(clean).max()
    bottom = 0.0 if clean.min() >= 0 else -top
    for k in range(members.shape[1]):
        safe = members[YEAR_MEAN, k]
        for m in range(MEMBER_COUNT):
            value = members[m, k]
            if not np.isfinite(value):
                value = safe
            members[m, k] = min(max(value, bottom), top)


@kernel
def forecast_history(raw, trusted, season, horizon, members, features, indices_ahead, clean, flags):
    """All outputs for one history of mean size near 1; see :func:`run_batch` for the shapes."""
    n = raw.shape[0]
    cleanse(raw, season, trusted, clean, flags)
    indices = np.empty(season)
    kind, statistic = seasonal_indices(clean, season, indices)
    level = clean.copy()
    for i in range(n):
        if kind == MULTIPLICATIVE:
            level[i] /= indices[i % season]
        elif kind == ADDITIVE:
            level[i] -= indices[i % season]
    for k in range(horizon):
        indices_ahead[k] = indices[(n + k) % season]
    facts = np.empty(4)
    _smooth_members(level, season, horizon, members, facts)
    _log_members(level, season, horizon, members)
    year_level = members[YEAR_MEAN, 0]
    for m in range(MEMBER_COUNT):
        _put_season(members[m], indices_ahead, kind)
    if kind == NONE:
        _average(members, DAMPED, DAMPED, WINTERS_ADDITIVE)
        _average(members, DAMPED, DAMPED, WINTERS_MULTIPLICATIVE)
        winters_error = facts[3]
    else:
        winters_error = _winters_members(clean, indices, kind, horizon, members)
    seasonal_naive(clean, season, year_level, horizon, members[SEASONAL_NAIVE], members[SEASONAL_NAIVE_GROWTH])
    _bound_members(clean, indices_ahead, kind, members)
    ft.describe_history(raw, clean, level, season, indices, kind, features)
    features[ft.GROWTH] = yearly_growth(clean, season) / features[ft.LEVEL]
    features[ft.SEASONALITY] = statistic
    features[ft.ALPHA] = facts[0]
    features[ft.THETA_SLOPE] = facts[1]
    features[ft.SEASON_GAIN] = np.sqrt(winters_error / (facts[2] + 1e-12))


def _build_run_batch(digest):
    def run_batch(
        flat, trusted, starts, lengths, season, horizon, keep_history,
        members, features, indices_ahead, clean, flags,
    ):  # fmt: skip
        """Run the kernel over ``flat[starts[i] : starts[i] + lengths[i]]`` for every i.

        flat [N] float64, trusted [N] bool; starts, lengths [n] int64: a shorter length is an earlier origin.
        Fills members [n, 14, h], features [n, 20], indices_ahead [n, h] and, with ``keep_history``, clean [N] and
        flags [N]. Histories of fewer than three points are left as they are. Returns the number done.
        """
        if digest < 0:
            return 0
        done = 0
        for i in range(starts.shape[0]):
            n = lengths[i]
            if n < FEWEST_POINTS:
                continue
            given = flat[starts[i] : starts[i] + n]
            unit = _power_of_two(given)
            raw = given / unit
            cleansed = np.empty(n)
            marks = np.empty(n, np.uint8)
            forecast_history(
                raw, trusted[starts[i] : starts[i] + n], season, horizon,
                members[i], features[i], indices_ahead[i], cleansed, marks,
            )  # fmt: skip
            members[i] *= unit
            features[i, ft.LEVEL] *= unit
            features[i, ft.MASE_SCALE] *= unit
            if features[i, ft.KIND] == ADDITIVE:
                indices_ahead[i] *= unit
            if keep_history:
                for t in range(n):
                    clean[starts[i] + t] = cleansed[t] * unit
                    flags[starts[i] + t] = marks[t]
            done += 1
        return done

    return run_batch


run_batch = cached_entry(_build_run_batch)
