"""Small cases solved by hand, one for each rule of the model that few companies have."""

from dataclasses import replace

import numpy as np
import pytest

from engine.balancing.blanks import blank_demand, blank_lanes, blank_points, blank_problem
from engine.balancing.checks import check_plan, check_problem
from engine.balancing.contracts import SolveOptions, Transfers
from engine.balancing.derived import derive, lot_cap
from engine.balancing.placing import Change
from engine.balancing.solve import Session, solve
from engine.balancing.trials import Trials
from engine.balancing.twin import Twin
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


def test_whole_people_come_and_go_beside_half_a_post():
    """12.5 people of 10 hours, 140 asked: two more come, and the half post stays."""
    problem = one_product((140, 140, 140), hours=(0, 0, 0))
    problem = problem.with_part(
        "resource",
        kind=("labour",),
        is_labour=np.array([True]),
        headcount=np.array([12.5]),
        can_hire=np.array([True]),
        hours_per_person=np.full((1, 3), 10.0),
        wage=np.full((1, 3), 1.0),
        hire_cost=np.array([1.0]),
    )
    plan = solve(problem, SolveOptions(integer_headcount=True))
    assert plan.hired.tolist() == [[2, 0, 0]]
    assert plan.headcount == pytest.approx(np.full((1, 3), 14.5))
    assert plan.served.tolist() == [[140, 140, 140]]
    assert Twin(problem, SolveOptions(integer_headcount=True)).solve() == pytest.approx(plan.objective)


def test_nobody_is_hired_for_overtime_that_nobody_works():
    """Overtime without a cost is as dear as a regular hour: 100 hours asked, a person has 60 and 10 in overtime."""
    problem = one_product((100, 0, 0), hours=(0, 0, 0)).with_part(
        "resource",
        is_labour=np.array([True]),
        headcount=np.array([1.0]),
        can_hire=np.array([True]),
        hours_per_person=np.full((1, 3), 60.0),
        overtime_per_person=np.full((1, 3), 10.0),
        regular_cost=np.full((1, 3), 8.0),
        hire_cost=np.array([1.0]),
    )
    plan = solve(problem)
    assert plan.served.tolist() == [[100, 0, 0]]
    assert plan.hired.sum() == pytest.approx(30 / 70)
    assert plan.cost["regular_hours"] + plan.cost["overtime"] == pytest.approx(800)
    assert Twin(problem).solve() == pytest.approx(plan.objective)
    assert [f.code for f in check_problem(problem)] == []
    cheap = problem.with_part("resource", overtime_cost=np.full((1, 3), 5.0))
    assert [(f.code, f.key) for f in check_problem(cheap)] == [("overtime_cheap", "LINE")]


def test_a_lot_is_no_larger_than_hours_and_parts_allow():
    """A thousand million asked in March: 100 hours a month and parts for 30 in January bound a lot, demand does not."""
    problem = with_material(
        one_product((10, 10, 1e9), hours=(100, 100, 100)), initial=np.array([60.0]), first_arrival=np.array([1])
    )
    assert lot_cap(problem, derive(problem).make_cap)[0] == pytest.approx([30, 100, 100], rel=1e-5)


def test_every_month_in_which_something_is_made_pays_its_set_up():
    """However much is asked for: 50 a month in which the line makes its 100."""
    problem = one_product((10, 10, 1e9), hours=(100, 100, 100)).with_part("points", setup_cost=np.full((1, 3), 50.0))
    plan = solve(problem, SolveOptions(set_ups=True))
    assert plan.set_ups.tolist() == [[1, 1, 1]]
    assert plan.cost["set_ups"] == 150
    assert plan.production.tolist() == [[100, 100, 100]]


def test_with_a_set_up_made_an_hour_has_its_own_price():
    """100 hours, 150 asked at 40 each: the lot's limit is those hours, and they keep their worth."""
    problem = one_product((150, 0, 0), hours=(100, 0, 0)).with_part("points", setup_cost=np.full((1, 3), 50.0))
    session = Session(problem, SolveOptions(set_ups=True))
    plan = session.solve()
    assert plan.duals["Resource-capacity-upper"][0, 0] == pytest.approx(40)
    more = Trials(session, plan).solve([Change("hours", ("LINE",), 0, 1, amount=30.0)])
    assert more.served[0, 0] == pytest.approx(130)


@pytest.mark.parametrize(("options", "bought"), [(SolveOptions(), 60), (SolveOptions(set_ups=True), 100)])
def test_a_supplier_delivers_its_least_order_or_nothing(options, bought):
    """Two parts each for 30 units; the supplier takes orders from 100 on, which counts where set-ups do."""
    problem = with_material(one_product((10, 10, 10)), min_order=np.array([100.0]))
    plan = solve(problem, options)
    assert plan.served.tolist() == [[10, 10, 10]]
    assert plan.purchases.sum() == bought
    assert (plan.purchases > 0).sum() == (1 if options.set_ups else 3)
    assert plan.objective == pytest.approx(Twin(problem, options).solve())
    found = check_plan(problem, plan)
    assert [f.code for f in found] == ([] if options.set_ups else ["order_too_small"])
    if found:
        assert (found[0].key, found[0].severity) == ("M|P00", "info")
        assert found[0].values == {"when": "0000-01", "quantity": "20.00", "least": "100.00", "count": "3"}


@pytest.mark.parametrize("kept", [[10, 0, 0], [np.inf] * 3])
def test_old_opening_stock_goes_first_and_in_time(kept):
    """30 in stock keep for two months, 20 of them only this one: 5 are sold, 15 written off, 10 kept for February."""
    problem = one_product((5, 50, 0)).with_part(
        "points",
        initial=np.array([30.0]),
        shelf_months=np.array([2.0]),
        scrap_cost=np.full((1, 3), 7.0),
        opening_kept=np.array([kept], dtype=float),
    )
    plan = solve(problem)
    assert plan.scrapped.sum() == (15 if kept[0] == 10 else 0)
    assert plan.stock[0, 0] == (10 if kept[0] == 10 else 25)
    assert Twin(problem).solve() == pytest.approx(plan.objective)


@pytest.mark.parametrize("kept", [[20, 0, 0], [np.inf] * 3])
def test_old_material_is_used_in_time(kept):
    """60 pieces for 30 units keep for two months, 40 of them only this one: ten units are built ahead of them."""
    problem = with_material(
        one_product((10, 20, 0)),
        initial=np.array([60.0]),
        shelf_months=np.array([2.0]),
        scrap_cost=np.full((1, 3), 0.1),
        opening_kept=np.array([kept], dtype=float),
    )
    plan = solve(problem)
    assert plan.production.tolist() == [[20, 10, 0] if kept[0] == 20 else [10, 20, 0]]
    assert plan.material_scrapped.sum() == 0
    assert Twin(problem).solve() == pytest.approx(plan.objective)
