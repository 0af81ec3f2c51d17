"""Sales hands in its demand by product beside orders and key customers' wishes (R-053, R-060)."""

import datetime as dt

import numpy as np
import pytest
from django.http import QueryDict

from core.errors import Conflict, InvalidInput, Missing
from core.months import parse_month
from cycles.models import Submission
from demand.models import Order
from demand.services import submit_streams
from meetings.boards import load_meeting_table
from meetings.commands import Request, run_command
from meetings.demand_form import get_demand_form
from plans.cubes import Axis, Cube
from plans.models import Batch, Edit
from plans.selectors import load_measure
from plans.services import create_working_version, publish_cubes
from tests.factories import make_cycle, make_user

NOV = parse_month("2026-11")
SOLD = {("A1", "NORTH-1"): 60, ("A2", "NORTH-1"): 30, ("B1", "SOUTH-1"): 40}
# order, product, dealer, units, due, customer, kind
ORDERS = (
    ("O-1", "A1", "NORTH-1", 20, dt.date(2026, 11, 18), "Fleet", "customer"),
    ("O-2", "A2", "NORTH-1", 5, dt.date(2026, 12, 2), "Fleet", "customer"),
    ("O-3", "B1", "SOUTH-1", 3, dt.date(2026, 10, 9), "Taxi", "customer"),
    ("O-4", "B1", "SOUTH-1", 9, dt.date(2027, 1, 31), "", "channel"),
    ("O-5", "B1", "SOUTH-1", 70, dt.date(2027, 2, 1), "Later", "customer"),
    ("O-6", "B1", "SOUTH-1", 80, dt.date(2026, 11, 3), "Yard", "stock"),
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def cycle(users, company):
    """90 of family A in the north and 40 of B in the south as sales' forecast, every month; the orders above."""
    cycle = make_cycle("2026-11", state="demand_review")
    version = create_working_version(cycle=cycle, actor=None)
    keys = [(company.products[product].pk, company.orgs[org].pk) for product, org in SOLD]
    axis = Axis.of("product_org", keys)
    values = np.zeros((len(axis), cycle.horizon), np.int64)
    values[axis.rows_of(keys)] = np.array(list(SOLD.values()))[:, None]
    sales = Cube(axis, NOV, values, "quantity", 0, np.ones(values.shape, bool))
    ordered = values.copy()
    ordered[:, 1:] = 0
    orders = Cube(axis, NOV, ordered // 3, "quantity", 0, np.ones(values.shape, bool))
    publish_cubes(version_id=version.pk, cubes={"sales": sales, "orders": orders}, actor=None)
    for order, product, org, units, due, customer, kind in ORDERS:
        place = {"product": company.products[product], "org": company.orgs[org]}
        Order.objects.create(order=order, quantity=units, due_date=due, customer=customer, kind=kind, **place)
    return cycle


def page_fields(cycle, actor, **changed):
    """The fields of the page as a post; ``changed`` are figures by product and month ahead, as ``A0``."""
    form = get_demand_form(actor, cycle)
    fields = QueryDict(mutable=True)
    fields["step"] = "demand_review"
    for line in form.lines:
        for ahead, cell in enumerate(line.months):
            fields.appendlist("demand_product", line.product)
            fields.appendlist("demand_org", line.org)
            fields.appendlist("demand_month", cell.code)
            fields.appendlist("demand_base", cell.base)
            fields.appendlist("demand_units", changed.get(f"{line.product}{ahead}", cell.demand))
    for row, wish in form.customers:
        fields.appendlist("customer", row.customer)
        fields.appendlist("wish", wish)
    return fields


def hand_in(cycle, actor, fields, **more):
    fields.update(more)
    return run_command("submit", Request(cycle, actor, fields, {}))


def sales_of(cycle, company, month=NOV):
    cube = load_measure(version_id=cycle.versions.get().pk, measure="sales")
    return [cube.cell((company.products[a].pk, company.orgs[b].pk), month) for a, b in SOLD]


def said(cycle, users):
    lines = load_meeting_table(cycle, "demand_review", users["production"]).submissions
    return next(line.content for line in lines if line.department == "sales")


def test_sales_finds_its_stream_orders_and_customers(cycle, users):
    form = get_demand_form(users["sales"], cycle)
    assert [(line.product, line.org, [cell.demand for cell in line.months]) for line in form.lines] == [
        ("A", "", ["90", "90", "90"]), ("B", "", ["40", "40", "40"])
    ]  # fmt: skip
    assert [[cell.note for cell in line.months][:2] for line in form.lines] == [
        ["30 on order", "0 on order"], ["13 on order", "0 on order"]
    ]  # fmt: skip
    assert [(row.label, row.quantity, row.late, str(row.due)) for row, _wish in form.customers] == [
        ("Taxi", 3, 3, "2026-10-09"), ("Fleet", 25, 0, "2026-11-18"), ("Dealer SOUTH-1", 9, 0, "2027-01-31")
    ]  # fmt: skip
    assert get_demand_form(users["production"], cycle) is None
    assert get_demand_form(users["demand_lead"], cycle) is None  # edits the stream, but is of another department


def test_each_sees_and_may_change_only_the_own_region(cycle, users, company):
    south = make_user("sales", username="south", products=("B",), orgs=("SOUTH", "SOUTH-1"))
    form = get_demand_form(south, cycle)
    assert [(line.product, line.org, line.months[0].base) for line in form.lines] == [
        ("B1", "SOUTH", "40"), ("B2", "SOUTH", "")
    ]  # fmt: skip
    assert [row.customer for row, _wish in form.customers] == ["Taxi", "SOUTH-1"]
    with pytest.raises(Missing):
        hand_in(cycle, south, page_fields(cycle, users["sales"], A0="95"), demand_reason="customer")
    hand_in(cycle, south, page_fields(cycle, south, B10="44"), demand_reason="customer")
    assert sales_of(cycle, company) == [60, 30, 44]
    assert said(cycle, users)["sales_demand"].startswith("B1 · SOUTH, Nov 2026: 44 · before 40 · Customer information")


def test_confirmed_figures_change_nothing_and_stand_in_the_table(cycle, users):
    fields = page_fields(cycle, users["sales"])
    fields.setlist("wish", ["at once", "", ""])
    hand_in(cycle, users["sales"], fields, market="a rival cut prices")
    assert not Edit.objects.exists()
    content = said(cycle, users)
    assert content["sales_demand"] == (
        "A, Nov 2026: 90 · 30 on order; A, Dec 2026: 90; A, Jan 2027: 90; "
        "B, Nov 2026: 40 · 13 on order; B, Dec 2026: 40; B, Jan 2027: 40"
    )
    assert (
        content["delivery_wishes"] == "Taxi: 3 by 9 Oct · 3 late · at once; Fleet: 25 by 18 Nov; SOUTH-1: 9 by 31 Jan"
    )
    assert content["market"] == "a rival cut prices"


def test_a_changed_figure_is_spread_by_shares_with_its_reason(cycle, users, company):
    """90 = 60 + 30 becomes 100: two thirds and one third of it, in whole units."""
    changed = page_fields(cycle, users["sales"], A0="100")
    for _time in range(2):  # a second click finds it done
        hand_in(cycle, users["sales"], changed.copy(), demand_reason="customer", market="Fleet orders early")
        assert sales_of(cycle, company) == [67, 33, 40]
        assert sales_of(cycle, company, NOV + 1) == [60, 30, 40]
    batch = Batch.objects.get(reason="customer")
    assert (batch.comment, batch.author, batch.edits.count()) == ("Fleet orders early", users["sales"], 2)


def test_without_a_reason_nothing_is_handed_in(cycle, users, company):
    for more in ({}, {"demand_reason": "gut"}):
        with pytest.raises(InvalidInput):
            hand_in(cycle, users["sales"], page_fields(cycle, users["sales"], A0="100"), **more)
    with pytest.raises(InvalidInput):
        hand_in(cycle, users["sales"], page_fields(cycle, users["sales"], A0="many"))
    assert sales_of(cycle, company) == [60, 30, 40]
    assert Submission.objects.get(department="sales").status == "missing"


def test_a_figure_that_moved_meanwhile_is_not_overwritten(cycle, users, company):
    old = page_fields(cycle, users["sales"], A0="95")
    hand_in(cycle, users["sales"], page_fields(cycle, users["sales"], A0="120"), demand_reason="customer")
    with pytest.raises(Conflict):
        hand_in(cycle, users["sales"], old, demand_reason="customer")
    assert sales_of(cycle, company) == [80, 40, 40]


def test_a_draft_changes_nothing_and_comes_back(cycle, users, company, client):
    fields = page_fields(cycle, users["sales"], A0="100")
    fields.setlist("wish", ["at once", "", ""])
    hand_in(cycle, users["sales"], fields, demand_reason="price", draft="1")
    assert sales_of(cycle, company) == [60, 30, 40]
    client.force_login(users["sales"])
    page = client.get("/meeting/demand_review/").content.decode()
    assert (
        '<input type="hidden" name="demand_base" value="90"><input class="form-control num" name="demand_units"' in page
    )
    assert 'name="demand_units" inputmode="decimal" value="100"' in page
    assert 'value="price" selected' in page
    assert 'name="market"' in page
    assert 'name="demand"' not in page  # asked once, as figures
    assert 'name="wish" maxlength="200" value="at once"' in page


def test_streams_handed_in_on_the_demand_page_stand_in_the_table_too(cycle, users):
    submit_streams(cycle=cycle, actor=users["sales"], note="as planned")
    content = said(cycle, users)
    assert content["note"] == "as planned"
    assert content["figures"].startswith("Sales forecast: Nov 2026 130 · Dec 2026 130 · ")
