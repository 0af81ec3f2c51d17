"""The demand endpoints: numbers, rights, scopes; what is denied changes nothing."""

import json

import pytest

from core.choices import JobState
from core.jobs import run_job_now
from core.models import Job
from demand.models import Assumption, CellComment, OutlierDecision
from demand.services import build_proposal
from plans.models import CellLock, Version
from tests.demand.world import MONTH, MONTHLY
from tests.factories import make_user

API = "/api/v1/demand/"


@pytest.fixture
def planned(world):
    world.publish("baseline", MONTHLY)
    build_proposal(cycle=world.cycle, actor=None)
    return world


@pytest.fixture
def ask(client):
    """GET or POST as somebody; JSON in and out."""

    def call(user, path, body=None, **query):
        client.force_login(user)
        if body is None:
            return client.get(f"{API}{path}", query)
        return client.post(f"{API}{path}", json.dumps(body), content_type="application/json")

    return call


def cell(measure="consensus", product="E7", org="SOUTH", month="2026-07", **more):
    return {"measure": measure, "product": product, "org": org, "month": month, **more}


def test_the_workbench_of_a_place(planned, ask):
    answer = ask(make_user("demand_lead"), "workbench/", product="E7", org="SOUTH").json()
    assert (answer["product"], answer["org"], answer["leaves"], answer["isLeaf"]) == ("E7", "SOUTH", 2, False)
    assert answer["heading"] == {"product": "E7 SUV", "org": "South"}
    consensus = next(line for line in answer["rows"] if line["key"] == "consensus")
    assert consensus["cells"][4] == 500
    assert answer["version"] == planned.version.pk


def test_the_workbench_of_a_foreign_region_does_not_exist(planned, ask):
    south = make_user("sales", orgs=("SOUTH",))
    assert ask(south, "workbench/", org="NORTH").status_code == 404
    answer = ask(south, "workbench/").json()
    assert (answer["org"], answer["leaves"]) == ("SOUTH", 6)


@pytest.mark.parametrize(
    ("method", "path"),
    [("get", "workbench/"), ("get", "tree/"), ("post", "forecast/"), ("post", "proposal/"), ("post", "preview/")],
)
def test_nobody_signed_in_nothing_to_see(planned, client, method, path):
    assert getattr(client, method)(f"{API}{path}").status_code == 401


@pytest.mark.parametrize("role", ["supplier", "admin", "api_client"])
def test_roles_without_the_plan(planned, ask, role):
    assert ask(make_user(role), "workbench/").status_code == 403


def test_the_tree_and_its_branches(planned, ask):
    lead = make_user("demand_lead")
    answer = ask(lead, "tree/", side="org", month="2026-08").json()
    assert [(node["code"], node["value"]) for node in answer["nodes"]][:2] == [("CN", 1200), ("NORTH", 600)]
    branch = ask(lead, "tree/", side="org", under="SOUTH").json()["nodes"]
    assert [node["code"] for node in branch] == ["GZ", "SZ"]
    assert ask(lead, "tree/", month="soon").status_code == 422


def test_the_split_preview_is_exact_and_writes_nothing(planned, ask):
    heads = list(Version.objects.get(pk=planned.version.pk).heads.order_by("pk").values_list("pk", "rev", "epoch"))
    answer = ask(make_user("demand_lead"), "preview/", cell(product="E7", org="CN", value="901", spread="baseline"))
    leaves = answer.json()["leaves"]
    assert [(leaf["label"], leaf["before"], leaf["after"]) for leaf in leaves] == [
        ("North", 500, 451),
        ("South", 500, 450),
    ]
    assert sum(leaf["after"] for leaf in leaves) == 901
    assert answer.json()["rule"] == "by baseline"
    now = list(Version.objects.get(pk=planned.version.pk).heads.order_by("pk").values_list("pk", "rev", "epoch"))
    assert now == heads


def test_below_one_dealer_the_preview_shows_products(planned, ask):
    answer = ask(make_user("demand_lead"), "preview/", cell(product="NEV", org="GZ", value="720")).json()
    assert [(leaf["label"], leaf["after"]) for leaf in answer["leaves"]] == [("E5 sedan", 120), ("E7 SUV", 600)]


def test_a_locked_leaf_keeps_its_value_in_the_preview(planned, ask):
    lead = make_user("demand_lead")
    assert ask(lead, "locks/", {"locked": True, "cells": [cell(org="SZ")]}).json() == {"changed": 1}
    leaves = ask(lead, "preview/", cell(org="SOUTH", value="600")).json()["leaves"]
    assert [(leaf["label"], leaf["after"], leaf["locked"]) for leaf in leaves] == [
        ("Guangzhou dealer", 400, False),
        ("Shenzhen dealer", 200, True),
    ]
    assert ask(lead, "locks/", {"locked": False, "cells": [cell(org="SZ")]}).json() == {"changed": 1}
    assert not CellLock.objects.exists()


def test_somebody_without_the_right_locks_nothing(planned, ask):
    assert ask(make_user("finance"), "locks/", {"locked": True, "cells": [cell()]}).status_code == 403
    north = make_user("sales", orgs=("NORTH",))
    body = {"locked": True, "cells": [cell("sales", org="BJ"), cell("sales", org="SZ")]}
    assert ask(north, "locks/", body).status_code in {403, 404}
    assert not CellLock.objects.exists()


def test_comments_and_their_limits(planned, ask):
    sales = make_user("sales", orgs=("SOUTH",))
    make_user("demand_lead", username="lin")
    answer = ask(sales, "comments/", cell("sales", text="  Overstocked, @lin  "))
    assert answer.status_code == 201
    comment = CellComment.objects.get()
    assert (comment.text, comment.month) == ("Overstocked, @lin", MONTH + 1)
    assert [user.username for user in comment.mentions.all()] == ["lin"]
    assert ask(sales, "comments/", cell("sales", org="NORTH", text="x")).status_code in {403, 404}
    assert ask(sales, "comments/", cell("sales", text=" ")).status_code == 422
    assert ask(sales, "comments/", cell("nonsense", text="x")).status_code == 404
    assert CellComment.objects.count() == 1


def test_the_forecast_runs_as_a_job(planned, ask):
    lead = make_user("demand_lead")
    first = ask(lead, "forecast/", {})
    assert first.status_code == 202
    assert ask(lead, "forecast/", {}).json()["id"] == first.json()["id"]  # an equal waiting run is the same run
    job = Job.objects.get(pk=first.json()["id"])
    run_job_now(job)
    job.refresh_from_db()
    assert job.state == JobState.DONE


@pytest.mark.parametrize("role", ["sales", "marketing", "finance", "executive", "production"])
def test_who_may_not_run_the_forecast_or_the_rule(planned, ask, role):
    user = make_user(role)
    before = planned.total("proposal")
    assert ask(user, "forecast/", {}).status_code == 403
    assert ask(user, "proposal/", {}).status_code == 403
    assert not Job.objects.exists()
    assert planned.total("proposal") == before


def test_the_proposal_is_built_again_from_the_rule(planned, ask):
    planned.publish("baseline", {pair: units * 2 for pair, units in MONTHLY.items()})
    answer = ask(make_user("demand_lead"), "proposal/", {})
    assert answer.json()["rules"] == {"baseline": 9}
    assert planned.total("proposal") == 2400


def test_one_place_is_forecast_within_the_scope(planned, ask):
    south = make_user("sales", orgs=("SOUTH",))
    answer = ask(south, "forecast/node/", {"product": "E7"}).json()
    assert answer["mean"][0] == pytest.approx(500, abs=1)
    assert ask(south, "forecast/node/", {"org": "NORTH"}).status_code == 404
    assert ask(south, "forecast/node/", {"product": "M8"}).status_code == 422


def test_a_word_on_an_outlier_needs_its_reason_and_a_leaf(planned, ask):
    lead = make_user("demand_lead")
    odd = {"product": "E7", "org": "SZ", "month": "2026-02", "verdict": "replace", "reason": "dealer strike"}
    assert ask(lead, "outliers/", odd).status_code == 201
    assert ask(lead, "outliers/", odd | {"verdict": "keep", "reason": "it was real"}).status_code == 201
    assert ask(lead, "outliers/", odd | {"reason": " "}).status_code == 422
    assert ask(lead, "outliers/", odd | {"org": "SOUTH"}).status_code == 422
    assert ask(make_user("sales"), "outliers/", odd).status_code == 403
    assert OutlierDecision.objects.get().verdict == "keep"


def test_assumptions_are_added_and_assessed(planned, ask):
    sales = make_user("sales")
    new = ask(sales, "assumptions/", {"text": "Subsidy stays", "product": "NEV", "impact_quantity": 300})
    assert new.status_code == 201
    number = new.json()["id"]
    assert ask(sales, f"assumptions/{number}/", {"state": "broken"}).status_code == 422  # say what broke it
    assert ask(sales, f"assumptions/{number}/", {"state": "broken", "note": "notice of 30 Oct"}).status_code == 200
    assert ask(make_user("supplier"), f"assumptions/{number}/", {"state": "active"}).status_code == 403
    (line,) = ask(sales, "assumptions/").json()["results"]
    assert (line["state"], line["product"], line["note"]) == ("broken", "NEV", "notice of 30 Oct")
    assert Assumption.objects.get().state == "broken"


# Typing into the plan, through the cells endpoint -------------------------------------------------------------------
@pytest.fixture
def save(client, planned):
    def call(user, *edits, mode="partial"):
        client.force_login(user)
        url = f"/api/v1/plans/{planned.version.pk}/cells:batch"
        return client.post(url, json.dumps({"mode": mode, "edits": edits}), content_type="application/json")

    return call


def edit(value, base, **more):
    return cell(**{"product": "E7", "org": "GZ", **more}) | {"value": value, "base": base}


def test_an_override_without_a_reason_is_refused_and_changes_nothing(planned, save):
    """R-053: no gut-feel entry."""
    lead = make_user("demand_lead")
    (outcome,) = save(lead, edit(400, 300)).json()["results"]
    assert (outcome["status"], outcome["code"]) == ("refused", "reason_required")
    assert planned.cell("consensus", "E7", "GZ", 1) == 300
    (outcome,) = save(lead, edit(400, 300) | {"reason": "customer", "comment": "letter"}).json()["results"]
    assert (outcome["status"], outcome["value"]) == ("applied", 400)
    assert planned.cell("consensus", "E7", "GZ", 1) == 400
    (outcome,) = save(lead, edit(None, 400)).json()["results"]  # taking it back needs no reason
    assert (outcome["status"], outcome["value"]) == ("applied", 300)


def test_a_total_without_a_reason_is_refused_too(planned, save):
    (outcome,) = save(make_user("demand_lead"), edit(900, 1000, org="CN")).json()["results"]
    assert outcome["code"] == "reason_required"
    assert planned.total("consensus", 1) == 1200


def test_a_department_types_without_a_reason(planned, save):
    (outcome,) = save(make_user("sales"), edit(330, None, measure="sales")).json()["results"]
    assert outcome["status"] == "applied"
    assert planned.cell("sales", "E7", "GZ", 1) == 330


def test_sales_cannot_override_the_consensus(planned, save):
    answer = save(make_user("sales"), edit(400, 300) | {"reason": "customer"})
    assert answer.status_code == 403
    assert planned.cell("consensus", "E7", "GZ", 1) == 300
