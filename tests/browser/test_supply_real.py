"""Real car registrations: a line down for a month, a battery limit and a rush order, taken through the pages."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from urllib.parse import urljoin

import numpy as np
import pytest

from core.choices import JobState
from core.formats import money, money_cell, number, signed
from core.jobs import run_job_now
from core.models import Job
from core.months import format_month, parse_month
from cycles.services import start_cycle
from finance.services import value_plan
from masterdata.models import Org, Product
from masterdata.selectors import get_company
from masterdata.services import import_folder
from meetings.models import Decision
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
MEASURES = ("consensus", "constrained", "revenue", "profit")
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


def _run_jobs() -> None:
    """What the worker would do, until nothing waits: a balance, then its money."""
    while job := Job.objects.filter(state=JobState.QUEUED).order_by("pk").first():
        assert run_job_now(job).state == JobState.DONE


def _wait_for_the_scenario(page) -> Version:
    page.locator("#together:has-text('Balancing'), #trial-facts:has-text('Balancing')").first.wait_for()
    _run_jobs()
    page.wait_for_url("**/supply/?version=*")
    return Version.objects.get(kind=VersionKind.SCENARIO)


def _told(page, version: Version, *measures: str) -> list[int]:
    """What REST says of the twelve months, summed over all its lines; smallest and minor units."""
    query = f"measure={','.join(measures)}&from={format_month(START)}&to={format_month(START + HORIZON - 1)}"
    answer = page.request.get(urljoin(page.url, f"/api/v1/plans/{version.pk}/cells/?{query}"))
    assert answer.ok, answer.text()
    sums: Counter[str] = Counter()
    for line in answer.json()["lines"]:
        cent = 100 if line["unit"] == "money" else 1
        sums[line["measure"]] += sum(round(Decimal(str(value or 0)) * cent) for value in line["values"])
    return [sums[code] for code in measures]


def check_the_same_figures_everywhere(visitor, people, version: Version) -> dict[str, int]:
    """Supply, meeting, finance and executive pages print what REST says, each by the one formatter."""
    company, address = get_company(), f"?version={version.pk}"
    supply = visitor.open(f"/supply/{address}", user=people["supply_lead"])
    told = dict(zip(MEASURES, _told(supply, version, *MEASURES), strict=True))
    short = _told(supply, version, "short")[0]
    in_words = {
        "consensus": number(told["consensus"]),
        "constrained": number(told["constrained"]),
        "revenue": money(told["revenue"], company),
        "profit": money(told["profit"], company),
    }
    meeting = visitor.open(f"/meeting/supply_review/{address}", user=people["supply_lead"])
    for page in (supply, meeting):
        for code, words in in_words.items():
            assert page.locator(f"[data-figure={code}] .fig").inner_text() == words
        assert page.locator("[data-figure=short] dd").inner_text().startswith(number(short))
        assert f"{number(short)} units" in page.locator("h1").inner_text()

    finance = visitor.open(f"/presop/{address}", user=people["finance"])
    row = {label: f"tr:has(> td:first-child:text-is('{label}'))" for label in ("Volume", "Revenue", "Profit")}
    constrained = {label: finance.locator(f"{css} td").nth(2).inner_text() for label, css in row.items()}
    assert constrained == {
        "Volume": in_words["constrained"],
        "Revenue": money_cell(told["revenue"], company),
        "Profit": money_cell(told["profit"], company),
    }
    assert finance.locator(f"{row['Volume']} td").nth(1).inner_text() == in_words["consensus"]
    position = 0 if version.kind == VersionKind.WORKING else 1
    compared = finance.locator("#scenarios tbody tr")
    assert [compared.nth(line).locator("td.num").nth(position).inner_text() for line in range(3)] == [
        money_cell(told["revenue"], company), money_cell(told["profit"], company), number(short)
    ]  # fmt: skip

    executive = visitor.open(f"/executive/{address}", user=people["executive"])
    heads = executive.locator(".exec-heads .kpi")
    shown = [" ".join(text.split()) for text in heads.locator(".v").all_inner_texts()]
    assert (shown[0], shown[1], shown[3]) == (
        in_words["revenue"], in_words["profit"], f"{in_words['constrained']} units"
    )  # fmt: skip
    return told | {"short": short}


def test_from_the_cause_over_three_options_to_the_same_figures_everywhere(visitor, people, check_accessibility):
    company, base = get_company(), Version.objects.get(kind=VersionKind.WORKING)
    before = check_the_same_figures_everywhere(visitor, people, base)
    page = visitor.open("/supply/", user=people["supply_lead"])
    reasons = page.locator("section:has(> header h2:text-is('Shortages')) tbody").inner_text()
    assert "Battery pack: the supplier delivers no more" in reasons
    causes = set(Shortage.objects.filter(is_confirmed=True).values_list("cause", "code", "cause_month"))
    assert ("resource", "VOLKSWAGEN-LINE-BEV", DOWN) in causes
    assert any(kind == "supplier" and code == "BATTERY" for kind, code, _month in causes)

    # the heat map's cell says what one more hour is worth there
    page.locator(f"td[data-code='VOLKSWAGEN-LINE-BEV'][data-month='{DOWN}']").click()
    page.locator("#worth:not([hidden])").wait_for()
    page.wait_for_selector("#what-if:not([aria-busy])")

    # three options compared, put on the decision list, one of them tried in a scenario
    ways = Counter(SupplyOption.objects.filter(in_plan=False).values_list("code", flat=True))
    code, _count = ways.most_common(1)[0]
    page.goto(f"{visitor.origin}/supply/?code={code}")
    boxes = page.locator("[data-option]")
    assert boxes.count() >= 3
    offered = [SupplyOption.objects.get(pk=boxes.nth(n).get_attribute("data-option")) for n in range(3)]
    for n, option in enumerate(offered):
        boxes.nth(n).check()
        page.locator("#together:has-text('Together:')").wait_for()
        gain = money(option.gain, company, sign=True)
        assert page.locator("#together").inner_text() == f"Together: {signed(option.units)} units · {gain}"
        assert gain in page.locator(f"tr:has([data-option='{option.pk}'])").inner_text()
        boxes.nth(n).uncheck()
    for n in range(3):
        boxes.nth(n).check()
    page.locator("#to-decisions:not([disabled])").click()
    page.locator("#together a:has-text('On the decision list as number 1')").wait_for()
    assert [option["supply_option"] for option in Decision.objects.get().options] == [o.pk for o in offered]
    for n in range(2):
        boxes.nth(n).uncheck()
    page.locator("#to-scenario:not([disabled])").click()
    scenario = _wait_for_the_scenario(page)
    assert "Scenario:" in page.locator(".scnb").inner_text()
    taken = offered[2]
    with_option = check_the_same_figures_everywhere(visitor, people, scenario)
    assert with_option["constrained"] - before["constrained"] == taken.units > 0
    assert with_option["consensus"] == before["consensus"]

    # a rush order on top of it says whom it displaces, and is kept in the same scenario
    page.click("#open-order")
    page.fill("#order-form [name=product]", "VOLKSWAGEN-ID-3")
    page.fill("#order-form [name=org]", "NL")
    page.fill("#order-form [name=due_date]", f"{format_month(DOWN)}-20")
    page.fill("#order-form [name=quantity]", "200")
    page.click("#order-form button[value=try]")
    page.locator("#trial-facts:has-text('Served')").wait_for()
    assert page.locator("#trial-facts").inner_text().split("\n")[:4] == ["Order", "200", "Served", "200"]
    losers = page.locator("#losers li").all_inner_texts()
    assert losers
    assert all("NL" not in text for text in losers)
    page.click("#keep-trial")
    assert _wait_for_the_scenario(page).pk == scenario.pk
    page.locator(".taken:has-text('Rush order')").wait_for()
    assert "200 Volkswagen ID.3 for NL" in page.locator(".taken").inner_text()
    with_order = check_the_same_figures_everywhere(visitor, people, scenario)
    assert with_order["consensus"] == before["consensus"] + 200
    page.goto(f"{visitor.origin}/supply/?version={scenario.pk}")
    assert page.locator("[data-figure=consensus] dd span").inner_text() == "+200"
    check_accessibility(page)

    # the plan itself stays as it was; the executive decides about the options with the same effects
    assert check_the_same_figures_everywhere(visitor, people, base) == before
    page = visitor.open("/executive/?p=2", user=people["executive"])
    panel = page.locator(".exec-body:not([hidden])")
    for option in offered:
        text = panel.locator(f".opt:has([data-units='{option.units}'])").first.inner_text()
        assert money(option.gain, company, sign=True) in text
        assert money(option.cost, company) in text
