"""Sales prices as integer rates on the rows and months of a plan. Decimal prices become int64 here and nowhere else."""

from __future__ import annotations

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
    general: list[tuple[slice | NDArray[np.int64], int, Decimal, str]] = []
    special = []
    rows = Price.objects.order_by("from_month").values_list("product_id", "org_id", "from_month", "price", "currency")
    for product, org, from_month, price, currency in rows.iterator():
        where = rows_of(keys, product)
        if org is None:
            general.append((where, from_month, price, currency))
        else:
            special.append((np.flatnonzero((keys[:, 0] == product) & (keys[:, 1] == org)), from_month, price, currency))
    for rows_priced, from_month, price, currency in [*general, *special]:
        for first, last, factor in exchange.pieces(currency, max(from_month, months.start), months.stop):
            rates[rows_priced, first - months.start : last - months.start] = to_rate(price * factor)
    return rates


def rows_of(keys: Ints, product: int) -> slice:
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
