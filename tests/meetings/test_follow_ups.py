"""Actions that answer a deviation or an assumption: who may promise them, and that both pages show them (R-042)."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from core.errors import InvalidInput, Missing
from cycles.models import Cycle
from demand.follow_ups import load_follow_ups
from demand.models import Assumption
from demand.selectors.deviations import DeviationPlace
from demand.services import add_assumption, carry_assumptions
from masterdata.models import Org, Product
from meetings.boards import DemandMeetingBoard
from meetings.models import ActionItem
from meetings.services import add_action, move_action
from tests.demand.test_accuracy_figures import closed  # noqa: F401
from tests.demand.test_review import looked_back  # noqa: F401
from tests.demand.world import MONTH
from tests.factories import make_user

DUE = dt.date(2026, 6, 20)


@pytest.fixture
def people(db):
    return {
        "demand": make_user("demand_lead"),
        "south": make_user("sales", username="south", orgs=("SOUTH",)),
        "purchasing": make_user("purchasing"),
    }


def place_of(world, product="E7", org="NORTH", month=MONTH - 1):
    return DeviationPlace(Product.objects.get(code=product), Org.objects.get(code=org), month)


def promise(world, actor, **about):
    return add_action(cycle=world.cycle, title="Ask the fleet", owner=actor, due=DUE, actor=actor, **about)


def test_a_deviation_shows_its_actions(looked_back, people, client):  # noqa: F811
    world = looked_back
    client.force_login(people["demand"])
    body = {
        "title": "Ask the fleet buyer", "owner": "purchasing", "due": "2026-06-20", "back": "/demand/review/",
        "product": "NEV", "org": "NORTH", "month": "2026-05",
    }  # fmt: skip
    answer = client.post(f"/cycle/add_action/?cycle={world.cycle}", body)
    assert (answer.status_code, answer["Location"]) == (302, "/demand/review/")
    action = ActionItem.objects.get()
    assert (action.owner, action.initiator) == (people["purchasing"], people["demand"])
    (found,) = load_follow_ups(world.cycle).deviations.values()
    assert (found[0].title, found[0].owner, found[0].due) == ("Ask the fleet buyer", str(people["purchasing"]), DUE)
    text = client.get(f"/demand/review/?cycle={world.cycle}").content.decode()
    assert "1 action" in text
    assert "Ask the fleet buyer" in text
    board = DemandMeetingBoard(world.cycle, people["demand"])
    assert board.actions == [action]
    assert [len(row.actions) for row in board.review.shown if row.product.code == "NEV"] == [1]


def test_an_action_follows_its_assumption_into_the_next_cycle(looked_back, people, client):  # noqa: F811
    world, lead = looked_back, people["demand"]
    assumption = add_assumption(cycle=world.cycle, text="Fleet orders come", actor=lead)
    action = promise(world, lead, assumption=assumption)
    assert list(load_follow_ups(world.cycle).assumptions) == [assumption.pk]
    following = Cycle.objects.create(month=world.cycle.month + 1, horizon=18)
    carry_assumptions(cycle=following, previous=world.cycle)
    carried = Assumption.objects.get(cycle=following)
    (found,) = load_follow_ups(following).assumptions[carried.pk]
    assert found.title == action.title
    move_action(action=action, state="done", actor=lead)
    client.force_login(lead)
    assert "1 action" in client.get(f"/demand/assumptions/?cycle={world.cycle}").content.decode()


def test_nobody_promises_about_what_lies_outside_the_own_scope(looked_back, people):  # noqa: F811
    world, lead, south = looked_back, people["demand"], people["south"]
    northern = add_assumption(cycle=world.cycle, text="North", org=Org.objects.get(code="NORTH"), actor=lead)
    with pytest.raises(Missing):
        promise(world, south, deviation=place_of(world))
    with pytest.raises(Missing):
        promise(world, south, assumption=northern)
    assert not ActionItem.objects.exists()
    assert promise(world, south, deviation=place_of(world, org="SOUTH")).deviation_org.code == "SOUTH"


def test_an_action_answers_one_thing_of_a_closed_month_of_its_cycle(looked_back, people):  # noqa: F811
    world, lead = looked_back, people["demand"]
    assumption = add_assumption(cycle=world.cycle, text="x", actor=lead)
    other = add_assumption(cycle=Cycle.objects.create(month=MONTH + 1, horizon=18), text="y", actor=lead)
    for about in (
        {"deviation": place_of(world, month=MONTH)},
        {"deviation": place_of(world), "assumption": assumption},
        {"assumption": other},
    ):
        with pytest.raises(InvalidInput):
            promise(world, lead, **about)
    assert not ActionItem.objects.exists()


def test_the_same_over_rest(looked_back, people, client):  # noqa: F811
    world = looked_back
    client.force_login(people["south"])

    def post(**about):
        body = {"title": "x", "owner": "south", "due": "2026-06-20", **about}
        path = f"/api/v1/cycles/{world.cycle}/actions/"
        return client.post(path, json.dumps(body), content_type="application/json")

    deviation = {"product": "E7", "org": "SOUTH", "month": "2026-05"}
    made = post(deviation=deviation)
    assert made.status_code == 201, made.content
    assert made.json()["deviation"] == deviation
    assert post(deviation={**deviation, "org": "NORTH"}).status_code == 404
    assert post(assumption=99999).status_code == 404
    assert ActionItem.objects.count() == 1
