"""The .lp file: readable names, and the same optimum in a solver that knows nothing of us."""

import highspy
import pytest

from engine.balancing.contracts import SolveOptions
from engine.balancing.export import write_lp
from engine.balancing.twin import Twin
from tests.engine.balancing.companies import random_company


@pytest.mark.parametrize("seed", [1, 2])
def test_the_file_holds_the_model_under_business_names(tmp_path, seed):
    options = SolveOptions(set_ups=True, integer_shifts=True)
    problem = random_company(seed, wide=True, fences=True)
    path = tmp_path / "model.lp"
    write_lp(problem, path, options)
    text = path.read_text("utf-8")
    assert "make_K0000_P01_0000.02" in text
    assert "\nStock_balance_K0000_P01_0000.02:" in text
    assert "\nResource_capacity_upper_LINE.A_0000.01:" in text
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("mip_rel_gap", 1e-9)
    highs.readModel(str(path))
    highs.run()
    expected = Twin(problem, options).solve() - _constant(problem, options)
    assert highs.getInfo().objective_function_value == pytest.approx(expected, rel=1e-6)


def _constant(problem, options) -> float:
    return float(Twin(problem, options).model.objective.constant)
