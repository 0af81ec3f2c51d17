"""Products without a history: like earlier launches, shared over where the company sells."""

import numpy as np
import pytest

from core.choices import JobState
from core.jobs import run_job_now
from core.months import format_month
from demand.models import ForecastRun, Launch
from demand.services import enqueue_forecast, forecast_input_hash
from masterdata.models import Product
from tests.demand.world import MONTH, import_sheets

CURVE = [40, 80, 120, 160, 200, 200, 200, 200, 180, 160, 150, 150, 140, 140, 130, 130, 120, 120]
PRODUCTS = "code,name,parent,level,launch_month,end_month,predecessor\n"


def launched(world, code, *, ago, factor=1.0, months=99):
    """A product that began to sell in Beijing ``ago`` months ago along the curve."""
    import_sheets(world.folder / code, products=f"{PRODUCTS}{code},{code},NEV,model,,,\n", history=_history(
        code, {MONTH - ago + t: factor * units for t, units in enumerate(CURVE[:min(ago, months)])}
    ))  # fmt: skip


def _history(code, cells):
    lines = [f"{code},BJ,{format_month(month)},{units:.0f}" for month, units in cells.items()]
    return "product,org,month,quantity\n" + "\n".join(lines) + "\n"


def run(world):
    job = run_job_now(enqueue_forecast(cycle=world.cycle, actor=None))
    assert job.state == JobState.DONE, job.error
    return ForecastRun.objects.first()


@pytest.fixture
def with_launches(world):
    for n, factor in enumerate([1.0, 1.0, 1.0]):
        launched(world, f"L{n}", ago=18, factor=factor)
    world.p = dict(Product.objects.values_list("code", "pk"))
    return world


def total(world, product, ahead):
    return sum(world.cell("baseline", product, org, ahead) or 0 for org in ("BJ", "GZ", "SZ"))


def test_a_product_with_a_launch_month_follows_its_familys_launches(with_launches):
    told = run(with_launches)
    assert told.routes["analogue"] == 3  # M8 in three orgs
    assert total(with_launches, "M8", 2) == 0  # its launch is in September, three months ahead
    assert [total(with_launches, "M8", 3 + t) for t in range(6)] == CURVE[:6]
    by_org = [with_launches.cell("baseline", "M8", org, 7) for org in ("BJ", "GZ", "SZ")]
    assert by_org[0] > by_org[1] > by_org[2] > 0  # as the orgs sell in all
    assert sum(by_org) == 200


def test_a_planned_launch_follows_the_picked_ones_at_its_scale(with_launches):
    before = forecast_input_hash(with_launches.cycle)
    Launch.objects.create(product_id=with_launches.p["M8"], analogues=["L1"], scale=2.0, first_month=MONTH + 4)
    assert forecast_input_hash(with_launches.cycle) != before
    Product.objects.filter(code="M8").update(launch_month=MONTH + 4)
    run(with_launches)
    assert [total(with_launches, "M8", t) for t in range(3, 7)] == [0, 80, 160, 240]


def test_a_young_product_is_scaled_by_its_own_first_months(with_launches):
    """Half as large as the launches before: the next months blend half the curve with its run rate."""
    launched(with_launches, "Y1", ago=4, factor=0.5)
    Product.objects.filter(code="Y1").update(launch_month=MONTH - 4)
    with_launches.p = dict(Product.objects.values_list("code", "pk"))
    run(with_launches)
    rate = np.mean([40, 60, 80])
    assert with_launches.cell("baseline", "Y1", "BJ", 0) == pytest.approx((100 + rate) / 2, abs=1)
    assert with_launches.cell("baseline_hi80", "Y1", "BJ", 0) >= with_launches.cell("baseline", "Y1", "BJ", 0)


def test_without_earlier_launches_there_is_nothing_to_follow(world):
    told = run(world)
    assert "analogue" not in told.routes
    assert world.cell("baseline", "M8", "BJ", 5) == 0
