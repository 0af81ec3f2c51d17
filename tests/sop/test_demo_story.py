"""The demo company's months as they are played: every balance is one a planner would understand."""

import datetime as dt

import pytest

from accounts.models import Scope, User
from demand.review_board import ReviewBoard
from demand.selectors.place import find_place
from masterdata.models import InventoryLot, OpenPurchase
from plans.choices import VersionKind
from plans.models import Version
from plans.selectors import load_measure
from sop.demo.story import load_demo
from supply import measures as m
from supply.adapters.assemble import assemble
from supply.adapters.database import load_sheets
from supply.models import BalanceRun

SMALL = 0.002  # of the profit: what soft rules (safety stock, changed releases) may cost a plan at most
EXPLAINED = {"supplier", "lead_time", "fence"}  # the story's: battery packs, and a frozen month after the paint stop


@pytest.mark.django_db
def test_every_month_begins_with_its_count_and_breaks_no_rule():
    cycle = load_demo(today=dt.date(2026, 11, 27))
    runs = list(BalanceRun.objects.order_by("pk"))
    assert [run.first_month for run in runs] == [cycle.month - 2, cycle.month - 2, cycle.month - 1, cycle.month]
    for run in runs:
        assert {f["code"] for f in run.findings if f["severity"] == "error"} == set()
        assert 0 <= run.penalty < SMALL * run.profit
        assert {short.cause for short in run.shortages.all()} <= EXPLAINED
    sheets = load_sheets(runs[-1].version)
    problem = assemble(sheets).problem
    counted = sum(float(lot.quantity) for lot in InventoryLot.objects.filter(product__isnull=False))
    assert problem.points.initial.sum() == counted
    assert {f.code for f in sheets.findings} == set()
    _parts_are_those_the_release_left(cycle.month, problem)
    _look_back_says_who_helped(cycle)


def _look_back_says_who_helped(cycle) -> None:
    """Two lags are measured; the demand lead's changes made the forecast better, those of sales North worse."""
    place = find_place(scope=Scope(products=None, orgs=None), product=None, org=None)
    board = ReviewBoard(cycle, place, User.objects.get(username="demand"))
    assert [line.lag for line in board.lags] == [1, 2]
    points = {record.name: record.points for record in board.authors}
    assert points["Li Yue"] < 0 < points["Guo Tao"]


def _parts_are_those_the_release_left(month: int, problem) -> None:
    """Opening parts are November's closing ones; what is on order for December comes, and no more."""
    approved = Version.objects.get(kind=VersionKind.APPROVED, cycle__month=month - 1, current=True)
    left = load_measure(version_id=approved.pk, measure=m.MATERIAL_STOCK, months=range(month - 1, month))
    assert problem.material.initial.sum() == left.values.sum()
    for number, code in enumerate(problem.materials):
        rows = OpenPurchase.objects.filter(material__code=code, arrival_month=month).values_list("quantity", flat=True)
        coming = problem.material.arrivals[problem.material.material == number, 0].sum()
        assert coming == pytest.approx(float(sum(rows)), abs=1e-6)
