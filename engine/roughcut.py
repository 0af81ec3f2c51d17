"""Rough-cut capacity for the far months: families on resources, and what an investment would have to earn."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
YEAR = 12
_TREND_MONTHS = 6
MOST_GROWTH = 0.25  # a year, either way: a launch or a phase-out is no trend


def extend_demand(demand: Floats, months: int) -> Floats:
    """Demand continued beyond its horizon: the same month a year earlier, times the growth of the last half-year.

    Parameters
    ----------
    demand : float [n, T]
    months : int
        Columns wanted; fewer than ``T`` cuts.

    Returns
    -------
    float [n, months]
        Growth is the last six months against the same six a year before, per row, at most 25 % either way; with less
        than 18 months known, or nothing sold a year before, there is no growth. With less than a year known the mean
        of all months goes on.

    Examples
    --------
    A year at 10, then half a year at 11: the next months are 10 % above the year before.

    >>> extend_demand(np.array([[10.0] * 12 + [11.0] * 6]), 20)[0, 18:].tolist()
    [11.0, 11.0]
    """
    rows, known = demand.shape
    if months <= known:
        return demand[:, :months]
    grown = np.zeros((rows, months))
    grown[:, :known] = demand
    growth = np.ones(rows)
    if known >= YEAR + _TREND_MONTHS:
        late = demand[:, known - _TREND_MONTHS :].sum(axis=1)
        early = demand[:, known - _TREND_MONTHS - YEAR : known - YEAR].sum(axis=1)
        growth = np.divide(late, early, out=np.ones(rows), where=early > 0)
        growth = np.clip(growth, 1 - MOST_GROWTH, 1 + MOST_GROWTH)
    for month in range(known, months):
        grown[:, month] = grown[:, month - YEAR] * growth if known >= YEAR else demand.mean(axis=1)
    return grown


def extend_stock(stock: Floats, demand: Floats, months: int) -> Floats:
    """Stock continued beyond its horizon: it covers as much of the coming demand as a year earlier.

    Parameters
    ----------
    stock : float [n, T]
        At month ends.
    demand : float [n, months + 1]
        Of the same months and the one after the last.
    months : int
        Columns wanted; fewer than ``T`` cuts.

    Returns
    -------
    float [n, months]
        Stock a year earlier × next month's demand ÷ that of a year earlier; with less than a year known the mean
        stock by the mean demand. Where nothing was wanted then, the stock stays what it was.

    Examples
    --------
    Two months' cover of 10 a month; the month after the next wants 15.

    >>> extend_stock(np.full((1, 12), 20.0), np.array([[10.0] * 13 + [15.0]]), 13)[0, 12]
    30.0
    """
    rows, known = stock.shape
    if months <= known:
        return stock[:, :months]
    grown = np.zeros((rows, months))
    grown[:, :known] = stock
    for month in range(known, months):
        then = month - YEAR
        held = grown[:, then] if known >= YEAR else stock.mean(axis=1)
        wanted = demand[:, then + 1] if known >= YEAR else demand[:, :known].mean(axis=1)
        grown[:, month] = held * np.divide(demand[:, month + 1], wanted, out=np.ones(rows), where=wanted > 0)
    return grown


def load_of(demand: Floats, hours: Floats) -> Floats:
    """Hours [families, resources, T] of ``demand`` [families, T] at ``hours`` per unit [families, resources]."""
    return hours[:, :, None] * demand[:, None, :]


@dataclass(frozen=True)
class InvestmentCase:
    """What an investment relieves and when it has paid for itself.

    ``units`` it makes possible over the horizon and ``units_per_month`` on average once it works. ``gain_per_month`` is
    their margin less the running cost. ``break_even_units`` and ``break_even_months`` are ``None`` when it never pays;
    ``latest_start`` is the last month (column, may be negative: already late) to begin, ``None`` without overload.
    """

    relieved: Floats
    units: float
    units_per_month: float
    gain_per_month: float
    break_even_units: float | None
    break_even_months: float | None
    first_overload: int | None
    latest_start: int | None


def judge_investment(
    *,
    overload: Floats,
    hours_per_month: float,
    lead_months: int,
    hours_per_unit: float,
    margin_per_unit: float,
    invest: float,
    fixed_cost: float,
) -> InvestmentCase:
    """Judge extra hours against the overload of a resource.

    Parameters
    ----------
    overload : float [T]
        Hours that are missing in each month, 0 where there is room.
    hours_per_month : float
        Hours the investment adds from ``lead_months`` on.
    hours_per_unit : float
        Hours of the resource that one unit takes, on average of what is missing.
    margin_per_unit, invest, fixed_cost : float
        Contribution of one more unit; money once; money a month.

    Notes
    -----
    Break-even units = invest ÷ (margin − fixed cost per unit made); months = invest ÷ gain a month.

    Examples
    --------
    50 hours missing a month from the third on, 100 hours for 900 after one month, one hour and 10 of margin a unit,
    200 a month: 50 units bring 500 − 200 = 300 a month, so it takes 3 months or 150 units.

    >>> case = judge_investment(overload=np.array([0, 0, 50.0, 50]), hours_per_month=100, lead_months=1,
    ...     hours_per_unit=1, margin_per_unit=10, invest=900, fixed_cost=200)
    >>> case.gain_per_month, case.break_even_months, case.break_even_units, case.latest_start
    (300.0, 3.0, 150.0, 1)
    """
    months = len(overload)
    relieved = np.where(np.arange(months) >= lead_months, np.minimum(overload, hours_per_month), 0.0)
    over = np.flatnonzero(overload > 0)
    first = int(over[0]) if len(over) else None
    works = relieved[max(lead_months, first if first is not None else months) :]
    units = float(relieved.sum() / hours_per_unit) if hours_per_unit > 0 else 0.0
    monthly = float(works.mean() / hours_per_unit) if len(works) and hours_per_unit > 0 else 0.0
    gain = monthly * margin_per_unit - fixed_cost
    pays = gain > 0 and monthly > 0
    months_needed = invest / gain if pays else None
    return InvestmentCase(
        relieved=relieved,
        units=units,
        units_per_month=monthly,
        gain_per_month=gain,
        break_even_units=None if months_needed is None else math.ceil(round(months_needed * monthly, 6)) * 1.0,
        break_even_months=months_needed,
        first_overload=first,
        latest_start=None if first is None else first - lead_months,
    )
