"""Temporal aggregation: forecast means of 3 and 6 periods, where the noise is smaller, and read off the months.

Source: Kourentzes, Petropoulos & Trapero, *IJF* 30 (2014) 291–302 (MAPA), reduced to two levels.
"""

import numpy as np

from engine.forecasting.jit import kernel
from engine.forecasting.methods.damped import damped_forecast
from engine.forecasting.methods.theta import theta_forecasts

BLOCKS = (3, 6)
FEWEST_BLOCKS = 6


@kernel
def block_means(y, size):
    """Means of whole blocks counted from the end."""
    n = y.shape[0]
    count = n // size
    first = n - count * size
    means = np.empty(count)
    for b in range(count):
        means[b] = y[first + b * size : first + (b + 1) * size].mean()
    return means


@kernel
def between_centres(blocks, size, horizon, out):
    """Add to ``out`` the line through the block centres, flat before the first and after the last."""
    last = blocks.shape[0] - 1
    for k in range(horizon):
        position = (k - (size - 1) / 2.0) / size
        if position <= 0:
            out[k] += blocks[0]
        elif position >= last:
            out[k] += blocks[last]
        else:
            b = int(position)
            out[k] += blocks[b] + (position - b) * (blocks[b + 1] - blocks[b])


@kernel
def aggregated_forecast(y, horizon, out):
    """Mean over the block sizes of the mean of classic theta and damped trend.

    Returns False, and leaves zeros, when not even six blocks of three are there.
    """
    out[:] = 0.0
    used = 0
    for size in BLOCKS:
        if y.shape[0] // size < FEWEST_BLOCKS:
            continue
        means = block_means(y, size)
        ahead = horizon // size + 2  # one beyond, so that no month depends on the horizon asked for
        optimal = np.empty(ahead)
        classic = np.empty(ahead)
        damped = np.empty(ahead)
        theta_forecasts(means, ahead, optimal, classic)
        damped_forecast(means, ahead, damped)
        between_centres(0.5 * (classic + damped), size, horizon, out)
        used += 1
    if used > 1:
        out /= used
    return used > 0
