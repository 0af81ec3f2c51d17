"""The order book's pages as their templates need them: lines, consumption, near zone, month roll."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import can
from core.formats import number
from core.months import format_month
from demand.choices import OrderKind, OrderStatus
from demand.consumption_board import PlanBoard
from demand.models import Order
from demand.selectors.order_book import (
    RUSH_PRIORITY,
    OrderFacts,
    OrderFilter,
    filter_orders,
    is_overdue,
    list_place_orders,
    summarise_orders,
)
from demand.streams import STREAMS
from masterdata.models import Org, Product

PAGE_LINES = 40
MOST_CHOICES = 400


@dataclass(frozen=True)
class OrderBoard(PlanBoard):
    """The order book of one place of one cycle, for one person."""

    user: User
    wanted: OrderFilter
    page_number: int = 1

    # Lines -------------------------------------------------------------------------------------------------------
    @cached_property
    def facts(self) -> OrderFacts:
        return summarise_orders(list_place_orders(self.place), first_month=self.cycle.month)

    @cached_property
    def page(self) -> Page:
        rows = filter_orders(list_place_orders(self.place), self.wanted, first_month=self.cycle.month)
        return Paginator(rows, PAGE_LINES).get_page(self.page_number)

    def lines(self) -> list[dict[str, Any]]:
        """The lines of the page, each with its marks and whether the user may change it."""
        return [self._line(order) for order in self.page]

    def _line(self, order: Order) -> dict[str, Any]:
        return {
            "order": order,
            "month": order.due_date.year * 12 + order.due_date.month - 1,
            "is_rush": order.priority <= RUSH_PRIORITY,
            "is_overdue": is_overdue(order, self.cycle.month),
            "may_change": self._may_keep(order.kind, order.product.code, order.org.code),
        }

    def _may_keep(self, kind: str, product: str | None = None, org: str | None = None) -> bool:
        return can(self.user, _ACTIONS[kind], product=product, org=org)

    @property
    def may_raise(self) -> bool:
        """Whether the user may raise the consensus to the orders of this place."""
        tree, here = self.place.hierarchy, self.place
        product = None if here.product is None else tree.products.code_of(here.product)
        org = None if here.org is None else tree.orgs.code_of(here.org)
        return can(self.user, "consensus.override", product=product, org=org)

    @property
    def may_add(self) -> bool:
        return any(self._may_keep(kind) for kind in OrderKind.values)

    def kind_sums(self) -> list[dict[str, Any]]:
        """Open quantity by kind; stock-building is no customer demand and says so."""
        notes = {OrderKind.STOCK: _("not part of unconstrained demand")}
        return [
            {"label": OrderKind(kind).label, "quantity": quantity, "note": notes.get(OrderKind(kind), "")}
            for kind, quantity in self.facts.by_kind.items()
        ]

    def due_choices(self) -> list[dict[str, Any]]:
        """The plan's months, to filter by."""
        return [{"code": format_month(month), "month": month} for month in self.months]

    def products_to_add(self) -> list[Product]:
        """Leaf products here, to be completed while typing; none where there are too many to choose from."""
        ids = self.place.hierarchy.products.leaves_under(self.place.product)
        return list(Product.objects.filter(pk__in=ids.tolist())) if len(ids) <= MOST_CHOICES else []

    def orgs_to_add(self) -> list[Org]:
        """Leaf sales organisations here, likewise."""
        ids = self.place.hierarchy.orgs.leaves_under(self.place.org)
        return list(Org.objects.filter(pk__in=ids.tolist())) if len(ids) <= MOST_CHOICES else []

    def kinds_to_add(self) -> list[tuple[str, str]]:
        return [(kind, str(OrderKind(kind).label)) for kind in OrderKind.values if self._may_keep(kind)]

    # Words ----------------------------------------------------------------------------------------------------------
    def message(self) -> str:
        """The finding over the page."""
        facts = self.facts
        if not facts.lines:
            return _("No open orders here")
        if facts.overdue:
            return _("%(all)s on order, %(late)s of them overdue") % {
                "all": number(facts.quantity, self.scale),
                "late": number(facts.overdue, self.scale),
            }
        return _("%(all)s on order, nothing overdue") % {"all": number(facts.quantity, self.scale)}

    def statuses(self) -> list[tuple[str, str]]:
        return [(code, str(label)) for code, label in OrderStatus.choices]

    @property
    def month_code(self) -> str:
        return "" if self.wanted.month is None else format_month(self.wanted.month)


_ACTIONS = {str(stream.order_kind): stream.edit_action for stream in STREAMS if stream.order_kind}
