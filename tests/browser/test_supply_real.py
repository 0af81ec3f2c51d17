"""Real car registrations: a line down for a month, a battery limit and a rush order, taken through the pages."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from core.choices import JobState
from core.jobs import run_job_now
from core.models import Job
from core.months import format_month, parse_month
from cycles.services import start_cycle
from finance.services import value_plan
from masterdata.models import Org, Product
from masterdata.services import import_folder
from plans.choices import VersionKind
from plans.cubes import Axis, Cube
from plans.models import Version
from plans.services import create_working_version, publish_cubes
from sop.demo.people import ensure_people
from supply.models import Shortage, SupplyOption
from supply.services import sessions
from supply.services.balance import run_balance
from tests.browser.cars import Row, require_cars, write_brands, write_history

START = parse_month("2026-06")
HORIZON = 12
DOWN, LIMITED = START, START + 5  # the month the line stands still; the first one with fewer batteries

pytestmark = pytest.mark.django_db(transaction=True)


def _make_folder(folder: Path) -> list[Row]:
    """The two brands; what happens to them; the last year's registrations."""
    write_brands(folder)
    history = write_history(folder, START - 12, START - 1)
    (folder / "capacity.csv").write_text(
        f"resource,month,lost_hours,reason\nVOLKSWAGEN-LINE-BEV,{format_month(DOWN)},999,line down\n"
    )
    batteries = sum(float(row["quantity"]) for row in history if "ICE" not in row["product"]) / 12
    limits = [
        f"BATTERY,{format_month(START + n)},{round(batteries * (0.4 if START + n >= LIMITED else 1.5))}"
        for n in range(HORIZON)
    ]
    (folder / "material_supply.csv").write_text("\n".join(["material,month,max_quantity", *limits]) + "\n")
    return history


def _ask(history: list[Row], version: Version) -> None:
    """Every month asks for what was registered a year before."""
    products, orgs = (dict(model.objects.values_list("code", "pk")) for model in (Product, Org))
    asked: dict[tuple[int, int], np.ndarray] = defaultdict(lambda: np.zeros(HORIZON, dtype=np.int64))
    for row in history:
        asked[products[row["product"]], orgs[row["org"]]][parse_month(row["month"]) - START + 12] += int(
            row["quantity"]
        )
    axis = Axis("product_org", np.array(sorted(asked), dtype=np.int64))
    cube = Cube(axis, START, np.array([asked[key] for key in sorted(asked)]), "quantity", 0)
    publish_cubes(version_id=version.pk, cubes={"proposal": cube}, actor=None)


@pytest.fixture
def people(tmp_path):
    require_cars()
    sessions.forget_models()
    history = _make_folder(tmp_path)
    assert import_folder(path=tmp_path, actor=None).is_committed
    people = ensure_people()
    cycle = start_cycle(month=START, actor=people["coordinator"], horizon=HORIZON)
    version = create_working_version(cycle=cycle, actor=None)
    _ask(history, version)
    run_balance(version_id=version.pk, actor=people["supply_lead"])
    value_plan(version_id=version.pk, actor=people["finance"])
    return people


def _figure(text: str) -> int:
    """ "1,234" → 1234."""
    return int(re.sub(r"[^\d]", "", text) or 0)


def test_from_the_cause_over_three_options_to_the_same_figures_everywhere(visitor, people):
    page = visitor.open("/supply/", user=people["supply_lead"])
    base_short = _figure(re.search(r"([\d,]+) units", page.locator("h1").inner_text())[1])
    reasons = page.locator("section:has(> header h2:text-is('Shortages')) tbody").inner_text()
    assert "Battery pack: the supplier delivers no more" in reasons
    causes = set(Shortage.objects.filter(is_confirmed=True).values_list("cause", "code", "cause_month"))
    assert ("resource", "VOLKSWAGEN-LINE-BEV", DOWN) in causes
    assert any(kind == "supplier" and code == "BATTERY" for kind, code, _month in causes)

    # the heat map's cell says what one more hour is worth there
    page.locator(f"td[data-code='VOLKSWAGEN-LINE-BEV'][data-month='{DOWN}']").click()
    page.locator("#worth:not([hidden])").wait_for()
    page.wait_for_selector("#what-if:not([aria-busy])")

    # three options compared, one of them tried in a scenario
    ways = Counter(SupplyOption.objects.filter(in_plan=False).values_list("code", flat=True))
    code, _count = ways.most_common(1)[0]
    page.goto(f"{visitor.origin}/supply/?code={code}")
    boxes = page.locator("[data-option]")
    assert boxes.count() >= 3
    for number in range(3):
        boxes.nth(number).check()
        page.locator("#together:has-text('Together:')").wait_for()
        boxes.nth(number).uncheck()
    boxes.nth(2).check()
    page.locator("#to-scenario:not([disabled])").click()
    page.locator("#together:has-text('Balancing')").wait_for()
    for job in Job.objects.filter(state=JobState.QUEUED, kind="balance"):
        assert run_job_now(job).state == JobState.DONE
    page.wait_for_url("**/supply/?version=*")
    scenario = Version.objects.get(kind=VersionKind.SCENARIO)
    value_plan(version_id=scenario.pk, actor=people["finance"])
    assert "Scenario:" in page.locator(".scnb").inner_text()

    # a rush order on top of it says whom it displaces
    page.click("#open-order")
    page.fill("#order-form [name=product]", "VOLKSWAGEN-ID-3")
    page.fill("#order-form [name=org]", "NL")
    page.fill("#order-form [name=due_date]", f"{format_month(DOWN)}-20")
    page.fill("#order-form [name=quantity]", "200")
    page.click("#order-form button[value=try]")
    page.locator("#basket li").wait_for()
    page.locator("#trial-facts:has-text('Served')").wait_for()

    # the same figures in units and money on the supply, finance and executive pages
    page.goto(f"{visitor.origin}/supply/?version={scenario.pk}")
    heading = page.locator("h1").inner_text()
    found = re.search(r"([\d,]+) units", heading)
    assert found, heading
    short = _figure(found[1])
    assert 0 < short < base_short
    finance = visitor.open(f"/presop/?version={scenario.pk}", user=people["finance"])
    assert f"{short:,}" in finance.locator("#scenarios").inner_text()
    volume = finance.locator("tr:has(td:text-is('Volume')) td").nth(2).inner_text()
    executive = visitor.open(f"/executive/?version={scenario.pk}", user=people["executive"])
    assert volume in executive.locator("main").inner_text()
    meeting = visitor.open(f"/meeting/supply_review/?version={scenario.pk}", user=people["production"])
    assert f"{short:,} units" in meeting.locator("h1").inner_text()
