"""What another solver reads is the model, to the bit; and its basis comes back as it was."""

import highspy
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.balancing.crash import BASIC, LOWER, UPPER, Basis
from engine.balancing.mps import read_basis, write_basis, write_model
from engine.balancing.solve import Session
from tests.engine.balancing.companies import random_company

INF = highspy.kHighsInf
STATUS = highspy.HighsBasisStatus


def model_of(cost, lower, upper, rows, row_lower, row_upper, offset=0.0) -> highspy.Highs:
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    for price, low, high in zip(cost, lower, upper, strict=True):
        highs.addVar(low, high)
        highs.changeColCost(highs.getNumCol() - 1, price)
    for terms, low, high in zip(rows, row_lower, row_upper, strict=True):
        highs.addRow(low, high, len(terms), np.array([c for c, _ in terms]), np.array([v for _, v in terms]))
    highs.changeObjectiveOffset(offset)
    return highs


def read(path) -> highspy.HighsLp:
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    assert highs.readModel(str(path)) == highspy.HighsStatus.kOk
    return highs.getLp()


def matrix_of(model) -> dict[tuple[int, int], float]:
    start, index, value = model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_
    assert model.a_matrix_.format_ == highspy.MatrixFormat.kColwise
    return {(index[k], c): value[k] for c in range(model.num_col_) for k in range(start[c], start[c + 1]) if value[k]}


def test_every_kind_of_row_and_bound_is_read_back(tmp_path):
    """Equal, at most, at least, ranged; fixed, free, below zero, closed, without any entry of its own."""
    highs = model_of(
        cost=[1.5, 0.0, -2.0, 0.1 + 0.2, 1e-7, 0.0],
        lower=[0.0, -INF, -3.0, 2.0, -INF, 0.0],
        upper=[INF, INF, 4.0, 2.0, 7.0, INF],
        rows=[[(0, 1.0), (1, -1.0)], [(2, 1 / 3)], [(3, 1.0)], [(0, 2.0), (4, 1.0)]],
        row_lower=[5.0, -INF, 1.0, -1.0],
        row_upper=[5.0, 6.0, INF, 9.0],
        offset=12.25,
    )
    write_model(tmp_path / "model.mps", highs)
    model = read(tmp_path / "model.mps")
    assert list(model.col_cost_) == [1.5, 0.0, -2.0, 0.1 + 0.2, 1e-7, 0.0]
    assert list(model.col_lower_) == [0.0, -INF, -3.0, 2.0, -INF, 0.0]
    assert list(model.col_upper_) == [INF, INF, 4.0, 2.0, 7.0, INF]
    assert list(model.row_lower_) == [5.0, -INF, 1.0, -1.0]
    assert list(model.row_upper_) == [5.0, 6.0, INF, 9.0]
    assert matrix_of(model) == {(0, 0): 1.0, (0, 1): -1.0, (1, 2): 1 / 3, (2, 3): 1.0, (3, 0): 2.0, (3, 4): 1.0}
    assert model.offset_ == 12.25


def test_a_row_without_limits_is_a_row_still(tmp_path):
    """MPS knows only the objective without limits, and a basis needs every row."""
    highs = model_of([1.0], [0.0], [INF], [[(0, 1.0)], [(0, 2.0)]], [-INF, 3.0], [INF, INF])
    write_model(tmp_path / "model.mps", highs)
    model = read(tmp_path / "model.mps")
    assert (list(model.row_lower_), list(model.row_upper_)) == ([-INF, 3.0], [1e18, INF])


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 10_000), st.booleans())
def test_a_company_is_read_back_to_the_bit(tmp_path, seed, wide):
    highs = Session(random_company(seed, wide=wide)).highs
    write_model(tmp_path / "model.mps", highs)
    written, model = highs.getLp(), read(tmp_path / "model.mps")
    assert matrix_of(model) == matrix_of(written)
    assert model.offset_ == written.offset_
    for name in ("col_cost_", "col_lower_", "col_upper_"):
        assert list(getattr(model, name)) == list(getattr(written, name))
    limits = zip(written.row_lower_, written.row_upper_, strict=True)
    assert list(model.row_upper_) == [1e18 if (low, high) == (-INF, INF) else high for low, high in limits]
    # the limits of a range are its width from the upper one
    assert list(model.row_lower_) == pytest.approx(list(written.row_lower_), rel=1e-12)


def test_a_basis_is_written_in_pairs_and_read_with_values(tmp_path):
    highs = model_of([0.0] * 4, [0.0, 0.0, -INF, 0.0], [INF, 8.0, 4.0, INF], [[(0, 1.0)], [(1, 1.0)]], [1, 1], [1, 9])
    basis = Basis(np.array([BASIC, UPPER, LOWER, BASIC]), np.array([LOWER, UPPER]))
    write_basis(tmp_path / "start.bas", basis)
    assert (tmp_path / "start.bas").read_text() == "NAME start\n XL c0 r0\n XU c3 r1\n UL c1\nENDATA\n"
    lines = [" XL c0  r0  10.", " XU c3  r1  2.5e+15", " UL c1  _dummy_  8.", " LL c2  _dummy_  1."]
    (tmp_path / "basis.bas").write_text("\n".join(["NAME   model   VALUES", *lines, "ENDATA", ""]))
    found = read_basis(tmp_path / "basis.bas", highs)
    assert list(found.col_status) == [STATUS.kBasic, STATUS.kUpper, STATUS.kUpper, STATUS.kBasic]
    assert list(found.row_status) == [STATUS.kLower, STATUS.kUpper]
