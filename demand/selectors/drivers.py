"""What may move demand besides its own past: the register of activities, the calendar, the Chinese New Year."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demand.models import Event, Launch
from demand.selectors.launches import find_launch_month
from masterdata.models import CalendarMonth, Company, Org, Product
from plans.cubes import Axis
from plans.hierarchy import Hierarchy

NEW_YEAR_CURRENCIES = frozenset({"CNY", "TWD", "HKD", "SGD", "MOP"})  # where business stops for the Chinese New Year


@dataclass(frozen=True)
class ActivityRow:
    """A row of the register; ``last`` None: no end. Percentages as 5.6 for 5.6 %, ``quantity`` in units a month."""

    code: str
    kind: str
    first: int
    last: int | None
    product: int | None
    org: int | None
    uplift: float | None
    quantity: float | None
    price: float | None


def load_activity_rows() -> list[ActivityRow]:
    """The whole register, by code."""
    columns = (
        "code", "kind", "from_month", "to_month", "product", "org", "uplift_pct", "uplift_quantity", "price_change_pct",
    )  # fmt: skip
    rows = Event.objects.order_by("code").values_list(*columns)
    return [
        ActivityRow(code, kind, first, last, product, org, uplift, None if units is None else float(units), price)
        for code, kind, first, last, product, org, uplift, units, price in rows
    ]


@dataclass(frozen=True)
class PlannedLaunch:
    """A row of the register of launches, by ids; ``first_month`` None: none is declared anywhere."""

    product: int
    org: int | None
    analogues: tuple[int, ...]
    scale: float
    first_month: int | None


def load_planned_launches() -> list[PlannedLaunch]:
    """Launches somebody has planned, by product."""
    launches = list(Launch.objects.select_related("product").order_by("product"))
    codes = {code for launch in launches for code in launch.analogues}
    ids = dict(Product.objects.filter(code__in=codes).values_list("code", "pk"))
    return [
        PlannedLaunch(
            launch.product_id,
            launch.org_id,
            tuple(ids[code] for code in launch.analogues if code in ids),
            launch.scale,
            find_launch_month(launch.product) if launch.first_month is None else launch.first_month,
        )
        for launch in launches
    ]


def load_launch_months() -> dict[int, int]:
    """Product id → declared launch month, of products at the bottom of the tree that follow no other."""
    alone = Product.objects.filter(launch_month__isnull=False, predecessor__isnull=True, children__isnull=True)
    return {pk: month for pk, month in alone.values_list("pk", "launch_month") if month is not None}


def load_working_days() -> dict[int, float]:
    """Month → working days, as far as the calendar says."""
    return dict(CalendarMonth.objects.filter(working_days__gt=0).values_list("month", "working_days"))


def keeps_new_year(hierarchy: Hierarchy, axis: Axis) -> NDArray[np.bool_]:
    """Per row of a product × org axis, whether its org sells in a currency of the Chinese New Year.

    An org without a currency has that of the org above it, at last the company's.
    """
    tree = hierarchy.orgs
    company = Company.objects.values_list("currency", flat=True).first() or ""
    currencies = dict(Org.objects.exclude(currency="").values_list("pk", "currency"))
    declared = [currencies.get(int(pk), "") for pk in tree.ids]
    keeps = np.array([_nearest(path, declared, company) in NEW_YEAR_CURRENCIES for path in tree.paths[:-1].tolist()])
    positions = tree.positions(axis.keys[:, 1])
    return np.append(keeps, company in NEW_YEAR_CURRENCIES).astype(bool)[positions]


def _nearest(path: Iterable[int], declared: list[str], company: str) -> str:
    """The currency of a node from its path, root first, which may end in the extra position of everything."""
    for position in reversed(list(path)):
        if position < len(declared) and declared[position]:
            return declared[position]
    return company
