"""Whole units: exact balances, no unit lost, whole plans untouched."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.balancing.rounding import round_plan, share_running
from engine.balancing.solve import solve
from tests.engine.balancing.companies import random_company
from tests.engine.balancing.test_explain import one_product

FEW = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])


def whole_bom(seed):
    problem = random_company(seed)
    return problem.with_part("material_lines", quantity=np.rint(problem.material_lines.quantity))


@FEW
@given(st.integers(0, 10_000))
def test_whole_plans_balance_exactly(seed):
    problem = whole_bom(seed)
    plan = solve(problem)
    whole = round_plan(problem, plan)
    cumulated = np.cumsum(whole.asked, axis=1) - np.cumsum(whole.served, axis=1)
    assert (cumulated >= 0).all()
    assert whole.stock.min() >= 0
    assert whole.material_stock.min() >= 0
    assert min(getattr(whole, n).min() for n in ("served", "shipments", "production", "outsourced", "purchases")) >= 0
    # what arrives at a market is what it is served
    arrived = np.zeros_like(whole.served)
    orgs = len(problem.orgs)
    for lane, lag in enumerate(problem.lanes.lag):
        code = problem.points.product[problem.lanes.point[lane]] * orgs + problem.lanes.org[lane]
        row = np.flatnonzero(whole.markets == code)
        if len(row):
            arrived[row[0], lag:] += whole.shipments[lane, : problem.months - lag]
    assert np.array_equal(arrived, whole.served)
    # materials: stock is what the whole flows say
    used = np.zeros_like(whole.purchases, dtype=float)
    lines = problem.material_lines
    np.add.at(used, lines.material_point, lines.quantity[:, None] * whole.production[lines.point])
    flow = whole.purchases + problem.material.arrivals - used
    assert np.allclose(problem.material.initial[:, None] + np.cumsum(flow, axis=1), whole.material_stock)


@FEW
@given(st.integers(0, 10_000))
def test_whole_goods_balance_with_moves_and_what_is_scrapped(seed):
    """Opening stock plus everything that came, less everything that went, is the stock, to the unit."""
    problem = random_company(seed, wide=True)
    problem = problem.with_part("component_lines", quantity=np.rint(problem.component_lines.quantity))
    whole = round_plan(problem, solve(problem))
    flow = whole.production + whole.outsourced - whole.scrapped
    np.subtract.at(flow, problem.lanes.point, whole.shipments)
    lines, moves = problem.component_lines, problem.transfers
    np.subtract.at(flow, lines.component, lines.quantity[:, None].astype(int) * whole.production[lines.point])
    np.subtract.at(flow, moves.source, whole.transfers)
    for move, lag in enumerate(moves.lag):
        flow[moves.target[move], lag:] += whole.transfers[move, : problem.months - lag]
    assert np.array_equal(problem.points.initial[:, None] + np.cumsum(flow, axis=1), whole.stock)
    assert whole.stock.min() >= 0
    assert min(whole.production.min(), whole.transfers.min(), whole.scrapped.min()) >= 0


@FEW
@given(st.integers(0, 10_000))
def test_whole_numbers_stay_within_units_of_the_plan(seed):
    problem = whole_bom(seed)
    plan = solve(problem)
    whole = round_plan(problem, plan)
    lanes = len(problem.lanes)
    made = np.cumsum(whole.production, axis=1) - np.cumsum(plan.production, axis=1)
    assert np.abs(made).max() <= 4 * lanes  # a component follows its parents, each off by a unit or two
    served = np.cumsum(whole.served, axis=1)[:, -1].sum()
    assert plan.served.sum() - served <= len(whole.markets)


def test_a_whole_plan_stays_as_it_is():
    problem = one_product((700, 1200, 500))
    plan = solve(problem)
    whole = round_plan(problem, plan)
    assert whole.production.tolist() == [[900, 1000, 500]]
    assert whole.stock.tolist() == [[200, 0, 0]]
    assert whole.served.tolist() == [[700, 1200, 500]]
    assert whole.short().tolist() == [[0, 0, 0]]


def test_fractions_are_carried_and_never_exceed_demand():
    """10 hours a month at 3 hours a unit: 3.33 units; whole: 3, 3, 4, never more than 10 in all."""
    problem = one_product((10, 10, 10), hours=(10, 10, 10))
    problem = problem.with_part("routings", hours=np.array([3.0]))
    whole = round_plan(problem, solve(problem))
    assert whole.served.tolist() == [[3, 3, 4]]
    assert whole.short().tolist() == [[7, 7, 6]]
    assert whole.stock.tolist() == [[0, 0, 0]]


def test_decimals_keep_tenths():
    problem = one_product((10, 10, 10), hours=(10, 10, 10))
    problem = problem.with_part("routings", hours=np.array([3.0]))
    whole = round_plan(problem, solve(problem), decimals=1)
    assert whole.served.tolist() == [[33, 33, 34]]


@FEW
@given(st.lists(st.lists(st.floats(0, 9), min_size=3, max_size=3), min_size=1, max_size=5))
def test_parts_add_up_to_their_total_and_never_fall(flows):
    parts = np.cumsum(np.array(flows), axis=1)
    total = np.floor(parts.sum(axis=0, keepdims=True) + 1e-9).astype(np.int64)
    shared = share_running(total, parts, np.zeros(len(parts), dtype=np.int64))
    assert np.array_equal(shared.sum(axis=0), total[0])
    assert (np.diff(shared, axis=1, prepend=0) >= 0).all()
    assert np.abs(shared - parts).max() <= 2.0
