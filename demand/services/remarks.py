"""What people say about the figures: comments at cells, their word on outliers."""

from __future__ import annotations

import re

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core.audit import record
from core.db import write_transaction
from core.errors import InvalidInput
from cycles.models import Cycle
from demand.choices import NoteKind, OutlierVerdict
from demand.models import CellComment, OutlierDecision
from masterdata.models import Org, Product
from plans.measures import get_measure
from plans.models import Version

_MENTION = re.compile(r"@([\w.@+-]+)")
LONGEST_COMMENT = 1000


def add_comment(
    *,
    version: Version,
    measure: str,
    product: Product,
    org: Org,
    month: int,
    text: str,
    actor: User,
    kind: str = NoteKind.REMARK,
) -> CellComment:
    """Put a remark, a market trend or a customer's word at a cell; ``@username`` addresses a colleague.

    Verb ``demand.comment.added``.
    """
    require(actor, "plan.read", product=product.code, org=org.code)
    text = text.strip()
    if not text or len(text) > LONGEST_COMMENT:
        raise InvalidInput(_("A comment has 1 to %(limit)d characters.") % {"limit": LONGEST_COMMENT})
    with write_transaction():
        comment = CellComment.objects.create(
            version=version,
            measure=get_measure(measure).code,
            product=product,
            org=org,
            month=month,
            kind=NoteKind(kind),
            text=text,
            author=actor,
            at=timezone.now(),
        )
        names = [name.rstrip(".") for name in _MENTION.findall(text)]
        comment.mentions.set(User.objects.filter(username__in=names, is_active=True))
        record(chain=_chain(version.cycle), actor=actor, verb="demand.comment.added", obj=comment)
    return comment


def resolve_comment(*, comment: CellComment, actor: User) -> CellComment:
    """Close a remark: its author, somebody it addresses, or the demand lead. Verb ``demand.comment.resolved``."""
    require(actor, "plan.read", product=comment.product.code, org=comment.org.code)
    with write_transaction():
        if CellComment.objects.filter(pk=comment.pk, resolved_at__isnull=True).update(resolved_at=timezone.now()):
            record(chain=_chain(comment.version.cycle), actor=actor, verb="demand.comment.resolved", obj=comment)
    comment.refresh_from_db()
    return comment


def decide_outlier(
    *, product: Product, org: Org, month: int, verdict: str, reason: str, actor: User
) -> OutlierDecision:
    """Tell the forecast whether an odd month is real. Counts from the next run on. Verb ``demand.outlier.decided``."""
    require(actor, "forecast.run", product=product.code, org=org.code)
    if verdict not in OutlierVerdict.values:
        raise InvalidInput(_("An odd month is either kept or replaced."))
    if not reason.strip():
        raise InvalidInput(_("Say why the month is real or will not come back."))
    if product.children.exists() or org.children.exists():
        raise InvalidInput(_("History is kept at the lowest level: choose the product and region that were sold."))
    with write_transaction():
        decision, _created = OutlierDecision.objects.update_or_create(
            product=product,
            org=org,
            month=month,
            defaults={"verdict": verdict, "reason": reason.strip()[:300], "author": actor, "at": timezone.now()},
        )
        record(
            chain="system",
            actor=actor,
            verb="demand.outlier.decided",
            obj=decision,
            detail={"product": product.code, "org": org.code, "month": month, "verdict": verdict},
        )
    return decision


def withdraw_outlier(*, decision: OutlierDecision, actor: User) -> None:
    """Take a word on an odd month back; cleansing decides again. Verb ``demand.outlier.withdrawn``."""
    product, org = decision.product, decision.org
    require(actor, "forecast.run", product=product.code, org=org.code)
    with write_transaction():
        detail = {"product": product.code, "org": org.code, "month": decision.month, "verdict": decision.verdict}
        key = decision.pk
        gone, _each = OutlierDecision.objects.filter(pk=key).delete()
        if gone:
            place = ("demand.outlierdecision", str(key))
            record(chain="system", actor=actor, verb="demand.outlier.withdrawn", obj=place, detail=detail)


def _chain(cycle: Cycle | None) -> str:
    return f"cycle:{cycle.pk}" if cycle else "system"
