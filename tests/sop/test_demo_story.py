"""The demo company as it is played: every balance is one a planner would understand, no page asks row by row."""

import datetime as dt
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Scope, User
from cycles.models import Cycle
from demand.review_board import ReviewBoard
from demand.selectors.place import find_place
from masterdata.models import InventoryLot, OpenPurchase
from plans import cache
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


pytestmark = pytest.mark.django_db

# Statements that read, page by page, nothing remembered from before. Reviewed: a loop over rows shows in its diff.
# Written anew by SOP_COUNT_QUERIES=1 pytest tests/sop/test_demo_story.py
COUNTS = Path(__file__).parents[1] / "data" / "query_counts.json"
SLACK = 10  # a page may grow by a few questions; one for each of the demo's twelve products is a loop
PAGES = (
    "/",
    "/find/?q=E7",
    "/demand/",
    "/demand/activities/",
    "/demand/assumptions/",
    "/demand/explain/",
    "/demand/orders/",
    "/demand/review/",
    "/demand/rules/",
    "/demand/take-rates/",
    "/supply/",
    "/supply/inventory/",
    "/supply/long-range/",
    "/supply/policies/",
    "/supply/review/",
    "/meeting/demand_review/",
    "/meeting/supply_review/",
    "/presop/",
    "/executive/",
    "/executive/?p=2",
    "/executive/?p=3",
    "/import/",
    "/jobs/",
    "/api/v1/cycles/",
    "/api/v1/cycles/2026-12/",
    "/api/v1/cycles/2026-12/actions/",
    "/api/v1/cycles/2026-12/decisions/",
    "/api/v1/cycles/2026-12/meetings/",
    "/api/v1/cycles/2026-12/submissions/",
    "/api/v1/demand/workbench/",
    "/api/v1/masterdata/products/",
    "/api/v1/masterdata/routings/",
    "/api/v1/plan/consensus/",
    "/api/v1/plans/working/cells/?measure=consensus&level=leaf",
    "/api/v1/releases/latest/lines/",
    "/api/v1/supply/materials/",
    "/api/v1/supply/policies/",
    "/api/v1/supply/stock/",
)


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker) -> Iterator[Cycle]:
    """The current cycle; the company is played once for the module and undone at its end."""
    with django_db_blocker.unblock():
        outer = transaction.atomic()
        outer.__enter__()
        try:
            yield load_demo(today=dt.date(2026, 11, 27))
        finally:
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)


def test_every_month_begins_with_its_count_and_breaks_no_rule(demo):
    cycle = demo
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


@pytest.fixture(scope="module")
def counts(demo) -> Iterator[dict[str, int]]:
    """What is written down; with SOP_COUNT_QUERIES what is counted now is written instead."""
    if os.environ.get("SOP_COUNT_QUERIES") != "1":
        yield json.loads(COUNTS.read_text("utf-8"))
        return
    found: dict[str, int] = {}
    yield found
    COUNTS.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_no_more_of_the_database_than_is_written_down(demo, counts, page):
    client = Client()
    client.force_login(User.objects.get(username="supply"))
    cache.clear()
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(page)
        assert answer.status_code == 200, (page, answer.status_code)
        getattr(answer, "render", lambda: None)()
    asked = sum(query["sql"].lstrip("( ").upper().startswith(("SELECT", "WITH")) for query in captured)
    assert asked <= counts.setdefault(page, asked) + SLACK, (
        f"{page} asks {asked} times, written down are {counts[page]}"
    )
