"""A planner explains a forecast, gives a word on an odd month, tries something out, plans activities and a launch."""

from __future__ import annotations

import pytest

from core.months import format_month
from demand.models import Event, Launch, OutlierDecision
from tests.demand.story import tell_story
from tests.demand.test_launches import RAMPS
from tests.demand.world import MONTH, World, import_sheets
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lead(tmp_path, transactional_db):
    world = tell_story(World(tmp_path))
    lines = ["product,org,month,quantity"]
    for code, (age, ramp) in RAMPS.items():
        lines += [f"{code},BJ,{format_month(MONTH - age + n)},{ramp[min(n, 3)]}" for n in range(age)]
    products = "code,name,parent,level\nE9,E9,NEV,model\nE8,E8,FUEL,model\n"
    import_sheets(world.folder / "launches", products=products, history="\n".join(lines) + "\n")
    return type(make_user("executive")).objects.get(username="demand_lead")


def open_explanation(visitor, user, place, language="en"):
    page = visitor.open(f"/demand/explain/?{place}", user=user, language=language)
    page.wait_for_selector("#forecast-chart .main-svg", timeout=60_000)  # the first one loads the statistics
    return page


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_pages_speak_both_languages(visitor, lead, check_accessibility, language):
    page = visitor.open("/demand/?product=E7&org=NORTH", user=lead, language=language)
    assert "product=E7&org=NORTH" in page.get_attribute("#explain-link", "href")
    page = open_explanation(visitor, lead, "product=E7", language)
    heading = page.locator("h1").inner_text()
    assert "E7 SUV" in heading
    assert ("strong season" in heading) == (language == "en")
    assert ("季节性强" in heading) == (language == "zh-hans")
    for chart in ("forecast", "trend", "season", "rest"):
        assert page.locator(f"#{chart}-chart .main-svg").count()
        assert page.get_attribute(f"#{chart}-chart", "aria-label")
    check_accessibility(page)
    page = visitor.open("/demand/activities/", user=lead, language=language)
    assert page.locator("#register tbody[data-rows=past] tr").count() == 5
    check_accessibility(page)
    for narrow in ("/demand/activities/", "/demand/explain/?product=E7"):
        page = visitor.open(narrow, user=lead, language=language, size="phone")
        assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_odd_months_are_judged_and_a_forecast_is_tried_out(visitor, lead, check_accessibility):
    page = open_explanation(visitor, lead, "product=S6&org=GZ")
    row = page.locator("#odd tr", has_text="replaced by the usual")
    row.get_by_role("button", name="Undo: it is real").click()
    check_accessibility(page)
    page.fill("#odd-form [name=reason]", "A fleet bought 50 cars")
    page.click("#odd-save")
    page.wait_for_selector("text=kept by demand_lead: A fleet bought 50 cars", timeout=30_000)
    decision = OutlierDecision.objects.get()
    assert (decision.month, decision.verdict) == (MONTH - 20, "keep")
    page.click("[data-withdraw]")
    page.wait_for_selector("text=replaced by the usual", timeout=30_000)
    assert not OutlierDecision.objects.exists()

    page.click("#what-if:not([disabled])")
    page.wait_for_selector("#trial-chart .main-svg")
    page.fill("#trial-form [name=uplift_pct]", "50")
    page.wait_for_selector("#trial-message:text-matches('ahead: .(19|20|21) units')")  # half of one month's 40
    page.locator("#trial-months input[type=checkbox]").first.check()
    page.wait_for_selector("#keep:not([disabled])")
    check_accessibility(page)
    assert not OutlierDecision.objects.exists()  # nothing is stored so far
    page.fill("#keep-reason", "Strike at the dealer")
    page.click("#keep")
    page.wait_for_selector("text=replaced by demand_lead: Strike at the dealer", timeout=30_000)
    assert OutlierDecision.objects.get().month == MONTH - 1


def test_a_promotion_comes_and_goes_and_a_launch_is_planned(visitor, lead, check_accessibility):
    page = visitor.open("/demand/activities/", user=lead)
    page.click("#add-activity")
    check_accessibility(page)
    page.fill("#event-form [name=note]", "Summer fair")
    page.fill("#event-form [name=from_month]", format_month(MONTH + 2))
    page.fill("#event-form [name=product]", "E7")
    page.fill("#event-form [name=uplift_pct]", "a lot")
    page.click("#event-form button[type=submit]")
    assert "“a lot” is not a number" in page.locator("#event-error").inner_text()
    page.fill("#event-form [name=uplift_pct]", "12.5")
    with page.expect_navigation():
        page.click("#event-form button[type=submit]")
    assert page.locator("text=Summer fair").count() == 1
    event = Event.objects.get(note="Summer fair")
    assert (event.product.code, event.uplift_pct, event.from_month) == ("E7", 12.5, MONTH + 2)
    page.click(f"[data-edit='{event.code}']")
    page.fill("#event-form [name=uplift_pct]", "8")
    with page.expect_navigation():
        page.click("#event-form button[type=submit]")
    assert Event.objects.get(pk=event.pk).uplift_pct == 8
    page.click(f"[data-edit='{event.code}']")
    with page.expect_navigation():
        page.click("#event-withdraw")
    assert not Event.objects.filter(pk=event.pk).exists()
    assert page.locator("text=Summer fair").count() == 0

    page.click("[data-launch=M8]")
    page.wait_for_selector("#curve .main-svg")
    boxes = page.locator("#analogues input[type=checkbox]")
    assert [boxes.nth(i).get_attribute("value") for i in range(boxes.count())] == ["E9", "E8"]
    boxes.nth(1).uncheck()
    page.fill("#launch-form [name=scale]", "2")
    page.locator("#launch-form [name=scale]").blur()
    page.wait_for_selector("#curve-note:has-text('840')")  # 2 × (60 + 9 × 40)
    check_accessibility(page)
    with page.expect_navigation():
        page.click("#launch-form button[type=submit]")
    assert page.locator("text=like E9, × 2.00").count() == 1
    launch = Launch.objects.get()
    assert (launch.product.code, launch.analogues, launch.scale) == ("M8", ["E9"], 2.0)
