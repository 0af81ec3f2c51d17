"""Parts with nothing given: no cost, no limit, no stock. Builders fill in what a company states."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.balancing.contracts import (
    BalanceProblem,
    ComponentLines,
    DemandClasses,
    Floats,
    Lanes,
    MaterialLines,
    MaterialPoints,
    Resources,
    Routings,
    StockPoints,
    StorageLimits,
    SupplierLimits,
    Transfers,
)


def _zeros(n: int, months: int) -> Floats:
    return np.zeros((n, months))


def _open(n: int, months: int) -> Floats:
    return np.full((n, months), np.inf)


def _ints(values: Sequence[int]) -> np.ndarray:
    return np.asarray(values, dtype=np.int64)


def blank_points(product: Sequence[int], site: Sequence[int], months: int) -> StockPoints:
    """Stock points that can make anything at no cost."""
    n = len(product)
    return StockPoints(
        product=_ints(product),
        site=_ints(site),
        initial=np.zeros(n),
        can_make=np.ones(n, dtype=bool),
        make_cost=_zeros(n, months),
        make_min=_zeros(n, months),
        make_max=_open(n, months),
        outsource_cost=np.full((n, months), np.nan),
        outsource_max=_open(n, months),
        hold_cost=_zeros(n, months),
        safety_stock=_zeros(n, months),
        safety_penalty=_zeros(n, months),
        max_stock=_open(n, months),
        end_stock=np.zeros(n),
        setup_cost=_zeros(n, months),
        min_lot=np.zeros(n),
        reference=np.full((n, months), np.nan),
        reference_band=_zeros(n, months),
        change_price=_zeros(n, months),
        shelf_months=np.full(n, np.inf),
        scrap_cost=_zeros(n, months),
        opening_kept=_open(n, months),
    )


def blank_demand(product: Sequence[int], org: Sequence[int], quantity: Floats) -> DemandClasses:
    """Firm demand that is lost when not served, with neither price nor shortage cost."""
    n, months = quantity.shape
    return DemandClasses(
        product=_ints(product),
        org=_ints(org),
        kind=("firm",) * n,
        priority=np.ones(n, dtype=np.int64),
        quantity=np.asarray(quantity, dtype=float),
        price=_zeros(n, months),
        lost_cost=np.full((n, months), np.nan),
        backorder=np.zeros(n, dtype=bool),
        backorder_cost=_zeros(n, months),
        backlog_end_allowed=np.ones(n, dtype=bool),
        must_serve=np.zeros(n, dtype=bool),
    )


def blank_resources(site: Sequence[int], regular_hours: Floats, kind: str = "line") -> Resources:
    """Resources with regular hours only."""
    n, months = regular_hours.shape
    return Resources(
        kind=(kind,) * n,
        site=_ints(site),
        regular_hours=np.asarray(regular_hours, dtype=float),
        regular_cost=_zeros(n, months),
        overtime_max=_zeros(n, months),
        overtime_cost=_zeros(n, months),
        shift_hours=_zeros(n, months),
        shift_max=_zeros(n, months),
        shift_cost=_zeros(n, months),
        shift_lead=np.zeros(n, dtype=np.int64),
        is_labour=np.zeros(n, dtype=bool),
        headcount=np.zeros(n),
        can_hire=np.zeros(n, dtype=bool),
        hours_per_person=_zeros(n, months),
        overtime_per_person=_zeros(n, months),
        wage=_zeros(n, months),
        hire_cost=np.zeros(n),
        layoff_cost=np.zeros(n),
    )


def blank_material(material: Sequence[int], site: Sequence[int], months: int) -> MaterialPoints:
    """Free material that arrives in the month it is ordered."""
    n = len(material)
    return MaterialPoints(
        material=_ints(material),
        site=_ints(site),
        initial=np.zeros(n),
        arrivals=_zeros(n, months),
        unit_cost=_zeros(n, months),
        hold_cost=_zeros(n, months),
        lag=np.zeros(n, dtype=np.int64),
        first_arrival=np.zeros(n, dtype=np.int64),
        buy_min=_zeros(n, months),
        buy_max=_open(n, months),
        safety_stock=_zeros(n, months),
        safety_penalty=_zeros(n, months),
        shelf_months=np.full(n, np.inf),
        scrap_cost=_zeros(n, months),
        opening_kept=_open(n, months),
        min_order=np.zeros(n),
    )


def blank_lanes(point: Sequence[int], org: Sequence[int], months: int) -> Lanes:
    """Ways at no cost that take no time."""
    n = len(point)
    return Lanes(_ints(point), _ints(org), _zeros(n, months), np.zeros(n, dtype=np.int64))


def blank_problem(points: StockPoints, demand: DemandClasses, lanes: Lanes, *, first_month: int = 0) -> BalanceProblem:
    """A problem without resources, materials and limits; codes are letters and numbers."""
    months = demand.quantity.shape[1]
    none = _ints([])
    products = int(max(points.product.max(initial=-1), demand.product.max(initial=-1))) + 1
    return BalanceProblem(
        first_month=first_month,
        months=months,
        products=tuple(f"K{k:04d}" for k in range(products)),
        sites=tuple(f"P{p:02d}" for p in range(int(points.site.max(initial=-1)) + 1)),
        orgs=tuple(f"R{r:02d}" for r in range(int(demand.org.max(initial=-1)) + 1)),
        resources=(),
        materials=(),
        points=points,
        demand=demand,
        lanes=lanes,
        transfers=Transfers(none, none, _zeros(0, months), none),
        resource=blank_resources([], _zeros(0, months)),
        routings=Routings(none, none, np.zeros(0)),
        material=blank_material([], [], months),
        material_lines=MaterialLines(none, none, np.zeros(0)),
        component_lines=ComponentLines(none, none, np.zeros(0)),
        supplier=SupplierLimits(none, _zeros(0, months)),
        storage=StorageLimits(none, _zeros(0, months)),
    )
