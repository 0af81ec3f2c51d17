"""Small cases solved by hand, one for each rule of the model that few companies have."""

from dataclasses import replace

import numpy as np
import pytest

from engine.balancing.blanks import blank_demand, blank_lanes, blank_points, blank_problem
from engine.balancing.contracts import SolveOptions, Transfers
from engine.balancing.solve import solve
from tests.engine.balancing.test_explain import one_product, with_material


def test_what_grows_old_cannot_be_built_ahead():
    """100 hours a month, an hour a unit, 250 asked in March: a shelf life of a month leaves February's 100 and 100."""
    problem = one_product((0, 0, 250), hours=(100, 100, 100))
    assert solve(problem).served.tolist() == [[0, 0, 250]]
    keeps_a_month = problem.with_part("points", shelf_months=np.array([1.0]))
    plan = solve(keeps_a_month)
    assert plan.served.tolist() == [[0, 0, 200]]
    assert plan.production.tolist() == [[0, 100, 100]]
    assert plan.scrapped.sum() == 0


def test_opening_stock_that_nobody_takes_is_written_off():
    """40 in stock keep for a month, nothing is asked before March: they go at 7 each, and March is made anew."""
    problem = one_product((0, 0, 50), hours=(100, 100, 100))
    problem = problem.with_part(
        "points", initial=np.array([40.0]), shelf_months=np.array([1.0]), scrap_cost=np.full((1, 3), 7.0)
    )
    plan = solve(problem)
    assert plan.scrapped.tolist() == [[40, 0, 0]]
    assert plan.cost["scrap"] == 280
    assert plan.served.tolist() == [[0, 0, 50]]


def test_old_material_is_used_at_once_or_written_off():
    """60 pieces keep for a month: all 20 units are made at once, which takes 40; the other 20 go at 5 each."""
    problem = with_material(one_product((10, 10, 0)), initial=np.array([60.0]), shelf_months=np.array([1.0]))
    plan = solve(problem.with_part("material", scrap_cost=np.full((1, 3), 5.0)))
    assert plan.production.tolist() == [[20, 0, 0]]
    assert plan.material_scrapped.tolist() == [[20, 0, 0]]
    assert plan.purchases.sum() == 0
    assert plan.cost["material_scrap"] == 100


@pytest.mark.parametrize(("price", "made", "changed"), [(3.0, 150, 40), (5.0, 110, 0)])
def test_a_slushy_month_changes_when_it_is_worth_it(price, made, changed):
    """Released 100, free up to 110; a unit more earns 4: 150 are made where a change costs 3, 110 where it costs 5."""
    problem = one_product((150, 100, 0), price=10.0, cost=6.0)
    problem = problem.with_part(
        "points",
        hold_cost=np.full((1, 3), 9.0),
        reference=np.array([[100.0, np.nan, np.nan]]),
        reference_band=np.array([[10.0, 0.0, 0.0]]),
        change_price=np.full((1, 3), price),
    )
    plan = solve(problem)
    assert plan.production.tolist() == [[made, 100, 0]]
    assert plan.changed.tolist() == [[changed, 0, 0]]
    assert plan.penalty == pytest.approx(price * changed)
    assert plan.profit == pytest.approx(4.0 * (made + 100))


def test_goods_are_moved_to_a_store_and_arrive_a_month_later():
    """A plant makes, only the store delivers: the first month is lost, each unit costs 2 to move."""
    points = blank_points([0, 0], [0, 1], 3)
    points = replace(points, can_make=np.array([True, False]), make_max=np.full((2, 3), 100.0))
    demand = replace(blank_demand([0], [0], np.full((1, 3), 80.0)), price=np.full((1, 3), 10.0))
    moves = Transfers(np.array([0]), np.array([1]), np.full((1, 3), 2.0), np.array([1]))
    problem = replace(blank_problem(points, demand, blank_lanes([1], [0], 3)), transfers=moves)
    plan = solve(problem)
    assert plan.served.tolist() == [[0, 80, 80]]
    assert plan.transfers.tolist() == [[80, 80, 0]]
    assert plan.profit == 160 * 8


@pytest.mark.parametrize(
    ("options", "shifts"),
    [
        (SolveOptions(), [0.5, 0.5]),
        (SolveOptions(integer_shifts=True), [1, 1]),
        (SolveOptions(integer_shifts=True, integer_months=1), [1, 0.5]),
    ],
    ids=["fractions", "whole", "whole in the first month"],
)
def test_extra_shifts_are_whole_where_asked_for(options, shifts):
    """100 hours and 30 more a shift at 12 each; 115 asked at 10: half a shift would do."""
    problem = one_product((115, 115, 0), hours=(100, 100, 0), price=10.0, cost=0.0)
    every = np.ones((1, 3))
    problem = problem.with_part("resource", shift_hours=30 * every, shift_max=every, shift_cost=12 * every)
    plan = solve(problem.with_part("points", hold_cost=5 * every), options)
    assert plan.extra_shifts.tolist() == [[*shifts, 0]]
    assert plan.served.tolist() == [[115, 115, 0]]
    assert plan.cost["extra_shifts"] == pytest.approx(12 * sum(shifts))
