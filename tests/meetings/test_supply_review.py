"""The supply meeting's page: the same plan as the workbench, in the demand's dimensions, levers by latest decision."""

import pytest
from django.test import Client

from meetings.boards import load_supply_review
from plans.services import create_working_version
from supply.selectors.dimensions import get_supply_answer
from supply.services.balance import run_balance
from tests.factories import make_cycle, make_user
from tests.supply.world import NOV, ask

pytestmark = pytest.mark.django_db


@pytest.fixture
def tight(company, users):
    """400 hours; 300 of A1 in the north and 200 of B1 in the south asked in November."""
    cycle = make_cycle("2026-11", state="supply_review")
    version = create_working_version(cycle=cycle, actor=None)
    ask(version, {("A1", "NORTH-1"): [300] + [200] * 17, ("B1", "SOUTH-1"): [200] + [100] * 17})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    return cycle, version


def test_the_answer_in_both_trees_adds_up(tight):
    _cycle, version = tight
    answer = get_supply_answer(version.pk, user=make_user("executive", username="boss"))
    assert answer.months[0] == NOV
    for rows in (answer.products, answer.orgs):
        assert sum(row.asked for row in rows) == 500 + 17 * 300
        assert sum(row.short for row in rows) == sum(row.by_month[0] for row in rows) == 100
        assert all(row.asked - row.served == row.short for row in rows)
    assert {row.code for row in answer.products} == {"A", "B"}
    assert {row.code for row in answer.orgs} == {"NORTH", "SOUTH"}


def test_a_limited_reader_sees_the_own_region_only(tight):
    _cycle, version = tight
    answer = get_supply_answer(version.pk, user=make_user("sales", username="south", orgs=("SOUTH",)))
    assert sum(row.asked for row in answer.orgs) == 200 + 17 * 100
    assert sum(row.asked for row in answer.products) == 200 + 17 * 100


def test_levers_stand_in_the_order_of_their_latest_decision(tight, users):
    cycle, _version = tight
    review = load_supply_review(cycle, users["supply_lead"])
    assert [row.decide_by for row in review.levers] == sorted(row.decide_by for row in review.levers)
    assert all(row.gain > 0 for row in review.levers)
    assert review.levers_total >= len(review.levers) >= 1
    assert review.supply.totals.quantity == 100


@pytest.mark.parametrize(("role", "sees"), [("supply_lead", True), ("production", False)])
def test_the_page_stands_with_its_panels_and_hides_money(tight, users, role, sees):
    client = Client()
    client.force_login(users[role])
    answer = client.get("/meeting/supply_review/")
    text = answer.content.decode()
    assert answer.status_code == 200
    for words in (
        "Load against capacity",
        "Shortages",
        "Demand, delivered, short",
        "Core material cover",
        "Policies to review",
        "What if:",
    ):
        assert words in text
    assert ("¥" in text) == sees
    assert client.get("/meeting/demand_review/").status_code == 200
