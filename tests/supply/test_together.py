"""One product side by side: the same figures for everybody."""

import datetime as dt

import pytest

from accounts.selectors import get_scope
from core.errors import Missing
from demand.models import Order
from supply.selectors.together import load_together
from tests.factories import make_user
from tests.supply.world import build_network

pytestmark = pytest.mark.django_db
MONTHS = 18


@pytest.fixture
def network(company, cycle, users):
    for name, org, due in (("OLD", "NORTH-1", dt.date(2026, 9, 1)), ("NEW", "SOUTH-1", dt.date(2026, 12, 10))):
        Order.objects.create(
            order=name, product=company.products["A1"], org=company.orgs[org], quantity=10, due_date=due
        )
    return build_network(company, cycle, users["supply_lead"])


def test_orders_plan_stock_and_arrivals_of_a_product(network, users):
    found = load_together(network, "A1", get_scope(users["sales"]))
    assert found.orders[:3] == (10, 10, 0)  # the overdue one counts at once
    assert (found.asked[0], found.served[0], found.short[0], found.made[0], found.bought_in[0]) == (150, 150, 0, 150, 0)
    [pack] = found.materials
    assert (pack.code, pack.needed[0]) == ("PACK", 150)
    assert pack.arrives[1] == 400  # for the whole company
    family = load_together(network, "B", get_scope(users["sales"]))
    assert (family.made[0], family.bought_in[0]) == (250, 50)
    whole = load_together(network, None, get_scope(users["sales"]))
    assert whole.made == tuple(a + b for a, b in zip(found.made, family.made, strict=True))


def test_a_product_outside_the_scope_is_not_there(network):
    person = make_user("sales", username="of_a", products=("A",), orgs=("NORTH",))
    found = load_together(network, "A1", get_scope(person))
    assert (found.orders[:2], found.asked[0]) == ((10, 0), 100)
    with pytest.raises(Missing):
        load_together(network, "B1", get_scope(person))
    assert load_together(network, None, get_scope(person)).asked == found.asked


@pytest.mark.parametrize("role", ["sales", "production", "purchasing", "supply_lead"])
def test_the_page_shows_every_role_the_same(client, network, users, role):
    client.force_login(users[role])
    page = client.get("/supply/together/?product=A").content.decode()
    assert "Family A: 20 on order, nothing short" in page
    assert 'data-measure="constrained" data-product="A"' in page
    assert client.get("/supply/together/?product=NOBODY").status_code == 404


def test_who_sees_some_regions_is_told_which_rows_are_theirs(client, network):
    client.force_login(make_user("sales", username="of_north", orgs=("NORTH",)))
    page = client.get("/supply/together/?product=A").content.decode()
    assert "of your regions; production, stock and arrivals of the company" in page
    assert "The same figures for sales" not in page
