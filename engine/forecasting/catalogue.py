"""The methods by name: one row each, in the order of the member axis.

Labels are plain English; the rooms above translate them. Equations and sources: ``docs/maths/forecasting.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Method:
    """``kind`` member: one of the fourteen; combination: made of members; route: for series that have none."""

    code: str
    label: str
    kind: Literal["member", "combination", "route"]
    seasonal: bool
    trend: bool


MEMBERS: tuple[Method, ...] = (
    Method("theta", "Theta", "member", True, True),
    Method("theta_log", "Theta on logarithms", "member", True, True),
    Method("damped", "Damped trend", "member", True, True),
    Method("damped_log", "Damped trend on logarithms", "member", True, True),
    Method("aggregated", "Temporal aggregation", "member", True, True),
    Method("aggregated_log", "Temporal aggregation on logarithms", "member", True, True),
    Method("complex", "Complex smoothing", "member", True, True),
    Method("complex_log", "Complex smoothing on centred logarithms", "member", True, False),
    Method("winters_additive", "Holt-Winters additive", "member", True, True),
    Method("winters_multiplicative", "Holt-Winters multiplicative", "member", True, True),
    Method("seasonal_naive", "Same month last year", "member", True, False),
    Method("seasonal_naive_growth", "Same month last year with damped growth", "member", True, True),
    Method("year_mean", "Mean of the last year", "member", True, False),
    Method("theta_optimal", "Theta with its own slope", "member", True, True),
)

# Member numbers, as the compiled kernel uses them.
THETA, THETA_LOG, DAMPED, DAMPED_LOG, AGGREGATED, AGGREGATED_LOG, COMPLEX, COMPLEX_LOG = range(8)
WINTERS_ADDITIVE, WINTERS_MULTIPLICATIVE, SEASONAL_NAIVE, SEASONAL_NAIVE_GROWTH, YEAR_MEAN, THETA_OPTIMAL = range(8, 14)
MEMBER_COUNT = len(MEMBERS)

# The plain combination leaves out the two seasonal naives: they err most. Learnt weights may lean on them.
BASE_MEMBERS: tuple[int, ...] = tuple(
    m for m in range(MEMBER_COUNT) if m not in (SEASONAL_NAIVE, SEASONAL_NAIVE_GROWTH)
)

# A history below two seasons is mixed from fewer: those that say something without a season of its own and without
# believing a trend. Measured on long histories cut short.
SHORT_MEMBERS: tuple[int, ...] = (THETA, THETA_LOG, AGGREGATED_LOG, COMPLEX_LOG, SEASONAL_NAIVE, YEAR_MEAN)

METHODS: tuple[Method, ...] = (
    *MEMBERS,
    Method("combination", "Combination of members", "combination", True, True),
    Method("combination_residual", "Combination with learnt correction", "combination", True, True),
    Method("short_history", "Combination without seasonality", "combination", False, True),
    Method("run_rate", "Run rate of a new product", "route", False, False),
    Method("analogue", "Launch curve of analogues", "route", False, True),
    Method("intermittent", "Intermittent demand mix", "route", False, False),
    Method("no_demand", "No demand expected", "route", False, False),
)

_BY_CODE = {method.code: method for method in METHODS}


def get_method(code: str) -> Method:
    """The row of ``code``; raises ``KeyError`` for an unknown one."""
    return _BY_CODE[code]
