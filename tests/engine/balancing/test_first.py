"""The first plan: block by block, keeping every rule, with a bound that is never false."""

from dataclasses import replace
from threading import Event

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import engine.balancing.solve as solving
from engine.balancing.blanks import blank_demand, blank_lanes, blank_points, blank_problem, blank_resources
from engine.balancing.blocks import group_products, split_problem
from engine.balancing.bound import upper_bound
from engine.balancing.contracts import ComponentLines, Routings, SolveOptions, StorageLimits
from engine.balancing.first import NEAR, first_plan, solve_session
from engine.balancing.solve import Session, solve
from tests.engine.balancing.companies import random_company
from tests.engine.balancing.test_explain import MONTHS, one_product
from tests.engine.balancing.test_properties import material_gap, served_gap, stock_gap

SEEDS = st.integers(0, 10_000)
FEW = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])


def one_priority(seed, *, wide):
    problem = random_company(seed, wide=wide)
    return problem.with_part("demand", priority=np.ones_like(problem.demand.priority))


def first(problem, *, group_size=1):
    session = Session(problem)
    return first_plan(session, upper_bound(session, session.plain_prices()), group_size=group_size)


@FEW
@given(SEEDS, st.booleans())
def test_the_first_plan_keeps_every_rule_and_is_no_better_than_the_best(seed, wide):
    problem = one_priority(seed, wide=wide)
    found = first(problem)
    best = solve(problem)
    plan, scale = found.plan, 1e-6 * max(1.0, abs(best.objective))
    assert plan.status == NEAR
    assert plan.objective <= best.objective + scale
    assert not found.bound < best.objective - scale  # nan where nothing was proven
    for gap in (stock_gap(problem, plan), material_gap(problem, plan), served_gap(problem, plan)):
        assert np.abs(gap).max() < 1e-5
    room = plan.available + plan.overtime + plan.extra_shifts * problem.resource.shift_hours
    assert (plan.load <= room + 1e-5).all()
    assert plan.profit == pytest.approx(plan.revenue - sum(plan.cost.values()))


@FEW
@given(SEEDS)
def test_any_prices_give_a_bound_that_holds(seed):
    problem = one_priority(seed, wide=True)
    session = Session(problem, SolveOptions(tie_break=False))  # else its last prices are those of the last phase
    best = session.solve().objective
    noise = np.random.default_rng(seed).normal(0, 5, session.program.rows.size)
    assert not upper_bound(session, noise) < best - 1e-6 * max(1.0, abs(best))
    exact = upper_bound(session, np.array(session.highs.getSolution().row_dual)[: session.program.rows.size])
    assert exact == pytest.approx(best, rel=1e-5, abs=1e-3)


@FEW
@given(SEEDS)
def test_the_parts_add_up_to_the_whole(seed):
    problem = one_priority(seed, wide=True)
    blocks = split_problem(problem, group_products(problem, 1))
    assert len(blocks) == 2  # two products are asked for, the third is their component
    for part, name, kind in (
        ("resource", "regular_hours", "resource"), ("resource", "headcount", "resource"),
        ("supplier", "quantity", "supplier"), ("storage", "quantity", "storage"),
        ("points", "initial", "point"), ("material", "initial", "material"),
    ):  # fmt: skip
        whole = getattr(getattr(problem, part), name)
        total = np.zeros_like(whole)
        for block in blocks:
            np.add.at(total, getattr(block, kind), getattr(getattr(block.problem, part), name))
        assert np.allclose(total, whole)


def test_a_single_block_is_the_exact_plan_and_the_bound_is_reached_where_nothing_is_scarce():
    """100 asked, 1,000 hours: 40 a unit earned, 300 units."""
    problem = one_product((100, 100, 100))
    found = first(problem, group_size=10)
    assert found.plan.objective == pytest.approx(12_000)
    assert found.bound == pytest.approx(12_000)
    assert found.gap == pytest.approx(0, abs=1e-9)


def test_a_large_problem_shows_a_first_plan_while_the_exact_one_is_made(monkeypatch):
    problem = one_priority(3, wide=True)
    monkeypatch.setattr(solving, "LARGE_NONZEROS", 0)
    session, shown = Session(problem), []
    exact, waiting = session.solve, Event()
    monkeypatch.setattr(session, "solve", lambda: waiting.wait(30) and exact())

    def show(found):
        shown.append(found)
        waiting.set()

    balanced = solve_session(session, show)
    plan = balanced.plan
    assert (plan.status, balanced.gap) == ("optimal", 0.0)
    assert plan.objective == pytest.approx(solve(problem).objective)
    [found] = shown
    assert found.plan.objective <= plan.objective + 1e-3
    assert found.gap >= (plan.objective - found.plan.objective) / max(1.0, abs(found.plan.objective)) - 1e-6


def test_beyond_a_size_only_the_first_plan_is_made(monkeypatch):
    problem = one_product((100, 100, 100))
    monkeypatch.setattr(solving, "LARGE_NONZEROS", 0)
    monkeypatch.setattr("engine.balancing.first.EXACT_NONZEROS", 0)
    found = solve_session(Session(problem))
    plan = found.plan
    assert (plan.status, plan.solver.method, plan.objective) == (NEAR, "1 blocks", pytest.approx(12_000))
    assert found.gap == pytest.approx(0, abs=1e-9)


def shop(initial, quantity, *, room, hours=(1000.0,) * MONTHS, components=()):
    """Two products of one plant; a store for both."""
    points = replace(blank_points([0, 1], [0, 0], MONTHS), initial=np.array(initial, dtype=float))
    demand = replace(blank_demand([0, 1], [0, 0], np.array(quantity, dtype=float)), price=np.full((2, MONTHS), 100.0))
    problem = blank_problem(points, demand, blank_lanes([0, 1], [0, 0], MONTHS))
    return replace(
        problem,
        resources=("LINE",),
        resource=blank_resources([0], np.array([hours])),
        routings=Routings(np.array([0, 1]), np.array([0, 0]), np.array([1.0, 1.0])),
        storage=StorageLimits(np.array([0]), np.full((1, MONTHS), room)),
        component_lines=ComponentLines(
            *np.array(components, dtype=np.int64).reshape(-1, 2).T, np.ones(len(components))
        ),
    )


def test_blocks_share_the_room_that_an_over_full_store_leaves():
    """350, 200 and 50 of A lie there whatever is planned, so that B, built ahead for March, has no room in January."""
    problem = shop([500, 0], [[150, 150, 150], [50, 50, 300]], room=300.0, hours=(400.0, 400.0, 120.0))
    plan = first(problem).plan
    assert plan.slacks == ()
    assert (plan.stock.sum(axis=0) <= np.array([350, 300, 300]) + 1e-6).all()
    assert plan.stock[1].tolist() == [0, 25, 0]  # a quarter of February's need, so of the 100 that are free


def test_stock_of_what_is_sold_and_built_in_is_there_once():
    """90 of B in stock, nothing can be made of it; A takes one each, and B is sold as a spare part, too."""
    problem = shop([0, 90], [[60, 60, 60], [30, 30, 30]], room=1e6, components=[(0, 1)])
    problem = problem.with_part("points", make_max=np.array([[np.inf] * MONTHS, [0.0] * MONTHS]))
    plan = first(problem).plan
    assert np.abs(stock_gap(problem, plan)).max() < 1e-6
    assert plan.served.sum() <= 90 + 1e-6
    assert plan.objective <= solve(problem).objective + 1e-6


def test_people_who_lose_hours_lose_them_in_every_block():
    """Ten people of 100 hours, 900 hours lost in January; A needs people in January, B later."""
    problem = shop([0, 0], [[50, 0, 0], [0, 50, 50]], room=1e6, hours=(-900.0, 0.0, 0.0)).with_part(
        "resource",
        is_labour=np.array([True]),
        headcount=np.array([10.0]),
        hours_per_person=np.full((1, MONTHS), 100.0),
    )
    plan = first(problem).plan
    assert (plan.load <= plan.available + 1e-6).all()
    assert plan.status == NEAR
