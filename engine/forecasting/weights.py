"""Learnt member weights: non-negative least squares on the back-test, one set for each block of horizons.

The plain combination B₀ is the mean of a mix's base members. Weights q ≥ 0 with Σq ≤ 1 move it towards members that
did better: B = B₀ + Σ q_k (f_k − B₀). Absolute errors are minimised by iterated re-weighting.

Source: Lawson & Hanson, *Solving Least Squares Problems* (1974) ch. 23; Schlossmacher, *JASA* 68 (1973) 857–859.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from engine.forecasting import features as ft
from engine.forecasting.backtest import FloatArray, Window
from engine.forecasting.catalogue import BASE_MEMBERS, MEMBER_COUNT, SHORT_MEMBERS

BLOCKS = ((0, 3), (3, 9), (9, 1 << 30))
ROUNDS = 6
SMALLEST_ERROR = 0.02  # of the level, in the re-weighting
ERROR_CLIP = 2.0
LARGEST_ROW_WEIGHT = 30.0
FEWEST_ROWS = 300
# Usual sMAPE and MASE of the Naive2 forecast: both halves of the loss then count about the same.
NAIVE_SMAPE, NAIVE_MASE = 16.9, 1.04


@dataclass(frozen=True)
class Mix:
    """Which members make up a forecast.

    ``base``: their mean is the plain combination; ``allowed``: those that learnt weights may lean on; ``ridge``: what
    holds the weights back, as a share of the mean diagonal.
    """

    base: tuple[int, ...]
    allowed: tuple[int, ...]
    ridge: float


REGULAR = Mix(BASE_MEMBERS, tuple(range(MEMBER_COUNT)), 0.3)
SHORT = Mix(SHORT_MEMBERS, SHORT_MEMBERS, 1.4)  # the back-test of a young company knows few months


def loss_weight(features: FloatArray) -> FloatArray:
    """Cost of one unit of absolute error [k]: half relative to the level, half to the MASE scale (OWA as a loss)."""
    return 0.5 * (100 / NAIVE_SMAPE) / features[:, ft.LEVEL] + 0.5 / (NAIVE_MASE * features[:, ft.MASE_SCALE])


def row_weight(features: FloatArray, unit: FloatArray) -> FloatArray:
    """:func:`loss_weight` of an error measured in ``unit`` [k], bounded."""
    return np.minimum(loss_weight(features) * unit, LARGEST_ROW_WEIGHT)


def plain_weights(horizon: int, mix: Mix = REGULAR) -> FloatArray:
    """Equal weights of the base members, [h, M]."""
    weights = np.zeros((horizon, MEMBER_COUNT))
    weights[:, mix.base] = 1.0 / len(mix.base)
    return weights


def learn_weights(windows: list[Window], horizon: int, mix: Mix = REGULAR) -> FloatArray:
    """Weights [h, M] that sum to one; plain ones where a block has too little to learn from."""
    weights = plain_weights(horizon, mix)
    plain = weights[0].copy()
    pull = np.zeros(MEMBER_COUNT)
    for first, last in BLOCKS:
        if first >= horizon:
            break
        rows = _block_rows(windows, first, last, mix)
        if rows is not None:
            pull[list(mix.allowed)] = _solve(*rows, mix.ridge)
        weights[first:last] = (1.0 - pull.sum()) * plain + pull
    return weights


def combine(members: FloatArray, weights: FloatArray) -> FloatArray:
    """Σ_m weights[h, m] · members[n, m, h], summed in member order so that no bit depends on n."""
    total = np.zeros((members.shape[0], members.shape[2]))
    for m in range(members.shape[1]):
        total += members[:, m] * weights[: members.shape[2], m]
    return total


def _block_rows(
    windows: list[Window], first: int, last: int, mix: Mix
) -> tuple[FloatArray, FloatArray, FloatArray] | None:
    """(allowed members' deviations from B₀, error of B₀, row weight) of one block, in units of the level."""
    deviations, errors, row_weights = [], [], []
    for window in windows:
        end = min(last, window.actual.shape[1])
        if end <= first or not len(window.rows):
            continue
        members = window.outlook.members[:, :, first:end]
        level = window.outlook.features[:, ft.LEVEL]
        base = members[:, mix.base].mean(axis=1)
        gap = (members[:, mix.allowed] - base[:, None]) / level[:, None, None]
        deviations.append(gap.transpose(0, 2, 1).reshape(-1, len(mix.allowed)))
        errors.append(((window.actual[:, first:end] - base) / level[:, None]).ravel())
        row_weights.append(np.repeat(row_weight(window.outlook.features, level), end - first))
    if sum(map(len, errors)) < FEWEST_ROWS:
        return None
    return np.vstack(deviations), np.clip(np.concatenate(errors), -ERROR_CLIP, ERROR_CLIP), np.concatenate(row_weights)


def _solve(deviations: FloatArray, errors: FloatArray, row_weights: FloatArray, ridge: float) -> NDArray[np.float64]:
    count = deviations.shape[1]
    pull = np.zeros(count)
    for _ in range(ROUNDS):
        weight = row_weights / np.maximum(np.abs(errors - deviations @ pull), SMALLEST_ERROR)
        weighted = deviations * weight[:, None]
        gram = weighted.T @ deviations
        gram[np.diag_indices(count)] += ridge * np.trace(gram) / count + 1e-12
        root = np.linalg.cholesky(gram)
        pull, _residual = nnls(root.T, np.linalg.solve(root, weighted.T @ errors))
        pull /= max(1.0, pull.sum())
    # Sums of a linear algebra library differ in the last bit with memory alignment; rounding makes runs equal.
    return np.round(pull, 6)
