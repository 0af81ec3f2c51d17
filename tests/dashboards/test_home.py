"""The home page: its message, the data-currency bar, what needs a decision, tasks, departments."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from accounts.choices import Role
from accounts.policies import can
from core import formats
from cycles.choices import StepCode, SubmissionStatus
from cycles.models import Submission
from cycles.selectors import get_step
from cycles.services import submit_material
from dashboards.selectors.currency import list_run_standings
from dashboards.selectors.duties import list_duties
from dashboards.selectors.exceptions import ExceptionItem, load_exceptions
from dashboards.selectors.finder import find_things
from dashboards.selectors.headline import write_headline
from dashboards.selectors.home import load_home
from dashboards.selectors.submissions import DepartmentLine, list_department_lines
from meetings.services import add_action, propose_decision
from tests.factories import make_cycle, make_user


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def review(users):
    """November 2026 in its demand review."""
    return make_cycle("2026-11", state="demand_review")


def _line(is_in: bool) -> DepartmentLine:
    return DepartmentLine("sales", "Sales", "ok", "submitted", None, is_in, False, 0, 0)


def test_the_message_says_what_closes_when_and_who_is_missing(review):
    step = get_step(review, StepCode.DEMAND_REVIEW)
    headline = write_headline(review, [_line(True), _line(False), _line(False)])
    deadline = step.cutoff_at or step.due_at
    closes = f"Inputs close {formats.day_name(deadline)} at {formats.clock(deadline)}."
    assert headline.text == f"{closes} 2 of 3 departments are not in yet."
    assert headline.deadline == deadline
    assert write_headline(review, [_line(True), _line(False)]).text.endswith("1 of 2 departments is not in yet.")


def test_when_all_are_in_the_message_names_the_meeting(review):
    step = get_step(review, StepCode.DEMAND_REVIEW)
    day, time = formats.day_name(step.meets_at), formats.clock(step.meets_at)
    assert write_headline(review, [_line(True)]).text == f"Demand review meets {day} at {time}."


def test_missing_departments_come_first_and_handing_in_moves_them(review, users):
    before = list_department_lines(review)
    assert {line.kind for line in before} == {"bad"}
    step = get_step(review, StepCode.DEMAND_REVIEW)
    submit_material(step=step, department="production", content={"a": 1}, actor=users[Role.PRODUCTION])
    submit_material(step=step, department="sales", content={"a": 1}, actor=users[Role.SALES], draft=True)
    after = list_department_lines(review)
    assert [(line.department, line.kind, line.is_in) for line in after] == [
        ("supply", "bad", False),
        ("sales", "warn", False),
        ("production", "ok", True),
    ]


def test_reliability_counts_the_six_cycles_before(users):
    for offset in range(8, 0, -1):
        cycle = make_cycle(f"2026-{12 - offset:02d}", state="demand_review")
        step = get_step(cycle, StepCode.DEMAND_REVIEW)
        status = SubmissionStatus.SUBMITTED if offset in {1, 2, 8} else SubmissionStatus.LATE
        Submission.objects.filter(step=step, department="sales").update(status=status, submitted_at=timezone.now())
    current = make_cycle("2026-12", state="demand_review")
    sales = next(line for line in list_department_lines(current) if line.department == "sales")
    assert (sales.on_time, sales.due) == (2, 6), "the cycle eight months ago no longer counts"
    assert sales.is_unreliable


def _item(money: int | None, days: int | None) -> ExceptionItem:
    decide_by = None if days is None else timezone.localdate() + dt.timedelta(days=days)
    return ExceptionItem("", "", None, money, decide_by, "", "/")


def test_an_item_due_now_weighs_twice_one_far_away():
    assert _item(100, 0).weight == 200
    assert _item(100, -3).weight == 200
    assert _item(100, 45).weight == 150
    assert _item(100, 400).weight == _item(100, None).weight == 100
    assert _item(None, 0).weight == 0
    assert [_item(1, days).is_urgent for days in (7, 8)] == [True, False]


def test_decisions_are_ranked_and_the_share_of_the_money_is_told(review, users):
    today = timezone.localdate()
    for money, days in [(100, 60), (900, 80), (60, 0), (10, 30), (20, 30), (30, 30)]:
        propose_decision(
            cycle=review,
            question=f"Question {money}",
            money_at_stake=money,
            decide_by=today + dt.timedelta(days=days),
            actor=users[Role.COORDINATOR],
            owner=users[Role.SALES],
        )
    found = load_exceptions(review, users[Role.FINANCE])
    assert [item.money for item in found.shown] == [900, 100, 60, 30, 20]
    assert (found.count, found.largest) == (6, 900)
    assert found.share == pytest.approx(1110 / 1120 * 100)


def test_money_is_hidden_from_roles_without_costs(review, users):
    propose_decision(cycle=review, question="Why?", money_at_stake=5, actor=users[Role.COORDINATOR])
    found = load_exceptions(review, users[Role.SALES])
    assert (found.largest, found.share, found.count) == (0, None, 1)


def test_tasks_are_the_persons_own(review, users):
    sales = users[Role.SALES]
    add_action(
        cycle=review,
        title="Clear the yard",
        owner=sales,
        due=dt.date(2020, 1, 1),
        actor=users[Role.COORDINATOR],
    )
    titles = [duty.title for duty in list_duties(review, sales)]
    assert titles[0] == "Clear the yard", "the late one first"
    assert "Hand in material" in titles
    assert "Clear the yard" not in [duty.title for duty in list_duties(review, users[Role.PRODUCTION])]
    assert list_duties(review, sales)[0].tone == "r"


def test_a_task_that_is_done_moves_down_and_says_when(review, users):
    step = get_step(review, StepCode.DEMAND_REVIEW)
    submit_material(step=step, department="production", content={"a": 1}, actor=users[Role.PRODUCTION])
    duties = list_duties(review, users[Role.PRODUCTION])
    handed_in = next(duty for duty in duties if duty.title == "Hand in material")
    assert handed_in.is_done
    assert handed_in.detail.startswith("handed in ")
    assert duties[-1] == handed_in


def test_nothing_run_yet_is_told_and_not_hidden(review):
    kinds = {run.title: run.kind for run in list_run_standings(review)}
    assert kinds["Actuals"] == "idle"
    assert kinds["Department inputs"] == "warn"


@pytest.mark.django_db
def test_an_empty_database_leads_to_the_import(client):
    client.force_login(make_user("coordinator"))
    page = client.get(reverse("dashboards:home")).content.decode()
    assert "No cycle has been started yet" in page
    assert 'href="/import/"' in page


_WORDS = {
    "en": {"closes": "Inputs close", "shut": "The plan is not open to your role"},
    "zh-hans": {"closes": "截止提交", "shut": "计划不对您的角色开放"},
}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("role", list(Role))
def test_every_role_can_open_home(client, review, company, users, role, language):
    user = users[role]
    user.language = language
    user.save(update_fields=["language"])
    client.force_login(user)
    response = client.get(reverse("dashboards:home"))
    if role == Role.SUPPLIER:
        assert response["Location"] == reverse("supply:portal"), "a supplier's home is its portal"
        return
    assert response.status_code == 200
    page = response.content.decode()
    words = _WORDS[language]
    assert (words["closes"] in page) == can(user, "plan.read")
    assert (words["shut"] in page) != can(user, "plan.read"), "an outsider sees no figure and no department"


def test_an_earlier_cycle_is_shown_by_address(client, users):
    make_cycle("2026-10", state="demand_review")
    make_cycle("2026-11", state="demand_review")
    client.force_login(users[Role.FINANCE])
    assert client.get("/").context["home"].cycle.month % 12 + 1 == 11
    assert client.get("/?cycle=2026-10").context["home"].cycle.month % 12 + 1 == 10
    assert client.get("/?cycle=nonsense").context["home"].cycle.month % 12 + 1 == 11


def test_the_number_of_queries_does_not_grow_with_the_data(review, company, users, django_assert_max_num_queries):
    with django_assert_max_num_queries(90):
        load_home(review, users[Role.DEMAND_LEAD])


def test_the_finder_stays_inside_the_scope(company):
    everyone = make_user("demand_lead")
    north = make_user("sales", username="north", orgs=("NORTH",))
    assert find_things("n", everyone) == [], "one letter is too little"
    labels = [row["label"] for row in find_things("dealer", everyone)]
    assert labels == [f"Dealer {code} · {code}" for code in ("NORTH-1", "NORTH-2", "SOUTH-1", "SOUTH-2")]
    assert [row["url"] for row in find_things("dealer", north)] == ["/demand/?org=NORTH-1", "/demand/?org=NORTH-2"]
    assert [row["url"] for row in find_things("a1", north)] == ["/demand/?product=A1"]
    assert find_things("dealer", make_user("supplier")) == []
