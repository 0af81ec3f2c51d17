"""Whether what was sold bears an assumption out: at least or at most a threshold, in one month or over several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core.formats import number
from demand.choices import AssumptionState, TriggerKind

NEAR_MISS = 0.05  # of the threshold: at risk rather than broken
MOST_MONTHS = 12

_AT_LEAST = (TriggerKind.SHARE_MIN, TriggerKind.UNITS_MIN)
_UNITS = (TriggerKind.UNITS_MIN, TriggerKind.UNITS_MAX)


@dataclass(frozen=True)
class Reading:
    """A closed month at an assumption's nodes, in units; ``forecast`` None where units alone are measured."""

    month: int
    sold: float
    forecast: float | None


@dataclass(frozen=True)
class Trigger:
    """What breaks an assumption: the threshold missed in ``misses`` of the last ``months`` closed months.

    ``is_sum``: the months are taken together instead: their sales against their forecast, or their mean.
    """

    kind: str
    threshold: float
    months: int = 1
    misses: int = 1
    is_sum: bool = False

    @property
    def is_count(self) -> bool:
        """Several months, each judged by itself."""
        return self.months > 1 and not self.is_sum

    def figure(self, readings: Sequence[Reading]) -> float | None:
        """The readings together in the kind's unit: per cent of the forecast, or units a month.

        >>> Trigger("share_min", 95).figure([Reading(1, 80, 100), Reading(2, 110, 100)])
        95.0
        """
        if not readings:
            return None
        sold = sum(reading.sold for reading in readings)
        if self.kind in _UNITS:
            return sold / len(readings)
        forecast = sum(reading.forecast or 0.0 for reading in readings)
        return 100 * sold / forecast if forecast else None

    def is_missed(self, reading: Reading) -> bool:
        """Whether a month by itself misses the threshold."""
        figure = self.figure([reading])
        return figure is not None and _missed_by(self.kind, self.threshold, figure) > 0

    def judge(self, readings: Sequence[Reading], *, is_over: bool = False) -> AssumptionState:
        """The state that follows from the readings, of which there is one at least.

        One month, or several together: see :func:`judge_trigger`. Counted: broken from ``misses`` missed months on, at
        risk from the first; confirmed when the last month it speaks about has closed (``is_over``) and it is not
        broken.
        """
        if not self.is_count:
            together = self.figure(readings)
            assert together is not None
            return judge_trigger(self.kind, self.threshold, together, is_over=is_over)
        missed = sum(map(self.is_missed, readings))
        if missed >= self.misses:
            return AssumptionState.BROKEN
        if is_over:
            return AssumptionState.CONFIRMED
        return AssumptionState.AT_RISK if missed else AssumptionState.ACTIVE


def judge_trigger(kind: str, threshold: float, measured: float, *, is_over: bool = False) -> AssumptionState:
    """The state that follows from one measurement.

    Met: it holds, or is confirmed when the last month it speaks about has closed (``is_over``). Missed by no more than
    5 % of the threshold: at risk. Missed by more, or missed at all in the last month: broken.

    >>> judge_trigger("share_min", 95, 96), judge_trigger("share_min", 95, 92), judge_trigger("share_min", 95, 80)
    (AssumptionState.ACTIVE, AssumptionState.AT_RISK, AssumptionState.BROKEN)
    """
    missed_by = _missed_by(kind, threshold, measured)
    if missed_by <= 0:
        return AssumptionState.CONFIRMED if is_over else AssumptionState.ACTIVE
    if missed_by <= NEAR_MISS * abs(threshold) and not is_over:
        return AssumptionState.AT_RISK
    return AssumptionState.BROKEN


def _missed_by(kind: str, threshold: float, measured: float) -> float:
    return threshold - measured if kind in _AT_LEAST else measured - threshold


def say_trigger(trigger: Trigger) -> str:
    """The kind's words with the threshold in them, and over which months."""
    whole = float(trigger.threshold).is_integer()
    text = str(TriggerKind(trigger.kind).label).replace("…", number(trigger.threshold, 0 if whole else 1))
    if trigger.months == 1:
        return text
    if trigger.is_sum:
        figures = {"trigger": text, "months": number(trigger.months)}
        if trigger.kind in _UNITS:
            return _("%(trigger)s on average over %(months)s months") % figures
        return _("%(trigger)s, %(months)s months together") % figures
    figures = {"trigger": text, "misses": number(trigger.misses), "months": number(trigger.months)}
    return _("%(trigger)s; broken when missed in %(misses)s of %(months)s months") % figures
