"""Explain one series: what is trend, season and remainder, and what drives it.

For a dialog, not for the batch: statsmodels takes 10 to 500 ms a series and seconds to import, so it is imported on
first use, inside the task.

Source: Cleveland et al., *J. Official Statistics* 6 (1990) 3–73 (STL); Wang, Smith & Hyndman, *DMKD* 13 (2006)
335–364 (strength); Newey & West, *Econometrica* 55 (1987) 703–708; Ljung & Box, *Biometrika* 65 (1978) 297–303.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

FEWEST_SEASONS = 2
MOVING_SEASONS = 6  # from which the season may change over the years
SPARE_POINTS = 6  # points beyond the number of coefficients for a regression


class TooShort(ValueError):
    """The history is too short for the explanation that was asked for."""


@dataclass(frozen=True)
class Decomposition:
    """history = trend + season + remainder, [T] each; strengths 0 (none) … 1 (all)."""

    trend: FloatArray
    season: FloatArray
    remainder: FloatArray
    trend_strength: float
    season_strength: float


@dataclass(frozen=True)
class Driver:
    """One regressor: effect of one unit, its standard error, p-value and 95 % interval."""

    name: str
    effect: float
    standard_error: float
    p_value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Explanation:
    """Drivers of a series. ``r_squared`` beyond trend and season; ``remaining_pattern`` p-value of Ljung and Box: small
    = the remainder still holds a pattern that no driver explains."""

    drivers: tuple[Driver, ...]
    r_squared: float
    remaining_pattern: float
    logarithmic: bool


def decompose(history: FloatArray, season: int = 12) -> Decomposition:
    """Robust STL of a history without gaps. Raises :class:`TooShort` below two seasons or for a season below two.

    Below six seasons the season is the same every year: a line through two to five points of a month would pass
    through them, and leave no remainder to look at.
    """
    history = _checked(history)
    if season < 2 or len(history) < FEWEST_SEASONS * season:
        raise TooShort(f"{len(history)} points are less than two seasons of {season}")
    from statsmodels.tsa.seasonal import STL

    shape = {} if len(history) >= MOVING_SEASONS * season else {"seasonal": 10 * len(history) + 1, "seasonal_deg": 0}
    parts = STL(history, period=season, robust=True, **shape).fit()
    trend, cycle, rest = (np.asarray(part, float) for part in (parts.trend, parts.seasonal, parts.resid))
    size = float(np.abs(history).max())
    return Decomposition(trend, cycle, rest, _strength(rest, trend, size), _strength(rest, cycle, size))


def explain_drivers(
    history: FloatArray, names: tuple[str, ...], regressors: FloatArray, season: int = 12
) -> Explanation:
    """Regress the deseasonalised, detrended history on regressors [K, T], with errors that allow autocorrelation.

    History and regressors go through the same decomposition (a linear trend and season means), so that an effect is
    not mistaken for season. Above zero throughout, the logarithm is used: an effect of 0.1 is then about 10 %.
    Raises :class:`TooShort` when points do not exceed coefficients by six, ``ValueError`` on shapes.
    """
    history = _checked(history)
    if regressors.shape != (len(names), len(history)):
        raise ValueError(f"regressors have shape {regressors.shape}; expected {(len(names), len(history))}")
    logarithmic = bool((history > 0).all())
    nuisance = _nuisance(len(history), season)
    if len(history) < nuisance.shape[1] + len(names) + SPARE_POINTS:
        raise TooShort(f"{len(history)} points are too few for {len(names)} drivers beside trend and season")
    from statsmodels.regression.linear_model import OLS
    from statsmodels.stats.diagnostic import acorr_ljungbox

    response = np.log(history) if logarithmic else history
    design = np.column_stack([regressors.T, nuisance])
    lags = max(1, int(4 * (len(history) / 100) ** (2 / 9)))
    fitted = OLS(response, design).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True})
    alone = OLS(response, nuisance).fit()
    interval = fitted.conf_int(alpha=0.05)
    drivers = tuple(
        Driver(
            name, float(fitted.params[k]), float(fitted.bse[k]), float(fitted.pvalues[k]),
            float(interval[k, 0]), float(interval[k, 1]),
        )
        for k, name in enumerate(names)
    )  # fmt: skip
    explained = 1.0 - fitted.ssr / alone.ssr if alone.ssr > 0 else 0.0
    pattern = acorr_ljungbox(fitted.resid, lags=[min(season, len(history) // 5)])["lb_pvalue"].iloc[0]
    return Explanation(drivers, float(explained), float(pattern), logarithmic)


def _checked(history: FloatArray) -> FloatArray:
    history = np.asarray(history, dtype=np.float64)
    if history.ndim != 1 or not np.isfinite(history).all():
        raise ValueError("a history is one row of finite numbers; fill its gaps first")
    return history


def _strength(remainder: FloatArray, part: FloatArray, size: float) -> float:
    """1 − Var(remainder) / Var(part + remainder), at least 0; 0 when both are rounding noise beside ``size``."""
    spread = float(np.var(part + remainder))
    return max(0.0, 1.0 - float(np.var(remainder)) / spread) if spread > (1e-9 * size) ** 2 else 0.0


def _nuisance(length: int, season: int) -> FloatArray:
    """Constant, linear trend and, from two seasons on, season dummies but one: [T, c]."""
    t = np.arange(length)
    columns = [np.ones(length), t / max(1, length)]
    if season > 1 and length >= FEWEST_SEASONS * season:
        columns += [(t % season == phase).astype(float) for phase in range(1, season)]
    return np.column_stack(columns)
