"""Figures of very different size: what priorities keep, what is left out, what is said about it."""

import numpy as np
import pytest

import engine.balancing.solve as solving
from engine.balancing.checks import check_plan
from engine.balancing.contracts import SolveOptions
from engine.balancing.equilibrate import scaled_basis
from engine.balancing.solve import Session, SolveFailed, solve
from tests.engine.balancing.companies import random_company

SIZES = np.array([[1e9], [1.0], [1e5], [1e-2]])


def sized(seed):
    """Four customers, some before the others, who are lost; they ask for thousands of millions and for hundredths."""
    problem = random_company(seed)
    demand = problem.demand
    return problem.with_part(
        "demand",
        quantity=demand.quantity * SIZES,
        backorder=np.zeros(4, dtype=bool),
        priority=np.array([1, 2, 1, 2]),
    ).with_part("resource", regular_hours=problem.resource.regular_hours * 1e6)


@pytest.mark.parametrize("seed", range(6))
def test_a_priority_loses_no_more_than_the_stated_share_to_those_after_it(seed):
    """What priority 1 gets alone, at a price that beats everything, less a hundred-millionth of what it asks for."""
    problem = sized(seed)
    first = problem.demand.priority == 1
    alone = problem.with_part(
        "demand",
        quantity=problem.demand.quantity * first[:, None],
        price=np.where(first[:, None], 1e6, 0.0) * np.ones(problem.months),
        priority=np.ones(4, dtype=np.int64),
    )
    most = solve(alone).served[first].sum()
    plan = solve(problem)
    asked = problem.demand.quantity[first].sum()
    assert plan.served[first].sum() >= most - 2 * solving.PASS_ROOM * asked
    assert plan.solver.left_out == ()


def test_rooms_grow_no_wider_than_a_ten_thousandth():
    assert solving.PASS_ROOM == 1e-8
    assert max(solving.WIDER_ROOMS) == 1e-4


@pytest.mark.parametrize("seed", range(8))
def test_the_basis_of_a_scaled_copy_is_optimal_in_the_figures_of_the_company(seed):
    problem = random_company(seed, wide=True)
    problem = problem.with_part("demand", priority=np.ones(4, dtype=np.int64))
    plain, helped = Session(problem), Session(problem)
    helped.start_from(scaled_basis(helped.highs))
    plan = helped.solve()
    assert plan.objective == pytest.approx(plain.solve().objective, rel=1e-9, abs=1e-6)


def test_what_no_solver_copes_with_goes_without_priorities_and_whole_numbers_and_says_so(monkeypatch):
    problem = sized(1)
    options = SolveOptions(set_ups=True)
    usual = Session.run

    def defeated(session):
        if not session.left_out:
            raise SolveFailed("Unknown")
        usual(session)

    monkeypatch.setattr(Session, "run", defeated)
    plan = solve(problem, options)
    assert plan.solver.left_out == ("priorities", "whole_numbers")
    found = {finding.code: finding for finding in check_plan(problem, plan)}
    assert {"no_priorities", "no_whole_numbers", "units_apart"} <= set(found)
    assert found["units_apart"].values["other"] == "K0001"
    simple = problem.with_part("demand", priority=np.ones(4, dtype=np.int64))
    monkeypatch.undo()
    whole = solve(simple, SolveOptions(set_ups=True))
    assert plan.objective >= whole.objective - 1e-6 * abs(whole.objective)


def test_a_plain_problem_that_no_solver_copes_with_is_refused(monkeypatch):
    problem = sized(1).with_part("demand", priority=np.ones(4, dtype=np.int64))

    def defeated(_session):
        raise SolveFailed("Unknown")

    monkeypatch.setattr(Session, "run", defeated)
    with pytest.raises(SolveFailed):
        solve(problem)
