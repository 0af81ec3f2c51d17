"""Background jobs of supply: the balance of a plan, and what a large one leaves for later."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.jobs import Progress, register_continuation, register_kind
from core.models import Job
from supply.services.balance import join_balance, start_balance
from supply.services.balance_parts import solve_part
from supply.services.pricing import price_left

STEPS = {
    "load": (_("reading demand and master data"), 1),
    "parts": (_("solving the plan"), 4),
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
    """See ``supply.services.balance.start_balance``."""
    return start_balance(job, progress)


@register_continuation("balance")
def join(job: Job, progress: Progress) -> dict[str, Any] | None:
    """See ``supply.services.balance.join_balance``."""
    return join_balance(job, progress)


@register_kind(
    "balance_part",
    title=_("Part of a balance"),
    action="balance.run",
    steps={"parts": (_("solving the plan"), 1)},
)
def run_one(job: Job, progress: Progress) -> dict[str, Any]:
    """See ``supply.services.balance_parts.solve_part``."""
    return solve_part(job, progress)


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
