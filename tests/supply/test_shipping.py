"""The shipping plan: lanes and loads, space, and which order is served by what, on a company solved by hand."""

import csv
import datetime as dt
import io

import numpy as np
import pytest

from accounts.selectors import get_scope
from core.months import first_day
from demand.models import Order
from masterdata.models import InventoryLot, Lane, Site
from plans.selectors import load_measure
from supply import measures as m
from supply.boards.shipping import load_figures, load_shipping_board
from supply.selectors.order_shipments import match_orders
from supply.selectors.shipping import load_shipping
from supply.services.balance import run_balance
from tests.factories import make_user
from tests.supply.world import NOV, build_network

pytestmark = pytest.mark.django_db
MONTHS = 18
DEC_10 = dt.date(2026, 12, 10)


@pytest.fixture
def network(company, cycle, users):
    return build_network(company, cycle, users["supply_lead"])


def _order(company, name, product, org, quantity, due, **more):
    return Order.objects.create(
        order=name, product=company.products[product], org=company.orgs[org], quantity=quantity, due_date=due, **more
    )


def _match(version, user):
    scope = get_scope(user)
    return match_orders(load_shipping(version, scope), scope)


def test_lanes_by_month_with_transit_and_loads(company, network, users):
    Lane.objects.filter(org=company.orgs["NORTH"]).update(transport_mode="rail", units_per_load=120)
    plan = load_shipping(network, get_scope(users["sales"]))
    north, south, moved = plan.lanes
    assert (north.site, north.target, north.terms.transit_days, north.terms.mode) == ("PLANT", "NORTH-1", 3, "rail")
    assert north.left == north.arrived == (400,) * MONTHS
    assert north.loads == (4,) * MONTHS  # 400 on loads of 120
    assert (south.site, south.target, south.left[0], south.loads) == ("STORE", "SOUTH-1", 50, None)
    assert (moved.site, moved.target, moved.is_transfer, moved.left[0]) == ("PLANT", "STORE", True, 50)


def test_what_comes_in_and_goes_out_makes_what_is_kept(company, network, users):
    InventoryLot.objects.create(product=company.products["A1"], site=company.site, quantity=70, counted_on="2026-10-31")
    company.site.storage_units = 100
    company.site.save()
    run_balance(version_id=network.pk, actor=users["supply_lead"])
    plan = load_shipping(network, get_scope(users["supply_lead"]))
    for place in plan.space:
        opening = place.opening
        for inbound, outbound, used, kept in zip(place.inbound, place.outbound, place.used, place.kept, strict=True):
            assert opening + inbound - outbound - used == kept
            opening = kept
    plant = next(place for place in plan.space if place.code == "PLANT")
    assert (plant.opening, plant.room, sum(plant.used)) == (70, 100, 0)
    assert plant.shares[-1] == plant.kept[-1]  # of a hundred
    stock = load_measure(version_id=network.pk, measure=m.STOCK_END, months=range(NOV, NOV + MONTHS))
    assert np.sum([place.kept for place in plan.space], axis=0).tolist() == stock.values.sum(axis=0).tolist()


def test_an_order_is_served_from_stock_first_then_from_production(company, network, users):
    """40 of A1 lie at the plant: they leave in November for the first order; December's order is made in December."""
    InventoryLot.objects.create(product=company.products["A1"], site=company.site, quantity=40, counted_on="2026-10-31")
    run_balance(version_id=network.pk, actor=users["supply_lead"])
    _order(company, "SO-1", "A1", "NORTH-1", 60, dt.date(2026, 11, 20), customer="Taxi")
    _order(company, "SO-2", "A1", "NORTH-1", 100, DEC_10)
    _order(company, "SO-3", "A1", "SOUTH-1", 20, DEC_10)
    match = _match(network, users["supply_lead"])
    first, second, third = match.orders
    assert [(part.units, part.source, part.leaves - NOV) for part in first.deliveries] == [
        (40, "stock", 0),
        (20, "made", 0),
    ]
    assert [(part.units, part.source, part.came - NOV) for part in second.deliveries] == [(100, "made", 1)]
    assert [(part.units, part.source, part.site) for part in third.deliveries] == [
        (20, "received", Site.objects.get(code="STORE").pk)
    ]
    assert (match.ordered, match.on_time, match.covered) == (180, 180, 180)
    assert match.beyond == 450 * MONTHS - 180
    assert match.differences == ()


def test_more_ordered_than_shipped_is_late_then_open_and_listed(company, network, users):
    """100 a month arrive in the north: of 150 due in November 50 come in December."""
    last = first_day(NOV + MONTHS - 1)
    _order(company, "SO-1", "A1", "NORTH-1", 150, dt.date(2026, 11, 3))
    _order(company, "SO-2", "A1", "NORTH-1", 130, last)
    _order(company, "SO-3", "A1", "NORTH-1", 5, dt.date(2029, 1, 1))
    match = _match(network, users["supply_lead"])
    late, short = match.orders
    assert [(part.units, part.arrives - NOV) for part in late.deliveries] == [(100, 0), (50, 1)]
    assert (late.on_time, late.late, late.open) == (100, 50, 0)
    assert (short.on_time, short.open) == (100, 30)
    assert [(row.month - NOV, row.ordered, row.on_time, row.missing) for row in match.differences] == [
        (0, 150, 100, 50),
        (MONTHS - 1, 130, 100, 30),
    ]
    assert (match.later, match.unplaced) == (5, 0)


def test_an_order_counts_once_and_urgent_ones_come_first(company, network, users):
    """The dealer's order names the customer's; overdue and urgent lines are served before others of the month."""
    _order(company, "CU-1", "A1", "NORTH-1", 30, DEC_10, priority=1)
    _order(company, "DL-1", "A1", "NORTH-1", 80, DEC_10, kind="channel", for_order="CU-1")
    _order(company, "DL-2", "A1", "NORTH-1", 60, dt.date(2026, 12, 1), kind="channel")
    _order(company, "OLD", "A1", "NORTH-1", 10, dt.date(2026, 9, 1))
    _order(company, "GROUP", "A", "NORTH-1", 7, DEC_10)
    _order(company, "STOCK", "A1", "NORTH-1", 99, DEC_10, kind="stock")
    match = _match(network, users["supply_lead"])
    served = {order.line.order: (order.line.net, order.on_time, order.open) for order in match.orders}
    assert served == {"OLD": (10, 10, 0), "DL-2": (60, 60, 0), "CU-1": (30, 30, 0), "DL-1": (50, 10, 0)}
    assert match.unplaced == 7


def test_weeks_of_the_near_months_add_up_to_the_months(network, users):
    board = load_shipping_board(network.cycle, network, user=users["production"], by_week=True, text="")
    assert board.lanes[0].lane.target == "NORTH-1"
    assert sum(units for units, _loads in board.lanes[0].cells) == 3 * 400
    assert sum(board.total) == 3 * 450
    assert [head.label for head in board.heads[:3]] == ["W44", "W45", "W46"]  # 1 November is a Sunday
    assert sum(head.is_first for head in board.heads) == 2


def test_a_region_sees_its_lanes_and_orders_and_the_whole_store(company, network, users):
    _order(company, "SO-1", "A1", "NORTH-1", 10, DEC_10)
    _order(company, "SO-2", "A1", "SOUTH-1", 10, DEC_10)
    person = make_user("sales", username="north", orgs=("NORTH",))
    found = load_figures(network, person)
    assert [lane.target for lane in found.plan.lanes] == ["NORTH-1", "STORE"]
    assert [order.line.order for order in found.match.orders] == ["SO-1"]
    assert sum(sum(place.used) for place in found.plan.space) == 0
    own, every = (
        {
            line.lane.target: line.cells
            for line in load_shipping_board(network.cycle, network, user=user, by_week=True, text="").lanes
        }
        for user in (person, users["sales"])
    )
    assert own == {target: every[target] for target in own}  # the same weeks for everybody


def test_the_page_and_its_file(client, company, network, users):
    _order(company, "SO-1", "A1", "NORTH-1", 150, dt.date(2026, 11, 3), customer="Taxi cooperative")
    client.force_login(users["sales"])
    page = client.get("/supply/shipping/?q=taxi&by=week").content.decode()
    assert "450 units leave in Nov 2026; orders for 50 units do not arrive in their month" in page
    assert "Taxi cooperative" in page
    assert "50 late" in page
    assert "No open order holds these words." in client.get("/supply/shipping/?q=nobody").content.decode()
    rows = list(csv.DictReader(io.StringIO(client.get("/supply/shipping/file/?format=csv").content.decode())))
    sums = {
        kind: sum(int(row["value"]) for row in rows if row["measure"] == kind) for kind in ("shipped", "transferred")
    }
    assert sums == {"shipped": 450 * MONTHS, "transferred": 50 * MONTHS}
    body = client.get("/api/v1/supply/shipping/").json()
    assert body["lanes"][0]["leaves"][0] == 400
    assert body["orders"][0]["deliveries"][1] == {
        "site": "PLANT",
        "units": 50,
        "leaves": "2026-12",
        "arrives": "2026-12",
        "origin": "made",
        "came": "2026-12",
    }
