"""A statistical forecast as its users wait for it: from the click to the published baseline with bands.

10,000 series (2,000 products × 5 orgs) of 60 months, two worker processes, a broker and the configured database. The
series are M3's where they are at hand, else made ones; half of the companies' usual inputs (calendar, a promotion
register) are there as well.
"""

from __future__ import annotations

import time

import numpy as np
from django.db import connection

from accounts.choices import Department, Role
from accounts.models import User
from bench import datasets
from bench.table import Row
from bench.workers import broker, wait_until_over, workers
from core.models import Job, JobPart
from core.months import parse_month
from cycles.models import Cycle
from demand.models import Event, ForecastRun
from demand.services import enqueue_forecast, forecast_node
from masterdata.models import CalendarMonth, Company, Org, Product
from plans.cubes import Axis, Cube
from plans.selectors import load_measure
from plans.services import create_working_version, get_or_create_actuals, publish_cubes, refresh_actuals

NEEDS_DATABASE = True
MONTH, HISTORY, HORIZON = parse_month("2026-01"), 60, 18
FAMILIES, PRODUCTS, ORGS = 100, 2000, 5
WORKERS = 2
DAYS = (21, 18, 22, 21, 20, 21, 23, 21, 22, 18, 20, 23)


def run() -> list[Row]:
    """Seconds of the first run of fresh workers, and of the runs after it."""
    with broker() as url, workers(url, WORKERS):
        cycle, actor = _build()
        seconds: list[float] = []
        jobs: list[Job] = []
        for _go in range(3):
            _sell_one_more(cycle)
            seconds.append(_wait_for(lambda: enqueue_forecast(cycle=cycle, actor=actor), jobs))
    last = ForecastRun.objects.first()
    assert last is not None
    assert last.series == PRODUCTS * ORGS
    assert not JobPart.objects.exists()
    baseline = load_measure(version_id=last.version_id, measure="baseline")
    assert (baseline.values.sum(axis=0) > 0).all()
    note = f"{PRODUCTS * ORGS:,} series × {HISTORY} months, {connection.vendor}, {WORKERS} worker processes"
    parts = jobs[-1].children.count()
    return [
        Row("from enqueue to published baseline and bands", min(seconds[1:]), "s", "≤ 12", note),
        Row("the first run of fresh workers", seconds[0], "s", "", "imports and kernels from the cache as well"),
        Row("parts", parts, "jobs"),
        Row("one node in the request, warm", _measure_node(cycle), "s", "< 1", "the company's total"),
    ]


def _build() -> tuple[Cycle, User]:
    Company.objects.create(name="Bench")
    families = Product.objects.bulk_create(
        Product(code=f"F{n:03d}", name=f"F{n}", level="family") for n in range(FAMILIES)
    )
    products = Product.objects.bulk_create(
        Product(code=f"P{n:05d}", name=f"P{n}", level="sku", parent=families[n % FAMILIES]) for n in range(PRODUCTS)
    )
    group = Org.objects.create(code="GROUP", name="Group")
    orgs = Org.objects.bulk_create(Org(code=f"R{n}", name=f"R{n}", level="region", parent=group) for n in range(ORGS))
    months = range(MONTH - HISTORY, MONTH + HORIZON)
    CalendarMonth.objects.bulk_create(
        CalendarMonth(month=month, working_days=DAYS[month % 12] + (month // 12 + month) % 2) for month in months
    )
    Event.objects.bulk_create(
        Event(code=f"PROMO{n}", kind="promotion", from_month=MONTH + when, to_month=MONTH + when,
              product=families[n % 3], uplift_pct=15)
        for n, when in enumerate((-40, -27, -15, -4, 3, 8))
    )  # fmt: skip
    actor = User.objects.create(username="bench", role=Role.DEMAND_LEAD, department=Department.SUPPLY)
    keys = np.array([(product.pk, org.pk) for product in products for org in orgs], np.int64)
    cube = Cube(Axis.of("product_org", keys), MONTH - HISTORY, _histories(len(keys)), "quantity", 0)
    publish_cubes(version_id=get_or_create_actuals().pk, cubes={"actual": cube}, actor=None)
    cycle = Cycle.objects.create(month=MONTH, horizon=HORIZON)
    create_working_version(cycle=cycle, actor=actor)
    return cycle, actor


def _histories(count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    if datasets.is_present():
        real = datasets.load_m3().series.values[:, -HISTORY:]
        values = np.tile(np.nan_to_num(real), (-(-count // len(real)), 1))[:count]
    else:
        season = 1 + 0.3 * np.sin(np.arange(HISTORY) * np.pi / 6 + rng.uniform(0, 6, (count, 1)))
        values = rng.lognormal(5, 1, (count, 1)) * season
    return np.rint(values * rng.lognormal(0, 0.05, values.shape)).astype(np.int64)


def _sell_one_more(cycle: Cycle) -> None:
    """A run with unchanged inputs would be the same job; one unit of one cell makes another."""
    version = get_or_create_actuals()
    cube = load_measure(version_id=version.pk, measure="actual")
    values = cube.values.copy()
    values[0, -1] += 1
    changed = Cube(cube.axis, cube.first_month, values, "quantity", 0)
    publish_cubes(version_id=version.pk, cubes={"actual": changed}, actor=None)
    refresh_actuals(version_id=cycle.versions.get(kind="working").pk, actor=None)


def _wait_for(enqueue, jobs: list[Job]) -> float:
    """Seconds from before the call that enqueues to the end of the job."""
    started = time.perf_counter()
    job = enqueue()
    wait_until_over(job, 300)
    seconds = time.perf_counter() - started
    job.refresh_from_db()
    assert job.state == "done", (job.state, job.error)
    jobs.append(job)
    return seconds


def _measure_node(cycle: Cycle) -> float:
    from accounts.models import Scope
    from demand.selectors.place import find_place

    place = find_place(scope=Scope(), product=None, org=None)
    seconds = []
    for _go in range(3):
        started = time.perf_counter()
        forecast_node(cycle=cycle, place=place)
        seconds.append(time.perf_counter() - started)
    return min(seconds)
