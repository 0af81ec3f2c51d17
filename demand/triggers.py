"""Whether a measured figure bears an assumption out: at least or at most a threshold, with room for a near miss."""

from __future__ import annotations

from core.formats import number
from demand.choices import AssumptionState, TriggerKind

NEAR_MISS = 0.05  # of the threshold: at risk rather than broken

_AT_LEAST = (TriggerKind.SHARE_MIN, TriggerKind.UNITS_MIN)


def judge_trigger(kind: str, threshold: float, measured: float, *, is_over: bool = False) -> AssumptionState:
    """The state that follows from a measurement.

    Met: it holds, or is confirmed when the last month it speaks about has closed (``is_over``). Missed by no more than
    5 % of the threshold: at risk. Missed by more, or missed at all in the last month: broken.

    >>> judge_trigger("share_min", 95, 96), judge_trigger("share_min", 95, 92), judge_trigger("share_min", 95, 80)
    (AssumptionState.ACTIVE, AssumptionState.AT_RISK, AssumptionState.BROKEN)
    """
    missed_by = threshold - measured if kind in _AT_LEAST else measured - threshold
    if missed_by <= 0:
        return AssumptionState.CONFIRMED if is_over else AssumptionState.ACTIVE
    if missed_by <= NEAR_MISS * abs(threshold) and not is_over:
        return AssumptionState.AT_RISK
    return AssumptionState.BROKEN


def say_trigger(kind: str, threshold: float) -> str:
    """The kind's words with the threshold in them."""
    whole = float(threshold).is_integer()
    return str(TriggerKind(kind).label).replace("…", number(threshold, 0 if whole else 1))
