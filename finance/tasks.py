"""The valuation as a background job."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.jobs import Progress, fence, register_kind
from core.models import Job
from finance.services import value_plan


@register_kind("finance", title=_("Valuation of the plan"), action="balance.run")
def run_valuation(job: Job, progress: Progress) -> dict[str, Any]:
    """Value the version named in the job's scope."""
    valuation = value_plan(
        version_id=job.scope["version"],
        actor=job.created_by,
        report=lambda share: progress.update(share, str(_("Prices and costs"))),
        fence=lambda: fence(job),
        job_id=job.pk,
    )
    return {
        "version": job.scope["version"],
        "revenue": int(valuation.cubes["revenue"].values.sum()),
        "stale_inputs": list(valuation.published.stale_inputs),
    }
