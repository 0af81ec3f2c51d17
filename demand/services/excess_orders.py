"""Raising the consensus to the orders in hand: an ordinary override with its reason, seen before it is saved."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from accounts.selectors import get_scope
from core.errors import Conflict, InvalidInput
from cycles.models import Cycle
from demand.choices import OverrideReason
from demand.measures import CONSENSUS
from demand.selectors.excess_orders import ExcessOrders, find_excess_orders
from demand.selectors.place import find_place
from plans.selectors import get_working_version
from plans.services import CellEdit, Note, save_cells


def raise_to_orders(*, cycle: Cycle, product: str | None, org: str | None, seen: str, actor: User) -> ExcessOrders:
    """Raise every cell under a place by the orders that found no forecast; all of them or none.

    ``seen`` is the ``tag`` of the list the actor looked at. Returns that list. Raises ``Denied``, ``Missing``,
    ``InvalidInput`` where nothing is over, ``Conflict`` when orders or consensus changed meanwhile or a cell is locked,
    ``Frozen`` after the signature. Audit verb ``plans.cells.saved``.
    """
    require(actor, "consensus.override", product=product, org=org)
    excess = find_excess_orders(cycle, find_place(scope=get_scope(actor), product=product, org=org))
    if not len(excess):
        raise InvalidInput(_("No order exceeds the consensus here."), code="nothing_over")
    if seen != excess.tag:
        raise Conflict(_("Orders or consensus changed meanwhile. Look at the list again; nothing was raised."))
    note = Note(OverrideReason.ORDERS, comment=_("Raised to the orders in hand"))
    edits = [
        CellEdit(CONSENSUS, product_id, org_id, month, consensus + over, consensus, note=note)
        for product_id, org_id, month, consensus, over in excess.cells
    ]
    save_cells(version_id=get_working_version(cycle).pk, edits=edits, actor=actor)
    return excess
