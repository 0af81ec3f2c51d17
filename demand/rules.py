"""How a consensus proposal comes about: declared rules, whole units, no database.

All arrays are int64 [leaves, months] in the smallest unit. A proposal is a starting point that people override
with a reason; the rule itself is stored with the company or a family, so that it can be read and argued about.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demand.choices import RuleKind

Quantities = NDArray[np.int64]

EVEN_WEIGHT = 0.5  # of the sales forecast until somebody accepts a measured weight


@dataclass(frozen=True)
class Rule:
    """A rule ready to use: ``sales_weight`` (0 … 1) is what was declared or accepted, one half until then."""

    kind: str = RuleKind.BASELINE
    sales_weight: float = EVEN_WEIGHT
    add_activities: bool = True
    at_least_orders: bool = True


@dataclass(frozen=True)
class Voices:
    """What each source says. ``*_given`` masks where a department said something; elsewhere it was silent."""

    baseline: Quantities
    activities: Quantities
    sales: Quantities
    sales_given: NDArray[np.bool_]
    product: Quantities
    product_given: NDArray[np.bool_]
    orders: Quantities
    channel: Quantities
    carried: Quantities


def propose(rule: Rule, voices: Voices) -> Quantities:
    """The proposal of one rule.

    1. The expected sales: the statistical baseline, or the launch volume where product management gave one, and what
       the family's rule kept of the last month's forecast.
    2. Market activities come on top of it. The sales forecast already has them in it.
    3. The rule's kind joins expected sales and sales forecast.
    4. Never below what is ordered. A dealer's order and the customer's order behind it are the same car, so the
       larger of both counts, not their sum.
    """
    expected = np.where(voices.product_given, voices.product, voices.baseline) + voices.carried
    if rule.add_activities:
        expected = expected + voices.activities
    proposal = _join(rule, expected, voices)
    if rule.at_least_orders:
        proposal = np.maximum(proposal, np.maximum(voices.orders, voices.channel))
    return np.maximum(proposal, 0)


def _join(rule: Rule, expected: Quantities, voices: Voices) -> Quantities:
    if rule.kind == RuleKind.BASELINE:
        return expected
    if rule.kind == RuleKind.SALES:
        return np.where(voices.sales_given, voices.sales, expected)
    weight = rule.sales_weight
    mean = np.rint(weight * voices.sales + (1 - weight) * expected).astype(np.int64)
    return np.where(voices.sales_given, mean, expected)


def weight_by_accuracy(sales_error: float | None, baseline_error: float | None) -> float:
    """The sales forecast's weight from both errors (WMAPE): the more accurate voice weighs more.

    Weights are inverse to the error (Bates and Granger 1969 without the covariance). Unmeasured: one half each.
    """
    if sales_error is None or baseline_error is None:
        return EVEN_WEIGHT
    total = sales_error + baseline_error
    return baseline_error / total if total > 0 else EVEN_WEIGHT


def is_outside_band(value: int, low: int, high: int) -> bool:
    """Outside the 80 % band of the baseline: allowed, but the planner is told and asked why."""
    return value < low or value > high


def is_too_small_to_matter(value: int, proposal: int, low: int, high: int) -> bool:
    """A change of less than a tenth of the band's half width drowns in the noise of the forecast."""
    return value != proposal and abs(value - proposal) * 20 < high - low
