"""Any company folder gets a plan, whatever numbers of very different size stand side by side in it."""

from pathlib import Path

import pytest

from engine.balancing.contracts import SolveOptions
from supply.adapters.folder import read_folder
from supply.management.commands.balance_file import balance
from tests.supply.random_folders import random_folder
from tests.supply.world import write_company

DEFEATED_THE_DUAL_SIMPLEX = (1, 11, 12, 13, 34, 36, 40, 64, 76, 92, 97, 103, 114)


@pytest.mark.parametrize("seed", DEFEATED_THE_DUAL_SIMPLEX)
def test_a_folder_that_defeats_one_way_of_solving_is_solved_in_another(tmp_path: Path, seed: int):
    write_company(tmp_path, random_folder(seed))
    sheets, _named = read_folder(tmp_path)
    options = SolveOptions(second_opinion=True, set_ups=seed % 3 == 0, integer_headcount=seed % 5 == 0)
    result = balance(sheets, options)
    money = result["revenue"] - result["total_cost"]
    assert result["objective"] == pytest.approx(money, rel=1e-6, abs=1e-6 * max(1.0, result["revenue"]))
