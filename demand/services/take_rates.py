"""Typing take rates: which share of a series is ordered in which configuration and colour."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core.audit import SYSTEM, record
from core.db import write_transaction
from core.errors import InvalidInput
from demand.models import TakeRate
from masterdata.models import Product
from plans.hierarchy import load_hierarchy

EDIT = "stream.edit.product"
_SLACK = 0.0005  # people type per cent with one decimal


def set_take_rates(
    *, product: Product, attribute: str, shares: Mapping[str, float], reason: str, actor: User
) -> list[TakeRate]:
    """Replace what was typed for one attribute of a series; no share for a value leaves it to what was learnt.

    ``shares`` : value → 0 … 1, at most 1 in all, exactly 1 when every value has one. Audit verb
    ``demand.take_rates.set``. Raises ``Denied``, ``Missing`` outside the actor's products,
    ``InvalidInput``.
    """
    require(actor, EDIT, product=product.code)
    known = _known_values(product, attribute)
    _check(shares, known, reason)
    now = timezone.now()
    with write_transaction():
        rows = TakeRate.objects.filter(product=product, attribute=attribute)
        before = dict(rows.values_list("value", "share"))
        rows.delete()
        made = TakeRate.objects.bulk_create(
            TakeRate(
                product=product,
                attribute=attribute,
                value=value,
                share=share,
                reason=reason.strip(),
                author=actor,
                at=now,
            )
            for value, share in sorted(shares.items())
        )
        detail = {
            "product": product.code,
            "attribute": attribute,
            "before": before,
            "after": dict(shares),
            "reason": reason,
        }
        record(chain=SYSTEM, actor=actor, verb="demand.take_rates.set", obj=product, detail=detail)
    return made


def _known_values(product: Product, attribute: str) -> tuple[str, ...]:
    """The values of an attribute among the variants at or below a product."""
    hierarchy = load_hierarchy()
    variants = set(hierarchy.products.leaves_under(product.pk).tolist())
    values = set()
    for found in Product.objects.filter(pk__in=variants).values_list("attributes", flat=True):
        if found.get(attribute):
            values.add(str(found[attribute]))
    if len(values) < 2:
        raise InvalidInput(
            _("The variants of %(product)s do not differ in “%(attribute)s”.")
            % {"product": product.label, "attribute": attribute}
        )
    return tuple(sorted(values))


def _check(shares: Mapping[str, float], known: tuple[str, ...], reason: str) -> None:
    if not reason.strip():
        raise InvalidInput(_("Say why the mix changes: the plan of every variant follows it."))
    if strange := sorted(set(shares) - set(known)):
        raise InvalidInput(_("“%(value)s” is not among the variants.") % {"value": strange[0]})
    if any(not 0 <= share <= 1 for share in shares.values()):
        raise InvalidInput(_("A take rate lies between 0 and 100 %."))
    total = sum(shares.values())
    if total > 1 + _SLACK or (len(shares) == len(known) and abs(total - 1) > _SLACK):
        raise InvalidInput(_("The take rates sum to %(total).1f %%; they must make 100.") % {"total": total * 100})
