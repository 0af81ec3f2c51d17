"""Inventory, long range, look back and policies in a real browser: both languages, accessible, forms that save."""

from __future__ import annotations

import datetime as dt

import pytest

from core.months import first_day
from masterdata.models import ActualRecord, InventoryLot, Material, Policy
from plans.services import create_working_version
from supply.models import Deviation, Disposition, Investment
from supply.services.balance import run_balance
from supply.services.sessions import forget_models
from tests.factories import make_company, make_cycle, make_user
from tests.supply.world import NOV, ask


@pytest.fixture
def planned(transactional_db):
    """A balanced plan with old stock, a part nothing uses and one closed month of actuals."""
    forget_models()
    company = make_company()
    lead = make_user("supply_lead", display_name="Wu Ke")
    make_user("finance", display_name="Chen Mei")
    version = create_working_version(cycle=make_cycle("2026-11"), actor=None)
    old = first_day(NOV) - dt.timedelta(days=150)
    InventoryLot.objects.create(
        product=company.products["A1"], site=company.site, quantity=150, produced_on=old, requested_by="sales_south"
    )
    dead = Material.objects.create(code="HARN", name="Harness", unit_cost=8)
    InventoryLot.objects.create(material=dead, site=company.site, quantity=400, produced_on=old)
    ActualRecord.objects.create(month=NOV - 1, product=company.products["A1"], site=company.site, produced=120)
    ask(version, {("A1", "NORTH-1"): [500] * 18})
    run_balance(version_id=version.pk, actor=lead)
    return lead


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("path", ["inventory", "long-range", "review", "policies"])
def test_the_pages_are_accessible_in_both_languages(visitor, planned, check_accessibility, path, language):
    page = visitor.open(f"/supply/{path}/", user=planned, language=language)
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    check_accessibility(page, "main")


def test_the_forms_of_the_pages_save(visitor, planned):
    page = visitor.open("/supply/inventory/", user=planned)
    assert page.locator(".plot svg.main-svg").count() > 0
    row = page.locator("#idle tr", has_text="Harness")
    row.locator("summary").click()
    row.locator("select[name=kind]").select_option("scrap")
    row.locator("select[name=owner]").select_option("finance")
    row.locator("input[name=due]").fill("2026-12-15")
    row.get_by_role("button", name="Save disposition").click()
    page.wait_for_load_state("networkidle")
    assert Disposition.objects.get().kind == "scrap"

    page.goto(f"{visitor.origin}/supply/long-range/")
    page.get_by_text("Add an option").click()
    form = page.locator("footer form")
    form.locator("input[name=name]").fill("Line 2")
    form.locator("input[name=hours_per_month]").fill("100")
    form.locator("input[name=invest]").fill("90,000")
    form.get_by_role("button", name="Save option").click()
    page.wait_for_load_state("networkidle")
    assert (Investment.objects.get().invest, Investment.objects.get().hours_per_month) == (90_000, 100)

    page.goto(f"{visitor.origin}/supply/review/")
    row = page.locator("tr", has_text="Model A1").first
    row.locator("summary").click()
    row.locator("input[name=note]").fill("Robot stood still")
    row.get_by_role("button", name="Save cause").click()
    page.wait_for_load_state("networkidle")
    assert Deviation.objects.get().note == "Robot stood still"

    page.goto(f"{visitor.origin}/supply/policies/?product=A1")
    page.fill("#focus input[name=safety_stock_days]", "6.5")
    page.get_by_role("button", name="Save as reviewed").click()
    page.wait_for_load_state("networkidle")
    assert Policy.objects.get().safety_stock_days == 6.5
