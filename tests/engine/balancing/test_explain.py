"""Cases solved by hand: what is short, why, what relaxing it brings, what each way out earns."""

from dataclasses import replace

import numpy as np
import pytest

from engine.balancing.blanks import (
    blank_demand,
    blank_lanes,
    blank_material,
    blank_points,
    blank_problem,
    blank_resources,
)
from engine.balancing.contracts import (
    BalanceProblem,
    ComponentLines,
    MaterialLines,
    Routings,
    StorageLimits,
    SupplierLimits,
)
from engine.balancing.explain import confirm_causes, list_shortages
from engine.balancing.options import price_levers_in_plan, price_options
from engine.balancing.placing import Change
from engine.balancing.solve import Session
from engine.balancing.trials import Trials

MONTHS = 3


def one_product(quantity, *, hours=(1000.0,) * MONTHS, price=100.0, cost=60.0) -> BalanceProblem:
    """One product, one plant, one market, one line at an hour a unit; holding a unit costs 1 a month."""
    points = replace(
        blank_points([0], [0], MONTHS),
        make_cost=np.full((1, MONTHS), cost),
        hold_cost=np.full((1, MONTHS), 1.0),
    )
    demand = replace(blank_demand([0], [0], np.array([quantity], dtype=float)), price=np.full((1, MONTHS), price))
    problem = blank_problem(points, demand, blank_lanes([0], [0], MONTHS))
    return replace(
        problem,
        resources=("LINE",),
        resource=blank_resources([0], np.array([hours])),
        routings=Routings(np.array([0]), np.array([0]), np.array([1.0])),
    )


def with_material(problem: BalanceProblem, **given) -> BalanceProblem:
    """Two parts of material M in every unit, 5 each."""
    material = replace(blank_material([0], [0], MONTHS), unit_cost=np.full((1, MONTHS), 5.0), **given)
    return replace(
        problem,
        materials=("M",),
        material=material,
        material_lines=MaterialLines(np.array([0]), np.array([0]), np.array([2.0])),
    )


def explained(problem: BalanceProblem):
    session = Session(problem)
    plan = session.solve()
    trials = Trials(session, plan)
    shortages, confirmations = confirm_causes(trials, list_shortages(session, plan))
    return plan, trials, shortages, confirmations


def test_a_line_without_hours_is_the_cause_and_relaxing_it_removes_the_shortage():
    """900 hours for 1,000 units in the first month: 100 short, worth 40 each."""
    plan, _trials, shortages, confirmations = explained(one_product((1000, 500, 500), hours=(900, 1000, 1000)))
    assert plan.served.tolist() == [[900.0, 500.0, 500.0]]
    [short] = shortages
    assert (short.product, short.org, short.month, short.quantity) == ("K0000", "R00", 0, 100.0)
    assert (short.revenue, short.margin) == (10_000.0, 4_000.0)
    assert (short.cause.kind, short.cause.code, short.cause.use) == ("resource", "LINE", 1.0)
    assert short.cause.is_confirmed
    assert confirmations[0].removed == pytest.approx(100.0)


def test_value_of_one_more_hour_is_the_margin_of_the_unit_it_makes():
    """Price 100 less 60 in the tight month; nothing where hours are left over."""
    plan, *_ = explained(one_product((1000, 500, 500), hours=(900, 1000, 1000)))
    assert plan.duals["Resource-capacity-upper"].tolist() == [[40.0, 0.0, 0.0]]


def test_building_ahead_is_used_before_anything_is_short():
    """Month 1 lacks 200 hours, month 0 has 300 to spare: 200 are built a month early, at 1 each."""
    plan, _trials, shortages, _ = explained(one_product((700, 1200, 500)))
    assert shortages == []
    assert plan.production.tolist() == [[900.0, 1000.0, 500.0]]
    assert plan.cost["holding"] == 200.0


def test_a_supplier_that_delivers_too_little_is_the_cause():
    """1,500 parts a month at 2 a unit make 750 of 1,000 units."""
    problem = with_material(one_product((1000, 700, 700)))
    problem = replace(problem, supplier=SupplierLimits(np.array([0]), np.array([[1500.0, 2000.0, 2000.0]])))
    plan, trials, shortages, confirmations = explained(problem)
    assert plan.served[0, 0] == 750.0
    [short] = shortages
    assert (short.cause.kind, short.cause.code, short.cause.use) == ("supplier", "M", 2.0)
    assert (confirmations[0].blamed, confirmations[0].removed) == (250.0, 250.0)
    assert "second_source" not in [o.kind for o in price_options(trials, shortages)]  # 75 days: too late for month 0


def test_material_inside_its_lead_time_is_the_cause():
    """Lead time one month and 1,200 parts in stock: 600 units in the first month, then as many as asked."""
    problem = with_material(
        one_product((1000, 700, 700)), initial=np.array([1200.0]), lag=np.array([1]), first_arrival=np.array([1])
    )
    plan, trials, shortages, confirmations = explained(problem)
    assert plan.purchases[0, 0] == 0.0
    [short] = shortages
    assert (short.cause.kind, short.cause.code, short.quantity) == ("lead_time", "M", 400.0)
    assert confirmations[0].removed == 400.0
    expedite = next(o for o in price_options(trials, shortages) if o.kind == "expedite")
    # 400 units at 100 − 60 − 2 parts of 5, the parts 15 % dearer
    assert expedite.units == pytest.approx(400.0)
    assert expedite.gain == pytest.approx(400 * (100 - 60 - 10) - 800 * 0.75)
    assert (expedite.start, expedite.lead_days) == (0, 0)


def test_open_purchases_arrive_without_being_bought():
    problem = with_material(
        one_product((1000, 700, 700)),
        arrivals=np.array([[1600.0, 0.0, 0.0]]),
        lag=np.array([1]),
        first_arrival=np.array([1]),
    )
    plan, _trials, shortages, _ = explained(problem)
    assert plan.served[0].tolist() == [800.0, 700.0, 700.0]
    assert [s.cause.kind for s in shortages] == ["lead_time"]


def test_transport_that_takes_a_month_leaves_the_first_month_short():
    problem = one_product((100, 100, 100)).with_part("lanes", lag=np.array([1]))
    plan, _trials, shortages, _ = explained(problem)
    assert plan.served[0].tolist() == [0.0, 100.0, 100.0]
    assert plan.shipments[0].tolist() == [100.0, 100.0, 0.0]
    assert [(s.month, s.cause.kind) for s in shortages] == [(0, "transit")]


def test_no_lane_is_said_to_be_the_cause():
    problem = one_product((100, 0, 0))
    problem = replace(problem, lanes=blank_lanes([], [], MONTHS))
    _plan, _trials, shortages, _ = explained(problem)
    assert [(s.quantity, s.cause.kind) for s in shortages] == [(100.0, "no_route")]


def test_demand_that_costs_more_than_it_brings_is_left_and_said_so():
    _plan, _trials, shortages, _ = explained(one_product((100, 0, 0), price=50.0))
    assert [(s.cause.kind, s.margin) for s in shortages] == [("margin", -1_000.0)]


def test_a_frozen_month_is_the_cause_and_unfreezing_removes_the_shortage():
    problem = one_product((100, 100, 100))
    low, top = np.zeros((1, MONTHS)), np.full((1, MONTHS), np.inf)
    low[0, 0] = top[0, 0] = 70.0
    plan, trials, shortages, confirmations = explained(problem.with_part("points", make_min=low, make_max=top))
    assert plan.production[0, 0] == 70.0
    assert [(s.quantity, s.cause.kind, s.cause.code) for s in shortages] == [(30.0, "fence", "K0000|P00")]
    assert confirmations[0].removed == pytest.approx(30.0)
    assert {o.kind for o in price_options(trials, shortages)} == {"break_fence", "defer"}


def test_a_full_store_stops_building_ahead():
    """Month 1 lacks 200 hours; only 50 units fit into the store, so 150 stay short."""
    problem = one_product((700, 1200, 500))
    problem = replace(problem, storage=StorageLimits(np.array([0]), np.full((1, MONTHS), 50.0)))
    plan, _trials, shortages, _ = explained(problem)
    assert plan.stock[0, 0] == 50.0
    [short] = shortages
    assert short.quantity == 150.0
    assert {c.kind for c in short.causes} == {"resource", "storage"}


def test_a_component_made_on_a_tight_line_is_the_cause_of_its_parent():
    """The part takes two hours of CELL, 300 hours a month: 150 of 200 units."""
    points = replace(blank_points([0, 1], [0, 0], MONTHS), make_cost=np.full((2, MONTHS), 10.0))
    demand = replace(blank_demand([0], [0], np.full((1, MONTHS), 200.0)), price=np.full((1, MONTHS), 100.0))
    problem = replace(
        blank_problem(points, demand, blank_lanes([0], [0], MONTHS)),
        resources=("CELL", "LINE"),
        resource=blank_resources([0, 0], np.array([[300.0] * MONTHS, [1000.0] * MONTHS])),
        routings=Routings(np.array([0, 1]), np.array([1, 0]), np.array([1.0, 2.0])),
        component_lines=ComponentLines(np.array([0]), np.array([1]), np.array([1.0])),
    )
    problem = replace(problem, products=("CAR", "ENGINE")).with_part("points", hold_cost=np.ones((2, MONTHS)))
    plan, _trials, shortages, confirmations = explained(problem)
    assert plan.served[0].tolist() == [150.0] * MONTHS
    assert {(s.cause.kind, s.cause.code, s.cause.use) for s in shortages} == {("resource", "CELL", 2.0)}
    assert confirmations[0].removed == pytest.approx(150.0)


def test_backorder_demand_waits_and_is_listed_as_late():
    problem = one_product((1000, 500, 500), hours=(900, 1000, 1000))
    problem = problem.with_part("demand", backorder=np.array([True]), backorder_cost=np.full((1, MONTHS), 2.0))
    plan, _trials, shortages, _ = explained(problem)
    assert plan.backlog.tolist() == [[100.0, 0.0, 0.0]]
    assert plan.served.tolist() == [[900.0, 600.0, 500.0]]
    assert plan.cost["backlog"] == 200.0
    assert [(s.quantity, s.is_late, s.cause.kind) for s in shortages] == [(100.0, True, "resource")]


def test_overtime_option_earns_the_margin_less_the_dearer_hours():
    """100 hours short, overtime 10 an hour on top: 100 · (40 − 10)."""
    problem = one_product((1000, 900, 900), hours=(900, 900, 900))
    problem = problem.with_part("resource", overtime_cost=np.full((1, MONTHS), 10.0))
    _plan, trials, shortages, _ = explained(problem)
    overtime = next(o for o in price_options(trials, shortages) if o.kind == "overtime")
    assert (overtime.units, overtime.cost, overtime.gain) == pytest.approx((100.0, 1_000.0, 3_000.0))
    assert overtime.revenue == pytest.approx(10_000.0)
    assert overtime.is_cost_known
    assert not overtime.is_in_plan


def test_deferring_serves_the_short_units_a_month_later_at_the_price_of_waiting():
    problem = one_product((1000, 500, 500), hours=(900, 1000, 1000))
    problem = problem.with_part("demand", backorder_cost=np.full((1, MONTHS), 3.0))
    _plan, trials, shortages, _ = explained(problem)
    defer = next(o for o in price_options(trials, shortages) if o.kind == "defer")
    assert (defer.units, defer.gain) == pytest.approx((100.0, 100 * (40 - 3)))


def test_overtime_the_plan_relies_on_is_priced_by_taking_it_away():
    problem = one_product((1000, 900, 900), hours=(900, 900, 900)).with_part(
        "resource", overtime_cost=np.full((1, MONTHS), 10.0), overtime_max=np.full((1, MONTHS), 150.0)
    )
    plan, trials, shortages, _ = explained(problem)
    assert shortages == []
    assert plan.overtime.tolist() == [[100.0, 0.0, 0.0]]
    [lever] = price_levers_in_plan(trials)
    assert (lever.kind, lever.units, lever.gain, lever.is_in_plan) == ("overtime", 100.0, 3_000.0, True)


def test_an_extra_shift_begins_after_its_lead_time():
    shift_max = np.array([[0.0, 1.0, 1.0]])
    problem = one_product((1000, 1100, 900), hours=(900, 900, 900)).with_part(
        "resource",
        shift_hours=np.full((1, MONTHS), 300.0),
        shift_max=shift_max,
        shift_cost=np.full((1, MONTHS), 600.0),
        shift_lead=np.array([1]),
    )
    plan, _trials, shortages, _ = explained(problem)
    assert plan.extra_shifts[0].tolist() == pytest.approx([0.0, 200 / 300, 0.0])
    assert [(s.month, s.quantity) for s in shortages] == [(0, pytest.approx(100.0))]


def test_trials_leave_the_session_as_it_was():
    problem = one_product((1000, 900, 900), hours=(900, 900, 900))
    session = Session(problem)
    base = session.solve()
    trials = Trials(session, base)
    more = trials.solve([Change("hours", ("LINE",), 0, MONTHS, amount=100.0)])
    assert more.served.sum() == base.served.sum() + 100
    assert trials.solve([]).objective == pytest.approx(base.objective)
    assert session.solve().production.tolist() == base.production.tolist()


def test_an_unknown_change_is_refused():
    session = Session(one_product((1, 1, 1)))
    with pytest.raises(ValueError, match="magic"):
        Trials(session, session.solve()).solve([Change("magic", (), 0, 1)])


def test_a_monthly_limit_of_a_routing_is_confirmed_by_lifting_it():
    """At most 800 a month may be made of 1,000 asked; the line has hours for all of them."""
    problem = one_product((1000, 500, 500))
    problem = problem.with_part("points", make_max=np.full((1, MONTHS), 800.0))
    _plan, _trials, shortages, confirmations = explained(problem)
    [short] = shortages
    assert (short.cause.kind, short.cause.code, short.cause.is_confirmed) == ("routing_limit", "K0000|P00", True)
    assert (confirmations[0].blamed, confirmations[0].removed) == (200.0, pytest.approx(200.0))


def test_building_ahead_with_overtime_fills_the_tight_month():
    """1,300 asked in the last month after two full ones: 150 overtime hours in each month before make the 300."""
    _plan, trials, shortages, _ = explained(one_product((1000, 1000, 1300)))
    option = next(o for o in price_options(trials, shortages) if o.kind == "pre_build")
    [change] = option.changes
    assert (change.kind, change.start, change.end, change.amount) == ("overtime", 0, 2, 150.0)
    # 300 at 40, half of them held one month, half two, at 1 a month
    assert (option.units, option.gain) == (pytest.approx(300.0), pytest.approx(300 * 40 - 150 - 300))
