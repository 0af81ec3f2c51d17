"""The portal, purchasing's page and the REST of suppliers: doors, forms, files, tokens."""

import csv
import datetime as dt
import io
from decimal import Decimal

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.services import create_token
from masterdata.models import Material, MaterialSupply, OpenPurchase
from supply.models import AcceptedAnswer, PurchasePromise, SupplierAnswer
from supply.services.answers import CellWord, answer_cells
from tests.supply.sharing import DEC, JAN, next_plan, share

pytestmark = pytest.mark.django_db
PLAN, ANSWERS = "/api/v1/supply/supplier-plan/", "/api/v1/supply/supplier-answers/"


@pytest.fixture
def shared(company, cycle, users):
    return share(company, cycle, users)


@pytest.fixture
def portal(client, shared):
    client.force_login(shared.packs)
    return client


def _bearer(user):
    _token, plain = create_token(user=user, name="erp", scopes=["supplier:answer"])
    return {"HTTP_AUTHORIZATION": f"Bearer {plain}"}


def test_a_supplier_lands_in_its_portal_and_sees_nothing_else(portal, shared):
    home = portal.get("/")
    assert (home.status_code, home["Location"]) == (302, "/supply/portal/")
    page = portal.get("/supply/portal/").content.decode()
    assert "Battery pack" in page
    assert "18 of 18 asked months wait for an answer" in page
    for hidden in ("Seat", "SEAT", "Supplier 2", "Model A1", "NORTH", "¥", 'href="/supply/"', 'href="/demand/"'):
        assert hidden not in page
    for path in ("/supply/", "/supply/suppliers/", "/supply/inventory/", "/demand/"):
        assert portal.get(path).status_code == 403
    assert portal.get("/supply/portal/?supplier=S2").status_code == 404
    assert portal.get("/supply/portal/file/?supplier=S2").status_code == 404


def test_the_forms_of_the_portal_answer_confirm_and_promise(portal, shared):
    purchase = OpenPurchase.objects.create(
        order="PO-7", material=Material.objects.get(code="PACK"), arrival_month=DEC, quantity=5
    )
    form = {
        "release": "1",
        "material": "PACK",
        "month": ["2026-12", "2027-01", "2027-02"],
        "kind": ["less", "", "later"],
        "quantity": ["60", "", "30"],
        "date": ["", "", "2027-03-09"],
        "note": ["mould change", "", ""],
    }
    assert portal.post("/supply/portal/", form).status_code == 302
    late, less = SupplierAnswer.objects.all()
    assert (less.month, less.quantity, less.note, less.author) == (DEC, 60, "mould change", shared.packs)
    assert (late.month, late.quantity, late.date) == (JAN + 1, 30, dt.date(2027, 3, 9))
    portal.post("/supply/portal/", {"do": "confirm", "release": "1", "material": ["PACK"]})
    assert SupplierAnswer.objects.filter(kind="confirmed").count() == 16
    portal.post("/supply/portal/", {"do": "promise", "purchase": purchase.pk, "date": "2027-01-12", "note": "ship"})
    assert PurchasePromise.objects.get().date == dt.date(2027, 1, 12)
    page = portal.get("/supply/portal/").content.decode()
    assert "Every month is answered; 70 of the asked do not come in time" in page
    assert "ship" in page


def test_a_wrong_form_says_what_is_wrong_and_keeps_nothing(portal):
    form = {"release": "1", "material": "PACK", "month": ["2026-12"], "kind": ["less"], "quantity": ["100"]}
    form |= {"date": [""], "note": [""]}
    page = portal.post("/supply/portal/", form, follow=True).content.decode()
    assert "PACK in Dec 2026: Say how many come: from 0 to below the 100 asked." in page
    assert portal.post("/supply/portal/", form | {"material": "SEAT"}).status_code == 404
    assert not SupplierAnswer.objects.exists()


def test_purchasing_sees_all_suppliers_and_accepts(client, shared):
    [answer] = answer_cells(release=1, words=[CellWord("PACK", DEC, "less", Decimal(60))], actor=shared.packs)
    client.force_login(shared.users["purchasing"])
    page = client.get("/supply/suppliers/").content.decode()
    assert "1 of 36 asked months are answered; Supplier 1 is 40 short" in page
    assert client.get("/supply/portal/?supplier=S2").status_code == 200
    client.post("/supply/suppliers/", {"answer": answer.pk, "scenario": ""})
    assert (AcceptedAnswer.objects.get().limit, MaterialSupply.objects.get().max_quantity) == (60, 60)
    assert "accepted" in client.get("/supply/suppliers/?supplier=S1").content.decode()
    client.force_login(shared.users["sales"])
    assert "Purchasing accepts answers." not in client.get("/supply/suppliers/").content.decode()
    assert client.post("/supply/suppliers/", {"answer": answer.pk}).status_code == 403


def test_before_a_release_the_pages_say_so(client, users):
    client.force_login(users["purchasing"])
    assert "No plan has been released yet" in client.get("/supply/suppliers/").content.decode()
    client.force_login(users["supplier"])
    assert "No supplier is assigned to this account" in client.get("/supply/portal/").content.decode()
    assert client.get(PLAN).json()["code"] == "nothing_shared"


def test_a_token_client_reads_its_plan_and_answers_once(client, shared):
    bearer = _bearer(shared.packs)
    plan = client.get(PLAN, **bearer).json()
    assert (plan["release"], plan["since"], plan["is_open"], plan["unanswered"]) == (1, None, True, 18)
    [material] = plan["materials"]
    assert (material["material"], material["supplier"], len(material["months"])) == ("PACK", "S1", 18)
    assert material["months"][1] == {
        "month": "2026-12", "zone": "call-off", "asked": 100.0, "change": None, "up_to": None,
        "sites": [{"site": "PLANT", "quantity": 100.0}], "answer": None,
    }  # fmt: skip
    body = {"release": 1, "answers": [{"material": "PACK", "month": "2026-12", "kind": "less", "quantity": 60}]}
    words = {"content_type": "application/json", "HTTP_IDEMPOTENCY_KEY": "k1", **bearer}
    first, again = client.post(ANSWERS, body, **words), client.post(ANSWERS, body, **words)
    assert (first.status_code, again.json()) == (201, first.json())
    [given] = first.json()["answers"]
    assert (given["in_time"], given["short"], given["limit"], given["by"]) == (60.0, 40.0, None, "packs")
    assert SupplierAnswer.objects.count() == 1
    assert [row["id"] for row in client.get(ANSWERS, **bearer).json()["results"]] == [given["id"]]
    assert client.get(ANSWERS, **_bearer(shared.seats)).json()["results"] == []
    assert client.get("/api/v1/plan/consensus/", **bearer).status_code == 403


def _cell(material="PACK", month="2026-12", kind="confirmed"):
    return [{"material": material, "month": month, "kind": kind}]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"release": 1, "answers": _cell(material="SEAT")}, 404, "unknown_material"),
        ({"release": 2, "answers": _cell()}, 404, "no_release"),
        ({"release": 1, "answers": _cell(kind="less")}, 422, "invalid_answer"),
        ({"release": 1, "answers": _cell(month="soon")}, 422, "invalid_input"),
        ({"answers": _cell()}, 422, "invalid_input"),
        ({"promises": [{"purchase": 1, "date": "2027-01-01"}]}, 404, "unknown_purchase"),
        ({}, 422, "no_answers"),
    ],
)
def test_refusals_are_problems_and_change_nothing(client, shared, body, status, code):
    answer = client.post(ANSWERS, body, content_type="application/json", **_bearer(shared.packs))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    assert not SupplierAnswer.objects.exists()


def test_answers_and_dates_are_kept_together_or_not_at_all(client, shared):
    body = {
        "release": 1,
        "answers": [{"material": "PACK", "month": "2026-12", "kind": "confirmed"}],
        "promises": [{"purchase": 10**6, "date": "2027-01-01"}],
    }
    assert client.post(ANSWERS, body, content_type="application/json", **_bearer(shared.packs)).status_code == 404
    assert not SupplierAnswer.objects.exists()


def test_an_answer_is_accepted_over_rest_into_the_plan_or_a_scenario(client, shared):
    [one] = answer_cells(release=1, words=[CellWord("PACK", DEC, "less", Decimal(60))], actor=shared.packs)
    [two] = answer_cells(release=1, words=[CellWord("PACK", JAN, "less", Decimal(90))], actor=shared.packs)
    plan = next_plan(shared)
    client.force_login(shared.users["supply_lead"])
    taken = client.post(f"{ANSWERS}{one.pk}/accept/", {}, content_type="application/json").json()
    assert taken == {"limit": 60.0, "before": None, "scenario": None, "job": None}
    tried = client.post(f"{ANSWERS}{two.pk}/accept/", {"scenario": "new"}, content_type="application/json").json()
    assert (tried["limit"], tried["scenario"] > plan.pk, tried["job"] is not None) == (90.0, True, True)
    wrong = client.post(f"{ANSWERS}{two.pk}/accept/", {"scenario": "x"}, content_type="application/json")
    assert wrong.status_code == 422
    client.force_login(shared.packs)
    assert client.post(f"{ANSWERS}{two.pk}/accept/", {}, content_type="application/json").status_code == 403


def _upload(client, rows, name="answers.csv"):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    file = SimpleUploadedFile(name, text.getvalue().encode("utf-8-sig"))
    return client.post("/supply/portal/", {"do": "upload", "file": file}, follow=True).content.decode()


def test_the_sheet_goes_out_and_comes_back(portal):
    book = openpyxl.load_workbook(io.BytesIO(portal.get("/supply/portal/file/?format=xlsx").content))
    december = [cell.value for cell in book["answers"][3]]
    assert december[:6] == ["1", "PACK", "Battery pack", "2026-12", "call-off", "100"]
    rows = list(csv.reader(io.StringIO(portal.get("/supply/portal/file/?format=csv").content.decode("utf-8-sig"))))
    assert len(rows) == 1 + 18
    rows[2][8:] = ["less", "60", "", "mould change"]
    rows[3][8:] = ["comes later", "30", "2027-03-09", ""]
    assert "2 answers are kept." in _upload(portal, rows)
    assert [(a.month, a.kind, a.quantity) for a in SupplierAnswer.objects.all()] == [
        (JAN, "later", 30),
        (DEC, "less", 60),
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"answer": "perhaps"}, "Row 3, column answer"),
        ({"answer": "less", "quantity": "many"}, "Row 3, column quantity"),
        ({"answer": "later", "date": "soon"}, "Row 3, column date"),
        ({"answer": "less", "month": "12/26"}, "Row 3, column month"),
        ({"answer": "confirmed", "release": "x"}, "The sheet mixes releases"),
        ({}, "No row of the sheet has an answer."),
    ],
)
def test_a_sheet_that_cannot_be_read_names_its_row(portal, change, said):
    rows = list(csv.reader(io.StringIO(portal.get("/supply/portal/file/?format=csv").content.decode("utf-8-sig"))))
    for column, text in change.items():
        rows[2][rows[0].index(column)] = text
    assert said in _upload(portal, rows)
    assert "This is not the sheet of answers." in _upload(portal, [["a", "b"], ["1", "2"]])
    assert not SupplierAnswer.objects.exists()


def test_months_that_follow_one_another_are_told_as_one(client, shared):
    answer_cells(release=1, words=[CellWord("PACK", JAN, "confirmed")], actor=shared.packs)
    client.force_login(shared.users["purchasing"])
    page = client.get("/supply/suppliers/?supplier=S1").content.decode()
    assert "Nov 26 – Dec 26, Feb 27 – Apr 28" in page
