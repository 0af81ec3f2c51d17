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
    ("factory-planning", LINEAR, "profit", 93_715.17857142857),  # Williams, 12.3
    ("steel", LINEAR, "profit", 515_033),  # AMPL book, chapter 4
    ("transport", LINEAR, "total_cost", 153.675),  # Dantzig, GAMS trnsport
    ("wagner-whitin", SET_UPS, "total_cost", 864),  # Wagner & Whitin 1958, table 1
]
IDS = [f"{folder}-{'whole' if options is WHOLE_PEOPLE else 'plain'}" for folder, options, _f, _v in CASES]


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
