"""Regressors and their effects as plain arrays; :mod:`engine.forecasting.events` learns them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.forecasting.contracts import FloatArray

LARGEST_EFFECT = 3.0  # on the logarithm: twenty times


@dataclass(frozen=True)
class Regressors:
    """Known quantities, one column a period of history and then of the horizon.

    ``values`` is [K, n, T + h], or [K, 1, T + h] when all series share them; no NaN. Write a promotion as the share
    of the period it covers, a price or a number of working days as a logarithm. ``signs`` are those an effect may
    have: 1, −1, or 0 for both; without them both are allowed.
    """

    names: tuple[str, ...]
    values: FloatArray
    signs: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.values.ndim != 3 or len(self.names) != len(self.values):
            raise ValueError(f"{len(self.names)} names do not fit regressors of shape {self.values.shape}")
        if not np.isfinite(self.values).all():
            raise ValueError("regressors must be finite")
        if self.signs and len(self.signs) != len(self.names):
            raise ValueError(f"{len(self.signs)} signs do not fit {len(self.names)} regressors")

    def allow(self, coefficients: FloatArray) -> FloatArray:
        """Coefficients [..., K] with those of a forbidden sign at zero."""
        signs = np.array(self.signs or (0,) * len(self.names))
        return np.where(coefficients * signs < 0, 0.0, coefficients)


@dataclass(frozen=True)
class Effects:
    """What was kept.

    Attributes
    ----------
    names : K regressors.
    coefficients : [n, K] effect on the logarithm of one unit; 0 where not kept.
    kept : [n, K]
    gain : [n, K] share of the back-test error the regressor saved when it was tried; NaN where it was not.
    judged : [n, K] it was at work in months that a back-test has forecast, so the history says something about it.
    history, ahead : [n, T], [n, h] multipliers of all kept effects together.
    """

    names: tuple[str, ...]
    coefficients: FloatArray
    kept: NDArray[np.bool_]
    gain: FloatArray
    judged: NDArray[np.bool_]
    history: FloatArray
    ahead: FloatArray


@dataclass(frozen=True)
class EffectModel:
    """What groups of series have in common; learnt once, on all series or a sample, and applied to any part of them.

    Attributes
    ----------
    groups : [G] group numbers, ascending. A series of another group goes by the last row of the tables below.
    pooled : [C + 1, G + 1, K] effect on the logarithm learnt before each back-test origin, and before the end.
    gain : [G + 1, K] median share of the back-test error that a regressor saved; NaN where it never varied.
    """

    groups: NDArray[np.int64]
    pooled: FloatArray
    gain: FloatArray

    def rows_of(self, groups: NDArray[np.int64]) -> NDArray[np.int64]:
        """Table row of each series' group."""
        places = np.searchsorted(self.groups, groups)
        inside = np.minimum(places, max(len(self.groups) - 1, 0))
        known = self.groups[inside] == groups if len(self.groups) else np.zeros(len(groups), bool)
        return np.where(known, inside, len(self.groups))
