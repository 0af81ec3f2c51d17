"""Signing in, switches, keys, the finder; every shared page accessible in both languages and themes."""

from __future__ import annotations

import json
import re

import pytest
from django.utils import translation

from core import formats
from core.months import parse_month
from tests.factories import make_company, make_cycle, make_user


@pytest.fixture
def planner(transactional_db):
    user = make_user("demand_lead", display_name="Lin Yue")
    user.set_password("a long enough password")
    user.save()
    return user


def _background(page) -> str:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_signing_in_by_keyboard_leads_home(visitor, planner):
    page = visitor.open("/signin/")
    page.keyboard.type(planner.username)
    page.keyboard.press("Tab")
    page.keyboard.type("a long enough password")
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    assert page.get_attribute(".ava", "title").startswith("Lin Yue")
    assert page.locator("h1").count() == 1


def test_a_wrong_password_says_so_and_keeps_the_name(visitor, planner):
    page = visitor.open("/signin/")
    page.fill("#id_username", "demand_lead")
    page.fill("#id_password", "wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    assert page.input_value("#id_username") == "demand_lead"


def test_the_language_switch_is_kept_with_the_person(visitor, planner):
    page = visitor.open("/components/", user=planner)
    page.click("button[name=language]")
    page.wait_for_load_state("networkidle")
    assert page.get_attribute("html", "lang") == "zh-Hans"
    assert "/components/" in page.url
    assert page.evaluate("gettext('Cancel')") == "取消"
    planner.refresh_from_db()
    assert planner.language == "zh-hans"


def test_the_theme_switch_needs_no_reload_and_is_kept(visitor, planner):
    page = visitor.open("/components/", user=planner)
    light = _background(page)
    with page.expect_response("**/preferences/"):
        page.click("[data-theme-switch]")
    assert page.get_attribute("html", "data-bs-theme") == "dark"
    assert _background(page) != light
    planner.refresh_from_db()
    assert planner.theme == "dark"
    with page.expect_response("**/preferences/"):
        page.click("[data-theme-switch]")
    assert _background(page) == light


def test_a_click_before_the_scripts_are_there_is_done_when_they_are(visitor, planner):
    page = visitor.open("/components/", user=planner)
    held = []
    page.route("**/js/app.js*", lambda route: held.append(route))
    page.reload(wait_until="commit")
    page.click("button.btn[data-keys]")
    assert page.locator("#keys-dialog[open]").count() == 0
    held[0].continue_()
    page.wait_for_selector("#keys-dialog[open]")


def test_charts_follow_the_theme(visitor, planner):
    page = visitor.open("/components/", user=planner)
    colour = "document.querySelector('#supply').layout.xaxis.linecolor"
    light = page.evaluate(colour)
    page.click("[data-theme-switch]")
    assert page.evaluate(colour) != light


def test_a_chart_shows_the_same_figures_as_a_table(visitor, planner):
    page = visitor.open("/components/", user=planner)
    assert page.get_attribute("#supply", "aria-label") == "Possible and short. Nov 7,510, Jun 7,030."
    page.locator("section", has=page.locator("#supply")).locator("[data-as-table]").click()
    rows = page.locator("dialog[open] tbody tr").all_inner_texts()
    assert rows[1].split("\t") == ["Dec", "8,600", "8,200", "400"]
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0


def test_keys_open_the_finder_the_help_and_pages(visitor, planner):
    page = visitor.open("/components/", user=planner)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    assert page.locator("#keys-dialog").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    assert page.evaluate("document.activeElement.id") == "find-input"
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url(re.compile(r"/$"))


def test_the_finder_finds_pages_and_products(visitor, planner):
    make_company()
    page = visitor.open("/components/", user=planner)
    page.keyboard.press("Control+k")
    page.keyboard.type("model a1")
    page.wait_for_selector("#find-list [role=option]:has-text('A1')")
    assert page.get_attribute("#find-list [aria-selected=true]", "href") == "/demand/?product=A1"
    page.fill("#find-input", "zzz")
    page.wait_for_selector("#find-list :text('Nothing found')")


def test_the_first_tab_stop_skips_to_the_content(visitor, planner):
    page = visitor.open("/", user=planner)
    page.keyboard.press("Tab")
    assert page.inner_text(":focus") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/signin/", "/components/", "/"])
def test_shared_pages_are_accessible(visitor, planner, check_accessibility, path, theme):
    make_company()
    make_cycle("2026-11", state="demand_review")
    page = visitor.open(path, user=None if path == "/signin/" else planner, theme=theme)
    check_accessibility(page)


def test_an_unknown_page_is_told_kindly(visitor, planner, check_accessibility):
    page = visitor.open("/nowhere/", user=planner)
    assert "does not exist" in page.inner_text("h1")
    check_accessibility(page)
    visitor.forgive("404")


@pytest.mark.parametrize("path", ["/signin/", "/components/", "/"])
def test_nothing_scrolls_sideways(visitor, planner, path):
    make_cycle("2026-11", state="demand_review")
    for size in ("laptop", "desk", "phone"):
        page = visitor.open(path, user=planner if path != "/signin/" else None, size=size)
        width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1], f"{path} at {size}"


# The formatter's twin -------------------------------------------------------------------------------------------
NUMBERS = [0, 1, -1, 12, 0.4, -0.4, 2.5, -2.5, 999.5, 1234567, -9876543.21, 1e12, None]
AMOUNTS = [0, 5, 99, 600000, 1600000, -1600000, 9999999, 10000000, 170000000, 4510000000, 4022300000000, None]
MONTHS = [parse_month(text) for text in ("2026-11", "2026-12", "2027-01", "2030-02")]

_TWIN = """async ([numbers, amounts, months]) => {
  const f = await import("/static/js/formats.js");
  return {
    number: numbers.map(v => [f.number(v), f.number(v, 1), f.number(v, 2)]),
    signed: numbers.map(v => [f.signed(v), f.signed(v, 1)]),
    percent: numbers.map(v => [f.percent(v), f.percent(v, 0, {sign: true})]),
    money: amounts.map(v => [
      f.money(v), f.money(v, {sign: true}), f.moneyCell(v), f.moneyCell(v, {decimals: 0, sign: true}),
    ]),
    unit: f.moneyUnit(),
    month: months.map(m => [f.month(m), f.month(m, {year: false}), f.monthLong(m)]),
    heads: [f.monthHeads(months), f.monthHeads(months.slice(1))],
  };
}"""


def _server_side() -> dict:
    return {
        "number": [[formats.number(v, d) for d in (0, 1, 2)] for v in NUMBERS],
        "signed": [[formats.signed(v, d) for d in (0, 1)] for v in NUMBERS],
        "percent": [[formats.percent(v), formats.percent(v, 0, sign=True)] for v in NUMBERS],
        "money": [
            [
                formats.money(v),
                formats.money(v, sign=True),
                formats.money_cell(v),
                formats.money_cell(v, decimals=0, sign=True),
            ]
            for v in AMOUNTS
        ],
        "unit": formats.money_unit(),
        "month": [[formats.month(m), formats.month(m, year=False), formats.month_long(m)] for m in MONTHS],
        "heads": [formats.month_heads(MONTHS), formats.month_heads(MONTHS[1:])],
    }


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_scripts_write_figures_exactly_as_the_server(visitor, language):
    page = visitor.open("/signin/", language=language)
    written = page.evaluate(_TWIN, [NUMBERS, AMOUNTS, MONTHS])
    with translation.override(language):
        assert written == json.loads(json.dumps(_server_side()))
