"""The named sources of demand: which measure holds each, who hands it in, who may edit it (R-043, R-044)."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.choices import Department
from demand.choices import OrderKind, Stream


@dataclass(frozen=True)
class StreamDefinition:
    """One stream. ``code`` is its measure, its ``stream`` column and its edit action's last part.

    ``order_kind`` names the order lines that fill it when the departments hand in none by hand.
    """

    code: str
    label: str | Promise
    department: str
    source: str | Promise
    order_kind: OrderKind | None = None

    @property
    def edit_action(self) -> str:
        return f"stream.edit.{self.code}"


STREAMS: tuple[StreamDefinition, ...] = (
    StreamDefinition(Stream.SALES, Stream.SALES.label, Department.SALES, _("Sales")),
    StreamDefinition(Stream.ORDERS, Stream.ORDERS.label, Department.SALES, _("CRM"), OrderKind.CUSTOMER),
    StreamDefinition(Stream.CHANNEL, Stream.CHANNEL.label, Department.SALES, _("Dealers"), OrderKind.CHANNEL),
    StreamDefinition(Stream.MARKETING, Stream.MARKETING.label, Department.MARKETING, _("Marketing")),
    StreamDefinition(Stream.STOCK_BUILDING, Stream.STOCK_BUILDING.label, Department.SALES, _("Sales"), OrderKind.STOCK),
    StreamDefinition(Stream.PRODUCT, Stream.PRODUCT.label, Department.MARKETING, _("Product")),
    StreamDefinition(Stream.FINANCE_VIEW, Stream.FINANCE_VIEW.label, Department.FINANCE, _("Finance")),
)

_BY_CODE = {stream.code: stream for stream in STREAMS}

# Words that sheets use for a stream beside its code.
ALIASES = {
    "finance": Stream.FINANCE_VIEW,
    "stock": Stream.STOCK_BUILDING,
    "stock-building": Stream.STOCK_BUILDING,
    "dealer": Stream.CHANNEL,
    "npd": Stream.PRODUCT,
    "activity": Stream.MARKETING,
    "销售": Stream.SALES,
    "市场": Stream.MARKETING,
    "产品": Stream.PRODUCT,
    "渠道": Stream.CHANNEL,
    "备库": Stream.STOCK_BUILDING,
    "财务": Stream.FINANCE_VIEW,
    "在手订单": Stream.ORDERS,
}


def get_stream(code: str) -> StreamDefinition:
    """The stream of a code; ``KeyError`` when there is none."""
    return _BY_CODE[code]


def find_stream(word: str) -> StreamDefinition | None:
    """The stream a sheet means by a word: its code or one of the usual names."""
    cleaned = word.strip().lower()
    return _BY_CODE.get(ALIASES.get(cleaned, cleaned))
