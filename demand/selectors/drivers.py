"""What may move demand besides its own past: the register of activities, the calendar, the Chinese New Year."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demand.models import Event
from masterdata.models import CalendarMonth, Company, Org
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
