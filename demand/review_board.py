"""The look back of the demand review as its page needs it: errors by lag and step, who helped, largest deviations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from accounts.policies import can
from core.formats import month_long, number, percent, sentences
from cycles.models import Cycle
from demand.choices import DeviationCause, OverrideReason, Stream
from demand.follow_ups import load_follow_ups
from demand.measures import BASELINE, CONSENSUS, PROPOSAL
from demand.selectors.accuracy import (
    EVERY_STEP,
    NAIVE,
    AuthorRecord,
    StepAccuracy,
    keep_review,
    load_author_records,
    load_lag_accuracy,
    load_reason_records,
    load_step_accuracy,
)
from demand.selectors.deviations import Deviation, group_pairs, load_deviations, review_nodes
from demand.selectors.flex_record import load_flex_record
from demand.selectors.frame import load_actual
from demand.selectors.place import Place
from engine.accuracy import Accuracy, BandRecord
from plans.cubes import Ints
from plans.selectors import get_working_version, load_measure

_T = TypeVar("_T")
LAGS = (1, 2, 3)
SHOWN = 10
STEP_LABELS: dict[str, str | Promise] = {
    NAIVE: gettext_lazy("Naive: the last known month repeated"),
    BASELINE: gettext_lazy("Statistical baseline"),
    Stream.MARKETING: gettext_lazy("+ market activities"),
    Stream.SALES: gettext_lazy("+ sales forecast"),
    PROPOSAL: gettext_lazy("Proposal by the rule"),
    CONSENSUS: gettext_lazy("+ demand review"),
}
FORMULAS: dict[str, str | Promise] = {
    "wmape": gettext_lazy("Weighted error: Σ|forecast − actual| / Σ actual. “–” when nothing was sold."),
    "mape": gettext_lazy("Mean of |forecast − actual| / actual over the series that sold; the others are counted."),
    "bias": gettext_lazy("Σ(forecast − actual) / Σ actual; + means too much was forecast."),
    "tracking": gettext_lazy("Σ(forecast − actual) / mean |forecast − actual|; beyond ±4 the forecast leans one way."),
    "fva": gettext_lazy("Value added: weighted error of the step before less that of this step."),
    "flex": gettext_lazy("Months in which sales came between the forecast and the material secured / months measured."),
}


@dataclass(frozen=True)
class StepLine:
    """One step of the stairs; ``width`` of its bar and the error in per cent, ``added`` in points."""

    label: str
    error: float
    width: float
    added: float | None
    is_naive: bool

    @property
    def worse(self) -> float | None:
        return None if self.added is None else -self.added


@dataclass(frozen=True)
class Figures:
    """An accuracy in per cent, for reading; ``None`` where it is undefined."""

    wmape: float | None
    mape: float | None
    mape_excluded: int
    bias: float | None


@dataclass(frozen=True)
class LagLine:
    """The consensus' figures at one lag: by leaf, by model and region, and the tracking signal of the total."""

    lag: int
    leaf: Figures
    group: Figures
    tracking: float | None


@dataclass(frozen=True)
class FlexLine:
    """One stretch of the flex band: how many product-region months fell there, ``share`` in per cent."""

    label: str
    cases: int
    share: float
    is_inside: bool


@dataclass(frozen=True)
class RecordLine:
    """What the changes of an author or a reason did: points of error (+ worse) and bias in per cent."""

    name: str
    changes: int
    points: float
    bias: float


@dataclass(frozen=True)
class ReviewBoard:
    """The look back of one cycle at a place, at one lag, for one person."""

    cycle: Cycle
    place: Place
    user: User
    lag: int = 1

    @property
    def month(self) -> int:
        """The month that closed."""
        return self.cycle.month - 1

    def _keep(self, what: str, make: Callable[[], _T], *, lags: Sequence[int] = ()) -> _T:
        lags = lags or [self.lag]
        return keep_review((what, self.lag), cycle=self.cycle, place=self.place, lags=lags, make=make)

    @cached_property
    def keys(self) -> Ints:
        """The leaves here; only made where figures are not kept."""
        planned = load_measure(version_id=get_working_version(self.cycle).pk, measure=CONSENSUS).axis
        axis = planned.union(load_actual().axis.keys)
        return axis.keys[self.place.rows(axis)]

    @cached_property
    def deviations(self) -> list[Deviation]:
        return load_deviations(cycle=self.cycle, place=self.place, lag=self.lag)

    @cached_property
    def shown(self) -> list[Deviation]:
        """The largest deviations with the actions that answer them."""
        promised = load_follow_ups(self.cycle).deviations
        return [
            replace(row, actions=tuple(promised.get((row.product.pk, row.org.pk, row.month), ())))
            for row in self.deviations[:SHOWN]
        ]

    @property
    def without_cause(self) -> int:
        return sum(row.root is None for row in self.shown)

    @cached_property
    def covered(self) -> float | None:
        """Per cent of the deviations' revenue that the shown ones carry."""
        total = sum(row.revenue for row in self.deviations)
        return 100 * sum(row.revenue for row in self.shown) / total if total else None

    @cached_property
    def steps(self) -> list[StepLine]:
        found = self._keep(
            "steps",
            lambda: load_step_accuracy(cycle=self.cycle, keys=self.keys, lag=self.lag, steps=EVERY_STEP),
        )
        worst = max((step.accuracy.wmape or 0 for step in found), default=0) or 1
        return [_step_line(step, worst) for step in found]

    @cached_property
    def lags(self) -> list[LagLine]:
        found = self._keep(
            "lags",
            lambda: load_lag_accuracy(cycle=self.cycle, keys=self.keys, groups=self._groups, lags=LAGS),
            lags=LAGS,
        )
        return [
            LagLine(lag, _figures(leaf), _figures(group), total.tracking_signal)
            for lag, (leaf, group, total) in found.items()
        ]

    @cached_property
    def flex(self) -> list[FlexLine]:
        """Where sales fell against the band that was prepared; empty when no closed month had one."""
        record = self._keep(
            "flex",
            lambda: load_flex_record(cycle=self.cycle, keys=self.keys, groups=self._groups, lag=self.lag),
        )
        return _flex_lines(record) if record.cases else []

    @cached_property
    def _groups(self) -> Ints:
        """Which model and region each leaf belongs to."""
        return group_pairs(review_nodes(self.place.hierarchy, self.keys))[1]

    @cached_property
    def flex_hit_rate(self) -> float | None:
        """Per cent of the cases inside the band."""
        return sum(line.share for line in self.flex if line.is_inside) if self.flex else None

    @cached_property
    def authors(self) -> list[RecordLine]:
        records = self._keep("authors", lambda: load_author_records(cycle=self.cycle, keys=self.keys), lags=[1])
        return [_record_line(record, record.author) for record in records]

    @cached_property
    def reasons(self) -> list[RecordLine]:
        labels = {code: str(label) for code, label in OverrideReason.choices} | {"": _("no reason given")}
        records = self._keep("reasons", lambda: load_reason_records(cycle=self.cycle, keys=self.keys), lags=[1])
        return [_record_line(record, labels.get(record.author, record.author)) for record in records]

    @property
    def message(self) -> str:
        """The finding as a sentence: how far off the month was, and what is not explained yet."""
        forecast = sum(row.forecast for row in self.deviations)
        units = sum(row.units for row in self.deviations)
        if not self.deviations:
            return _("%(month)s was not forecast by an agreed plan, so there is nothing to hold it against.") % {
                "month": month_long(self.month)
            }
        share = percent(100 * abs(units) / forecast) if forecast else number(abs(units))
        facts = {"month": month_long(self.month), "share": share}
        more, less = (
            _("%(month)s sold %(share)s more than forecast."),
            _("%(month)s sold %(share)s less than forecast."),
        )
        text = (more if units >= 0 else less) % facts
        missing = self.without_cause
        if not missing:
            return sentences(text, _("Every large deviation is explained."))
        rest = ngettext("%(n)s large deviation has no cause yet.", "%(n)s large deviations have no cause yet.", missing)
        return sentences(text, rest % {"n": number(missing)})

    @property
    def bias_message(self) -> str:
        """Which way the consensus leaned over the closed months, at the lag of the board; empty when unknown."""
        line = next((line for line in self.lags if line.lag == self.lag), None)
        if line is None or line.leaf.bias is None:
            return ""
        words = {"bias": percent(line.leaf.bias, sign=True)}
        if round(line.leaf.bias, 1) == 0:
            return _("The consensus leaned neither way.")
        if line.leaf.bias > 0:
            return _("Bias of the consensus %(bias)s: too much was forecast.") % words
        return _("Bias of the consensus %(bias)s: too little was forecast.") % words

    @property
    def causes(self) -> list[tuple[str, str]]:
        return [(code, str(label)) for code, label in DeviationCause.choices]

    @property
    def may_explain(self) -> bool:
        return can(self.user, "decision.propose")


def _step_line(step: StepAccuracy, worst: float) -> StepLine:
    error = step.accuracy.wmape or 0.0
    return StepLine(
        label=str(STEP_LABELS[step.source]),
        error=100 * error,
        width=100 * error / worst,
        added=None if step.added is None else 100 * step.added,
        is_naive=step.source == NAIVE,
    )


def _flex_lines(record: BandRecord) -> list[FlexLine]:
    stretches = (
        (_("below the forecast"), record.below, False),
        (_("up to the capacity prepared"), record.within_capacity, True),
        (_("up to the material secured"), record.within_material, True),
        (_("above the band"), record.above, False),
    )
    return [FlexLine(label, cases, 100 * cases / record.cases, inside) for label, cases, inside in stretches]


def _figures(accuracy: Accuracy) -> Figures:
    def in_percent(value: float | None) -> float | None:
        return None if value is None else 100 * value

    return Figures(
        wmape=in_percent(accuracy.wmape),
        mape=in_percent(accuracy.mape),
        mape_excluded=accuracy.mape_excluded,
        bias=in_percent(accuracy.bias),
    )


def _record_line(record: AuthorRecord, name: str) -> RecordLine:
    return RecordLine(name, record.changes, 100 * record.error_change, 100 * record.bias)
