"""Prices and costs as integer rates on the axes of a plan. Decimal becomes int64 here and nowhere else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from core.errors import InvalidInput
from engine.money import RATE_DIGITS
from masterdata.models import Company, Cost, ExchangeRate, Price

Ints = NDArray[np.int64]
_UNIT = Decimal(10) ** RATE_DIGITS


def to_rate(amount: Decimal) -> int:
    """Money per unit in 1/10,000 of the major currency unit."""
    return int((amount * _UNIT).to_integral_value(ROUND_HALF_EVEN))


def load_price_rates(keys: Ints, months: range, *, company: Company) -> Ints:
    """Price of each (product, org) row and month in company currency, int64 [rows, months].

    A price holds from its month on; a price of the org outranks the general one; 0 where no price is known.
    """
    exchange = _ExchangeRates(company.currency)
    rates = np.zeros((len(keys), len(months)), np.int64)
    general: list[tuple[slice | NDArray[np.int64], int, Decimal, str]] = []
    special = []
    rows = Price.objects.order_by("from_month").values_list("product_id", "org_id", "from_month", "price", "currency")
    for product, org, from_month, price, currency in rows.iterator():
        where = _rows_of(keys, product)
        if org is None:
            general.append((where, from_month, price, currency))
        else:
            special.append((np.flatnonzero((keys[:, 0] == product) & (keys[:, 1] == org)), from_month, price, currency))
    for where, from_month, price, currency in [*general, *special]:
        for first, last, factor in exchange.pieces(currency, max(from_month, months.start), months.stop):
            rates[where, first - months.start : last - months.start] = to_rate(price * factor)
    return rates


def load_cost_rates(keys: Ints, months: range, fields: Iterable[str]) -> dict[str, Ints]:
    """Unit costs of each row's product, one array [rows, months] a field; rows per site are averaged.

    ``fields`` are columns of ``Cost``; an all-in ``production_cost`` takes the place of the overhead, and its
    parts are then zero. Absent costs are 0.
    """
    names = list(fields)
    sums = {name: np.zeros((len(keys), len(months)), np.int64) for name in names}
    by_site: dict[int | None, dict[str, Ints]] = {}
    for cost in Cost.objects.order_by("from_month").iterator():
        table = by_site.setdefault(
            cost.site_id, {name: np.full((len(keys), len(months)), -1, np.int64) for name in names}
        )
        where, start = _rows_of(keys, cost.product_id), max(cost.from_month - months.start, 0)
        for name in names:
            table[name][where, start:] = to_rate(_unit_cost(cost, name))
    for name in names:
        known = np.zeros(sums[name].shape, np.int64)
        for table in by_site.values():
            sums[name] += np.maximum(table[name], 0)
            known += table[name] >= 0
        sums[name] //= np.maximum(known, 1)
    return sums


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


def _rows_of(keys: Ints, product: int) -> slice:
    """Rows of a product: keys are sorted by product first."""
    first, last = np.searchsorted(keys[:, 0], [product, product + 1])
    return slice(int(first), int(last))


class _ExchangeRates:
    """Company currency per unit of a currency, from each month on."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.steps: dict[str, list[tuple[int, Decimal]]] = {}
        for currency, month, rate in ExchangeRate.objects.order_by("month").values_list("currency", "month", "rate"):
            self.steps.setdefault(currency, []).append((month, rate))

    def pieces(self, currency: str, first: int, stop: int) -> list[tuple[int, int, Decimal]]:
        """(first month, stop month, factor) pieces that cover [first, stop); the earliest rate reaches back."""
        if first >= stop:
            return []
        if not currency or currency == self.home:
            return [(first, stop, Decimal(1))]
        steps = self.steps.get(currency)
        if not steps:
            raise InvalidInput(
                _("There is no exchange rate from %(currency)s to %(home)s. Add it to the sheet exchange_rates.")
                % {"currency": currency, "home": self.home},
                code="exchange_rate_missing",
            )
        starts = [max(month, first) for month, _ in steps[1:]]
        edges = [first, *starts, stop]
        return [
            (start, min(end, stop), rate)
            for start, end, (_, rate) in zip(edges[:-1], edges[1:], steps, strict=True)
            if start < min(end, stop)
        ]


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
