"""How far beyond the demand capacity and core materials are prepared: the newsvendor's answer (R-055).

One unit more that nobody asks for costs ``spare``: labour without work, or a core material held a month longer. One
unit that somebody asks for in vain costs ``short``: its margin and what the shortage costs beside. Preparing pays up
to the quantile of demand at the critical ratio short / (short + spare).

Source: Arrow, Harris & Marschak, *Econometrica* 19 (1951) 250–272; Silver, Pyke & Thomas, *Inventory and Production
Management in Supply Chains*, 4th ed. (2017), section 9.2.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

HIGHEST_RATIO = 0.99  # beyond it a back-test has too few months to say anything
_REACH = NormalDist().inv_cdf
_REACH_80, _REACH_95 = _REACH(0.9), _REACH(0.975)  # upper edges of an 80 % and a 95 % band, in standard deviations


def critical_ratio(short: ArrayLike, spare: ArrayLike) -> Floats:
    """Probability up to which one unit more pays, [n] in 0 … 0.99.

    Parameters
    ----------
    short, spare : array_like [n]
        Money per unit asked for in vain, and per unit prepared in vain. NaN where a cost is unknown; a spare unit that
        costs nothing says no more than an unknown one.

    Returns
    -------
    float64 [n], NaN where a cost is unknown. 0 where a sale earns nothing: nothing is prepared beyond the demand.

    Examples
    --------
    A lost unit costs 300, labour without work 100: prepared for three months in four.

    >>> critical_ratio([300.0, -20.0, 300.0], [100.0, 100.0, 0.0]).tolist()
    [0.75, 0.0, nan]
    """
    lost, left = np.asarray(short, dtype=float), np.asarray(spare, dtype=float)
    lost, left = np.maximum(lost, 0.0), np.where(left > 0, left, np.nan)
    return np.minimum(lost / (lost + left), HIGHEST_RATIO)


def units_above(ratio: ArrayLike, width_80: ArrayLike, width_95: ArrayLike) -> Floats:
    """Units above the forecast that the actual stays within with probability ``ratio``, [n, T] ≥ 0.

    Parameters
    ----------
    ratio : array_like [n]
        Critical ratios; NaN gives NaN.
    width_80, width_95 : array_like [n, T]
        From the forecast to the upper edge of its 80 % and 95 % band: 90 and 97.5 of 100 months stay below. Between
        the forecast and both edges the quantile is read off along the normal one, beyond them it grows with it.

    Notes
    -----
    A ratio of a half or less prepares nothing beyond the demand.

    Examples
    --------
    Half way, in standard deviations, to an edge that lies 128 units above the forecast:

    >>> float(units_above([0.7391686], [[128.0]], [[200.0]])[0, 0].round(3))
    64.0
    """
    reach = np.array([np.nan if np.isnan(r) else max(0.0, _REACH(r)) if r > 0 else 0.0 for r in np.asarray(ratio)])
    near = np.asarray(width_80, dtype=float)
    far = np.maximum(near, np.asarray(width_95, dtype=float))
    inner = near * (reach / _REACH_80)[:, None]
    outer = near + (far - near) * ((reach - _REACH_80) / (_REACH_95 - _REACH_80))[:, None]
    beyond = far * (reach / _REACH_95)[:, None]
    at = reach[:, None]
    return np.asarray(np.where(at <= _REACH_80, inner, np.where(at <= _REACH_95, outer, beyond)))
