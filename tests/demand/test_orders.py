"""The order book by hand: rights, reasons, audit, what the plan's streams make of it."""

import json
from decimal import Decimal

import pytest

from core.models import AuditEntry
from demand.models import Order
from demand.services import build_proposal
from tests.demand.world import MONTHLY, import_sheets
from tests.factories import make_user

API = "/api/v1/demand/"
ORDER = {"product": "E7", "org": "GZ", "quantity": 40, "due_date": "2026-07-10", "kind": "customer"}


@pytest.fixture
def send(client, django_capture_on_commit_callbacks):
    """POST or PATCH as somebody; what follows a commit runs."""

    def call(user, path, body, *, method="post", **headers):
        client.force_login(user)
        with django_capture_on_commit_callbacks(execute=True):
            return getattr(client, method)(
                f"{API}{path}", json.dumps(body), content_type="application/json", headers=headers
            )

    return call


def test_a_rush_order_joins_the_book_the_audit_and_the_stream(world, send):
    north = make_user("sales", orgs=("SOUTH",))
    answer = send(north, "orders/", {**ORDER, "priority": 1, "customer": "Fleet 7"})
    assert answer.status_code == 201
    assert answer.json()["order"] == "M-2026-07-0001"
    order = Order.objects.get()
    assert (order.quantity, order.priority, order.customer) == (Decimal(40), 1, "Fleet 7")
    assert order.revision > 0
    entry = AuditEntry.objects.get(verb="demand.order.added")
    assert json.loads(entry.detail)["quantity"] == "40"
    assert world.cell("orders", "E7", "GZ", 1) == 40
    assert send(north, "orders/", ORDER).json()["order"] == "M-2026-07-0002"


def test_stock_building_keeps_who_asked_and_why(world, send):
    """R-133."""
    sales = make_user("sales", display_name="Chen Hao")
    stock = {**ORDER, "kind": "stock"}
    refused = send(sales, "orders/", stock)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_input")
    assert not Order.objects.exists()
    assert send(sales, "orders/", {**stock, "reason": "spring campaign"}).status_code == 201
    order = Order.objects.get()
    assert (order.requested_by, order.reason) == (str(sales), "spring campaign")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"quantity": 0}, 422),
        ({"quantity": "1.5"}, 422),
        ({"priority": 0}, 422),
        ({"for_order": "SO1"}, 422),
        ({"product": "NOPE"}, 404),
        ({"org": "BJ"}, 404),
        ({"kind": "gift"}, 422),
    ],
)
def test_what_cannot_be_an_order_changes_nothing(world, send, change, status):
    assert send(make_user("sales", orgs=("SOUTH",)), "orders/", {**ORDER, **change}).status_code == status
    assert not Order.objects.exists()
    assert not AuditEntry.objects.filter(verb__startswith="demand.order").exists()


def test_a_number_is_used_once(world, send):
    sales = make_user("sales")
    assert send(sales, "orders/", {**ORDER, "order": "SO9"}).status_code == 201
    assert send(sales, "orders/", {**ORDER, "order": "SO9"}).status_code == 409
    assert Order.objects.count() == 1


def test_a_change_needs_the_state_it_was_made_on(world, send, client):
    sales = make_user("sales")
    made = send(sales, "orders/", ORDER)
    path = f"orders/{made.json()['id']}/"
    assert send(sales, path, {"quantity": 55}, method="patch").status_code == 428
    changed = send(sales, path, {"quantity": 55}, method="patch", **{"If-Match": made["ETag"]})
    assert (changed.status_code, changed.json()["quantity"]) == (200, 55)
    assert send(sales, path, {"quantity": 70}, method="patch", **{"If-Match": made["ETag"]}).status_code == 412
    detail = json.loads(AuditEntry.objects.get(verb="demand.order.changed").detail)
    assert detail == {"changed": {"quantity": ["40", "55"]}}
    assert world.cell("orders", "E7", "GZ", 1) == 55
    gone = send(sales, path, {"status": "cancelled"}, method="patch", **{"If-Match": changed["ETag"]})
    assert gone.json()["status"] == "cancelled"
    assert world.cell("orders", "E7", "GZ", 1) == 0


def test_others_read_but_do_not_write_and_foreign_orders_do_not_exist(world, send, client):
    made = send(make_user("demand_lead"), "orders/", ORDER).json()
    production = make_user("production")
    assert send(production, "orders/", ORDER).status_code == 403
    assert Order.objects.count() == 1
    north = make_user("sales", orgs=("NORTH",), username="north")
    client.force_login(north)
    assert client.get(f"{API}orders/{made['id']}/").status_code == 404
    assert client.get(f"{API}orders/").json()["results"] == []
    client.force_login(production)
    assert [row["id"] for row in client.get(f"{API}orders/?q=e7&kind=customer").json()["results"]] == [made["id"]]
    assert client.get(f"{API}orders/?flag=overdue").json()["results"] == []


@pytest.fixture
def book(world):
    """Baseline = history; customer and dealer orders, one overdue, one for stock."""
    world.publish("baseline", MONTHLY)
    import_sheets(
        world.folder / "book",
        orders="order,product,org,quantity,due_date,kind,for_order,requested_by,reason\n"
        "SO1,E7,GZ,120,2026-07-20,customer,,,\n"
        "DO1,E7,GZ,200,2026-07-05,channel,SO1,,\n"
        "SO2,E7,BJ,30,2026-05-20,customer,,,\n"
        "SB1,E7,GZ,25,2026-07-01,stock,,Chen Hao,spring campaign\n",
    )
    build_proposal(cycle=world.cycle, actor=None)
    return world


@pytest.mark.parametrize("view", ["lines", "consumption", "weeks", "roll"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_view_of_the_page_opens(book, client, view, language):
    user = make_user("demand_lead", language=language)
    client.force_login(user)
    response = client.get(f"/demand/orders/?view={view}&by=day&product=E7")
    assert response.status_code == 200
    assert b"onclick" not in response.content


def test_the_page_lists_kinds_overdue_and_who_asked(book, client):
    client.force_login(make_user("demand_lead"))
    text = client.get("/demand/orders/").content.decode()
    assert "375 on order, 30 of them overdue" in text
    assert "for customer order SO1" in text
    board = client.get("/demand/orders/?flag=overdue").context["board"]
    assert [line["order"].order for line in board.lines()] == ["SO2"]
    assert client.get("/demand/orders/?org=NOPE").status_code == 404


def test_the_page_of_a_region_hides_the_others(book, client):
    client.force_login(make_user("sales", orgs=("NORTH",)))
    board = client.get("/demand/orders/").context["board"]
    assert [line["order"].order for line in board.lines()] == ["SO2"]
    assert client.get("/demand/orders/?org=SOUTH").status_code == 404
