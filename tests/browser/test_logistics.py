"""Chains, shipping and side by side in a real browser: accessible in both languages, nothing wider than the screen."""

from __future__ import annotations

import datetime as dt

import pytest

from demand.models import Order
from tests.factories import make_company, make_cycle, make_user
from tests.supply.world import build_network


@pytest.fixture
def lead(transactional_db):
    """A plant, a store, a supplier, a subcontractor; 150 ordered in the north where 100 a month arrive."""
    company, lead = make_company(), make_user("supply_lead", display_name="Wu Ke")
    build_network(company, make_cycle("2026-11", state="supply_review"), lead)
    Order.objects.create(
        order="SO-1",
        product=company.products["A1"],
        org=company.orgs["NORTH-1"],
        quantity=150,
        due_date=dt.date(2026, 11, 20),
        customer="Taxi cooperative",
    )
    return lead


def test_the_pages_are_accessible_in_both_languages(visitor, lead, check_accessibility):
    for language in ("en", "zh-hans"):
        for path in ("/supply/chains/", "/supply/shipping/?by=week", "/supply/together/?product=A"):
            page = visitor.open(path, user=lead, language=language)
            assert page.locator("h1").count() == 1
            assert page.evaluate("document.documentElement.scrollWidth") <= 1366
            check_accessibility(page, "main")


def test_from_the_main_chain_to_the_order_it_serves(visitor, lead):
    page = visitor.open("/supply/chains/", user=lead)
    page.get_by_role("link", name="Supplier 1").click()
    page.get_by_role("heading", name="Plan of Supplier 1").wait_for()
    page.get_by_role("link", name="Shipping", exact=True).click()
    page.get_by_role("searchbox", name="Order, customer, product or region").fill("taxi")
    page.get_by_role("button", name="Find", exact=True).click()
    row = page.locator("tr", has_text="SO-1")
    row.get_by_text("50 late").wait_for()
    assert "100 · Plant, made in Nov 26" in row.inner_text()
    page.get_by_role("link", name="Side by side").click()
    page.get_by_label("Product or family").fill("A1")
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_role("heading", name="Model A1: 150 on order, nothing short").wait_for()
    for chart in ("orders", "made", "stock", "arrivals"):
        page.locator(f"#plot-{chart} svg").first.wait_for()
