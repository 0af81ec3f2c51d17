"""Publishing releases and taking the ERP's answers."""

from __future__ import annotations

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core.audit import record
from core.db import write_transaction
from core.errors import GuardFailed, InvalidInput
from cycles.models import Cycle
from plans.selectors import get_working_version
from supply.choices import AckStatus, ReleaseState
from supply.documents import encode_lines
from supply.models import Release, ReleaseAck, ReleaseDocument
from supply.selectors.releases import list_mps_lines, load_lines


def check_release(cycle: Cycle) -> list[str]:
    """Why the approved plan cannot be released: reasons in words, empty when it can."""
    lines = list_mps_lines(get_working_version(cycle))
    reasons = []
    if not lines:
        reasons.append(_("The plan makes nothing: run the balance and approve it first."))
    if negative := [line for line in lines if line.quantity < 0]:
        reasons.append(
            _("%(count)d lines are negative, the first one %(product)s at %(site)s in %(month)s.")
            % {
                "count": len(negative),
                "product": negative[0].product,
                "site": negative[0].site,
                "month": negative[0].month,
            }
        )
    return reasons


def publish_release(cycle: Cycle, actor: User) -> None:
    """Publish the approved plan of a cycle as the next release; the one before is superseded.

    Runs inside the cycle's transition (``approved->released``). Audit verb ``supply.release.published``.
    """
    require(actor, "release.publish")
    if reasons := check_release(cycle):
        raise GuardFailed(_("The plan cannot be released."), details={"reasons": reasons})
    version = get_working_version(cycle)
    body, sha, count = encode_lines(list_mps_lines(version))
    with write_transaction():
        if not ReleaseDocument.objects.filter(pk=sha).exists():
            ReleaseDocument.objects.create(sha=sha, body=body, lines=count)
        number = (Release.objects.aggregate(last=Max("number"))["last"] or 0) + 1
        Release.objects.exclude(state=ReleaseState.SUPERSEDED).update(state=ReleaseState.SUPERSEDED)
        release = Release.objects.create(
            number=number,
            cycle=cycle,
            snapshot_code=version.snapshot_code or "",
            document_id=sha,
            published_by=actor,
            published_at=timezone.now(),
        )
        record(
            chain=f"cycle:{cycle.pk}",
            actor=actor,
            verb="supply.release.published",
            obj=release,
            detail={"number": number, "snapshot": release.snapshot_code, "document": sha, "lines": count},
        )


def acknowledge_release(
    *, release: Release, actor: User, status: str, lines_accepted: int | None = None, message: str = ""
) -> ReleaseAck:
    """Keep what a client answered. Saying the same again changes nothing; a newer answer takes its place.

    Audit verb ``supply.release.acknowledged``.
    """
    require(actor, "release.ack")
    if status not in AckStatus.values:
        raise InvalidInput(
            _("The status is one of %(known)s.") % {"known": ", ".join(AckStatus.values)}, details={"field": "status"}
        )
    total = len(load_lines(release))
    accepted = {AckStatus.ACCEPTED: total, AckStatus.REJECTED: 0}.get(AckStatus(status), lines_accepted)
    if accepted is None or not 0 <= accepted <= total:
        raise InvalidInput(
            _("Say how many of the %(total)d lines were accepted.") % {"total": total},
            details={"field": "lines_accepted"},
        )
    with write_transaction():
        found = ReleaseAck.objects.filter(release=release, client=actor).first()
        if found and (found.status, found.lines_accepted, found.message) == (status, accepted, message):
            return found
        ack, _created = ReleaseAck.objects.update_or_create(
            release=release,
            client=actor,
            defaults={"status": status, "lines_accepted": accepted, "message": message, "at": timezone.now()},
        )
        state = ReleaseState.ACKNOWLEDGED if status == AckStatus.ACCEPTED else ReleaseState.PARTLY_ACKNOWLEDGED
        Release.objects.filter(pk=release.pk).exclude(state=ReleaseState.SUPERSEDED).update(state=state)
        record(
            chain=f"cycle:{release.cycle_id}",
            actor=actor,
            verb="supply.release.acknowledged",
            obj=release,
            detail={"status": status, "lines_accepted": accepted, "message": message},
        )
    return ack
