"""Buttons pressed twice, on old pages or at the end of the cycle: one effect, a sentence, never more."""

import pytest
from django.test import Client

from cycles.choices import CycleState
from cycles.models import Cycle
from cycles.services import advance_cycle
from meetings.choices import DecisionState
from meetings.services import edit_decision, propose_decision
from tests.meetings.sitting import sit, walk_to

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_of_november", "only_people_gates")]


def press(user, cycle, command, **fields) -> str:
    """Press a button as ``user``; the sentence the next page shows."""
    client = Client()
    client.force_login(user)
    answer = client.post(f"/cycle/{command}/", {"cycle": str(cycle), "back": "/jobs/", **fields}, follow=True)
    assert answer.status_code == 200
    cycle.refresh_from_db()
    return " ".join(str(message) for message in answer.context["messages"])


def test_start_pressed_again_does_not_close_the_business_review(cycle, users):
    sit(cycle, users)
    assert press(users["coordinator"], cycle, "start", step="business_review")
    assert cycle.state == CycleState.COLLECTING


def test_a_signature_pressed_twice_is_one_and_says_so_twice(cycle, users):
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    sit(cycle, users)
    for _again in range(2):
        sentence = press(users["demand_lead"], cycle, "sign", step="demand_review")
        assert sentence == "Done. The cycle is now in “supply review”."
    assert cycle.state == CycleState.SUPPLY_REVIEW


def test_a_button_of_an_old_page_moves_nothing_further(cycle, users):
    """The coordinator signs Pre-S&OP on a page where the cycle still stood in the business review."""
    walk_to(cycle, CycleState.PRE_SOP, users)
    sit(cycle, users)
    assert "Look again" in press(users["coordinator"], cycle, "sign", step="business_review")
    assert cycle.state == CycleState.PRE_SOP


@pytest.mark.parametrize("command", ["start", "sign", "approve", "release", "close", "waive_gate", "roll", "reopen"])
def test_at_the_end_of_a_cycle_every_button_answers_with_a_sentence(cycle, users, command):
    walk_to(cycle, CycleState.RELEASED, users)
    advance_cycle(cycle=cycle, to=CycleState.CLOSED, actor=users["coordinator"])
    fields = {"step": "release", "gate": "attendance", "reason": "Because."}
    assert press(users["coordinator"], cycle, command, **fields)
    assert cycle.state == CycleState.CLOSED
    assert Cycle.objects.count() == (2 if command == "roll" else 1)


def test_nobody_decides_for_an_option_that_became_another(cycle, users):
    walk_to(cycle, CycleState.EXECUTIVE, users)
    options = [{"code": "A", "title": "Third shift"}, {"code": "B", "title": "Accept the shortage"}]
    item = propose_decision(cycle=cycle, question="E7?", options=options, actor=users["supply_lead"])
    seen = item.revision
    swapped = [{"code": "A", "title": "Accept the shortage"}, {"code": "B", "title": "Third shift"}]
    edit_decision(decision=item, actor=users["supply_lead"], options=swapped)
    words = {"number": item.number, "verdict": "approved", "option": "A"}
    assert "Look again" in press(users["executive"], cycle, "decide", revision=seen, **words)
    item.refresh_from_db()
    assert item.state == DecisionState.PROPOSED
    for _again in range(2):
        assert "approved" in press(users["executive"], cycle, "decide", revision=item.revision, **words)
    item.refresh_from_db()
    assert (item.state, item.chosen_option) == (DecisionState.APPROVED, "A")
