"""Orders by hand: a rush or inserted order is added, a line is changed or cancelled; the plan's streams follow."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core.audit import SYSTEM, record
from core.db import write_transaction
from core.errors import Conflict, InvalidInput
from demand.choices import OrderKind, OrderStatus
from demand.models import Order
from demand.services.sources import follow_new_orders
from demand.streams import STREAMS
from masterdata.models import Company, Org, Product
from masterdata.selectors import get_company
from masterdata.services.importing import take_revision

LOWEST_PRIORITY = 99
_ACTION_OF = {stream.order_kind: stream.edit_action for stream in STREAMS if stream.order_kind}


@dataclass(frozen=True)
class OrderTerms:
    """A line as it shall be. ``quantity`` in units; ``priority`` 1 is a rush order; ``for_order``: the customer's order
    behind a dealer's.
    """

    product: Product
    org: Org
    quantity: Decimal
    due_date: dt.date
    kind: str = OrderKind.CUSTOMER
    customer: str = ""
    priority: int = 5
    custom: bool = False
    status: str = OrderStatus.OPEN
    requested_by: str = ""
    reason: str = ""
    for_order: str = ""


def add_order(*, terms: OrderTerms, actor: User, order: str = "", line: str = "1") -> Order:
    """Put a line on the book; without a number one is made. The streams of an open plan follow.

    A stock-building order keeps who asked for it (the actor when nobody is named) and must say why (R-133). Audit verb
    ``demand.order.added``. Raises ``Denied``, ``Missing`` outside the actor's scope, ``InvalidInput``, ``Conflict`` for
    a number in use.
    """
    terms = _checked(terms, actor)
    with write_transaction():
        number = order.strip() or _free_number(terms)
        if Order.objects.filter(order=number, line=line).exists():
            raise Conflict(
                _("There is already a line “%(order)s”. Change it, or take another number.") % {"order": number}
            )
        row = Order.objects.create(order=number, line=line, revision=_take_revision(), **vars(terms))
        record(chain=SYSTEM, actor=actor, verb="demand.order.added", obj=row, detail=describe(row))
        transaction.on_commit(partial(follow_new_orders, actor))
    return row


def change_order(*, order: Order, terms: OrderTerms, seen: int, actor: User) -> Order:
    """Replace what a line says; ``seen`` is the revision the actor has read. Cancelling sets its status.

    Both what it was and what it becomes must lie inside the actor's rights. Audit verb ``demand.order.changed``; errors
    as ``add_order``, ``Conflict`` when somebody changed it since.
    """
    require_order(actor, order.kind, order.product, order.org)
    terms = _checked(terms, actor)
    before = describe(order)
    with write_transaction():
        if not Order.objects.filter(pk=order.pk, revision=seen).update(revision=_take_revision(), **vars(terms)):
            raise Conflict(_("Somebody changed this order since you opened it. Look at it again, then repeat."))
        order = Order.objects.select_related("product", "org").get(pk=order.pk)
        after = describe(order)
        changed = {name: [before[name], after[name]] for name in after if after[name] != before[name]}
        record(chain=SYSTEM, actor=actor, verb="demand.order.changed", obj=order, detail={"changed": changed})
        transaction.on_commit(partial(follow_new_orders, actor))
    return order


def require_order(actor: User, kind: str, product: Product, org: Org) -> None:
    """Refuse who may not keep orders of a kind at a place."""
    if kind not in OrderKind.values:
        raise InvalidInput(_("An order is a customer's, a dealer's or for stock."), details={"parameter": "kind"})
    require(actor, _ACTION_OF[OrderKind(kind)], product=product.code, org=org.code)


def describe(order: Order) -> dict[str, Any]:
    """What the audit keeps of a line."""
    return {
        "order": order.order,
        "line": order.line,
        "product": order.product.code,
        "org": order.org.code,
        "quantity": f"{order.quantity.normalize():f}",
        "due_date": order.due_date.isoformat(),
        "kind": order.kind,
        "customer": order.customer,
        "priority": order.priority,
        "custom": order.custom,
        "status": order.status,
        "requested_by": order.requested_by,
        "reason": order.reason,
        "for_order": order.for_order,
    }


def _checked(terms: OrderTerms, actor: User) -> OrderTerms:
    require_order(actor, terms.kind, terms.product, terms.org)
    decimals = get_company().quantity_decimals
    if terms.quantity <= 0 or terms.quantity != round(terms.quantity, decimals):
        raise InvalidInput(
            _("An order takes a quantity above 0, with at most %(n)d decimals.") % {"n": decimals},
            details={"parameter": "quantity"},
        )
    if not 1 <= terms.priority <= LOWEST_PRIORITY:
        raise InvalidInput(_("A priority is 1 (rush) to 99."), details={"parameter": "priority"})
    if terms.status not in OrderStatus.values:
        raise InvalidInput(_("An order is open, confirmed, delivered or cancelled."), details={"parameter": "status"})
    if terms.for_order and terms.kind != OrderKind.CHANNEL:
        raise InvalidInput(
            _("Only a dealer order names the customer order behind it."), details={"parameter": "for_order"}
        )
    if terms.kind != OrderKind.STOCK:
        return terms
    if not terms.reason.strip():
        raise InvalidInput(
            _("A stock-building order says why it is built: whoever asks keeps the reason."),
            details={"parameter": "reason"},
        )
    return OrderTerms(**{**vars(terms), "requested_by": terms.requested_by.strip() or str(actor)})


def _free_number(terms: OrderTerms) -> str:
    """The first of M-2026-12-0001, M-2026-12-0002 … that is free."""
    stem = f"M-{terms.due_date:%Y-%m}-"
    taken = Order.objects.filter(order__startswith=stem).values_list("order", flat=True)
    used = [int(number.removeprefix(stem)) for number in taken if number.removeprefix(stem).isdecimal()]
    return f"{stem}{max(used, default=0) + 1:04d}"


def _take_revision() -> int:
    return take_revision(Company.objects.get())
