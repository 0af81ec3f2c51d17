"""What a plan begins with: the stock counted for its first month, and the purchases still on their way.

A count holds for the month it is nearest to: one of 28 October for November, one of 10 October for October. Without
a date it is as new as its import: a site's count that the last approved plan knew already is of that plan's month.
Where a newer plan begins with an older count, the count is moved on: by what was made and delivered since where the
company says it for the very product and site in every month between, else to what the last approved plan leaves at
the end of the month before. Stock that leaves is the oldest; what comes is new.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from django.db.models import F
from numpy.typing import NDArray

from core.months import month_of
from masterdata.models import ActualRecord, InventoryLot, Material, OpenPurchase, Product, Site, TypedPurchase
from plans.choices import VersionKind
from plans.models import Version
from plans.selectors import get_last_approved, load_measure
from supply import measures as m
from supply.models import BalanceRun, PurchasePromise
from supply.selectors.horizon import plan_months

HALF_MONTH = dt.timedelta(days=15)  # a count of the second half of a month is for the next one
Item = tuple[int | None, int | None]  # product id, material id; one of them
Floats = NDArray[np.float64]
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class MovedCount:
    """A site whose count is older than the plan. ``counted`` is the month it was for; None: there never was one.

    ``is_moved`` is false where no approved plan reaches up to the month, so that the old count had to do.
    """

    site: Site
    counted: int | None
    is_moved: bool


@dataclass(frozen=True)
class Opening:
    """Stock at the start of a month. ``lots`` of moved sites are not saved rows."""

    lots: tuple[InventoryLot, ...]
    moved: tuple[MovedCount, ...]


@dataclass(frozen=True)
class OpenPurchases:
    """What is still to come. ``lists_release`` is false where the sheet is older than the last approved plan.

    What the plans of the months from ``since`` on ordered is not in the rows; 0: the rows say whatever is on its way.
    ``moved`` has for rows that got another date since that plan, from their supplier or purchasing (by id), the month
    they were expected in, None where a row comes on top of what was expected.
    """

    rows: tuple[OpenPurchase, ...]
    lists_release: bool
    since: int = 0
    moved: Mapping[int, int | None] = field(default_factory=dict)


def load_opening(month: int) -> Opening:
    """The stock a plan from ``month`` on begins with."""
    last = get_last_approved(before_month=month)
    lots: dict[int, list[InventoryLot]] = defaultdict(list)
    for lot in InventoryLot.objects.select_related("product", "material", "site").order_by("pk"):
        lots[lot.site_id].append(lot)
    reach = last is not None and month - 1 in plan_months(last)
    closing = _closing(last, month - 1) if last is not None and reach else {}
    known = _known_revisions(month)
    kept: list[InventoryLot] = []
    moved = []
    for site in Site.objects.order_by("pk"):
        counted = _counted_month(lots[site.pk], known)
        if not lots[site.pk] and not any(closing.get(site.pk, {}).values()):
            continue
        if lots[site.pk] and (counted is None or counted >= month):
            kept += lots[site.pk]
            continue
        moved.append(MovedCount(site, counted, bool(reach)))
        kept += _moved_on(site, lots[site.pk], closing, counted, month) if reach else lots[site.pk]
    return Opening(tuple(kept), tuple(moved))


def load_open_purchases(month: int) -> OpenPurchases:
    """Purchases on their way to a plan from ``month`` on.

    What should have come before and stands in a sheet the last approved plan knew already counts as received: it is
    in the stock. In a newer sheet it is overdue.
    """
    rows = list(OpenPurchase.objects.order_by("arrival_month", F("promised_date").asc(nulls_first=True), "pk"))
    known = _known_revisions(month)
    read = known[-1][1] if known else 0
    words = _load_words()
    told = {row.pk: word for row in rows if (word := _trace(words, row, read)) is not None}
    # A word on a purchase makes no new sheet: a row is as old as what it stood in before.
    newest = max((told[row.pk].sheet if row.pk in told else row.revision for row in rows), default=0)
    is_newer = bool(known) and newest > read
    moved = {
        pk: word.expected
        for pk, word in told.items()
        if word.is_news and (word.is_besides(is_newer) if word.expected is None else word.expected >= month)
    }
    if is_newer or not known:
        return OpenPurchases(tuple(rows), lists_release=True, moved=moved)
    since = next(planned for planned, revision in known if revision >= newest)
    coming = tuple(row for row in rows if row.arrival_month >= month)
    return OpenPurchases(coming, lists_release=False, since=since, moved=moved)


def spread_purchases(
    rows: Iterable[tuple[Key, int | None, int, float]], months: range
) -> tuple[dict[Key, Floats], dict[Key, Floats]]:
    """Rows (key, month expected, month of arrival, quantity) by key as [T]: as expected, and what new dates change.

    What is overdue comes at once; what was expected in no month comes on top.
    """
    expected: dict[Key, Floats] = defaultdict(lambda: np.zeros(len(months)))
    moved: dict[Key, Floats] = defaultdict(lambda: np.zeros(len(months)))

    def add(values: Floats, month: int, quantity: float) -> None:
        if month < months.stop:
            values[max(0, month - months.start)] += quantity

    for key, was, now, quantity in rows:
        if was is not None:
            add(expected[key], was, quantity)
        if was != now:
            add(moved[key], now, quantity)
            if was is not None:
                add(moved[key], was, -quantity)
    return expected, moved


@dataclass(frozen=True)
class _Word:
    """What lies behind a purchase with a word on it: the month a plan expected it in, and the revision of its sheet."""

    expected: int | None
    sheet: int
    is_news: bool
    is_typed: bool  # the oldest word

    def is_besides(self, is_newer: bool) -> bool:
        """Whether a new purchase needs to be kept apart from what the sheet lists.

        What a supplier sends late takes nothing of a month's limit. A typed purchase does; it is kept apart only from
        a sheet that the release's orders are set off against.
        """
        return is_newer or not self.is_typed


_Words = Mapping[tuple[int | None, int], PurchasePromise | TypedPurchase]


def _load_words() -> _Words:
    """Words on purchases by (purchase, revision they made); a supplier's new date has a revision of its own."""
    words: dict[tuple[int | None, int], PurchasePromise | TypedPurchase] = {
        (None, row.revision): row for row in PurchasePromise.objects.all()
    }
    return words | {(row.purchase_id, row.revision): row for row in TypedPurchase.objects.all()}


def _trace(words: _Words, purchase: OpenPurchase, read: int) -> _Word | None:
    """Back through the words on a purchase; those up to the revision ``read`` were known to the plan already."""
    found, revision, expected = None, purchase.revision, None
    while (word := words.get((purchase.pk, revision)) or words.get((None, revision))) is not None:
        if found is None or revision > read:
            expected = word.month_before
        found, revision = word, word.revision_before
    if found is None:
        return None
    return _Word(expected, revision, purchase.revision > read, isinstance(found, TypedPurchase))


def _known_revisions(month: int) -> list[tuple[int, int]]:
    """(Month, master data revision read) of the approved plans before a month, oldest first."""
    approved = Version.objects.filter(kind=VersionKind.APPROVED, current=True, cycle__month__lt=month)
    found = []
    for version in approved.select_related("cycle").order_by("cycle__month"):
        run = BalanceRun.objects.filter(version=version).order_by("-pk").first()
        if run is not None and version.cycle is not None:
            found.append((version.cycle.month, run.master_data_revision))
    return found


def _counted_month(lots: list[InventoryLot], known: list[tuple[int, int]]) -> int | None:
    """The month a site's count is for; None when it is newer than every approved plan, or there is none."""
    dates = [lot.counted_on for lot in lots if lot.counted_on is not None]
    if dates:
        return month_of(max(dates) + HALF_MONTH)
    newest = max((lot.revision for lot in lots), default=0)
    return next((month for month, revision in known if lots and revision >= newest), None)


def _closing(version: Version, month: int) -> dict[int, dict[Item, float]]:
    """Site → item → what a plan has there at the end of a month, of everything it moves."""
    found: dict[int, dict[Item, float]] = defaultdict(dict)
    for measure, is_material in ((m.STOCK_END, False), (m.MATERIAL_STOCK, True)):
        cube = load_measure(version_id=version.pk, measure=measure, months=range(month, month + 1))
        for (item, site), quantity in zip(cube.axis.keys.tolist(), cube.to_float()[:, 0].tolist(), strict=True):
            found[site][(None, item) if is_material else (item, None)] = quantity
    return found


def _moved_on(
    site: Site, lots: list[InventoryLot], closing: Mapping[int, Mapping[Item, float]], counted: int | None, month: int
) -> list[InventoryLot]:
    """A site's stock as it should be now, in lots. What the plan does not move stands as it was counted."""
    by_item: dict[Item, list[InventoryLot]] = defaultdict(list)
    for lot in lots:
        by_item[lot.product_id, lot.material_id].append(lot)
    holders: dict[Item, int] = defaultdict(int)
    for items in closing.values():
        for item in items:
            holders[item] += 1
    planned = dict(closing.get(site.pk, {}))
    for item, old in by_item.items():
        if item not in planned and not (item[1] is not None and holders[item] == 1):  # else the plan keeps it there
            planned[item] = _sum(old)
    for product, flow in (_flows(site, range(counted, month)) if counted is not None else {}).items():
        planned[product, None] = max(0.0, _sum(by_item[product, None]) + flow)
    names: dict[Item, Product | Material] = {(pk, None): row for pk, row in Product.objects.in_bulk().items()}
    names |= {(None, pk): row for pk, row in Material.objects.in_bulk().items()}
    found = []
    for item in sorted(planned, key=lambda key: (key[0] or 0, key[1] or 0)):
        found += _newest(by_item[item], planned[item], names[item], site)
    return found


def _flows(site: Site, months: range) -> dict[int, float]:
    """Product → made less delivered since the count, where every month says both for the product at the site."""
    rows = ActualRecord.objects.filter(
        site=site, org=None, product__isnull=False, month__in=months, produced__isnull=False, delivered__isnull=False
    )
    found: dict[int, list[float]] = defaultdict(list)
    for product, made, delivered in rows.values_list("product_id", "produced", "delivered"):
        if product is not None and made is not None and delivered is not None:
            found[product].append(float(made) - float(delivered))
    return {product: sum(flow) for product, flow in found.items() if len(flow) == len(months)}


def _sum(lots: list[InventoryLot]) -> float:
    return float(sum(lot.quantity for lot in lots))


def _newest(lots: list[InventoryLot], quantity: float, item: Product | Material, site: Site) -> list[InventoryLot]:
    """Lots that make up a quantity: the oldest have left; what there is beyond the counted ones is new."""
    found: list[InventoryLot] = []
    left = quantity
    for lot in sorted(lots, key=lambda lot: (lot.produced_on or dt.date.max, lot.pk), reverse=True):
        kept = min(left, float(lot.quantity))
        if kept > 0:
            found.append(_lot(item, site, kept, lot))
            left -= kept
    return [_lot(item, site, left, None), *found] if left > 0 or not found else found


def _lot(item: Product | Material, site: Site, quantity: float, like: InventoryLot | None) -> InventoryLot:
    lot = InventoryLot(site=site, quantity=quantity)
    if isinstance(item, Product):
        lot.product = item
    else:
        lot.material = item
    if like is not None:
        lot.produced_on, lot.requested_by, lot.reason = like.produced_on, like.requested_by, like.reason
    return lot
