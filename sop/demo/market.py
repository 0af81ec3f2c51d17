"""How the demo market behaves: seasons, trends, noise and the planted stories. Seeded, vectorised, reproducible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sop.demo.catalogue import COLOURS, DIRECT_SHARE, REGIONS, SERIES, Config, Series
from sop.demo.planted import ELASTICITY, RAMP, campaign_factor, launch_share, odd_factor, price_share

# January … December: Chinese New Year dents February, the year ends strongly.
SEASON = np.array([0.95, 0.63, 1.00, 0.94, 0.97, 1.03, 0.90, 0.96, 1.10, 1.12, 1.16, 1.24])
HISTORY_MONTHS = 36
LAUNCH_IN_MONTHS = 4  # M8 starts that many months after the current cycle
SUBSIDY_PULL = {0: 0.05, 1: 0.09, 2: -0.10, 3: -0.06, 4: -0.03}  # new-energy demand around the end of a subsidy
SOUTH_BIAS = 0.14  # what sales South adds to its forecasts


@dataclass(frozen=True)
class Leaf:
    """One product colour in one dealer or direct store, with its share of the series."""

    product: str
    org: str
    series: Series
    config: Config
    region: str
    share: float


def leaves() -> list[Leaf]:
    """All product × store combinations, in the order of the catalogue."""
    out = []
    for series in SERIES:
        for config in series.configs:
            for colour, _, _, colour_share in COLOURS:
                for region, _, _, region_share, dealers in REGIONS:
                    stores = [*((code, share) for code, _, _, share in dealers), (f"{region}-DIRECT", DIRECT_SHARE)]
                    for store, store_share in stores:
                        share = config.share * colour_share * region_share * store_share
                        out.append(Leaf(f"{config.code}-{colour}", store, series, config, region, share))
    return out


@dataclass(frozen=True)
class Market:
    """Demand of every leaf over ``months``: what is expected and what happened. [leaves, months]"""

    leaves: list[Leaf]
    first_month: int
    expected: NDArray[np.float64]
    actual: NDArray[np.int64]

    def column(self, month: int) -> int:
        return month - self.first_month


def build_market(*, cycle_month: int, seed: int, future_months: int = 24) -> Market:
    """The market from 36 months before the current cycle to ``future_months`` after it."""
    rng = np.random.default_rng(seed)
    rows = leaves()
    first = cycle_month - HISTORY_MONTHS
    months = np.arange(first, cycle_month + future_months)
    by_series = {series.code: _series_curve(series, months, cycle_month) for series in SERIES}
    offset = months - cycle_month
    shares = {config.code: share for series in SERIES for config, share in _config_shares(series, offset)}
    expected = np.array(
        [
            by_series[leaf.series.code] * leaf.share * shares[leaf.config.code]
            * campaign_factor(leaf.series.code, leaf.region, offset)
            for leaf in rows
        ]
    )  # fmt: skip
    common = {series.code: rng.lognormal(0, 0.03, len(months)) for series in SERIES}
    noise = rng.lognormal(-0.02, 0.20, expected.shape)
    happened = expected * noise * np.array([common[leaf.series.code] for leaf in rows])
    happened *= np.array([odd_factor(leaf.product, leaf.org, offset) for leaf in rows])
    return Market(rows, first, expected, np.rint(happened).astype(np.int64))


def _config_shares(series: Series, offset: NDArray[np.int64]) -> list[tuple[Config, NDArray[np.float64]]]:
    """How much of its share each configuration has in each month; what one lacks the others of the series have."""
    alive = [launch_share(config.code, offset) for config in series.configs]
    total = sum(config.share * share for config, share in zip(series.configs, alive, strict=True))
    return [(config, share / total) for config, share in zip(series.configs, alive, strict=True)]


def _series_curve(series: Series, months: NDArray[np.int64], cycle_month: int) -> NDArray[np.float64]:
    since = (months - cycle_month) / 12
    price = price_share(series.code, months - cycle_month)
    curve = series.volume / 12 * SEASON[months % 12] * np.maximum(1 + series.drift * since, 0.2)
    curve *= price**ELASTICITY
    if series.code == "M8":
        age = months - (cycle_month + LAUNCH_IN_MONTHS)
        ramp = np.where(age < 0, 0, RAMP[np.clip(age, 0, len(RAMP) - 1)])
        curve = curve * ramp
    elif series.family == "NEV":
        for offset, effect in SUBSIDY_PULL.items():
            curve[months == cycle_month + offset] *= 1 + effect
    return curve
