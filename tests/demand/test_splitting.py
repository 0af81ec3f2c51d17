"""Totals at any level → leaves: exact by hand and by property."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from demand.splitting import NodeTotal, share_by_product, split_totals


def node(leaves, depth, *totals):
    given = np.array([t is not None for t in totals])
    return NodeTotal(np.array(leaves), depth, np.array([t or 0 for t in totals], dtype=np.int64), given)


def test_detailed_figure_wins_and_the_company_total_fills_the_rest():
    weights = np.array([[30], [10], [50], [10]])
    split = split_totals([node([0, 1, 2, 3], (0, 0), 1000), node([0, 1], (1, 0), 400)], weights)
    assert split.values.ravel().tolist() == [300, 100, 500, 100]
    assert split.covered.all()
    assert not split.unplaced.any()


def test_months_without_a_figure_stay_open():
    split = split_totals([node([0, 1], (0, 0), 10, None)], np.array([[1, 1], [1, 1]]))
    assert split.values.tolist() == [[5, 0], [5, 0]]
    assert split.covered.tolist() == [[True, False], [True, False]]


def test_zero_is_a_figure():
    split = split_totals([node([0, 1], (0, 0), 0)], np.array([[7], [3]]))
    assert split.covered.all()
    assert not split.values.any()


def test_no_history_shares_equally_over_the_open_leaves_only():
    weights = np.zeros((3, 1), dtype=np.int64)
    split = split_totals([node([0, 1, 2], (0, 0), 11), node([0], (2, 1), 4)], weights)
    assert split.values.ravel().tolist() == [4, 4, 3]


def test_a_new_product_is_shared_like_its_orgs_sell():
    split = split_totals([node([0, 1], (0, 0), 10)], np.array([[0], [0]]), fallback=np.array([[3], [1]]))
    assert split.values.ravel().tolist() == [8, 2]


def test_details_beyond_the_total_are_reported_not_hidden():
    split = split_totals([node([0, 1], (0, 0), 10), node([0], (1, 1), 12)], np.array([[1], [1]]))
    assert split.values.ravel().tolist() == [12, 0]
    assert split.unplaced.ravel().tolist() == [-2, 0]


def test_details_that_leave_no_room_report_the_rest():
    nodes = [node([0, 1], (0, 0), 10), node([0], (1, 1), 3), node([1], (1, 1), 4)]
    split = split_totals(nodes, np.array([[1], [1]]))
    assert split.unplaced.ravel().tolist() == [3, 0, 0]


def test_flex_band_of_the_worked_example():
    demand = np.array([[900]])
    assert share_by_product(np.array([[5.6]]), demand, np.array([7])).tolist() == [[950]]
    assert share_by_product(np.array([[11.1]]), demand, np.array([7])).tolist() == [[1000]]


def test_flex_band_of_many_small_orgs_is_the_products_band():
    demand = np.full((450, 1), 2, dtype=np.int64)
    capacity = share_by_product(np.array([[5.6]]), demand, np.full(450, 7))
    assert capacity.sum() == 950
    assert set(capacity.ravel().tolist()) == {2, 3}


def test_each_product_has_its_own_band():
    demand = np.array([[100], [100], [100]])
    percent, products = np.array([[10.0], [50.0]]), np.array([1, 1, 2])
    assert share_by_product(percent, demand, products).ravel().tolist() == [110, 110, 150]


@given(
    st.lists(st.integers(0, 500), min_size=4, max_size=12),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
)
def test_sum_of_the_leaves_is_the_total_and_the_family_keeps_its_own(history, family, rest):
    leaves = list(range(len(history)))
    weights = np.array(history, dtype=np.int64)[:, None]
    split = split_totals([node(leaves, (0, 0), family + rest), node(leaves[:2], (1, 0), family)], weights)
    assert split.values.sum() == family + rest
    assert split.values[:2].sum() == family
    assert (split.values >= 0).all()
