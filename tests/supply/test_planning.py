"""Stock, age, cover, the far months, last cycle and policies, each on a company solved by hand."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from accounts.selectors import get_scope
from core.errors import Denied, InvalidInput, Missing
from core.models import AuditEntry
from core.months import first_day
from masterdata.models import (
    ActualRecord,
    Company,
    InventoryLot,
    Material,
    MaterialSupply,
    OpenPurchase,
    Policy,
    Site,
)
from plans.choices import VersionKind
from plans.services import create_working_version
from supply.boards.inventory import load_inventory_board
from supply.boards.long_range import MONTHS, list_investments, list_needs, load_long_range_board
from supply.boards.review import load_review_board
from supply.models import Deviation, Disposition, Investment, PolicyReview
from supply.selectors.ageing import list_requests, load_ageing
from supply.selectors.complexity import list_line_varieties, list_varieties
from supply.selectors.flow import load_flow
from supply.selectors.idle_stock import list_idle_stock
from supply.selectors.material_cover import list_material_cover
from supply.selectors.outlook import list_imbalances, list_outlook
from supply.selectors.policies import list_policies
from supply.selectors.stock_panels import load_stock_panels
from supply.selectors.values import load_unit_values
from supply.services.balance import run_balance
from supply.services.inventory import explain_deviation, save_disposition
from supply.services.investments import remove_investment, save_investment
from supply.services.policies import review_policy, save_stock_rules
from supply.services.sessions import forget_models
from tests.supply.world import NOV, ask

pytestmark = pytest.mark.django_db

START = first_day(NOV)


@pytest.fixture
def version(company, cycle):
    forget_models()
    return create_working_version(cycle=cycle, actor=None)


@pytest.fixture
def stocked(company, version, users):
    """150 of A1 in stock, 100 of them five months old; 60 a month wanted. Nothing needs to be made before January."""
    lot = {"product": company.products["A1"], "site": company.site}
    InventoryLot.objects.create(
        **lot,
        quantity=100,
        produced_on=START - dt.timedelta(days=152),
        requested_by="sales_south",
        reason="spring campaign",
    )
    InventoryLot.objects.create(**lot, quantity=50, produced_on=START - dt.timedelta(days=10), requested_by="plan")
    ask(version, {("A1", "NORTH-1"): [60] * 18})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    return version


def _flow(version, users, role="supply_lead"):
    return load_flow(version.pk, get_scope(users[role]))


def test_stock_days_walk_forward_and_service_is_what_is_delivered(stocked, users):
    flow = _flow(stocked, users)
    values = load_unit_values(flow.consensus)
    [row] = [r for r in list_outlook(flow, values, level="product") if r.code == "A1"]
    assert flow.is_balanced
    assert row.now == 150
    assert row.units[:2] == (90.0, 30.0)
    # 90 at the end of November: December's 60 in 31 days, then 30 of January's 60 in 31 days
    assert row.days[0] == 31 + 31 / 2
    assert set(row.service) == {1.0}
    assert row.value == 150 * 55_00  # material 40, labour 10, overhead 5
    [family] = [r for r in list_outlook(flow, values, level="family") if r.code == "A"]
    assert (family.units[0], family.label) == (90.0, "Family A")
    [site] = list_outlook(flow, values, level="site")
    assert (site.code, site.units[0]) == ("PLANT", 90.0)


def test_age_first_in_first_out_with_loss_and_who_asked(stocked, users):
    """The old hundred go first: 40 are left after November, none after December. 2 % a month beyond three."""
    flow = _flow(stocked, users)
    ageing = load_ageing(flow, load_unit_values(flow.consensus))
    assert ageing.aged_units[:3].tolist() == [100, 40, 0]
    old, new = ageing.lots
    age = 152 / 30.4375
    assert (old.is_aged, new.is_aged, old.value, new.loss) == (True, False, 100 * 55_00, 0)
    assert old.loss == round(100 * 55_00 * (age - 3) * 0.02)
    [request] = list_requests(ageing)
    assert (request.requested_by, request.reason, request.quantity) == ("sales_south", "spring campaign", 100)
    assert ageing.units.sum(axis=0)[:3].tolist() == [150, 90, 30]


def test_the_age_limit_is_the_companys_or_the_policys(company, stocked, users):
    Company.objects.update(aged_after_months=6)
    flow = _flow(stocked, users)
    values = load_unit_values(flow.consensus)
    assert load_ageing(flow, values).aged_units[0] == 0
    Policy.objects.create(product=company.products["A1"], aged_after_months=4)
    assert load_ageing(flow, values).aged_units[0] == 100


def test_too_much_and_too_little_stand_side_by_side_and_name_a_wrong_mix(company, version, users):
    """A1 lies there for 3,000 days; of A2 500 a month are wanted and 400 hours there: 100 short each month."""
    Policy.objects.create(product=company.products["A1"], max_stock_days=61)
    InventoryLot.objects.create(product=company.products["A1"], site=company.site, quantity=1000, produced_on=START)
    ask(version, {("A1", "NORTH-1"): [10] * 18, ("A2", "NORTH-1"): [500] * 18})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    flow = _flow(version, users)
    [much], [little] = list_imbalances(flow, load_unit_values(flow.consensus))
    # now: 1,000 less what 61 days want: 10 in November (30 days), 10 in December (31 days)
    assert (much.code, much.quantity, much.month, much.money) == ("A1", 980, NOV - 1, 980 * 55_00)
    assert (little.code, little.quantity, little.month, little.money) == ("A2", 1800, NOV, 1800 * 45_00)
    assert much.also
    assert little.also


def test_before_a_balance_the_last_approved_plan_meets_the_demand(company, version, users, cycle):
    InventoryLot.objects.create(product=company.products["A1"], site=company.site, quantity=100)
    ask(version, {("A1", "NORTH-1"): [60] * 18})
    flow = _flow(version, users)
    assert not flow.is_balanced
    assert flow.end[0, :3].tolist() == [40, 0, 0]
    assert flow.served[:, :3].sum(axis=0).tolist() == [60, 40, 0]
    panels = load_stock_panels(version, user=users["supply_lead"])
    assert (panels.is_balanced, len(panels.chart["values"])) == (False, 8)


def test_a_scope_hides_other_products(company, version, stocked):
    from tests.factories import make_user

    InventoryLot.objects.create(product=company.products["B1"], site=company.site, quantity=5)
    seen = load_flow(version.pk, get_scope(make_user("sales", username="b", products=("B",))))
    assert [int(p) for p in seen.products] == [company.products["B1"].pk]


def test_material_cover_is_asked_at_the_outer_band_and_names_months_no_order_can_save(company, version, users):
    """60 packs a month and 11.1 % more; lead time one month: November must live on 40 and 10 arriving."""
    Material.objects.filter(pk=company.material.pk).update(lead_time_days=30)
    InventoryLot.objects.create(material=company.material, site=company.site, quantity=40)
    OpenPurchase.objects.create(
        material=company.material, arrival_month=NOV, quantity=40, promised_date=dt.date(2026, 11, 9)
    )
    MaterialSupply.objects.create(material=company.material, month=NOV + 1, max_quantity=50)
    ask(version, {("A1", "NORTH-1"): [60] * 18})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    flow = _flow(version, users)
    made = flow.inflow.sum(axis=0)
    [row] = list_material_cover(flow, load_unit_values(flow.consensus))
    assert row.use[0] == pytest.approx(made[0] * 1.111)
    assert row.short[0] == pytest.approx(max(0.0, made[0] * 1.111 - 80))
    left = max(0.0, 80 - made[0] * 1.111)
    assert row.short[1] == pytest.approx(max(0.0, made[1] * 1.111 - left - 50))
    assert row.short[2:] == (0.0,) * 16  # no limit is stated: it can be ordered
    assert row.arrivals == ((dt.date(2026, 11, 9), 40.0),)
    assert row.state == "short"
    assert NOV + 1 in row.short_months


def test_dead_and_slow_stock_is_listed_until_somebody_decides(company, stocked, users):
    """400 harnesses nothing uses; the packs' stock lasts longer than the limit."""
    dead = Material.objects.create(code="HARN", name="Harness", unit_cost=8)
    for material, quantity in ((dead, 400), (company.material, 5000)):
        InventoryLot.objects.create(material=material, site=company.site, quantity=quantity, requested_by="purchasing")
    flow = _flow(stocked, users)
    values = load_unit_values(flow.consensus)
    rows = list_idle_stock(flow, values, list_material_cover(flow, values))
    assert [(row.item, row.is_dead, row.value) for row in rows] == [
        ("PACK", False, 200_000_00),
        ("HARN", True, 3200_00),
    ]
    assert rows[0].cover_days > 180
    assert rows[1].disposition is None
    pack = next(row for row in list_material_cover(flow, values) if row.code == "PACK")
    a_day = 930 * 1.111 / float(flow.days.sum())  # 1,080 wanted, 150 there; 11.1 % more at the outer band
    assert pack.excess_value == pytest.approx((5000 - 180 * a_day) * 40_00, abs=1)
    decide = {"item": "HARN", "site": "PLANT", "owner": "finance", "due": dt.date(2026, 12, 1)}
    save_disposition(**decide, kind="keep", actor=users["purchasing"])
    save_disposition(**decide, kind="scrap", note="no buyer", actor=users["purchasing"])
    [row] = Disposition.objects.all()
    assert (row.kind, row.owner, row.note) == ("scrap", users["finance"], "no buyer")
    assert AuditEntry.objects.filter(verb="supply.disposition.saved").count() == 2
    assert '"before":{"due":"2026-12-01","kind":"keep"' in AuditEntry.objects.latest("pk").detail


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"item": "NOTHING"}, Missing),
        ({"site": "NOWHERE"}, Missing),
        ({"owner": "nobody"}, Missing),
        ({"kind": "burn"}, InvalidInput),
        ({"item": "B1"}, InvalidInput),
        ({"note": "x" * 301}, InvalidInput),
    ],
)
def test_a_disposition_that_makes_no_sense_changes_nothing(stocked, users, change, error):
    good = {"item": "A1", "site": "PLANT", "kind": "sell", "owner": "finance", "due": START, "note": ""}
    with pytest.raises(error):
        save_disposition(**(good | change), actor=users["purchasing"])
    with pytest.raises(Denied):
        save_disposition(**good, actor=users["sales"])
    assert not Disposition.objects.exists()


def test_variety_counts_products_their_volume_the_tail_and_changeovers(version, users):
    """A1 brings 85 of 100 units: A2 is the tail. Both on one line each month: one changeover."""
    ask(version, {("A1", "NORTH-1"): [85] * 18, ("A2", "NORTH-1"): [15] * 18})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    flow = _flow(version, users)
    [family] = list_varieties(flow)
    assert (family.active, family.units_per_month, family.tail, family.tail_share) == (2, 50, 1, 0.15)
    [line] = list_line_varieties(flow)
    assert (line.products, line.changeovers, line.units_per_run) == (2, 1.0, 50)


def test_the_far_months_load_the_line_and_an_option_is_judged(version, users):
    """500 units an hour each; 400 hours a month: 100 missing from the first month on, in every month of 24."""
    ask(version, {("A1", "NORTH-1"): [500] * 18})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    flow = _flow(version, users)
    needs = list_needs(flow)
    [line] = [need for need in needs if need.code == "LINE"]
    assert line.load.tolist() == [500.0] * MONTHS
    assert line.available[:6].tolist() == [400.0] * 6  # 25 days × 2 shifts × 8 hours
    assert line.families["Family A"].sum() == 500 * MONTHS
    option = save_investment(
        values={
            "resource": "LINE", "name": "Line 2", "kind": "line", "hours_per_month": 100.0, "invest": 90_000,
            "fixed_cost": 1_500, "lead_time_months": 4,
        },
        actor=users["production"],
    )  # fmt: skip
    [case] = list_investments(flow, load_unit_values(flow.consensus), needs)
    # 100 units at 45 less 1,500 = 3,000 a month: 30 months, 3,000 units; it should have begun four months ago
    assert (case.margin_per_unit, case.gain_per_month) == (45_00, 3_000_00)
    assert (case.case.break_even_months, case.case.break_even_units) == (30, 3000)
    assert (case.latest_start, case.is_late) == (NOV - 4, True)
    board = load_long_range_board(version.cycle, version, user=users["supply_lead"])
    assert board.message.startswith("Line runs out in May 2027")
    remove_investment(investment_id=option.pk, actor=users["production"])
    assert not Investment.objects.exists()


def test_storage_in_the_far_months_follows_the_families_demand(company, stocked, users):
    """30 lie there each month; from the 13th month on half as much again is sold: 25 % more a year is the most."""
    Site.objects.update(storage_units=100)
    flow = _flow(stocked, users)
    a1 = company.products["A1"].pk
    wanted = np.where(flow.products[:, None] == a1, np.array([60.0] * 12 + [90.0] * 6), 0.0)
    held = np.where(flow.keys[:, :1] == a1, 30.0, np.zeros(len(flow.months)))
    [store] = [need for need in list_needs(replace(flow, demand=wanted, end=held)) if need.kind == "warehouse"]
    assert store.load[:18].tolist() == [30.0] * 18
    assert store.load[18:].tolist() == [37.5] * 6
    assert store.families["Family A"].tolist() == store.load.tolist()
    assert store.available.tolist() == [100.0] * MONTHS


@pytest.mark.parametrize(
    "change", [{"name": " "}, {"hours_per_month": 0}, {"invest": -1}, {"lead_time_months": 121}, {"kind": "moon"}]
)
def test_an_option_that_makes_no_sense_is_refused(company, users, change):
    good = {"resource": "LINE", "name": "Line 2", "kind": "line", "hours_per_month": 10.0}
    with pytest.raises(InvalidInput):
        save_investment(values=good | change, actor=users["production"])
    with pytest.raises(Denied):
        save_investment(values=good, actor=users["sales"])
    with pytest.raises(Missing):
        save_investment(values=good | {"resource": "NOTHING"}, actor=users["production"])
    assert not Investment.objects.exists()
    save_investment(values=good, actor=users["production"])
    with pytest.raises(InvalidInput):
        save_investment(values=good, actor=users["production"])
    assert Investment.objects.count() == 1


@pytest.fixture
def looked_back(company, version, users, cycle):
    """November's own plan makes 100 of A1 and 100 of A2; 120 and 70 were made, 90 of 100 receipts were on time."""
    ask(version, {("A1", "NORTH-1"): [100] * 18, ("A2", "NORTH-1"): [100] * 18})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    for code, produced, delivered in (("A1", 120, 100), ("A2", 70, 70)):
        ActualRecord.objects.create(
            month=NOV, product=company.products[code], site=company.site, produced=produced, delivered=delivered,
            delivered_on_time=delivered - 10, purchase_receipts_due=50, purchase_receipts_on_time=45,
        )  # fmt: skip
    version.kind = VersionKind.APPROVED
    version.save()
    cycle.month, months = NOV + 1, cycle.month
    yield cycle
    cycle.month = months


def test_the_month_is_held_against_its_own_plan(looked_back, users):
    board = load_review_board(looked_back, user=users["supply_lead"])
    figures = board.figures
    assert (figures.attainment.mix, figures.attainment.volume) == (0.85, 0.95)
    assert (figures.attainment.adherence, figures.attainment.lines) == (0.0, 2)
    assert figures.delivered == (100 + 70) / 200
    assert figures.on_time_delivery == (90 + 60) / 170
    assert figures.on_time_receipts == 0.9
    assert figures.utilisation == 190 / 400
    assert figures.plan_of == "2026-11"
    assert board.message == "Nov 2026 reached 95\xa0% of the plan's volume and 85\xa0% of its mix"
    assert [(line.product, line.gap) for line in board.lines] == [("A2", -30), ("A1", 20)]


def test_actuals_above_the_leaves_are_held_against_the_sum_below(company, looked_back, users):
    ActualRecord.objects.all().delete()
    ActualRecord.objects.create(month=NOV, product=company.products["A"], produced=150)
    figures = load_review_board(looked_back, user=users["supply_lead"]).figures
    assert (figures.attainment.mix, figures.attainment.lines) == (0.75, 1)
    assert figures.on_time_receipts is None
    assert "receipts" in figures.reasons


def test_without_a_plan_the_figures_are_undefined_with_a_reason(company, cycle, users):
    ActualRecord.objects.create(month=NOV - 1, product=company.products["A1"], produced=10)
    board = load_review_board(cycle, user=users["supply_lead"])
    assert board.figures.attainment.mix is None
    assert board.tiles[0].value is None
    assert board.tiles[0].reason == "No approved plan covers this month."


def test_causes_are_recorded_with_author_and_need_words(looked_back, users):
    words = {"month": NOV, "area": "produced", "product": "A2", "cause": "quality"}
    explain_deviation(**words, note="Seals leaked", actor=users["quality"])
    for change in ({"note": " "}, {"note": "x", "cause": "weather"}, {"note": "x", "area": "sold"}):
        with pytest.raises(InvalidInput):
            explain_deviation(**(words | change), actor=users["quality"])
    with pytest.raises(Denied):
        explain_deviation(**words, note="x", actor=users["sales"])
    with pytest.raises(Missing):
        explain_deviation(**words | {"product": "NOTHING"}, note="x", actor=users["quality"])
    [row] = Deviation.objects.all()
    assert (row.author, row.note) == (users["quality"], "Seals leaked")
    board = load_review_board(looked_back, user=users["supply_lead"])
    assert board.lines[0].causes == (row,)
    assert board.causes == [("Quality problem", 1)]


def test_reviewing_a_policy_changes_or_confirms_it_and_leaves_a_trail(company, version, users, cycle):
    ask(version, {("A1", "NORTH-1"): [60] * 18})
    flow = _flow(version, users)
    values = load_unit_values(flow.consensus)
    [row] = list_policies(flow, values, version_id=version.pk, cycle=cycle)
    assert (row.is_due, row.is_own, row.proposal) == (True, False, None)  # no forecast, no errors: nothing proposed
    revision = Company.objects.get().revision
    review_policy(product="A1", values={"safety_stock_days": "7", "fulfilment": "MTO"}, actor=users["supply_lead"])
    assert Company.objects.get().revision == revision + 1
    review_policy(product="A1", values={"safety_stock_days": 7}, note="fine", actor=users["coordinator"])
    assert Company.objects.get().revision == revision + 1  # confirmed: nothing to balance again
    [row] = list_policies(flow, values, version_id=version.pk, cycle=cycle)
    assert (row.policy.safety_stock_days, row.policy.fulfilment) == (7, "MTO")
    assert (row.is_due, row.reviewed_by) == (False, str(users["coordinator"]))
    # made to order: no safety stock of finished goods is proposed, which frees 7 days of 1,080 units in 546 days
    assert (row.proposal, row.effect) == (0.0, round(-7 * 1080 / float(flow.days.sum()) * 55_00))
    confirmed, changed = PolicyReview.objects.all()
    assert confirmed.changes == {}
    assert changed.changes == {"safety_stock_days": [0, 7], "fulfilment": ["MTS", "MTO"]}


@pytest.mark.parametrize(
    "values",
    [{"service_level": 1.5}, {"frozen_months": 1.5}, {"safety_stock_days": "nan"}, {"fulfilment": "XX"}, {"price": 1}],
)
def test_a_policy_out_of_bounds_changes_nothing(company, users, values):
    with pytest.raises(InvalidInput):
        review_policy(product="A1", values=values, actor=users["supply_lead"])
    with pytest.raises(Denied):
        review_policy(product="A1", values={}, actor=users["sales"])
    assert not Policy.objects.exists()
    assert not PolicyReview.objects.exists()


def test_the_rules_of_stock_are_audited_and_bounded(company, users):
    save_stock_rules(values={"aged_after_months": "4", "slow_cover_days": "90"}, actor=users["coordinator"])
    found = Company.objects.get()
    assert (found.aged_after_months, found.slow_cover_days, found.value_loss_pct_per_month) == (4, 90, 2)
    with pytest.raises(InvalidInput):
        save_stock_rules(values={"value_loss_pct_per_month": "101"}, actor=users["coordinator"])
    with pytest.raises(Denied):
        save_stock_rules(values={"aged_after_months": "1"}, actor=users["sales"])
    assert AuditEntry.objects.filter(verb="supply.rules.saved").count() == 1


def test_money_is_hidden_from_roles_that_see_no_costs(client, stocked, users):
    for role, sees in (("supply_lead", True), ("production", False)):
        client.force_login(users[role])
        rows = client.get("/api/v1/supply/stock/").json()["rows"]
        lots = client.get("/api/v1/supply/ageing/").json()["lots"]
        assert [row["value"] is not None for row in rows] == [sees]
        assert lots[0]["loss"] is not None if sees else lots[0]["loss"] is None
        page = client.get("/supply/inventory/").content.decode()
        assert ("¥5,500" in page) is sees
        assert load_inventory_board(stocked.cycle, stocked, user=users[role], level="").sees_costs is sees
