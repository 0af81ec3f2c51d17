"""The main chain and its sub-chains, on a plant, a store, a supplier and a subcontractor solved by hand."""

import csv
import io

import numpy as np
import openpyxl
import pytest
from django.urls import reverse

from accounts.selectors import get_scope
from masterdata.models import Lane, Way
from plans.selectors import get_heads, load_measure
from supply import measures as m
from supply.boards.chains import load_chains_board
from supply.selectors import chains as c
from supply.selectors.chains import load_chains
from supply.selectors.moves import load_moves
from supply.services.balance import run_balance
from tests.factories import make_user
from tests.supply.world import NOV, build_network, release_plan

pytestmark = pytest.mark.django_db
MONTHS = 18


@pytest.fixture
def network(company, cycle, users):
    return build_network(company, cycle, users["supply_lead"])


def _chains(version, user):
    return load_chains(version, get_scope(user))


def test_every_chain_has_its_own_plan(network, users):
    plan = _chains(network, users["supply_lead"])
    assert [(chain.code, chain.kind) for chain in plan.chains] == [
        ("site:PLANT", "plant"),
        ("site:STORE", "warehouse"),
        ("outsourcing", "outsourcing"),
        ("supplier:S1", "supplier"),
    ]
    plant, store, bought_in, supplier = plan.chains
    assert [(row.code, row.values[0]) for row in plant.sections[c.MADE].rows] == [("B1", 250), ("A1", 150)]
    assert [(row.code, row.values[0]) for row in plant.sections[c.SHIPPED].rows] == [("NORTH-1", 400)]
    assert [(row.code, row.values[0]) for row in plant.sections[c.SENT].rows] == [("STORE", 50)]
    assert [(row.code, row.values[0]) for row in store.sections[c.RECEIVED].rows] == [("PLANT", 50)]
    assert [(row.code, row.values[0]) for row in store.sections[c.SHIPPED].rows] == [("SOUTH-1", 50)]
    assert [(row.code, row.note, row.values[0]) for row in bought_in.sections[c.OUTSOURCED].rows] == [
        ("B1", "Plant", 50)
    ]
    assert plant.sections[c.LOAD].by_month[0] == plant.sections[c.AVAILABLE].by_month[0] == 400_00
    assert plant.sections[c.NEED].by_month == (400,) * MONTHS  # one pack a car made here
    assert supplier.sections[c.ON_ORDER].by_month == (30,) + (0,) * (MONTHS - 1)
    assert supplier.by_month(c.OUTSOURCED) == ()


def test_the_chains_add_up_to_the_main_chain_exactly(network, users):
    plan = _chains(network, users["supply_lead"])
    assert plan.main["asked"] == plan.main["served"] == (450,) * MONTHS
    assert plan.total("short") == 0
    for code in (c.MADE, c.OUTSOURCED, c.SHIPPED, c.STOCK, c.LOAD, c.AVAILABLE, c.BOUGHT, c.ON_ORDER, c.MATERIAL_STOCK):
        parts = np.array([chain.by_month(code) for chain in plan.chains if chain.by_month(code)]).reshape(-1, MONTHS)
        assert tuple(parts.sum(axis=0).tolist()) == plan.main[code], code
        assert sum(chain.total(code) for chain in plan.chains) == plan.total(code), code
    assert plan.main[c.SHIPPED] == plan.main["served"]  # nothing is on the way over a month's end
    sent, received = (sum(chain.total(code) for chain in plan.chains) for code in (c.SENT, c.RECEIVED))
    assert sent == received == 50 * MONTHS
    assert plan.total(c.BOUGHT) == load_measure(version_id=network.pk, measure=m.PURCHASE).values.sum()


def test_shipments_arrive_as_many_months_later_as_the_plan_was_made_with(company, network, users):
    """A way of 31 days takes a month. What the lane says later does not move what was planned."""
    Lane.objects.filter(site=company.site).update(lead_time_days=31)
    run_balance(version_id=network.pk, actor=users["supply_lead"])
    Lane.objects.filter(site=company.site).update(lead_time_days=0)
    shipped = load_moves(network, get_scope(users["supply_lead"])).shipped
    north = shipped.only(shipped.target == company.orgs["NORTH-1"].pk)
    assert set(north.lag.tolist()) == {1}
    assert north.arrived[:, 0].sum() == 0
    assert (north.arrived[:, 1:] == north.left[:, :-1]).all()
    served = load_measure(version_id=network.pk, measure=m.CONSTRAINED, months=range(NOV, NOV + MONTHS))
    assert shipped.arrived.sum(axis=0).tolist() == served.values.sum(axis=0).tolist()


def test_ways_are_made_once_and_touch_no_revision(company, network, users):
    before = sorted(Way.objects.values_list("pk", flat=True))
    run_balance(version_id=network.pk, actor=users["supply_lead"])
    assert sorted(Way.objects.values_list("pk", flat=True)) == before
    company.company.refresh_from_db()
    assert company.company.revision == 0


def test_a_reader_with_a_region_sees_that_regions_part(network):
    plan = _chains(network, make_user("sales", username="north", orgs=("NORTH",)))
    assert plan.main["asked"] == (400,) * MONTHS
    assert plan.main[c.SHIPPED] == (400,) * MONTHS
    assert plan.find("site:STORE").by_month(c.SHIPPED) == ()


def test_a_plan_from_before_shipments_were_kept_says_so(network, users):
    for measure in m.MOVES:
        network.heads.filter(measure=measure).update(measure=f"no {measure}")
    plan = _chains(network, users["supply_lead"])
    assert not plan.are_moves_kept
    assert plan.total(c.SHIPPED) == 0
    run_balance(version_id=network.pk, actor=users["supply_lead"])
    assert set(m.MOVES) < set(get_heads(version_id=network.pk))
    assert _chains(network, users["supply_lead"]).are_moves_kept


def test_the_page_shows_one_chain_by_month_and_hides_money(client, network, users):
    board = load_chains_board(network.cycle, network, user=users["supply_lead"], wanted="site:STORE")
    assert board.shown.label == "Store"
    assert board.message == "7,200 made, 8,100 shipped, 0 short, in 4 chains"
    assert board.freight == 8_100 * 100
    for role, sees in (("supply_lead", True), ("production", False)):
        client.force_login(users[role])
        page = client.get("/supply/chains/?chain=supplier:S1").content.decode()
        assert "Plan of Supplier 1" in page
        assert "Draft: the working plan" in page
        assert ("¥8,100" in page) is sees
        assert ("hidden for your role" in page) is not sees
    assert client.get("/supply/chains/?chain=site:NOWHERE").status_code == 404


def test_a_chain_as_file(client, network, users):
    client.force_login(users["production"])
    address = f"{reverse('supply:chain-file')}?plan={network.pk}"
    answer = client.get(f"{address}&chain=site:PLANT&format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert sum(int(row["value"]) for row in rows if row["measure"] == "made") == 400 * MONTHS
    assert {"measure": "made", "chain": "site:PLANT", "item": "B1", "month": "2026-11", "value": "250"}.items() <= rows[
        0
    ].items()
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{address}&format=xlsx").content))
    assert {"made", "shipped", "bought", "outsourced"} <= set(book.sheetnames)
    assert client.get(f"{address}&format=pdf").status_code == 404
    assert client.get(f"{address}&chain=site:NOWHERE").status_code == 404


def test_a_release_answers_its_chains(client, network, users):
    release = release_plan(network, users)
    client.force_login(users["api_client"])
    answer = client.get(f"/api/v1/releases/{release.number}/chains/")
    body = answer.json()
    assert body["snapshot"] == release.snapshot_code
    assert body["months"][0] == "2026-11"
    assert (body["main"]["made"][0], body["main"]["load"][0], body["main"]["shipped"][0]) == (400, 400.0, 450)
    assert [chain["code"] for chain in body["chains"]] == ["site:PLANT", "site:STORE", "outsourcing", "supplier:S1"]
    made = [sum(chain["figures"].get("made", [0])) for chain in body["chains"]]
    assert sum(made) == sum(body["main"]["made"])
    again = client.get(f"/api/v1/releases/{release.number}/chains/", HTTP_IF_NONE_MATCH=answer["ETag"])
    assert again.status_code == 304
    chain = client.get(f"/api/v1/releases/{release.number}/chains/site:STORE/").json()
    [shipped] = [section for section in chain["sections"] if section["section"] == "shipped"]
    assert shipped["total"] == [50] * MONTHS
    assert shipped["rows"][0]["item"] == "SOUTH-1"
    sheet = client.get(f"/api/v1/releases/{release.number}/chains/supplier:S1/?format=csv").content.decode()
    assert sheet.startswith("measure,chain,item,name,note,month,value,unit")
    assert client.get(f"/api/v1/releases/{release.number}/chains/site:X/").json()["code"] == "no_chain"
    client.force_login(users["supply_lead"])
    assert f"Release {release.number} of" in client.get("/supply/chains/").content.decode()
