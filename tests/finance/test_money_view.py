"""The plan in money, on a company small enough to check by hand."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from core.errors import InvalidInput
from finance.lines import COST_LINES, STATEMENT
from finance.selectors import MoneyView
from finance.services import value_plan
from finance.valuation import compute_money
from masterdata.models import Company, Cost, ExchangeRate, Org, Price, Product, Site, Target
from plans.cubes import Axis, Cube
from plans.selectors import load_measures
from plans.services import publish_cubes
from tests.factories import make_user
from tests.plans.world import MONTH, World, make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    """Two products in two dealers: A1 sells for 100 and costs 60, B1 for 200 and 150."""
    world = make_world(make_user("finance"))
    for code, price, material in (("A1", 100, 40), ("B1", 200, 120)):
        product = Product.objects.get(code=code)
        Price.objects.create(product=product, from_month=MONTH, price=price)
        Cost.objects.create(
            product=product,
            from_month=MONTH,
            material_cost=material,
            labour_cost=15,
            overhead_cost=5 if code == "A1" else 15,
            holding_rate_per_year=0.12,
        )
    return world


def put(world: World, measure: str, cells: dict[tuple[str, str], int], kind: str = "quantity", scale: int = 0) -> None:
    """Publish a measure that has the given value in every month and nothing elsewhere."""
    axis = Axis.of("product_org", [world.key(*key) for key in cells])
    values = np.zeros((len(axis), world.cycle.horizon), np.int64)
    for key, number in cells.items():
        values[axis.rows_of([world.key(*key)])[0]] = number
    cube = Cube(axis, MONTH, values, kind, scale)
    publish_cubes(version_id=world.version.pk, cubes={measure: cube}, actor=world.actor)


def put_stock(world: World, product: str, units: int) -> None:
    site = Site.objects.create(code="P1", name="Plant")
    axis = Axis.of("product_site", [(world.p[product], site.pk)])
    values = np.full((1, world.cycle.horizon), units, np.int64)
    publish_cubes(
        version_id=world.version.pk,
        cubes={"stock_end": Cube(axis, MONTH, values, "quantity", 0)},
        actor=world.actor,
    )


def test_every_line_by_hand(world):
    put(world, "proposal", {("A1", "n1"): 10, ("B1", "s1"): 4})
    put(world, "constrained", {("A1", "n1"): 8, ("B1", "s1"): 4})
    put(world, "freight_cost", {("A1", "n1"): 700}, "money", 2)
    put_stock(world, "A1", 5)
    value_plan(version_id=world.version.pk, actor=world.actor)
    statement = MoneyView(version_id=world.version.pk, months=range(MONTH, MONTH + 1)).statement()
    assert statement.revenue_unconstrained == [10 * 100_00 + 4 * 200_00]
    assert {line: amounts[0] for line, amounts in statement.lines.items()} == {
        "revenue": 8 * 100_00 + 4 * 200_00,
        "material_cost": 8 * 40_00 + 4 * 120_00,
        "labour_cost": 12 * 15_00,
        "overhead_cost": 8 * 5_00 + 4 * 15_00,
        "outsourcing_cost": 0,
        "freight_cost": 700,
        "overtime_cost": 0,
        "holding_cost": 5 * 60,  # 60.00 × 12 % ÷ 12 = 0.60 a unit
        "profit": 160_000 - 80_000 - 18_000 - 10_000 - 700 - 300,
    }
    assert statement.margin == pytest.approx(51_000 / 160_000)


def test_lines_sum_to_profit_and_children_to_their_parent(world):
    rng = np.random.default_rng(3)
    cells = {(p, o): int(rng.integers(0, 5000)) for p in ("A1", "B1") for o in ("n1", "n2", "s1", "s2")}
    put(world, "proposal", cells)
    put(world, "constrained", {key: units * 2 // 3 for key, units in cells.items()})
    put_stock(world, "B1", 333)
    value_plan(version_id=world.version.pk, actor=world.actor)
    stored = load_measures(version_id=world.version.pk, measures=STATEMENT)
    total = {code: int(cube.values.sum()) for code, cube in stored.items()}
    assert total["profit"] == total["revenue"] - sum(total[code] for code in COST_LINES)
    view = MoneyView(version_id=world.version.pk)
    for line in STATEMENT:
        whole = view.statement().total(line)
        assert whole == view.statement(product="FA").total(line) + view.statement(product="FB").total(line)
        assert whole == view.statement(org="N").total(line) + view.statement(org="S").total(line)


def test_a_later_and_a_regional_price_outrank(world):
    a1, north = Product.objects.get(code="A1"), Org.objects.get(code="n1")
    Price.objects.create(product=a1, from_month=MONTH + 2, price=110)
    Price.objects.create(product=a1, org=north, from_month=MONTH + 1, price=95)
    put(world, "proposal", {("A1", "n1"): 1, ("A1", "n2"): 1})
    put(world, "constrained", {("A1", "n1"): 1, ("A1", "n2"): 1})
    revenue = compute_money(version_id=world.version.pk)["revenue"].values[:, :4]
    assert revenue.tolist() == [[100_00, 95_00, 95_00, 95_00], [100_00, 100_00, 110_00, 110_00]]


def test_foreign_prices_are_converted_and_a_missing_rate_is_named(world):
    Price.objects.filter(product__code="A1").update(currency="EUR")
    put(world, "proposal", {("A1", "n1"): 1})
    put(world, "constrained", {("A1", "n1"): 1})
    with pytest.raises(InvalidInput) as caught:
        compute_money(version_id=world.version.pk)
    assert caught.value.code == "exchange_rate_missing"
    assert "EUR" in str(caught.value)
    for month, rate in ((MONTH - 3, "7.8"), (MONTH + 1, "8.0")):
        ExchangeRate.objects.create(currency="EUR", month=month, rate=Decimal(rate))
    revenue = compute_money(version_id=world.version.pk)["revenue"].values[0, :3]
    assert revenue.tolist() == [780_00, 800_00, 800_00]
    assert Company.objects.get().currency == "CNY"


def test_gaps_are_sorted_by_margin_lost(world):
    put(world, "proposal", {("A1", "n1"): 10, ("B1", "s1"): 10})
    put(world, "constrained", {("A1", "n1"): 4, ("B1", "s1"): 5})
    value_plan(version_id=world.version.pk, actor=world.actor)
    gaps = MoneyView(version_id=world.version.pk, months=range(MONTH, MONTH + 1)).gaps(level="family")
    assert [(gap.product, gap.short, gap.margin_lost, gap.revenue_lost) for gap in gaps] == [
        (world.p["FB"], 5, 5 * 50_00, 5 * 200_00),
        (world.p["FA"], 6, 6 * 40_00, 6 * 100_00),
    ]


def test_targets_of_two_levels_are_not_counted_twice(world):
    family, sku = (Product.objects.get(code=code) for code in ("FA", "A1"))
    Target.objects.create(kind="budget", month=MONTH, product=family, quantity=100, revenue=9_000, profit=900)
    Target.objects.create(kind="budget", month=MONTH, product=sku, quantity=60)
    view = MoneyView(version_id=world.version.pk, months=range(MONTH, MONTH + 1))
    assert view.target("budget").units == [100]
    assert view.target("budget", "FA").revenue == [9_000_00]
    assert view.target("budget", "A1").units == [60]
    assert view.target("budget", "A1").profit is None
    assert view.target("le").units is None


def test_the_bridge_closes_exactly(world):
    for code, units, profit in (("FA", 9, 333), ("FB", 7, 401)):
        Target.objects.create(
            kind="budget", month=MONTH, product=Product.objects.get(code=code), quantity=units, profit=profit
        )
    put(world, "proposal", {("A1", "n1"): 11, ("B1", "s1"): 5})
    put(world, "constrained", {("A1", "n1"): 10, ("B1", "s1"): 5})
    put_stock(world, "A1", 7)
    value_plan(version_id=world.version.pk, actor=world.actor)
    view = MoneyView(version_id=world.version.pk, months=range(MONTH, MONTH + 1))
    bridge = view.bridge()
    assert (bridge.start, bridge.end) == (734_00, view.statement().total("profit"))
    assert sum(amount for _, amount in bridge.causes) == bridge.end - bridge.start
    assert dict(bridge.causes)["short"] == -40_00
    assert dict(bridge.causes)["holding_cost"] == -7 * 60
    assert "other" not in dict(bridge.causes)


def test_four_plans_side_by_side(world):
    Target.objects.create(kind="budget", month=MONTH, quantity=20, revenue=2_000, profit=500)
    put(world, "proposal", {("A1", "n1"): 10})
    put(world, "constrained", {("A1", "n1"): 9})
    value_plan(version_id=world.version.pk, actor=world.actor)
    view = MoneyView(version_id=world.version.pk, months=range(MONTH, MONTH + 1))
    assert [(c.code, c.units, c.revenue, c.profit) for c in view.columns()] == [
        ("unconstrained", 10, 1000_00, 400_00),
        ("constrained", 9, 900_00, 360_00),
        ("budget", 20, 2000_00, 500_00),
        ("le", None, None, None),
    ]
