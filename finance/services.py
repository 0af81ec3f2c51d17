"""Valuing a plan: quantities become money, line by line, exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from accounts.models import User
from core.jobs import enqueue_job
from core.models import Job
from finance.lines import OPERATING_COST_LINES, VALUED
from finance.valuation import INPUTS, compute_money
from plans.choices import Source
from plans.cubes import Cube
from plans.selectors import get_heads
from plans.services import PublishResult, ensure_heads, publish_cubes


@dataclass(frozen=True)
class Valuation:
    """The money cubes of a plan by measure, and where they were published."""

    cubes: Mapping[str, Cube]
    published: PublishResult


def enqueue_valuation(version_id: int, actor: User | None) -> Job:
    """Put the valuation of a plan in the queue; an equal waiting one is returned instead."""
    return enqueue_job(kind="finance", scope={"version": version_id}, actor=actor)


def value_plan(
    *,
    version_id: int,
    actor: User | None,
    report: Callable[[float], None] | None = None,
    fence: Callable[[], object] | None = None,
    job_id: int | None = None,
) -> Valuation:
    """Publish revenue, the unit cost lines, stock holding and profit of a version.

    Profit is revenue less every cost line, cell by cell. Raises ``Frozen`` when the money is sealed,
    ``StaleInputs`` when somebody published it meanwhile, ``InvalidInput`` when an exchange rate is missing.
    """
    ensure_heads(version_id=version_id, measures=[*VALUED, *OPERATING_COST_LINES])
    seen = get_heads(version_id=version_id, measures=VALUED)
    inputs = get_heads(version_id=version_id, measures=["proposal", "override", *INPUTS[1:]])
    cubes = compute_money(version_id=version_id, report=report or (lambda _share: None))
    published = publish_cubes(
        version_id=version_id,
        cubes=cubes,
        actor=actor,
        source=Source.JOB,
        cause="valuation",
        seen=seen,
        inputs=inputs,
        fence=fence,
        job_id=job_id,
    )
    return Valuation(cubes, published)
