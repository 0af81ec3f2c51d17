"""Histories into the engine and forecasts back into whole units."""

import numpy as np
import pytest

from core.months import parse_month
from demand.adapters import prepare_history, to_cubes
from demand.bands import error_correlation, join_widths
from demand.lifecycle import FOREVER, NEVER, Lifecycle, link_predecessors
from demand.outlook import Outlook
from plans.cubes import Axis, Cube

JAN = parse_month("2026-01")
SEDAN, SEDAN_OLD, SUV = 1, 2, 3
NORTH, SOUTH = 10, 20


def axis_of(*keys):
    return Axis.of("product_org", keys)


def history(axis, rows):
    return Cube(axis, JAN - 6, np.array(rows, dtype=np.int64), "quantity", 0)


def prepared(actual, *, axis=None, launch=None, end=None, predecessors=None, trusted=None, removed=None):
    axis = axis or actual.axis
    return prepare_history(
        actual,
        axis=axis,
        keys=np.array([f"{a}/{b}" for a, b in axis.keys.tolist()]),
        lifecycle=lifecycle(axis, launch, end),
        predecessors=predecessors or {},
        first_month=JAN,
        horizon=3,
        trusted=trusted or {},
        removed=removed or {},
    )


def lifecycle(axis, launch=None, end=None):
    return Lifecycle(
        np.array([(launch or {}).get(a, NEVER) for a in axis.keys[:, 0].tolist()], dtype=np.int64),
        np.array([(end or {}).get(a, FOREVER) for a in axis.keys[:, 0].tolist()], dtype=np.int64),
    )


def outlook(mean, lower=None, upper=None):
    mean = np.array(mean, dtype=float)
    lower = np.array(lower if lower is not None else mean * 0.8)
    upper = np.array(upper if upper is not None else mean * 1.2)
    return Outlook(mean, np.stack([lower, lower * 0.9], axis=1), np.stack([upper, upper * 1.1], axis=1))


def test_months_before_the_first_sale_were_not_observed():
    axis = axis_of((SEDAN, NORTH), (SUV, NORTH))
    ready = prepared(history(axis, [[0, 0, 5, 0, 7, 8], [0, 0, 0, 0, 0, 0]]))
    assert ready.rows.tolist() == [0]
    assert np.isnan(ready.series.values[0, :2]).all()
    assert ready.series.values[0, 2:].tolist() == [5, 0, 7, 8]


def test_a_month_after_the_forecast_start_is_never_seen():
    axis = axis_of((SEDAN, NORTH))
    cube = Cube(axis, JAN - 2, np.array([[3, 4, 999]], dtype=np.int64), "quantity", 0)
    assert prepared(cube).series.values.tolist() == [[3, 4]]


def test_ended_products_are_left_out():
    axis = axis_of((SEDAN, NORTH), (SUV, NORTH))
    ready = prepared(history(axis, [[1] * 6, [2] * 6]), end={SEDAN: JAN - 1})
    assert ready.rows.tolist() == [1]


def test_predecessor_history_is_put_in_front_at_the_same_org():
    axis = axis_of((SEDAN, NORTH), (SEDAN_OLD, NORTH), (SEDAN_OLD, SOUTH))
    actual = history(axis, [[0, 0, 0, 0, 2, 6], [9, 9, 9, 9, 4, 0], [1, 1, 1, 1, 1, 1]])
    ready = prepared(actual, predecessors={SEDAN: SEDAN_OLD}, end={SEDAN_OLD: JAN - 1})
    assert ready.rows.tolist() == [0]
    assert ready.series.values.tolist() == [[9, 9, 9, 9, 6, 6]]
    assert ready.linked.tolist() == [0]


def test_three_generations_carry_the_oldest_history():
    axis = axis_of((1, NORTH), (2, NORTH), (3, NORTH))
    rows = np.array([[0.0, 0.0, 1.0], [0.0, 2.0, 0.0], [4.0, 0.0, 0.0]])
    linked, changed = link_predecessors(rows, axis, {1: 2, 2: 3})
    assert linked[0].tolist() == [4, 2, 1]
    assert changed.tolist() == [0, 1]


def test_a_persons_word_on_outliers_reaches_the_engine():
    axis = axis_of((SEDAN, NORTH))
    ready = prepared(
        history(axis, [[5, 5, 50, 5, 70, 5]]),
        trusted={(SEDAN, NORTH): [JAN - 4]},
        removed={(SEDAN, NORTH): [JAN - 2, JAN + 40]},
    )
    assert ready.series.trusted.tolist() == [[False, False, True, False, False, False]]
    assert np.isnan(ready.series.values[0, 4])


def test_small_dealers_add_up_to_the_products_cars():
    axis = axis_of(*((SEDAN, org) for org in range(10)))
    ready = prepared(history(axis, [[1] * 6] * 10))
    cubes = to_cubes(outlook([[0.3] * 3] * 10), ready, lifecycle=lifecycle(axis), first_month=JAN, scale=0)
    assert cubes["baseline"].values.sum(axis=0).tolist() == [3, 3, 3]
    assert set(cubes["baseline"].values.ravel().tolist()) == {0, 1}


def test_bands_hold_the_baseline_and_widen():
    axis = axis_of((SEDAN, NORTH))
    ready = prepared(history(axis, [[100] * 6]))
    cubes = to_cubes(outlook([[99.6] * 3]), ready, lifecycle=lifecycle(axis), first_month=JAN, scale=0)
    edges = [cubes[code].values[0, 0] for code in
             ("baseline_lo95", "baseline_lo80", "baseline", "baseline_hi80", "baseline_hi95")]  # fmt: skip
    assert edges == [71, 79, 100, 120, 132]


def test_nothing_is_forecast_before_launch_or_after_the_end():
    axis = axis_of((SEDAN, NORTH), (SEDAN_OLD, NORTH))
    actual = history(axis, [[0] * 6, [10] * 6])
    ready = prepared(actual, predecessors={SEDAN: SEDAN_OLD}, launch={SEDAN: JAN + 1}, end={SEDAN_OLD: JAN})
    cubes = to_cubes(
        outlook([[10, 10, 10]] * 2),
        ready,
        lifecycle=lifecycle(axis, {SEDAN: JAN + 1}, {SEDAN_OLD: JAN}),
        first_month=JAN,
        scale=0,
    )
    assert cubes["baseline"].values.tolist() == [[0, 10, 10], [10, 0, 0]]


def test_decimals_are_kept_in_the_smallest_unit():
    axis = axis_of((SEDAN, NORTH))
    ready = prepared(history(axis, [[1] * 6]))
    cubes = to_cubes(outlook([[1.26] * 3]), ready, lifecycle=lifecycle(axis), first_month=JAN, scale=1)
    assert cubes["baseline"].values.tolist() == [[13, 13, 13]]


def test_independent_errors_join_as_squares_and_equal_errors_add():
    same = np.array([[[3.0]], [[4.0]]])
    assert error_correlation(same) == pytest.approx(1)
    opposite = np.array([[[3.0], [3.0]], [[4.0], [-4.0]]])
    assert error_correlation(opposite) == pytest.approx(0)
    widths = np.array([[3.0], [4.0]])
    assert join_widths(widths, 0).tolist() == [5.0]
    assert join_widths(widths, 1).tolist() == [7.0]
