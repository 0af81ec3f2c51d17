"""The table of figures: what counts as a missed goal."""

import pytest

from bench.__main__ import is_missed
from bench.table import Row


@pytest.mark.parametrize(
    ("value", "goal", "missed"),
    [
        (0.79, "≤ 0.790", False),
        (0.791, "≤ 0.790", True),
        (95.0, "≥ 95", False),
        (94.9, "≥ 95", True),
        (1200.0, "≤ 1,000 ms", True),
        (5.0, "", False),
        (float("nan"), "≤ 1", False),
    ],
)
def test_a_figure_is_held_against_its_goal(value, goal, missed):
    assert is_missed(Row("figure", value, "ms", goal)) is missed
