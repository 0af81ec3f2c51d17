"""The demand sheet (or the consensus cube) → demand classes."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from engine.balancing.contracts import DemandClasses
from supply.adapters.horizon import by_month
from supply.adapters.money import CostBook, PriceBook
from supply.adapters.sheets import Row, Sheets, optional

FIRM, UPSIDE = "firm", "upside"
WAITING_SHARE = 0.05  # of the price per month, where a waiting customer has no stated cost
MAKE_TO_STOCK = "MTS"


def build_demand(sheets: Sheets, prices: PriceBook, products: list[str], orgs: list[str]) -> DemandClasses:
    """One class per product, org, kind, priority and way of waiting.

    Without a word on it, customers wait for what is made or assembled to order, and other sales are lost.
    """
    product_of = {code: position for position, code in enumerate(products)}
    org_of = {code: position for position, code in enumerate(orgs)}
    waits_by_policy = {
        row["product"]
        for row in sheets.of("policies")
        if row["fulfilment"] is not None and row["fulfilment"] != MAKE_TO_STOCK
    }
    groups: dict[tuple, list[Row]] = defaultdict(list)
    for row in sheets.of("demand"):
        kind = (row.get("kind") or FIRM).lower()
        rank = row.get("priority") or (2 if kind == UPSIDE else 1)
        waits = row.get("backorder")
        if waits is None:
            waits = row["product"] in waits_by_policy
        groups[product_of[row["product"]], org_of[row["org"]], kind, int(rank), bool(waits)].append(row)
    keys = sorted(groups)
    months = sheets.months
    quantity = np.array([by_month(groups[k], "quantity", sheets) for k in keys]).reshape(-1, months)
    costs = CostBook(sheets)
    general = {k: prices.price(products[k[0]], orgs[k[1]]) for k in keys}
    price = np.array([_given(groups[k], "price", sheets, general[k]) for k in keys]).reshape(-1, months)
    lost = np.array(
        [_given(groups[k], "shortage_cost", sheets, _shortage_cost(costs, products[k[0]], k[2])) for k in keys]
    ).reshape(-1, months)
    waiting = np.array(
        [_given(groups[k], "backorder_cost_per_month", sheets, WAITING_SHARE * price[i]) for i, k in enumerate(keys)]
    ).reshape(-1, months)
    free = ~(price > 0).any(axis=1) & ~(np.nan_to_num(lost) > 0).any(axis=1)
    return DemandClasses(
        product=_column(keys, 0),
        org=_column(keys, 1),
        kind=tuple(key[2] for key in keys),
        priority=_column(keys, 3),
        quantity=quantity,
        price=price,
        lost_cost=lost,
        backorder=_column(keys, 4).astype(bool),
        backorder_cost=waiting,
        backlog_end_allowed=np.array([_end_allowed(groups[key]) for key in keys], dtype=bool),
        must_serve=free,
    )


def _given(rows: list[Row], column: str, sheets: Sheets, default: np.ndarray) -> np.ndarray:
    """[T] the column where a row of the month states it, else its last stated value before, else the default."""
    values = np.array(default, dtype=float)
    for row in sorted(rows, key=lambda row: row["month"]):
        stated = optional(row.get(column))
        if not np.isnan(stated):
            values[max(0, row["month"] - sheets.first_month) :] = stated
    return values


def _shortage_cost(costs: CostBook, product: str, kind: str) -> np.ndarray:
    """Upside beyond the agreed demand is a chance, so missing it costs nothing."""
    cost = costs.cost(product, "", "shortage_cost")
    return np.zeros_like(cost) if kind == UPSIDE else cost


def _end_allowed(rows: list[Row]) -> bool:
    stated = [row.get("backlog_end_allowed") for row in rows]
    return all(value is not False for value in stated)


def _column(keys: list[tuple], position: int) -> np.ndarray:
    return np.array([key[position] for key in keys], dtype=np.int64)
