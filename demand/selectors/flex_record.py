"""How often the flex band held: what closed months sold against what capacity and material were prepared for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cycles.models import Cycle
from demand.measures import CONSENSUS, FLEX_CAPACITY, FLEX_MATERIAL
from demand.selectors.accuracy import list_forecast_plans
from demand.selectors.frame import load_actual
from engine.accuracy import BandRecord, measure_band
from plans.choices import AxisKind
from plans.cubes import Axis
from plans.selectors import load_measure

Ints = NDArray[np.int64]


def load_flex_record(*, cycle: Cycle, keys: Ints, groups: Ints, lag: int = 1) -> BandRecord:
    """Cases of the last twelve closed months whose frozen plan had a band at this lag.

    ``keys`` [n, 2] are (product id, org id) and ``groups`` [n] the node each is summed to: a case is one node in one
    month. A node without forecast and sales in a month is no case, nor is one whose plan prepared no band: a band never
    ends below its forecast.
    """
    actual = load_actual().align(Axis.of(AxisKind.PRODUCT_ORG, keys))
    _names, at = np.unique(groups, return_inverse=True)
    cases: list[NDArray[np.float64]] = []
    for month, version in list_forecast_plans(cycle, lag):
        sides = [
            _sums(at, _month(version, measure, keys, month)) for measure in (CONSENSUS, FLEX_CAPACITY, FLEX_MATERIAL)
        ]
        sides.append(_sums(at, actual.window(month, 1).values[:, 0].astype(float)))
        found = np.stack(sides)
        is_case = ((found[0] != 0) | (found[3] != 0)) & (found[1] >= found[0])
        cases.append(found[:, is_case])
    return measure_band(*np.concatenate(cases, axis=1)) if cases else BandRecord(0, 0, 0, 0)


def _month(version: int, measure: str, keys: Ints, month: int) -> NDArray[np.float64]:
    """[n] the plan's figures in smallest units; NaN where it says nothing."""
    cube = load_measure(version_id=version, measure=measure, keys=keys, months=range(month, month + 1))
    return cube.to_float()[:, 0] * 10**cube.scale


def _sums(at: NDArray[np.intp], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums by node; NaN only where no leaf of the node has a figure."""
    known = np.bincount(at, ~np.isnan(values))
    return np.where(known > 0, np.bincount(at, np.nan_to_num(values)), np.nan)
