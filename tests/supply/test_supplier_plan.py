"""What suppliers are asked and answer: exact figures of the release, own materials only, nothing overwritten."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from core.errors import Conflict, Denied, InvalidInput, Missing
from core.models import AuditEntry
from core.months import parse_month
from masterdata.models import Company, Material, OpenPurchase
from supply import measures as m
from supply.models import PurchasePromise, SupplierAnswer
from supply.selectors.supplier_plan import find_supplier_plan, get_due, list_answers
from supply.selectors.supplier_record import list_standings
from supply.services.answers import CellWord, DateWord, answer_cells, confirm_open, promise_purchases
from tests.factories import make_cycle, make_user
from tests.supply.sharing import DEC, JAN, release_plan, share, two_suppliers
from tests.supply.world import NOV, totals

pytestmark = pytest.mark.django_db


@pytest.fixture
def shared(company, cycle, users):
    return share(company, cycle, users)


def _answer(shared, *words, user=None):
    return answer_cells(release=shared.release.number, words=words, actor=user or shared.packs)


def _counts():
    return SupplierAnswer.objects.count(), PurchasePromise.objects.count(), AuditEntry.objects.count()


def test_before_a_release_nothing_is_shared(company, users):
    two_suppliers(company)
    assert find_supplier_plan(user=make_user("supplier", username="s1", suppliers=("S1",))) is None


def test_asked_are_the_purchases_of_the_release_and_only_the_own_ones(shared):
    plan = find_supplier_plan(user=shared.packs)
    [row] = plan.rows
    assert row.material.code == "PACK"
    assert [cell.month for cell in row.cells] == list(range(NOV, NOV + 18))
    assert [int(cell.asked) for cell in row.cells] == [100] * 18
    everything = find_supplier_plan(user=shared.users["purchasing"])
    assert {row.material.code: int(sum(cell.asked for cell in row.cells)) for row in everything.rows} == {
        "PACK": 1800,
        "SEAT": 3600,
    }
    assert [int(units) for units in everything.by_month("asked")] == totals(shared.version, m.PURCHASE) == [300] * 18
    assert row.cells[0].sites == (("PLANT", Decimal(100)),)
    assert {cell.before for cell in row.cells} == {None}
    assert plan.open_count == 18


def test_months_the_next_plan_cannot_change_are_firm(company, cycle, users):
    """Frozen production and lead time count from the next plan on: 45 days are one month, 75 are two."""
    two_suppliers(company)
    Material.objects.filter(code="PACK").update(lead_time_days=75)
    release_plan(cycle, users, [100] * 18)
    plan = find_supplier_plan(user=users["purchasing"])
    firm = {row.material.code: sum(cell.is_firm for cell in row.cells) for row in plan.rows}
    assert firm == {"PACK": 3, "SEAT": 1}


def test_core_materials_say_what_may_be_called_off_at_most(company, cycle, users):
    """11.1 % beyond what is made of A1; the seats are not core."""
    two_suppliers(company)
    Material.objects.filter(code="PACK").update(core=True)
    release_plan(cycle, users, [1000] * 18)
    rows = {row.material.code: row for row in find_supplier_plan(user=users["purchasing"]).rows}
    made = 400  # the line has 400 hours
    assert [cell.outer - cell.asked for cell in rows["PACK"].asked[1:4]] == [round(made * 0.111)] * 3
    assert not rows["SEAT"].has_band


def test_the_change_is_against_the_release_before(shared):
    """November's release asked 100 in each month up to April 2028; December's asks 130 in January and knows May."""
    cycle = make_cycle("2026-12")
    release_plan(cycle, shared.users, [100, 130, *[100] * 16])
    [row] = find_supplier_plan(user=shared.packs).rows
    changes = {cell.month: cell.change for cell in row.cells}
    assert (changes[DEC], changes[JAN], changes[JAN + 1]) == (0, 30, 0)
    assert changes[NOV + 18] is None
    assert row.cells[0].month == DEC


def test_an_answer_is_kept_with_author_and_the_newest_counts(shared):
    first, late = _answer(
        shared,
        CellWord("PACK", DEC, "less", Decimal(60), note="mould change"),
        CellWord("PACK", JAN, "later", Decimal(30), dt.date(2027, 2, 9)),
    )
    assert (first.in_time, first.short, late.in_time, late.short) == (60, 40, 70, 30)
    _answer(shared, CellWord("PACK", DEC, "less", Decimal(80)), user=shared.users["purchasing"])
    plan = find_supplier_plan(user=shared.packs)
    [row] = plan.rows
    december = row.cells[1]
    assert (december.answer.quantity, december.answer.author) == (80, shared.users["purchasing"])
    assert (december.confirmed, december.short, plan.short, plan.open_count) == (80, 20, 50, 16)
    assert [a.quantity for a in list_answers(shared.packs).filter(month=DEC)] == [80, 60]
    assert AuditEntry.objects.filter(verb="supply.answer.given").count() == 2


def test_the_same_again_changes_nothing(shared):
    word = CellWord("PACK", DEC, "less", Decimal(60))
    [one] = _answer(shared, word)
    before = _counts()
    assert _answer(shared, word) == [one]
    assert _counts() == before


def test_everything_open_is_confirmed_at_once_and_what_was_said_stays(shared):
    _answer(shared, CellWord("PACK", DEC, "less", Decimal(60)))
    assert len(confirm_open(release=1, materials=["PACK"], actor=shared.packs)) == 17
    plan = find_supplier_plan(user=shared.packs)
    assert (plan.open_count, plan.short) == (0, 40)


@pytest.mark.parametrize(
    "word",
    [
        CellWord("PACK", DEC, "maybe"),
        CellWord("PACK", DEC, "less"),
        CellWord("PACK", DEC, "less", Decimal(100)),
        CellWord("PACK", DEC, "less", Decimal(-1)),
        CellWord("PACK", DEC, "less", Decimal("1.5")),
        CellWord("PACK", DEC, "more", Decimal(100)),
        CellWord("PACK", DEC, "later", Decimal(40)),
        CellWord("PACK", DEC, "later", Decimal(40), dt.date(2026, 12, 28)),
        CellWord("PACK", DEC, "later", Decimal(101), dt.date(2027, 1, 4)),
        CellWord("PACK", DEC, "confirmed", note="x" * 301),
        CellWord("PACK", NOV - 1, "confirmed"),
    ],
)
def test_an_answer_without_sense_changes_nothing_and_names_its_cell(shared, word):
    before = _counts()
    with pytest.raises(InvalidInput):
        _answer(shared, CellWord("PACK", JAN, "confirmed"), word)
    assert _counts() == before


def test_a_supplier_can_neither_see_nor_answer_anothers(shared):
    before = _counts()
    for code in ("SEAT", "NOTHING"):
        with pytest.raises(Missing) as refused:
            _answer(shared, CellWord("PACK", DEC, "confirmed"), CellWord(code, DEC, "confirmed"))
        assert refused.value.message == f"There is no “{code}”."
        with pytest.raises(Missing):
            confirm_open(release=1, materials=[code], actor=shared.packs)
    with pytest.raises(Missing):
        find_supplier_plan(user=shared.packs, supplier="S2")
    with pytest.raises(Denied):
        _answer(shared, CellWord("PACK", DEC, "confirmed"), user=shared.users["sales"])
    assert _counts() == before
    assert [row.material.code for row in find_supplier_plan(user=shared.seats).rows] == ["SEAT"]
    nobody = shared.users["supplier"]  # no supplier is named for this account
    assert find_supplier_plan(user=nobody).rows == ()


def test_a_newer_release_and_a_signed_supply_review_close_the_answers(shared):
    cycle = make_cycle("2026-12", state="pre_sop")
    with pytest.raises(Conflict) as signed:
        _answer(shared, CellWord("PACK", DEC, "confirmed"))
    assert signed.value.message.startswith("The supply review of Dec 2026 is signed.")
    release_plan(cycle, shared.users, [100] * 18)
    with pytest.raises(Conflict) as newer:
        answer_cells(release=1, words=[CellWord("PACK", DEC, "confirmed")], actor=shared.packs)
    assert newer.value.code == "answers_closed"
    with pytest.raises(Missing):
        answer_cells(release=3, words=[CellWord("PACK", DEC, "confirmed")], actor=shared.packs)


def test_answers_are_due_at_the_next_input_cut_off(shared):
    release = shared.release
    release.published_at = dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC)
    release.save()
    assert f"{get_due(release):%Y-%m-%d %H:%M}" == "2026-12-04 18:00"
    release.published_at = dt.datetime(2026, 12, 10, 1, tzinfo=dt.UTC)
    assert f"{get_due(release).date()}" == "2026-12-15"  # too late for it: three working days


def test_answers_and_promises_cannot_be_changed_in_the_database(shared):
    [answer] = _answer(shared, CellWord("PACK", DEC, "confirmed"))
    for change in (lambda: SupplierAnswer.objects.update(note="x"), answer.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_a_new_date_of_a_purchase_keeps_the_old_one(shared):
    pack = Material.objects.get(code="PACK")
    purchase = OpenPurchase.objects.create(
        order="PO-1", material=pack, arrival_month=DEC, quantity=50, promised_date=dt.date(2026, 12, 11)
    )
    revision = Company.objects.get().revision
    word = DateWord(purchase.pk, dt.date(2027, 1, 12), "ship late")
    [promise] = promise_purchases(words=[word], actor=shared.packs)
    purchase.refresh_from_db()
    assert (purchase.arrival_month, purchase.promised_date) == (JAN, dt.date(2027, 1, 12))
    assert (promise.month_before, promise.date_before, promise.author) == (DEC, dt.date(2026, 12, 11), shared.packs)
    assert Company.objects.get().revision == purchase.revision == revision + 1
    assert promise_purchases(words=[word], actor=shared.packs) == []
    [row] = find_supplier_plan(user=shared.packs).purchases
    assert (row.promise, row.purchase.promised_date) == (promise, dt.date(2027, 1, 12))
    assert find_supplier_plan(user=shared.seats).purchases == ()
    before = _counts()
    for user in (shared.seats, shared.users["sales"]):
        with pytest.raises((Missing, Denied)):
            promise_purchases(words=[DateWord(purchase.pk, dt.date(2027, 3, 1))], actor=user)
    with pytest.raises(InvalidInput):
        promise_purchases(words=[DateWord(purchase.pk, dt.date(2036, 1, 1))], actor=shared.packs)
    assert _counts() == before


def test_purchasing_sees_who_answered_and_who_is_short(shared):
    _answer(shared, CellWord("PACK", DEC, "less", Decimal(60)), CellWord("PACK", JAN, "confirmed"))
    pack = Material.objects.get(code="PACK")
    purchase = OpenPurchase.objects.create(
        material=pack, arrival_month=DEC, quantity=5, promised_date=dt.date(2026, 12, 11)
    )
    promise_purchases(words=[DateWord(purchase.pk, dt.date(2026, 12, 20))], actor=shared.packs)
    user = shared.users["purchasing"]
    first, second = list_standings(find_supplier_plan(user=user), user)
    assert (first.supplier.code, first.asked, first.answered, first.open) == ("S1", 18, 2, 16)
    assert (first.short, first.waiting, first.worst.month, first.punctual) == (40, 1, DEC, 1.0)
    assert (first.late_purchases, first.late_days) == (1, 9)
    assert (second.supplier.code, second.answered, second.short, second.punctual) == ("S2", 0, 0, None)
    assert parse_month("2026-12") == DEC
