"""An order by hand, a sheet to Excel and back with a conflict: what people see, and that the sums agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from demand.models import Order
from demand.services import build_proposal
from masterdata.models import Product
from plans.services import CellEdit, Note, save_cells
from tests.demand.excel import change_cells, find_cell
from tests.demand.world import MONTH, MONTHLY, World
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db, tmp_path: Path) -> World:
    world = World(tmp_path)
    world.publish("baseline", MONTHLY)
    build_proposal(cycle=world.cycle, actor=None)
    return world


def test_an_order_is_added_by_hand_and_consumes_the_forecast(visitor, world, check_accessibility):
    page = visitor.open("/demand/orders/?product=E7", user=make_user("demand_lead"))
    check_accessibility(page)
    page.click("#add-order")
    page.fill("#order-form [name=org]", "GZ")
    page.fill("#order-form [name=quantity]", "0")
    page.fill("#order-form [name=due_date]", "2026-07-14")
    page.select_option("#order-form [name=priority]", "1")
    check_accessibility(page, "#order-dialog")
    page.click("#order-form button[type=submit]")
    page.wait_for_selector("#order-error:not([hidden])")  # what was typed stays, with the reason beside it
    assert page.input_value("#order-form [name=due_date]") == "2026-07-14"
    visitor.forgive("422")
    page.fill("#order-form [name=quantity]", "340")
    with page.expect_navigation():
        page.click("#order-form button[type=submit]")
    assert "rush" in page.inner_text("table.t >> nth=0")
    assert Order.objects.get().priority == 1
    assert world.cell("orders", "E7", "GZ", 1) == 340
    page.click("text=Against the forecast")
    page.wait_for_selector(".consumption")
    check_accessibility(page)
    page.click("text=Near zone")
    page.wait_for_selector(".near")
    check_accessibility(page)


def test_a_sheet_goes_to_excel_and_comes_back_with_a_conflict(visitor, world, tmp_path, check_accessibility):
    lead, other = make_user("demand_lead"), make_user("demand_lead", username="guo", display_name="Guo Tao")
    page = visitor.open("/demand/?product=E7&org=SOUTH", user=lead)
    page.click("#workbook-open")
    with page.expect_download() as download:
        page.click("dialog.workbook a >> text=This place")
    content = Path(download.value.path()).read_bytes()
    july, august = (find_cell(content, "consensus", "E7", "SOUTH", month) for month in ("2026-07", "2026-08"))
    returned = tmp_path / "returned.xlsx"
    returned.write_bytes(change_cells(content, {july: 640, august: 655}))
    key = (world.p["E7"], world.o["GZ"])
    edit = CellEdit("consensus", *key, MONTH + 2, 310, 300, note=Note("customer"))
    save_cells(version_id=world.version.pk, edits=[edit], actor=other)

    page.set_input_files("#workbook-file", str(returned))
    page.click("dialog.workbook .btn-p")
    page.wait_for_selector("#workbook-save")
    check_accessibility(page, "dialog.workbook")
    conflict = page.locator("tr[data-conflict]")
    assert conflict.count() == 1
    assert "Guo Tao" in conflict.inner_text()
    assert page.is_disabled("#workbook-save")  # nothing is overwritten before somebody chose
    conflict.locator("button", has_text="Mine").click()
    page.select_option("#workbook-reason", "customer")
    page.click("#workbook-save")
    page.wait_for_selector("dialog.workbook", state="detached")
    for ahead, total in ((1, 640), (2, 655)):
        assert sum(world.cell("consensus", "E7", org, ahead) for org in ("GZ", "SZ")) == total
    page.wait_for_function("() => document.querySelector('#grid').innerText.includes('655')")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_rules_and_take_rates_are_readable_for_everybody(visitor, world, check_accessibility, language):
    for code, config in (("E7", "SUV"), ("E5", "sedan")):
        Product.objects.filter(code=code).update(attributes={"config": config})
    lead = make_user("demand_lead")
    for path in ("/demand/rules/", "/demand/take-rates/", "/demand/orders/?view=roll"):
        check_accessibility(visitor.open(path, user=lead, language=language))
