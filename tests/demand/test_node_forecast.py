"""One place forecast in the request, and what would be if: every lever of the trial by hand."""

import pytest

from accounts.models import Scope
from core.errors import InvalidInput
from core.jobs import run_job_now
from core.months import format_month
from demand.models import OutlierDecision
from demand.selectors.place import find_place
from demand.services import Trial, TriedActivity, enqueue_forecast, forecast_node
from plans.models import Edit, Move
from tests.demand.world import MONTH
from tests.factories import make_user

ALL = [500] * 18  # E7 in the South: 300 at GZ and 200 at SZ, every month


@pytest.fixture
def south(world):
    def forecast(**trial):
        place = find_place(scope=Scope(), product="E7", org="SOUTH")
        return forecast_node(cycle=world.cycle, place=place, trial=Trial(**trial))

    return forecast


def test_a_place_is_forecast_as_one_series(south):
    node = south()
    assert node.mean == pytest.approx(ALL, abs=1)
    assert (len(node.history), node.history[-1]) == (36, 500)
    assert node.first_month == MONTH - 36
    assert node.baseline == [None] * 18  # nothing is published yet
    assert node.change == 0


def test_a_month_left_out_is_filled_from_its_season(south):
    node = south(ignore_months=[MONTH - 2])
    assert node.history[-2] is None
    assert node.cleansed[-2] == 500


def test_a_corrected_month_replaces_what_was_sold(south):
    node = south(corrections={MONTH - 1: 800.0})
    assert node.history[-1] == 800
    assert node.mean[0] >= 500


def test_an_activity_ahead_lifts_its_months(south):
    node = south(activities=[TriedActivity(MONTH + 2, MONTH + 3, 20.0)])
    assert node.mean[:5] == pytest.approx([500, 500, 600, 600, 500], abs=1)
    assert node.high[2] == pytest.approx(node.high[1] * 1.2, rel=0.05)


def test_an_activity_behind_is_divided_out(south):
    """Had the last month had a campaign of 25 %, its 500 would have been 400 without."""
    node = south(activities=[TriedActivity(MONTH - 6, MONTH - 1, 25.0)])
    assert node.history[-1] == 500
    assert 395 <= node.mean[0] < 480


def test_a_later_start_forgets_what_was_before(south):
    node = south(start_month=MONTH - 24)
    assert node.history[:12] == [None] * 12
    assert node.mean == pytest.approx(ALL, abs=1)
    with pytest.raises(InvalidInput, match="Fewer than 3 months"):
        south(start_month=MONTH - 2)


def test_it_stands_beside_the_published_baseline(world, south):
    run_job_now(enqueue_forecast(cycle=world.cycle, actor=None))
    node = south(activities=[TriedActivity(MONTH, MONTH + 11, 10.0)])
    assert node.baseline == pytest.approx(ALL, abs=2)
    assert node.change == pytest.approx(12 * 50, abs=24)


def test_nothing_is_stored(world, south):
    before = (Move.objects.count(), Edit.objects.count())
    south(ignore_months=[MONTH - 2], corrections={MONTH - 1: 1.0})
    assert (Move.objects.count(), Edit.objects.count()) == before
    assert not OutlierDecision.objects.exists()


def test_a_place_without_sales_says_so(world):
    with pytest.raises(InvalidInput, match="Nothing was sold"):
        forecast_node(cycle=world.cycle, place=find_place(scope=Scope(), product="M8", org=None))


def test_the_endpoint_takes_every_lever(world, client):
    client.force_login(make_user("sales"))
    body = {
        "product": "E7",
        "org": "SOUTH",
        "ignore_months": [format_month(MONTH - 5)],
        "corrections": [{"month": format_month(MONTH - 4), "value": 520}],
        "activities": [{"from_month": format_month(MONTH), "to_month": format_month(MONTH), "uplift_pct": 50}],
        "start_month": format_month(MONTH - 30),
    }
    node = client.post("/api/v1/demand/forecast/node/", body, content_type="application/json").json()
    assert (node["history"][0], node["history"][-5], node["history"][-4]) == (None, None, 520)
    assert node["mean"][0] == pytest.approx(750, rel=0.05)
    refused = client.post(
        "/api/v1/demand/forecast/node/", {"corrections": [{"month": "x"}]}, content_type="application/json"
    )
    assert refused.status_code == 422
