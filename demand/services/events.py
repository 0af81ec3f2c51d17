"""The register of activities by hand: add, change and withdraw what moves demand (R-031, R-032)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from accounts.selectors import get_scope
from core.audit import SYSTEM, record
from core.db import write_transaction
from core.errors import Conflict, InvalidInput
from core.months import format_month
from demand.choices import EventKind
from demand.models import Event
from masterdata.models import Company, Org, Product
from masterdata.services.importing import take_revision

LEAST_PERCENT, MOST_PERCENT = -100, 1000


@dataclass(frozen=True)
class EventTerms:
    """What is said about an activity. Without ``to_month`` it has no end; without product or org it is everywhere.

    ``uplift_pct`` and ``price_change_pct`` in per cent, ``uplift_quantity`` in units a month.
    """

    kind: str
    from_month: int
    to_month: int | None = None
    product: Product | None = None
    org: Org | None = None
    uplift_pct: float | None = None
    uplift_quantity: Decimal | None = None
    price_change_pct: float | None = None
    owner: str = ""
    note: str = ""


def add_event(*, terms: EventTerms, actor: User, code: str = "") -> Event:
    """Put an activity on the register; without ``code`` one is made of kind and month.

    It counts from the next forecast on. Verb ``demand.event.added``. Raises ``Denied``, ``Missing`` outside the
    actor's scope, ``InvalidInput``, ``Conflict`` for a code in use.
    """
    _check(terms, actor)
    with write_transaction():
        wanted = code.strip() or _free_code(terms)
        if Event.objects.filter(code=wanted).exists():
            raise Conflict(_("There is already an activity “%(code)s”. Choose another code.") % {"code": wanted})
        event = Event.objects.create(code=wanted, revision=_take_revision(), **vars(terms))
        record(chain=SYSTEM, actor=actor, verb="demand.event.added", obj=event, detail=describe(event))
    return event


def change_event(*, event: Event, terms: EventTerms, seen: int, actor: User) -> Event:
    """Replace what is said about an activity; ``seen`` is the revision the actor has read.

    Both its old and its new place must lie inside the actor's scope. Verb ``demand.event.changed``; errors as
    ``add_event``, ``Conflict`` when somebody changed it since.
    """
    require_place(actor, event.product, event.org)
    _check(terms, actor)
    before = describe(event)
    with write_transaction():
        changed = Event.objects.filter(pk=event.pk, revision=seen).update(revision=_take_revision(), **vars(terms))
        if not changed:
            raise _changed_meanwhile()
        event = Event.objects.select_related("product", "org").get(pk=event.pk)
        detail = {"before": before, "after": describe(event)}
        record(chain=SYSTEM, actor=actor, verb="demand.event.changed", obj=event, detail=detail)
    return event


def withdraw_event(*, event: Event, seen: int, actor: User) -> None:
    """Take an activity off the register; the audit keeps what it said. Verb ``demand.event.withdrawn``.

    Errors as ``change_event``.
    """
    require_place(actor, event.product, event.org)
    with write_transaction():
        gone, _each = Event.objects.filter(pk=event.pk, revision=seen).delete()
        if not gone:
            raise _changed_meanwhile()
        record(chain=SYSTEM, actor=actor, verb="demand.event.withdrawn", obj=event, detail=describe(event))


def describe(event: Event) -> dict[str, Any]:
    """What the audit keeps of an activity."""
    return {
        "code": event.code,
        "kind": event.kind,
        "from_month": format_month(event.from_month),
        "to_month": None if event.to_month is None else format_month(event.to_month),
        "product": event.product and event.product.code,
        "org": event.org and event.org.code,
        "uplift_pct": event.uplift_pct,
        "uplift_quantity": event.uplift_quantity,
        "price_change_pct": event.price_change_pct,
        "owner": event.owner,
        "note": event.note,
    }


def require_place(actor: User, product: Product | None, org: Org | None) -> None:
    """Refuse who may not plan activities at a place; somebody with a scope plans inside it, not everywhere."""
    codes = {"product": product.code if product else None, "org": org.code if org else None}
    require(actor, "activity.edit", **codes)
    scope = get_scope(actor)
    if product is None and scope.products is not None:
        raise InvalidInput(_("Name a product: you plan for %(codes)s.") % {"codes": ", ".join(sorted(scope.products))})
    if org is None and scope.orgs is not None:
        raise InvalidInput(_("Name a region: you plan for %(codes)s.") % {"codes": ", ".join(sorted(scope.orgs))})


def _check(terms: EventTerms, actor: User) -> None:
    require_place(actor, terms.product, terms.org)
    if terms.kind not in EventKind.values:
        raise InvalidInput(_("“%(kind)s” is not a kind of activity.") % {"kind": terms.kind})
    if terms.to_month is not None and terms.to_month < terms.from_month:
        raise InvalidInput(_("The last month lies before the first."))
    for figure in (terms.uplift_pct, terms.price_change_pct):
        if figure is not None and not LEAST_PERCENT <= figure <= MOST_PERCENT:
            raise InvalidInput(_("An effect in per cent lies between −100 and 1,000."))


def _free_code(terms: EventTerms) -> str:
    """The first of PROMOTION-2026-12, PROMOTION-2026-12-2 … that is free."""
    stem = f"{terms.kind}-{format_month(terms.from_month)}".upper()
    taken = set(Event.objects.filter(code__startswith=stem).values_list("code", flat=True))
    number = 1
    while (code := stem if number == 1 else f"{stem}-{number}") in taken:
        number += 1
    return code


def _take_revision() -> int:
    return take_revision(Company.objects.get())


def _changed_meanwhile() -> Conflict:
    return Conflict(_("Somebody changed this activity since you opened it. Look at it again, then repeat."))
