"""The flex band of a plan: measured from errors and costs, declared, or standard; one number for every reader."""

from __future__ import annotations

import numpy as np
import pytest

from accounts.models import Scope
from core.errors import Frozen
from demand.flex_board import list_flex_families
from demand.flex_wording import tell_flex
from demand.measures import FLEX_CAPACITY, FLEX_MATERIAL
from demand.models import FlexBasis, ForecastRun
from demand.opening import open_desk
from demand.selectors.flex import get_flex_basis, load_flex_shares
from demand.selectors.place import find_place
from demand.services import build_proposal, publish_flex
from plans.hierarchy import load_hierarchy
from plans.selectors import get_heads
from plans.services import CellEdit, Note, fork_version, freeze_version, save_cells
from supply.adapters.database import load_sheets
from tests.demand.world import MONTH, MONTHLY, import_sheets
from tests.factories import make_user

# New energy: a unit sells at 950 and costs 600 + 100 + 50; being short costs 100 beside the margin of 200.
COSTS = (
    "product,from_month,material_cost,labour_cost,overhead_cost,holding_rate_per_year,shortage_cost\n"
    "E7,2026-01,600,100,50,0.12,100\nE5,2026-01,600,100,50,0.12,100\n"
)
PRICES = "product,from_month,price\nE7,2026-01,950\nE5,2026-01,950\n"
EVERYTHING = Scope()


@pytest.fixture
def measured(world):
    """Leaf bands of 10 and 20 % above the forecast, errors that move together, money for new energy only."""
    import_sheets(world.folder / "money", prices=PRICES, costs=COSTS)
    world.publish("baseline", MONTHLY)
    world.publish("baseline_hi80", {pair: units * 11 // 10 for pair, units in MONTHLY.items()})
    world.publish("baseline_hi95", {pair: units * 12 // 10 for pair, units in MONTHLY.items()})
    add_run(world, pairs=60)
    return world


def add_run(world, *, pairs: int) -> None:
    ForecastRun.objects.create(
        version=world.version, first_month=MONTH, horizon=18, series=6, seconds=1, input_hash="x",
        accuracy={"error_correlation": 1.0, "backtest_pairs": pairs}, finished_at="2026-06-01T00:00Z",
    )  # fmt: skip


def shares(world, *products: str):
    ids = np.array([world.p[code] for code in products])
    return load_flex_shares(
        version_id=world.version.pk, hierarchy=load_hierarchy(), products=ids, months=range(MONTH, MONTH + 18)
    )


def test_the_measured_band_by_hand(measured):
    """Errors that move together add up: the family's 90 % point lies 10 % above, its 97.5 % point 20 %.

    A lost unit costs 950 − 750 + 100 = 300. Idle capacity costs the labour, 100: ratio 0.75, which is 0.6745 standard
    deviations, 0.6745 / 1.2816 = 0.5263 of 10 %. A month of holding costs 600 × 0.12 / 12 = 6: ratio 300 / 306 =
    0.9804, 2.0619 deviations, beyond the 95 % band: 2.0619 / 1.9600 of 20 %.
    """
    build_proposal(cycle=measured.cycle, actor=None)
    found = shares(measured, "E7", "E5")
    assert found.capacity[:, 0] == pytest.approx([5.263] * 2, abs=0.001)
    assert found.material[:, 0] == pytest.approx([21.04] * 2, abs=0.01)
    assert found.sources[FLEX_CAPACITY].tolist() == ["measured", "measured"]
    assert [measured.cell(edge, "E7", "BJ") for edge in (FLEX_CAPACITY, FLEX_MATERIAL)] == [526, 605]
    (family,) = [row for row in FlexBasis.objects.get().data["families"] if row["product"] == measured.p["NEV"]]
    assert (family["short"], family["idle"], family["hold"], family["error"]) == (300, 100, 6, 10)


def test_a_family_without_costs_keeps_the_standard_and_says_so(measured):
    build_proposal(cycle=measured.cycle, actor=None)
    found = shares(measured, "S6")
    assert (found.capacity[0, 0], found.material[0, 0]) == (5.6, 11.1)
    assert found.sources[FLEX_MATERIAL].tolist() == ["standard"]
    (family,) = [row for row in FlexBasis.objects.get().data["families"] if row["product"] == measured.p["FUEL"]]
    assert family["gap"] == "price"


def test_too_few_back_tested_months_measure_nothing(measured):
    ForecastRun.objects.all().delete()
    add_run(measured, pairs=59)
    build_proposal(cycle=measured.cycle, actor=None)
    assert shares(measured, "E7").sources[FLEX_CAPACITY].tolist() == ["standard"]
    assert {row["gap"] for row in FlexBasis.objects.get().data["families"]} == {"error"}


def test_a_declared_share_wins_over_the_measured_one(measured):
    """Per edge: NEV declares capacity only; E5 both. Material is never prepared for less than capacity."""
    policies = "product,flex_capacity_pct,flex_material_pct\nNEV,30,\nE5,0,2\n"
    import_sheets(measured.folder / "policies", policies=policies)
    build_proposal(cycle=measured.cycle, actor=None)
    found = shares(measured, "E7", "E5")
    assert found.capacity[:, 0].tolist() == [30, 0]
    assert found.material[:, 0].tolist() == [30, 2]
    assert found.sources[FLEX_CAPACITY].tolist() == ["declared", "declared"]
    assert found.sources[FLEX_MATERIAL].tolist() == ["measured", "declared"]


def test_a_policy_without_shares_declares_none(measured):
    import_sheets(measured.folder / "policies", policies="product,safety_stock_days\nE7,5\n")
    build_proposal(cycle=measured.cycle, actor=None)
    assert shares(measured, "E7").sources[FLEX_CAPACITY].tolist() == ["measured"]


def test_demand_never_exceeds_capacity_nor_capacity_material(measured):
    build_proposal(cycle=measured.cycle, actor=None)
    for product, org in MONTHLY:
        for ahead in (0, 17):
            edges = [measured.cell(code, product, org, ahead) for code in ("consensus", FLEX_CAPACITY, FLEX_MATERIAL)]
            assert edges == sorted(edges)


def test_the_balance_reads_the_band_of_the_plan(measured):
    build_proposal(cycle=measured.cycle, actor=None)
    flex = load_sheets(measured.version).flex
    assert flex["E7"] == pytest.approx((shares(measured, "E7").material[0] / 100).tolist())
    assert flex["S6"][0] == 0.111


def test_later_policies_do_not_move_a_signed_band(measured):
    publish_flex(cycle=measured.cycle, actor=None)
    before, basis = shares(measured, "E7").capacity.tolist(), FlexBasis.objects.get().data
    freeze_version(version_id=measured.version.pk, kind="D", actor=None)
    import_sheets(measured.folder / "policies", policies="product,flex_capacity_pct\nNEV,40\n")
    assert shares(measured, "E7").capacity.tolist() == before
    with pytest.raises(Frozen):
        publish_flex(cycle=measured.cycle, actor=None)
    assert FlexBasis.objects.get().data == basis
    assert get_heads(version_id=measured.version.pk, measures=[FLEX_CAPACITY])[FLEX_CAPACITY].sealed


def test_before_a_proposal_only_declared_and_standard_shares_are_known(measured):
    import_sheets(measured.folder / "policies", policies="product,flex_capacity_pct\nE5,40\n")
    assert shares(measured, "E7", "E5").capacity[:, 0].tolist() == [5.6, 40]


def test_every_reader_sees_one_number(measured, client):
    """Grid, family board, REST and the published measure of one plan; a region sees its share of its product's band."""
    build_proposal(cycle=measured.cycle, actor=None)
    lead = make_user("demand_lead")
    desk = open_desk(user=lead, cycle=measured.cycle, product="NEV", org=None)
    (family, _fuel) = list_flex_families(version_id=measured.version.pk, months=range(MONTH, MONTH + 18), user=lead)
    client.force_login(lead)
    answer = client.get("/api/v1/demand/flex/").json()
    for edge, at_family, name in (
        (FLEX_CAPACITY, family.capacity, "capacity"),
        (FLEX_MATERIAL, family.material, "material"),
    ):
        published = sum(measured.cell(edge, product, org) for product, org in MONTHLY if product != "S6")
        assert desk.figures.rows[edge][3] == at_family[0] == answer["families"][0][name][0] == published
    south = make_user("sales", username="south", orgs=["SOUTH"])
    (region, _fuel) = list_flex_families(version_id=measured.version.pk, months=range(MONTH, MONTH + 1), user=south)
    assert region.capacity[0] == measured.cell(FLEX_CAPACITY, "E7", "GZ") + measured.cell(FLEX_CAPACITY, "E7", "SZ") + (
        measured.cell(FLEX_CAPACITY, "E5", "GZ")
    )


def test_the_arithmetic_is_told_and_costs_only_to_those_who_may_see_them(measured):
    build_proposal(cycle=measured.cycle, actor=None)
    place = find_place(scope=EVERYTHING, product="NEV", org=None)
    basis, months = get_flex_basis(measured.version.pk), range(MONTH, MONTH + 18)
    seen = tell_flex(basis, place=place, months=months, sees_costs=True)[FLEX_CAPACITY]
    assert seen.source == "measured"
    assert seen.whole == (
        "+5.3\xa0% · Measured for New energy: in 90 of 100 months sales stay within 10.0\xa0% above the forecast. "
        "A lost unit costs ¥300, idle labour ¥100: prepared for 75.0\xa0% of months."
    )
    masked = tell_flex(basis, place=place, months=months, sees_costs=False)[FLEX_CAPACITY]
    assert "¥" not in masked.whole
    assert "75.0\xa0%" in masked.whole


def test_an_override_moves_the_band_for_every_reader_at_once(measured, client):
    """E7 in Beijing from 500 to 600: 1,100 in all, 5.263 % of them 58. The signed plan keeps what was published."""
    build_proposal(cycle=measured.cycle, actor=None)
    lead = make_user("demand_lead")
    client.force_login(lead)

    def over_rest(version: int) -> tuple[float, str]:
        path = f"/api/v1/plans/{version}/cells/?measure={FLEX_CAPACITY}&product=E7&from=2026-06&to=2026-06"
        answer = client.get(path)
        (row,) = answer.json()["lines"]
        return row["values"][0], answer["ETag"]

    before, tag = over_rest(measured.version.pk)
    scenario = fork_version(parent_id=measured.version.pk, name="Boom", actor=lead)
    edit = CellEdit("consensus", measured.p["E7"], measured.o["BJ"], MONTH, 600, 500, note=Note("customer"))
    save_cells(version_id=measured.version.pk, edits=[edit], actor=lead)
    now, moved = over_rest(measured.version.pk)
    assert (before, now) == (1053, 1158)
    assert moved != tag
    desk = open_desk(user=lead, cycle=measured.cycle, product="E7", org=None)
    assert desk.figures.rows[FLEX_CAPACITY][3] == 1158
    assert sum(measured.cell(FLEX_CAPACITY, "E7", org) for org in ("BJ", "GZ", "SZ")) == 1158
    assert over_rest(scenario)[0] == 1053
    publish_flex(cycle=measured.cycle, actor=lead)
    freeze_version(version_id=measured.version.pk, kind="D", actor=lead)
    assert over_rest(measured.version.pk)[0] == 1158
