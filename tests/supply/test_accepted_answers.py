"""An accepted answer in the next balance: short by exactly what the supplier does not deliver."""

import datetime as dt
from decimal import Decimal

import pytest

from core.errors import Conflict, Denied, InvalidInput, Missing
from core.models import AuditEntry, Job
from masterdata.models import InventoryLot, Material, MaterialSupply, OpenPurchase
from plans.choices import VersionKind
from supply import measures as m
from supply.adapters.assemble import assemble
from supply.adapters.database import load_sheets
from supply.models import AcceptedAnswer
from supply.selectors.adopted import say_taken
from supply.selectors.opening import load_open_purchases
from supply.selectors.runs import get_data_state, load_names
from supply.selectors.shortages import list_shortages
from supply.services.accepting import accept_answer, try_answer
from supply.services.answers import CellWord, DateWord, answer_cells, promise_purchases
from supply.services.balance import run_balance
from tests.factories import make_cycle
from tests.supply.sharing import DEC, JAN, next_plan, release_plan, share
from tests.supply.world import NOV, totals

pytestmark = pytest.mark.django_db


@pytest.fixture
def shared(company, cycle, users):
    return share(company, cycle, users)


def _say(shared, kind, quantity=None, date=None, *, month=DEC, code="PACK"):
    word = CellWord(code, month, kind, None if quantity is None else Decimal(quantity), date)
    [answer] = answer_cells(release=1, words=[word], actor=shared.users["purchasing"])
    return answer


def _accept(shared, *args, **words):
    return accept_answer(answer_id=_say(shared, *args, **words).pk, actor=shared.users["purchasing"])


def _packs(version, measure=m.PURCHASE, months=3):
    return totals(version, measure, first_month=DEC, months=months)


def test_an_accepted_short_answer_makes_the_next_balance_short_by_it(shared):
    taken = _accept(shared, "less", 60)
    assert (taken.limit, taken.before) == (60, None)
    assert MaterialSupply.objects.get().max_quantity == 60
    plan = next_plan(shared)
    assert totals(plan, m.SHORT, first_month=DEC)[:2] == [40, 0]
    [row] = list_shortages(plan.pk)
    assert (row.month, row.quantity, row.cause, row.code) == (DEC, 40, "supplier", "PACK")
    assert row.text.endswith("Supplier 1 answered: 60 of the 100 asked in Dec 2026.")


def test_an_answer_not_accepted_leaves_the_plan_alone(shared):
    _say(shared, "less", 60)
    assert totals(next_plan(shared), m.SHORT, first_month=DEC) == [0] * 18


def test_what_is_on_its_way_besides_comes_on_top_of_the_answer(shared):
    """30 packs were on order before the release: of the 100 wanted 70 were asked, 50 of them come."""
    pack = Material.objects.get(code="PACK")
    OpenPurchase.objects.create(material=pack, arrival_month=DEC, quantity=30)
    assert _accept(shared, "less", 50).limit == 80
    assert totals(next_plan(shared), m.SHORT, first_month=DEC)[:2] == [20, 0]


def test_inside_the_lead_time_the_order_itself_is_cut(company, cycle, users):
    """A month of lead time: December's packs are ordered by November's release and cannot be ordered any more."""
    Material.objects.filter(code="PACK").update(lead_time_days=30)
    InventoryLot.objects.create(material=company.material, site=company.site, quantity=100)
    shared = share(company, cycle, users)
    assert _accept(shared, "less", 60).limit == 60
    plan = next_plan(shared)
    assert assemble(load_sheets(plan)).problem.material.arrivals.sum(axis=0)[:2].tolist() == [60.0, 0.0]
    [row] = list_shortages(plan.pk)
    assert (row.month, row.quantity, row.code) == (DEC, 40, "PACK")
    assert "Supplier 1 answered: 60 of the 100 asked in Dec 2026." in row.text


def test_a_newer_sheet_that_lists_the_release_order_is_cut_once(company, cycle, users):
    """The ERP lists December's order of 100 and 20 more: 60 of the order and the 20 come."""
    Material.objects.filter(code="PACK").update(lead_time_days=30)
    InventoryLot.objects.create(material=company.material, site=company.site, quantity=100)
    shared = share(company, cycle, users)
    OpenPurchase.objects.create(material=company.material, arrival_month=DEC, quantity=120, revision=99)
    assert load_open_purchases(DEC).lists_release
    assert _accept(shared, "less", 60).limit == 80
    assert totals(next_plan(shared), m.SHORT, first_month=DEC)[:2] == [20, 0]


def test_what_comes_later_arrives_on_its_date(shared):
    """30 of December's come in January: short then, and 70 are bought in January instead of 100."""
    _accept(shared, "later", 30, dt.date(2027, 1, 12))
    [purchase] = OpenPurchase.objects.all()
    assert (purchase.arrival_month, purchase.quantity, purchase.promised_date) == (JAN, 30, dt.date(2027, 1, 12))
    assert not load_open_purchases(DEC).lists_release  # one answer makes no new sheet
    plan = next_plan(shared)
    assert totals(plan, m.SHORT, first_month=DEC)[:2] == [30, 0]
    made = totals(plan, m.PRODUCTION, first_month=DEC)[:2]
    assert made == [70, 100]
    bought = [units - 200 for units in _packs(plan)]  # 200 seats a month besides
    assert [bought[0], bought[2]] == [70 - 60, 100]  # 60 seats fewer in December
    assert bought[1] == 70


def test_a_raised_limit_is_taken_too(shared):
    """The supplier delivered 60 at most; 150 are possible now."""
    pack = Material.objects.get(code="PACK")
    MaterialSupply.objects.create(material=pack, month=DEC, max_quantity=60)
    taken = _accept(shared, "more", 150)
    assert (taken.limit, taken.before) == (150, 60)
    assert totals(next_plan(shared), m.SHORT, first_month=DEC) == [0] * 18


def test_a_newer_answer_takes_the_place_of_the_accepted_one(shared):
    old = _say(shared, "later", 30, dt.date(2027, 1, 12))
    accept_answer(answer_id=old.pk, actor=shared.users["purchasing"])
    new = _say(shared, "less", 90)
    with pytest.raises(Conflict):
        accept_answer(answer_id=old.pk, actor=shared.users["purchasing"])
    taken = accept_answer(answer_id=new.pk, actor=shared.users["purchasing"])
    assert (taken.limit, taken.before, OpenPurchase.objects.count()) == (90, 70, 0)
    assert accept_answer(answer_id=new.pk, actor=shared.users["purchasing"]) == taken
    assert AuditEntry.objects.filter(verb="supply.answer.accepted").count() == 2
    assert totals(next_plan(shared), m.SHORT, first_month=DEC)[:2] == [10, 0]


def test_what_cannot_be_accepted_changes_nothing(shared):
    short, fine = _say(shared, "less", 60), _say(shared, "confirmed", month=JAN)
    over = _say(shared, "less", 60, month=NOV)
    for user in (shared.packs, shared.users["production"]):
        with pytest.raises(Denied):
            accept_answer(answer_id=short.pk, actor=user)
    for number, error in ((fine.pk, InvalidInput), (over.pk, InvalidInput), (10**9, Missing)):
        with pytest.raises(error):
            accept_answer(answer_id=number, actor=shared.users["purchasing"])
    with pytest.raises(Conflict):
        try_answer(answer_id=short.pk, actor=shared.users["purchasing"])  # December has not begun
    make_cycle("2026-12", state="pre_sop")
    with pytest.raises(Conflict):
        accept_answer(answer_id=short.pk, actor=shared.users["purchasing"])
    assert not AcceptedAnswer.objects.exists()
    assert not MaterialSupply.objects.exists()


def test_a_scenario_counts_with_an_answer_and_the_plan_does_not(shared):
    answer, plan = _say(shared, "later", 30, dt.date(2027, 1, 12)), next_plan(shared)
    user = shared.users["purchasing"]
    scenario, job, limit = try_answer(answer_id=answer.pk, actor=user)
    assert (scenario.kind, scenario.parent_id, limit) == (VersionKind.SCENARIO, plan.pk, 70)
    assert Job.objects.get(pk=job.pk).scope == {"version": scenario.pk}
    assert get_data_state(plan.pk).is_current
    assert not get_data_state(scenario.pk).is_current
    run_balance(version_id=scenario.pk, actor=shared.users["supply_lead"])
    assert totals(scenario, m.SHORT, first_month=DEC)[:2] == [30, 0]
    assert totals(plan, m.SHORT, first_month=DEC)[:2] == [0, 0]
    [row] = list_shortages(scenario.pk)
    assert row.text.endswith("Supplier 1 answered: 70 of the 100 asked in Dec 2026.")
    assert say_taken(scenario, plan, load_names()) == ["Battery pack in Dec 2026: supplier delivers 70"]
    assert not MaterialSupply.objects.exists()
    assert not OpenPurchase.objects.exists()
    again, _job, _limit = try_answer(answer_id=answer.pk, actor=user, scenario_id=scenario.pk)
    assert again == scenario
    with pytest.raises(Missing):
        try_answer(answer_id=answer.pk, actor=user, scenario_id=plan.pk)


def _arrivals(version):
    return assemble(load_sheets(version)).problem.material.arrivals.sum(axis=0)[:3].tolist()


def test_a_late_purchase_is_missing_in_its_month_and_there_in_the_later_one(shared):
    pack = Material.objects.get(code="PACK")
    purchase = OpenPurchase.objects.create(material=pack, arrival_month=DEC, quantity=50)
    plan = next_plan(shared)
    assert _arrivals(plan) == [50.0, 0.0, 0.0]
    for day, expected in ((dt.date(2027, 1, 9), [0.0, 50.0, 0.0]), (dt.date(2027, 2, 9), [0.0, 0.0, 50.0])):
        promise_purchases(words=[DateWord(purchase.pk, day)], actor=shared.packs)
        assert _arrivals(plan) == expected
        assert not load_open_purchases(DEC).lists_release
    assert get_data_state(plan.pk).reasons == ("Master data changed.",)


def test_a_late_purchase_that_lists_the_release_order_is_not_replaced_by_it(company, cycle, users):
    """The sheet lists the release's 100 for December with 20 more; all of it comes in January."""
    Material.objects.filter(code="PACK").update(lead_time_days=30)
    InventoryLot.objects.create(material=company.material, site=company.site, quantity=100)
    shared = share(company, cycle, users)
    purchase = OpenPurchase.objects.create(material=company.material, arrival_month=DEC, quantity=120, revision=99)
    plan = next_plan(shared)
    assert _arrivals(plan) == [120.0, 0.0, 0.0]
    promise_purchases(words=[DateWord(purchase.pk, dt.date(2027, 1, 9))], actor=shared.packs)
    assert _arrivals(plan) == [0.0, 120.0, 0.0]
    run_balance(version_id=plan.pk, actor=shared.users["supply_lead"])
    assert totals(plan, m.SHORT, first_month=DEC)[:2] == [100, 0]


def test_the_release_after_takes_what_was_late_as_known(shared):
    """Planned with it, a late part counts once in the plan after next."""
    _accept(shared, "later", 30, dt.date(2027, 2, 12))
    cycle = make_cycle("2026-12")
    release_plan(cycle, shared.users, [100] * 18)
    plan = next_plan(shared, "2027-01")
    assert _arrivals(plan) == [0.0, 30.0, 0.0]
