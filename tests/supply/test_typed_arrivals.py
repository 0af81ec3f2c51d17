"""Arrivals typed in before a review are words on single purchases: they make no new sheet."""

import datetime as dt
from decimal import Decimal

import pytest

from masterdata.models import InventoryLot, Material, MaterialSupply, OpenPurchase
from masterdata.services import SupplyTerm, record_supply_terms
from supply.adapters.assemble import assemble
from supply.adapters.database import load_sheets
from supply.selectors.opening import load_open_purchases
from supply.services.answers import DateWord, promise_purchases
from tests.supply.sharing import DEC, JAN, next_plan, share
from tests.supply.world import NOV

pytestmark = pytest.mark.django_db
FEB = JAN + 1


@pytest.fixture
def shared(company, cycle, users):
    """November's release orders December's 100 packs, a month of lead time ahead; its sheet has 20 for November."""
    Material.objects.filter(code="PACK").update(lead_time_days=30)
    InventoryLot.objects.create(material=company.material, site=company.site, quantity=100)
    OpenPurchase.objects.create(order="PO-1", material=company.material, arrival_month=NOV, quantity=20)
    return share(company, cycle, users)


def _type(shared, day, quantity, purchase=None):
    term = SupplyTerm("PACK", arrival=day, quantity=Decimal(quantity), purchase=purchase)
    record_supply_terms(rows=[term], reference="2026-12 supply", actor=shared.users["purchasing"])


def _arrivals(version):
    return assemble(load_sheets(version)).problem.material.arrivals.sum(axis=0)[:3].tolist()


def _open():
    found = load_open_purchases(DEC)
    return [(row.arrival_month, row.quantity) for row in found.rows], found.lists_release


def test_a_typed_arrival_comes_on_top_of_the_release_and_brings_nothing_overdue_back(shared):
    """80 of December's 100 packs are ordered (20 were coming); 30 typed for January leave all else as it was."""
    plan = next_plan(shared)
    before = _arrivals(plan)
    assert (_open(), before[0] > 0) == (([], False), True)
    _type(shared, dt.date(2027, 1, 12), 30)
    assert _open() == ([(JAN, 30)], False)
    assert OpenPurchase.objects.get(arrival_month=JAN).revision > 0  # caches and updated_since rest on it
    assert _arrivals(plan) == [before[0], before[1] + 30, before[2]]


def test_a_purchase_typed_to_another_day_leaves_the_sheet_as_old_as_it_was(shared):
    """However often it is moved, by purchasing, its supplier and purchasing again."""
    pack = Material.objects.get(code="PACK")
    late = OpenPurchase.objects.create(order="PO-2", material=pack, arrival_month=DEC, quantity=50)
    plan = next_plan(shared)
    before = _arrivals(plan)
    _type(shared, dt.date(2027, 1, 9), 50, late.pk)
    assert _open() == ([(JAN, 50)], False)
    assert _arrivals(plan) == [before[0] - 50, before[1] + 50, before[2]]
    promise_purchases(words=[DateWord(late.pk, dt.date(2027, 2, 9))], actor=shared.packs)
    _type(shared, dt.date(2027, 1, 20), 50, late.pk)
    assert _open() == ([(JAN, 50)], False)
    assert _arrivals(plan) == [before[0] - 50, before[1] + 50, before[2]]


def test_beside_a_newer_sheet_a_typed_arrival_is_not_set_off_against_the_release(shared):
    """The ERP has booked 20 of the release's 80 yet; the 30 typed besides are none of them."""
    plan = next_plan(shared)
    OpenPurchase.objects.update(quantity=20, arrival_month=DEC, revision=99)
    before = _arrivals(plan)
    _type(shared, dt.date(2026, 12, 12), 30)
    assert _open() == ([(DEC, 20), (DEC, 30)], True)
    assert (before, _arrivals(plan)) == ([80, 0, 0], [110, 0, 0])


def test_a_listed_order_typed_to_another_day_is_not_replaced_by_the_release(shared):
    """The sheet lists the release's 80 with 20 more; all of it comes in January."""
    plan = next_plan(shared)
    OpenPurchase.objects.update(quantity=100, arrival_month=DEC, revision=99)
    assert _arrivals(plan) == [100, 0, 0]
    _type(shared, dt.date(2027, 1, 9), 100, OpenPurchase.objects.get().pk)
    assert (_open(), _arrivals(plan)) == (([(JAN, 100)], True), [0, 100, 0])


def test_a_typed_arrival_takes_its_part_of_the_suppliers_limit(shared):
    """At most 90 in February, 30 of them typed: 60 of the 100 wanted are left to buy."""
    MaterialSupply.objects.create(material=Material.objects.get(code="PACK"), month=FEB, max_quantity=90)
    _type(shared, dt.date(2027, 2, 9), 30)
    problem = assemble(load_sheets(next_plan(shared))).problem
    assert problem.supplier.quantity[0, 2] == 60
