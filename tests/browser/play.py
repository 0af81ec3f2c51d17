"""People at the screens of the demand review: what they press, type and read on its pages."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from core.choices import JobState
from core.jobs import run_job_now
from core.models import Job
from core.months import parse_month
from cycles.models import Cycle
from plans.selectors import get_working_version

JUNE = parse_month("2026-06")
PAST_COLUMNS = 3  # closed months the workbench shows before the plan
FAMILY, REGION = "VOLKSWAGEN", "DE"


def figure(text: str) -> int:
    """ "−1,234" → −1234."""
    digits = int(re.sub(r"[^\d]", "", text) or 0)
    return -digits if text.strip().startswith(("−", "-")) else digits


@dataclass
class Play:
    """People at their screens."""

    visitor: Any
    people: dict[str, User]
    language: str

    def open(self, role: str, path: str):
        return self.visitor.open(path, user=self.people[role], language=self.language)

    def run_jobs(self) -> None:
        """What the worker would do now."""
        while jobs := list(Job.objects.filter(state=JobState.QUEUED).order_by("pk")):
            for job in jobs:
                assert run_job_now(job).state == JobState.DONE, job.error

    def run(self, page, button: str) -> None:
        """Press a button that starts a job; when the server has it, do the work."""
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            page.click(button)
        self.run_jobs()

    def press(self, page, command: str) -> None:
        """Press the button of a command of the meeting pages."""
        page.locator(f"form[action$='/cycle/{command}/'] button:not([disabled])").last.click()
        page.wait_for_load_state("networkidle")

    def workbench(self, role: str, product: str, org: str, unit: str = "units"):
        page = self.open(role, f"/demand/?product={product}&org={org}&unit={unit}")
        page.wait_for_selector("#grid .tabulator-cell.cur")
        return page

    def cell(self, page, row: str, month: int):
        """A cell of the workbench's grid."""
        keys = [line["key"] for line in json.loads(page.locator("#board").inner_text())["rows"]]
        column = 1 + PAST_COLUMNS + month - JUNE
        return page.locator("#grid .tabulator-row").nth(keys.index(row)).locator(".tabulator-cell").nth(column)

    def read(self, page, row: str, month: int) -> int:
        return figure(self.cell(page, row, month).inner_text())

    def type(self, page, row: str, month: int, value: int) -> None:
        self.cell(page, row, month).click()
        page.keyboard.type(str(value))
        page.keyboard.press("Enter")

    @property
    def version(self) -> int:
        return get_working_version(Cycle.objects.get(month=JUNE)).pk

    def units(self, page, measure: str, product: str, org: str) -> list[int]:
        """What the REST API says of a measure over the plan's months."""
        query = f"measure={measure}&product={product}&org={org}"
        answer = page.request.get(f"{self.visitor.origin}/api/v1/plans/{self.version}/cells/?{query}")
        assert answer.ok, answer.text()
        [line] = answer.json()["lines"]
        return line["values"]

    def lines(self, page, measure: str, product: str, org: str) -> dict[str, list[int]]:
        """The same for every product below a place, all regions of the place together."""
        found: dict[str, list[int]] = {}
        query = f"measure={measure}&product={product}&org={org}&level=leaf"
        answer = page.request.get(f"{self.visitor.origin}/api/v1/plans/{self.version}/cells/?{query}")
        assert answer.ok, answer.text()
        for line in answer.json()["lines"]:
            sums = found.setdefault(line["product"], [0] * len(line["values"]))
            found[line["product"]] = [a + (b or 0) for a, b in zip(sums, line["values"], strict=True)]
        return found

    def post_without_reason(self, page, month: str, value: int, *, base: int) -> str:
        """The family's consensus in the region over REST; what became of it."""
        token = page.get_attribute("meta[name='csrf-token']", "content")
        edit = {"measure": "consensus", "product": FAMILY, "org": REGION, "month": month, "value": value, "base": base}
        answer = page.request.post(
            f"{self.visitor.origin}/api/v1/plans/{self.version}/cells:batch",
            data={"mode": "partial", "edits": [edit]},
            headers={"X-CSRFToken": token, "Referer": self.visitor.origin, "Idempotency-Key": "no-reason"},
        )
        [result] = answer.json()["results"]
        return result["status"]

    def override(self, page, month: int, value: int, *, reason: str, evidence: str) -> None:
        """Type a consensus and give the reason the page asks for."""
        self.type(page, "consensus", month, value)
        dialog = page.locator("dialog[aria-label='Reason and split']")
        dialog.locator("select").first.select_option(reason)
        dialog.locator("textarea").fill(evidence)
        page.keyboard.press("Control+Enter")
        page.wait_for_function("() => document.querySelector('#save-state').textContent.includes('Saved')")

    def note_presence(self, page, role: str) -> None:
        """The coordinator notes that somebody is there."""
        person = self.people[role]
        row = page.locator(f"form:has(input[name=user][value='{person.pk}']) button[value=present]")
        if not row.count():
            page.select_option("select[data-others]", str(person.pk))
            row = page.locator("form:has(select[data-others]) button")
        row.click()
        page.wait_for_load_state("networkidle")
