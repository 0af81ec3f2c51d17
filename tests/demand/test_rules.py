"""The consensus rules on cells worked by hand."""

import numpy as np
import pytest

from demand.choices import RuleKind
from demand.rules import (
    Rule,
    Voices,
    is_outside_band,
    is_too_small_to_matter,
    propose,
    weight_by_accuracy,
)


def voices(**given) -> Voices:
    """One leaf, one month; what is not given says nothing."""

    def cell(name: str) -> np.ndarray:
        return np.array([[given.get(name) or 0]], dtype=np.int64)

    return Voices(
        baseline=cell("baseline"),
        activities=cell("activities"),
        sales=cell("sales"),
        sales_given=np.array([["sales" in given]]),
        product=cell("product"),
        product_given=np.array([["product" in given]]),
        orders=cell("orders"),
        channel=cell("channel"),
        carried=cell("carried"),
    )


@pytest.mark.parametrize(
    ("rule", "given", "expected"),
    [
        (Rule(), {"baseline": 100}, 100),
        (Rule(), {"baseline": 100, "activities": 20}, 120),
        (Rule(add_activities=False), {"baseline": 100, "activities": 20}, 100),
        (Rule(), {"baseline": 100, "activities": -130}, 0),
        (Rule(), {"baseline": 100, "orders": 140, "channel": 120}, 140),
        (Rule(), {"baseline": 100, "orders": 60, "channel": 120}, 120),
        (Rule(at_least_orders=False), {"baseline": 100, "orders": 140}, 100),
        (Rule(), {"baseline": 3, "product": 500}, 500),
        (Rule(), {"baseline": 3, "product": 0}, 0),
        (Rule(RuleKind.SALES), {"baseline": 100, "sales": 130, "activities": 20}, 130),
        (Rule(RuleKind.SALES), {"baseline": 100, "activities": 20}, 120),
        (Rule(RuleKind.SALES), {"baseline": 100, "sales": 0}, 0),
        (Rule(RuleKind.WEIGHTED, sales_weight=0.25), {"baseline": 100, "sales": 140}, 110),
        (Rule(RuleKind.WEIGHTED, sales_weight=0.25), {"baseline": 100}, 100),
    ],
)
def test_rule(rule, given, expected):
    assert propose(rule, voices(**given)).tolist() == [[expected]]


def test_more_accurate_voice_weighs_more():
    assert weight_by_accuracy(sales_error=0.10, baseline_error=0.30) == pytest.approx(0.75)
    assert weight_by_accuracy(sales_error=0.30, baseline_error=0.10) == pytest.approx(0.25)
    assert weight_by_accuracy(None, 0.1) == 0.5
    assert weight_by_accuracy(0.0, 0.0) == 0.5


def test_warnings_at_the_edges():
    assert not is_outside_band(80, 80, 120)
    assert is_outside_band(79, 80, 120)
    assert is_outside_band(121, 80, 120)
    assert is_too_small_to_matter(101, 100, 80, 120)
    assert not is_too_small_to_matter(102, 100, 80, 120)
    assert not is_too_small_to_matter(100, 100, 80, 120)
