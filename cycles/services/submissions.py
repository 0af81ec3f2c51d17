"""What departments hand in before a review, and what the coordinator lets pass."""

from __future__ import annotations

import json
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core import audit
from core.db import write_transaction
from core.errors import Conflict, Denied, InvalidInput
from cycles.choices import SubmissionStatus
from cycles.models import Step, Submission
from cycles.rules import check_submissions
from cycles.services.machine import chain_of, move_step
from cycles.template import TEMPLATE_OF
from cycles.transitions import WORKING

LARGEST_CONTENT = 64 * 1024
LARGEST_ATTACHMENT = 20 * 1024 * 1024
_HANDED_IN = {SubmissionStatus.SUBMITTED, SubmissionStatus.LATE}


def submit_material(
    *,
    step: Step,
    department: str,
    content: dict[str, Any],
    actor: User,
    draft: bool = False,
    attachment: UploadedFile | None = None,
) -> Submission:
    """Keep a draft or hand in a department's material; after the cut-off it is marked late.

    Handing in again replaces the material. When all required departments are in, the step is ``submitted``.
    Audit ``cycles.submission.drafted`` or ``cycles.submission.submitted``. Raises ``Conflict`` when the step is
    not open, ``Denied`` for a foreign department.
    """
    require(actor, "submission.submit", department=department)
    _check_content(content)
    if attachment is not None and (attachment.size or 0) > LARGEST_ATTACHMENT:
        raise InvalidInput(_("A file has at most 20 MB."), code="file_too_large")
    with write_transaction():
        _hold(step)
        submission, _created = Submission.objects.get_or_create(step=step, department=department)
        if draft and submission.status in _HANDED_IN:
            raise Conflict(_("The material was handed in; hand in again to replace it."), code="already_submitted")
        if submission.waived_by_id == actor.pk:
            raise Denied(_("Four eyes: you waived this material, somebody else hands it in."), code="four_eyes")
        now = timezone.now()
        late = step.cutoff_at is not None and now > step.cutoff_at
        submission.status = (
            SubmissionStatus.DRAFT if draft else SubmissionStatus.LATE if late else SubmissionStatus.SUBMITTED
        )
        submission.content = content
        if attachment is not None:
            submission.attachment = attachment
        if not draft:
            submission.submitted_by, submission.submitted_at = actor, now
        submission.revision += 1
        submission.save()
        _mark_complete(step)
        verb = "cycles.submission.drafted" if draft else "cycles.submission.submitted"
        detail = {"step": step.code, "department": department, "status": submission.status, "content": content}
        audit.record(chain=chain_of(step.cycle), actor=actor, verb=verb, obj=submission, detail=detail)
    return submission


def waive_submission(*, step: Step, department: str, reason: str, actor: User) -> Submission:
    """Let late or missing material pass, with a reason. Audit ``cycles.submission.waived``.

    Repeating it returns the first waiver. Raises ``Conflict`` when the material came in time.
    """
    require(actor, "cycle.manage")
    if not reason.strip():
        raise InvalidInput(_("A waiver needs its reason."), code="reason_missing")
    if department not in TEMPLATE_OF[step.code].required:
        raise InvalidInput(_("“%s” need not hand in anything here.") % department, code="not_required")
    with write_transaction():
        _hold(step)
        submission, _created = Submission.objects.get_or_create(step=step, department=department)
        if submission.waived_by_id:
            return submission
        if submission.status == SubmissionStatus.SUBMITTED:
            raise Conflict(_("The material came in time; there is nothing to waive."), code="nothing_to_waive")
        if submission.submitted_by_id == actor.pk:
            raise Denied(_("Four eyes: somebody else waives what you handed in."), code="four_eyes")
        submission.waived_by, submission.waived_at, submission.waive_reason = actor, timezone.now(), reason
        submission.revision += 1
        submission.save()
        _mark_complete(step)
        detail = {"step": step.code, "department": department, "reason": reason}
        audit.record(
            chain=chain_of(step.cycle), actor=actor, verb="cycles.submission.waived", obj=submission, detail=detail
        )
    return submission


def _check_content(content: Any) -> None:
    """Refuse what is no object, too large, or no database stores (NaN, NUL, half a surrogate pair)."""
    try:
        text = json.dumps(content, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (TypeError, ValueError) as error:
        raise InvalidInput(_("The material cannot be stored: %s") % error) from error
    if not isinstance(content, dict) or len(text) > LARGEST_CONTENT or "\\u0000" in text:
        raise InvalidInput(_("The material is an object of at most 64 kB; attach larger things as a file."))


def _hold(step: Step) -> None:
    """Take the step's row, so that material and the closing signature queue; refuse when it is not open."""
    held = Step.objects.filter(pk=step.pk, state__in=WORKING).update(revision=F("revision") + 1)
    step.refresh_from_db()
    if not held:
        raise Conflict(
            _("“%(step)s” is %(state)s; nothing can be handed in.")
            % {"step": step.get_code_display(), "state": step.get_state_display()},
            code="step_not_open",
        )


def _mark_complete(step: Step) -> None:
    if TEMPLATE_OF[step.code].required and not check_submissions(step.cycle):
        move_step(step, "submit")
