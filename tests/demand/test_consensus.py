"""The proposal by the declared rule, the flex band, and what stands on top of it."""

import pytest

from demand.choices import RuleKind
from demand.models import ConsensusRule
from demand.services import apply_inputs, build_proposal, publish_flex, refresh_sources
from plans.services import CellEdit, Note, save_cells
from tests.demand.world import MONTH, MONTHLY, import_sheets


@pytest.fixture
def planned(world):
    """Baseline = history; sales asks for more in the south; an order above everything in the north."""
    world.publish("baseline", MONTHLY)
    import_sheets(
        world.folder / "voices",
        inputs="stream,product,org,month,quantity\nsales,E7,SOUTH,2026-06,700\nmarketing,E7,CN,2026-06,100\n"
        "product,M8,CN,2026-10,120\n",
        orders="order,product,org,quantity,due_date\nSO1,E5,BJ,150,2026-06-20\n",
    )
    refresh_sources(cycle=world.cycle, actor=None)
    apply_inputs(cycle=world.cycle, actor=None)
    return world


def test_default_rule_is_baseline_plus_activities_and_never_below_orders(planned):
    summary = build_proposal(cycle=planned.cycle, actor=None)
    assert planned.cell("proposal", "E7", "BJ") == 550
    assert planned.cell("proposal", "E7", "GZ") == 330
    assert planned.cell("proposal", "E5", "BJ") == 150
    assert planned.cell("proposal", "E5", "BJ", 1) == 100
    assert planned.total("proposal", 4) == 1200 + 120
    assert summary["rules"] == {"baseline": summary["rows"]}


def test_a_family_may_declare_its_own_rule(planned):
    ConsensusRule.objects.create(product_id=planned.p["NEV"], kind=RuleKind.SALES)
    build_proposal(cycle=planned.cycle, actor=None)
    assert planned.cell("proposal", "E7", "GZ") == 420  # sales' word: 700 × 300 / 500
    assert planned.cell("proposal", "E7", "BJ") == 550  # sales said nothing here
    assert planned.cell("proposal", "S6", "GZ") == 40


def test_a_weighted_rule_uses_its_declared_weight(planned):
    ConsensusRule.objects.create(kind=RuleKind.WEIGHTED, sales_weight=0.25, add_activities=False)
    build_proposal(cycle=planned.cycle, actor=None)
    assert planned.cell("proposal", "E7", "GZ") == 330  # 0.25 × 420 + 0.75 × 300


def test_the_nearest_rule_above_a_leaf_wins(planned):
    ConsensusRule.objects.create(product_id=planned.p["NEV"], kind=RuleKind.SALES)
    ConsensusRule.objects.create(product_id=planned.p["E7"], kind=RuleKind.BASELINE, add_activities=False)
    build_proposal(cycle=planned.cycle, actor=None)
    assert planned.cell("proposal", "E7", "GZ") == 300


def test_an_override_stays_on_top_of_a_new_proposal(planned):
    build_proposal(cycle=planned.cycle, actor=None)
    edit = CellEdit(
        "consensus", planned.p["E7"], planned.o["GZ"], MONTH, 400, 330, note=Note("customer", comment="fleet letter")
    )
    save_cells(version_id=planned.version.pk, edits=[edit], actor=None)
    planned.publish("baseline", {pair: units * 2 for pair, units in MONTHLY.items()})
    build_proposal(cycle=planned.cycle, actor=None)
    assert planned.cell("consensus", "E7", "GZ") == 400
    assert planned.cell("consensus", "E7", "GZ", 1) == 600
    assert planned.cell("proposal", "E7", "GZ") == 630


def test_flex_band_of_the_worked_example_is_900_950_1000(world):
    """R-055: demand 900, capacity prepared for 950, core materials for 1000; stored per product and month."""
    world.publish("baseline", {("E7", "BJ"): 450, ("E7", "GZ"): 270, ("E7", "SZ"): 180})
    build_proposal(cycle=world.cycle, actor=None)
    assert [world.total(m) for m in ("consensus", "flex_capacity", "flex_material")] == [900, 950, 1000]


def test_flex_band_follows_the_familys_policy(world):
    import_sheets(
        world.folder / "policies",
        policies="product,flex_capacity_pct,flex_material_pct\nNEV,10,20\nE5,0,0\n",
    )
    world.publish("baseline", MONTHLY)
    build_proposal(cycle=world.cycle, actor=None)
    assert [world.cell(m, "E7", "BJ") for m in ("flex_capacity", "flex_material")] == [550, 600]
    assert [world.cell(m, "E5", "BJ") for m in ("flex_capacity", "flex_material")] == [100, 100]


def test_flex_band_follows_an_override_when_it_is_published_again(world):
    world.publish("baseline", MONTHLY)
    build_proposal(cycle=world.cycle, actor=None)
    edit = CellEdit("consensus", world.p["E7"], world.o["BJ"], MONTH, 400, 500, note=Note("customer"))
    save_cells(version_id=world.version.pk, edits=[edit], actor=None)
    publish_flex(cycle=world.cycle, actor=None)
    e7 = [world.cell("flex_capacity", "E7", org) for org in ("BJ", "GZ", "SZ")]
    assert e7 == [422, 317, 211]
    assert sum(e7) == 950
