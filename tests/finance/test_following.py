"""The money of a plan follows its balance by itself."""

import pytest

from core.choices import JobState
from core.jobs import run_job_now
from core.models import Job
from finance.selectors import is_valued
from plans.services import create_working_version
from supply.services import sessions
from supply.services.balance import enqueue_balance
from supply.services.keeping import keep_trial
from tests.supply.world import NOV, ask

pytestmark = pytest.mark.django_db


def test_a_balance_and_a_kept_scenario_are_valued_without_asking(cycle, company, users):
    sessions.forget_models()
    version = create_working_version(cycle=cycle, actor=None)
    ask(version, {("A1", "NORTH-1"): [300] * 18})
    balance = run_job_now(enqueue_balance(version_id=version.pk, actor=users["supply_lead"]))
    money = Job.objects.get(kind="finance")
    assert balance.result["then"] == [money.pk]
    assert not is_valued(version_id=version.pk)
    assert run_job_now(money).state == JobState.DONE
    assert is_valued(version_id=version.pk)
    order = {"kind": "order", "product": "A1", "org": "NORTH-1", "month": NOV, "quantity": 50}
    scenario, job = keep_trial(version_id=version.pk, settings=[order], actor=users["sales"])
    then = run_job_now(job).result["then"]
    assert [run_job_now(Job.objects.get(pk=pk)).state for pk in then] == [JobState.DONE]
    assert is_valued(version_id=scenario.pk)
