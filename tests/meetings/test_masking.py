"""Costs, profit and margins on the meeting pages, on paper and over REST: per role, field by field (R-102).

Prices are large enough that every hidden figure has its own digits: A1 and B1 sell for 1,000,000 and cost 400,000 +
100,000 + 50,000, so a unit's margin is 450,000. 41 A1 are short: 18,450,000 of margin, 41,000,000 of revenue.
"""

from __future__ import annotations

import datetime as dt
import json

import pytest

from accounts.choices import Role
from accounts.policies import POLICY, can
from core import formats
from core.jobs import enqueue_job, run_job_now
from cycles.selectors.year import get_year
from finance.selectors import MoneyView
from finance.services import value_plan
from masterdata.models import Cost, Price, Target
from masterdata.selectors import get_company
from meetings.masking import keep_hidden, mask_option
from meetings.services import add_risk, propose_decision
from plans.selectors import get_working_version

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_of_november", "only_people_gates")]
READERS = sorted(POLICY["plan.read"])
PAGES = ("/presop/", "/executive/?p=1", "/executive/?p=2")
STAKE, GAIN, COST, RISK = 7_654_321_00, 6_543_210_00, 5_432_109_00, 4_321_098_00
EFFECTS = {"units": 33, "revenue": 3_210_987_00, "gain": GAIN, "cost": COST}
OPTION = {"code": "A", "title": "Third shift", "effects": EFFECTS}


@pytest.fixture
def dear(short_plan, users):
    Price.objects.update(price=1_000_000)
    Cost.objects.update(material_cost=400_000, labour_cost=100_000, overhead_cost=50_000)
    version = get_working_version(short_plan)
    value_plan(version_id=version.pk, actor=users["finance"])
    for month in get_year(short_plan).months:
        Target.objects.create(kind="budget", month=month, quantity=160, revenue=160_000_000, profit=71_234_567)
    propose_decision(
        cycle=short_plan,
        actor=users["coordinator"],
        question="A third shift?",
        options=[OPTION],
        money_at_stake=STAKE,
        decide_by=dt.date(2026, 12, 1),
    )
    risk = {"kind": "risk", "title": "Subsidy ends", "probability_percent": 50, "money": -RISK}
    add_risk(cycle=short_plan, actor=users["coordinator"], **risk)
    return short_plan


def hidden_words(cycle) -> dict[str, set[str]]:
    """Page → how its hidden figures are written."""
    company, year = get_company(), get_year(cycle)
    view = MoneyView(version_id=get_working_version(cycle).pk, months=year.months)
    columns = view.columns()
    plan, budget = columns[1], columns[2]
    stake = formats.money(STAKE, company)
    gap = max(view.gaps(), key=lambda found: found.margin_lost)
    return {
        "/presop/": {
            formats.money_cell(plan.profit, company),
            formats.money_cell(budget.profit, company),
            f"{100 * plan.margin:.2f}",
            formats.money(gap.margin_lost, company),
            stake,
        },
        "/executive/?p=1": {
            formats.money(plan.profit, company).removesuffix(" bn").removesuffix(" m"),
            formats.number(100 * plan.margin, 1),
            formats.money(-RISK, company, sign=True),
            stake,
        },
        "/executive/?p=2": {
            stake,
            formats.money(GAIN, company, sign=True),
            formats.money(COST, company),
            str(GAIN),
            str(MoneyView(version_id=get_working_version(cycle).pk).statement().total("profit")),
        },
    }


@pytest.mark.parametrize("role", READERS)
def test_pages_hide_costs_and_profit_from_roles_that_may_not_see_them(dear, users, client, role):
    words = hidden_words(dear)
    client.force_login(users[role])
    may_see = can(users[role], "finance.view_costs")
    for path in PAGES:
        html = client.get(path).content.decode()
        found = {word for word in words[path] if word in html}
        assert found == (words[path] if may_see else set()), path
        assert ("hidden for your role" in html) is not may_see, path
    revenue = formats.money_cell(MoneyView(version_id=get_working_version(dear).pk, months=get_year(dear).months)
                                 .statement().total("revenue"), get_company())  # fmt: skip
    assert revenue in client.get("/presop/").content.decode()


@pytest.mark.parametrize("role", READERS)
def test_rest_hides_them_too(dear, users, client, role):
    client.force_login(users[role])
    [decision] = client.get("/api/v1/cycles/2026-11/decisions/").json()["results"]
    [risk] = client.get("/api/v1/cycles/2026-11/risks/").json()["results"]
    effects = decision["options"][0]["effects"]
    assert (effects["units"], effects["revenue"]) == (33, 3_210_987_00)
    if can(users[role], "finance.view_costs"):
        assert (decision["money_at_stake"], decision["masked"]) == (STAKE, [])
        assert (effects["gain"], effects["cost"]) == (GAIN, COST)
        assert (risk["money"], risk["expected_money"], risk["masked"]) == (-RISK, -RISK // 2, [])
    else:
        assert (decision["money_at_stake"], decision["masked"]) == (None, ["money_at_stake"])
        assert (effects["gain"], effects["cost"]) == (None, None)
        assert (risk["money"], risk["expected_money"], risk["masked"]) == (None, None, ["money", "expected_money"])


def test_who_edits_an_option_without_seeing_its_cost_does_not_lose_it(dear, users, client):
    client.force_login(users[Role.SALES])
    path = "/api/v1/cycles/2026-11/decisions/1/"
    seen = client.get(path)
    option = {**seen.json()["options"][0], "title": "Third shift from January"}
    option["effects"] = {**option["effects"], "units": 30}
    answer = client.patch(
        path, json.dumps({"options": [option]}), content_type="application/json", headers={"If-Match": seen["ETag"]}
    )
    assert answer.status_code == 200
    [stored] = dear.decisions.get().options
    assert stored["title"] == "Third shift from January"
    assert stored["effects"] == {"units": 30, "revenue": 3_210_987_00, "gain": GAIN, "cost": COST}


def test_an_effect_nobody_named_is_hidden_by_default():
    option = {"code": "A", "effects": {"units": 1, "bonus": 2}}
    assert mask_option(option, sees_costs=False)["effects"] == {"units": 1, "bonus": None}
    assert mask_option(option, sees_costs=True) == option
    assert keep_hidden([{"code": "B", "effects": {"bonus": 9}}], [option]) == [{"code": "B", "effects": {}}]


def test_results_of_jobs_everybody_may_read_name_no_profit(dear, users, client):
    job = run_job_now(
        enqueue_job(kind="finance", scope={"version": get_working_version(dear).pk}, actor=users["supply_lead"])
    )
    assert job.result["revenue"] > 0
    assert "profit" not in job.result
