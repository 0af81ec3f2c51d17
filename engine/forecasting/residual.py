"""Residual model: gradient-boosted trees correct what the combination gets wrong in a recognisable way.

One row is a series, origin and month ahead. Two models learn the error of the combination in units of the level and
of the MASE scale; seven tenths of their mean are added. Harmful on short histories, hence :func:`is_worthwhile`.

Source: Ke et al., *LightGBM*, NeurIPS 2017; the design is our own. LightGBM is imported on first use, because its
wheel needs the system's libgomp.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from engine.forecasting import features as ft
from engine.forecasting.backtest import FloatArray, Outlook, Window
from engine.forecasting.catalogue import MEMBER_COUNT
from engine.forecasting.seasonality import ADDITIVE
from engine.forecasting.weights import combine, row_weight

SHARE = 0.7  # of the predicted correction
TARGETS = ((ft.LEVEL, 2.0), (ft.MASE_SCALE, 6.0))  # unit of the error and its clip
WORTHWHILE_WINDOWS = 1.5  # full-season windows a series
WORTHWHILE_SEASONS, WORTHWHILE_POINTS = 4.5, 54  # median length
WORTHWHILE_SERIES = 20  # with fewer, trees learn the noise of a handful of histories

_COMMON = {
    "objective": "l1", "feature_fraction": 0.5, "bagging_fraction": 0.6, "bagging_freq": 1, "lambda_l2": 5,
    "max_bin": 63, "extra_trees": True, "num_threads": 1, "seed": 1, "deterministic": True, "force_row_wise": True,
    "verbose": -1,
}  # fmt: skip


@dataclass(frozen=True)
class Effort:
    """Size of the model: boosting rounds, most training rows, tree parameters."""

    rounds: int
    rows: int
    trees: dict[str, Any]


EFFORTS = {
    "full": Effort(80, 300_000, {"learning_rate": 0.12, "num_leaves": 31, "min_data_in_leaf": 100}),
    "fast": Effort(80, 40_000, {"learning_rate": 0.1, "num_leaves": 16, "min_data_in_leaf": 50}),
}


class ResidualUnavailable(RuntimeError):
    """LightGBM, or the system library it needs, is not installed."""


def _lightgbm() -> Any:
    try:
        import lightgbm
    except (ImportError, OSError) as error:
        raise ResidualUnavailable(str(error)) from error
    return lightgbm


@dataclass(frozen=True)
class ResidualModel:
    """Trained trees as text, one for each target; text travels between workers and into the database."""

    texts: tuple[str, ...]

    @cached_property
    def _boosters(self) -> list[Any]:
        lightgbm = _lightgbm()
        return [lightgbm.Booster(model_str=text) for text in self.texts]

    def correction(self, outlook: Outlook, base: FloatArray) -> FloatArray:
        """What to add to the combination, [k, h]; nothing to a history that never moved."""
        if not len(base):
            return np.zeros_like(base)
        rows = training_rows(outlook, base)
        total = np.zeros_like(base)
        for booster, (unit, _clip) in zip(self._boosters, TARGETS, strict=True):
            predicted = booster.predict(rows, num_threads=1).reshape(base.shape)
            total += predicted * outlook.features[:, unit, None]
        total[outlook.features[:, ft.VOLATILITY] == 0] = 0.0
        return SHARE / len(TARGETS) * total


def is_worthwhile(windows: list[Window], lengths: np.ndarray, season: int) -> bool:
    """Measured: the model harms below four and a half seasons or 54 points, and with fewer than twenty series."""
    full = sum(len(window.rows) for window in windows if window.cut >= season)
    return bool(
        len(lengths) >= WORTHWHILE_SERIES
        and full >= WORTHWHILE_WINDOWS * len(lengths)
        and np.median(lengths) >= max(WORTHWHILE_SEASONS * season, WORTHWHILE_POINTS)
    )


def training_rows(outlook: Outlook, base: FloatArray) -> np.ndarray:
    """float32 [k · h, 36]: month ahead, MASE scale, features 2 … 19, seasonal index, base, members; per level."""
    k, horizon = base.shape
    features = outlook.features
    level = features[:, ft.LEVEL, None]
    described = 2 + ft.FEATURE_COUNT - 2
    rows = np.empty((k, horizon, described + 2 + MEMBER_COUNT), np.float32)
    rows[:, :, 0] = np.arange(1, horizon + 1)
    rows[:, :, 1] = features[:, ft.MASE_SCALE, None] / level
    rows[:, :, 2:described] = features[:, None, 2:]
    additive = features[:, ft.KIND, None] == ADDITIVE
    rows[:, :, described] = np.where(additive, outlook.indices / level, outlook.indices)
    rows[:, :, described + 1] = base / level
    for m in range(MEMBER_COUNT):
        rows[:, :, described + 2 + m] = (outlook.members[:, m] - base) / level
    return rows.reshape(k * horizon, -1)


def train(windows: list[Window], weights: FloatArray, effort: Effort) -> ResidualModel:
    """Fit both targets. Raises :class:`ResidualUnavailable` without LightGBM."""
    lightgbm = _lightgbm()
    rows, errors, units, costs = [], [], [], []
    for window in windows:
        base = combine(window.outlook.members, weights)
        rows.append(training_rows(window.outlook, base))
        errors.append((window.actual - base).ravel())
        each = [window.outlook.features[:, unit] for unit, _ in TARGETS]
        units.append(np.repeat(np.column_stack(each), base.shape[1], axis=0))
        weight = [row_weight(window.outlook.features, unit) for unit in each]
        costs.append(np.repeat(np.column_stack(weight), base.shape[1], axis=0))
    table, error = np.vstack(rows), np.concatenate(errors)
    unit, cost = np.vstack(units), np.vstack(costs)
    if len(error) > effort.rows:
        # The rows come in the order of the keys' hashes, so a seeded draw is the same draw every time.
        kept = np.random.default_rng(0).random(len(error)) < effort.rows / len(error)
        table, error, unit, cost = table[kept], error[kept], unit[kept], cost[kept]
    texts = []
    settings = {**_COMMON, **effort.trees}
    data = lightgbm.Dataset(table, params=settings, free_raw_data=False)  # binned once for both targets
    for column, (_unit, clip) in enumerate(TARGETS):
        data.set_label(np.clip(error / unit[:, column], -clip, clip))
        data.set_weight(cost[:, column])
        texts.append(lightgbm.train(settings, data, effort.rounds).model_to_string())
    return ResidualModel(tuple(texts))
