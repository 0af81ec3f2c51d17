"""Why the forecast of a place is what it is: its parts, its drivers, its methods, what the back-test says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from numpy.typing import NDArray

from core.formats import number, percent
from cycles.models import Cycle
from demand.choices import EventKind
from demand.methods import METHOD_LABELS
from demand.selectors.baseline import load_baseline
from demand.selectors.place import Place
from demand.selectors.regressors import NEW_YEAR, PRICE, WORKING_DAYS, load_regressors
from demand.services.node_forecast import NodeHistory, load_history, load_model, node_settings
from engine.forecasting import ForecastResult, Outlier, Route, apply
from engine.forecasting.catalogue import MEMBERS
from engine.forecasting.explain import Decomposition, Driver, TooShort, decompose, explain_drivers

if TYPE_CHECKING:
    from engine.forecasting.model import FittedModel
    from engine.forecasting.review import LeadReview

Floats = NDArray[np.float64]

YEAR = 12
STRONG, SOME = 0.64, 0.30  # season strength from which a season is called strong, and is worth a word at all
CERTAIN, LIKELY = 0.01, 0.05  # p-values
WEIGHT_COLUMNS = (0, 3, 9)  # the first month of each block of horizons that has weights of its own


@dataclass(frozen=True)
class DriverRow:
    """One regressor in words. ``effect`` and its 95 % range in per cent: of demand while it acts, or for 1 % more."""

    name: str
    label: str
    unit: str
    effect: float
    low: float
    high: float
    p_value: float
    is_certain: bool
    verdict: str


@dataclass(frozen=True)
class Drivers:
    """Rows, strongest evidence first; ``why_not`` when there is nothing to tell; ``explained`` 0 … 1."""

    rows: list[DriverRow]
    explained: float | None
    has_pattern_left: bool
    why_not: str


@dataclass(frozen=True)
class MemberRow:
    """A method beside the mix: weight in the near, middle and far months, back-test error, its next twelve months."""

    code: str
    label: str
    weights: tuple[float, float, float]
    error: float | None
    ahead: float
    is_best: bool


@dataclass(frozen=True)
class Explanation:
    """All that the page shows of one place; arrays start at ``first_month``, the forecast follows the history."""

    message: str
    first_month: int
    history: Floats
    cleansed: Floats
    odd_months: list[int]
    suspect_months: list[int]
    forecast: ForecastResult
    baseline: list[float | None]
    parts: Decomposition | None
    trend_percent: float | None
    season: list[float]
    drivers: Drivers
    members: list[MemberRow]
    mix_error: float | None
    leads: list[LeadReview]
    method: str
    node: NodeHistory


def explain_place(*, cycle: Cycle, place: Place, name: str, version_id: int | None = None) -> Explanation:
    """Explain the forecast of a place's total beside the baseline of the cycle's plan, or of the scenario named.

    Raises ``InvalidInput`` where nothing was sold.
    """
    from engine.forecasting.review import review_backtest  # brings numba: not into every web process

    node = load_history(cycle=cycle, place=place)
    settings, model = node_settings(node.plan), load_model(node.plan)
    result = apply(node.node, settings, model)
    start = int(np.argmax(~np.isnan(node.total)))
    cleansed = result.cleansed[0]
    parts = _parts(cleansed[start:])
    flags = result.outliers[0]
    months = np.array(node.months)
    odd = [int(month) for month in months[flags == Outlier.REPLACED]]
    suspect = [int(month) for month in months[flags == Outlier.SUSPECT]]
    trend = None if parts is None else trend_percent(parts.trend)
    members, mix = _members(result, model, node.total)
    return Explanation(
        message=_message(name, parts, trend, len(odd) + len(suspect), Route(result.route[0])),
        first_month=node.months.start,
        history=node.total,
        cleansed=cleansed,
        odd_months=odd,
        suspect_months=suspect,
        forecast=result,
        baseline=load_baseline(cycle=cycle, place=place, version_id=version_id),
        parts=parts,
        trend_percent=trend,
        season=[] if parts is None else season_percent(parts, node.months.start + start),
        drivers=_drivers(node, start, place),
        members=members,
        mix_error=mix,
        leads=review_backtest(node.node, settings, model),
        method=str(METHOD_LABELS[str(result.method[0])]),
        node=node,
    )


def trend_percent(trend: Floats) -> float | None:
    """Per cent the trend is above itself a year ago; of a shorter history, scaled to a year; None from zero on."""
    span = min(YEAR, len(trend) - 1)
    if span < 1 or trend[-1 - span] <= 0:
        return None
    return float((trend[-1] / trend[-1 - span]) ** (YEAR / span) - 1) * 100


def season_percent(parts: Decomposition, first_month: int) -> list[float]:
    """January … December: mean seasonal part of the last three years, per cent of the trend of the same months."""
    count = min(len(parts.season), 3 * YEAR)
    months = (np.arange(len(parts.season)) + first_month)[-count:] % YEAR
    season, trend = parts.season[-count:], parts.trend[-count:]
    found = []
    for month in range(YEAR):
        at = months == month
        level = float(np.abs(trend[at]).mean()) if at.any() else 0.0
        found.append(float(season[at].mean()) / level * 100 if level > 0 else 0.0)
    return found


def _parts(history: Floats) -> Decomposition | None:
    try:
        return decompose(history)
    except TooShort:
        return None


def _message(name: str, parts: Decomposition | None, trend: float | None, odd: int, route: Route) -> str:
    """The finding: season, trend and odd months, each with its number."""
    if parts is None:
        if route == Route.NEW:
            return _("%(name)s: new, forecast at its run rate") % {"name": name}
        return _("%(name)s: less than two years sold, no season of its own yet") % {"name": name}
    strength = number(parts.season_strength, 2)
    if parts.season_strength >= STRONG:
        said = _("%(name)s: strong season (%(strength)s)") % {"name": name, "strength": strength}
    elif parts.season_strength >= SOME:
        said = _("%(name)s: some season (%(strength)s)") % {"name": name, "strength": strength}
    else:
        said = _("%(name)s: no season to speak of (%(strength)s)") % {"name": name, "strength": strength}
    if trend is not None:
        said += _(", trend %(percent)s a year") % {"percent": percent(trend, 0, sign=True)}
    if not odd:
        return said + _("; no odd month")
    return said + ngettext("; %(n)s odd month", "; %(n)s odd months", odd) % {"n": odd}


def _members(result: ForecastResult, model: FittedModel, total: Floats) -> tuple[list[MemberRow], float | None]:
    """The fourteen, most accurate first, and the error of their mix: all as shares of what was sold in the tests."""
    if np.isnan(result.members[0]).all():
        return [], None
    sold, mix = _tested(result, total)
    errors = result.member_errors[0]
    best = int(np.nanargmin(errors)) if not np.isnan(errors).all() else -1
    weights = model.weights_of(result.route[0])
    near, middle, far = (min(column, len(weights) - 1) for column in WEIGHT_COLUMNS)
    rows = [
        MemberRow(
            code=method.code,
            label=str(METHOD_LABELS[method.code]),
            weights=(float(weights[near, m]), float(weights[middle, m]), float(weights[far, m])),
            error=float(errors[m]) / sold if sold and not np.isnan(errors[m]) else None,
            ahead=float(result.members[0, m, :YEAR].sum()),
            is_best=m == best,
        )
        for m, method in enumerate(MEMBERS)
    ]
    return sorted(rows, key=lambda row: (row.error is None, row.error or 0.0)), mix


def _tested(result: ForecastResult, total: Floats) -> tuple[float, float | None]:
    """(mean sales a month in the tested months, WMAPE of the mix there)."""
    came, wrong = [], []
    for cut, errors in zip(result.origins, result.origin_errors[0], strict=True):
        known = ~np.isnan(errors)
        if known.any():
            start = len(total) - cut
            came += total[start : start + len(errors)][: known.sum()].tolist()
            wrong += np.abs(errors[known]).tolist()
    sold = float(np.mean(came)) if came else 0.0
    return sold, float(np.mean(wrong)) / sold if sold > 0 else None


_LABELS = {
    PRICE: gettext_lazy("Price"),
    WORKING_DAYS: gettext_lazy("Working days"),
    NEW_YEAR: gettext_lazy("Spring Festival"),
}
_ELASTIC = (PRICE, WORKING_DAYS)  # effects for 1 % more; the others while they act


def _drivers(node: NodeHistory, start: int, place: Place) -> Drivers:
    history = node.total[start:]
    found = load_regressors(
        keys=node.keys,
        units=node.leaves.values[:, start:],
        first_month=node.months.start + start,
        hierarchy=place.hierarchy,
    )
    if not found:
        return Drivers([], None, False, _("Neither price nor calendar nor an activity changed in these months."))
    names = tuple(regressor.name for regressor in found)
    try:
        told = explain_drivers(history, names, np.vstack([regressor.values for regressor in found]))
    except TooShort:
        return Drivers([], None, False, _("The history is too short to tell drivers from trend and season."))
    rows = [_driver_row(driver, told.logarithmic, float(history.mean())) for driver in told.drivers]
    rows.sort(key=lambda row: row.p_value)
    return Drivers(rows, told.r_squared, told.remaining_pattern < LIKELY, "")


def _driver_row(driver: Driver, logarithmic: bool, mean: float) -> DriverRow:
    is_elastic = driver.name in _ELASTIC

    def to_percent(effect: float) -> float:
        """For 1 % more of an elastic driver; else while it acts: of the logarithm, or of the mean month."""
        if not logarithmic:
            return effect / mean * (1 if is_elastic else 100) if mean > 0 else 0.0
        return effect if is_elastic else float(np.expm1(effect)) * 100

    label = _LABELS[driver.name] if driver.name in _LABELS else EventKind(driver.name).label
    if driver.p_value < CERTAIN:
        verdict = _("certain")
    elif driver.p_value < LIKELY:
        verdict = _("likely")
    else:
        verdict = _("not to be told from chance")
    return DriverRow(
        name=driver.name,
        label=str(label),
        unit=_("for 1 % more") if is_elastic else _("while it acts"),
        effect=to_percent(driver.effect),
        low=to_percent(driver.lower),
        high=to_percent(driver.upper),
        p_value=driver.p_value,
        is_certain=driver.p_value < LIKELY,
        verdict=verdict,
    )
