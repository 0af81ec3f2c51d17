"""A change adopted into the problem gives the plan its trial promised."""

import numpy as np
import pytest

from engine.balancing.levers import apply_changes
from engine.balancing.placing import Change
from engine.balancing.solve import Session, solve
from engine.balancing.trials import Trials
from tests.engine.balancing.companies import random_company
from tests.engine.balancing.test_explain import MONTHS, one_product

EXACT = [
    Change("hours", ("LINE-A",), 0, 4, amount=25.0),
    Change("hours", ("LINE-B",), 1, 3, amount=-15.0),
    Change("no_overtime", ("LINE-A",), 0, 4),
    Change("no_shift", ("LINE-A",), 0, 4),
    Change("supply", ("STEEL",), 1, 4, amount=30.0),
    Change("supply_limit", ("STEEL",), 0, 3, amount=45.0),
    Change("storage", ("P00",), 0, 4, amount=40.0),
]


@pytest.mark.parametrize("change", EXACT, ids=lambda c: f"{c.kind} {c.key[0]}")
@pytest.mark.parametrize("seed", range(5))
def test_trial_and_adoption_find_the_same_objective(seed, change):
    problem = random_company(seed)
    problem = problem.with_part("demand", priority=np.ones_like(problem.demand.priority))
    session = Session(problem)
    trial = Trials(session, session.solve()).solve([change])
    adopted = solve(apply_changes(problem, [change]))
    assert trial.objective == pytest.approx(adopted.objective, rel=1e-6, abs=1e-6)


def test_adopted_overtime_serves_what_the_option_promised():
    problem = one_product((1000, 900, 900), hours=(900, 900, 900))
    change = Change("overtime", ("LINE",), 0, MONTHS, amount=100.0, price=10.0)
    plan = solve(apply_changes(problem, [change]))
    assert plan.served[0].tolist() == [1000.0, 900.0, 900.0]
    assert plan.cost["overtime"] == 1_000.0


def test_deferred_units_are_asked_for_later():
    problem = one_product((1000, 500, 500), hours=(900, 1000, 1000))
    plan = solve(apply_changes(problem, [Change("defer", (), 0, 3, amount=1.0, cells=((0, 0, 100.0),))]))
    assert plan.served[0].tolist() == [900.0, 600.0, 500.0]
    assert plan.lost.sum() == 0.0


def test_adopting_changes_leaves_the_problem_alone():
    problem = one_product((1000, 900, 900), hours=(900, 900, 900))
    apply_changes(problem, [Change("hours", ("LINE",), 0, 3, amount=50.0)])
    assert problem.resource.regular_hours.tolist() == [[900.0, 900.0, 900.0]]
