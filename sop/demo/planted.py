"""The stories in the demo company's sales, for the forecast to find: promotions, a price, launches, odd months.

Offsets are months from the current cycle, negative is past. Tables only, and the arithmetic that puts them into
the curves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RAMP = np.array([0.10, 0.25, 0.45, 0.65, 0.80, 0.92, 1.0])  # share of a launch's volume, month by month


@dataclass(frozen=True)
class Campaign:
    """A promotion that ran several times: what marketing expects of it and what it really does to sales."""

    code: str
    series: str
    region: str  # empty: the whole country
    months: tuple[int, ...]
    expected_percent: float
    real_percent: float
    note: str
    note_next: str


CAMPAIGNS = (
    Campaign(
        "E7-DRIVE", "E7", "", (-31, -22, -17, -9, -4, 5), 12, 14, "E7 test-drive weeks", "E7 test-drive weeks, spring"
    ),
    Campaign(
        "S6-REBATE", "S6", "SOUTH", (-27, -19, -12, -6, 3), 8, 0, "S6 dealer rebate, South", "S6 dealer rebate, South"
    ),
)

# What E5 costs, per cent of its list price, from a month on: a trial for a quarter, then for good.
PRICE_STEPS = {"E5": ((-20, -6.0), (-17, 0.0), (-11, -5.0))}
ELASTICITY = -1.8

# Configurations that came later than their series: months on sale at the current cycle. The series' total stays.
LAUNCHED = {"E7-AWD": 33, "S6-SPORT": 34, "C3-CITY": 32}

ENDS = {"C3-CITY": 8}  # last month of sales; nothing follows

# Months that will not come back: (product prefix, org, offset, factor).
ODD_MONTHS = (
    ("", "CQ", -8, 0.15),  # flood: the dealer was closed for three weeks
    ("E5-STD-W", "GZ", -15, 5.0),  # a taxi fleet, once
    ("E7-LR-W", "SH", -1, 2.4),  # last month: a jump nobody has explained yet
)


def price_share(series: str, offset: NDArray[np.int64] | int) -> NDArray[np.float64]:
    """Price of a series as a share of its list price, at months from the current cycle."""
    share = np.ones(np.shape(offset))
    for start, percent in PRICE_STEPS.get(series, ()):
        share = np.where(np.asarray(offset) >= start, 1 + percent / 100, share)
    return share


def campaign_factor(series: str, region: str, offset: NDArray[np.int64]) -> NDArray[np.float64]:
    """What campaigns do to the sales of a series in a region."""
    factor = np.ones(len(offset))
    for campaign in CAMPAIGNS:
        if campaign.series == series and campaign.region in ("", region):
            factor = np.where(np.isin(offset, campaign.months), factor * (1 + campaign.real_percent / 100), factor)
    return factor


def launch_share(config: str, offset: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of its later volume a configuration has, while it is ramped up; 0 before and after its life."""
    share = np.ones(len(offset))
    if config in LAUNCHED:
        age = offset + LAUNCHED[config]
        share = np.where(age < 0, 0, RAMP[np.clip(age, 0, len(RAMP) - 1)])
    if config in ENDS:
        share = np.where(offset > ENDS[config], 0, share)
    return share


def odd_factor(product: str, org: str, offset: NDArray[np.int64]) -> NDArray[np.float64]:
    """What happened once and is in no curve."""
    factor = np.ones(len(offset))
    for prefix, where, month, size in ODD_MONTHS:
        if product.startswith(prefix) and org == where:
            factor = np.where(offset == month, factor * size, factor)
    return factor
