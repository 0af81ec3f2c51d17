"""Rough-cut load and investments by hand."""

import numpy as np
import pytest

from engine.roughcut import extend_demand, extend_stock, judge_investment, load_of


def test_demand_goes_on_with_the_growth_of_its_last_half_year():
    """Ten a month for a year, eleven for half a year: the months after are ten per cent above the year before."""
    demand = np.array([[10.0] * 12 + [11.0] * 6])
    far = extend_demand(demand, 24)
    assert far.shape == (1, 24)
    assert far[0, :18].tolist() == demand[0].tolist()
    assert far[0, 18:].tolist() == pytest.approx([11.0] * 6)


def test_a_season_is_kept():
    season = np.array([[5.0, 20.0] * 6])
    assert extend_demand(season, 14)[0, 12:].tolist() == [5.0, 20.0]


def test_little_history_goes_on_flat_and_new_things_do_not_explode():
    assert extend_demand(np.array([[2.0, 4.0]]), 4)[0].tolist() == [2.0, 4.0, 3.0, 3.0]
    new = extend_demand(np.array([[0.0] * 12 + [9.0] * 6]), 20)
    assert new[0, 18:].tolist() == [0.0, 0.0]  # the same months a year before were empty: nothing to grow from
    launch = np.array([[1.0] * 6 + [10.0] * 12])
    assert extend_demand(launch, 19)[0, 18] == 10 * 1.25  # ten times as much in a year is a launch, not a trend
    assert extend_demand(np.array([[1.0, 2.0]]), 1).tolist() == [[1.0]]


def test_stock_covers_as_much_of_the_coming_demand_as_a_year_before():
    """20 lie there for next month's 10: two months' cover. When demand doubles, 40 must."""
    stock, demand = np.full((1, 12), 20.0), np.array([[10.0] * 13 + [20.0] * 3])
    far = extend_stock(stock, demand, 15)
    assert far[0, :12].tolist() == [20.0] * 12
    assert far[0, 12:].tolist() == [40.0, 40.0, 40.0]  # demand of the months after: 20, a year before 10


def test_stock_without_demand_stays_and_a_short_plan_keeps_its_mean_cover():
    assert extend_stock(np.full((1, 12), 5.0), np.zeros((1, 14)), 13)[0, 12] == 5.0
    short = extend_stock(np.array([[6.0, 10.0]]), np.array([[4.0, 4.0, 8.0, 8.0]]), 3)
    assert short[0].tolist() == [6.0, 10.0, 16.0]  # mean of 8 for a demand of 4: two months
    assert extend_stock(np.array([[6.0, 10.0]]), np.array([[4.0, 4.0, 8.0]]), 1).tolist() == [[6.0]]


def test_load_is_units_times_hours_and_adds_up():
    load = load_of(np.array([[10.0, 20.0], [5.0, 0.0]]), np.array([[2.0], [4.0]]))
    assert load[:, 0].tolist() == [[20.0, 40.0], [20.0, 0.0]]
    assert load.sum(axis=0).tolist() == [[40.0, 40.0]]


CASE = {
    "overload": np.array([0, 0, 50.0, 50.0]),
    "hours_per_month": 100.0,
    "lead_months": 1,
    "hours_per_unit": 1.0,
    "margin_per_unit": 10.0,
    "invest": 900.0,
    "fixed_cost": 200.0,
}


def test_an_investment_pays_when_its_margin_has_paid_it_back():
    """50 units × 10 − 200 = 300 a month: 900 take three months, 150 units; it must begin one month before month 2."""
    case = judge_investment(**CASE)
    assert case.relieved.tolist() == [0, 0, 50, 50]
    assert (case.units, case.units_per_month, case.gain_per_month) == (100, 50, 300)
    assert (case.break_even_months, case.break_even_units) == (3, 150)
    assert (case.first_overload, case.latest_start) == (2, 1)


def test_an_investment_that_comes_late_relieves_less():
    case = judge_investment(**CASE | {"lead_months": 3})
    assert case.relieved.tolist() == [0, 0, 0, 50]
    assert case.latest_start == -1


def test_what_never_pays_has_no_break_even_and_what_nobody_needs_no_start():
    assert judge_investment(**CASE | {"fixed_cost": 500.0}).break_even_months is None
    idle = judge_investment(**CASE | {"overload": np.zeros(4)})
    assert (idle.first_overload, idle.latest_start, idle.break_even_units) == (None, None, None)
