"""What production and purchasing hand in as figures becomes capacity and supply (R-054, R-061, R-062)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.http import QueryDict

from core.errors import Denied, InvalidInput, Missing
from core.models import AuditEntry
from core.months import parse_month
from cycles.models import Submission
from masterdata.models import CalendarMonth, CapacityChange, Company, MaterialSupply, OpenPurchase
from masterdata.services import Maintenance, SupplyTerm, record_maintenance, record_supply_terms
from meetings.boards import load_meeting_table
from meetings.commands import Request, run_command
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
