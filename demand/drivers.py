"""Activities as regressors of the forecast, and what is done with those the history cannot judge.

Promotions, prices, outside events and others are regressors, one a kind: its months, weighted by what their authors
expect, so that a coefficient of one means "as declared". The forecast keeps a kind for a series when its back-test
improves. Where a series has no history of a kind, the declared effect stands. New clients and launches are declared
by nature; phase-outs run down to zero. Working days and the Chinese New Year are tried on their own account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demand.choices import EffectReason, EventKind
from demand.lifecycle import run_down
from demand.outlook import Outlook
from demand.selectors.drivers import ActivityRow
from engine.forecasting.calendars import chinese_new_year_share
from engine.forecasting.regressors import LARGEST_EFFECT, Regressors

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

WORKING_DAYS, NEW_YEAR = "auto:working_days", "auto:new_year"
# Kinds that are learnt, and the sign of their coefficient: a price works against demand, others as declared.
LEARNT_KINDS: dict[str, int] = {
    EventKind.PROMOTION: 1,
    EventKind.PRICE: -1,
    EventKind.HOLIDAY: 1,
    EventKind.EXTERNAL: 1,
    EventKind.OTHER: 1,
}
_SIGNS = {**LEARNT_KINDS, WORKING_DAYS: 1, NEW_YEAR: 0}
USUAL_UPLIFT = 10.0  # per cent, of an activity whose author gives no figure
LOWEST_CHANGE = -95.0  # per cent; less has no logarithm worth the name
FEWEST_CALENDAR_MONTHS = 24
PHASE_OUT_MONTHS = 6  # of a phase-out without an end


@dataclass(frozen=True)
class Activity:
    """A row of the register over the forecast rows: which it touches, bool [T + h] when, and how strongly."""

    row: ActivityRow
    rows: Ints
    active: Bools
    strength: float

    @property
    def regressor(self) -> str:
        """The kind it is learnt with: a price activity without a price is learnt like any other."""
        no_price = self.row.kind == EventKind.PRICE and self.row.price is None
        return EventKind.OTHER if no_price else self.row.kind


@dataclass(frozen=True)
class Drivers:
    """All that may move ``count`` series, over ``width`` months of history and ``horizon`` ahead."""

    first_month: int
    width: int
    horizon: int
    count: int
    activities: list[Activity]
    working_days: Floats | None  # log of working days over their usual number, [T + h]
    new_year: Bools  # rows that keep the Chinese New Year

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The regressors that have a history to learn from."""
        told = {activity.regressor for activity in self.activities if activity.active[: self.width].any()}
        names = [kind for kind in LEARNT_KINDS if kind in told]
        if self.working_days is not None:
            names.append(WORKING_DAYS)
        if self.new_year.any():
            names.append(NEW_YEAR)
        return tuple(names)

    def regressors(self, rows: Ints) -> Regressors:
        """The regressors of some of the series, [K, rows, T + h]."""
        return Regressors(self.names, self._values(rows, slice(None)), tuple(_SIGNS[name] for name in self.names))

    @cached_property
    def ahead(self) -> Floats:
        """Values of the regressors in the months ahead, [K, n, h]."""
        return self._values(np.arange(self.count), slice(self.width, None))

    def behind(self, rows: Ints) -> Floats:
        """Values of the regressors in the history, [K, rows, T]."""
        return self._values(rows, slice(None, self.width))

    def _values(self, rows: Ints, months: slice) -> Floats:
        values = np.zeros((len(self.names), len(rows), len(range(self.width + self.horizon)[months])))
        place = np.full(self.count, -1)
        place[rows] = np.arange(len(rows))
        for k, name in enumerate(self.names):
            if name == WORKING_DAYS and self.working_days is not None:
                values[k] = self.working_days[months]
            elif name == NEW_YEAR:
                values[k, self.new_year[rows]] = self.new_year_share[months]
            else:
                for activity in self._of_kind(name):
                    touched = place[activity.rows]
                    values[k, touched[touched >= 0]] += activity.strength * activity.active[months]
        return values

    @cached_property
    def new_year_share(self) -> Floats:
        return chinese_new_year_share(self.first_month, self.width + self.horizon)

    @cached_property
    def touched(self) -> Ints:
        """Rows an activity of a learnt kind has touched in the history: the ones an effect is learnt from."""
        found = [a.rows for a in self.activities if a.regressor in self.names and a.active[: self.width].any()]
        return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)

    def _of_kind(self, kind: str) -> list[Activity]:
        return [activity for activity in self.activities if activity.regressor == kind]


def build_drivers(
    register: Sequence[tuple[ActivityRow, Ints]],
    *,
    first_month: int,
    width: int,
    horizon: int,
    count: int,
    working_days: Mapping[int, float],
    new_year: Bools,
) -> Drivers:
    """``register`` gives each activity with the forecast rows under its product and org."""
    months = np.arange(first_month, first_month + width + horizon)
    activities = []
    for row, rows in register:
        last = row.last
        if last is None and row.kind == EventKind.PHASE_OUT:
            last = row.first + PHASE_OUT_MONTHS - 1
        active = (months >= row.first) & (months <= (months[-1] if last is None else last))
        activities.append(Activity(row, rows, active, _strength(row)))
    return Drivers(first_month, width, horizon, count, activities, _spread_days(working_days, months, width), new_year)


def _strength(row: ActivityRow) -> float:
    """What its author expects, on the logarithm."""
    told = row.price if row.kind == EventKind.PRICE and row.price is not None else row.uplift
    return float(np.log1p(max(told or USUAL_UPLIFT, LOWEST_CHANGE) / 100))


def _spread_days(days: Mapping[int, float], months: Ints, width: int) -> Floats | None:
    """Log of working days over the usual number of that calendar month; zero where the calendar is silent."""
    known = np.array([month in days for month in months.tolist()])
    if known[:width].sum() < FEWEST_CALENDAR_MONTHS:
        return None
    logs = np.array([np.log(days.get(month, 1.0)) for month in months.tolist()])
    for phase in range(12):
        part = known & (months % 12 == phase)
        logs[part] -= logs[part].mean() if part.any() else 0.0
    logs = np.where(known, logs, 0.0)
    return logs if np.ptp(logs[:width]) > 0 else None


@dataclass(frozen=True)
class Kept:
    """What the back-test decided, [n, K] each: coefficient, whether kept, whether the history could judge at all."""

    coefficients: Floats
    kept: Bools
    judged: Bools


Told = dict[str, dict[str, Any]]


def apply_drivers(drivers: Drivers, kept: Kept, outlook: Outlook) -> Told:
    """Put learnt, declared and run-down effects on the figures ahead; what became of each activity, by code.

    ``{code: {"series", "kept", "effect_pct", "units", "why"}}`` with the units and the percentage it adds over the
    horizon and an :class:`EffectReason`.
    """
    told: Told = {}
    if drivers.names:
        effect = np.einsum("nk,knt->nt", kept.coefficients, drivers.ahead)
        outlook.scale(np.exp(np.clip(effect, -LARGEST_EFFECT, LARGEST_EFFECT)))
    for name in (WORKING_DAYS, NEW_YEAR):
        if name in drivers.names:
            told[name] = _tell_candidate(drivers.names.index(name), drivers.ahead, kept, outlook)
    whole = outlook.mean.copy()
    ramps = []
    for activity in drivers.activities:
        if activity.row.kind == EventKind.PHASE_OUT:
            ramps.append(activity)
        else:
            told[activity.row.code] = _apply_activity(drivers, activity, kept, whole, outlook)
            if _is_new_year(drivers, activity) and NEW_YEAR in told:
                told[activity.row.code] = told[NEW_YEAR]
    for activity in ramps:  # last: whatever was expected runs down
        told[activity.row.code] = _run_down(drivers, activity, outlook)
    return told


def _is_new_year(drivers: Drivers, activity: Activity) -> bool:
    """A holiday of which nothing is declared, in the months of the Chinese New Year: tried on its own account."""
    row = activity.row
    said = row.uplift is not None or row.quantity is not None
    return row.kind == EventKind.HOLIDAY and not said and bool((drivers.new_year_share[activity.active] > 0).any())


def _apply_activity(
    drivers: Drivers, activity: Activity, kept: Kept, whole: Floats, outlook: Outlook
) -> dict[str, Any]:
    """``whole``: the figures with all learnt effects, of which the activity's part is told."""
    rows, row = activity.rows, activity.row
    active = activity.active[drivers.width :]
    if not len(rows):
        return _tell(0, 0, EffectReason.NO_SERIES)
    judged = learnt = np.zeros(len(rows), bool)
    gained, base = np.zeros(0), np.zeros(0)
    if activity.regressor in drivers.names:
        k = drivers.names.index(activity.regressor)
        judged, learnt = kept.judged[rows, k], kept.kept[rows, k]
        chosen = rows[learnt]
        part = np.exp(kept.coefficients[chosen, k, None] * activity.strength * active)
        gained, base = (whole[chosen] * (1 - 1 / part)).ravel(), (whole[chosen] / part)[:, active].ravel()
    said = row.uplift is not None or row.quantity is not None
    is_ahead = row.first >= drivers.first_month + drivers.width
    declared = rows[~judged] if said and is_ahead and active.any() else rows[:0]
    if len(declared):
        before = outlook.mean[declared][:, active].copy()
        outlook.scale(np.where(active, 1 + max(row.uplift or 0.0, -100.0) / 100, 1.0), declared)
        outlook.add(np.where(active, row.quantity or 0.0, 0.0), declared, share=len(declared) / len(rows))
        gained = np.append(gained, outlook.mean[declared][:, active] - before)
        base = np.append(base, before)
    if not active.any():
        why = EffectReason.PAST
    elif learnt.any():
        why = EffectReason.LEARNT
    elif len(declared):
        why = EffectReason.DECLARED
    elif judged.any():
        why = EffectReason.NO_GAIN
    else:
        why = EffectReason.RUNNING if said else EffectReason.NOTHING_SAID
    return _tell(len(rows), int(learnt.sum()) + len(declared), why, float(gained.sum()), float(base.sum()))


def _run_down(drivers: Drivers, activity: Activity, outlook: Outlook) -> dict[str, Any]:
    """From full demand in the month before the first to none after the last."""
    rows = activity.rows
    if not len(rows):
        return _tell(0, 0, EffectReason.NO_SERIES)
    months = np.arange(drivers.horizon) + drivers.first_month + drivers.width
    last = activity.row.first + PHASE_OUT_MONTHS - 1 if activity.row.last is None else activity.row.last
    before = outlook.mean[rows].sum()
    outlook.scale(run_down(months, activity.row.first, last), rows)
    return _tell(len(rows), len(rows), EffectReason.RAMP, float(outlook.mean[rows].sum() - before), float(before))


def _tell_candidate(k: int, ahead: Floats, kept: Kept, outlook: Outlook) -> dict[str, Any]:
    """A candidate of the calendar moves sales between months; its percentage is that of the month it moves most."""
    part = np.exp(kept.coefficients[:, k, None] * ahead[k])
    gained = (outlook.mean * (1 - 1 / part)).sum(axis=0)
    base = (outlook.mean / part)[kept.kept[:, k]].sum(axis=0)
    month = int(np.argmax(np.abs(gained)))
    why = EffectReason.LEARNT if kept.kept[:, k].any() else EffectReason.NO_GAIN
    tried = int(kept.judged[:, k].sum())
    said = _tell(tried, int(kept.kept[:, k].sum()), why, float(gained.sum()))
    return said | {"effect_pct": _percent(float(gained[month]), float(base[month]))}


def _tell(series: int, kept: int, why: str, units: float = 0.0, base: float = 0.0) -> dict[str, Any]:
    return {
        "series": series,
        "kept": kept,
        "effect_pct": _percent(units, base),
        "units": round(units, 1),
        "why": str(why),
    }


def _percent(units: float, base: float) -> float | None:
    return round(100 * units / base, 2) if base > 0 else None
