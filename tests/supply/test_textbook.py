"""Published optima, through the product's own reader, assembler and model, in two solvers and the twin."""

from pathlib import Path

import pulp
import pytest

from engine.balancing.contracts import SolveOptions
from engine.balancing.solve import solve
from engine.balancing.twin import Twin
from supply.adapters.assemble import assemble
from supply.adapters.folder import read_folder

FOLDERS = Path(__file__).parents[1] / "data" / "textbook"
LINEAR = SolveOptions()
WHOLE_PEOPLE = SolveOptions(integer_headcount=True)
SET_UPS = SolveOptions(set_ups=True)

# folder, options, which figure the book gives, the figure
CASES = [
    ("red-tomato", LINEAR, "total_cost", 422_275),  # Chopra & Meindl, aggregate planning
    ("red-tomato", WHOLE_PEOPLE, "total_cost", 422_660),
    ("red-tomato-january", LINEAR, "total_cost", 421_915),  # the same chapter, promotions
    ("red-tomato-january", LINEAR, "profit", 221_485),
    ("red-tomato-april", LINEAR, "total_cost", 438_856 + 2 / 3),
    ("red-tomato-april", LINEAR, "profit", 650_140 - (438_856 + 2 / 3)),  # who waits pays April's price
    ("red-tomato-april", WHOLE_PEOPLE, "total_cost", 438_920),
    ("factory-planning", LINEAR, "profit", 93_715.17857142857),  # Williams, 12.3
    ("steel", LINEAR, "profit", 515_033),  # AMPL book, chapter 4
    ("steel-mill", LINEAR, "profit", 192_000),  # AMPL book, chapter 1: one stage
    ("steel-commitments", LINEAR, "profit", 194_828.5714285714),  # with quantities that must be sold
    ("steel-stages", LINEAR, "profit", 190_071.4285714286),  # reheating before rolling
    ("steel-transport", LINEAR, "total_cost", 196_200),  # AMPL book, chapter 3
    ("canneries", LINEAR, "total_cost", 152_535),  # Hillier & Lieberman, P & T Company
    ("northern-airplane", LINEAR, "total_cost", 77.3),  # Hillier & Lieberman, costs by month
    ("farnsworth", LINEAR, "total_cost", 105_700),  # Heizer & Render, overtime and a subcontractor
    ("sailco", LINEAR, "total_cost", 78_450),  # Winston, a crew with overtime
    ("transport", LINEAR, "total_cost", 153.675),  # Dantzig, GAMS trnsport
    ("wagner-whitin", SET_UPS, "total_cost", 864),  # Wagner & Whitin 1958, table 1
    ("silver-pyke-peterson", SET_UPS, "total_cost", 501.20),  # Silver, Pyke & Peterson, chapter 6
    ("nahmias-lots", SET_UPS, "total_cost", 248),  # Nahmias, chapter 8
]
IDS = [f"{folder}-{'whole' if options is WHOLE_PEOPLE else 'plain'}-{figure}" for folder, options, figure, _v in CASES]


@pytest.mark.parametrize(("folder", "options", "figure", "value"), CASES, ids=IDS)
def test_highs_finds_the_published_optimum(folder, options, figure, value):
    sheets, findings = read_folder(FOLDERS / folder)
    plan = solve(assemble(sheets).problem, options)
    found = {"profit": plan.profit, "total_cost": sum(plan.cost.values())}[figure]
    assert found == pytest.approx(value, rel=1e-9)
    assert plan.penalty == pytest.approx(0, abs=1e-6)
    assert plan.slacks == ()
    assert findings == []


@pytest.mark.parametrize(("folder", "options", "figure", "value"), CASES, ids=IDS)
@pytest.mark.parametrize("solver", ["HiGHS", "CBC"])
def test_twin_finds_the_published_optimum(folder, options, figure, value, solver):
    problem = assemble(read_folder(FOLDERS / folder)[0]).problem
    chosen = pulp.PULP_CBC_CMD(msg=False, gapRel=0, threads=1) if solver == "CBC" else None
    profit = Twin(problem, options).solve(chosen)
    revenue = (problem.demand.price * problem.demand.quantity).sum()  # the cost cases serve all demand
    found = profit if figure == "profit" else revenue - profit
    assert found == pytest.approx(value, rel=1e-6 if solver == "CBC" else 1e-9)
