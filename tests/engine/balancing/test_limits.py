"""Limits that opening stock is above: no plan is blamed for what lies there anyway; what it adds still is."""

from dataclasses import replace

import numpy as np
import pytest

from engine.balancing.blanks import blank_points
from engine.balancing.checks import check_plan, check_problem
from engine.balancing.contracts import BalanceProblem, StorageLimits, Transfers
from engine.balancing.derived import unavoidable_stock
from engine.balancing.solve import solve
from engine.balancing.twin import Twin
from tests.engine.balancing.test_explain import MONTHS, one_product


def overstocked(**points) -> BalanceProblem:
    """500 in stock, at most 100 allowed, 150 wanted a month: 350, 200 and 50 are left whatever is planned."""
    problem = one_product((150, 150, 150))
    return problem.with_part("points", initial=np.array([500.0]), max_stock=np.full((1, MONTHS), 100.0), **points)


def test_stock_above_its_limit_from_the_start_breaks_no_rule_and_is_told():
    problem = overstocked()
    plan = solve(problem)
    assert plan.stock.tolist() == [[350.0, 200.0, 50.0]]
    assert (plan.slacks, plan.penalty) == ((), 0.0)
    assert plan.profit == 450 * 100 - 350 - 200 - 50
    [finding] = check_problem(problem)
    assert (finding.code, finding.severity, finding.key) == ("stock_above_limit", "warning", "K0000|P00")
    assert finding.values == {"when": "0000-02", "quantity": "250"}
    assert Twin(problem).solve() == pytest.approx(plan.objective, rel=1e-9)


def test_frozen_production_on_top_counts_as_there_anyway():
    low, top = np.zeros((1, MONTHS)), np.full((1, MONTHS), np.inf)
    low[0, 0] = top[0, 0] = 40.0
    problem = overstocked(make_min=low, make_max=top)
    plan = solve(problem)
    assert plan.stock.tolist() == [[390.0, 240.0, 90.0]]
    assert (plan.slacks, plan.penalty) == ((), 0.0)


def test_where_goods_may_move_on_the_limit_stands_and_what_is_above_is_told():
    """Another store could take the stock: keeping it here is a choice, 250 and 100 too many."""
    problem = overstocked()
    points = replace(blank_points([0, 0], [0, 1], MONTHS), initial=np.array([500.0, 0.0]))
    points = replace(points, can_make=np.array([True, False]), max_stock=np.full((2, MONTHS), 100.0))
    problem = replace(
        problem,
        points=points,
        sites=("P00", "P01"),
        transfers=Transfers(np.array([0]), np.array([1]), np.zeros((1, MONTHS)), np.array([0])),
    )
    assert unavoidable_stock(problem).tolist() == [[0.0] * MONTHS, [0.0] * MONTHS]
    found = check_plan(problem, solve(problem))
    assert {f.code for f in found} == {"stock_limit_broken"}
    assert (
        sum(float(f.values["quantity"]) for f in found) == 350 - 2 * 100
    )  # in January; then 200 fit, both stores full


def test_a_store_fuller_than_it_may_be_from_the_start_is_no_broken_rule():
    problem = replace(overstocked(), storage=StorageLimits(np.array([0]), np.full((1, MONTHS), 120.0)))
    plan = solve(problem)
    assert (plan.slacks, plan.penalty) == ((), 0.0)
    assert Twin(problem).solve() == pytest.approx(plan.objective, rel=1e-9)
