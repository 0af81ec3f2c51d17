"""The statistical forecast: asking for a run."""

from __future__ import annotations

from accounts.models import User
from core.jobs import enqueue_job
from core.models import Job
from cycles.models import Cycle
from demand.services.forecast_plan import load_plan


def forecast_input_hash(cycle: Cycle) -> str:
    """Identity of everything a run of this cycle would read; differs from the last run's when it is stale."""
    return load_plan(cycle).input_hash


def enqueue_forecast(*, cycle: Cycle, actor: User | None) -> Job:
    """Put a forecast of the cycle's working plan in the queue; an equal waiting one is returned instead."""
    return enqueue_job(kind="forecast", scope={"cycle": cycle.pk}, actor=actor, input_hash=forecast_input_hash(cycle))
