"""What the demo company counts at a month's end, what it made and delivered, and what is on order.

Months follow from one another: a yard holds what it held, plus what was made, less what was delivered; a store of
parts holds what the last release left there; and what the release ordered is on its way.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from core.months import first_day, format_month
from sop.demo import catalogue as c
from sop.demo.view import Row, View, homes, material_need, need_by_site, skus, store_of

STOCK_DAYS = {"NEV": 5, "FUEL": 11}
PART_DAYS = {"B75": 14, "ECU": 45, "TRIM": 0}  # other parts: 15
ORDERED_SHARE = {"B75": 0.4}  # of a month's need already ordered; other parts: 0.5
AGED_SERIES, AGED_MONTHS = "C3", 6  # built for a spring campaign before the current cycle, and still there
# dead and slow parts: material, quantity, months old at the current cycle, who asked for it, why
IDLE_PARTS = (
    ("HARNESS", 3_400, 14, "purchasing", "minimum lot before the C3 facelift"),
    ("TRIM", 4_200, 9, "marketing", "C3 City campaign, never held"),
)
IDLE_SITE = "WUHAN"
PAINT_STOP = 0.88  # of E7 was made in the last closed month: the paint shop stood for two days


def inventory(view: View) -> Iterator[Row]:
    """The count of the last day before the cycle's month."""
    counted = first_day(view.month) - dt.timedelta(days=1)
    for row in [*_cars(view), *_parts(view), *_idle_parts(view)]:
        if row["quantity"]:
            yield {**row, "counted_on": counted}


def _cars(view: View) -> Iterator[Row]:
    produced = first_day(view.month - 1) + dt.timedelta(days=14)
    aged = _aged(view)
    for product, cars in sorted(finished_stock(view).items()):
        site = store_of(product.rpartition("-")[0])
        old = min(cars, aged.get(product, 0))
        yield {
            "item": product, "site": site, "quantity": cars - old, "produced_on": produced, "requested_by": "plan",
            "reason": "rolling plan",
        }  # fmt: skip
        yield {
            "item": product, "site": site, "quantity": old,
            "produced_on": first_day(view.latest - AGED_MONTHS) + dt.timedelta(days=9), "requested_by": "sales_south",
            "reason": "stock-building for the spring campaign",
        }  # fmt: skip


def finished_stock(view: View) -> dict[str, int]:
    """Cars in the yards by product: what stood there at the first cycle, plus made, less sold since."""
    demand = view.expected(lambda leaf: (leaf.product, leaf.series.family), view.first)
    aged = _aged(view)
    stock = {
        product: round(cars * STOCK_DAYS[family] / 30) + aged.get(product, 0)
        for (product, family), cars in demand.items()
    }
    for month in range(view.first, view.month):
        made, sold = cars_made(view, month), cars_sold(view, month)
        for product in stock:
            stock[product] += sum(made.get(product, {}).values()) - sold.get(product, 0)
    return stock


def _aged(view: View) -> dict[str, int]:
    expected = view.expected(lambda leaf: (leaf.product, leaf.series.code), view.first)
    return {product: round(cars * 1.1) + 40 for (product, series), cars in expected.items() if series == AGED_SERIES}


def cars_sold(view: View, month: int) -> dict[str, int]:
    """Product → cars sold in a closed month."""
    return {product: int(cars) for product, cars in view.sold(lambda leaf: leaf.product, month).items() if cars}


def cars_made(view: View, month: int) -> dict[str, dict[str, int]]:
    """Product → plant → cars made in a closed month: about what was sold, and at least what the yard lacked."""
    rng = np.random.default_rng([view.seed, month])
    sold = cars_sold(view, month)
    made: dict[str, dict[str, int]] = {}
    for config in dict.fromkeys(config.code for _sku, config, _series in skus(("",))):
        stopped = PAINT_STOP if month == view.latest - 1 and config.startswith("E7") else 1.0
        pace = {site: share * stopped * rng.uniform(0.96, 1.03) for site, share in homes(config).items()}
        for product in (sku for sku, _config, _series in skus((config,))):
            if cars := sold.get(product, 0):
                made[product] = {site: round(cars * share) for site, share in pace.items()}
    if month > view.first:
        before = finished_stock(View(view.market, month, view.latest, view.seed))
        for product, plants in made.items():
            lacking = sold[product] - before.get(product, 0) - sum(plants.values())
            plants[store_of(product.rpartition("-")[0])] += max(0, lacking)
    return made


def actuals(view: View) -> Iterator[Row]:
    """The last three closed months by configuration and plant."""
    for month in range(view.month - 3, view.month):
        rng = np.random.default_rng([view.seed, month, 1])
        made: dict[tuple[str, str], int] = defaultdict(int)
        for product, plants in cars_made(view, month).items():
            for site, cars in plants.items():
                made[product.rpartition("-")[0], site] += cars
        delivered = _delivered(view, month)
        for (config, site), cars in sorted(delivered.items()):
            yield {
                "month": format_month(month), "product": config, "site": site, "produced": made[config, site],
                "delivered": cars, "delivered_on_time": round(cars * rng.uniform(0.89, 0.97)),
                "returned": round(cars * 0.004), "purchase_receipts_due": 40, "purchase_receipts_on_time": int(rng.integers(33, 40)),
            }  # fmt: skip


def _delivered(view: View, month: int) -> dict[tuple[str, str], int]:
    """(Configuration, plant) → cars delivered: all that were sold, each plant its part."""
    found: dict[tuple[str, str], int] = {}
    for config, cars in view.sold(lambda leaf: leaf.config.code, month).items():
        left = int(cars)
        *others, last = homes(config).items()
        for site, share in others:
            found[config, site] = round(cars * share)
            left -= found[config, site]
        if cars:
            found[config, last[0]] = left
    return found


def _parts(view: View) -> Iterator[Row]:
    """Parts in use: some days of need at the first cycle, afterwards what the last release left."""
    fresh = first_day(view.month - 1) + dt.timedelta(days=20)
    idle = {(material, IDLE_SITE): quantity for material, quantity, *_ in IDLE_PARTS}
    if view.month == view.first:
        need = need_by_site(view, view.month)
        held = {key: units * PART_DAYS.get(key[0], 15) / 30 for key, units in need.items()}
    else:
        held = {key: max(0.0, units - idle.get(key, 0)) for key, units in view.left.parts.items()}
    for (material, site), units in sorted(held.items()):
        yield {
            "item": material, "site": site, "quantity": round(units), "produced_on": fresh, "requested_by": "purchasing",
        }  # fmt: skip


def _idle_parts(view: View) -> Iterator[Row]:
    for material, quantity, age, who, reason in IDLE_PARTS:
        left = view.left.parts.get((material, IDLE_SITE), quantity)
        yield {
            "item": material, "site": IDLE_SITE, "quantity": round(min(left, quantity)),
            "produced_on": first_day(view.latest - age) + dt.timedelta(days=3), "requested_by": who, "reason": reason,
        }  # fmt: skip


def open_purchases(view: View) -> Iterator[Row]:
    """Orders for this month and the next: purchasing's own, and for this month what the last release bought."""
    for number, (material, *_) in enumerate(c.MATERIALS):
        for ahead in (0, 1):
            month = view.month + ahead
            own = material_need(view, month).get(material, 0) * ORDERED_SHARE.get(material, 0.5)
            quantity = round(own / 10) * 10
            if ahead == 0:
                quantity += round(view.left.ordered.get(material, 0))
            if quantity:
                yield {
                    "material": material, "arrival_month": format_month(month), "quantity": quantity,
                    "promised_date": first_day(month) + dt.timedelta(days=11 + number), "order": f"PO-{month % 100:02d}{number}{ahead}",
                }  # fmt: skip
