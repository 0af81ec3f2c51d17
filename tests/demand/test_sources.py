"""Orders, targets and departmental figures reach the leaves exactly."""

import pytest

from core.months import parse_month
from demand.models import Event, Order, StreamInput
from demand.services import apply_inputs, refresh_sources
from plans.models import Block
from plans.selectors import get_actuals_version, load_measure
from tests.demand.world import MONTH, MONTHLY, history_sheet, import_sheets


def test_history_becomes_the_actuals(world):
    cube = load_measure(version_id=get_actuals_version().pk, measure="actual")
    assert cube.months == range(MONTH - 36, MONTH)
    assert cube.values.sum() == 36 * sum(MONTHLY.values())
    revenue = load_measure(version_id=get_actuals_version().pk, measure="actual_revenue")
    assert revenue.values.sum() == 36 * sum(MONTHLY.values()) * 1000 * 100  # fen
    assert world.cell("actual", "E7", "BJ", -1) == 500


def test_importing_the_same_history_again_changes_nothing(world):
    blocks = Block.objects.count()
    report = import_sheets(world.folder / "again", history=history_sheet())
    assert Block.objects.count() == blocks
    assert report.changes["history"].is_empty
    assert report.changes["history"].unchanged == 36 * len(MONTHLY)


def test_one_new_month_keeps_the_others(world):
    import_sheets(world.folder / "more", history="product,org,month,quantity\nE7,SZ,2026-05,260\nS6,BJ,2026-05,7\n")
    cube = load_measure(version_id=get_actuals_version().pk, measure="actual")
    assert cube.cell((world.p["E7"], world.o["SZ"]), MONTH - 1) == 260
    assert cube.cell((world.p["S6"], world.o["BJ"]), MONTH - 1) == 7
    assert cube.values.sum() == 36 * sum(MONTHLY.values()) + 60 + 7


@pytest.mark.django_db(transaction=True)
def test_an_open_plan_sees_a_new_history_after_the_commit(tmp_path):
    from tests.demand.world import World

    world = World(tmp_path)
    import_sheets(world.folder / "more", history="product,org,month,quantity\nE7,SZ,2026-05,260\n")
    assert world.cell("actual", "E7", "SZ", -1) == 260


def test_orders_count_by_due_month_and_kind(world):
    import_sheets(
        world.folder / "orders",
        orders="order,line,product,org,quantity,due_date,kind,status,customer\n"
        "SO1,1,E7,BJ,30,2026-06-20,customer,open,Fleet\n"
        "SO1,2,E7,BJ,5,2026-04-02,customer,open,Fleet\n"  # overdue: still wanted
        "SO2,1,E7,GZ,12,2026-08-01,channel,confirmed,\n"
        "SO3,1,E7,GZ,99,2026-06-01,customer,delivered,\n"  # done: no demand left
        "SO4,1,S6,GZ,8,2026-07-01,stock,open,\n"
        "SO5,1,E7,BJ,7,2029-01-01,customer,open,\n",  # beyond the horizon
    )
    refresh_sources(cycle=world.cycle, actor=None)
    assert Order.objects.count() == 6
    assert world.cell("orders", "E7", "BJ") == 35
    assert world.total("orders") == 35
    assert world.cell("channel", "E7", "GZ", 2) == 12
    assert world.cell("stock_building", "S6", "GZ", 1) == 8


def test_order_of_a_whole_region_is_split_over_its_dealers(world):
    import_sheets(
        world.folder / "orders",
        orders="order,product,org,quantity,due_date\nSO1,E7,SOUTH,50,2026-06-20\n",
    )
    refresh_sources(cycle=world.cycle, actor=None)
    assert (world.cell("orders", "E7", "GZ"), world.cell("orders", "E7", "SZ")) == (30, 20)


def test_budget_is_split_by_history_and_sums_exactly(world):
    import_sheets(
        world.folder / "targets",
        targets="kind,month,product,org,quantity\n"
        "budget,2026-06,CARS,CN,1501\nbudget,2026-06,S6,CN,100\nle,2026-07,CARS,CN,1300\nbudget,2026-07,CARS,CN,900\n",
    )
    refresh_sources(cycle=world.cycle, actor=None)
    assert world.total("budget") == 1501
    assert world.cell("budget", "S6", "GZ") == 100
    assert world.total("budget", 1) == 900
    assert world.total("business_plan") == 1501  # no estimate: the budget stands
    assert world.total("business_plan", 1) == 1300
    # 1401 cars over 500 300 200 100 60 of 1160
    split = [world.cell("budget", *pair) for pair in list(MONTHLY)[:5]]
    assert split == [604, 362, 242, 121, 72]


def test_sales_figure_of_a_region_is_split_by_the_baseline(world):
    world.publish("baseline", {("E7", "GZ"): 10, ("E7", "SZ"): 30, ("E7", "BJ"): 1})
    import_sheets(
        world.folder / "inputs",
        inputs="stream,product,org,month,quantity,reason\nsales,E7,SOUTH,2026-07,401,survey\nfinance,S6,CN,2026-07,77,\n",
    )
    assert StreamInput.objects.filter(applied_to=None).count() == 2
    summary = apply_inputs(cycle=world.cycle, actor=None)
    assert summary.inputs == 2
    assert summary.unplaced == []
    assert (world.cell("sales", "E7", "GZ", 1), world.cell("sales", "E7", "SZ", 1)) == (100, 301)
    assert world.cell("sales", "E7", "BJ", 1) is None  # sales said nothing about the north
    assert world.cell("finance_view", "S6", "GZ", 1) == 77
    assert apply_inputs(cycle=world.cycle, actor=None).inputs == 0


def test_launch_volume_reaches_dealers_that_never_sold_the_model(world):
    import_sheets(
        world.folder / "inputs",
        inputs="stream,product,org,month,quantity\nproduct,M8,CN,2026-10,120\nproduct,M8,CN,2026-07,50\n",
    )
    apply_inputs(cycle=world.cycle, actor=None)
    # dealers sell 600, 400 and 200 cars a month in all
    dealers = [world.cell("product", "M8", org, 4) for org in ("BJ", "GZ", "SZ")]
    assert dealers == [60, 40, 20]
    assert world.total("product", 1) == 50  # before the launch month nobody forbids it; the sum stays


def test_a_figure_beyond_the_plan_is_reported(world):
    import_sheets(
        world.folder / "inputs",
        inputs="stream,product,org,month,quantity\nsales,E7,SOUTH,2026-07,400\nsales,E7,SOUTH,2031-07,400\n",
    )
    assert apply_inputs(cycle=world.cycle, actor=None).inputs == 1
    assert StreamInput.objects.get(month=parse_month("2031-07")).applied_to is None


def test_events_are_kept_with_open_ends(world):
    import_sheets(
        world.folder / "events",
        events="code,kind,from_month,to_month,product,org,uplift_quantity\n"
        "CAMPAIGN,promotion,2026-07,2026-07,E7,CN,-62\nM8,npd,2026-09,,M8,CN,\n",
    )
    assert Event.objects.get(code="M8").to_month is None
    assert Event.objects.get(code="CAMPAIGN").uplift_quantity == -62
