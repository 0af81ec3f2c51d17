"""Sales prices as integer rates on the rows and months of a plan. Decimal prices become int64 here and nowhere else."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from core.errors import InvalidInput
from engine.money import RATE_DIGITS
from masterdata.models import Company, ExchangeRate, Price

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
    rows = Price.objects.order_by("from_month").values_list("org_id", "from_month", "currency", "product_id", "price")
    groups: dict[tuple[int | None, int, str], list[tuple[int, Decimal]]] = defaultdict(list)
    for own_org, begins, coin, product, price in rows.iterator():
        groups[own_org, begins, coin].append((product, price))
    for (org, from_month, currency), prices in sorted(groups.items(), key=lambda group: group[0][0] is not None):
        at, of = rows_of(keys, np.array([product for product, _price in prices]))
        if org is not None:
            own = keys[at, 1] == org
            at, of = at[own], of[own]
        for first, last, factor in exchange.pieces(currency, max(from_month, months.start), months.stop):
            amounts = np.array([to_rate(price * factor) for _product, price in prices], np.int64)
            rates[at, first - months.start : last - months.start] = amounts[of, None]
    return rates


def rows_of(keys: Ints, products: Ints) -> tuple[Ints, Ints]:
    """Rows of products in keys sorted by product, and for each row which of the products it is of."""
    first, stop = (np.searchsorted(keys[:, 0], products + step) for step in (0, 1))
    counts = stop - first
    of = np.repeat(np.arange(len(products)), counts)
    within = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
    return first[of] + within, of


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
