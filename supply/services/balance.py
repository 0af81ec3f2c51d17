"""The balance of a plan: load → solve → store, as a job or in the request. Solving itself is ``services.solving``."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from accounts.models import User
from core import audit
from core.jobs import Progress, clear_parts, enqueue_job, fence
from core.models import Job
from engine.balancing.first import divide
from engine.balancing.solve import Session
from masterdata.selectors import get_company
from masterdata.services import ensure_ways
from plans.choices import Source
from plans.services import publish_cubes
from supply.adapters.cubes import Scales, move_cubes, plan_cubes, way_keys
from supply.adapters.database import load_ids
from supply.adapters.problem import Prepared
from supply.adapters.records import Solved, store_run
from supply.choices import RunStatus
from supply.followers import enqueue_followers
from supply.models import BalanceRun
from supply.services.balance_parts import join_parts, read_kept, split_balance
from supply.services.pricing import enqueue_pricing
from supply.services.reading import Reading, read_plan
from supply.services.solving import Report, complete_plan, open_session, solve_problem


def enqueue_balance(*, version_id: int, actor: User | None) -> Job:
    """Put a balance of a plan in the queue; an equal waiting one is returned instead."""
    return enqueue_job(kind="balance", scope={"version": version_id}, actor=actor)


def run_balance(*, version_id: int, actor: User | None) -> BalanceRun:
    """Balance a plan in this process and publish it with everything that belongs to it in one swap.

    The options of a large plan follow in a job of their own, ``BalanceRun.options_job``. Raises ``InvalidInput`` when
    there is no demand or a number makes no sense, ``Frozen`` when the supply plan is sealed, ``StaleInputs`` when
    somebody published it meanwhile. Audit verb ``supply.balance.run``.
    """
    reading, prepared = read_plan(version_id)
    return _balance(reading, prepared, open_session(prepared), actor=actor)


def start_balance(job: Job, progress: Progress) -> dict[str, Any] | None:
    """As ``run_balance``, for a job. None: its children solve the plan in blocks, and ``join_balance`` ends it."""
    progress.within("load", 0)
    reading, prepared = read_plan(job.scope["version"])
    session = open_session(prepared)
    division = divide(session)
    if division is not None and len(division.blocks) > 1:
        progress.within("load", 0.8)
        split_balance(job, reading, prepared, division)
        return None
    _balance(reading, prepared, session, actor=job.created_by, job=job, report=progress.within)
    return job.result


def join_balance(job: Job, progress: Progress) -> dict[str, Any] | None:
    """Put the plans of the blocks together and publish; what was read must not have moved since."""
    progress.within("explain", 0)
    reading, prepared = read_kept(job)
    session, balanced = join_parts(job, prepared)
    solved = complete_plan(prepared, session, balanced, progress.within, decimals=_scales().quantity)
    progress.within("publish", 0)
    _publish(reading, prepared, solved, job=job, actor=job.created_by)
    return job.result


def _balance(
    reading: Reading,
    prepared: Prepared,
    session: Session,
    *,
    actor: User | None,
    job: Job | None = None,
    report: Report = lambda _step, _share: None,
) -> BalanceRun:
    def publish_first(first: Solved) -> None:
        report("parts", 0.5)  # raises when the job is not ours any more
        _publish(reading, prepared, first, job=job, actor=actor)

    solved = solve_problem(prepared, session, report, decimals=_scales().quantity, on_first=publish_first)
    report("publish", 0.0)
    return _publish(reading, prepared, solved, job=job, actor=actor)


def _scales() -> Scales:
    company = get_company()
    return Scales(company.quantity_decimals, company.currency_decimals)


def _publish(
    reading: Reading, prepared: Prepared, solved: Solved, *, job: Job | None, actor: User | None
) -> BalanceRun:
    """Make a plan the version's; a first plan leaves the job running, any other ends it in the same transaction."""
    made: list[BalanceRun] = []
    scales, is_first = _scales(), solved.plan.status == RunStatus.FIRST
    problem, ids = prepared.problem, load_ids()
    ways = ensure_ways(keys={key for keys in way_keys(problem, ids).values() for key in keys})
    result = publish_cubes(
        version_id=reading.version.pk,
        cubes={
            **plan_cubes(problem, solved.plan, solved.whole, ids=ids, scales=scales),
            **move_cubes(problem, solved.whole, ids=ids, ways=ways, scales=scales),
        },
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
        clear_parts(job)
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
