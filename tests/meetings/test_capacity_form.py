"""Production says what its lines can really make; the balance counts with it (R-054, R-061)."""

from pathlib import Path

import pytest
from django.http import QueryDict

from core.errors import InvalidInput
from core.months import format_month, parse_month
from masterdata.models import ActualRecord, CapacityChange, Product, Resource, Site
from masterdata.services import import_folder
from meetings.boards import load_meeting_table, load_supply_review
from meetings.capacity_form import get_capacity_form
from meetings.commands import Request, run_command
from plans.services import create_working_version
from supply.capability import list_capability
from tests.factories import make_cycle

FOLDER = Path(__file__).parent.parent / "data" / "worked_example"
JUNE = parse_month("2026-06")

pytestmark = pytest.mark.django_db


@pytest.fixture
def cycle(users):
    """A line of 1,200 sets a month, 300 of which a maintenance in June takes."""
    assert import_folder(path=FOLDER, actor=None).is_committed
    cycle = make_cycle("2026-06", state="demand_review")
    create_working_version(cycle=cycle, actor=None)
    return cycle


def hand_in(cycle, actor, *figures, **words):
    fields = QueryDict(mutable=True)
    fields.update({"step": "demand_review", **words})
    fields.setlist("line", ["LINE"] * len(figures))
    fields.setlist("line_month", [format_month(JUNE + n) for n in range(len(figures))])
    fields.setlist("line_available", list(figures))
    return run_command("submit", Request(cycle, actor, fields, {}))


def june(cycle):
    cell = list_capability(cycle)[0].months[0]
    return cell.maximum, cell.lost, cell.available


def test_the_form_is_filled_in_from_calendar_and_maintenance(cycle, users):
    (line,) = get_capacity_form(users["production"], cycle)
    assert [(cell.maximum, cell.lost, cell.available) for cell in line.months] == [
        (1200, 300, 900), (1200, 0, 1200), (1200, 0, 1200)
    ]  # fmt: skip
    assert get_capacity_form(users["purchasing"], cycle) is None
    assert get_capacity_form(users["supply_lead"], cycle) is None


def test_confirmed_figures_change_nothing_and_stand_in_the_material(cycle, users):
    rows = CapacityChange.objects.count()
    hand_in(cycle, users["production"], "900", "1,200", "1200")
    assert (CapacityChange.objects.count(), june(cycle)) == (rows, (1200, 300, 900))
    lines = load_meeting_table(cycle, "demand_review", users["sales"]).submissions
    content = next(line.content for line in lines if line.department == "production")
    assert content["capacity"].startswith("LINE, Jun 2026: 900 of 1,200; LINE, Jul 2026: 1,200 of 1,200")


def test_a_stated_figure_is_what_the_balance_counts_with(cycle, users):
    hand_in(cycle, users["production"], "850", draft="1")
    assert june(cycle) == (1200, 300, 900)  # a draft changes nothing
    hand_in(cycle, users["production"], "850")
    assert june(cycle) == (1200, 350, 850)
    assert CapacityChange.objects.get(reason="stated 2026-06 production").lost_hours == 10  # 50 sets, 5 an hour
    hand_in(cycle, users["production"], "1000")  # the maintenance became shorter
    assert june(cycle) == (1200, 200, 1000)
    hand_in(cycle, users["production"], "900")
    assert june(cycle) == (1200, 300, 900)
    assert not CapacityChange.objects.filter(reason="stated 2026-06 production").exists()
    review = load_supply_review(cycle, users["supply_lead"])
    assert [(cell.month, cell.available) for cell in review.capability[0].months][:2] == [(JUNE, 900), (JUNE + 1, 1200)]


def test_more_than_calendar_and_shifts_give_is_refused(cycle, users):
    with pytest.raises(InvalidInput):
        hand_in(cycle, users["production"], "1300")
    with pytest.raises(InvalidInput):
        hand_in(cycle, users["production"], "many")
    assert june(cycle) == (1200, 300, 900)


def test_the_pages_show_the_form_and_the_table(cycle, users, client):
    client.force_login(users["production"])
    page = client.get("/meeting/demand_review/").content.decode()
    assert 'name="line_available"' in page
    assert 'value="900"' in page
    assert "What the lines can make" in client.get("/meeting/supply_review/").content.decode()


def test_what_was_made_counts_for_the_only_line_that_can_make_it(cycle):
    """The sheet of actuals may count a family: all its products are made on one line here."""
    leaf = Product.objects.get(routings__resource__code="LINE")
    family = Product.objects.create(code="ALL-SETS", name="All sets", level="family")
    Product.objects.filter(pk=leaf.pk).update(parent=family)
    site = Site.objects.get(pk=Resource.objects.get(code="LINE").site_id)
    ActualRecord.objects.create(month=JUNE - 1, product=family, site=site, produced=870)
    assert list_capability(cycle)[0].made == 870
