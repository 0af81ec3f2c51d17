"""Several people at the same moment, with real threads and transactions."""

import threading
from collections.abc import Callable

import pytest
from django.db import connections

from core import audit
from core.errors import AppError
from core.models import AuditEntry
from cycles.choices import CycleState
from cycles.models import Cycle, SignOff, Submission
from cycles.selectors import get_step
from cycles.services import advance_cycle, approve_cycle, begin_meeting, sign_off, start_cycle, submit_material
from tests.cycles.walking import CORE, prepare, walk_to
from tests.factories import make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("first_of_november", "only_cycle_gates"),
]


def together(*presses: Callable[[], object]) -> list[object]:
    """Run all at once; a refusal is its code."""
    barrier, answers = threading.Barrier(len(presses)), [None] * len(presses)

    def work(position: int, press: Callable[[], object]) -> None:
        barrier.wait()
        try:
            answers[position] = press()
        except AppError as error:
            answers[position] = error.code
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(presses)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_a_double_click_on_approve_is_one_approval(cycle, users):
    walk_to(cycle, CycleState.EXECUTIVE, users)
    begin_meeting(step=get_step(cycle, "executive"), actor=users["coordinator"])
    press = lambda: approve_cycle(cycle=Cycle.objects.get(pk=cycle.pk), actor=users["executive"])  # noqa: E731
    answers = together(press, press, press)
    assert {answer.state for answer in answers} == {CycleState.APPROVED}
    assert AuditEntry.objects.filter(verb="cycles.cycle.approved").count() == 1
    assert SignOff.objects.filter(step__code="executive", lead=True).count() == 1
    assert audit.verify_chain(f"cycle:{cycle.pk}") is None


def test_two_executives_at_once_one_is_told(cycle, users):
    walk_to(cycle, CycleState.EXECUTIVE, users)
    begin_meeting(step=get_step(cycle, "executive"), actor=users["coordinator"])
    other = make_user("executive", username="second")
    answers = together(
        *(lambda who=who: approve_cycle(cycle=cycle, actor=who).state for who in (users["executive"], other))
    )
    assert sorted(answers) == ["approved", "cycle_moved"]


def test_two_colleagues_sign_for_one_department(cycle, users):
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    step = get_step(cycle, "demand_review")
    begin_meeting(step=step, actor=users["coordinator"])
    other = make_user("sales", username="sales2")
    answers = together(
        *(
            lambda who=who: sign_off(step=get_step(cycle, "demand_review"), department="sales", actor=who)
            for who in (users["sales"], other)
        )
    )
    assert "already_signed" in answers
    assert SignOff.objects.filter(step=step, department="sales", lead=False).count() == 1


def test_material_and_the_closing_signature_queue(cycle, users):
    """What arrives while the step closes is in it or refused, never in between."""
    walk_to(cycle, CycleState.DEMAND_REVIEW, users)
    prepare(cycle, users)
    step = get_step(cycle, "demand_review")
    role, department = CORE[0]
    before = Submission.objects.get(step=step, department=department).revision
    answers = together(
        lambda: advance_cycle(cycle=cycle, to="supply_review", actor=users["demand_lead"]).state,
        lambda: (
            submit_material(
                step=get_step(cycle, "demand_review"), department=department, content={"late": 1}, actor=users[role]
            ).revision
        ),
    )
    assert answers[0] == CycleState.SUPPLY_REVIEW
    verbs = AuditEntry.objects.filter(chain=f"cycle:{cycle.pk}").order_by("seq").values_list("verb", flat=True)
    after = Submission.objects.get(step=step, department=department).revision
    if answers[1] == "step_not_open":
        assert after == before
    else:
        assert after == before + 1
        last_two = list(verbs)[-2:]
        assert last_two == ["cycles.submission.submitted", "cycles.cycle.supply_review"]


def test_one_cycle_a_month_even_when_started_twice_at_once(users):
    answers = together(*([lambda: start_cycle(month=2026 * 12 + 10, actor=users["coordinator"]).pk] * 3))
    assert answers.count("cycle_exists") == 2
    assert Cycle.objects.count() == 1
