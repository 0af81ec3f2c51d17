"""The Excel round trip: what is exported, what comes back, what is refused; saving through the one path."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from demand.services import build_proposal
from masterdata.models import Product
from plans.models import Edit
from plans.services import CellEdit, Note, lock_cells, save_cells
from tests.demand.excel import change_cells, find_cell, read_sheet
from tests.demand.world import MONTH, MONTHLY
from tests.factories import make_user

URL = "/api/v1/demand/workbook/"


@pytest.fixture
def planned(world):
    world.publish("baseline", MONTHLY)
    world.publish("sales", MONTHLY)
    build_proposal(cycle=world.cycle, actor=None)
    return world


@pytest.fixture
def lead(planned, client):
    user = make_user("demand_lead")
    client.force_login(user)
    return user


def export(client, **query):
    response = client.get(URL, query)
    assert response.status_code == 200, response.content
    return b"".join(response) if response.streaming else response.content


def bring_back(client, content):
    return client.post(URL, {"file": SimpleUploadedFile("plan.xlsx", content)})


def test_the_file_shows_the_place_and_unlocks_what_may_be_typed(planned, lead, client):
    rows = read_sheet(export(client, product="E7", org="SOUTH"))
    assert rows[0][:5] == ["measure", "product", "org", "Product", "Region"]
    by_key = {row[0]: row for row in rows[1:]}
    july = rows[0].index("2026-07")
    assert by_key["consensus"][july] == 500
    assert by_key["sales"][1:5] == ["E7", "SOUTH", "E7 SUV", "South"]


def test_an_untouched_file_changes_nothing(planned, lead, client):
    answer = bring_back(client, export(client, product="E7", below="org")).json()
    assert (answer["cells"], answer["rejected"], answer["agreed"]) == ([], [], 0)
    assert answer["unchanged"] > 100


def test_changes_conflicts_and_what_others_already_did(planned, lead, client):
    content = export(client, product="E7", org="SOUTH")
    at = [find_cell(content, "consensus", "E7", "SOUTH", month) for month in ("2026-07", "2026-08", "2026-09")]
    keys = [(planned.p["E7"], planned.o[org]) for org in ("GZ", "SZ")]
    other = make_user("sales", username="guo", display_name="Guo Tao")
    note = Note("customer")
    edits = [
        CellEdit("consensus", *keys[0], MONTH + 2, 330, 300, note=note),
        CellEdit("consensus", *keys[0], MONTH + 3, 340, 300, note=note),
    ]
    save_cells(version_id=planned.version.pk, edits=edits, actor=other)
    answer = bring_back(client, change_cells(content, {at[0]: 600, at[1]: 650, at[2]: 540})).json()
    clean, conflict = answer["cells"]
    assert (clean["base"], clean["theirs"], clean["mine"], clean["state"]) == (500, 500, 600, "clean")
    assert (conflict["base"], conflict["theirs"], conflict["mine"], conflict["state"]) == (500, 530, 650, "conflict")
    assert conflict["by"] == str(other)
    assert answer["agreed"] == 1  # 540 is what Guo Tao made of it, too
    assert Edit.objects.count() == 2  # comparing writes nothing


def test_chosen_cells_are_saved_by_the_ordinary_path_and_sums_agree(planned, lead, client):
    content = export(client, product="E7", org="SOUTH")
    changed = change_cells(content, {find_cell(content, "consensus", "E7", "SOUTH", "2026-08"): 601})
    answer = bring_back(client, changed).json()
    [cell] = answer["cells"]
    assert cell["needs_reason"]
    edit = {"measure": cell["measure"], "product": "E7", "org": "SOUTH", "month": "2026-08", "value": cell["mine"]}
    body = {
        "mode": "all_or_nothing",
        "edits": [{**edit, "base": cell["theirs"], "reason": "customer", "spread": "baseline"}],
    }
    path = f"/api/v1/plans/{answer['version']}/cells:batch"
    assert client.post(path, json.dumps(body), content_type="application/json").status_code == 200
    assert planned.cell("consensus", "E7", "GZ", 2) + planned.cell("consensus", "E7", "SZ", 2) == 601
    assert bring_back(client, changed).json()["agreed"] == 1


@pytest.mark.parametrize(
    ("typed", "reason"),
    [("=1+1", "formula"), ("many", "not a number"), (-5, "below the lowest"), (1.5, "more than 0 decimals")],
)
def test_unreadable_cells_come_back_with_their_reason(planned, lead, client, typed, reason):
    content = export(client, product="E7", org="SOUTH")
    at = find_cell(content, "consensus", "E7", "SOUTH", "2026-07")
    answer = bring_back(client, change_cells(content, {at: typed})).json()
    assert answer["cells"] == []
    [rejected] = answer["rejected"]
    assert reason in rejected["reason"]
    assert rejected["line"] == int("".join(c for c in at if c.isdigit()))


def test_read_only_locked_and_frozen_cells_are_left_out_with_reasons(planned, lead, client):
    content = export(client, product="E7", org="GZ")
    lock_cells(version_id=planned.version.pk, measure="consensus", keys=[(planned.p["E7"], planned.o["GZ"])],
               months=range(MONTH + 1, MONTH + 2), actor=lead)  # fmt: skip
    spots = [("baseline", "2026-07"), ("consensus", "2026-06"), ("consensus", "2026-07")]
    changes = {find_cell(content, measure, "E7", "GZ", month): 999 for measure, month in spots}
    answer = bring_back(client, change_cells(content, changes)).json()
    assert answer["cells"] == []
    assert len(answer["rejected"]) == 3
    assert any("frozen" in row["reason"] for row in answer["rejected"])
    assert any("locked" in row["reason"] for row in answer["rejected"])


def test_a_total_and_its_part_are_not_both_taken(planned, lead, client):
    content = export(client, product="E7", org="SOUTH", below="org")
    changes = {find_cell(content, "consensus", "E7", org, "2026-07"): 900 for org in ("SOUTH", "GZ")}
    answer = bring_back(client, change_cells(content, changes)).json()
    assert [cell["org"] for cell in answer["cells"]] == ["GZ"]
    assert "Dealer" in answer["rejected"][0]["reason"] or "dealer" in answer["rejected"][0]["reason"]


def test_a_changed_hidden_base_is_refused(planned, lead, client):
    content = export(client, product="E7", org="SOUTH")
    rows = read_sheet(content, "Base")
    row = next(i for i, cells in enumerate(rows) if cells[0] == "sales")
    forged = change_cells(content, {f"E{row + 1}": "1"}, part="sheet2")
    response = bring_back(client, forged)
    assert (response.status_code, response.json()["code"]) == (422, "workbook_seal")


@pytest.mark.parametrize("content", [b"product,org\n1,2\n", b"", b"PK\x03\x04broken"])
def test_other_files_are_refused(planned, lead, client, content):
    response = bring_back(client, content)
    assert response.status_code == 422
    assert client.post(URL).status_code == 422


def test_the_scope_holds_both_ways(planned, client):
    boss = make_user("demand_lead")
    client.force_login(boss)
    content = export(client, product="E7", org="GZ")
    client.force_login(make_user("sales", orgs=("NORTH",)))
    assert client.get(URL, {"org": "GZ"}).status_code == 404
    at = find_cell(content, "sales", "E7", "GZ", "2026-07")
    answer = bring_back(client, change_cells(content, {at: 1})).json()
    assert answer["cells"] == []
    assert {row["content"] for row in answer["rejected"]} == {""}  # not even what the plan reads


def test_a_name_never_acts_as_a_formula(planned, lead, client):
    Product.objects.filter(code="E7").update(name="=HYPERLINK(1)")
    rows = read_sheet(export(client, product="E7", org="GZ"))
    assert rows[1][3] == "'=HYPERLINK(1)"


def test_more_places_than_people_read_are_refused(planned, lead, client, monkeypatch):
    monkeypatch.setattr("demand.workbook.MOST_PLACES", 1)
    response = client.get(URL, {"product": "CARS", "below": "product"})
    assert (response.status_code, response.json()["code"]) == (422, "too_many_places")
