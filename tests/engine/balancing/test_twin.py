"""The matrix builder must equal the readable twin, and the twin must equal itself in another solver."""

from dataclasses import replace

import numpy as np
import pulp
import pytest

from engine.balancing.contracts import BalanceProblem, SolveOptions
from engine.balancing.solve import solve
from engine.balancing.twin import Twin
from tests.engine.balancing.companies import random_company

LINEAR = SolveOptions()
WHOLE = SolveOptions(set_ups=True, integer_headcount=True)
WHOLE_AT_FIRST = SolveOptions(set_ups=True, integer_headcount=True, integer_shifts=True, integer_months=2)


def one_priority(problem: BalanceProblem) -> BalanceProblem:
    return problem.with_part("demand", priority=np.ones_like(problem.demand.priority))


@pytest.mark.parametrize("options", [LINEAR, WHOLE], ids=["linear", "whole numbers"])
@pytest.mark.parametrize("fences", [False, True], ids=["open", "fenced"])
@pytest.mark.parametrize("seed", range(12))
def test_builder_and_twin_find_the_same_optimum(seed, fences, options):
    problem = one_priority(random_company(seed, fences=fences))
    expected = Twin(problem, options).solve()
    assert solve(problem, options).objective == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("options", [LINEAR, WHOLE_AT_FIRST], ids=["linear", "whole at first"])
@pytest.mark.parametrize("seed", range(16))
def test_builder_and_twin_agree_on_shelf_life_slushy_months_and_moves(seed, options):
    problem = one_priority(random_company(seed, fences=seed % 3 == 0, wide=True))
    expected = Twin(problem, options).solve()
    assert solve(problem, options).objective == pytest.approx(expected, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_twin_agrees_between_highs_and_cbc(seed):
    problem = one_priority(random_company(seed))
    highs = Twin(problem, LINEAR).solve()
    cbc = Twin(problem, LINEAR).solve(pulp.PULP_CBC_CMD(msg=False, threads=1))
    assert cbc == pytest.approx(highs, rel=1e-6)


def test_a_must_serve_class_without_price_is_served():
    """No price and no shortage cost: leaving demand out is not free, it breaks a rule."""
    problem = one_priority(random_company(1))
    free = replace(
        problem.demand,
        price=np.zeros_like(problem.demand.price),
        lost_cost=np.full_like(problem.demand.price, np.nan),
        must_serve=np.ones(4, dtype=bool),
        backorder=np.zeros(4, dtype=bool),
    )
    problem = replace(problem, demand=free)
    plan = solve(problem)
    assert plan.served.sum() > 0
    assert plan.objective == pytest.approx(Twin(problem).solve(), rel=1e-6)
