"""Building the decisions into the plan as a background job."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import Denied
from core.jobs import Progress, fence, register_kind
from core.models import Job
from cycles.models import Cycle
from meetings.services import apply_decisions


@register_kind("apply_decisions", title=_("Decisions into the plan"), action="decision.decide")
def run(job: Job, progress: Progress) -> dict[str, Any]:
    """Apply the approved options of the cycle in the job's scope."""
    if job.created_by is None:
        raise Denied(_("Decisions are built in by a person; whoever asked for it is gone."))
    version = apply_decisions(
        cycle=Cycle.objects.get(pk=job.scope["cycle"]),
        actor=job.created_by,
        report=progress.update,
        fence=lambda: fence(job),
    )
    return {"version": version.pk}
