"""Every kind of capacity as the bottleneck: company folders solved by hand, in two solvers and the readable twin."""

import json
from pathlib import Path

import pulp
import pytest
from django.core.management import call_command
from django.utils import translation

from engine.balancing.contracts import SolveOptions
from engine.balancing.solve import solve
from engine.balancing.twin import Twin
from supply.adapters.assemble import assemble
from supply.adapters.folder import read_folder
from tests.supply.world import write_company

MONTHS = ("2027-01", "2027-02", "2027-03")


def car(*quantities: float) -> list[dict]:
    """Cars asked for in January, February and March, at 100 each; making one costs 60."""
    return [
        {"product": "CAR", "org": "NORTH", "month": month, "quantity": units, "price": 100}
        for month, units in zip(MONTHS, quantities, strict=True)
    ]


def hours(resource: str, amount: float) -> list[dict]:
    return [{"resource": resource, "month": month, "available_hours": amount} for month in MONTHS]


def routing(resource: str, per_unit: float | str) -> dict:
    return {"product": "CAR", "site": "PLANT", "resource": resource, "hours_per_unit": per_unit}


LINE = {"code": "LINE", "name": "Line", "site": "PLANT", "kind": "line"}
CASES: dict[str, dict] = {
    # 40 hours of ten people and an hour of overtime each at 12: 50 of 80 in January. From February on ten more people
    # at 30 and two months' wages of 20 are cheaper than overtime: 240 less 30 cars at 40, 120 overtime, 300 hiring,
    # wages of 10, 20 and 20 people.
    "labour": {
        "resources": [
            {"code": "CREW", "name": "Crew", "site": "PLANT", "kind": "labour", "headcount": 10,
             "hours_per_person_month": 4, "wage_per_person_month": 20, "hire_cost": 30, "layoff_cost": 30,
             "lead_time_months": 1, "overtime_hours_per_person_month": 1, "overtime_cost_per_hour": 12},
        ],
        "routings": [routing("CREW", 1)],
        "profit": 210 * 40 - 120 - 300 - 20 * (10 + 20 + 20),
        "short": {"2027-01": 30},
        "cause": ("resource", "CREW", "labour"),
        "text": "Crew has no working hours left in Jan 2027: there are not enough people.",
        "options": {"overtime", "defer"},
        "in_plan": {"overtime", "hire"},
    },
    # 60 hours and a tenth of overtime at 25: 66 of 80 each month.
    "equipment": {
        "resources": [
            {"code": "PRESS", "name": "Press", "site": "PLANT", "kind": "equipment", "max_overtime_share": 0.1,
             "overtime_cost_per_hour": 25},
        ],
        "capacity": hours("PRESS", 60),
        "routings": [routing("PRESS", 1)],
        "profit": 3 * (66 * 40 - 6 * 25),
        "short": dict.fromkeys(MONTHS, 14),
        "cause": ("resource", "PRESS", "equipment"),
        "text": "Press has no machine hours left in Jan 2027.",
        "options": {"overtime", "jph", "extra_shift", "outsource"},
        "in_plan": {"overtime"},
    },
    # One car in five hours; 21, 20 and 23 days of one shift of 8 hours, a second one from February on at 500.
    "line": {
        "resources": [
            {**LINE, "jph": 0.2, "shifts_per_day": 1, "hours_per_shift": 8, "efficiency": 1, "max_shifts_per_day": 2,
             "extra_shift_cost_per_month": 500, "lead_time_months": 1},
        ],
        "routings": [routing("LINE", "")],
        "profit": (168 + 320 + 368) / 5 * 40 - 1_000,
        "short": {"2027-01": 80 - 33.6, "2027-02": 80 - 64, "2027-03": 80 - 73.6},
        "cause": ("resource", "LINE", "line"),
        "text": "Line has no hours left in Jan 2027.",
        "options": {"overtime", "jph", "outsource"},
        "in_plan": {"extra_shift"},
    },
    # A unit of steel in every car, 5 of the 60 it costs; the supplier delivers 50 a month.
    "material": {
        "resources": [LINE],
        "capacity": hours("LINE", 500),
        "routings": [routing("LINE", 1)],
        "suppliers": [{"code": "MILL", "name": "Mill"}],
        "materials": [{"code": "STEEL", "name": "Steel", "supplier": "MILL", "unit_cost": 5, "lead_time_days": 0}],
        "bom": [{"product": "CAR", "component": "STEEL", "quantity_per": 1}],
        "material_supply": [{"material": "STEEL", "month": month, "max_quantity": 50} for month in MONTHS],
        "profit": 150 * 40,
        "short": dict.fromkeys(MONTHS, 30),
        "cause": ("supplier", "STEEL", None),
        "text": "Steel: the supplier delivers no more in Jan 2027.",
        "options": {"raise_supply", "outsource"},
        "in_plan": set(),
    },
    # 100 hours a month for 60, 100 and 140 cars: 40 should be built ahead, 30 fit into the yard, for two months at 1.
    "storage": {
        "sites": [{"code": "PLANT", "name": "Plant", "kind": "plant", "storage_units": 30}],
        "resources": [LINE],
        "capacity": hours("LINE", 100),
        "routings": [routing("LINE", 1)],
        "demand": car(60, 100, 140),
        "profit": 290 * 40 - 30 * 2,
        "short": {"2027-03": 10},
        "cause": ("resource", "LINE", "line"),
        "further": [("storage", "PLANT")],
        "text": "Line has no hours left in Mar 2027.",
        "options": {"overtime", "jph"},
        "in_plan": set(),
    },
    # The dock handles 70 cars a month.
    "warehouse": {
        "resources": [{"code": "DOCK", "name": "Dock", "site": "PLANT", "kind": "warehouse"}],
        "capacity": hours("DOCK", 70),
        "routings": [routing("DOCK", 1)],
        "profit": 210 * 40,
        "short": dict.fromkeys(MONTHS, 10),
        "cause": ("resource", "DOCK", "warehouse"),
        "text": "Dock can handle no more in Jan 2027: the warehouse is at its limit.",
        "options": {"overtime", "jph", "extra_shift", "outsource"},
        "in_plan": set(),
    },
    # Two hours of validation a car, 100 a month.
    "engineering": {
        "resources": [{"code": "BENCH", "name": "Bench", "site": "PLANT", "kind": "engineering"}],
        "capacity": hours("BENCH", 100),
        "routings": [routing("BENCH", 2)],
        "profit": 150 * 40,
        "short": dict.fromkeys(MONTHS, 30),
        "cause": ("resource", "BENCH", "engineering"),
        "text": "Bench has no engineering hours left in Jan 2027.",
        "options": {"overtime", "extra_shift", "hire", "outsource"},
        "in_plan": set(),
    },
}  # fmt: skip
SHEETS = ("sites", "resources", "capacity", "routings", "suppliers", "materials", "bom", "material_supply", "demand")


@pytest.fixture(params=list(CASES))
def case(request) -> dict:
    return CASES[request.param]


@pytest.fixture
def folder(case, tmp_path) -> Path:
    found = {
        "products": [{"code": "CAR", "name": "Car"}],
        "orgs": [{"code": "NORTH", "name": "North", "currency": "EUR"}],
        "sites": [{"code": "PLANT", "name": "Plant", "kind": "plant"}],
        "costs": [{"product": "CAR", "from_month": "2027-01", "production_cost": 60, "holding_cost_per_month": 1}],
        "demand": car(80, 80, 80),
    } | {sheet: case[sheet] for sheet in SHEETS if sheet in case}
    return write_company(tmp_path, found)


def test_the_hand_solved_optimum_in_two_solvers_and_the_twin(case, folder):
    problem = assemble(read_folder(folder)[0]).problem
    for solver in ("highs", "clp"):
        plan = solve(problem, SolveOptions(solver=solver))
        assert plan.profit == pytest.approx(case["profit"], rel=1e-9)
        assert plan.slacks == ()
    twin = Twin(problem)
    assert twin.solve() == pytest.approx(plan.objective, rel=1e-9)
    assert twin.solve(pulp.PULP_CBC_CMD(msg=False)) == pytest.approx(plan.objective, rel=1e-6)


def test_the_result_names_what_is_short_why_and_the_ways_out(case, folder):
    out = folder / "result.json"
    call_command("balance_file", str(folder), "--out", str(out))
    result = json.loads(out.read_text("utf-8"))
    assert result["objective"] == pytest.approx(case["profit"])
    assert {row["month"]: row["quantity"] for row in result["shortages"]} == pytest.approx(case["short"])
    cause = result["shortages"][-1]["cause"]
    assert (cause["kind"], cause["code"], cause.get("resource_kind")) == case["cause"]
    assert cause["confirmed"]
    further = [(row["kind"], row["code"]) for row in result["shortages"][-1]["further_causes"]]
    assert further == case.get("further", [])
    first = min(result["shortages"], key=lambda row: row["month"])
    assert first["cause"]["text"].startswith(case["text"])
    assert {way["kind"] for way in result["options"] if not way["in_plan"]} >= case["options"]
    assert {way["kind"] for way in result["options"] if way["in_plan"]} == case["in_plan"]


def test_the_cause_is_said_in_chinese(case, folder):
    out = folder / "result.json"
    with translation.override("zh-hans"):
        call_command("balance_file", str(folder), "--out", str(out))
    text = json.loads(out.read_text("utf-8"))["shortages"][0]["cause"]["text"]
    assert any("一" <= letter <= "鿿" for letter in text)
    assert " has no " not in text


def test_people_are_offered_people_not_machines(tmp_path):
    """A crew counted in shifts: overtime, a shift, more people; no faster pace and no new equipment."""
    folder_rows = {
        "products": [{"code": "CAR", "name": "Car"}],
        "orgs": [{"code": "NORTH", "name": "North", "currency": "EUR"}],
        "sites": [{"code": "PLANT", "name": "Plant", "kind": "plant"}],
        "resources": [{"code": "CREW", "name": "Crew", "site": "PLANT", "kind": "labour"}],
        "capacity": hours("CREW", 60),
        "routings": [routing("CREW", 1)],
        "costs": [{"product": "CAR", "from_month": "2027-01", "production_cost": 60}],
        "demand": car(80, 80, 80),
    }
    write_company(tmp_path, folder_rows)
    call_command("balance_file", str(tmp_path), "--out", str(tmp_path / "result.json"))
    kinds = {way["kind"] for way in json.loads((tmp_path / "result.json").read_text("utf-8"))["options"]}
    assert {"overtime", "hire", "extra_shift"} <= kinds
    assert not kinds & {"jph", "new_equipment"}
