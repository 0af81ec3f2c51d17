"""Totals at any level, by today's trees and by those of a snapshot."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Scope
from core.errors import InvalidInput, Missing
from masterdata.models import Org, Product
from plans.codec import block_sha
from plans.cubes import Axis, Cube
from plans.hierarchy import Hierarchy, Tree, load_hierarchy
from plans.selectors import State, Tail, load_nodes, load_rollup, sum_nodes
from tests.plans.world import change


def _values(world, measure, nodes, month=0, **options):
    totals = load_nodes(version_id=world.version.pk, measures=[measure], nodes=nodes, **options)[measure]
    return totals.values[:, world.cycle.month + month - totals.first_month].tolist()


def test_any_level_of_both_trees(world):
    world.publish("baseline", np.arange(20)[:, None])  # A1: 0-3, A2: 4-7, A3: 8-11, B1: 12-15, B2: 16-19
    nodes = [(None, None), ("FA", None), ("FB", "N"), ("A1", None), ("A1", "S"), ("B2", "s2"), (None, "n1")]
    assert _values(world, "baseline", nodes) == [190, 66, 12 + 13 + 16 + 17, 6, 2 + 3, 19, 0 + 4 + 8 + 12 + 16]


def test_children_sum_to_their_parent_after_edits(world):
    world.publish("baseline", 7)
    world.publish("sales", np.arange(20)[:, None])
    world.save(world.edit("sales", "A1", "n1", 100), world.edit("sales", "B2", "s1", None))
    for parent, children in (("FA", ["A1", "A2", "A3"]), ("FB", ["B1", "B2"]), (None, ["FA", "FB"])):
        for org in (None, "N", "S", "n1"):
            whole = _values(world, "sales", [(parent, org)])[0]
            assert sum(_values(world, "sales", [(child, org) for child in children])) == whole


def test_the_same_node_twice_gives_the_same_twice(world):
    world.publish("sales", 1)
    world.save(world.edit("sales", "A1", "n1", 5))
    assert _values(world, "sales", [("FA", None), ("A1", "n1"), ("FA", None)]) == [16, 5, 16]


def test_nothing_below_is_absent_not_zero(world):
    world.save(world.edit("sales", "A1", "n1", 0))
    totals = load_nodes(version_id=world.version.pk, measures=["sales"], nodes=[("FA", None), ("FB", None)])["sales"]
    assert totals.present[:, 0].tolist() == [True, False]
    assert np.isnan(totals.to_float()[1, 0])


def test_bounds_do_not_add_up(world):
    world.publish("baseline_lo80", 3)
    totals = load_nodes(version_id=world.version.pk, measures=["baseline_lo80"], nodes=[("FA", None), ("A1", "n1")])
    assert totals["baseline_lo80"].present[:, 0].tolist() == [False, True]
    assert totals["baseline_lo80"].values[1, 0] == 3


def test_the_overlay_is_totalled_as_it_is_shown(world):
    world.publish("proposal", 10)
    world.save(world.edit("consensus", "A1", "n1", 50), world.edit("consensus", "B1", "s1", 0))
    assert _values(world, "consensus", [(None, None), ("FA", None), ("FB", "S")]) == [200 + 40 - 10, 160, 30]


def test_scope_leaves_out_what_is_not_the_readers(world):
    world.publish("sales", 1)
    world.save(world.edit("sales", "A1", "n1", 11), world.edit("sales", "A1", "s1", 21))
    north = Scope(orgs=frozenset({"N"}))
    family = Scope(products=frozenset({"A1", "FB"}), orgs=frozenset({"N", "s1"}))
    assert _values(world, "sales", [(None, None), ("A1", "s1")], scope=north) == [10 + 10, 0]
    assert _values(world, "sales", [(None, None)], scope=family) == [9 + 10 + 20]
    assert _values(world, "sales", [(None, None)], scope=Scope(orgs=frozenset({"gone"}))) == [0]


def test_a_product_younger_than_the_axis(world):
    world.publish("sales", 1)
    parent = Product.objects.get(code="FA")
    new = Product.objects.create(code="A4", name="A4", level="sku", parent=parent)
    world.p["A4"] = new.pk
    world.save(world.edit("sales", "A4", "n1", 9))
    assert world.read("sales", "A4", "n1") == 9
    assert _values(world, "sales", [("FA", None), (None, "n1"), ("A4", None)]) == [21, 14, 9]


def test_unknown_nodes_are_named(world):
    with pytest.raises(Missing) as caught:
        load_nodes(version_id=world.version.pk, measures=["sales"], nodes=[("ZZ", None)])
    assert caught.value.code == "unknown_product"


def test_a_cube_over_nodes(world):
    world.publish("sales", 1)
    cube = load_rollup(
        version_id=world.version.pk,
        measure="sales",
        products=["FA", "FB"],
        orgs=["N", "S", None],
        months=range(world.cycle.month, world.cycle.month + 2),
    )
    assert cube.tolist() == [[[6, 6], [6, 6], [12, 12]], [[4, 4], [4, 4], [8, 8]]]


class TestHierarchy:
    def test_is_kept_until_a_row_changes(self, world, django_assert_num_queries):
        first = load_hierarchy()
        with django_assert_num_queries(1):
            assert load_hierarchy() is first
        change(Product, "A1", parent=Product.objects.get(code="FB"))
        moved = load_hierarchy()
        assert moved.sha != first.sha
        assert len(moved.products.leaves_under("FB")) == 3

    def test_a_circle_is_named(self, world):
        change(Product, "FA", parent=Product.objects.get(code="A1"))
        with pytest.raises(InvalidInput) as caught:
            _ = load_hierarchy().products.paths
        assert caught.value.code == "hierarchy_cycle"

    def test_leaves_levels_children(self, world):
        tree = load_hierarchy().products
        assert [tree.code_of(n) for n in tree.leaves_under("FA")] == ["A1", "A2", "A3"]
        assert [tree.code_of(n) for n in tree.at_level("family")] == ["FA", "FB"]
        assert [tree.code_of(n) for n in tree.children_of(None)] == ["FA", "FB"]
        assert tree.leaves_under(["A1", "FB"]).tolist() == [world.p[c] for c in ("A1", "B1", "B2")]

    def test_scope_of_nodes(self, world):
        hierarchy = load_hierarchy()
        scope = Scope(products=frozenset({"FA"}), orgs=frozenset({"n1"}))
        assert hierarchy.is_in_scope(scope, "A1", "n1")
        assert not hierarchy.is_in_scope(scope, "A1", "N")
        assert not hierarchy.is_in_scope(scope, None, "n1")
        assert not hierarchy.is_in_scope(scope, "B1", "n1")
        products, orgs = hierarchy.scope_leaves(scope)
        assert (len(products), orgs.tolist()) == (3, [world.o["n1"]])

    def test_ragged_trees(self, world):
        Org.objects.create(code="x", name="direct customer", level="direct")  # a leaf at the top
        world.o["x"] = Org.objects.get(code="x").pk
        world.save(world.edit("sales", "A1", "x", 3), world.edit("sales", "A1", "n1", 4))
        assert _values(world, "sales", [(None, None), (None, "x"), (None, "N"), ("FA", "x")]) == [7, 3, 4, 3]


@st.composite
def _trees(draw, kind, low, high):
    count = draw(st.integers(low, high))
    parents = [draw(st.integers(0, node)) for node in range(count)]  # 0 or an earlier node: no circle
    return Tree(kind, np.arange(1, count + 1), np.array(parents, np.int64))


@settings(max_examples=60)
@given(_trees("product_tree", 1, 9), _trees("org_tree", 1, 6), st.data())
def test_every_node_of_any_trees_equals_the_sum_of_its_cells(products, orgs, data):
    hierarchy = Hierarchy(products, orgs)
    keys = [(p, o) for p in products.ids.tolist() for o in orgs.ids.tolist() if data.draw(st.booleans())]
    axis = Axis.of("product_org", keys)
    numbers = np.array([[data.draw(st.integers(-50, 50)) for _ in range(2)] for _ in keys], np.int64).reshape(-1, 2)
    cells = np.array([(p, o, m) for p in products.ids for o in orgs.ids for m in (10, 11, 12)], np.int64)
    cells = cells[np.array([data.draw(st.booleans()) for _ in cells], bool)]
    after = np.array([data.draw(st.integers(-50, 50)) for _ in cells], np.int64)
    tail = Tail.of(cells, after, np.ones(len(cells), bool))
    block = Cube(axis, 10, numbers, "quantity", 0)
    state = State(block, tail, block_sha(block))
    nodes = [(p, o) for p in [None, *products.ids.tolist()] for o in [None, *orgs.ids.tolist()]]
    totals = sum_nodes(state, nodes, hierarchy=hierarchy, months=range(9, 13)).values
    whole = state.cube(months=range(9, 13))
    for row, (p, o) in enumerate(nodes):
        under = [
            index
            for index, (a, b) in enumerate(whole.axis.keys.tolist())
            if _is_under(products, a, p) and _is_under(orgs, b, o)
        ]
        assert totals[row].tolist() == whole.values[under].sum(axis=0).tolist()


def _is_under(tree, node, ancestor):
    parent = dict(zip(tree.ids.tolist(), tree.parents.tolist(), strict=True))
    while node:
        if ancestor is None or node == ancestor:
            return True
        node = parent[node]
    return False
