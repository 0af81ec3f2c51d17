"""Changed demand, rush orders, resumed sessions and the worth of one more hour: hand cases and properties."""

from dataclasses import replace

import numpy as np
import pytest

from engine.balancing.blanks import blank_demand, blank_lanes
from engine.balancing.levers import apply_changes
from engine.balancing.placing import Change
from engine.balancing.solve import Session, solve
from engine.balancing.trials import Trials
from engine.balancing.worth import worth_of_more
from tests.engine.balancing.companies import random_company
from tests.engine.balancing.test_explain import MONTHS, one_product


def warm(problem) -> Trials:
    session = Session(problem)
    return Trials(session, session.solve())


def two_markets(first, second, *, hours, prices=(100.0, 80.0), backorder=False):
    """One product in two organisations, one line at an hour a unit; the first market pays more."""
    problem = one_product(first, hours=hours)
    demand = replace(
        blank_demand([0, 0], [0, 1], np.array([first, second], dtype=float)),
        price=np.array(prices)[:, None] * np.ones(MONTHS),
        backorder=np.array([backorder, backorder]),
        backorder_cost=np.full((2, MONTHS), 1.0),
    )
    lanes = blank_lanes([0, 0], [0, 1], MONTHS)
    return replace(problem, orgs=("R00", "R01"), demand=demand, lanes=lanes)


def first_class_only(seed):
    problem = random_company(seed)
    return problem.with_part("demand", priority=np.ones_like(problem.demand.priority))


@pytest.mark.parametrize("units", [-25.0, 40.0])
@pytest.mark.parametrize("seed", range(8))
def test_changed_demand_is_the_optimum_of_the_changed_problem(seed, units):
    problem = first_class_only(seed)
    changes = [Change("demand", (), 1, 3, cells=((seed % 4, 1, units), ((seed + 1) % 4, 2, units / 2)))]
    trial = warm(problem).solve(changes)
    fresh = solve(apply_changes(problem, changes))
    assert trial.objective == pytest.approx(fresh.objective, rel=1e-6, abs=1e-5)
    assert trial.profit == pytest.approx(fresh.profit, rel=1e-6, abs=1e-2)


@pytest.mark.parametrize("seed", range(8))
def test_a_rush_order_is_the_plan_that_serves_it_first(seed):
    """The trial's preference and the adopted class of higher priority agree in what the order gets."""
    problem = first_class_only(seed)
    cls, month = seed % 4, 1 + seed % 2
    cells = ((cls, month, 30.0),)
    changes = [Change("demand", (), month, month + 1, cells=cells), Change("first", (), month, month + 1, cells=cells)]
    trial = warm(problem).solve(changes)
    adopted = apply_changes(problem, changes)
    assert adopted.demand.quantity.sum() == pytest.approx(problem.demand.quantity.sum() + 30.0)
    fresh = solve(adopted)
    assert trial.objective == pytest.approx(fresh.objective, rel=1e-5, abs=1e-2)


def test_a_rush_order_takes_the_hours_of_who_pays_less():
    """100 hours, 60 and 40 asked. 30 more for the dearer market: the other one loses 30."""
    trials = warm(two_markets((60, 0, 0), (40, 0, 0), hours=(100, 0, 0)))
    cells = ((0, 0, 30.0),)
    plan = trials.solve([Change("demand", (), 0, 1, cells=cells), Change("first", (), 0, 1, cells=cells)])
    assert plan.served[:, 0].tolist() == [90.0, 10.0]
    assert plan.lost[:, 0].tolist() == [0.0, 30.0]
    assert plan.objective - trials.base.objective == pytest.approx(30 * 100 - 30 * 80)


def test_a_rush_order_goes_first_even_where_it_pays_less():
    """Without a rush the cheap market's 30 more would stay unserved; as a rush order they displace the dear one."""
    trials = warm(two_markets((60, 0, 0), (40, 0, 0), hours=(100, 0, 0)))
    cells = ((1, 0, 70.0),)
    asked = Change("demand", (), 0, 1, cells=cells)
    assert trials.solve([asked]).served[:, 0].tolist() == [60.0, 40.0]
    plan = trials.solve([asked, Change("first", (), 0, 1, cells=cells)])
    assert plan.served[:, 0].tolist() == [30.0, 70.0]
    assert plan.objective - trials.base.objective == pytest.approx(-30 * 100 + 30 * 80)


def test_waiting_customers_wait_longer_for_a_rush_order():
    """Who waits is served a month later instead of not at all."""
    trials = warm(two_markets((60, 0, 0), (40, 0, 0), hours=(100, 100, 0), backorder=True))
    cells = ((1, 0, 50.0),)
    plan = trials.solve([Change("demand", (), 0, 1, cells=cells), Change("first", (), 0, 1, cells=cells)])
    assert plan.served.sum(axis=0).tolist() == [100.0, 50.0, 0.0]
    assert plan.served[1, 0] >= 50.0
    assert plan.revenue - trials.base.revenue == pytest.approx(50 * 80)


def test_a_rush_order_nobody_can_serve_leaves_the_rest_alone():
    trials = warm(two_markets((60, 0, 0), (40, 0, 0), hours=(100, 0, 0)))
    cells = ((0, 1, 30.0),)
    plan = trials.solve([Change("demand", (), 1, 2, cells=cells), Change("first", (), 1, 2, cells=cells)])
    # month 1 has no hours: units made ahead are the only way, and they displace month 0
    assert plan.served[:, 1].tolist() == [30.0, 0.0]
    assert plan.served[:, 0].sum() == pytest.approx(70.0)


def test_an_adopted_rush_order_is_served_before_the_plan():
    problem = two_markets((60, 0, 0), (40, 0, 0), hours=(100, 0, 0))
    cells = ((1, 0, 70.0),)
    changes = [Change("demand", (), 0, 1, cells=cells), Change("first", (), 0, 1, cells=cells)]
    plan = solve(apply_changes(problem, changes))
    assert plan.served[:, 0] == pytest.approx([30.0, 0.0, 70.0], abs=1e-3)  # less what a pass leaves as room


def test_a_trial_may_take_from_what_went_first():
    """Maintenance takes all hours of a plan with a rush order: it is short, not infeasible."""
    problem = two_markets((60, 0, 0), (40, 0, 0), hours=(100, 0, 0))
    cells = ((1, 0, 20.0),)
    trials = warm(apply_changes(problem, [Change("first", (), 0, 1, cells=cells)]))
    plan = trials.solve([Change("hours", ("LINE",), 0, 1, amount=-90.0)])
    assert plan.served.sum() == pytest.approx(10.0)
    assert plan.served[2, 0] == pytest.approx(10.0)
    again = trials.solve([])
    assert again.objective == pytest.approx(trials.base.objective)


@pytest.mark.parametrize("seed", range(6))
def test_a_resumed_session_has_the_plan_of_record(seed):
    """Another process that gets the basis has the same plan, to the unit, and tries from there."""
    problem = random_company(seed)
    first = Session(problem)
    plan = first.solve()
    second = Session(problem)
    resumed = second.resume(first.warm_start())
    assert resumed.objective == pytest.approx(plan.objective, rel=1e-9, abs=1e-6)
    assert np.allclose(resumed.served, plan.served, atol=1e-6)
    assert np.allclose(resumed.production, plan.production, atol=1e-6)
    change = Change("hours", ("LINE-A",), 1, 2, amount=-20.0)
    there = Trials(second, resumed).solve([change])
    assert there.objective == pytest.approx(Trials(first, plan).solve([change]).objective, rel=1e-6, abs=1e-5)


def test_a_model_of_another_shape_is_not_resumed():
    start = Session(one_product((1000, 900, 900)))
    start.solve()
    other = Session(two_markets((60, 0, 0), (40, 0, 0), hours=(100, 0, 0)))
    assert other.resume(start.warm_start()) is None
    assert other.solve().status == "optimal"


def test_one_more_hour_has_its_value_until_nothing_is_short():
    """100 units short at 40 each; hour 101 is worth nothing."""
    trials = warm(one_product((1000, 500, 500), hours=(900, 500, 500)))
    worth = worth_of_more(trials, "hour", "LINE", 0, reach=450.0)
    assert (worth.value, worth.then) == (pytest.approx(40.0), pytest.approx(0.0))
    assert worth.holds_for == pytest.approx(100.0)


def test_the_value_falls_when_only_who_pays_less_is_short():
    trials = warm(two_markets((60, 0, 0), (40, 0, 0), hours=(50, 0, 0)))
    worth = worth_of_more(trials, "hour", "LINE", 0, reach=200.0)
    assert (worth.value, worth.holds_for, worth.then) == (
        pytest.approx(40.0), pytest.approx(10.0), pytest.approx(20.0),
    )  # fmt: skip


def test_hours_to_spare_are_worth_nothing():
    worth = worth_of_more(warm(one_product((100, 100, 100))), "hour", "LINE", 0, reach=500.0)
    assert (worth.value, worth.holds_for) == (0.0, 500.0)
