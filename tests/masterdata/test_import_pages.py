"""The import pages: upload, findings with fields, preview, save, downloads; closed to those who may not import."""

import io

import pytest
from django.urls import reverse
from python_calamine import CalamineWorkbook

from core.jobs import run_job_now
from core.models import Job
from masterdata.choices import ImportState
from masterdata.importers.spec import list_sheets
from masterdata.models import ImportBatch, Price, Product
from tests.masterdata.conftest import upload

PRICES = "product,from_month,price\nE7,2026-01,100\nE7O,2026-02,110\n"


@pytest.fixture
def browser(client, users):
    client.force_login(users["coordinator"])
    return client


def run_jobs():
    for job in Job.objects.filter(state="queued").order_by("pk"):
        run_job_now(job)


@pytest.fixture
def checked(browser, cars):
    browser.post("/import/", {"files": [upload("prices.csv", PRICES)]})
    run_jobs()
    return ImportBatch.objects.get()


def test_upload_leads_to_the_batch_which_waits_for_its_check(browser, cars):
    answer = browser.post("/import/", {"files": [upload("prices.csv", PRICES)]})
    batch = ImportBatch.objects.get()
    assert answer["Location"] == f"/import/{batch.pk}/"
    page = browser.get(answer["Location"])
    assert "Checking the upload" in page.content.decode()
    assert f'data-job="{Job.objects.get().pk}"' in page.content.decode()


def test_findings_offer_the_suggestion_and_block_saving(browser, checked):
    html = browser.get(f"/import/{checked.pk}/").content.decode()
    assert "1 error must be fixed" in html
    finding = checked.findings.get()
    assert f'name="fix-{finding.pk}" value="E7"' in html
    assert 'value="commit" disabled' in html.replace("  ", " ")
    assert "Save 1 valid rows only" in html


def test_mending_in_place_then_saving(browser, checked):
    url = f"/import/{checked.pk}/"
    browser.post(url, {"do": "mend", f"fix-{checked.findings.get().pk}": "B75"})
    run_jobs()
    assert "2 rows are ready to save" in browser.get(url).content.decode()
    browser.post(url, {"do": "commit"})
    run_jobs()
    assert "2 rows saved" in browser.get(url).content.decode()
    assert sorted(Price.objects.values_list("product__code", flat=True)) == ["B75", "E7"]


def test_all_suggestions_at_once(browser, checked):
    browser.post(f"/import/{checked.pk}/", {"do": "suggestions"})
    run_jobs()
    checked.refresh_from_db()
    assert (checked.state, checked.report["errors"]) == (ImportState.CHECKED, 0)


def test_an_unknown_command_does_nothing(browser, checked):
    page = browser.post(f"/import/{checked.pk}/", {})
    assert "did not say what to do" in page.content.decode()
    checked.refresh_from_db()
    assert checked.state == ImportState.CHECKED


def test_partial_answers_for_htmx(browser, checked):
    html = browser.get(f"/import/{checked.pk}/?show=changes", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in html
    assert ">100</b>" in html


def test_prices_are_masked_for_an_administrator_in_the_preview(client, users, cars):
    client.force_login(users["admin"])
    client.post("/import/", {"files": [upload("prices.csv", PRICES)]})
    run_jobs()
    html = client.get(f"/import/{ImportBatch.objects.get().pk}/?show=changes").content.decode()
    assert "•••" in html
    assert ">100</b>" not in html


def test_the_page_speaks_chinese(browser, checked, users):
    type(users["coordinator"]).objects.update(language="zh-hans")
    html = browser.get(f"/import/{checked.pk}/").content.decode()
    assert "修正1个错误后才能保存这些表" in html
    assert "产品编码不存在" in html


def test_downloads(browser, checked):
    rejected = browser.get(reverse("masterdata:import-rejected", args=[checked.pk]))
    rows = CalamineWorkbook.from_filelike(io.BytesIO(rejected.content)).get_sheet_by_name("prices").to_python()
    assert rows[1][2:] == ["E7O", "2026-02", "110"]
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(browser.get("/import/templates/").content))
    assert workbook.sheet_names == [spec.name for spec in list_sheets()]
    template = browser.get("/import/templates/prices.csv").content.decode("utf-8-sig")
    assert template.splitlines()[0] == "product,from_month,price,org,currency"
    assert browser.get("/import/templates/nothing.csv").status_code == 404


def test_a_refused_upload_says_why(browser, cars):
    page = browser.post("/import/", {"files": [upload("prices.pdf", "x")]})
    assert page.status_code == 422
    assert "is not a CSV, XLSX or ZIP file" in page.content.decode()


def test_closed_to_others(client, users, checked):
    client.force_login(users["sales"])
    assert client.get("/import/").status_code == 403
    client.force_login(users["finance"])
    assert client.get(f"/import/{checked.pk}/").status_code == 404
    assert client.post(f"/import/{checked.pk}/", {"do": "discard"}).status_code == 404
    client.logout()
    assert client.get("/import/")["Location"].startswith("/signin/")
    checked.refresh_from_db()
    assert checked.state == ImportState.CHECKED


def test_stored_sheets_hold_costs_only_for_those_who_may_see_them(client, users, cars):
    Price.objects.create(product=Product.objects.get(code="E7"), from_month=24312, price=7)

    def columns(role):
        client.force_login(users[role])
        book = CalamineWorkbook.from_filelike(io.BytesIO(client.get("/import/stored/").content))
        return book.get_sheet_by_name("prices").to_python()

    assert columns("finance") == [["product", "org", "from_month", "price", "currency"], ["E7", "", "2026-01", "7", ""]]
    assert columns("admin")[0] == ["product", "org", "from_month", "currency"]
