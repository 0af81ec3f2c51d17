"""Background jobs of demand: the forecast, on one worker or in parts on all, and the check of the assumptions."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.db import write_transaction
from core.jobs import Progress, fence, register_continuation, register_kind
from core.models import Job
from cycles.models import Cycle
from demand.services import check_assumptions, join_forecast, run_forecast, run_part

STEPS = {
    "load": (_("reading the history"), 1),
    "learn": (_("learning from past forecasts"), 4),
    "parts": (_("forecasting"), 4),
    "combine": (_("totals and activities"), 1),
    "publish": (_("storing baseline and bands"), 1),
}


@register_kind(
    "forecast",
    title=_("Statistical forecast"),
    action="forecast.run",
    steps=STEPS,
    result_url=lambda _job: "/demand/",
)
def run(job: Job, progress: Progress) -> dict[str, Any] | None:
    """See ``demand.services.run_forecast``."""
    return run_forecast(job, progress)


@register_continuation("forecast")
def join(job: Job, progress: Progress) -> dict[str, Any]:
    """See ``demand.services.join_forecast``."""
    return join_forecast(job, progress)


@register_kind(
    "forecast_part",
    title=_("Part of the statistical forecast"),
    action="forecast.run",
    steps={"forecast": (_("forecasting"), 1)},
)
def run_one(job: Job, progress: Progress) -> dict[str, Any]:
    """See ``demand.services.run_part``."""
    return run_part(job, progress)


@register_kind(
    "check_assumptions",
    title=_("Check of the assumptions"),
    action="decision.propose",
    steps={"check": (_("comparing with what was sold"), 1)},
    result_url=lambda _job: "/demand/assumptions/",
)
def check(job: Job, progress: Progress) -> dict[str, Any]:
    """See ``demand.services.check_assumptions``."""
    progress.within("check", 0)
    found = check_assumptions(cycle=Cycle.objects.get(pk=job.scope["cycle"]), actor=job.created_by)
    with write_transaction():
        fence(job, result=found)
    return found
