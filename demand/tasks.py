"""The forecast as a background job."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.jobs import Progress, register_kind
from core.models import Job
from demand.services import run_forecast

STEPS = {
    "load": (_("reading the history"), 1),
    "forecast": (_("forecasting"), 8),
    "publish": (_("storing baseline and bands"), 1),
}


@register_kind(
    "forecast",
    title=_("Statistical forecast"),
    action="forecast.run",
    steps=STEPS,
    result_url=lambda _job: "/demand/",
)
def run(job: Job, progress: Progress) -> dict[str, Any]:
    """See ``demand.services.run_forecast``."""
    return run_forecast(job, progress)
