"""Planning a launch by the launches it will resemble."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from core.audit import SYSTEM, record
from core.db import write_transaction
from core.errors import InvalidInput, unknown
from core.months import format_month
from demand.models import Launch
from demand.selectors.launches import find_launch_month
from demand.services.events import require_place
from masterdata.models import Org, Product

MOST_ANALOGUES, LARGEST_SCALE = 20, 50.0


def plan_launch(
    *,
    product: Product,
    analogues: Sequence[str],
    actor: User,
    org: Org | None = None,
    scale: float = 1.0,
    first_month: int | None = None,
    owner: User | None = None,
    note: str = "",
) -> Launch:
    """Say which products' beginnings a launch will follow, and how large it will be beside them.

    Replaces an earlier plan of the product; counts from the next forecast on. Without ``first_month`` the launch
    month of the product, or of what lies below it, must be known. Verb ``demand.launch.planned``. Raises ``Denied``,
    ``Missing`` for unknown codes and outside the actor's scope, ``InvalidInput``.
    """
    require_place(actor, product, org)
    codes = list(dict.fromkeys(analogues))
    _check_analogues(product, codes)
    if not 0 < scale <= LARGEST_SCALE:
        raise InvalidInput(_("The size beside the analogues is a factor above 0, at most 50."))
    if first_month is None and find_launch_month(product) is None:
        raise InvalidInput(_("Give the first month of sales: the product has no launch month."))
    with write_transaction():
        launch, _created = Launch.objects.update_or_create(
            product=product,
            defaults={
                "org": org,
                "analogues": codes,
                "scale": scale,
                "first_month": first_month,
                "owner": owner or actor,
                "note": note.strip()[:500],
            },
        )
        record(chain=SYSTEM, actor=actor, verb="demand.launch.planned", obj=launch, detail=describe(launch))
    return launch


def withdraw_launch(*, launch: Launch, actor: User) -> None:
    """Take a launch plan back; the product is then forecast without it. Verb ``demand.launch.withdrawn``."""
    require_place(actor, launch.product, launch.org)
    with write_transaction():
        detail, key = describe(launch), launch.pk
        gone, _each = Launch.objects.filter(pk=key).delete()
        if gone:
            record(
                chain=SYSTEM,
                actor=actor,
                verb="demand.launch.withdrawn",
                obj=("demand.launch", str(key)),
                detail=detail,
            )


def describe(launch: Launch) -> dict[str, Any]:
    """What the audit keeps of a launch plan."""
    return {
        "product": launch.product.code,
        "org": launch.org and launch.org.code,
        "analogues": launch.analogues,
        "scale": launch.scale,
        "first_month": None if launch.first_month is None else format_month(launch.first_month),
        "note": launch.note,
    }


def _check_analogues(product: Product, codes: list[str]) -> None:
    if not 0 < len(codes) <= MOST_ANALOGUES:
        raise InvalidInput(_("Choose 1 to %(most)d earlier launches to follow.") % {"most": MOST_ANALOGUES})
    known = set(Product.objects.filter(code__in=codes).values_list("code", flat=True))
    for code in codes:
        if code not in known:
            raise unknown("product", code)
    if product.code in known:
        raise InvalidInput(_("A launch cannot follow itself."))
