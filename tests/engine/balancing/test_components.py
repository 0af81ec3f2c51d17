"""Independent parts: what belongs together, and that solving them apart is solving the whole, to the byte."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import engine.balancing.components as components
import engine.balancing.solve as solving
from engine.balancing.components import find_components, independent_parts
from engine.balancing.contracts import MaterialLines, SolveOptions, SupplierLimits, array_fields
from engine.balancing.first import divide, join_division, solve_session
from engine.balancing.joining import solve_block
from engine.balancing.placing import Change
from engine.balancing.solve import Session, solve
from engine.balancing.trials import Trials
from tests.engine.balancing.companies import beside, random_company
from tests.engine.balancing.test_explain import one_product, with_material

SEEDS = st.integers(0, 10_000)
FEW = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def in_parts(monkeypatch):
    """Companies of any size are large, and parts of any size are worth a solver of their own."""
    monkeypatch.setattr(solving, "LARGE_NONZEROS", 0)
    monkeypatch.setattr(components, "PART_NONZEROS", 1)


def pair():
    return beside(one_product((1000, 500, 500), hours=(900, 1000, 1000)), one_product((100, 100, 100)))


def test_products_that_share_nothing_are_parts_and_bundles_keep_them_whole():
    problem = beside(pair(), pair())
    assert find_components(problem).tolist() == [0, 1, 2, 3]
    groups = independent_parts(problem, 2 * components.PART_NONZEROS)
    assert sorted(np.bincount(groups).tolist()) == [2, 2]
    assert independent_parts(problem, components.PART_NONZEROS) is None
    assert independent_parts(problem, 5 * components.EXACT_NONZEROS) is None


def test_a_shared_line_supplier_store_or_material_ties_products_together():
    two = pair()
    on_one_line = replace(two, routings=replace(two.routings, resource=np.array([0, 0])))
    assert find_components(on_one_line).tolist() == [0, 0]
    bought = beside(with_material(one_product((1, 1, 1))), with_material(one_product((1, 1, 1))))
    assert find_components(bought).tolist() == [0, 1]
    one_place = MaterialLines(np.array([0, 1]), np.array([0, 0]), np.array([2.0, 2.0]))
    assert find_components(replace(bought, material_lines=one_place)).tolist() == [0, 0]
    same = bought.with_part("material", material=np.array([0, 0]))  # one material at two sites
    assert find_components(same).tolist() == [0, 1]
    limits = SupplierLimits(np.array([0]), np.full((1, 3), np.inf))
    assert find_components(replace(same, supplier=limits)).tolist() == [0, 1]
    limits = SupplierLimits(np.array([0]), np.array([[np.inf, 5.0, np.inf]]))
    assert find_components(replace(same, supplier=limits)).tolist() == [0, 0]


def test_a_company_of_two_levels_is_one_part():
    assert set(find_components(random_company(3, wide=True)).tolist()) == {0}


@FEW
@given(SEEDS, st.booleans())
def test_the_parts_together_are_the_best_plan_of_the_whole(in_parts, seed, wide):
    """Priorities, shelf lives, labour, stores: nothing of the model couples what is taken for independent."""
    problem = beside(random_company(seed, wide=wide), random_company(seed + 1, wide=wide))
    session = Session(problem)
    found = solve_session(session)
    best = solve(problem)
    assert found.gap == 0
    assert found.plan.solver.method == "2 independent parts"
    # what a priority may lose again, in each part and in the whole, at the dearest price; the objective is a small
    # difference of large sums, so the tolerance of two solvers is taken of the sums
    room = 2 * solving.PASS_ROOM * problem.demand.quantity.sum() * session.dearest
    sums = best.revenue + sum(best.cost.values()) + best.penalty
    assert found.plan.objective == pytest.approx(best.objective, rel=0, abs=4e-6 * sums + room)
    assert found.plan.profit == pytest.approx(found.plan.revenue - sum(found.plan.cost.values()))
    assert found.plan.penalty == pytest.approx(best.penalty, rel=1e-4, abs=1e-2)
    for name in ("load", "available"):
        assert getattr(found.plan, name).shape == getattr(best, name).shape


@FEW
@given(SEEDS)
def test_blocks_solved_in_any_order_give_the_same_bytes(in_parts, seed):
    problem = beside(random_company(seed), random_company(seed + 1), random_company(seed + 2))
    alone = solve_session(Session(problem))
    session = Session(problem)
    division = divide(session)
    solved = [solve_block(block, division.options) for block in reversed(division.blocks)][::-1]
    joined = join_division(session, division, solved)
    assert joined.shortages == alone.shortages
    for name, values in array_fields(alone.plan).items():
        assert values.tobytes() == getattr(joined.plan, name).tobytes()
    for name, values in alone.plan.duals.items():
        assert values.tobytes() == joined.plan.duals[name].tobytes()


@FEW
@given(SEEDS)
def test_the_session_stands_at_the_joint_optimum_afterwards(in_parts, seed):
    """Trials begin there, and another process resumes there without solving anything anew."""
    problem = beside(random_company(seed), random_company(seed + 1))
    session = Session(problem)
    plan = solve_session(session).plan
    start = session.warm_start()
    change = [Change("hours", (problem.resources[0],), 0, 2, amount=30.0)]
    more = Trials(session, plan).solve(change)
    again = Session(problem)
    resumed = again.resume(start)
    assert resumed.objective == pytest.approx(plan.objective, rel=1e-6, abs=1e-4)
    assert Trials(again, resumed).solve(change).objective == pytest.approx(more.objective, rel=1e-6, abs=1e-4)
    assert more.objective >= plan.objective - 1e-4


def test_each_part_has_its_cause_and_the_second_opinion_is_that_of_all(in_parts):
    """900 hours for 1,000 units on one line, 1,000 for 100 on the other: 100 short, worth 40 each."""
    found = solve_session(Session(pair(), SolveOptions(second_opinion=True)))
    [short] = found.shortages
    assert (short.product, short.quantity, short.margin) == ("K0000-0", pytest.approx(100), pytest.approx(4000))
    assert (short.cause.kind, short.cause.code) == ("resource", "LINE-0")
    plan = found.plan
    assert plan.objective == pytest.approx(1900 * 40 + 300 * 40)
    assert plan.solver.check_name == "CLP"
    assert plan.solver.check_gap < 1e-6
    assert plan.duals["Resource-capacity-upper"].tolist()[0][0] == pytest.approx(40)
