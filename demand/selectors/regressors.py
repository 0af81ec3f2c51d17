"""What may have driven the sales of a place month by month: price, working days, the Chinese New Year, activities.

Regressors for an explanation of one series; the forecast itself learns series by series (``demand.services``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demand.choices import EventKind
from demand.measures import ACTUAL_REVENUE
from demand.models import Event
from demand.selectors.drivers import NEW_YEAR_CURRENCIES, load_working_days
from demand.selectors.frame import load_actual
from engine.forecasting.calendars import chinese_new_year_share
from masterdata.selectors import get_company
from plans.choices import AxisKind
from plans.cubes import Axis
from plans.hierarchy import Hierarchy

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PRICE, WORKING_DAYS, NEW_YEAR = "price", "working_days", "new_year"
SHARED_KINDS = (EventKind.PROMOTION, EventKind.NEW_CLIENT, EventKind.HOLIDAY, EventKind.EXTERNAL, EventKind.OTHER)
SMALLEST_SPREAD = 1e-3  # of a regressor beside trend and season; less explains nothing
SEASON = 12
FEWEST_CALENDAR_MONTHS = 24


@dataclass(frozen=True)
class Regressor:
    """``values`` [T]: logarithms of price or days against their mean, or the share of the place that is touched."""

    name: str
    values: Floats


def load_regressors(*, keys: Ints, units: Floats, first_month: int, hierarchy: Hierarchy) -> list[Regressor]:
    """Those that varied beside trend and season. ``keys`` [n, 2] and ``units`` [n, T] of the series below the place."""
    months = range(first_month, first_month + units.shape[1])
    prices = _price_index(keys, units, months)
    candidates = [] if prices is None else [Regressor(PRICE, prices)]
    if (days := _working_days(months)) is not None:
        candidates.append(Regressor(WORKING_DAYS, days))
    if get_company().currency in NEW_YEAR_CURRENCIES:
        candidates.append(Regressor(NEW_YEAR, chinese_new_year_share(first_month, len(months))))
    kinds = SHARED_KINDS if prices is not None else (EventKind.PRICE, *SHARED_KINDS)
    candidates += _activity_shares(keys, units, months, kinds, hierarchy)
    return [found for found in candidates if _spread(found.values) > SMALLEST_SPREAD]


def _price_index(keys: Ints, units: Floats, months: range) -> Floats | None:
    """Log of the price against its mean, each series weighed by its whole volume: the mix does not move it."""
    axis = Axis.of(AxisKind.PRODUCT_ORG, keys)
    revenue = load_actual(ACTUAL_REVENUE).align(axis).window(months.start, len(months)).to_float()[axis.rows_of(keys)]
    sold = load_actual().align(axis).window(months.start, len(months)).to_float()[axis.rows_of(keys)]
    known = (sold > 0) & (revenue > 0)
    if not known.any():
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(known, np.log(revenue / sold), np.nan)
    rows = known.any(axis=1)
    logs, weights = _fill(logs[rows]), np.nansum(units[rows], axis=1)
    logs -= logs.mean(axis=1, keepdims=True)
    index: Floats = np.average(logs, axis=0, weights=np.maximum(weights, 1e-9))
    return index


def _fill(logs: Floats) -> Floats:
    """Months without a sale keep the price before them; those before the first sale take the first."""
    filled = logs.copy()
    for row in filled:
        known = np.flatnonzero(~np.isnan(row))
        place = np.maximum(np.searchsorted(known, np.arange(len(row)), side="right") - 1, 0)
        row[:] = row[known[place]]
    return filled


def _working_days(months: range) -> Floats | None:
    """Log of working days against their mean in that calendar month; 0 where the calendar is silent."""
    days = load_working_days()
    known = np.array([month in days for month in months])
    if known.sum() < min(len(months), FEWEST_CALENDAR_MONTHS):
        return None
    logs: Floats = np.log([float(days.get(month, 1.0)) for month in months])
    phases = np.array(months) % SEASON
    for phase in range(SEASON):
        part = known & (phases == phase)
        logs[part] -= logs[part].mean() if part.any() else 0.0
    return np.where(known, logs, 0.0)


def _activity_shares(
    keys: Ints, units: Floats, months: range, kinds: tuple[EventKind, ...], hierarchy: Hierarchy
) -> list[Regressor]:
    """Per kind, the share of the place's volume that its activities touched in each month."""
    axis = Axis.of(AxisKind.PRODUCT_ORG, keys)
    volume = np.nansum(units, axis=1)[np.argsort(axis.rows_of(keys), kind="stable")]
    every = np.arange(months.start, months.stop)
    found = []
    for kind in kinds:
        values = np.zeros(len(months))
        for event in Event.objects.filter(kind=kind, from_month__lt=months.stop):
            rows = hierarchy.leaf_rows(axis, event.product_id, event.org_id)
            active = (every >= event.from_month) & (
                every <= (months.stop if event.to_month is None else event.to_month)
            )
            values += active * volume[rows].sum() / max(volume.sum(), 1e-9)
        found.append(Regressor(str(kind), values))
    return found


def _spread(values: Floats) -> float:
    """Standard deviation beside a linear trend and the mean of each calendar month."""
    t = np.arange(len(values), dtype=float)
    columns = [np.ones(len(values)), t / max(len(values), 1)]
    if len(values) >= 2 * SEASON:
        columns += [(t % SEASON == phase).astype(float) for phase in range(1, SEASON)]
    design = np.column_stack(columns)
    rest = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return float(rest.std())
