"""Supply workbench and meeting, Pre-S&OP and executive page in a real browser: accessible; shares; passport."""

from __future__ import annotations

import pytest

from cycles.models import Cycle
from finance.services import value_plan
from plans.services import create_working_version
from supply.services.balance import run_balance
from supply.services.sessions import forget_models
from tests.factories import make_company, make_cycle, make_user
from tests.supply.world import ask


@pytest.fixture
def lead(transactional_db):
    """A valued plan of 400 hours; November asks 300 of A1 in the north and 200 in the south."""
    forget_models()
    make_company()
    lead = make_user("supply_lead", display_name="Wu Ke")
    version = create_working_version(cycle=make_cycle("2026-11", state="supply_review"), actor=None)
    ask(version, {("A1", "NORTH-1"): [300] + [100] * 17, ("A1", "SOUTH-1"): [200] + [100] * 17})
    run_balance(version_id=version.pk, actor=lead)
    value_plan(version_id=version.pk, actor=lead)
    return lead


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("path", ["/supply/", "/meeting/supply_review/", "/presop/", "/executive/", "/executive/?p=2"])
def test_the_pages_are_accessible_in_both_languages(visitor, lead, check_accessibility, path, language):
    page = visitor.open(path, user=lead, language=language)
    assert page.locator("h1").count() >= 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    check_accessibility(page, "main")


def test_what_is_short_is_shared_out_through_the_page(visitor, lead):
    page = visitor.open("/supply/", user=lead)
    page.click("#open-order")
    page.check("#order-form [name=kind][value=allocate]")
    page.fill("#order-form [name=product]", "A1")
    page.select_option("#order-form [name=rule]", "fair")
    assert page.locator("#order-form [name=org]").is_hidden()
    page.click("#order-form button[value=try]")
    page.locator("#basket li:has-text('Everybody the same share')").wait_for()
    page.locator("#plan-facts:not([hidden])").wait_for()
    page.click("#open-order")
    page.select_option("#order-form [name=rule]", "priority")
    page.fill("#order-form [name=org]", "SOUTH")
    page.click("#order-form button[value=try]")
    page.locator("#basket li:has-text('(SOUTH)')").wait_for()
    assert page.locator("#basket li").count() == 1  # another rule for the same cell replaces it


def test_a_figure_says_where_it_comes_from(visitor, lead, check_accessibility):
    page = visitor.open("/supply/", user=lead)
    figure = page.locator("[data-figure=revenue] .fig")
    figure.click()
    passport = page.locator("#passport-dialog[open]")
    passport.locator("dl, table").first.wait_for()
    words = passport.inner_text()
    assert figure.inner_text() == "¥0.2 m"
    assert "240,000 CNY · Revenue" in words  # 2,400 of A1 at 100
    assert "Constrained plan × price." in words
    check_accessibility(page, "#passport-dialog")
    page.keyboard.press("Escape")
    assert page.locator("#passport-dialog[open]").count() == 0


def test_purchasings_form_stays_inside_the_page(visitor, lead):
    purchasing = make_user("purchasing", display_name="He Jing")
    Cycle.objects.update(state="demand_review")
    page = visitor.open("/meeting/demand_review/", user=purchasing)
    assert page.input_value("[name=row_lead_time_days] >> nth=0") == "10"
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
