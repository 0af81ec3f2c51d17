"""Simple members: same month last year, the same with damped growth, and the mean of the last year."""

from engine.forecasting.jit import kernel

GROWTH_SHARE = 0.7  # of last year's growth is expected to come again
SECOND_YEAR = 1.6  # times that share in the second year and after
LARGEST_GROWTH = 0.3  # of the level


@kernel
def yearly_growth(y, season):
    """Mean of the last season less the mean of the one before; 0 without two seasons."""
    n = y.shape[0]
    if n < 2 * season:
        return 0.0
    return y[n - season :].mean() - y[n - 2 * season : n - season].mean()


@kernel
def seasonal_naive(y, season, level, horizon, plain, growing):
    """``plain``: the value one season before; ``growing``: plus damped growth, capped by the level."""
    n = y.shape[0]
    cap = LARGEST_GROWTH * abs(level)
    growth = GROWTH_SHARE * min(max(yearly_growth(y, season), -cap), cap)
    for k in range(horizon):
        plain[k] = y[n - season + k % season] if n >= season else y[n - 1]
        growing[k] = plain[k] + growth * (1.0 if k < season else SECOND_YEAR)
