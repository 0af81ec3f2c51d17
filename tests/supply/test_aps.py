"""A release for the shop floor: the tables add up to the release."""

import csv
import io
import zipfile
from collections import defaultdict

import pytest
from django.core.management import CommandError, call_command

from masterdata.models import CapacityChange, Routing
from supply.selectors.releases import load_lines
from tests.factories import make_user
from tests.supply.world import NOV, build_network, release_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def release(company, cycle, users):
    Routing.objects.filter(product__code="A1").update(setup_hours=0.5, min_lot=20)
    CapacityChange.objects.create(resource=company.line, month=NOV + 2, lost_hours=100, reason="maintenance")
    return release_plan(build_network(company, cycle, users["supply_lead"]), users)


def _tables(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {
            name.removesuffix(".csv"): list(csv.DictReader(io.StringIO(archive.read(name).decode())))
            for name in archive.namelist()
        }


@pytest.fixture
def tables(client, release, users):
    client.force_login(users["api_client"])
    return _tables(client.get(f"/api/v1/releases/{release.number}/aps/").content)


def test_orders_add_up_to_the_release_line_by_line(release, tables):
    made, hours = defaultdict(int), defaultdict(float)
    for row in tables["production_orders"]:
        made[int(row["release_line"])] += int(row["quantity"])
        hours[row["month"]] += float(row["hours"])
        assert row["start"] <= row["due"]
        assert (row["line"], row["site"]) == ("LINE", "PLANT")
    assert [made[index] for index, _line in enumerate(load_lines(release))] == [
        int(line.quantity) for line in load_lines(release)
    ]
    assert hours["2026-11"] == 400.0
    [head] = tables["release"]
    assert int(head["quantity"]) == sum(made.values())
    assert head["snapshot"] == release.snapshot_code


def test_the_near_months_come_by_week_and_the_others_by_month(tables):
    periods = {row["month"]: row["period"] for row in tables["production_orders"]}
    assert [periods[month] for month in ("2026-11", "2027-01", "2027-02")] == ["week", "week", "month"]
    a1 = [row for row in tables["production_orders"] if row["product"] == "A1" and row["month"] == "2026-11"]
    assert sum(int(row["quantity"]) for row in a1) == 150
    assert [row["due"] for row in a1][-1] == "2026-11-30"
    assert len({row["order"] for row in tables["production_orders"]}) == len(tables["production_orders"])


def test_hours_people_and_lots_say_what_the_plan_counts_on(tables):
    january = next(row for row in tables["capacity"] if row["month"] == "2027-01")
    assert (january["available_hours"], january["lost_hours"], january["reason"]) == ("300", "100", "maintenance")
    routing = next(row for row in tables["routings"] if row["product"] == "A1")
    assert (routing["hours_per_unit"], routing["setup_hours"], routing["min_lot"]) == ("1", "0.5", "20")
    assert tables["resources"][0]["shifts_per_day"] == "2"
    assert {row["product"] for row in tables["routings"]} == {"A1", "B1"}
    assert [row["working_days"] for row in tables["calendar"]][:2] == ["25", "25"]


def test_material_is_enough_for_what_is_made(tables):
    november = next(row for row in tables["materials"] if row["month"] == "2026-11")
    assert (november["material"], november["needed"]) == ("PACK", "400")
    assert int(november["available"]) == 400 + int(november["stock_end"])
    assert int(november["to_buy"]) + 30 == int(november["available"])
    assert tables["open_purchases"] == [
        {"order": "PO-1", "material": "PACK", "arrival_month": "2026-11", "promised_date": "", "quantity": "30"}
    ]


def test_the_command_writes_the_same_tables(release, tables, tmp_path):
    call_command("export_aps", str(tmp_path / "aps.zip"))
    assert _tables((tmp_path / "aps.zip").read_bytes()) == tables
    call_command("export_aps", str(release.number), str(tmp_path / "folder"))
    written = (tmp_path / "folder" / "production_orders.csv").read_text()
    assert list(csv.DictReader(io.StringIO(written))) == tables["production_orders"]
    for words in (["7", str(tmp_path / "x")], ["one", "x"], ["1", "x", "y"]):
        with pytest.raises(CommandError):
            call_command("export_aps", *words)


@pytest.mark.parametrize("family", ["A", "B"])
def test_a_reader_of_one_family_gets_its_orders_as_everybody_does(client, release, tables, family):
    client.force_login(make_user("production", username="of_one", products=(family,)))
    own = _tables(client.get(f"/api/v1/releases/{release.number}/aps/").content)
    assert {row["product"] for row in own["production_orders"] + own["routings"] + own["bom"]} == {f"{family}1"}
    assert own["production_orders"] == [row for row in tables["production_orders"] if row["product"] == f"{family}1"]
    assert own["materials"] == tables["materials"]


def test_the_same_release_gives_the_same_bytes(client, release, users):
    client.force_login(users["production"])
    address = f"/api/v1/releases/{release.number}/aps/"
    first = client.get(address)
    assert client.get(address).content == first.content
    assert client.get(address, HTTP_IF_NONE_MATCH=first["ETag"]).status_code == 304
    assert client.get("/api/v1/releases/99/aps/").status_code == 404
