"""What must hold for every company: balances close, more capacity never hurts, scales scale, same bytes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.balancing.checks import UnsoundProblem, check_plan, check_problem
from engine.balancing.contracts import BalancePlan, BalanceProblem, array_fields
from engine.balancing.solve import Session, solve
from tests.engine.balancing.companies import random_company

SEEDS = st.integers(0, 10_000)
FEW = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])


def stock_gap(problem: BalanceProblem, plan: BalancePlan) -> np.ndarray:
    """[points, T] stock at a month's end less what flows say it is, computed from the plan alone."""
    points, lines, moves = problem.points, problem.component_lines, problem.transfers
    flow = plan.production + plan.outsourced - plan.scrapped
    np.subtract.at(flow, problem.lanes.point, plan.shipments)
    np.subtract.at(flow, lines.component, lines.quantity[:, None] * plan.production[lines.point])
    np.subtract.at(flow, moves.source, plan.transfers)
    for move, lag in enumerate(moves.lag):
        flow[moves.target[move], lag:] += plan.transfers[move, : problem.months - lag]
    before = np.concatenate([points.initial[:, None], plan.stock[:, :-1]], axis=1)
    return before + flow - plan.stock


def material_gap(problem: BalanceProblem, plan: BalancePlan) -> np.ndarray:
    material, lines = problem.material, problem.material_lines
    flow = plan.purchases + material.arrivals - plan.material_scrapped
    np.subtract.at(flow, lines.material_point, lines.quantity[:, None] * plan.production[lines.point])
    before = np.concatenate([material.initial[:, None], plan.material_stock[:, :-1]], axis=1)
    return before + flow - plan.material_stock


def served_gap(problem: BalanceProblem, plan: BalancePlan) -> np.ndarray:
    """[classes, T] demand less served, newly waiting and lost."""
    waiting = np.diff(plan.backlog, axis=1, prepend=0.0)
    return problem.demand.quantity - plan.served - waiting - plan.lost


@FEW
@given(SEEDS, st.booleans())
def test_balances_close_and_nothing_is_negative(seed, wide):
    problem = random_company(seed, wide=wide)
    plan = solve(problem)
    assert np.abs(stock_gap(problem, plan)).max() < 1e-6
    assert np.abs(material_gap(problem, plan)).max() < 1e-6
    assert np.abs(served_gap(problem, plan)).max() < 1e-6
    for name in ("production", "stock", "shipments", "served", "backlog", "lost", "purchases", "material_stock"):
        assert getattr(plan, name).min() >= 0.0
    room = plan.available + plan.overtime + plan.extra_shifts * problem.resource.shift_hours
    assert (plan.load <= room + 1e-5).all()
    assert [slack for slack in plan.slacks if slack.family == "Resource-capacity-upper"] == []


@FEW
@given(SEEDS)
def test_objective_is_profit_less_the_price_of_soft_rules(seed):
    plan = solve(random_company(seed))
    assert plan.profit == pytest.approx(plan.revenue - sum(plan.cost.values()))
    assert plan.objective == pytest.approx(plan.profit - plan.penalty)
    assert plan.penalty >= -1e-6 * max(1.0, abs(plan.profit))


@FEW
@given(SEEDS, st.floats(0, 80), st.booleans())
def test_more_hours_never_lower_the_objective(seed, more, wide):
    problem = random_company(seed, wide=wide)
    problem = problem.with_part("demand", priority=np.ones_like(problem.demand.priority))
    base = solve(problem).objective
    wider = problem.with_part("resource", regular_hours=problem.resource.regular_hours + more)
    assert solve(wider).objective >= base - 1e-6 * max(1.0, abs(base))


@FEW
@given(SEEDS, st.sampled_from([2.0, 10.0, 0.5]), st.booleans())
def test_twice_the_quantities_is_twice_the_profit(seed, factor, wide):
    problem = random_company(seed, wide=wide)
    base = solve(problem)
    scaled = solve(_scaled(problem, factor))
    assert scaled.objective == pytest.approx(base.objective * factor, rel=1e-6, abs=1e-6)
    assert scaled.profit == pytest.approx(base.profit * factor, rel=1e-4, abs=1e-4)


def _scaled(problem: BalanceProblem, factor: float) -> BalanceProblem:
    """Every quantity, hour and person times ``factor``."""
    parts = {
        "points": (
            "initial",
            "make_min",
            "make_max",
            "outsource_max",
            "safety_stock",
            "max_stock",
            "end_stock",
            "reference",
            "reference_band",
        ),
        "demand": ("quantity",),
        "resource": ("regular_hours", "overtime_max", "shift_max", "headcount"),
        "material": ("initial", "arrivals", "buy_min", "buy_max", "safety_stock"),
        "supplier": ("quantity",),
        "storage": ("quantity",),
    }
    for part, names in parts.items():
        owner = getattr(problem, part)
        problem = problem.with_part(part, **{name: getattr(owner, name) * factor for name in names})
    return problem


@FEW
@given(SEEDS)
def test_a_plan_exists_whatever_a_release_has_fixed(seed):
    """What hours and parts allow is made, the rest is a finding on the frozen month; nothing comes out of nothing."""
    problem = random_company(seed, fences=True)
    plan = solve(problem)
    for gap in (stock_gap(problem, plan), material_gap(problem, plan), served_gap(problem, plan)):
        assert np.abs(gap).max() < 1e-6
    room = plan.available + plan.overtime + plan.extra_shifts * problem.resource.shift_hours
    assert (plan.load <= room + 1e-5).all()
    missing = problem.points.make_min - plan.production
    cut = {(s.key, s.month): s.quantity for s in plan.slacks if s.family == "Release-range"}
    for point, month in np.argwhere(missing > 1e-5):
        key = problem.products[problem.points.product[point]], problem.sites[problem.points.site[point]]
        assert cut.pop((key, int(month))) == pytest.approx(missing[point, month], abs=1e-5)
    assert not [quantity for quantity in cut.values() if quantity > 1e-5]
    findings = check_plan(problem, plan)
    assert len(findings) == len(plan.slacks)
    assert all(finding.values["missing"] for finding in findings if finding.code == "frozen_cut")


@FEW
@given(SEEDS)
def test_same_problem_same_bytes(seed):
    problem = random_company(seed)
    first, second = solve(problem), solve(problem)
    for name, values in array_fields(first).items():
        assert values.tobytes() == getattr(second, name).tobytes(), name
    assert first.profit == second.profit


@FEW
@given(SEEDS)
def test_a_warm_re_solve_finds_the_plan_of_a_cold_one(seed):
    """The tie-break makes the plan depend on the problem, not on the way to it."""
    problem = random_company(seed)
    problem = problem.with_part("demand", priority=np.ones_like(problem.demand.priority))
    session = Session(problem)
    cold = session.solve()
    rows = session.program.rows["Resource-capacity-upper"].places()[:, 1]
    before = session.program.row_upper[rows].copy()
    session.set_row_upper(rows, before * 0.5)
    session.solve()
    session.set_row_upper(rows, before)
    warm = session.solve()
    assert warm.objective == pytest.approx(cold.objective, rel=1e-7, abs=1e-6)
    assert np.allclose(warm.production, cold.production, atol=1e-4)
    assert np.allclose(warm.served, cold.served, atol=1e-4)


def test_priority_one_is_served_whatever_it_earns():
    problem = random_company(3)
    quantity = np.full((4, problem.months), 500.0)
    demand = replace(
        problem.demand,
        quantity=quantity,
        priority=np.array([2, 1, 2, 2]),
        price=np.array([[50.0], [1.0], [50.0], [50.0]]) * np.ones(problem.months),
        backorder=np.zeros(4, dtype=bool),
    )
    problem = replace(problem, demand=demand)
    plain = solve(problem.with_part("demand", priority=np.ones(4, dtype=np.int64)))
    ranked = solve(problem)
    assert ranked.served[1].sum() > plain.served[1].sum() + 1
    assert ranked.objective < plain.objective


def test_a_value_that_is_no_number_is_named():
    problem = random_company(1)
    price = problem.demand.price.copy()
    price[0, 0] = np.nan
    with pytest.raises(UnsoundProblem, match=r"demand\.price"):
        check_problem(problem.with_part("demand", price=price))


def test_a_component_of_itself_is_found():
    problem = random_company(1)
    lines = problem.component_lines
    looped = problem.with_part("component_lines", point=np.append(lines.point, 3), component=np.append(
        lines.component, 0), quantity=np.append(lines.quantity, 1.0))  # fmt: skip
    codes = {(f.code, f.key) for f in check_problem(looped)}
    assert ("component_cycle", "K0000") in codes
