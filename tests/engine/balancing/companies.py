"""Small random companies for property tests: every part of the model present, sizes solved in milliseconds."""

from dataclasses import fields, is_dataclass, replace

import numpy as np

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
    Transfers,
)


def random_company(seed: int, *, months: int = 4, fences: bool = False, wide: bool = False) -> BalanceProblem:
    """Three products (one of them a component) at two sites, two orgs, lines and labour, two materials.

    ``wide`` adds what few companies have: shelf lives, slushy months, goods moved between the sites with a lag.
    """
    r = np.random.default_rng(seed)
    T = months
    product, site = [0, 0, 1, 2, 2], [0, 1, 0, 0, 1]
    n = len(product)
    cost = r.uniform(2, 9, (n, 1)) * np.ones(T)
    points = replace(
        blank_points(product, site, T),
        initial=r.integers(0, 40, n).astype(float),
        make_cost=cost.round(2),
        make_max=np.where(r.random((n, 1)) < 0.3, r.integers(30, 90, (n, 1)), np.inf) * np.ones(T),
        outsource_cost=np.where(r.random((n, 1)) < 0.4, 1.4 * cost, np.nan),
        outsource_max=np.full((n, T), 15.0),
        hold_cost=r.uniform(0, 1, (n, 1)) * np.ones(T),
        safety_stock=r.integers(0, 12, (n, T)).astype(float),
        safety_penalty=r.uniform(0, 2, (n, 1)) * np.ones(T),
        max_stock=np.where(r.random((n, 1)) < 0.3, 25.0, np.inf) * np.ones(T),
        end_stock=r.choice([0.0, 8.0], n),
        setup_cost=r.choice([0.0, 20.0], (n, 1)) * np.ones(T),
        min_lot=r.choice([0.0, 10.0], n),
    )
    quantity = r.integers(0, 60, (4, T)).astype(float)
    backorder = np.array([True, False, False, True]) ^ (r.random(4) < 0.3)
    demand = replace(
        blank_demand([0, 0, 1, 1], [0, 0, 0, 1], quantity),
        priority=r.choice([1, 1, 2], 4),
        price=r.uniform(8, 20, (4, 1)) * np.ones(T),
        lost_cost=np.where(r.random((4, 1)) < 0.5, 3.0, np.nan) * np.ones(T),
        backorder=backorder,
        backorder_cost=r.uniform(0.1, 2, (4, 1)) * np.ones(T),
        backlog_end_allowed=r.random(4) < 0.6,
    )
    lanes = replace(
        blank_lanes([0, 0, 1, 2, 2], [0, 1, 0, 0, 1], T),
        cost=r.uniform(0, 1, (5, 1)) * np.ones(T),
        lag=r.choice([0, 0, 1], 5),
    )
    problem = blank_problem(points, demand, lanes)
    hours = r.integers(40, 160, (3, T)).astype(float)
    hours[2] = 0.0
    resource = replace(
        blank_resources([0, 1, 0], hours),
        kind=("line", "line", "labour"),
        regular_cost=np.full((3, T), 0.3),
        overtime_max=np.array([[15.0], [0.0], [0.0]]) * np.ones(T),
        overtime_cost=np.full((3, T), 0.9),
        shift_hours=np.array([[30.0], [30.0], [0.0]]) * np.ones(T),
        shift_max=(np.arange(T) >= 1) * np.array([[1.0], [0.0], [0.0]]),
        shift_cost=np.full((3, T), 12.0),
        is_labour=np.array([False, False, True]),
        headcount=np.array([0.0, 0.0, 4.0]),
        can_hire=np.array([False, False, bool(r.integers(2))]),
        hours_per_person=np.full((3, T), 16.0),
        overtime_per_person=np.full((3, T), 2.0),
        wage=np.full((3, T), 5.0),
        hire_cost=np.full(3, 3.0),
        layoff_cost=np.full(3, 4.0),
    )
    material = replace(
        blank_material([0, 0, 1], [0, 1, 0], T),
        initial=r.integers(0, 60, 3).astype(float),
        arrivals=r.choice([0.0, 20.0], (3, T)),
        unit_cost=np.full((3, T), 0.4),
        hold_cost=np.full((3, T), 0.05),
        lag=np.array([1, 1, 0]),
        first_arrival=np.array([1, 1, 0]),
        safety_stock=r.choice([0.0, 5.0], (3, T)),
        safety_penalty=np.full((3, T), 0.2),
    )
    problem = replace(
        problem,
        resources=("LINE-A", "LINE-B", "PEOPLE"),
        materials=("STEEL", "GLASS"),
        resource=resource,
        routings=Routings(
            np.array([0, 1, 2, 3, 4, 0, 2]), np.array([0, 1, 0, 0, 1, 2, 2]), r.uniform(0.5, 1.5, 7).round(2)
        ),
        material=material,
        material_lines=MaterialLines(np.array([0, 1, 2, 3]), np.array([0, 1, 2, 0]), np.array([1.0, 1, 2, 1])),
        component_lines=ComponentLines(np.array([0, 1, 2]), np.array([3, 4, 3]), np.array([1.0, 1.0, 2.0])),
        transfers=Transfers(np.array([3]), np.array([4]), np.full((1, T), 0.1), np.array([0])),
        supplier=SupplierLimits(np.array([0]), r.integers(20, 150, (1, T)).astype(float)),
        storage=StorageLimits(np.array([0]), np.full((1, T), float(r.integers(20, 200)))),
    )
    if fences:
        fixed = r.integers(0, 80, n).astype(float)
        low, top = np.zeros((n, T)), problem.points.make_max.copy()
        low[:, 0] = top[:, 0] = fixed
        problem = problem.with_part("points", make_min=low, make_max=top)
    return _widened(problem, seed) if wide else problem


def _widened(problem: BalanceProblem, seed: int) -> BalanceProblem:
    r = np.random.default_rng([seed, 1])
    n, months, materials = len(problem.points), problem.months, len(problem.material)
    release = np.where(r.random((n, months)) < 0.5, r.integers(0, 60, (n, months)), np.nan)
    every = np.ones(months)
    problem = problem.with_part(
        "points",
        reference=release,
        reference_band=np.nan_to_num(0.1 * release),
        change_price=r.uniform(0, 3, (n, 1)) * every,
        shelf_months=r.choice([1.0, 2.0, np.inf], n),
        scrap_cost=r.uniform(0, 5, (n, 1)) * every,
    )
    problem = problem.with_part(
        "material",
        shelf_months=r.choice([1.0, 3.0, np.inf], materials),
        scrap_cost=r.uniform(0, 1, (materials, 1)) * every,
    )
    transfers = Transfers(
        np.array([0, 1, 3]), np.array([1, 0, 4]), r.uniform(0.1, 1, (3, 1)) * every, np.array([0, 1, 1])
    )
    return replace(problem, transfers=transfers)


def beside(*companies: BalanceProblem) -> BalanceProblem:
    """Several companies as one that share nothing: codes are numbered, everything else stays."""
    whole, *others = (_named(company, number) for number, company in enumerate(companies))
    for other in others:
        shift = {
            "product": len(whole.products), "site": len(whole.sites), "org": len(whole.orgs),
            "material": len(whole.materials), "point": len(whole.points), "source": len(whole.points),
            "target": len(whole.points), "component": len(whole.points), "resource": len(whole.resource),
            "material_point": len(whole.material),
        }  # fmt: skip
        found = {}
        for part in fields(whole):
            own, more = getattr(whole, part.name), getattr(other, part.name)
            if isinstance(own, tuple):
                found[part.name] = own + more
            elif is_dataclass(own):
                columns = {f.name: (getattr(own, f.name), getattr(more, f.name)) for f in fields(own)}
                found[part.name] = type(own)(
                    **{name: _append(*pair, shift.get(name, 0)) for name, pair in columns.items()}
                )
        whole = replace(whole, **found)
    return whole


def _named(company: BalanceProblem, number: int) -> BalanceProblem:
    kinds = ("products", "sites", "orgs", "resources", "materials")
    return replace(company, **{kind: tuple(f"{code}-{number}" for code in getattr(company, kind)) for kind in kinds})


def _append(own, more, shift):
    return own + more if isinstance(own, tuple) else np.concatenate([own, more + shift if shift else more])
