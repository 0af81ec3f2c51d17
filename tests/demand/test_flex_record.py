"""How often the flex band held: sales of the closed month against what its frozen plan had prepared for."""

import numpy as np
import pytest

from accounts.models import Scope
from demand.review_board import ReviewBoard
from demand.selectors.flex_record import load_flex_record
from demand.selectors.place import find_place
from engine.accuracy import BandRecord
from plans.services import freeze_version
from tests.demand.test_accuracy_figures import closed, keys_of, publish_may  # noqa: F401
from tests.demand.world import MONTHLY
from tests.factories import make_user


def prepare(closed, *, material):  # noqa: F811
    """S6 in Guangzhou: 30 forecast, capacity for 35, 40 came. E7 in Beijing: 560 forecast, 500 came. Else as sold."""
    forecast = {**MONTHLY, ("E7", "BJ"): 560, ("S6", "GZ"): 30}
    publish_may(closed, "baseline", forecast)
    publish_may(closed, "proposal", forecast)
    publish_may(closed, "flex_capacity", {**forecast, ("S6", "GZ"): 35})
    publish_may(closed, "flex_material", {**forecast, ("S6", "GZ"): material})
    freeze_version(version_id=closed.may.version.pk, kind="D", actor=None)


def by_leaf(closed):  # noqa: F811
    keys = keys_of(closed)
    return load_flex_record(cycle=closed.cycle, keys=keys, groups=np.arange(len(keys)))


@pytest.mark.parametrize(
    ("material", "expected"),
    [
        (40, BandRecord(below=1, within_capacity=4, within_material=1, above=0)),
        (39, BandRecord(below=1, within_capacity=4, within_material=0, above=1)),
    ],
)
def test_sales_fall_in_the_band_or_beside_it(closed, material, expected):  # noqa: F811
    prepare(closed, material=material)
    assert by_leaf(closed) == expected


def test_leaves_of_a_node_stand_for_one_another(closed):  # noqa: F811
    prepare(closed, material=40)
    keys = keys_of(closed)
    record = load_flex_record(cycle=closed.cycle, keys=keys, groups=np.zeros(len(keys), dtype=int))
    assert record == BandRecord(below=1, within_capacity=0, within_material=0, above=0)  # 1250 forecast, 1200 came


def test_a_plan_without_a_band_is_not_measured(closed):  # noqa: F811
    publish_may(closed, "baseline", MONTHLY)
    publish_may(closed, "proposal", MONTHLY)
    freeze_version(version_id=closed.may.version.pk, kind="D", actor=None)
    assert by_leaf(closed) == BandRecord(0, 0, 0, 0)


def test_the_look_back_says_how_often_it_held(closed, client):  # noqa: F811
    prepare(closed, material=40)
    lead = make_user("demand_lead")
    place = find_place(scope=Scope(products=None, orgs=None), product=None, org=None)
    board = ReviewBoard(closed.cycle, place, lead)
    assert [line.cases for line in board.flex] == [1, 1, 1, 0]  # NEV north, NEV south, FUEL south
    assert board.flex_hit_rate == pytest.approx(100 * 2 / 3)
    client.force_login(lead)
    assert "67 % inside" in client.get("/demand/review/").content.decode().replace("\xa0", " ")
