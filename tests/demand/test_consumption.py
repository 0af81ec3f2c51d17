"""Forecast consumption in the plan: rules, double orders, the demand fence, the month roll, the near zone."""

import numpy as np
import pytest

from core.models import AuditEntry
from core.months import format_month
from cycles.choices import CycleState
from cycles.models import Cycle
from demand.choices import DealerOrders, RollKind
from demand.models import ConsumptionRule, RolledForecast
from demand.selectors.consumption import load_consumed_plan
from demand.selectors.near_zone import load_near_zone
from demand.services import build_proposal
from demand.services.rolling import roll_forecast
from plans.selectors import load_measure
from plans.services import create_working_version, refresh_actuals
from tests.demand.world import MONTH, MONTHLY, import_sheets
from tests.factories import make_user

BOOK = """order,product,org,quantity,due_date,kind,for_order
SO1,E7,GZ,120,2026-07-20,customer,
DO1,E7,GZ,200,2026-07-05,channel,SO1
DO2,E7,GZ,150,2026-07-06,channel,
SO2,E7,BJ,30,2026-05-20,customer,
SO3,E7,SZ,250,2026-08-01,customer,
SO4,E7,SZ,7,2031-01-01,customer,
"""


@pytest.fixture
def book(world):
    world.publish("baseline", MONTHLY)
    build_proposal(cycle=world.cycle, actor=None)
    import_sheets(world.folder / "book", orders=BOOK)
    return world


def row(plan, world, product, org):
    return int(plan.frame.axis.rows_of([(world.p[product], world.o[org])])[0])


def rule(world, product=None, **terms):
    fields = {"back_months": 0, "forward_months": 0, "fence_months": 0, **terms}
    return ConsumptionRule.objects.create(product_id=world.p[product] if product else None, **fields)


def test_the_larger_of_customer_and_dealer_orders_counts(book):
    rule(book)
    plan = load_consumed_plan(book.cycle)
    gz = row(plan, book, "E7", "GZ")
    assert plan.orders.values[gz, :3].tolist() == [0, 350, 0]
    assert plan.result.demand[gz, :3].tolist() == [300, 350, 300]
    assert plan.result.over[gz, 1] == 50


def test_linked_dealer_orders_count_less_the_customer_order_they_name(book):
    rule(book, dealers=DealerOrders.LINKED)
    plan = load_consumed_plan(book.cycle)
    assert plan.orders.values[row(plan, book, "E7", "GZ"), 1] == 120 + (200 - 120) + 150


def test_overdue_comes_on_top_of_the_first_month(book):
    rule(book)
    plan = load_consumed_plan(book.cycle)
    bj = row(plan, book, "E7", "BJ")
    assert (plan.orders.overdue[bj], plan.result.demand[bj, 0]) == (30, 530)


def test_orders_after_the_plan_are_told_not_dropped(book):
    assert load_consumed_plan(book.cycle).orders.later == 7


def test_windows_and_the_fence_of_the_policy(book):
    rule(book, back_months=1, fence_months=None)  # one frozen month by default
    plan = load_consumed_plan(book.cycle)
    sz = row(plan, book, "E7", "SZ")
    assert plan.result.consumed[sz, :4].tolist() == [0, 50, 200, 0]
    assert plan.result.demand[sz, :4].tolist() == [0, 150, 250, 200]
    assert plan.result.fenced[sz, 0] == 200


def test_the_nearest_rule_wins(book):
    rule(book, back_months=1)
    rule(book, "E7", fence_months=2)
    plan = load_consumed_plan(book.cycle)
    assert plan.rules.fence[row(plan, book, "E7", "GZ")] == 2
    assert plan.rules.fence[row(plan, book, "E5", "GZ")] == 0
    assert plan.rules.back[row(plan, book, "E7", "GZ")] == 0


def test_without_an_order_book_the_forecast_stands(world):
    world.publish("baseline", MONTHLY)
    build_proposal(cycle=world.cycle, actor=None)
    rule(world, fence_months=3)
    plan = load_consumed_plan(world.cycle)
    assert np.array_equal(plan.result.demand, plan.forecast)


def test_consumption_over_rest_inside_the_scope(book, client):
    rule(book)
    client.force_login(make_user("sales", orgs=("NORTH",)))
    answer = client.get("/api/v1/demand/consumption/").json()
    assert {line["org"] for line in answer["lines"]} == {"BJ"}
    e7 = next(line for line in answer["lines"] if line["product"] == "E7")
    assert (e7["overdue"], e7["demand"][0], e7["forecast"][0]) == (30, 530, 500)
    assert answer["months"][0] == "2026-06"


@pytest.mark.parametrize("granularity", ["month", "week", "day"])
def test_the_near_zone_sums_to_the_months_leaf_by_leaf(book, granularity):
    rule(book)
    plan = load_consumed_plan(book.cycle)
    near = load_near_zone(plan, granularity)
    for values, months in ((near.demand, plan.result.demand), (near.consensus, plan.forecast)):
        for column in range(3):
            part = [i for i, bucket in enumerate(near.buckets) if bucket.column == column]
            assert (values[:, part].sum(axis=1) == months[:, column]).all()


def test_the_near_zone_for_production(book, client):
    rule(book)
    client.force_login(make_user("production"))
    response = client.get("/api/v1/demand/near-zone/?granularity=week&product=E7&org=GZ")
    answer = response.json()
    [line] = answer["lines"]
    june = [i for i, bucket in enumerate(answer["buckets"]) if bucket["month"] == "2026-06"]
    assert sum(line["demand"][i] for i in june) == 300
    assert answer["buckets"][0] == {
        "month": "2026-06", "first": "2026-06-01", "last": "2026-06-07", "working_days": 5.0,
    }  # fmt: skip
    again = client.get(
        "/api/v1/demand/near-zone/?granularity=week&product=E7&org=GZ", headers={"If-None-Match": response["ETag"]}
    )
    assert again.status_code == 304


def next_cycle(world, sold):
    """July begins: June's sales of E7 are loaded."""
    lines = [f"E7,{org},{format_month(MONTH)},{units},0" for org, units in sold.items()]
    import_sheets(world.folder / "june", history="product,org,month,quantity,revenue\n" + "\n".join(lines) + "\n")
    Cycle.objects.filter(pk=world.cycle.pk).update(state=CycleState.CLOSED)
    cycle = Cycle.objects.create(month=MONTH + 1, horizon=18, state=CycleState.COLLECTING)
    version = create_working_version(cycle=cycle, actor=None)
    refresh_actuals(version_id=version.pk, actor=None)
    return cycle, version


def test_the_month_roll_drops_by_rule_and_writes_down_how_much(book):
    cycle, version = next_cycle(book, {"BJ": 450, "GZ": 310, "SZ": 200})
    totals = roll_forecast(cycle=cycle, actor=None)
    log = RolledForecast.objects.get(product=book.p["E7"], org=book.o["BJ"])
    assert (log.month, log.forecast, log.sold, log.unconsumed, log.over, log.kept) == (MONTH, 500, 450, 50, 0, 0)
    assert RolledForecast.objects.get(product=book.p["E7"], org=book.o["GZ"]).over == 10
    assert totals["kept"] == 0
    assert totals["forecast"] == sum(MONTHLY.values())
    assert AuditEntry.objects.filter(verb="demand.forecast.rolled").count() == 1
    assert not load_measure(version_id=version.pk, measure="carried").values.any()


def test_a_family_that_keeps_gets_the_rest_into_its_first_month_once(book):
    rule(book, "E7", at_roll=RollKind.KEEP)
    cycle, version = next_cycle(book, {"BJ": 450, "GZ": 310, "SZ": 200})
    for _again in range(2):  # repeated after a late import: the log is replaced, nothing adds up twice
        roll_forecast(cycle=cycle, actor=None)
    carried = load_measure(version_id=version.pk, measure="carried")
    assert carried.cell((book.p["E7"], book.o["BJ"]), MONTH + 1) == 50
    assert carried.values.sum() == 50
    assert RolledForecast.objects.filter(product=book.p["E7"], org=book.o["BJ"]).count() == 1
    build_proposal(cycle=cycle, actor=None)
    proposal = load_measure(version_id=version.pk, measure="proposal")
    assert proposal.cell((book.p["E7"], book.o["BJ"]), MONTH + 1) == 50  # no baseline in this plan yet


def test_the_first_cycle_has_nothing_to_roll(world):
    assert roll_forecast(cycle=world.cycle, actor=None) == {}
