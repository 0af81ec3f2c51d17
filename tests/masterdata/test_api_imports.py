"""REST imports: upload, findings, fixes, commit; own batches only; once per idempotency key."""

import io

import pytest
from python_calamine import CalamineWorkbook
from rest_framework.test import APIClient

from core.jobs import run_job_now
from core.models import Job
from masterdata.models import ImportBatch, Price
from tests.masterdata.conftest import upload

IMPORTS = "/api/v1/imports/"
PRICES = "product,from_month,price\nE7,2026-01,100\nE7O,2026-02,=1+1\n"


@pytest.fixture
def client(users):
    session = APIClient()
    session.force_login(users["coordinator"])
    return session


def post_file(client, text=PRICES, **headers):
    return client.post(IMPORTS, {"file": [upload("prices.csv", text)]}, format="multipart", headers=headers)


def run_jobs():
    for job in Job.objects.filter(state="queued").order_by("pk"):
        run_job_now(job)


def test_the_whole_way(cars, client):
    staged = post_file(client)
    assert staged.status_code == 202
    assert staged.json()["job"]["state"] == "queued"
    run_jobs()
    url = staged.json()["url"]
    body = client.get(url).json()
    assert (body["state"], body["errors"]) == ("checked", 2)
    assert [(f["row"], f["column"], f["code"], f["suggestion"]) for f in body["findings"]] == [
        (3, "price", "formula", ""),
        (3, "product", "unknown_code", "E7"),
    ]
    assert body["changes"]["prices"][0]["cells"]["price"] == ["", "100"]
    fixes = [
        {"sheet": "prices", "row": 3, "column": "product", "value": "E7"},
        {"sheet": "prices", "row": 3, "column": "price", "value": "110"},
    ]
    assert client.post(f"{url}fixes/", {"fixes": fixes}, format="json").status_code == 202
    early = client.post(f"{url}commit/", {}, format="json")
    assert (early.status_code, early.json()["code"]) == (409, "import_not_checked")
    run_jobs()
    assert client.post(f"{url}commit/", {}, format="json").status_code == 202
    run_jobs()
    assert client.get(url).json()["state"] == "committed"
    assert Price.objects.count() == 2


def test_a_repeated_post_with_one_key_is_one_import(cars, client):
    first = post_file(client, **{"Idempotency-Key": "k1"})
    again = post_file(client, **{"Idempotency-Key": "k1"})
    assert first.json()["id"] == again.json()["id"]
    assert ImportBatch.objects.count() == 1


def test_rejected_rows_come_back_with_reasons_and_without_formulas(cars, client):
    url = post_file(client).json()["url"]
    run_jobs()
    answer = client.get(f"{url}rejected/")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_name("prices").to_python()
    assert rows[0] == ["row", "reason", "product", "from_month", "price"]
    assert rows[1][0] == "3"
    assert "Unknown code of products" in rows[1][1]
    assert rows[1][2:] == ["E7O", "2026-02", "'=1+1"]


def test_discard_closes_it(cars, client):
    url = post_file(client).json()["url"]
    assert client.post(f"{url}discard/").json()["state"] == "discarded"
    assert client.post(f"{url}fixes/", {"fixes": []}, format="json").status_code == 422


def test_only_the_sender_sees_it(cars, client, users):
    url = post_file(client).json()["url"]
    other = APIClient()
    other.force_login(users["finance"])
    assert other.get(url).status_code == 404
    assert other.post(f"{url}commit/", {}, format="json").status_code == 404
    assert other.get(IMPORTS).json()["results"] == []


def test_no_file_and_no_right_are_refused(cars, client, users):
    assert client.post(IMPORTS, {}, format="multipart").status_code == 422
    sales = APIClient()
    sales.force_login(users["sales"])
    assert post_file(sales).status_code == 403
    assert not ImportBatch.objects.exists()
