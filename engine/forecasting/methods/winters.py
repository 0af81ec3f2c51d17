"""Holt-Winters with no or a damped trend, additive and multiplicative, in error-correction form.

With u = φb and expected level v = l + u, additive: e = y − v − s, l' = v + αe, b' = u + βe, s' = s + γe;
multiplicative: e = y − v·s, l' = v + αe/s, b' = u + βe/s, s' = s + γe/v.

Source: Winters, *Management Science* 6 (1960) 324–342; Hyndman et al., *Forecasting with Exponential Smoothing*
(2008) ch. 2.
"""

import numpy as np

from engine.forecasting.jit import kernel

GRID = np.array(
    [
        (alpha, share * (1 - alpha), alpha * trend_share, phi)
        for alpha in (0.06, 0.18, 0.35, 0.55, 0.8)
        for share in (0.02, 0.1, 0.25)
        for trend_share, phi in ((0.0, 0.0), (0.06, 0.96), (0.2, 0.9))
    ]
).T.copy()
SMALLEST_LEVEL = 1e-9
SMALLEST_INDEX = 0.02


@kernel
def start_states(y, season, phi, level, trend):
    """Level of the first season; sets with a trend start with the growth from the first to the second season."""
    n = y.shape[0]
    first = y[: min(n, season)].mean()
    slope = (y[season : 2 * season].mean() - first) / season if n >= 2 * season else 0.0
    for p in range(phi.shape[0]):
        damped = phi[p] > 0.0
        trend[p] = slope if damped else 0.0
        level[p] = first - slope * (season - 1) / 2.0 - slope if damped else first


@kernel
def winters_states(y, multiplicative, alpha, gamma, beta, phi, level, trend, indices, error):
    """Run all parameter sets side by side. ``indices`` [season, sets] holds start indices and is updated.

    The squared error counts from half a season on, when the start no longer shows.
    """
    sets = alpha.shape[0]
    season = indices.shape[0]
    error[:] = 0.0
    for i in range(y.shape[0]):
        value = y[i]
        index = indices[i % season]
        counts = 1.0 if i >= season // 2 else 0.0
        if multiplicative:
            for p in range(sets):
                growth = phi[p] * trend[p]
                expected = max(level[p] + growth, SMALLEST_LEVEL)
                e = value - expected * index[p]
                error[p] += counts * e * e
                relative = e / index[p]
                index[p] = max(index[p] + gamma[p] * e / expected, SMALLEST_INDEX)
                level[p] = expected + alpha[p] * relative
                trend[p] = growth + beta[p] * relative
        else:
            for p in range(sets):
                growth = phi[p] * trend[p]
                expected = level[p] + growth
                e = value - expected - index[p]
                error[p] += counts * e * e
                index[p] += gamma[p] * e
                level[p] = expected + alpha[p] * e
                trend[p] = growth + beta[p] * e


@kernel
def winters_forecast(y, start_indices, multiplicative, horizon, out):
    """Forecast of the best set of the grid; returns its mean squared error."""
    n = y.shape[0]
    season = start_indices.shape[0]
    sets = GRID.shape[1]
    level = np.empty(sets)
    trend = np.empty(sets)
    error = np.empty(sets)
    indices = np.empty((season, sets))
    for phase in range(season):
        indices[phase, :] = start_indices[phase]
    start_states(y, season, GRID[3], level, trend)
    winters_states(y, multiplicative, GRID[0], GRID[1], GRID[2], GRID[3], level, trend, indices, error)
    best = 0
    for p in range(sets):
        if error[p] < error[best]:
            best = p
    reach = 0.0
    power = 1.0
    for k in range(horizon):
        power *= GRID[3, best]
        reach += power
        expected = level[best] + reach * trend[best]
        index = indices[(n + k) % season, best]
        out[k] = expected * index if multiplicative else expected + index
    return error[best] / max(1, n - season // 2)
