"""A whole month walked through the pages by the people whose turn it is, once in each language."""

from __future__ import annotations

from pathlib import Path

import pytest

from accounts.models import User
from core.choices import JobState
from core.jobs import run_job_now
from core.models import Job
from core.months import parse_month
from cycles.models import Cycle
from cycles.services import start_cycle
from masterdata.services import import_folder
from sop.demo.people import ensure_people
from supply.models import Release

FOLDER = Path(__file__).parent.parent / "data" / "worked_example"

pytestmark = pytest.mark.django_db(transaction=True)


class Walk:
    """People at their screens; ``language`` is everybody's."""

    def __init__(self, visitor, people: dict[str, User], language: str) -> None:
        self.visitor, self.people, self.language = visitor, people, language

    def open(self, role: str, path: str):
        return self.visitor.open(path, user=self.people[role], language=self.language)

    def press(self, page, command: str) -> None:
        """Press the button of a command and wait for the page that answers."""
        page.locator(f"form[action$='/cycle/{command}/'] button:not([disabled])").last.click()
        page.wait_for_load_state("networkidle")
        refused = page.locator("[role=alert].er, .alert-error").all_inner_texts()
        assert [text for text in refused if text] == []

    def run(self, page, button: str) -> None:
        """Start a job by its button; when the server has it, do what the worker would."""
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            page.click(button)
        self.run_jobs()

    def run_jobs(self) -> None:
        """What the worker would do now."""
        for job in Job.objects.filter(state=JobState.QUEUED).order_by("pk"):
            assert run_job_now(job).state == JobState.DONE

    def hold_meeting(self, step: str, *present: str) -> None:
        page = self.open("coordinator", f"/meeting/{step}/")
        self.press(page, "begin_meeting")
        for role in present:
            person = self.people[role]
            row = page.locator(f"form:has(input[name=user][value='{person.pk}']) button[value=present]")
            if not row.count():
                page.select_option("select[data-others]", str(person.pk))
                row = page.locator("form:has(select[data-others]) button")
            row.click()
            page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_month_through_the_pages(visitor, language):
    import_folder(path=FOLDER, actor=None)
    people = ensure_people()
    User.objects.filter(username="sales_north").update(department="sales")
    cycle = start_cycle(month=parse_month("2026-06"), actor=people["coordinator"])
    walk = Walk(visitor, people, language)

    page = walk.open("demand_lead", "/demand/")
    walk.run(page, "#run-forecast")

    walk.press(walk.open("coordinator", "/meeting/business_review/"), "sign")
    assert Cycle.objects.get().state == "demand_review"

    for role in ("sales", "production", "purchasing"):
        page = walk.open(role, "/meeting/demand_review/")
        page.locator("textarea").first.fill("1,000 sets for June")
        page.locator("form[action$='/cycle/submit/'] button:not([name])").click()
        page.wait_for_load_state("networkidle")
    walk.hold_meeting("demand_review", "sales", "production", "purchasing", "demand_lead")
    for role in ("sales", "production", "purchasing"):
        walk.press(walk.open(role, "/meeting/demand_review/"), "co_sign")
    walk.press(walk.open("demand_lead", "/meeting/demand_review/"), "sign")
    assert Cycle.objects.get().state == "supply_review"

    page = walk.open("supply_lead", "/supply/")
    walk.run(page, "#run-balance")
    page = walk.open("supply_lead", "/supply/")
    assert "100" in page.locator("h1").inner_text()  # 100 short
    walk.hold_meeting("supply_review", "supply_lead", "production", "purchasing")
    walk.press(walk.open("supply_lead", "/meeting/supply_review/"), "sign")
    walk.run_jobs()  # the money

    walk.press(walk.open("supply_lead", "/presop/"), "build_list")
    walk.hold_meeting("pre_sop", "finance", "sales", "production", "purchasing")
    walk.press(walk.open("finance", "/presop/"), "co_sign")
    page = walk.open("coordinator", "/meeting/pre_sop/")
    if page.locator("form[action$='/cycle/waive_gate/']").count():
        page.fill("form[action$='/cycle/waive_gate/'] input[name=reason]", "Everybody has read it")
        walk.press(page, "waive_gate")
    walk.press(page, "sign")
    assert Cycle.objects.get().state == "executive"

    walk.hold_meeting("executive", "executive", "finance", "sales", "production", "purchasing")
    page = walk.open("executive", "/executive/?p=2")
    page.fill(".exec-body:not([hidden]) input[name=note]", "The customers agreed to wait")
    page.locator(".exec-body:not([hidden]) button[value=rejected]").click()
    page.wait_for_load_state("networkidle")
    walk.press(page, "approve")
    cycle = Cycle.objects.get()
    assert (cycle.state, cycle.approved_by) == ("approved", people["executive"])

    walk.press(walk.open("supply_lead", "/meeting/release/"), "release")
    assert Cycle.objects.get().state == "released"
    assert Release.objects.get().document.lines > 0
    for path in ("/", "/demand/", "/supply/", "/presop/", "/executive/", "/executive/?p=3", "/import/"):
        page = walk.open("coordinator", path)
        words = page.locator("main").inner_text()
        assert any("一" <= letter <= "鿿" for letter in words) == (language == "zh-hans")
