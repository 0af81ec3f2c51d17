"""Costs as integer rates on the axes of a plan, beside the prices of ``masterdata.prices``."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from masterdata.models import Cost, ExchangeRate, Price
from masterdata.prices import rows_of, to_rate

Ints = NDArray[np.int64]


def load_cost_rates(keys: Ints, months: range, fields: Iterable[str]) -> dict[str, Ints]:
    """Unit costs of each row's product, one array [rows, months] a field; rows per site are averaged.

    ``fields`` are columns of ``Cost``; an all-in ``production_cost`` takes the place of the overhead, and its
    parts are then zero. Absent costs are 0.
    """
    names = list(fields)
    groups: dict[tuple[int | None, int], list[Cost]] = defaultdict(list)
    for cost in Cost.objects.order_by("from_month").iterator():
        groups[cost.site_id, cost.from_month].append(cost)
    shape = (len(keys), len(months))
    sums, known = ({name: np.zeros(shape, np.int64) for name in names} for _ in range(2))
    for site in {site for site, _month in groups}:
        tables = {name: np.full(shape, -1, np.int64) for name in names}
        for (_site, from_month), costs in ((at, costs) for at, costs in groups.items() if at[0] == site):
            rows, of = rows_of(keys, np.array([cost.product_id for cost in costs]))
            for name, table in tables.items():
                amounts = np.array([to_rate(_unit_cost(cost, name)) for cost in costs], np.int64)
                table[rows, max(from_month - months.start, 0) :] = amounts[of, None]
        for name, table in tables.items():
            sums[name] += np.maximum(table, 0)
            known[name] += table >= 0
    return {name: sums[name] // np.maximum(known[name], 1) for name in names}


def _unit_cost(cost: Cost, name: str) -> Decimal:
    parts = ("material_cost", "labour_cost", "overhead_cost")
    if cost.production_cost is not None and name in parts:
        return cost.production_cost if name == "overhead_cost" else Decimal(0)
    if name == "holding_per_month":
        if cost.holding_cost_per_month is not None:
            return cost.holding_cost_per_month
        own = cost.production_cost if cost.production_cost is not None else sum(getattr(cost, part) for part in parts)
        return own * Decimal(str(cost.holding_rate_per_year)) / 12
    return getattr(cost, name) or Decimal(0)


def price_set_code() -> str:
    """SHA-256 over every price, cost and exchange rate by external code: what a snapshot was valued with."""
    prices = Price.objects.values_list("product__code", "org__code", "from_month", "price", "currency")
    costs = Cost.objects.values_list(
        "product__code", "site__code", "from_month", "material_cost", "labour_cost", "overhead_cost",
        "outsourcing_cost", "production_cost", "holding_rate_per_year", "holding_cost_per_month",
    )  # fmt: skip
    rates = ExchangeRate.objects.values_list("currency", "month", "rate")
    digest = hashlib.sha256()
    for table in (prices, costs, rates):
        for row in sorted(tuple("" if cell is None else _text(cell) for cell in row) for row in table):
            digest.update("\x1f".join(row).encode() + b"\x1e")
        digest.update(b"\x1d")
    return digest.hexdigest()


def _text(cell: object) -> str:
    """One spelling a number, whatever trailing zeros the database keeps."""
    return f"{cell.normalize():f}" if isinstance(cell, Decimal) else str(cell)
