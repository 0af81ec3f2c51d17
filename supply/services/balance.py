"""The balance of a plan: load → solve → store, as a job or in the request. Solving itself is ``services.solving``."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from core import audit
from core.errors import InvalidInput
from core.jobs import enqueue_job, fence
from core.models import Job
from masterdata.selectors import get_company
from plans.choices import Source
from plans.models import Version
from plans.selectors import HeadRef, get_heads, get_version
from plans.services import ensure_heads, publish_cubes
from supply import measures as m
from supply.adapters.cubes import Scales, plan_cubes
from supply.adapters.database import load_ids
from supply.adapters.problem import Prepared, prepare_problem
from supply.adapters.records import Solved, store_run
from supply.choices import RunStatus
from supply.followers import enqueue_followers
from supply.models import BalanceRun
from supply.services.pricing import enqueue_pricing
from supply.services.solving import Report, solve_problem

STEPS = ("load", "solve", "explain", "options", "publish")


@dataclass(frozen=True)
class Reading:
    """What a balance has read of a plan, and how its own measures stood; ``started`` in seconds."""

    version: Version
    inputs: dict[str, HeadRef]
    seen: dict[str, HeadRef]
    revision: int
    started: float


def enqueue_balance(*, version_id: int, actor: User | None) -> Job:
    """Put a balance of a plan in the queue; an equal waiting one is returned instead."""
    return enqueue_job(kind="balance", scope={"version": version_id}, actor=actor)


def run_balance(
    *, version_id: int, actor: User | None, report: Report | None = None, job: Job | None = None
) -> BalanceRun:
    """Balance a plan and publish the constrained plan with everything that belongs to it in one swap.

    The options of a large plan follow in a job of their own, ``BalanceRun.options_job``. Raises ``InvalidInput`` when
    there is no demand or a number makes no sense, ``Frozen`` when the supply plan is sealed, ``StaleInputs`` when
    somebody published it meanwhile. Audit verb ``supply.balance.run``.
    """
    report = report or (lambda _step, _share: None)
    report("load", 0.0)
    reading, prepared = _read(version_id)

    def publish_first(first: Solved) -> None:
        report("solve", 0.5)  # raises when the job is not ours any more
        _publish(reading, prepared, first, job=job, actor=actor)

    scales = _scales()
    solved = solve_problem(prepared, report, decimals=scales.quantity, on_first=publish_first)
    report("publish", 0.0)
    return _publish(reading, prepared, solved, job=job, actor=actor)


def _read(version_id: int) -> tuple[Reading, Prepared]:
    version, started = get_version(version_id), time.time()
    ensure_heads(version_id=version_id, measures=m.BALANCED)
    reading = Reading(
        version=version,
        inputs=get_heads(version_id=version_id, measures=[m.CONSENSUS]),
        seen=get_heads(version_id=version_id, measures=m.BALANCED),
        revision=get_company().revision,
        started=started,
    )
    prepared = prepare_problem(version)
    if not prepared.problem.demand.quantity.any():
        raise InvalidInput(
            _("There is no consensus demand to balance. Build the demand proposal first."), code="no_demand"
        )
    return reading, prepared


def _scales() -> Scales:
    company = get_company()
    return Scales(company.quantity_decimals, company.currency_decimals)


def _publish(
    reading: Reading, prepared: Prepared, solved: Solved, *, job: Job | None, actor: User | None
) -> BalanceRun:
    """Make a plan the version's; a first plan leaves the job running, any other ends it in the same transaction."""
    made: list[BalanceRun] = []
    scales, is_first = _scales(), solved.plan.status == RunStatus.FIRST
    result = publish_cubes(
        version_id=reading.version.pk,
        cubes=plan_cubes(prepared.problem, solved.plan, solved.whole, ids=load_ids(), scales=scales),
        seen=reading.seen,
        inputs=reading.inputs,
        fence=partial(_store, made, reading, prepared, solved, scales, job, actor),
        job_id=job.pk if job else None,
        actor=actor,
        source=Source.JOB,
        cause="balance_first" if is_first else "balance",
    )
    reading.seen.update(result.heads)
    return made[-1]


def _store(
    made: list[BalanceRun],
    reading: Reading,
    prepared: Prepared,
    solved: Solved,
    scales: Scales,
    job: Job | None,
    actor: User | None,
) -> None:
    """First in the publishing transaction: the run is on record, the job done, what follows queued, or nothing."""
    version = reading.version
    run = store_run(
        version=version,
        job=job,
        actor=actor,
        prepared=prepared,
        solved=solved,
        scales=scales,
        input_heads={code: {"id": ref.id, "rev": ref.rev, "epoch": ref.epoch} for code, ref in reading.inputs.items()},
        revision=reading.revision,
        seconds=round(time.time() - reading.started, 2),
    )
    made.append(run)
    if run.status == RunStatus.FIRST:
        return
    if job is not None:
        job.findings = run.findings
        job.result = summarise_run(run) | {"then": enqueue_followers(version.pk, actor)}
        fence(job, result=job.result)
    audit.record(
        chain=f"cycle:{version.cycle_id}",
        actor=actor,
        verb="supply.balance.run",
        obj=run,
        detail={"version": version.pk, "input": run.input_hash, "profit": run.profit, "status": run.status},
    )
    if run.options_done < run.options_total or not run.is_explained:
        enqueue_pricing(run=run, actor=actor)


def summarise_run(run: BalanceRun) -> dict[str, Any]:
    """The result of the job, and what a headless run prints. ``gap`` is the share of the best it may be short of."""
    return {
        "run": run.pk,
        "version": run.version_id,
        "status": run.status,
        "gap": round(run.gap, 6),
        "revenue": run.revenue,
        "shortages": run.shortages.count(),
        "short": sum(run.shortages.values_list("quantity", flat=True)),
        "options": run.options.filter(in_plan=False).count(),
        "options_left": run.options_total - run.options_done,
        "seconds": run.seconds,
    }
