"""Theta lines and simple exponential smoothing from one pass.

With L1 the smoothed level of the data and L2 that of its own trend line, the one-step forecast of theta line θ is
``L1 + v (line − L2)`` with ``v = 1 − 1/θ``: v = 0 is simple smoothing, v = ½ the Theta of the M3 competition. The
sum of squared errors is a quadratic in v, so the best v in [0, ⅔] needs no search.

Source: Assimakopoulos & Nikolopoulos, *IJF* 16 (2000) 521–530; Hyndman & Billah, *IJF* 19 (2003) 287–290;
Fiorucci et al., *IJF* 32 (2016) 1151–1161 (optimised slope).
"""

import numpy as np

from engine.forecasting.jit import kernel

ALPHAS = np.array((0.02, 0.06, 0.11, 0.17, 0.25, 0.34, 0.44, 0.56, 0.69, 0.83, 0.96, 0.99))
REFINEMENT = np.array((0.85, 1.15))
LARGEST_SLOPE = 2.0 / 3.0  # θ ≤ 3
START_POINTS = 6


@kernel
def trend_line(y):
    """Least squares line on 0 … n−1: (intercept, slope)."""
    n = y.shape[0]
    middle = (n - 1) / 2.0
    mean = y.mean()
    if n < 2:
        return mean, 0.0
    cross = 0.0
    for i in range(n):
        cross += (i - middle) * (y[i] - mean)
    slope = cross / (n * (n * n - 1.0) / 12.0)
    return mean - slope * middle, slope


@kernel
def smooth_both(y, intercept, slope, alphas, start, level, line_level, ee, eq, qq):
    """Smooth data and trend line for all ``alphas`` side by side.

    Fills the last states ``level`` (L1) and ``line_level`` (L2) and the sums over i ≥ 1 of e², e·q and q² with
    e = y − L1 and q = line − L2. ``start`` holds the first L1 and L2.
    """
    sets = alphas.shape[0]
    level[:] = start[0]
    line_level[:] = start[1]
    ee[:] = 0.0
    eq[:] = 0.0
    qq[:] = 0.0
    for i in range(y.shape[0]):
        value = y[i]
        line = intercept + slope * i
        counts = 1.0 if i > 0 else 0.0
        for p in range(sets):
            e = value - level[p]
            q = line - line_level[p]
            ee[p] += counts * e * e
            eq[p] += counts * e * q
            qq[p] += counts * q * q
            level[p] += alphas[p] * e
            line_level[p] += alphas[p] * q


@kernel
def _best_sets(alphas, level, line_level, ee, eq, qq, best):
    """Keep the best optimal, classic (v = ½) and simple (v = 0) fits in rows 0, 1, 2 of ``best``.

    Columns: squared error, alpha, v, L1, L2.
    """
    for p in range(alphas.shape[0]):
        v = eq[p] / qq[p] if qq[p] > 1e-12 else 0.0
        v = min(max(v, 0.0), LARGEST_SLOPE)
        for row in range(3):
            slope = v if row == 0 else (0.5 if row == 1 else 0.0)
            error = ee[p] - 2 * slope * eq[p] + slope * slope * qq[p]
            if error < best[row, 0]:
                best[row, 0] = error
                best[row, 1] = alphas[p]
                best[row, 2] = slope
                best[row, 3] = level[p]
                best[row, 4] = line_level[p]


@kernel
def theta_forecasts(y, horizon, optimal, classic):
    """Forecasts of the optimal and the classic theta line; returns (SES alpha, optimal v, SES mean squared error).

    Two rounds: the grid of twelve, then 0.85 and 1.15 times each winner.
    """
    n = y.shape[0]
    intercept, slope = trend_line(y)
    first = min(START_POINTS, n)
    start = np.array((y[:first].mean(), intercept + slope * (first - 1) / 2.0))
    best = np.full((3, 5), np.inf)
    # Safe should every error be NaN; overwritten by the first set otherwise.
    best[:, 1:3] = 0.0
    best[:, 3] = start[0]
    best[:, 4] = start[1]
    state = np.empty((5, ALPHAS.shape[0]))
    for trial in range(2):
        if trial == 0:
            alphas = ALPHAS.copy()
        else:
            alphas = np.empty(8)
            between = 0.5 * (best[0, 1] + best[1, 1])
            for k in range(4):
                centre = best[k, 1] if k < 3 else between
                alphas[2 * k] = centre * REFINEMENT[0]
                alphas[2 * k + 1] = min(0.99, centre * REFINEMENT[1])
        sets = alphas.shape[0]
        level, line_level, ee, eq, qq = (
            state[0, :sets],
            state[1, :sets],
            state[2, :sets],
            state[3, :sets],
            state[4, :sets],
        )
        smooth_both(y, intercept, slope, alphas, start, level, line_level, ee, eq, qq)
        _best_sets(alphas, level, line_level, ee, eq, qq, best)
    for k in range(horizon):
        line = intercept + slope * (n + k)
        optimal[k] = best[0, 3] + best[0, 2] * (line - best[0, 4])
        classic[k] = best[1, 3] + best[1, 2] * (line - best[1, 4])
    return best[2, 1], best[0, 2], best[2, 0] / max(1, n - 1)
