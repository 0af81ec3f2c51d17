"""Plan cubes ↔ forecast engine: histories in, whole-unit baselines and bands out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.packing import pack_arrays
from demand.lifecycle import MAX_HISTORY_MONTHS, Lifecycle, link_predecessors
from demand.outlook import Outlook
from demand.parts import Outcome
from engine.forecasting.contracts import Route, SeriesSet
from engine.forecasting.lead_time import error_size, learn_table
from engine.money import allocate
from plans.cubes import Axis, Cube

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LEVELS = (80.0, 95.0)
_WEIGHT_SCALE = 1000  # a leaf's float share, kept to a thousandth of a unit


@dataclass(frozen=True)
class PreparedHistory:
    """Histories for the engine; ``rows`` are the axis rows it forecasts, the others get zero.

    ``linked`` are those of them whose predecessor's history was put in front.
    """

    axis: Axis
    rows: Ints
    series: SeriesSet
    linked: Ints


def prepare_history(
    actual: Cube,
    *,
    axis: Axis,
    keys: NDArray,
    lifecycle: Lifecycle,
    predecessors: Mapping[int, int],
    first_month: int,
    horizon: int,
    trusted: Mapping[tuple[int, int], list[int]],
    removed: Mapping[tuple[int, int], list[int]],
    launching: NDArray[np.bool_] | None = None,
) -> PreparedHistory:
    """The series to forecast from ``first_month`` on.

    Months before the first sale were not observed (NaN); a product that ends before ``first_month`` or has never
    sold is left out, but for the rows of a launch (``launching``). ``trusted`` and ``removed`` map (product id, org
    id) to months a person declared real or not to come back; a removed month becomes a gap.
    """
    start = max(actual.first_month, first_month - MAX_HISTORY_MONTHS)
    ncols = max(first_month - start, 1)
    history = actual.align(axis).window(start, ncols).to_float()
    history, linked = link_predecessors(history, axis, predecessors)
    sold_yet = np.maximum.accumulate(history > 0, axis=1)
    wanted = sold_yet[:, -1] if launching is None else sold_yet[:, -1] | launching
    rows = np.flatnonzero(wanted & (lifecycle.end >= first_month) & (lifecycle.launch < first_month + horizon))
    values = np.where(sold_yet, history, np.nan)[rows]
    trust = np.zeros(values.shape, dtype=bool)
    place = {tuple(key): index for index, key in enumerate(axis.keys[rows].tolist())}
    for mark, target in ((trusted, trust), (removed, values)):
        for key, months in mark.items():
            inside = [month - start for month in months if start <= month < start + ncols]
            if key in place and inside:
                target[place[key], inside] = True if target is trust else np.nan
    return PreparedHistory(axis, rows, SeriesSet(keys[rows], values, start, trust), np.intersect1d(linked, rows))


def to_cubes(
    outlook: Outlook, prepared: PreparedHistory, *, lifecycle: Lifecycle, first_month: int, scale: int
) -> dict[str, Cube]:
    """Baseline and bands as cubes of whole smallest units; ``outlook`` over the prepared rows and :data:`LEVELS`.

    A product's baseline over all its orgs is rounded once and shared by largest remainder: a car that sells 0.3 a
    month at ten dealers is three cars, not none. Bands are rounded outward and hold the baseline.
    """
    horizon = outlook.mean.shape[1]
    on_sale = lifecycle.is_sold(first_month, horizon)
    factor = 10**scale

    def full(values: Floats) -> Floats:
        out = np.zeros((len(prepared.axis), horizon))
        out[prepared.rows] = values
        return np.where(on_sale, np.maximum(out, 0), 0) * factor

    baseline = _round_by_product(full(outlook.mean), prepared.axis)
    measures = {"baseline": baseline}
    for index, level in enumerate(LEVELS):
        low, high = full(outlook.lower[:, index]), full(outlook.upper[:, index])
        measures[f"baseline_lo{level:.0f}"] = np.minimum(np.floor(low).astype(np.int64), baseline)
        measures[f"baseline_hi{level:.0f}"] = np.maximum(np.ceil(high).astype(np.int64), baseline)
    return {code: Cube(prepared.axis, first_month, values, "quantity", scale) for code, values in measures.items()}


def pack_errors(prepared: PreparedHistory, outcome: Outcome, outlook: Outlook) -> bytes:
    """What ``demand.selectors.errors`` reads: sizes and pooled quantiles of the errors that add up over months.

    Series with months of no sale err in their own way, so they are a class of their own. The band of a launch that
    has not begun is that of its first month.
    """
    errors = outcome.errors.astype(np.float64)
    size = error_size(errors, outcome.scale)
    classes = np.where(outcome.route == Route.INTERMITTENT, 1, 0).astype(np.int8)
    begins = np.argmax(outlook.mean > 0, axis=1)
    rows = np.arange(len(begins))
    band = np.maximum(outlook.upper[rows, 0, begins] - outlook.mean[rows, begins], 0.0)
    table = learn_table(errors, size, classes, band, outlook.mean.shape[1])
    return pack_arrays(
        keys=prepared.axis.keys[prepared.rows],
        quantiles=table.quantiles,
        classes=table.classes,
        size=table.size.astype(np.float32),
    )


def _round_by_product(values: Floats, axis: Axis) -> Ints:
    products, groups = np.unique(axis.keys[:, 0], return_inverse=True)
    totals = np.zeros((len(products), values.shape[1]))
    np.add.at(totals, groups, values)
    weights = np.rint(values * _WEIGHT_SCALE).astype(np.int64)
    known = np.zeros(totals.shape, dtype=np.int64)
    np.add.at(known, groups, weights)
    whole = np.where(known > 0, np.rint(totals), 0).astype(np.int64)
    return allocate(whole, weights, groups.astype(np.int64))
