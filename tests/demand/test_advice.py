"""At the moment of editing: band, noise, own record; notes on market and customers; the streams of R-043."""

import json

import pytest

from demand.models import CellComment
from demand.selectors.accuracy import AuthorRecord
from demand.services import build_proposal
from demand.streams import STREAMS
from tests.demand.world import MONTHLY
from tests.factories import make_user

API = "/api/v1/demand/"
PLACE = {"product": "E7", "org": "GZ"}


@pytest.fixture
def planned(world):
    """E7 at the Guangzhou dealer: 300 expected, 80 % band 260 … 340."""
    world.publish("baseline", MONTHLY)
    world.publish("baseline_lo80", {("E7", "GZ"): 260})
    world.publish("baseline_hi80", {("E7", "GZ"): 340})
    build_proposal(cycle=world.cycle, actor=None)
    return world


def ask(client, *values, measure="consensus"):
    cells = [{"measure": measure, "month": f"2026-{7 + i:02d}", "value": value} for i, value in enumerate(values)]
    response = client.post(f"{API}advice/", json.dumps({**PLACE, "cells": cells}), content_type="application/json")
    assert response.status_code == 200, response.content
    return response.json()


def test_the_band_and_the_noise_are_said_before_saving(planned, client):
    client.force_login(make_user("demand_lead"))
    [outside] = ask(client, 500)["warnings"]
    assert "260 to 340" in outside
    [small] = ask(client, 303)["warnings"]
    assert "noise" in small
    assert ask(client, 320)["warnings"] == []
    assert ask(client, None)["warnings"] == []
    assert ask(client, 303, measure="sales")["warnings"] == []  # sales says what it expects, it overrides nothing


def test_many_cells_are_told_in_three_sentences(planned, client):
    client.force_login(make_user("demand_lead"))
    warnings = ask(client, 500, 501, 502, 503, 504)["warnings"]
    assert len(warnings) == 4
    assert warnings[-1] == "and 2 more"


@pytest.mark.parametrize(("change", "tone", "word"), [(-0.04, "good", "+4.0"), (0.02, "bad", "−2.0")])
def test_ones_own_record_at_the_place(planned, client, monkeypatch, change, tone, word):
    lead = make_user("demand_lead")
    record = AuthorRecord(str(lead), 12, change, 0.0)
    monkeypatch.setattr("demand.advice.load_author_records", lambda **_where: [record])
    client.force_login(lead)
    own = ask(client, 320)["own"]
    assert own["tone"] == tone
    assert "12 changes" in own["text"]
    assert word in own["text"]


def test_nobody_is_judged_before_a_month_has_closed(planned, client):
    client.force_login(make_user("demand_lead"))
    assert ask(client, 320)["own"] is None


def test_market_trends_and_customer_feedback_are_notes_at_a_stream_and_month(planned, client):
    client.force_login(make_user("sales", orgs=("SOUTH",)))
    cell = {"measure": "sales", **PLACE, "month": "2026-07"}
    for kind, text in (("market", "Rival launches in July"), ("customer", "Fleet 7 wants red"), ("", "check")):
        body = {**cell, "text": text, **({"kind": kind} if kind else {})}
        assert client.post(f"{API}comments/", json.dumps(body), content_type="application/json").status_code == 201
    assert list(CellComment.objects.order_by("pk").values_list("kind", flat=True)) == ["market", "customer", "remark"]
    [found] = client.get(f"{API}comments/?kind=market").json()["results"]
    assert (found["text"], found["month"], found["measure"]) == ("Rival launches in July", "2026-07", "sales")
    client.force_login(make_user("sales", username="north", orgs=("NORTH",)))
    assert client.get(f"{API}comments/").json()["results"] == []
    bad = {**cell, "org": "BJ", "text": "x", "kind": "gossip"}
    assert client.post(f"{API}comments/", json.dumps(bad), content_type="application/json").status_code == 422


def test_every_stream_is_shown_apart_with_the_department_that_answers_for_it(planned, client):
    """R-043, R-044."""
    for stream in STREAMS:
        planned.publish(stream.code, {("E7", "GZ"): 1})
    client.force_login(make_user("demand_lead"))
    rows = {row["key"]: row for row in client.get(f"{API}workbench/", PLACE).json()["rows"]}
    assert {stream.code for stream in STREAMS} <= rows.keys()
    assert {"business_plan", "baseline", "actual", "budget"} <= rows.keys()
    assert (rows["marketing"]["department"], rows["finance_view"]["department"]) == ("Marketing", "Finance")


def test_a_silent_finance_view_takes_no_row_but_finances_own(planned, client):
    client.force_login(make_user("demand_lead"))
    assert "finance_view" not in {row["key"] for row in client.get(f"{API}workbench/", PLACE).json()["rows"]}
    client.force_login(make_user("finance"))
    assert "finance_view" in {row["key"] for row in client.get(f"{API}workbench/", PLACE).json()["rows"]}
