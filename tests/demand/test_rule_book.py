"""Declared rules: who declares them, what measured accuracy only proposes, what the audit keeps."""

import json

import pytest

from core.models import AuditEntry
from demand.models import ConsensusRule, ConsumptionRule
from demand.services import build_proposal
from tests.demand.world import MONTHLY
from tests.factories import make_user

PAGE = "/demand/rules/"


@pytest.fixture
def measured(world, monkeypatch):
    """Sales was twice as accurate as the baseline."""
    errors = {"naive": 0.3, "baseline": 0.2, "sales": 0.1, "consensus": 0.15}
    monkeypatch.setattr("demand.selectors.rule_book.load_source_errors", lambda **_where: errors)
    world.publish("baseline", MONTHLY)
    world.publish("sales", {pair: units * 2 for pair, units in MONTHLY.items()})
    return world


def test_a_measured_weight_is_a_proposal_until_it_is_accepted(measured, client):
    client.force_login(make_user("demand_lead"))
    ConsensusRule.objects.create(product_id=measured.p["NEV"], kind="weighted")
    build_proposal(cycle=measured.cycle, actor=None)
    assert measured.cell("proposal", "E7", "GZ", 1) == 450  # one half each, whatever was measured
    line = next(line for line in client.get(PAGE).context["lines"] if line.product and line.product.code == "NEV")
    assert (line.proposed_weight, line.weight, line.is_accepted) == (0.67, 0.5, False)
    assert client.post(PAGE, {"do": "accept", "product": "NEV"}).status_code == 302
    rule = ConsensusRule.objects.get(product_id=measured.p["NEV"])
    assert (rule.sales_weight, rule.measured["sales"], str(rule.decided_by)) == (0.67, 0.1, "demand_lead")
    build_proposal(cycle=measured.cycle, actor=None)
    assert measured.cell("proposal", "E7", "GZ", 1) == 501  # 0.67 × 600 + 0.33 × 300
    detail = json.loads(AuditEntry.objects.get(verb="demand.rule.declared").detail)
    assert (detail["product"], detail["after"]["sales_weight"]) == ("NEV", 0.67)


def test_nothing_measured_nothing_to_accept(world, client):
    client.force_login(make_user("demand_lead"))
    assert client.post(PAGE, {"do": "accept", "product": "NEV"}).status_code == 302
    assert not ConsensusRule.objects.exists()


def test_rules_are_declared_for_a_family_and_for_the_company(world, client):
    client.force_login(make_user("demand_lead"))
    client.post(PAGE, {"do": "consensus", "product": "", "kind": "sales", "at_least_orders": "1"})
    client.post(PAGE, {"do": "consumption", "product": "NEV", "back_months": "2", "forward_months": "0",
                       "fence_months": "", "dealers": "linked", "at_roll": "keep"})  # fmt: skip
    company = ConsensusRule.objects.get(product=None)
    assert (company.kind, company.add_activities, company.at_least_orders) == ("sales", False, True)
    nev = ConsumptionRule.objects.get()
    assert (nev.product_id, nev.back_months, nev.fence_months, nev.dealers, nev.at_roll) == (
        world.p["NEV"], 2, None, "linked", "keep",
    )  # fmt: skip
    client.post(PAGE, {"do": "consensus", "product": "", "kind": "baseline"})
    assert ConsensusRule.objects.get().kind == "baseline"


@pytest.mark.parametrize(
    "form",
    [
        {"do": "consensus", "kind": "magic"},
        {"do": "consensus", "kind": "weighted", "sales_weight": "1.5"},
        {"do": "consensus", "kind": "weighted", "sales_weight": "half"},
        {"do": "consumption", "back_months": "99", "forward_months": "0", "dealers": "linked", "at_roll": "keep"},
        {"do": "consumption", "back_months": "1", "forward_months": "0", "dealers": "none", "at_roll": "keep"},
        {"do": "consensus", "kind": "sales", "product": "NOPE"},
        {"do": "party"},
    ],
)
def test_what_is_no_rule_changes_nothing(world, client, form):
    client.force_login(make_user("demand_lead"))
    assert client.post(PAGE, form).status_code == 302
    assert not ConsensusRule.objects.exists()
    assert not ConsumptionRule.objects.exists()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_others_read_the_rules_only(world, client, language):
    client.force_login(make_user("sales", language=language))
    response = client.get(PAGE)
    assert response.status_code == 200
    assert b'name="do"' in response.content
    assert not response.context["may_declare"]
    client.post(PAGE, {"do": "consensus", "kind": "sales"})
    assert not ConsensusRule.objects.exists()
