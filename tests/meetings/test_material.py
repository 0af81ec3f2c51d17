"""What production and purchasing hand in as figures becomes capacity and supply (R-054, R-061, R-062)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.http import QueryDict

from core.errors import Denied, InvalidInput, Missing
from core.models import AuditEntry
from core.months import parse_month
from cycles.models import Submission
from masterdata.models import CalendarMonth, CapacityChange, Company, InventoryLot, MaterialSupply, OpenPurchase
from masterdata.services import Maintenance, SupplyTerm, record_maintenance, record_supply_terms
from meetings.boards import load_meeting_table
from meetings.commands import Request, run_command
from meetings.material import get_typed_form
from plans.services import create_working_version
from tests.factories import make_cycle, make_user

pytestmark = pytest.mark.django_db
NOV = parse_month("2026-11")


@pytest.fixture
def cycle(users):
    return make_cycle("2026-11", state="demand_review")


def hand_in(cycle, actor, **lists):
    fields = QueryDict(mutable=True)
    fields["step"] = "demand_review"
    for name, values in lists.items():
        if isinstance(values, list):
            fields.setlist(f"row_{name}", values)
        else:
            fields[name] = values
    return run_command("submit", Request(cycle, actor, fields, {}))


def test_maintenance_of_half_a_month_takes_its_working_days(company, users):
    """16 – 30 November 2026 are 11 of 21 weekdays; the calendar counts 25 working days of 16 hours."""
    lost = record_maintenance(
        rows=[Maintenance("LINE", dt.date(2026, 11, 16), dt.date(2026, 11, 30))],
        reason="overhaul",
        actor=users["production"],
    )
    assert lost == {("LINE", NOV): pytest.approx(11 / 21 * 25 * 16, abs=0.01)}
    change = CapacityChange.objects.get()
    assert (change.resource.code, change.month, change.reason) == ("LINE", NOV, "overhaul")
    assert change.revision == Company.objects.get().revision == 1
    record_maintenance(
        rows=[Maintenance("LINE", dt.date(2026, 11, 30), dt.date(2026, 12, 1))],
        reason="overhaul",
        actor=users["supply_lead"],
    )
    assert dict(CapacityChange.objects.values_list("month", "lost_hours")) == {
        NOV: pytest.approx(25 / 21 * 16, abs=0.01),
        NOV + 1: pytest.approx(25 / 23 * 16, abs=0.01),
    }
    assert AuditEntry.objects.filter(verb="masterdata.capacity.recorded").count() == 2


def test_supply_terms_become_limits_lead_times_and_arrivals(company, users):
    term = SupplyTerm("PACK", 10, NOV, Decimal(1000), dt.date(2026, 12, 9), Decimal(80))
    record_supply_terms(rows=[term], reference="2026-11 supply", actor=users["purchasing"])
    company.material.refresh_from_db()
    assert company.material.lead_time_days == 10
    assert MaterialSupply.objects.get().max_quantity == 1000
    coming = OpenPurchase.objects.get()
    assert (coming.arrival_month, coming.quantity, coming.order) == (NOV + 1, 80, "2026-11 supply")
    record_supply_terms(
        rows=[SupplyTerm("PACK", arrival=dt.date(2026, 12, 20), quantity=Decimal(90))],
        reference="2026-11 supply",
        actor=users["purchasing"],
    )
    assert OpenPurchase.objects.get().quantity == 90  # announced again replaces


def test_who_may_not_changes_nothing(company, users):
    other = make_user("supplier", username="other", suppliers=("S2",))
    for actor, refusal in ((users["production"], Denied), (other, Missing)):
        with pytest.raises(refusal):
            record_supply_terms(rows=[SupplyTerm("PACK", 5)], reference="x", actor=actor)
    with pytest.raises(Denied):
        record_maintenance(
            rows=[Maintenance("LINE", dt.date(2026, 11, 1), dt.date(2026, 11, 2))],
            reason="x",
            actor=users["purchasing"],
        )
    with pytest.raises(InvalidInput):
        record_maintenance(
            rows=[Maintenance("LINE", dt.date(2026, 11, 2), dt.date(2026, 11, 1))],
            reason="x",
            actor=users["production"],
        )
    assert not CapacityChange.objects.exists()
    assert Company.objects.get().revision == 0


def test_production_hands_in_words_and_figures_together(company, cycle, users):
    lists = {"resource": ["LINE", ""], "first": ["2026-11-16", ""], "last": ["2026-11-30", ""]}
    hand_in(cycle, users["production"], maximum="1,200 sets", draft="1", **lists)
    assert not CapacityChange.objects.exists()  # a draft changes nothing
    hand_in(cycle, users["production"], maximum="1,200 sets", **lists)
    assert CapacityChange.objects.get().lost_hours > 0
    line = next(
        row
        for row in load_meeting_table(cycle, "demand_review", users["sales"]).submissions
        if row.department == "production"
    )
    assert line.content["maximum"] == "1,200 sets"
    assert line.content["figures"] == "LINE stands still 16 Nov – 30 Nov"


def test_what_is_no_figure_is_refused_whole(company, cycle, users):
    bad = {
        "material": ["PACK"],
        "lead_time_days": ["ten"],
        "month": [""],
        "limit": [""],
        "arrival": [""],
        "quantity": [""],
    }
    with pytest.raises(InvalidInput):
        hand_in(cycle, users["purchasing"], **bad)
    unknown = bad | {"material": ["NOBODY"], "lead_time_days": ["10"]}
    with pytest.raises(Missing):
        hand_in(cycle, users["purchasing"], **unknown)
    assert Submission.objects.filter(department="supply").exclude(status="missing").count() == 0
    hand_in(cycle, users["purchasing"], **(unknown | {"material": ["PACK"], "month": ["2026-11"], "limit": ["1,000"]}))
    assert MaterialSupply.objects.get().max_quantity == 1000
    assert CalendarMonth.objects.exists()


def purchasing_form(cycle, users):
    """The form as purchasing's page offers it, as lists of a post."""
    form = get_typed_form(users["purchasing"], cycle)
    names = [name for name, _kind, _label in form.columns]
    return form, {name: [row.get(name, "") for row in form.rows] for name in names}


@pytest.fixture
def bought(company, cycle):
    """PACK is short of nothing: 40 in stock, 80 on their way under PO-1, at most 1,000 in December."""
    create_working_version(cycle=cycle, actor=None)
    InventoryLot.objects.create(material=company.material, site=company.site, quantity=40)
    MaterialSupply.objects.create(material=company.material, month=NOV + 1, max_quantity=1000)
    return OpenPurchase.objects.create(
        order="PO-1", material=company.material, arrival_month=NOV, quantity=80, promised_date=dt.date(2026, 11, 11)
    )


def test_purchasing_finds_its_key_materials_filled_in(company, cycle, users, bought):
    form, lists = purchasing_form(cycle, users)
    assert lists == {
        "material": ["PACK"],
        "lead_time_days": [str(company.material.lead_time_days)],
        "month": ["2026-12"],
        "limit": ["1000"],
        "arrival": ["2026-11-11"],
        "quantity": ["80"],
        "purchase": [str(bought.pk)],
    }
    assert form.rows[0]["note"].startswith("40 in stock")


def test_what_is_confirmed_changes_nothing_and_stands_in_the_material(company, cycle, users, bought):
    _form, lists = purchasing_form(cycle, users)
    hand_in(cycle, users["purchasing"], **lists)
    assert Company.objects.get().revision == 0
    assert not AuditEntry.objects.filter(verb="masterdata.supply_terms.recorded").exists()
    lines = load_meeting_table(cycle, "demand_review", users["sales"]).submissions
    said = next(line.content for line in lines if line.department == "supply")["figures"]
    days = company.material.lead_time_days
    assert said == f"PACK: lead time {days} days, at most 1,000 in Dec 2026, 80 arrive 11 Nov"


def test_a_purchase_that_comes_later_moves_and_is_not_counted_twice(company, cycle, users, bought):
    _form, lists = purchasing_form(cycle, users)
    hand_in(cycle, users["purchasing"], **lists | {"arrival": ["2026-12-02"], "quantity": ["75"]})
    moved = OpenPurchase.objects.get()
    assert (moved.pk, moved.order, moved.arrival_month, moved.quantity) == (bought.pk, "PO-1", NOV + 1, 75)
    assert (moved.promised_date, moved.revision) == (dt.date(2026, 12, 2), 1)
    bought.delete()
    with pytest.raises(Missing):  # the page was older than the newest sheet of purchases
        hand_in(cycle, users["purchasing"], **lists)


def test_a_new_arrival_handed_in_twice_is_one(company, cycle, users, bought):
    more = {"material": ["PACK"], "arrival": ["2026-12-20"], "quantity": ["1,500"]}
    rest = {"lead_time_days": [""], "month": [""], "limit": [""]}
    for _time in range(2):
        hand_in(cycle, users["purchasing"], **more, **rest)
    assert sorted(OpenPurchase.objects.values_list("order", "quantity")) == [("2026-11 supply", 1500), ("PO-1", 80)]
    assert Company.objects.get().revision == 1


def test_what_was_written_stands_in_the_form_again(company, cycle, users, bought, client):
    """Handing in replaces all of it: nobody writes the other lines anew."""
    client.force_login(users["purchasing"])
    _form, lists = purchasing_form(cycle, users)
    hand_in(cycle, users["purchasing"], risk="packs in January", draft="1", **lists | {"quantity": ["90"]})
    page = client.get("/meeting/demand_review/").content.decode()
    assert ">packs in January</textarea>" in page
    assert 'name="row_quantity" value="90"' in page
    assert OpenPurchase.objects.get().quantity == 80
