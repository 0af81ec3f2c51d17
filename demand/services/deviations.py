"""The root cause of a deviation, as the review agrees on it."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core.audit import record
from core.db import write_transaction
from core.errors import InvalidInput
from cycles.models import Cycle
from demand.choices import DeviationCause
from demand.models import RootCause
from masterdata.models import Org, Product

LONGEST_NOTE = 300


def explain_deviation(
    *, cycle: Cycle, product: Product, org: Org, month: int, cause: str, note: str, actor: User
) -> RootCause:
    """Record why a closed month deviated there; a later word replaces the earlier one, the trail keeps both.

    Verb ``demand.deviation.explained``. Raises ``Denied``, ``Missing`` outside the actor's scope, ``InvalidInput``.
    """
    require(actor, "decision.propose", product=product.code, org=org.code)
    if cause not in DeviationCause.values:
        raise InvalidInput(_("Choose one of the root causes of the list."), details={"field": "cause"})
    if month >= cycle.month:
        raise InvalidInput(_("Only a closed month can have deviated from its forecast."), details={"field": "month"})
    with write_transaction():
        row, _created = RootCause.objects.update_or_create(
            product=product,
            org=org,
            month=month,
            defaults={
                "cycle": cycle,
                "cause": cause,
                "note": note.strip()[:LONGEST_NOTE],
                "author": actor,
                "at": timezone.now(),
            },
        )
        record(
            chain=f"cycle:{cycle.pk}",
            actor=actor,
            verb="demand.deviation.explained",
            obj=row,
            detail={"product": product.code, "org": org.code, "month": month, "cause": cause, "note": row.note},
        )
    return row
