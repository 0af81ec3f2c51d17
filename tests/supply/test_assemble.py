"""Sheets → problem: ways between sites, shelf lives, slushy months, safety stock from forecast errors."""

import datetime as dt

import numpy as np
import pytest

from core.months import parse_month
from engine.balancing.contracts import BalanceProblem
from engine.balancing.solve import solve
from masterdata.importers.spec import get_sheet
from supply.adapters.assemble import Assembled, assemble
from supply.adapters.folder import DEMAND
from supply.adapters.sheets import SUPPLY_SHEETS, Sheets

JAN = parse_month("2027-01")


def sheets(months: int = 3, *, extra: dict | None = None, **rows: list[dict]) -> Sheets:
    """Rows by sheet with every column of the format; what is not given is None."""
    specs = {name: get_sheet(name) for name in SUPPLY_SHEETS} | {"demand": DEMAND}
    full = {
        name: [{column.name: None for column in specs[name].columns} | row for row in given]
        for name, given in rows.items()
    }
    return Sheets(JAN, months, "EUR", full, **(extra or {}))


def asked(*quantities: float, product: str = "CAR", org: str = "NORTH") -> list[dict]:
    return [
        {"product": product, "org": org, "month": JAN + t, "quantity": q, "price": 100.0}
        for t, q in enumerate(quantities)
    ]


PLANT = {"code": "PLANT", "kind": "plant"}
STORE = {"code": "STORE", "kind": "warehouse"}
LINE = {
    "code": "LINE",
    "site": "PLANT",
    "kind": "line",
    "shifts_per_day": 2.0,
    "hours_per_shift": 8.0,
    "efficiency": 1.0,
}
MADE = {"product": "CAR", "site": "PLANT", "resource": "LINE", "hours_per_unit": 1.0}
COST = {"product": "CAR", "from_month": JAN, "production_cost": 60.0}


def plant(months: int = 3, **rows) -> BalanceProblem:
    return assembled(months, **rows).problem


def assembled(months: int = 3, **rows) -> Assembled:
    base = {"sites": [PLANT], "resources": [LINE], "routings": [MADE], "costs": [COST], "demand": asked(80, 80, 80)}
    extra = rows.pop("extra", None)
    return assemble(sheets(months, extra=extra, **(base | rows)))


def test_goods_reach_a_customer_through_a_store():
    """The plant delivers nowhere, the store does; 30 days by rail at 2 a unit, then 1 a unit to the customer."""
    problem = plant(
        sites=[PLANT, STORE],
        transfers=[{"from_site": "PLANT", "to_site": "STORE", "unit_cost": 2.0, "lead_time_days": 30}],
        lanes=[{"site": "STORE", "org": "NORTH", "unit_cost": 1.0}],
    )
    plan = solve(problem)
    assert plan.served.tolist() == [[0, 80, 80]]
    assert plan.profit == pytest.approx(160 * (100 - 60 - 2 - 1))


def test_without_ways_between_sites_nothing_moves():
    problem = plant(sites=[PLANT, STORE], lanes=[{"site": "STORE", "org": "NORTH"}])
    assert len(problem.transfers) == 0
    assert solve(problem).served.sum() == 0


def test_a_part_made_elsewhere_travels_on_the_way_that_is_named():
    problem = plant(
        products=[{"code": "CAR"}, {"code": "AXLE"}],
        sites=[PLANT, STORE],
        resources=[LINE, LINE | {"code": "FORGE", "site": "STORE"}],
        routings=[MADE, {"product": "AXLE", "site": "STORE", "resource": "FORGE", "hours_per_unit": 1.0}],
        bom=[{"product": "CAR", "component": "AXLE", "quantity_per": 2.0}],
        transfers=[{"from_site": "STORE", "to_site": "PLANT", "unit_cost": 5.0, "lead_time_days": 30}],
        lanes=[{"site": "PLANT", "org": "NORTH"}],
    )
    plan = solve(problem)
    assert plan.cost["transfers"] == pytest.approx(5 * 2 * plan.served.sum())
    assert plan.served[0].tolist() == [0, 80, 80]


@pytest.mark.parametrize(("days", "months"), [(None, np.inf), (10, 1), (30, 1), (61, 2), (100, 3)])
def test_a_shelf_life_is_counted_in_whole_months_at_least_one(days, months):
    problem = plant(policies=[{"product": "CAR", "shelf_life_days": days}])
    assert problem.points.shelf_months.tolist() == [months]


LOTS = (  # two whole months: what November made is good in January, what October made is not
    {"quantity": 10.0, "produced_on": dt.date(2026, 12, 15)},
    {"quantity": 20.0, "produced_on": dt.date(2026, 11, 30)},
    {"quantity": 30.0, "produced_on": dt.date(2026, 10, 31)},
    {"quantity": 4.0},
    {"quantity": 1.0, "produced_on": dt.date(2028, 1, 1)},
)


def test_opening_stock_has_its_age():
    """Asked 5 in January: 15 of November's are written off, the fresh 15 are left for February, October's are not."""
    lots = [{"item": "CAR", "site": "PLANT", **lot} for lot in LOTS]
    found = assembled(policies=[{"product": "CAR", "shelf_life_days": 61}], inventory=lots, demand=asked(5, 50, 0))
    points = found.problem.points
    assert points.initial.tolist() == [35]
    assert points.opening_kept.tolist() == [[15, 0, 0]]
    [finding] = found.findings
    assert (finding.code, finding.part, finding.key) == ("stock_expired", "product", "CAR|PLANT")
    assert finding.values == {"quantity": "30.00"}
    plan = solve(found.problem)
    assert (plan.scrapped.tolist(), plan.stock[0, 0]) == ([[15, 0, 0]], 15)


def test_material_lots_have_their_age():
    lots = [{"item": "STEEL", "site": "PLANT", **lot} for lot in LOTS]
    steel = {"code": "STEEL", "name": "Steel", "shelf_life_days": 61, "min_order": 40.0}
    line = {"product": "CAR", "component": "STEEL", "quantity_per": 1.0}
    found = assembled(materials=[steel], bom=[line], inventory=lots)
    material = found.problem.material
    assert (material.initial.tolist(), material.opening_kept.tolist()) == ([35], [[15, 0, 0]])
    assert material.min_order.tolist() == [40]
    assert [(f.code, f.part, f.key) for f in found.findings] == [("stock_expired", "material", "STEEL|PLANT")]


def test_what_keeps_for_ever_has_no_age():
    found = assembled(inventory=[{"item": "CAR", "site": "PLANT", **lot} for lot in LOTS])
    assert found.problem.points.initial.tolist() == [65]
    assert np.isinf(found.problem.points.opening_kept).all()
    assert found.findings == ()


def test_a_slushy_month_keeps_near_the_last_release():
    """Released 100 in February: 80 are asked for, a unit less than 90 costs a twentieth of the unit cost."""
    problem = plant(extra={"slushy": {("CAR", "PLANT"): {JAN + 1: 100.0}}})
    assert np.array_equal(problem.points.reference, [[np.nan, 100.0, np.nan]], equal_nan=True)
    assert problem.points.reference_band.tolist() == [[0, 10, 0]]
    assert problem.points.change_price[0, 1] == pytest.approx(3.0)
    plan = solve(problem)
    assert plan.production[0].tolist() == [80, 90, 70]


def test_safety_stock_follows_forecast_errors_before_days():
    """40 units cover the errors; days count where there is no forecast, for make to order, and by site."""
    stock = {"product": "CAR", "safety_stock_days": 3.0}
    known = {"errors": {"CAR": 40.0}}
    level = lambda **rows: plant(demand=asked(80, 80, 0), **rows).points.safety_stock[0].tolist()  # noqa: E731
    assert level(policies=[stock], extra=known) == [40, 0, 0]
    assert level(policies=[stock]) == [8, 0, 0]
    assert level(policies=[stock | {"fulfilment": "MTO"}], extra=known) == [8, 0, 0]
    assert level(policies=[stock | {"site": "PLANT"}], extra=known) == [8, 0, 0]


def test_what_the_last_release_ordered_is_on_its_way():
    """60 days by sea, 10 in stock: January has those and the 50 ordered; February waits, from March on all is open."""
    problem = plant(
        materials=[{"code": "STEEL", "name": "Steel", "unit_cost": 1.0, "lead_time_days": 60}],
        bom=[{"product": "CAR", "component": "STEEL", "quantity_per": 1.0}],
        inventory=[{"item": "STEEL", "site": "PLANT", "quantity": 10.0}],
        extra={"ordered": {("STEEL", "PLANT"): {JAN: 50.0, JAN + 2: 900.0}}},
    )
    assert problem.material.arrivals.tolist() == [[50, 0, 0]]
    assert solve(problem).served.tolist() == [[60, 0, 80]]


def test_an_open_purchase_is_the_order_of_the_release_and_not_one_more():
    steel = {"code": "STEEL", "name": "Steel", "unit_cost": 1.0, "lead_time_days": 60}
    problem = plant(
        materials=[steel],
        bom=[{"product": "CAR", "component": "STEEL", "quantity_per": 1.0}],
        open_purchases=[{"material": "STEEL", "arrival_month": JAN, "quantity": 40.0}],
        extra={"ordered": {("STEEL", "PLANT"): {JAN: 50.0}}},
    )
    assert problem.material.arrivals.tolist() == [[50, 0, 0]]


@pytest.mark.filterwarnings("error")
def test_an_open_purchase_of_what_nothing_uses_disturbs_nobody():
    bought = {"name": "Bought", "unit_cost": 1.0, "lead_time_days": 60}
    problem = plant(
        materials=[{"code": "STEEL"} | bought, {"code": "GLUE"} | bought],
        bom=[{"product": "CAR", "component": "STEEL", "quantity_per": 1.0}],
        open_purchases=[
            {"material": "GLUE", "arrival_month": JAN, "quantity": 7.0},
            {"material": "STEEL", "arrival_month": JAN, "quantity": 40.0},
        ],
    )
    assert problem.material.arrivals.tolist() == [[40, 0, 0]]
