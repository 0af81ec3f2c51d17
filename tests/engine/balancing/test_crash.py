"""The just-in-time basis: square, no singularity, and the same optimum from it."""

import highspy
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.balancing import clp
from engine.balancing.contracts import SolveOptions
from engine.balancing.crash import BASIC, LOWER, UPPER, just_in_time
from engine.balancing.solve import Session, solve
from tests.engine.balancing.companies import random_company

FEW = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
STATUS = {
    LOWER: highspy.HighsBasisStatus.kLower,
    BASIC: highspy.HighsBasisStatus.kBasic,
    UPPER: highspy.HighsBasisStatus.kUpper,
}


@FEW
@given(st.integers(0, 10_000), st.booleans(), st.booleans())
def test_the_basis_is_square_and_regular(seed, wide, fences):
    """HiGHS takes it without exchanging a column, which it does where a basis is singular."""
    session = Session(random_company(seed, wide=wide, fences=fences))
    basis = just_in_time(session.problem, session.derived, session.program)
    assert (basis.columns == BASIC).sum() == (basis.rows != BASIC).sum()
    given_basis = highspy.HighsBasis()
    given_basis.col_status = [STATUS[code] for code in basis.columns.tolist()]
    given_basis.row_status = [STATUS[code] for code in basis.rows.tolist()]
    given_basis.valid = True
    session.highs.setBasis(given_basis)
    session.highs.setOptionValue("simplex_iteration_limit", 0)
    session.highs.run()
    basic = [status == STATUS[BASIC] for status in session.highs.getBasis().col_status]
    assert np.array_equal(basic, basis.columns == BASIC)


@pytest.mark.parametrize("seed", range(6))
def test_clp_from_there_and_highs_alone_find_the_same_plan(seed):
    if clp.find_program() is None:
        pytest.skip("PuLP brings no CBC for this machine")
    problem = random_company(seed, wide=seed % 2 == 0)
    alone = solve(problem, SolveOptions(solver="highs"))
    helped = solve(problem, SolveOptions(solver="clp", second_opinion=True))
    assert helped.solver.method == "dual simplex from CLP's basis"
    assert helped.objective == pytest.approx(alone.objective, rel=1e-7, abs=1e-6)
    assert np.allclose(helped.production, alone.production, atol=1e-4)
    assert helped.solver.check_name == "CLP"
    assert helped.solver.check_gap < 1e-6


@pytest.mark.parametrize("options", [SolveOptions(), SolveOptions(set_ups=True, integer_headcount=True)])
def test_the_second_opinion_agrees_on_small_plans_too(options):
    if clp.find_program() is None:
        pytest.skip("PuLP brings no CBC for this machine")
    asked = SolveOptions(set_ups=options.set_ups, integer_headcount=options.integer_headcount, second_opinion=True)
    plan = solve(random_company(5), asked)
    assert (plan.solver.check_name, plan.solver.check_gap < 1e-6) == ("CLP", True)
    assert solve(random_company(5), options).solver.check_name == ""
