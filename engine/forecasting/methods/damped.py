"""Damped trend: l' = l + φb + αe, b' = φb + βe, forecast l + (φ + … + φ^k) b.

Source: Gardner & McKenzie, *Management Science* 31 (1985) 1237–1246, in error-correction form.
"""

import numpy as np

from engine.forecasting.jit import kernel

GRID = np.array(
    [
        (alpha, alpha * share, phi)
        for alpha in (0.05, 0.15, 0.28, 0.42, 0.58, 0.75, 0.93)
        for share in (0.03, 0.12, 0.35)
        for phi in (0.82, 0.92, 0.98)
    ]
).T.copy()
SLOPE_POINTS = 6


@kernel
def damped_states(y, alpha, beta, phi, level, trend, error):
    """Run all parameter sets side by side; fills the last states and the squared error over i ≥ 1.

    The states start so that the first forecast is ``y[0]``, with the mean slope of the first six steps.
    """
    n = y.shape[0]
    sets = alpha.shape[0]
    steps = min(n - 1, SLOPE_POINTS)
    slope = (y[steps] - y[0]) / steps if steps > 0 else 0.0
    for p in range(sets):
        trend[p] = slope
        level[p] = y[0] - slope
        error[p] = 0.0
    for i in range(n):
        value = y[i]
        counts = 1.0 if i > 0 else 0.0
        for p in range(sets):
            growth = phi[p] * trend[p]
            expected = level[p] + growth
            e = value - expected
            error[p] += counts * e * e
            level[p] = expected + alpha[p] * e
            trend[p] = growth + beta[p] * e


@kernel
def damped_forecast(y, horizon, out):
    """Forecast of the best set of the grid; returns its mean squared error."""
    sets = GRID.shape[1]
    level = np.empty(sets)
    trend = np.empty(sets)
    error = np.empty(sets)
    damped_states(y, GRID[0], GRID[1], GRID[2], level, trend, error)
    best = 0
    for p in range(sets):
        if error[p] < error[best]:
            best = p
    reach = 0.0
    power = 1.0
    for k in range(horizon):
        power *= GRID[2, best]
        reach += power
        out[k] = level[best] + reach * trend[best]
    return error[best] / max(1, y.shape[0] - 1)
