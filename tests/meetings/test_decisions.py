"""Decisions, actions, risks and conflicts: states, four eyes, dates, carrying over."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from core import audit
from core.errors import Conflict as ConflictError
from core.errors import Denied, GuardFailed, InvalidInput
from core.models import AuditEntry
from cycles.choices import CycleState
from cycles.selectors import list_readiness
from cycles.services import advance_cycle, roll_cycle
from meetings.choices import DecisionState
from meetings.models import Decision, Risk
from meetings.selectors import is_overdue, list_actions, list_decisions, list_risks, list_undecided
from meetings.services import (
    add_action,
    add_risk,
    close_risk,
    decide,
    edit_decision,
    edit_risk,
    escalate,
    implement,
    move_action,
    propose_decision,
    raise_conflict,
    settle_conflict,
    verify_action,
    verify_decision,
)
from tests.factories import make_user
from tests.meetings.sitting import walk_to

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_of_november", "only_people_gates")]
OPTIONS = [
    {"code": "A", "title": "Third shift", "effects": {"units": 910, "cost": 3_200_000}},
    {"code": "B", "title": "Accept the shortage", "effects": {"units": 0}},
]
SOON = dt.date(2026, 12, 21)


@pytest.fixture
def item(cycle, users):
    walk_to(cycle, CycleState.PRE_SOP, users)
    return propose_decision(
        cycle=cycle, question="Close the E7 gap?", options=OPTIONS, actor=users["supply_lead"], money_at_stake=4_510_000
    )


def test_a_decision_from_proposal_to_verification(item, users):
    assert (item.number, item.state, item.proposed_by) == (1, "proposed", users["supply_lead"])
    decided = decide(decision=item, verdict="approved", option="A", actor=users["executive"])
    assert (decided.state, decided.chosen_option, decided.decided_by) == ("approved", "A", users["executive"])
    assert decided.decided_at is not None
    done = implement(decision=decided, note="Shift runs.", actor=users["production"])
    with pytest.raises(Denied):
        verify_decision(decision=done, actor=users["production"])
    assert verify_decision(decision=done, actor=users["coordinator"]).state == "verified"
    verbs = AuditEntry.objects.filter(verb__startswith="meetings.decision.").order_by("seq")
    assert [verb.split(".")[-1] for verb in verbs.values_list("verb", flat=True)] == [
        "proposed",
        "approved",
        "implemented",
        "verified",
    ]


@pytest.mark.parametrize("role", ["sales", "supply_lead", "coordinator", "finance", "admin", "api_client", "supplier"])
def test_only_the_executive_decides(item, users, role):
    with pytest.raises(Denied):
        decide(decision=item, verdict="approved", option="A", actor=users[role])
    item.refresh_from_db()
    assert item.state == "proposed"


def test_who_proposed_does_not_decide(cycle, users):
    walk_to(cycle, CycleState.PRE_SOP, users)
    own = propose_decision(cycle=cycle, question="Mine?", actor=users["executive"])
    with pytest.raises(Denied) as refusal:
        decide(decision=own, verdict="approved", actor=users["executive"])
    assert refusal.value.code == "four_eyes"
    own.state, own.decided_by, own.decided_at = "approved", users["executive"], own.proposed_at
    with pytest.raises(IntegrityError), transaction.atomic():
        own.save()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"verdict": "approved"}, "option_missing"),
        ({"verdict": "approved", "option": "Z"}, "option_missing"),
        ({"verdict": "deferred", "note": "later"}, "date_missing"),
        ({"verdict": "deferred", "deferred_to": SOON}, "text_missing"),
        ({"verdict": "rejected"}, "text_missing"),
        ({"verdict": "verified"}, "unknown_verdict"),
    ],
)
def test_a_decision_says_what_how_and_when(item, users, words, code):
    with pytest.raises(InvalidInput) as refusal:
        decide(decision=item, actor=users["executive"], **words)
    assert refusal.value.code == code
    item.refresh_from_db()
    assert (item.state, item.decided_by) == ("proposed", None)


def test_the_same_word_twice_is_one_decision_another_word_is_a_conflict(item, users):
    decide(decision=item, verdict="approved", option="A", actor=users["executive"])
    decide(decision=item, verdict="approved", option="A", actor=users["executive"])
    assert AuditEntry.objects.filter(verb="meetings.decision.approved").count() == 1
    with pytest.raises(ConflictError):
        decide(decision=item, verdict="rejected", note="No.", actor=users["executive"])


def test_items_are_decided_in_the_last_two_meetings_only(cycle, users):
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    early = propose_decision(cycle=cycle, question="Early?", actor=users["sales"])
    with pytest.raises(ConflictError):
        decide(decision=early, verdict="approved", actor=users["executive"])


def test_an_old_revision_is_refused(item, users):
    edit_decision(decision=item, actor=users["supply_lead"], revision=0, recommendation="A")
    with pytest.raises(ConflictError):
        edit_decision(decision=item, actor=users["finance"], revision=0, recommendation="B")
    item.refresh_from_db()
    assert (item.recommendation, item.revision) == ("A", 1)


def test_a_draft_is_proposed_later_and_does_not_count_before(cycle, users):
    draft = propose_decision(cycle=cycle, question="Maybe?", actor=users["sales"], draft=True, must_decide=False)
    assert (draft.state, draft.proposed_by) == ("draft", None)
    proposed = edit_decision(decision=draft, actor=users["sales"], propose=True, must_decide=True)
    assert (proposed.state, proposed.proposed_by) == ("proposed", users["sales"])
    assert list(list_undecided(cycle)) == [proposed]


@pytest.mark.parametrize(
    "options",
    [
        [{"code": "A", "title": "x"}, {"code": "A", "title": "y"}],
        [{"code": "", "title": "x"}],
        [{"code": "A", "title": " "}],
        [{"code": "A", "title": "x", "effects": {"units": "many"}}],
        [{"code": "A", "title": "x", "effects": [1]}],
        [{"code": "A", "title": "x", "colour": "red"}],
        [{"code": "A", "title": "x", "scenario": 999}],
        [{"code": str(n), "title": "x"} for n in range(6)],
    ],
)
def test_malformed_options_are_refused(cycle, users, options):
    with pytest.raises(InvalidInput):
        propose_decision(cycle=cycle, question="What?", options=options, actor=users["sales"])
    assert Decision.objects.count() == 0


def test_the_list_puts_open_and_dear_items_first(cycle, users):
    walk_to(cycle, CycleState.PRE_SOP, users)
    for question, money in [("small", 10), ("large", 1000), ("gone", 5000)]:
        propose_decision(cycle=cycle, question=question, money_at_stake=money, actor=users["sales"])
    gone = Decision.objects.get(question="gone")
    decide(decision=gone, verdict="rejected", note="No.", actor=users["executive"])
    escalate(decision=Decision.objects.get(question="small"), note="No agreement.", actor=users["coordinator"])
    assert [decision.question for decision in list_decisions(cycle)] == ["small", "large", "gone"]


def test_a_conflict_keeps_both_positions_and_ends(cycle, users):
    walk_to(cycle, CycleState.PRE_SOP, users)
    words = {"position_a": "Build 400 for the fair.", "position_b": "No hours in December."}
    with pytest.raises(InvalidInput):
        raise_conflict(cycle=cycle, subject="Fair", party_a="sales", party_b="sales", actor=users["sales"], **words)
    conflict = raise_conflict(
        cycle=cycle, subject="Fair stock", party_a="sales", party_b="production", actor=users["sales"], **words
    )
    blocked = {line.code for line in list_readiness(cycle) if not line.is_met}
    assert "conflicts" in blocked
    with pytest.raises(InvalidInput):
        settle_conflict(conflict=conflict, state="deferred", outcome="Later.", actor=users["coordinator"])
    settle_conflict(conflict=conflict, state="escalated", outcome="Build 200.", actor=users["coordinator"])
    decision = conflict.decision
    assert (decision.state, decision.must_decide, decision.question) == ("proposed", True, "Fair stock")
    assert [option["title"] for option in decision.options] == list(words.values())
    assert "conflicts" not in {line.code for line in list_readiness(cycle) if not line.is_met}
    with pytest.raises(ConflictError):
        settle_conflict(conflict=conflict, state="decided", outcome="x", actor=users["coordinator"])


def test_an_action_has_an_owner_a_follower_and_a_date(cycle, users):
    action = add_action(
        cycle=cycle, title="Lock packs", owner=users["purchasing"], due=SOON, actor=users["demand_lead"]
    )
    assert (action.initiator, action.follower) == (users["demand_lead"], users["demand_lead"])
    assert not is_overdue(action, today=SOON)
    assert is_overdue(action, today=SOON + dt.timedelta(days=1))
    with pytest.raises(Denied):
        move_action(action=action, state="done", actor=users["sales"])
    done = move_action(action=action, state="done", actor=users["purchasing"], result="Ordered 900.")
    assert (done.state, done.result) == ("done", "Ordered 900.")
    assert done.done_at is not None
    assert not is_overdue(done, today=SOON + dt.timedelta(days=9))
    with pytest.raises(Denied):
        verify_action(action=done, actor=users["purchasing"])
    assert verify_action(action=done, actor=users["demand_lead"]).state == "verified"
    with pytest.raises(ConflictError):
        move_action(action=action, state="done", actor=users["purchasing"])


def test_nothing_is_promised_by_a_robot_or_cancelled_without_reason(cycle, users):
    with pytest.raises(InvalidInput):
        add_action(cycle=cycle, title="x", owner=users["api_client"], due=SOON, actor=users["sales"])
    action = add_action(cycle=cycle, title="x", owner=users["sales"], due=SOON, actor=users["sales"])
    with pytest.raises(InvalidInput):
        move_action(action=action, state="cancelled", actor=users["sales"])
    assert move_action(action=action, state="cancelled", result="Moot.", actor=users["sales"]).state == "cancelled"


@given(
    money=st.integers(-(10**15), 10**15),
    percent=st.integers(0, 100),
)
def test_expected_money_is_rounded_probability_times_money(money, percent):
    risk = Risk(money=money, probability_percent=percent)
    assert abs(risk.expected_money * 100 - money * percent) <= 50
    assert risk.expected_money == -Risk(money=-money, probability_percent=percent).expected_money


def test_risks_by_expected_money_and_bounds(cycle, users):
    actor = users["sales"]
    likely = add_risk(cycle=cycle, kind="risk", title="Rival", probability_percent=40, money=-1000, actor=actor)
    add_risk(cycle=cycle, kind="opportunity", title="City", probability_percent=10, money=2000, actor=actor)
    assert [risk.expected_money for risk in list_risks(cycle)] == [-400, 200]
    for words in ({"probability_percent": 101}, {"probability_percent": True}, {"money": 10**16}):
        with pytest.raises(InvalidInput):
            edit_risk(risk=likely, actor=actor, **words)
    assert edit_risk(risk=likely, actor=actor, probability_percent=5).revision == 1
    assert [risk.title for risk in list_risks(cycle)] == ["City", "Rival"]
    assert close_risk(risk=likely, state="happened", actor=actor).state == "happened"
    with pytest.raises(ConflictError):
        edit_risk(risk=likely, actor=actor, money=1)


def test_rolling_carries_open_actions_deferred_items_and_open_risks(cycle, users):
    walk_to(cycle, CycleState.PRE_SOP, users)
    executive, sales = users["executive"], users["sales"]
    deferred = propose_decision(cycle=cycle, question="Plant 3?", actor=sales, money_at_stake=7)
    decide(decision=deferred, verdict="deferred", deferred_to=SOON, note="Study first.", actor=executive)
    done = add_action(cycle=cycle, title="done", owner=sales, due=SOON, actor=sales)
    move_action(action=done, state="done", actor=sales)
    verify_action(action=done, actor=users["coordinator"])
    add_action(cycle=cycle, title="open", owner=sales, due=SOON, actor=sales)
    add_risk(cycle=cycle, kind="risk", title="Rival", probability_percent=40, money=-1000, actor=sales)
    closed = add_risk(cycle=cycle, kind="risk", title="Gone", probability_percent=40, money=-1, actor=sales)
    close_risk(risk=closed, state="closed", actor=sales)
    walk_to(cycle, CycleState.RELEASED, users)
    with pytest.raises(GuardFailed, match="1 action is open"):
        advance_cycle(cycle=cycle, to="closed", actor=users["coordinator"])
    following = roll_cycle(cycle=cycle, actor=users["coordinator"])
    roll_cycle(cycle=cycle, actor=users["coordinator"])
    assert [(a.title, a.cycle) for a in list_actions(following)] == [("open", cycle)]
    assert [a.title for a in list_actions(cycle)] == ["done"]
    carried = list_decisions(following).get()
    assert (carried.question, carried.state, carried.decide_by, carried.continues) == (
        "Plant 3?",
        DecisionState.PROPOSED,
        SOON,
        deferred,
    )
    assert [risk.title for risk in list_risks(following)] == ["Rival"]
    advance_cycle(cycle=cycle, to="closed", actor=users["coordinator"])
    for chain in audit.list_chains():
        assert audit.verify_chain(chain) is None


def test_items_are_numbered_within_the_cycle(cycle, users):
    other = make_user("sales", username="sales2")
    propose_decision(cycle=cycle, question="First?", actor=users["sales"])
    second = propose_decision(cycle=cycle, question="Second?", actor=other)
    assert second.number == 2
