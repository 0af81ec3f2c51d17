"""Orders in hand beyond the agreed consensus: found after consumption, raised by an ordinary override."""

from __future__ import annotations

import pytest

from accounts.models import Scope
from core.errors import Conflict, Denied, Frozen, InvalidInput
from demand.measures import CONSENSUS, OVERRIDE
from demand.models import ConsumptionRule
from demand.selectors.excess_orders import find_excess_orders
from demand.selectors.overrides import list_standing_edits
from demand.selectors.place import find_place
from demand.services import build_proposal, raise_to_orders
from plans.models import Batch
from plans.selectors import load_measure
from plans.services import freeze_version
from tests.demand.world import MONTH, MONTHLY, import_sheets
from tests.factories import make_user

# Consensus of E7: 300 a month in Guangzhou, 500 in Beijing. July in Guangzhou 390 are ordered, August in Beijing 505.
BOOK = """order,product,org,quantity,due_date,kind
SO1,E7,GZ,390,2026-07-20,customer
SO2,E7,BJ,505,2026-08-05,channel
SO3,S6,GZ,40,2026-07-05,customer
"""
PAGE = "/demand/orders/?view=excess"


@pytest.fixture
def booked(world):
    world.publish("baseline", MONTHLY)
    build_proposal(cycle=world.cycle, actor=None)
    ConsumptionRule.objects.create(back_months=0, forward_months=0, fence_months=0)
    import_sheets(world.folder / "book", orders=BOOK)
    return world


def everywhere(**sides):
    return find_place(scope=Scope(), **{"product": None, "org": None, **sides})


def found(world, **sides):
    return find_excess_orders(world.cycle, everywhere(**sides))


def test_what_found_no_forecast_is_listed_most_first(booked):
    p, o = booked.p, booked.o
    assert found(booked).cells == [
        (p["E7"], o["GZ"], MONTH + 1, 300, 90),
        (p["E7"], o["BJ"], MONTH + 2, 500, 5),
    ]
    assert found(booked).units == 95
    assert found(booked, org="NORTH").units == 5


def test_orders_that_find_forecast_in_their_window_exceed_nothing(booked):
    ConsumptionRule.objects.update(back_months=1)
    assert not len(found(booked))


def test_raising_is_an_override_with_its_reason_and_leaves_nothing_over(booked):
    lead = make_user("demand_lead")
    before = load_measure(version_id=booked.version.pk, measure=CONSENSUS).values.sum()
    raised = raise_to_orders(cycle=booked.cycle, product=None, org=None, seen=found(booked).tag, actor=lead)
    assert raised.units == 95
    assert (booked.cell(CONSENSUS, "E7", "GZ", 1), booked.cell(CONSENSUS, "E7", "BJ", 2)) == (390, 505)
    assert load_measure(version_id=booked.version.pk, measure=CONSENSUS).values.sum() == before + 95
    assert not len(found(booked))
    standing = list_standing_edits(version_id=booked.version.pk, measure=OVERRIDE)
    assert [(edit.reason, edit.is_justified) for edit in standing] == [("orders", True)] * 2
    build_proposal(cycle=booked.cycle, actor=None)
    assert booked.cell(CONSENSUS, "E7", "GZ", 1) == 390


def test_with_windows_one_raise_is_enough_too(booked):
    """Back one month: Guangzhou's 390 of July and 650 of August find 300 + 300 + 300; 140 are over in August."""
    ConsumptionRule.objects.update(back_months=1)
    import_sheets(
        booked.folder / "more", orders="order,product,org,quantity,due_date,kind\nSO4,E7,GZ,650,2026-08-20,customer\n"
    )
    assert found(booked).units > 0
    raise_to_orders(
        cycle=booked.cycle, product="E7", org="GZ", seen=found(booked, product="E7", org="GZ").tag,
        actor=make_user("demand_lead"),
    )  # fmt: skip
    assert not len(found(booked, product="E7", org="GZ"))


def test_nothing_is_raised_unseen_or_by_others_or_after_the_signature(booked):
    lead, sales = make_user("demand_lead"), make_user("sales")
    tag, batches = found(booked).tag, Batch.objects.count()
    cases = (
        (InvalidInput, lead, {"product": "S6", "org": None, "seen": tag}),
        (Conflict, lead, {"product": None, "org": None, "seen": "older"}),
        (Denied, sales, {"product": None, "org": None, "seen": tag}),
    )
    for error, actor, asked in cases:
        with pytest.raises(error):
            raise_to_orders(cycle=booked.cycle, actor=actor, **asked)
    freeze_version(version_id=booked.version.pk, kind="D", actor=None)
    with pytest.raises(Frozen):
        raise_to_orders(cycle=booked.cycle, product=None, org=None, seen=tag, actor=lead)
    assert booked.cell(CONSENSUS, "E7", "GZ", 1) == 300
    assert Batch.objects.count() == batches


def test_the_page_shows_the_list_and_raises_what_was_shown(booked, client):
    client.force_login(make_user("demand_lead"))
    page = client.get(PAGE).content.decode()
    assert "Orders exceed the consensus in 2 places, by 95 units" in page
    assert "See where and raise" in client.get("/demand/orders/").content.decode()
    client.post(PAGE, {"seen": found(booked).tag})
    assert booked.cell(CONSENSUS, "E7", "GZ", 1) == 390
    assert "No order exceeds the consensus here" in client.get(PAGE).content.decode()


def test_sales_see_their_own_and_raise_nothing(booked, client):
    client.force_login(make_user("sales", orgs=("NORTH",)))
    page = client.get(PAGE).content.decode()
    assert "in 1 place, by 5 units" in page
    assert 'name="seen"' not in page
    assert client.post(PAGE, {"seen": found(booked, org="NORTH").tag}).status_code == 403
    assert booked.cell(CONSENSUS, "E7", "BJ", 2) == 500


def test_rest_shows_the_list_and_raises_it_with_its_tag(booked, client):
    client.force_login(make_user("demand_lead"))
    path = "/api/v1/demand/orders-above/?product=E7&org=CN"
    answer = client.get(path)
    assert answer.json()["lines"][0] == {
        "product": "E7", "org": "GZ", "month": "2026-07", "consensus": 300, "over": 90,
    }  # fmt: skip
    assert client.post(path).status_code == 428
    assert client.post(path, headers={"If-Match": '"older"'}).status_code == 412
    assert client.post(path, headers={"If-Match": answer["ETag"]}).json()["units"] == 95
    assert client.get(path).json() == {"places": 0, "units": 0, "finding": "", "lines": []}
