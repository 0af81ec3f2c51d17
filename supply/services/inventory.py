"""What people decide about stock and write down about performance."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from accounts.selectors import list_people
from core import audit
from core.db import write_transaction
from core.errors import InvalidInput, unknown
from masterdata.models import InventoryLot, Material, Product, Site
from supply.choices import DeviationArea, DeviationCause, DispositionKind
from supply.models import Deviation, Disposition

LONGEST_NOTE = 300


def save_disposition(
    *, item: str, site: str, kind: str, owner: str, due: dt.date, note: str = "", actor: User
) -> Disposition:
    """Decide what happens to the stock of an item at a site; a later decision takes the place of the earlier one.

    ``item`` is a product or material code, ``owner`` a user name. Audit ``supply.disposition.saved`` keeps what was
    decided before. Raises ``Denied``, ``Missing`` for unknown codes and people, ``InvalidInput`` where there is no
    stock or the words are not understood.
    """
    require(actor, "stock.dispose")
    product, material, place = _find_item(item, site, actor)
    who = list_people().filter(username=owner).first()
    if who is None:
        raise unknown("user", owner)
    if kind not in DispositionKind.values:
        raise InvalidInput(_("Choose what happens to the stock."), details={"field": "kind"})
    if not InventoryLot.objects.filter(product=product, material=material, site=place, quantity__gt=0).exists():
        raise InvalidInput(_("There is no stock of %(item)s at this site.") % {"item": item}, code="no_stock")
    fields = {"kind": kind, "owner": who, "due": due, "note": _note(note), "decided_by": actor}
    with write_transaction():
        before = Disposition.objects.filter(product=product, material=material, site=place).first()
        old = None if before is None else {"kind": before.kind, "due": before.due, "owner": str(before.owner)}
        row, _created = Disposition.objects.update_or_create(
            product=product, material=material, site=place, defaults=fields
        )
        audit.record(
            chain=audit.SYSTEM,
            actor=actor,
            verb="supply.disposition.saved",
            obj=row,
            detail={"item": item, "site": site, "kind": kind, "owner": owner, "due": due, "note": note, "before": old},
        )
    return row


def _find_item(item: str, site: str, actor: User) -> tuple[Product | None, Material | None, Site]:
    place = Site.objects.filter(code=site).first()
    if place is None:
        raise unknown("site", site)
    product = Product.objects.filter(code=item).first()
    if product is not None:
        require(actor, "stock.dispose", product=item)
        return product, None, place
    material = Material.objects.filter(code=item).first()
    if material is None:
        raise unknown("item", item)
    return None, material, place


def explain_deviation(*, month: int, area: str, product: str, cause: str, note: str, actor: User) -> Deviation:
    """Write down why something fell behind the plan; causes are added, never changed.

    Audit ``supply.deviation.explained``. Raises ``Denied``, ``Missing``, ``InvalidInput``.
    """
    require(actor, "deviation.explain", product=product)
    found = Product.objects.filter(code=product).first()
    if found is None:
        raise unknown("product", product)
    if area not in DeviationArea.values or cause not in DeviationCause.values:
        raise InvalidInput(_("Choose what fell behind and its cause."), details={"field": "cause"})
    if not note.strip():
        raise InvalidInput(_("Say in a few words what happened."), code="note_missing", details={"field": "note"})
    with write_transaction():
        row = Deviation.objects.create(
            month=month, area=area, product=found, cause=cause, note=_note(note), author=actor
        )
        audit.record(
            chain=audit.SYSTEM,
            actor=actor,
            verb="supply.deviation.explained",
            obj=row,
            detail={"month": month, "area": area, "product": product, "cause": cause, "note": note},
        )
    return row


def _note(text: str) -> str:
    note = " ".join(text.split())
    if len(note) > LONGEST_NOTE:
        raise InvalidInput(
            _("The note may have %(limit)s characters at most.") % {"limit": LONGEST_NOTE}, details={"field": "note"}
        )
    return note
