"""Bytes and hashes of blocks are forever: they stand under snapshot codes."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.errors import InvalidInput
from plans import codec
from plans.cubes import MAX_CELL, Axis, Cube
from plans.models import Block
from plans.selectors import fetch_block
from plans.services import put_block

GOLDEN = json.loads((Path(__file__).parent / "golden_blocks.json").read_text())


def _cube(values, *, first_month=24318, unit="quantity", scale=0, present=None) -> Cube:
    numbers = np.array(values, np.int64)
    keys = [(10 + row, 7) for row in range(len(numbers))]
    mask = None if present is None else np.array(present, bool)
    return Cube(Axis.of("product_org", keys), first_month, numbers.reshape(len(keys), -1), unit, scale, mask)


CASES = {
    "one": _cube([[1]]),
    "empty": Cube.empty(Axis.of("product_org", []), first_month=24318, ncols=18, unit="quantity"),
    "negative": _cube([[-5, 0, 3], [7, -(10**12), 2]], unit="money", scale=2),
    "masked": _cube([[0, 4], [0, 0]], present=[[False, True], [True, False]]),
    "beyond_double": _cube([[2**53 + 1]]),
}


@pytest.mark.parametrize("name", CASES)
def test_golden_hashes(name):
    assert codec.block_sha(CASES[name]) == GOLDEN[name]["sha"]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("how", ["shuffle-zstd", "shuffle-zlib"])
def test_golden_bytes_read_back(name, how):
    cube = CASES[name]
    stored = bytes.fromhex(GOLDEN[name][how])
    values, present = codec.decode(stored, shape=cube.values.shape, nullable=cube.nullable, codec=how)
    assert values.tolist() == cube.values.tolist()
    assert (present is None) == (cube.present is None)
    assert present is None or present.tolist() == cube.present.tolist()


@given(
    hnp.arrays(np.int64, st.tuples(st.integers(0, 7), st.integers(0, 9)), elements=st.integers(-(2**63), 2**63 - 1)),
    st.booleans(),
    st.sampled_from(["shuffle-zstd", "shuffle-zlib"]),
)
def test_any_numbers_survive_any_codec(values, nullable, how):
    axis = Axis.of("product_org", [(row, 1) for row in range(len(values))])
    mask = values % 2 == 0 if nullable else None
    cube = Cube(axis, 24318, values, "quantity", 0, mask)
    back, present = codec.decode(codec.encode(cube, how), shape=values.shape, nullable=nullable, codec=how)
    assert np.array_equal(back, values)
    assert (present is None) if mask is None else np.array_equal(present, mask)


def test_the_hash_names_more_than_the_numbers():
    plain = CASES["one"]
    others = [
        _cube([[1]], first_month=24319),
        _cube([[1]], unit="money"),
        _cube([[1]], scale=1),
        _cube([[1]], present=[[True]]),
        Cube(Axis.of("product_org", [(10, 8)]), 24318, plain.values, "quantity", 0),
        Cube(Axis.of("product_site", [(10, 7)]), 24318, plain.values, "quantity", 0),
    ]
    assert len({codec.block_sha(cube) for cube in [plain, *others]}) == 7


def test_short_bytes_are_refused():
    stored = codec.encode(CASES["negative"])
    with pytest.raises(ValueError, match="cannot have"):
        codec.decode(stored, shape=(2, 4), nullable=False, codec=codec.DEFAULT_CODEC)


@pytest.mark.django_db
def test_a_block_is_stored_once_and_reads_back():
    cube = CASES["masked"]
    sha = put_block(cube=cube)
    assert put_block(cube=cube) == sha
    assert Block.objects.count() == 1
    back = fetch_block(sha)
    assert back.same_numbers(cube)
    assert (back.first_month, back.unit, back.scale, back.axis) == (24318, "quantity", 0, cube.axis)


@pytest.mark.django_db
@pytest.mark.parametrize("value", [MAX_CELL + 1, -MAX_CELL - 1, 2**62])
def test_cells_beyond_the_bound_are_refused(value):
    with pytest.raises(InvalidInput):
        put_block(cube=_cube([[value]]))
    assert not Block.objects.exists()


def test_shared_numbers_cannot_be_written():
    with pytest.raises(ValueError, match="read-only"):
        CASES["one"].values[0, 0] = 9


class TestCube:
    def test_floats_enter_rounded_half_to_even(self):
        axis = Axis.of("product_org", [(1, 1)])
        cube = Cube.from_float(axis, first_month=0, values=[[1.5, 2.5, 2.4999]], unit="quantity")
        assert cube.values.tolist() == [[2, 2, 2]]
        assert Cube.from_float(axis, first_month=0, values=[[1.25]], unit="money", scale=2).values.tolist() == [[125]]

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e13])
    def test_what_is_no_quantity_is_refused(self, value):
        with pytest.raises(ValueError, match=r"NaN|infinite"):
            Cube.from_float(Axis.of("product_org", [(1, 1)]), first_month=0, values=[[value]], unit="quantity")

    def test_nan_is_empty_where_empty_is_allowed(self):
        axis = Axis.of("product_org", [(1, 1)])
        cube = Cube.from_float(axis, first_month=0, values=[[np.nan, 0.0]], unit="quantity", nullable=True)
        assert (cube.cell((1, 1), 0), cube.cell((1, 1), 1)) == (None, 0)

    def test_window_and_align_keep_the_numbers_in_place(self):
        cube = _cube([[1, 2, 3], [4, 5, 6]])
        moved = cube.window(24317, 3)
        assert moved.values.tolist() == [[0, 1, 2], [0, 4, 5]]
        wider = cube.align(cube.axis.union([(9, 9), (11, 7)]))
        assert wider.values.tolist() == [[0, 0, 0], [1, 2, 3], [4, 5, 6]]
        assert wider.same_numbers(cube)

    def test_keys_are_found_by_search(self):
        axis = Axis.of("product_org", [(3, 1), (1, 2), (1, 1), (3, 1)])
        assert axis.keys.tolist() == [[1, 1], [1, 2], [3, 1]]
        assert axis.rows_of([(3, 1), (2, 2), (1, 1)]).tolist() == [2, -1, 0]

    @pytest.mark.parametrize("keys", [[(2, 1), (1, 1)], [(1, 1), (1, 1)], [(-1, 0)], [(2**31, 0)]])
    def test_an_axis_is_sorted_unique_and_bounded(self, keys):
        with pytest.raises(ValueError, match="axis"):
            Axis("product_org", np.array(keys))
