"""What an activity is worth: every formula by hand."""

import numpy as np
import pytest

from demand.effects import Planned, said_units, value_effect

# 100 and 300 units at 10 each: 400 units, 4,000 of revenue
PLANNED = Planned(np.array([100.0, 300.0]), np.array([1000.0, 3000.0]))


@pytest.mark.parametrize(
    ("uplift", "units"),
    [
        ({"uplift_pct": 10.0, "uplift_quantity": None}, 40.0),  # 10 % of 400
        ({"uplift_pct": None, "uplift_quantity": 25.0}, 50.0),  # 25 in each of two months
        ({"uplift_pct": -5.0, "uplift_quantity": 10.0}, 0.0),  # −20 + 20
        ({"uplift_pct": None, "uplift_quantity": None}, None),
    ],
)
def test_units_as_the_author_expects_them(uplift, units):
    assert said_units(PLANNED, **uplift) == units


@pytest.mark.parametrize(
    ("units", "price", "has_begun", "money"),
    [
        (40.0, None, False, 400.0),  # 40 × 10
        (None, -5.0, False, -200.0),  # −5 % of 4,000
        (None, -20.0, True, -1000.0),  # 4,000 is 80 % of what the old price would bring: 5,000
        (40.0, -5.0, False, 400.0 - 220.0),  # the lower price holds for the 40 as well
        (None, None, False, None),
    ],
)
def test_money_of_volume_and_price(units, price, has_begun, money):
    effect = value_effect(PLANNED, units=units, price_change_pct=price, has_begun=has_begun)
    assert effect.units == units
    assert effect.money == (None if money is None else pytest.approx(money))


def test_where_nothing_is_planned_the_list_price_values_the_units():
    nothing = Planned(np.zeros(2), np.zeros(2), price=7.0)
    assert value_effect(nothing, units=10.0, price_change_pct=None).money == 70.0
    unpriced = Planned(np.zeros(2), np.zeros(2))
    assert value_effect(unpriced, units=10.0, price_change_pct=None).money is None
