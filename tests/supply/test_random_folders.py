"""Any company folder gets a plan whose balances close, whatever figures stand side by side in it."""

from pathlib import Path

import numpy as np
import pytest

from engine.balancing.contracts import SolveOptions
from engine.balancing.solve import Session
from supply.adapters.assemble import assemble
from supply.adapters.folder import read_folder
from supply.adapters.sheets import Sheets
from supply.management.commands.balance_file import balance
from tests.engine.balancing.test_properties import material_gap, served_gap, stock_gap
from tests.supply.random_folders import random_folder
from tests.supply.world import write_company

DEFEATED_THE_DUAL_SIMPLEX = (1, 11, 34, 36, 40, 64, 76, 92, 97, 103, 114, 189)
HIRED_FOR_IDLE_OVERTIME = (43, 45, 90)  # overtime cheaper than regular hours: no end to what that earned
DEFEATED_A_PASS = (151, 199)
BEYOND_DOUBLE_PRECISION = (602,)  # safety stocks of ten thousand millions, told to a millionth
DEFEATED_WHOLE_NUMBERS = (183, 291, 357, 408, 414, 430, 528, 534)
LOST_UNITS_WHEN_ROUNDED = (71,)  # ten thousand parts in a unit


def company(folder: Path, seed: int) -> tuple[Sheets, SolveOptions]:
    write_company(folder, random_folder(seed))
    sheets, _named = read_folder(folder)
    return sheets, SolveOptions(second_opinion=True, set_ups=seed % 3 == 0, integer_headcount=seed % 5 == 0)


@pytest.mark.parametrize(
    "seed",
    DEFEATED_THE_DUAL_SIMPLEX
    + HIRED_FOR_IDLE_OVERTIME
    + DEFEATED_A_PASS
    + DEFEATED_WHOLE_NUMBERS
    + BEYOND_DOUBLE_PRECISION,
)
def test_a_folder_that_defeats_one_way_of_solving_is_solved_in_another(tmp_path: Path, seed: int):
    result = balance(*company(tmp_path, seed))
    money = result["revenue"] - result["total_cost"]
    assert result["objective"] == pytest.approx(money, rel=1e-6, abs=1e-6 * max(1.0, result["revenue"]))
    assert all(finding["message"] for finding in result["findings"])


@pytest.mark.parametrize("seed", HIRED_FOR_IDLE_OVERTIME + DEFEATED_A_PASS + LOST_UNITS_WHEN_ROUNDED + (189, 534))
def test_balances_close_beside_figures_of_any_size(tmp_path: Path, seed: int):
    sheets, options = company(tmp_path, seed)
    problem = assemble(sheets).problem
    plan = Session(problem, options).solve()
    flows = (plan.production, plan.shipments, plan.served, plan.purchases, plan.stock, plan.material_stock)
    largest = max(float(flow.max(initial=0.0)) for flow in flows)
    for gap in (stock_gap(problem, plan), material_gap(problem, plan), served_gap(problem, plan)):
        assert np.abs(gap).max(initial=0.0) <= max(1e-6, 1e-14 * largest)
