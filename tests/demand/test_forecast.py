"""The statistical forecast as a job: published once, fenced, traceable."""

import itertools
import math

import numpy as np
import pytest

from core.choices import JobState
from core.jobs import JobCancelled, LeaseLost, run_job_now
from demand.models import ForecastRun, OutlierDecision
from demand.selectors.errors import load_cumulative_error
from demand.services import enqueue_forecast, forecast_input_hash
from plans.selectors import load_measure
from tests.demand.world import MONTH, MONTHLY, import_sheets
from tests.factories import make_user


@pytest.fixture
def ran(world):
    job = enqueue_forecast(cycle=world.cycle, actor=None)
    run_job_now(job)
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.error
    return job


def test_steady_sales_are_forecast_as_they_are(world, ran):
    for (product, org), units in MONTHLY.items():
        assert world.cell("baseline", product, org) == pytest.approx(units, abs=1)
        assert world.cell("baseline", product, org, 17) == pytest.approx(units, abs=1)
    assert world.total("baseline") == pytest.approx(sum(MONTHLY.values()), abs=2)
    assert world.cell("baseline", "M8", "BJ", 5) == 0  # never sold


def test_bands_hold_the_baseline(world, ran):
    cubes = [
        load_measure(version_id=world.version.pk, measure=code).values
        for code in ("baseline_lo95", "baseline_lo80", "baseline", "baseline_hi80", "baseline_hi95")
    ]
    for lower, upper in itertools.pairwise(cubes):
        assert (lower <= upper).all()


def test_the_run_says_what_it_did(world, ran):
    run = ForecastRun.objects.get()
    assert run.job == ran
    assert (run.series, run.horizon, run.first_month) == (len(MONTHLY), 18, MONTH)
    assert sum(run.routes.values()) == run.series
    assert run.input_hash == forecast_input_hash(world.cycle) == ran.input_hash
    assert run.accuracy["backtest_wmape"] == pytest.approx(0, abs=0.01)
    assert ran.result["series"] == run.series


def test_errors_over_a_lead_time_are_kept_with_the_run(world, ran):
    keys = [[world.p["E5"], world.o["GZ"]], [world.p["E7"], world.o["BJ"]], [world.p["M8"], world.o["BJ"]]]

    def error(months, level):
        return load_cumulative_error(
            version_id=world.version.pk, keys=np.array(keys), months_ahead=months, level=level
        ).tolist()  # fmt: skip

    one, two = error(1, 0.95), error(2, 0.95)
    assert math.isnan(one[2])  # never sold, so never forecast
    assert 0 <= error(1, 0.8)[1] <= one[1] <= two[1] < 500 / 4
    assert one[0] <= one[1]


def test_before_a_forecast_no_error_is_known(world):
    keys = np.array([[world.p["E5"], world.o["GZ"]]])
    assert np.isnan(load_cumulative_error(version_id=world.version.pk, keys=keys, months_ahead=1, level=0.9)).all()


def test_running_twice_gives_the_same_numbers(world, ran):
    before = load_measure(version_id=world.version.pk, measure="baseline").values.copy()
    again = enqueue_forecast(cycle=world.cycle, actor=None)
    run_job_now(again)
    assert again.pk != ran.pk
    assert (load_measure(version_id=world.version.pk, measure="baseline").values == before).all()


def test_new_history_makes_the_run_stale(world, ran):
    import_sheets(world.folder / "more", history="product,org,month,quantity\nE7,SZ,2026-05,260\n")
    assert forecast_input_hash(world.cycle) != ForecastRun.objects.get().input_hash


def test_a_persons_word_on_an_outlier_is_an_input(world, ran):
    OutlierDecision.objects.create(
        product_id=world.p["E7"], org_id=world.o["SZ"], month=MONTH - 3, verdict="replace", reason="strike",
        author=make_user("demand_lead"), at=ran.created_at,
    )  # fmt: skip
    assert forecast_input_hash(world.cycle) != ran.input_hash


def test_a_cancelled_job_publishes_nothing(world):
    job = enqueue_forecast(cycle=world.cycle, actor=None)
    type(job).objects.filter(pk=job.pk).update(cancel_requested=True)
    with pytest.raises(JobCancelled):
        run_job_now(job)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert not ForecastRun.objects.exists()
    assert world.total("baseline") == 0


def test_a_job_that_lost_its_lease_publishes_nothing(world, monkeypatch):
    """Another worker took the job over while this one computed."""
    from demand.services import forecast_run as room

    job = enqueue_forecast(cycle=world.cycle, actor=None)
    compute = room.forecast_part

    def overtaken(*args):
        result = compute(*args)
        type(job).objects.filter(pk=job.pk).update(attempt=9, max_attempts=9)
        return result

    monkeypatch.setattr(room, "forecast_part", overtaken)
    with pytest.raises(LeaseLost):
        run_job_now(job)
    assert not ForecastRun.objects.exists()
    assert world.total("baseline") == 0
