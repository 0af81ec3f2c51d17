"""The forecast in parts: the same numbers as in one go, published once, nothing left behind."""

import numpy as np
import pytest

from core.choices import JobState
from core.errors import AppError
from core.jobs import JobCancelled, LeaseLost, load_progress, request_cancel, run_job, run_job_now
from core.models import Job, JobPart
from core.months import format_month
from demand.models import ForecastRun
from demand.services import enqueue_forecast, forecast_run
from masterdata.models import Product
from plans.selectors import load_measure
from tests.demand.world import MONTH, MONTHLY, import_sheets

MEASURES = ("baseline", "baseline_lo80", "baseline_hi80", "baseline_lo95", "baseline_hi95")


def figures(world):
    return {code: load_measure(version_id=world.version.pk, measure=code).values.copy() for code in MEASURES}


def run(world):
    job = run_job_now(enqueue_forecast(cycle=world.cycle, actor=None))
    assert job.state == JobState.DONE, job.error
    return job


@pytest.fixture
def in_parts(monkeypatch):
    """Six series become three parts."""
    monkeypatch.setattr(forecast_run, "ONE_JOB_SERIES", 2)
    monkeypatch.setattr(forecast_run, "PART_SERIES", 2)


@pytest.fixture
def lively(world):
    """The company's sales with noise, so that every leaf errs and every number differs."""
    rng = np.random.default_rng(5)
    lines = ["product,org,month,quantity"]
    for (product, org), units in MONTHLY.items():
        sold = units * rng.lognormal(0, 0.15, 36)
        lines += [f"{product},{org},{format_month(MONTH - 36 + t)},{q:.0f}" for t, q in enumerate(sold)]
    import_sheets(world.folder / "lively", history="\n".join(lines) + "\n")
    return world


def test_parts_give_the_numbers_of_one_job(lively, monkeypatch, in_parts):
    job = run(lively)
    assert (job.is_split, job.children.count()) == (True, 3)
    assert [child.result["series"] for child in job.children.order_by("pk")] == [2, 2, 2]
    split = figures(lively)
    monkeypatch.setattr(forecast_run, "ONE_JOB_SERIES", 100)
    whole_job = run(lively)
    assert not whole_job.is_split
    for code, values in figures(lively).items():
        np.testing.assert_array_equal(split[code], values, err_msg=code)
    first, second = ForecastRun.objects.order_by("pk")
    assert (first.accuracy, first.routes) == (second.accuracy, second.routes)
    assert bytes(first.errors.data) == bytes(second.errors.data)
    assert first.job == job


def test_a_run_in_parts_leaves_nothing_behind(world, in_parts):
    job = run(world)
    assert job.result["series"] == len(MONTHLY)
    assert not JobPart.objects.exists()


def test_progress_counts_the_parts(world, in_parts):
    job = enqueue_forecast(cycle=world.cycle, actor=None)
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.WAITING
    assert JobPart.objects.filter(job=job).count() == 5  # what was learnt, the state, three tasks
    before = load_progress(job)[0]
    run_job(job.children.first().pk)
    after, step = load_progress(job)
    assert after > before
    assert step == "1 of 3 parts done"


def test_cancelling_between_parts_publishes_nothing_and_the_next_run_cleans_up(world, in_parts):
    job = enqueue_forecast(cycle=world.cycle, actor=None)
    run_job(job.pk)
    job.refresh_from_db()
    request_cancel(job=job, actor=None)
    assert {child.state for child in job.children.all()} == {JobState.CANCELLED}
    assert not ForecastRun.objects.exists()
    assert world.total("baseline") == 0
    run(world)
    assert not JobPart.objects.exists()
    assert ForecastRun.objects.count() == 1


def test_history_that_changes_meanwhile_stops_the_run(world, in_parts):
    job = enqueue_forecast(cycle=world.cycle, actor=None)
    run_job(job.pk)
    for child in job.children.all():
        run_job(child.pk)
    import_sheets(world.folder / "more", history="product,org,month,quantity\nE7,SZ,2026-05,260\n")
    with pytest.raises(AppError, match="changed while the forecast"):
        run_job_now(Job.objects.get(pk=job.pk))
    job.refresh_from_db()
    assert job.state == JobState.STALE
    assert world.total("baseline") == 0
    assert not JobPart.objects.exists()


def test_a_baseline_published_meanwhile_is_not_overwritten(world, in_parts):
    job = enqueue_forecast(cycle=world.cycle, actor=None)
    run_job(job.pk)
    world.publish("baseline", {("E7", "BJ"): 7})
    with pytest.raises(AppError, match="was changed while"):
        run_job_now(Job.objects.get(pk=job.pk))
    assert world.cell("baseline", "E7", "BJ") == 7
    assert not ForecastRun.objects.exists()


def test_a_part_computed_twice_is_kept_once(world, in_parts, monkeypatch):
    """A worker that lost its lease while it computed throws its outcome away."""
    job = enqueue_forecast(cycle=world.cycle, actor=None)
    run_job(job.pk)
    child = job.children.first()
    compute = forecast_run.forecast_part

    def overtaken(*args):
        Job.objects.filter(pk=child.pk).update(attempt=9, max_attempts=9)
        return compute(*args)

    monkeypatch.setattr(forecast_run, "forecast_part", overtaken)
    with pytest.raises(LeaseLost):
        run_job_now(child)
    assert not JobPart.objects.filter(name__startswith="outcome").exists()


def test_a_cancelled_part_leaves_no_outcome(world, in_parts):
    job = enqueue_forecast(cycle=world.cycle, actor=None)
    run_job(job.pk)
    child = job.children.first()
    Job.objects.filter(pk=child.pk).update(cancel_requested=True)
    with pytest.raises(JobCancelled):
        run_job_now(child)
    assert not JobPart.objects.filter(name__startswith="outcome").exists()


def test_a_short_history_takes_the_season_of_its_market(world, monkeypatch):
    """Sixteen months of a summer product in a company of summer products."""
    rng = np.random.default_rng(1)
    season = 1 + 0.5 * np.sin(2 * np.pi * np.arange(72) / 12)
    products = "code,name,parent,level\n" + "".join(f"S{n},S{n},NEV,model\n" for n in range(40))
    lines = ["product,org,month,quantity"]
    for n in range(40):
        sold = 300 * season * rng.lognormal(0, 0.05, 72)
        months = range(56, 72) if n == 0 else range(72)
        lines += [f"S{n},SZ,{format_month(MONTH - 72 + t)},{sold[t]:.0f}" for t in months]
    import_sheets(world.folder / "summer", products=products, history="\n".join(lines) + "\n")
    run(world)
    world.p = dict(Product.objects.values_list("code", "pk"))
    told = ForecastRun.objects.get()
    assert told.routes["short"] == 1
    assert told.accuracy["borrowed"]["gain"] > 0.3
    ahead = [world.cell("baseline", "S0", "SZ", t) for t in range(12)]
    np.testing.assert_allclose(ahead, 300 * season[:12], rtol=0.15)
