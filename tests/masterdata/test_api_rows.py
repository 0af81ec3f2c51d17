"""REST rows of master data: paging and updated_since miss nothing, PUT upserts under If-Match, scopes and masks."""

import pytest
from rest_framework.test import APIClient

from core.models import AuditEntry
from masterdata.models import BomLine, Company, Material, Price, Product
from tests.factories import make_user

ROWS = "/api/v1/masterdata"


@pytest.fixture
def api(users):
    """A client signed in as a role: ``api("coordinator")``."""

    def client(role):
        session = APIClient()
        session.force_login(users[role])
        return session

    return client


def put(client, path, body, **headers):
    return client.put(f"{ROWS}/{path}/", body, format="json", headers=headers)


def test_list_speaks_codes_months_and_exact_decimals(cars, api):
    Price.objects.create(product=Product.objects.get(code="E7"), from_month=2026 * 12, price="100.25")
    body = api("finance").get(f"{ROWS}/prices/").json()
    assert body["results"] == [
        {
            "product": "E7",
            "org": None,
            "from_month": "2026-01",
            "price": "100.25",
            "currency": "",
            "key": "E7~~2026-01",
            "revision": 0,
        }
    ]
    assert body["next"] is None


def test_paging_gives_every_row_once(cars, api):
    Product.objects.bulk_create([Product(code=f"P{n:03}", name="x", revision=n % 3) for n in range(50)])
    client, url, seen = api("coordinator"), f"{ROWS}/products/?limit=7", []
    while url:
        body = client.get(url).json()
        seen += [row["code"] for row in body["results"]]
        url = body["next"]
    assert len(seen) == len(set(seen)) == 53


def test_updated_since_gives_the_rows_after_a_revision(cars, api):
    client = api("coordinator")
    first = client.get(f"{ROWS}/products/").json()["revision"]
    assert put(client, "products/NEW", {"name": "New", "parent": "ALL"}).status_code == 201
    body = client.get(f"{ROWS}/products/", {"updated_since": first}).json()
    assert [row["code"] for row in body["results"]] == ["NEW"]
    assert client.get(f"{ROWS}/products/", {"updated_since": body["revision"]}).json()["results"] == []
    by_time = client.get(f"{ROWS}/products/", {"updated_since": "2020-01-01T00:00:00Z"}).json()
    assert "NEW" in [row["code"] for row in by_time["results"]]


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "x"}, {"cursor": "1"}, {"updated_since": "yesterday"}, {"updated_since": "²"}]
)
def test_odd_queries_are_refused(cars, api, query):
    assert api("coordinator").get(f"{ROWS}/products/", query).status_code == 422


def test_put_makes_changes_and_keeps_other_fields(cars, api):
    client = api("coordinator")
    made = put(client, "prices/E7~NORTH~2026-01", {"price": "120.50", "currency": "CNY"})
    assert made.status_code == 201
    price = Price.objects.get()
    assert (price.org.code, str(price.price), price.revision) == ("NORTH", "120.5000", 1)
    changed = put(client, "prices/E7~NORTH~2026-01", {"price": 130}, **{"If-Match": made["ETag"]})
    assert (changed.status_code, changed.json()["price"], changed.json()["currency"]) == (200, "130", "CNY")
    assert changed["ETag"] != made["ETag"]
    assert list(AuditEntry.objects.values_list("verb", flat=True)) == ["masterdata.row.saved"] * 2
    same = put(client, "prices/E7~NORTH~2026-01", {"price": 130}, **{"If-Match": changed["ETag"]})
    assert same["ETag"] == changed["ETag"]
    assert Company.objects.get().revision == 2


def test_put_without_or_with_an_old_etag_changes_nothing(cars, api):
    client = api("coordinator")
    assert put(client, "products/E7", {"name": "x"}).status_code == 428
    assert put(client, "products/E7", {"name": "x"}, **{"If-Match": '"old"'}).status_code == 412
    assert put(client, "products/NONE", {"name": "x"}, **{"If-Match": '"old"'}).status_code == 404
    assert Product.objects.get(code="E7").name == "Sedan E7"
    assert not AuditEntry.objects.exists()


def test_put_names_every_wrong_field(cars, api):
    body = {"name": "", "parent": "A1L", "decimals": "1.5", "colour": "red", "launch_month": ["2026-01"]}
    answer = put(api("coordinator"), "products/NEW", body)
    assert answer.status_code == 422
    found = {(error["pointer"], error["code"]) for error in answer.json()["errors"]}
    assert found == {
        ("#/colour", "unknown_field"),
        ("#/launch_month", "not_a_value"),
        ("#/name", "required"),
        ("#/decimals", "not_whole"),
    }
    answer = put(api("coordinator"), "products/NEW", {"parent": "A1L"})
    found = {(error["pointer"], error["code"]) for error in answer.json()["errors"]}
    assert found == {("#/name", "required"), ("#/parent", "unknown_code")}
    assert not Product.objects.filter(code="NEW").exists()


def test_put_may_not_close_a_circle(cars, api):
    client = api("coordinator")
    etag = client.get(f"{ROWS}/products/ALL/")["ETag"]
    answer = put(client, "products/ALL", {"parent": "E7"}, **{"If-Match": etag})
    assert [error["code"] for error in answer.json()["errors"]] == ["hierarchy_cycle"]
    assert Product.objects.get(code="ALL").parent is None


def test_put_of_one_bom_line_keeps_the_others(cars, api):
    e7 = Product.objects.get(code="E7")
    for code in ("STEEL", "GLASS"):
        BomLine.objects.create(product=e7, material=Material.objects.create(code=code, name=code), quantity_per=1)
    Material.objects.create(code="TYRE", name="Tyre")
    assert put(api("coordinator"), "bom/E7~TYRE", {"quantity_per": 4}).status_code == 201
    lines = BomLine.objects.order_by("material__code").values_list("material__code", "quantity_per")
    assert list(lines) == [("GLASS", 1), ("STEEL", 1), ("TYRE", 4)]


def test_costs_are_left_out_for_those_who_may_not_see_them(cars, api):
    Material.objects.create(code="STEEL", name="Steel", unit_cost=7)
    assert "unit_cost" not in api("sales").get(f"{ROWS}/materials/STEEL/").json()
    assert api("finance").get(f"{ROWS}/materials/STEEL/").json()["unit_cost"] == "7"


def test_scope_hides_rows_and_foreign_looks_missing(cars):
    Price.objects.create(product=Product.objects.get(code="B75"), from_month=24312, price=1)
    client = APIClient()
    client.force_login(make_user("sales", username="narrow", products=("E7",)))
    codes = [row["code"] for row in client.get(f"{ROWS}/products/").json()["results"]]
    assert codes == ["E7"]
    assert client.get(f"{ROWS}/prices/").json()["results"] == []
    foreign, missing = client.get(f"{ROWS}/products/B75/"), client.get(f"{ROWS}/products/NONE/")
    assert foreign.status_code == missing.status_code == 404
    assert foreign.json()["detail"] == missing.json()["detail"]


def test_who_may_not_write_changes_nothing(cars, api):
    answer = put(api("sales"), "products/NEW", {"name": "New"})
    assert answer.status_code == 403
    assert not Product.objects.filter(code="NEW").exists()


def test_unknown_sheets_are_missing(cars, api):
    assert api("coordinator").get(f"{ROWS}/history/").status_code == 404
    assert api("coordinator").get(f"{ROWS}/users/").status_code == 404


def test_half_characters_are_refused_not_answered_with_an_error(cars, api):
    for body in ('{"na\\ud800me": 1}', '{"name": "\\ud800"}'):
        answer = api("coordinator").put(f"{ROWS}/products/NEW/", body, content_type="application/json")
        assert answer.status_code == 400
    assert not Product.objects.filter(code="NEW").exists()
