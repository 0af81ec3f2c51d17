"""First come, first served: against a loop over single units."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.allotting import match_lots, take_due

UNITS = st.lists(st.integers(0, 6), max_size=6)


def test_what_waits_is_served_by_the_next_arrival():
    due, arrived = np.array([[5, 5, 0, 3]]), np.array([[8, 1, 9, 0]])
    assert take_due(due, arrived).tolist() == [[5, 1, 4, 0]]


def test_nothing_matches_nothing():
    empty = np.zeros(0, np.int64)
    assert [part.tolist() for part in match_lots(empty, empty, empty, empty)] == [[], [], []]
    three = np.array([3])
    assert match_lots(three, np.array([0]), three, np.array([1]))[2].tolist() == []


@given(st.lists(st.tuples(UNITS, UNITS), max_size=4))
def test_every_unit_finds_the_claim_at_its_own_place(groups):
    sides = [[(units, number) for number, pair in enumerate(groups) for units in pair[side]] for side in (0, 1)]
    arrays = [np.array([[*row] for row in side], dtype=np.int64).reshape(-1, 2) for side in sides]
    lot, claim, units = match_lots(arrays[0][:, 0], arrays[0][:, 1], arrays[1][:, 0], arrays[1][:, 1])
    found = [(a, b) for a, b, n in zip(lot.tolist(), claim.tolist(), units.tolist(), strict=True) for _ in range(n)]
    wanted = []
    for number in range(len(groups)):
        lines = [
            [place for place, (size, group) in enumerate(side) if group == number for _ in range(size)]
            for side in sides
        ]
        wanted += zip(*lines, strict=False)
    assert found == wanted
