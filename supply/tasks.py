"""The balance as a background job."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.jobs import Progress, register_kind
from core.models import Job
from supply.services.balance import run_balance, summarise_run

STEPS = {
    "load": (_("reading demand and master data"), 1),
    "solve": (_("solving the plan"), 4),
    "explain": (_("finding the causes"), 2),
    "options": (_("pricing ways out"), 3),
    "publish": (_("storing the plan"), 1),
}


@register_kind(
    "balance",
    title=_("Balance of demand and supply"),
    action="balance.run",
    steps=STEPS,
    result_url=lambda _job: "/supply/",
)
def run(job: Job, progress: Progress) -> dict[str, Any]:
    """See ``supply.services.balance.run_balance``."""
    made = run_balance(version_id=job.scope["version"], actor=job.created_by, report=progress.within, job=job)
    return summarise_run(made)
