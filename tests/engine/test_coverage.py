"""Days of supply walk forward through the months instead of dividing by one of them."""

import pytest

from engine.coverage import days_of_supply


@pytest.mark.parametrize(
    ("stock", "demand", "days", "expected"),
    [
        (150, [100, 100], [20, 25], 32.5),
        (0, [100], [20], 0),
        (100, [100], [20], 20),
        (50, [0, 100], [20, 20], 30),  # nothing is wanted first
        (300, [100, 50], [20, 20], 40 + 150 * 40 / 150),  # outlasts the window: on at its mean rate
        (10, [0, 0], [20, 20], None),
    ],
)
def test_days_of_supply(stock, demand, days, expected):
    assert days_of_supply(stock, demand, days) == (None if expected is None else pytest.approx(expected))
