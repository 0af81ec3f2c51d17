"""Background jobs of supply: the balance of a plan, and what a large one leaves for later."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.jobs import Progress, register_kind
from core.models import Job
from supply.services.balance import run_balance
from supply.services.pricing import price_left

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
def run(job: Job, progress: Progress) -> dict[str, Any] | None:
    """See ``supply.services.balance.run_balance``."""
    run_balance(version_id=job.scope["version"], actor=job.created_by, report=progress.within, job=job)
    return job.result


@register_kind(
    "options",
    title=_("Options of a balance"),
    action="balance.run",
    steps={
        "load": (_("making the model ready"), 1),
        "confirm": (_("confirming the causes"), 2),
        "price": (_("pricing ways out"), 7),
    },
    result_url=lambda job: f"/supply/?version={job.scope['version']}",
)
def price(job: Job, progress: Progress) -> dict[str, Any]:
    """See ``supply.services.pricing.price_left``."""
    return price_left(job, progress)
