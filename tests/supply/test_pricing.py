"""Options of a large plan in the background: visible plan first, then causes and levers one by one, exactly once."""

import pytest
from django.urls import reverse

import engine.balancing.solve as solving
from core.audit import verify_chain
from core.choices import JobState
from core.errors import Conflict
from core.jobs import JobCancelled, LeaseLost, claim_job, request_cancel, run_job, run_job_now
from core.models import AuditEntry, Job
from cycles.models import Cycle
from plans.services import create_working_version
from supply import measures as m
from supply.choices import PricingState
from supply.gates import check_ways_out
from supply.models import BalanceRun
from supply.selectors.options import list_options
from supply.selectors.pricing import get_option_pricing
from supply.services import pricing as service
from supply.services.balance import enqueue_balance, run_balance
from supply.services.pricing import resume_pricing
from supply.services.sessions import forget_models
from tests.factories import make_cycle
from tests.supply.world import ask, totals

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def tight(company, users, monkeypatch):
    """50 of 450 asked cannot be made in any month; the smallest plan counts as a large one here."""
    monkeypatch.setattr(solving, "LARGE_NONZEROS", 0)
    forget_models()
    version = create_working_version(cycle=make_cycle("2026-11"), actor=None)
    ask(version, {("A1", "NORTH-1"): [450] * 18})
    return version


@pytest.fixture
def balanced(tight, users):
    return run_balance(version_id=tight.pk, actor=users["supply_lead"])


def keys(run):
    return sorted(run.options.values_list("kind", "code", "target", "units", "gain", "in_plan"))


def test_a_large_plan_is_published_with_its_local_levers_and_the_rest_is_asked_for(tight, balanced):
    assert totals(tight, m.CONSTRAINED) == [400] * 18
    causes = balanced.shortages.values_list("cause", "code", "is_confirmed")
    assert list(causes) == [("resource", "LINE", False)] * 18
    assert {row.kind for row in balanced.options.all()} == {"overtime", "extra_shift"}
    job = Job.objects.get(kind="options")
    assert (job.state, job.scope) == (JobState.QUEUED, {"run": balanced.pk, "version": tight.pk})
    pricing = get_option_pricing(tight.pk)
    assert (pricing.state, pricing.is_explained, pricing.job) == (PricingState.PRICING, False, job.pk)
    assert 0 < pricing.done < pricing.total
    assert pricing.text == f"Causes are being confirmed, then {pricing.total - pricing.done} options priced."


def test_the_background_job_finds_what_a_small_plan_gets_at_once(tight, balanced, users, monkeypatch):
    run_job_now(Job.objects.get(kind="options"))
    balanced.refresh_from_db()
    assert all(balanced.shortages.values_list("is_confirmed", flat=True))
    assert balanced.bottlenecks.get().removed == pytest.approx(18 * 50)
    jph = balanced.options.get(kind="jph")
    assert (jph.units, jph.is_cost_known) == (17 * 20, False)  # 5 % of 400 hours, from the second month on
    pricing = get_option_pricing(tight.pk)
    assert (pricing.is_over, pricing.text, pricing.percent) == (True, "", 100)
    monkeypatch.setattr(solving, "LARGE_NONZEROS", 10**9)
    at_once = run_balance(version_id=tight.pk, actor=users["supply_lead"])
    assert keys(balanced) == keys(at_once)
    assert balanced.options_total == at_once.options_total == at_once.options_done
    [entry] = AuditEntry.objects.filter(verb="supply.options.priced")
    assert entry.chain == f"cycle:{tight.cycle_id}"
    assert verify_chain(entry.chain) is None


def test_the_gate_waits_for_the_options(tight, balanced):
    cycle = Cycle.objects.get(pk=tight.cycle_id)
    assert check_ways_out(cycle) == [get_option_pricing(tight.pk).text]
    run_job_now(Job.objects.get(kind="options"))
    assert check_ways_out(cycle) == []


def test_cancelled_it_keeps_what_is_priced_and_the_rest_can_be_asked_for_again(tight, balanced, users, monkeypatch):
    job, price = Job.objects.get(kind="options"), service.price_rung

    def cancel_at_the_third(trials, bottleneck, rung):
        if BalanceRun.objects.get(pk=balanced.pk).options_done == 2:
            request_cancel(job=job, actor=users["supply_lead"])
        return price(trials, bottleneck, rung)

    monkeypatch.setattr(service, "price_rung", cancel_at_the_third)
    monkeypatch.setattr("core.jobs.progress._MIN_SECONDS_BETWEEN_WRITES", 0)
    with pytest.raises(JobCancelled):
        run_job_now(job)
    pricing = get_option_pricing(tight.pk)
    assert (pricing.state, pricing.done) == (PricingState.STOPPED, 3)
    assert pricing.text == f"Pricing stopped at 3 of {pricing.total} options."
    monkeypatch.setattr(service, "price_rung", price)
    again = resume_pricing(version_id=tight.pk, actor=users["supply_lead"])
    assert again.pk != job.pk
    run_job_now(again)
    assert get_option_pricing(tight.pk).is_over
    assert len(keys(balanced)) == len(set(keys(balanced)))
    with pytest.raises(Conflict):
        resume_pricing(version_id=tight.pk, actor=users["supply_lead"])


def test_an_attempt_that_lost_its_job_stores_nothing_twice(tight, balanced, users, monkeypatch):
    """The first attempt stands still after pricing a lever; the second does everything; the first goes on."""
    job, price = Job.objects.get(kind="options"), service.price_rung

    def overtaken(trials, bottleneck, rung):
        found = price(trials, bottleneck, rung)
        monkeypatch.setattr(service, "price_rung", price)
        Job.objects.filter(pk=job.pk).update(lease_until=None)
        run_job(job.pk)  # the lease has run out: another worker takes over
        return found

    monkeypatch.setattr(service, "price_rung", overtaken)
    mine = claim_job(job.pk)
    with pytest.raises(LeaseLost):
        service.price_left(mine, _Silent())
    job.refresh_from_db()
    assert (job.state, job.attempt) == (JobState.DONE, 2)
    assert len(keys(balanced)) == len(set(keys(balanced)))
    assert AuditEntry.objects.filter(verb="supply.options.priced").count() == 1


class _Silent:
    def within(self, step, fraction, text=""):
        """Progress of an attempt nobody watches."""


def test_a_plan_balanced_anew_makes_the_old_pricing_stale(tight, balanced, users):
    old = Job.objects.get(kind="options")
    run_balance(version_id=tight.pk, actor=users["supply_lead"])
    with pytest.raises(Conflict):
        run_job_now(old)
    old.refresh_from_db()
    assert old.state == JobState.STALE
    assert not balanced.bottlenecks.exists()


def test_the_balance_job_tells_what_is_left(tight, users):
    job = run_job_now(enqueue_balance(version_id=tight.pk, actor=users["supply_lead"]))
    run = BalanceRun.objects.get(status="optimal")
    assert (job.result["gap"], job.result["options_left"]) == (0, run.options_total - run.options_done)


def test_page_and_api_say_how_far_the_options_are(tight, balanced, users, client):
    client.force_login(users["supply_lead"])
    url = reverse("supply-api:options-pricing", kwargs={"version": tight.pk})
    body = client.get(url).json()
    assert (body["state"], body["is_over"], body["job"]) == ("pricing", False, balanced.options_job_id)
    page = client.get("/supply/").content.decode()
    assert body["text"] in page
    assert "data-stop" in page
    run_job_now(Job.objects.get(kind="options"))
    assert client.get(url).json()["is_over"]
    assert 'id="pricing"' not in client.get("/supply/").content.decode()
    assert client.post(url).status_code == 409
    assert {row.kind for row in list_options(tight.pk)} >= {"overtime", "jph", "new_equipment"}
