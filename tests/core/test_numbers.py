"""The one number parser: what it reads, what it refuses."""

from decimal import Decimal

import pytest

from core.errors import InvalidInput
from core.numbers import parse_quantity


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        ("0", 0, 0),
        ("1234", 0, 1234),
        ("1,234.5", 1, 12345),
        ("1,234,567", 0, 1234567),
        ("１，２３４．５", 1, 12345),
        (" 12 ", 0, 12),
        ("12.0", 0, 12),
        (".5", 2, 50),
        (7, 2, 700),
        (0.1 + 0.2, 1, 3),
        (1000.0, 0, 1000),
        (Decimal("1.25"), 2, 125),
        (10**12, 0, 10**12),
    ],
)
def test_reads(value, decimals, expected):
    assert parse_quantity(value, decimals=decimals) == expected


@pytest.mark.parametrize(
    "value",
    ["", "NaN", "inf", "1e309", "1e3", "abc", "1,23", "1,2345", "1 2", "--1", "٣", True, False, None, [], float("nan"),
     float("inf"), 1e309, Decimal("NaN"), "9" * 41],
)  # fmt: skip
def test_refuses_what_is_no_number(value):
    with pytest.raises(InvalidInput) as refusal:
        parse_quantity(value, decimals=2)
    assert refusal.value.code == "not_a_number"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("-1", "below_minimum"),
        ("−1", "below_minimum"),
        (10**12 + 1, "above_maximum"),
        (1e308, "above_maximum"),
        (Decimal("1e999"), "above_maximum"),
        ("1.5", "too_many_decimals"),
        ("1.00000000000000000000000000000000001", "too_many_decimals"),
    ],
)
def test_refuses_what_is_out_of_bounds(value, code):
    with pytest.raises(InvalidInput) as refusal:
        parse_quantity(value, decimals=0)
    assert refusal.value.code == code


def test_negative_where_it_makes_sense():
    assert parse_quantity("−1,000", decimals=0, minimum=-(10**12)) == -1000
