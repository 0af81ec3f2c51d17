"""The demo company's market as one cycle sees it, with what cars are made of and where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sop.demo import catalogue as c
from sop.demo.market import Market

HORIZON = 24
CLOSED_CYCLES = 2  # months the story plays to their end before the current one

Row = dict[str, Any]


@dataclass(frozen=True)
class HandOver:
    """What the last release leaves to a month: (part, plant) → units in the store, part → units it ordered for it."""

    parts: Mapping[tuple[str, str], float] = field(default_factory=dict)
    ordered: Mapping[str, float] = field(default_factory=dict)


class View:
    """The market seen from one cycle; ``left`` is what the release before it left."""

    def __init__(
        self, market: Market, cycle_month: int, latest_month: int, seed: int, left: HandOver | None = None
    ) -> None:
        self.market, self.month, self.latest, self.seed = market, cycle_month, latest_month, seed
        self.left = left or HandOver()
        self.first = latest_month - CLOSED_CYCLES  # month of the first cycle played
        self.rng = np.random.default_rng(seed * 1009 + cycle_month)
        self.now = market.column(cycle_month)

    def months(self, count: int = HORIZON) -> range:
        return range(self.month, self.month + count)

    def expected(self, key: Callable[..., Any], month: int) -> dict[Any, float]:
        """Expected demand of a month, summed by ``key(leaf)``."""
        return self._sums(self.market.expected, key, month)

    def sold(self, key: Callable[..., Any], month: int) -> dict[Any, float]:
        """Cars sold in a closed month, summed by ``key(leaf)``."""
        return self._sums(self.market.actual, key, month)

    def _sums(self, values: Any, key: Callable[..., Any], month: int) -> dict[Any, float]:
        sums: dict[Any, float] = defaultdict(float)
        for leaf, amount in zip(self.market.leaves, values[:, self.market.column(month)], strict=True):
            sums[key(leaf)] += float(amount)
        return sums


def skus(prefixes: tuple[str, ...]) -> Iterator[tuple[str, c.Config, c.Series]]:
    """Cars to the colour, of the configurations that begin with one of the prefixes."""
    for series in c.SERIES:
        for config in series.configs:
            if config.code.startswith(prefixes):
                for colour, *_ in c.COLOURS:
                    yield f"{config.code}-{colour}", config, series


def parts_of(config: c.Config, series: c.Series) -> dict[str, int]:
    """Bought parts of one car."""
    if series.family == "NEV":
        return {config.battery: 1, "MCU": 1, "ECU": 2}
    return {"ENGINE": 1, "ECU": 1} | ({"TRIM": 1} if config.code == "C3-CITY" else {})


def material_need(view: View, month: int) -> dict[str, float]:
    """Parts for the cars that a month expects to sell."""
    need: dict[str, float] = defaultdict(float)
    for (material, _site), units in need_by_site(view, month).items():
        need[material] += units
    return need


def need_by_site(view: View, month: int) -> dict[tuple[str, str], float]:
    """(part, plant) → parts for the cars that a month expects to sell, where these cars are made."""
    need: dict[tuple[str, str], float] = defaultdict(float)
    for (config, series), cars in view.expected(lambda leaf: (leaf.config, leaf.series), month).items():
        for component, quantity in parts_of(config, series).items():
            for site, share in homes(config.code).items():
                need[component, site] += quantity * cars * share
    return need


def homes(config: str) -> dict[str, float]:
    """Plants that make a configuration with their part of it: two thirds at home, the rest at the second plant."""
    lines = [site for _, _, _, site, kind, *_, made in c.RESOURCES if kind == "line" and config.startswith(made)]
    return {lines[0]: 1.0} if len(lines) == 1 else {lines[0]: 2 / 3, lines[1]: 1 / 3}


def store_of(config: str) -> str:
    """The plant in whose yard a configuration waits for its buyers: the last one that makes it."""
    return list(homes(config))[-1]
