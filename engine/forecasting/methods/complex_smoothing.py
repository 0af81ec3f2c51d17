"""Complex exponential smoothing without season: a level and an information term turned by a complex parameter.

l' = l − (1 − a₁) c + (a₀ − a₁) e,  c' = l + (1 − a₀) c + (a₀ + a₁) e,  e = y − l.

On the centred logarithm it pulls back to the mean; the two versions err differently, which is their worth in a mix.

Source: Svetunkov, Kourentzes & Ord, *Naval Research Logistics* 69 (2022) 1108–1123.
"""

import numpy as np

from engine.forecasting.jit import kernel

GRID = np.array([(a0, a1) for a0 in (1.04, 1.15, 1.3, 1.5, 1.7, 1.9) for a1 in (0.95, 0.985, 1.0, 1.01, 1.04)]).T.copy()
AROUND = np.array(
    [(d0, d1) for d0 in (-0.06, -0.03, 0.0, 0.03, 0.06) for d1 in (-0.012, -0.006, 0.0, 0.006, 0.012)]
).T.copy()
START_INFORMATION = 1.1  # first information term over the first level


@kernel
def complex_states(y, a0, a1, start, level, information, error):
    """Run all parameter sets side by side; fills the last states and the squared error over i ≥ 1."""
    sets = a0.shape[0]
    for p in range(sets):
        level[p] = start
        information[p] = START_INFORMATION * start
        error[p] = 0.0
    for i in range(y.shape[0]):
        value = y[i]
        counts = 1.0 if i > 0 else 0.0
        for p in range(sets):
            e = value - level[p]
            error[p] += counts * e * e
            turned = level[p] - (1 - a1[p]) * information[p] + (a0[p] - a1[p]) * e
            information[p] = level[p] + (1 - a0[p]) * information[p] + (a0[p] + a1[p]) * e
            level[p] = turned


@kernel
def complex_forecast(y, horizon, start_points, out):
    """Forecast of the best set of the grid, refined once around the winner."""
    start = y[: min(y.shape[0], start_points)].mean()
    sets = max(GRID.shape[1], AROUND.shape[1])
    states = np.empty((3, sets))
    best = np.array((1.3, 1.0, start, start))  # a0, a1, level, information
    lowest = np.inf
    for trial in range(2):
        a0 = GRID[0].copy() if trial == 0 else best[0] + AROUND[0]
        a1 = GRID[1].copy() if trial == 0 else best[1] + AROUND[1]
        count = a0.shape[0]
        level, information, error = states[0, :count], states[1, :count], states[2, :count]
        complex_states(y, a0, a1, start, level, information, error)
        for p in range(count):
            if error[p] < lowest:
                lowest = error[p]
                best[0], best[1], best[2], best[3] = a0[p], a1[p], level[p], information[p]
    level_ahead, information_ahead = best[2], best[3]
    for k in range(horizon):
        out[k] = level_ahead
        turned = level_ahead - (1 - best[1]) * information_ahead
        information_ahead = level_ahead + (1 - best[0]) * information_ahead
        level_ahead = turned
