"""Frozen months: what the last release fixed is made as far as hours and parts go, and nothing comes out of nothing."""

from dataclasses import replace

import numpy as np
import pytest

from engine.balancing.blanks import blank_demand, blank_lanes, blank_points, blank_problem, blank_resources
from engine.balancing.checks import check_plan
from engine.balancing.contracts import BalanceProblem, ComponentLines, Routings, SolveOptions
from engine.balancing.levers import apply_changes
from engine.balancing.placing import Change
from engine.balancing.solve import Session, solve
from engine.balancing.trials import Trials
from engine.balancing.twin import Twin
from tests.engine.balancing.test_explain import MONTHS, explained, one_product, with_material


def frozen(problem: BalanceProblem, *first_month: float) -> BalanceProblem:
    """The first month of each point is fixed to a quantity; 0 leaves it open."""
    low, top = np.zeros((len(first_month), MONTHS)), np.full((len(first_month), MONTHS), np.inf)
    fixed = np.array(first_month)
    low[:, 0], top[:, 0] = fixed, np.where(fixed > 0, fixed, np.inf)
    return problem.with_part("points", make_min=low, make_max=top)


def without_parts() -> BalanceProblem:
    """70 frozen in January, 50 parts for 25 of them; more parts arrive from February on."""
    late = with_material(one_product((100, 100, 100)), initial=np.array([50.0]), first_arrival=np.array([1]))
    return frozen(late, 70.0)


def test_a_frozen_month_without_parts_makes_what_the_parts_are_enough_for():
    problem = without_parts()
    plan, _trials, shortages, _confirmations = explained(problem)
    assert plan.production.tolist() == [[25, 100, 100]]
    assert plan.material_stock.tolist() == [[0, 0, 0]]
    [slack] = plan.slacks
    assert (slack.family, slack.key, slack.month, slack.quantity) == ("Release-range", ("K0000", "P00"), 0, 45.0)
    [finding] = check_plan(problem, plan)
    assert (finding.code, finding.severity, finding.key) == ("frozen_cut", "error", "K0000|P00")
    assert finding.values == {"when": "0000-01", "quantity": "45.00", "missing": "M"}
    assert [(s.month, s.quantity, s.cause.kind, s.cause.code) for s in shortages] == [(0, 75.0, "lead_time", "M")]
    assert Twin(problem).solve() == pytest.approx(plan.objective, rel=1e-6)


def test_a_frozen_month_without_hours_makes_what_the_hours_are_enough_for():
    problem = frozen(one_product((100, 100, 100), hours=(40, 1000, 1000)), 70.0)
    plan = solve(problem)
    assert plan.production[0, 0] == 40
    [finding] = check_plan(problem, plan)
    assert (finding.code, finding.values["quantity"], finding.values["missing"]) == ("frozen_cut", "30.00", "LINE")


def test_a_frozen_month_without_components_makes_what_they_are_enough_for():
    """Two engines a car, 60 in stock, none made in January."""
    points = replace(blank_points([0, 1], [0, 0], MONTHS), initial=np.array([0.0, 60.0]))
    demand = replace(blank_demand([0], [0], np.full((1, MONTHS), 80.0)), price=np.full((1, MONTHS), 100.0))
    problem = replace(
        blank_problem(points, demand, blank_lanes([0], [0], MONTHS)),
        resources=("CELL",),
        resource=blank_resources([0], np.array([[0.0, 500.0, 500.0]])),
        routings=Routings(np.array([1]), np.array([0]), np.array([1.0])),
        component_lines=ComponentLines(np.array([0]), np.array([1]), np.array([2.0])),
    )
    problem = frozen(replace(problem, products=("CAR", "ENGINE")), 80.0, 0.0)
    plan = solve(problem)
    assert plan.production[0, 0] == 30
    [finding] = check_plan(problem, plan)
    assert (finding.values["quantity"], finding.values["missing"]) == ("50.00", "ENGINE")


def two_products(priority) -> BalanceProblem:
    """A and B share a line of 100 hours; 70 of A are frozen in January though B earns ten times as much."""
    points = blank_points([0, 1], [0, 0], MONTHS)
    demand = replace(
        blank_demand([0, 1], [0, 0], np.array([[70.0, 0, 0], [100.0, 0, 0]])),
        price=np.array([[10.0], [1e6]]) * np.ones(MONTHS),
        priority=np.array(priority),
    )
    problem = replace(
        blank_problem(points, demand, blank_lanes([0, 1], [0, 0], MONTHS)),
        resources=("LINE",),
        resource=blank_resources([0], np.array([[100.0, 0.0, 0.0]])),
        routings=Routings(np.array([0, 1]), np.array([0, 0]), np.array([1.0, 0.01])),
    )
    return frozen(problem, 70.0, 0.0)


@pytest.mark.parametrize("priority", [(1, 1), (2, 1)])
def test_what_can_be_made_of_a_release_gives_way_to_nothing_that_earns_more_or_goes_first(priority):
    problem = two_products(priority).with_part("resource", regular_hours=np.array([[70.2, 0.0, 0.0]]))
    plan = solve(problem)
    assert plan.production[:, 0] == pytest.approx([70, 20])
    assert plan.slacks == ()


def test_a_release_is_opened_by_a_trial_and_by_its_adoption():
    problem = two_products((1, 1)).with_part("resource", regular_hours=np.array([[70.2, 0.0, 0.0]]))
    session = Session(problem)
    trials = Trials(session, session.solve())
    change = Change("unfence", ("K0000", "P00"), 0, 1)
    opened = trials.solve([change])
    assert opened.production[:, 0] == pytest.approx([69.2, 100])
    assert opened.objective == pytest.approx(solve(apply_changes(problem, [change])).objective)
    assert trials.solve([]).objective == pytest.approx(trials.base.objective)


def test_a_trial_that_takes_hours_from_a_release_makes_less_of_it():
    session = Session(frozen(one_product((100, 100, 100), hours=(90, 90, 90)), 70.0))
    plan = Trials(session, session.solve()).solve([Change("hours", ("LINE",), 0, 1, amount=-50.0)])
    assert plan.production[0, 0] == pytest.approx(40)


def test_trials_leave_whole_numbers_as_they_were():
    """Six come in January, build ahead, and all sixteen go before March; without anybody coming, ten can go at most."""
    problem = one_product((150, 150, 10), hours=(0, 0, 0)).with_part(
        "resource",
        is_labour=np.array([True]),
        headcount=np.array([10.0]),
        can_hire=np.array([True]),
        hours_per_person=np.full((1, MONTHS), 10.0),
        wage=np.array([[1.0, 1.0, 500.0]]),
        hire_cost=np.array([2.0]),
        layoff_cost=np.array([2.0]),
    )
    session = Session(problem, SolveOptions(integer_headcount=True))
    trials = Trials(session, session.solve())
    assert (trials.base.hired.sum(), trials.base.laid_off.sum()) == (6, 16)
    alone = trials.solve([Change("no_hire", ("LINE",), 0, MONTHS)])
    assert alone.hired.sum() == 0
    assert alone.served[0, :2].tolist() == pytest.approx([100, 100])
    again = trials.solve([])
    assert again.objective == pytest.approx(trials.base.objective)
    assert again.hired.tolist() == trials.base.hired.tolist()


def test_another_process_goes_on_from_a_plan_whose_release_gave_way():
    problem = without_parts()
    first = Session(problem)
    plan = first.solve()
    resumed = Session(problem).resume(first.warm_start())
    assert resumed is not None
    assert resumed.objective == pytest.approx(plan.objective, rel=1e-9)
    assert resumed.production == pytest.approx(plan.production)
