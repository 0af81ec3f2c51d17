"""A scope covers what lies under its nodes."""

import pytest

from accounts.policies import can
from tests.factories import make_company, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("product", "org", "allowed"),
    [
        ("A1", "NORTH-1", True),
        ("A", "NORTH", True),
        ("A1", "SOUTH-1", False),
        ("B1", "NORTH-1", False),
        ("unknown", "NORTH", False),
        (None, "SOUTH", False),
        ("A2", None, True),
    ],
)
def test_a_scoped_seller_edits_inside_the_scope_only(product, org, allowed):
    make_company()
    seller = make_user("sales", products=("A",), orgs=("NORTH",))
    assert can(seller, "stream.edit.sales", product=product, org=org) is allowed
