"""What a plan begins with when months move on: counts of this month, older ones, none; purchases under way."""

import datetime as dt

import pytest

from masterdata.models import ActualRecord, InventoryLot, OpenPurchase
from plans.services import create_working_version, freeze_version
from supply import measures as m
from supply.adapters.assemble import assemble
from supply.adapters.database import load_sheets
from supply.selectors.opening import load_open_purchases, load_opening
from supply.services.balance import run_balance
from tests.factories import make_cycle
from tests.supply.world import NOV, ask, totals

pytestmark = pytest.mark.django_db
DEC = NOV + 1


@pytest.fixture
def approved(company, cycle, users):
    """November approved: 120 of A1 and 40 battery packs counted, 100 wanted a month, 20 packs on order for November."""
    version = create_working_version(cycle=cycle, actor=None)
    a1, pack = company.products["A1"], company.material
    a1.policies.create(frozen_months=1, safety_stock_days=0)
    InventoryLot.objects.create(product=a1, site=company.site, quantity=80, produced_on=dt.date(2026, 8, 3))
    InventoryLot.objects.create(product=a1, site=company.site, quantity=40, produced_on=dt.date(2026, 10, 9))
    InventoryLot.objects.create(material=pack, site=company.site, quantity=40)
    OpenPurchase.objects.create(material=pack, arrival_month=NOV, quantity=20)
    ask(version, {("A1", "NORTH-1"): [90, *[100] * 17]})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    freeze_version(version_id=version.pk, kind="A", actor=users["executive"])
    return version


def _stock(month: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for lot in load_opening(month).lots:
        code = (lot.product or lot.material).code
        found[code] = found.get(code, 0.0) + float(lot.quantity)
    return found


def _notes(month: int) -> list[tuple[str, int | None, bool]]:
    return [(count.site.code, count.counted, count.is_moved) for count in load_opening(month).moved]


def test_the_first_plan_begins_with_the_count(company, cycle):
    InventoryLot.objects.create(product=company.products["A1"], site=company.site, quantity=5)
    assert (_stock(NOV), _notes(NOV)) == ({"A1": 5.0}, [])


def test_an_older_count_moves_on_to_what_the_approved_plan_leaves(company, approved):
    """120 less November's 90: 30 of the newer lot stay; nothing is made, so the packs stay with the 20 that came."""
    assert totals(approved, m.STOCK_END)[0] == 30
    assert _stock(DEC) == {"A1": 30.0, "PACK": 60.0}
    [lot] = [lot for lot in load_opening(DEC).lots if lot.product_id]
    assert (float(lot.quantity), lot.produced_on) == (30.0, dt.date(2026, 10, 9))
    assert _notes(DEC) == [("PLANT", NOV, True)]


def test_the_balance_of_the_next_month_begins_there_and_says_so(company, approved, users):
    after = create_working_version(cycle=make_cycle("2026-12"), actor=None)
    ask(after, {("A1", "NORTH-1"): [100] * 18}, first_month=DEC)
    run = run_balance(version_id=after.pk, actor=users["supply_lead"])
    assert totals(after, m.PRODUCTION, first_month=DEC)[:2] == [70, 100]
    assert run.shortages.count() == 0
    finding = next(f for f in run.findings if f["code"] == "count_moved")
    assert (finding["key"], finding["values"]) == ("PLANT", {"counted": "2026-11", "when": "2026-12"})
    assert run.penalty < 10_00  # a few packs short of the outer band, nothing broken
    assert [f["code"] for f in run.findings] == ["count_moved"]


def test_a_new_count_is_taken_as_it_is(company, approved):
    """A row written after the balance of November is of December, whatever November's plan expected."""
    InventoryLot.objects.all().delete()
    InventoryLot.objects.create(product=company.products["A1"], site=company.site, quantity=17, revision=99)
    assert (_stock(DEC), _notes(DEC)) == ({"A1": 17.0}, [])


@pytest.mark.parametrize(
    ("day", "is_new"), [(dt.date(2026, 11, 30), True), (dt.date(2026, 11, 17), True), (dt.date(2026, 11, 15), False)]
)
def test_a_dated_count_is_for_the_nearest_month(company, approved, day, is_new):
    InventoryLot.objects.filter(product__isnull=False).delete()
    InventoryLot.objects.create(product=company.products["A1"], site=company.site, quantity=17, counted_on=day)
    assert _stock(DEC)["A1"] == (17.0 if is_new else 30.0)
    assert bool(_notes(DEC)) is not is_new


def test_what_was_made_and_delivered_since_the_count_outranks_the_plan(company, approved):
    """120 plus 10 made less 95 delivered; a month that says only what was made leaves the plan its word."""
    record = ActualRecord.objects.create(
        month=NOV, product=company.products["A1"], site=company.site, produced=10, delivered=95
    )
    assert _stock(DEC)["A1"] == 35.0
    record.delivered = None
    record.save()
    assert _stock(DEC)["A1"] == 30.0


def test_a_dated_count_without_an_approved_plan_stands_and_is_told(company, cycle, users):
    InventoryLot.objects.create(
        product=company.products["A1"], site=company.site, quantity=9, counted_on=dt.date(2026, 6, 30)
    )
    version = create_working_version(cycle=cycle, actor=None)
    ask(version, {("A1", "NORTH-1"): [10] * 18})
    assert _stock(NOV) == {"A1": 9.0}
    [finding] = [f for f in load_sheets(version).findings if f.part == "site"]
    assert (finding.code, finding.values) == ("count_old", {"counted": "2026-07", "when": "2026-11"})


def test_a_site_never_counted_begins_with_what_the_plan_leaves(company, cycle, users):
    """Once 30 to begin with by policy, used up by December: they do not come back every month."""
    company.products["A1"].policies.create(initial_stock=30, safety_stock_days=0, frozen_months=0)
    version = create_working_version(cycle=cycle, actor=None)
    ask(version, {("A1", "NORTH-1"): [10, *[100] * 17]})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    freeze_version(version_id=version.pk, kind="A", actor=users["executive"])
    after = create_working_version(cycle=make_cycle("2027-01"), actor=None)
    ask(after, {("A1", "NORTH-1"): [100] * 18}, first_month=NOV + 2)
    assert totals(version, m.STOCK_END)[:2] == [20, 0]
    sheets = load_sheets(after)
    assert assemble(sheets).problem.points.initial.tolist() == [0.0]
    assert _notes(DEC) == [("PLANT", None, True)]


def test_purchases_the_approved_plan_knew_are_received_once_their_month_is_over(company, approved):
    """Their sheet is older than the release: what that orders comes on top. A newer sheet's overdue row still comes."""
    assert load_open_purchases(NOV).rows[0].quantity == 20
    old = load_open_purchases(DEC)
    assert (old.rows, old.lists_release) == ((), False)
    OpenPurchase.objects.update(revision=99)
    new = load_open_purchases(DEC)
    assert (len(new.rows), new.lists_release) == (1, True)


def test_what_earlier_plans_ordered_is_on_its_way_until_it_comes(company, cycle, users):
    """Packs take two months: November orders for January, December for February; January's plan expects both."""
    company.material.lead_time_days = 61
    company.material.save()
    InventoryLot.objects.create(material=company.material, site=company.site, quantity=220)
    bought = []
    for cycle_of_month, first in ((cycle, NOV), (make_cycle("2026-12"), DEC)):
        version = create_working_version(cycle=cycle_of_month, actor=None)
        ask(version, {("A1", "NORTH-1"): [100] * 18}, first_month=first)
        run_balance(version_id=version.pk, actor=users["supply_lead"])
        freeze_version(version_id=version.pk, kind="A", actor=users["executive"])
        bought.append(totals(version, m.PURCHASE))
    january = NOV + 2
    version = create_working_version(cycle=make_cycle("2027-01"), actor=None)
    ask(version, {("A1", "NORTH-1"): [100] * 18}, first_month=january)
    ordered = load_sheets(version).ordered["PACK", "PLANT"]
    assert (ordered[january], ordered[january + 1]) == (bought[0][2], bought[1][3])
    assert min(bought[0][2], bought[1][3]) > 0
    assert bought[1][2] == 0  # in December nothing more can come in January
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    assert totals(version, m.PRODUCTION, first_month=january)[:2] == [100, 100]
