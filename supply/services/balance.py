"""The balance of a plan: load → check → solve → explain → price → store, as a job or in the request."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from accounts.models import User
from core import audit
from core.errors import InvalidInput
from core.jobs import enqueue_job, fence
from core.models import Job
from engine.balancing.checks import UnsoundProblem, check_plan, check_problem
from engine.balancing.contracts import BalancePlan, Finding, SolveOptions
from engine.balancing.explain import confirm_causes, list_shortages
from engine.balancing.first import NEAR, FirstPlan, solve_session
from engine.balancing.options import price_levers_in_plan, price_options
from engine.balancing.rounding import round_plan
from engine.balancing.solve import Session, SolveFailed
from engine.balancing.trials import Trials
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
from supply.models import BalanceRun

Report = Callable[[str, float], None]  # step code, done share of it
STEPS = ("load", "solve", "explain", "options", "publish")


def enqueue_balance(*, version_id: int, actor: User | None) -> Job:
    """Put a balance of a plan in the queue; an equal waiting one is returned instead."""
    return enqueue_job(kind="balance", scope={"version": version_id}, actor=actor)


def run_balance(
    *, version_id: int, actor: User | None, report: Report | None = None, job: Job | None = None
) -> BalanceRun:
    """Balance a plan and publish the constrained plan with everything that belongs to it in one swap.

    Raises ``InvalidInput`` when there is no demand or a number makes no sense, ``Frozen`` when the supply plan is
    sealed, ``StaleInputs`` when somebody published it meanwhile. Audit verb ``supply.balance.run``.
    """
    report = report or (lambda _step, _share: None)
    started = time.monotonic()
    report("load", 0.0)
    version = get_version(version_id)
    ensure_heads(version_id=version_id, measures=m.BALANCED)
    inputs = get_heads(version_id=version_id, measures=[m.CONSENSUS])
    seen = get_heads(version_id=version_id, measures=m.BALANCED)
    revision = get_company().revision
    prepared = prepare_problem(version)
    problem = prepared.problem
    if not problem.demand.quantity.any():
        raise InvalidInput(
            _("There is no consensus demand to balance. Build the demand proposal first."), code="no_demand"
        )
    company = get_company()
    scales = Scales(company.quantity_decimals, company.currency_decimals)
    made: list[BalanceRun] = []

    def publish(solved: Solved, store: Callable[..., None], cause: str) -> None:
        result = publish_cubes(
            version_id=version_id,
            cubes=plan_cubes(problem, solved.plan, solved.whole, ids=load_ids(), scales=scales),
            seen=seen,
            inputs=inputs,
            fence=partial(store, made, version, job, actor, prepared, solved, scales, inputs, revision, started),
            job_id=job.pk if job else None,
            actor=actor,
            source=Source.JOB,
            cause=cause,
        )
        seen.update(result.heads)

    def publish_first(first: Solved) -> None:
        report("solve", 0.5)  # raises when the job is not ours any more
        publish(first, _store_run, "balance_first")

    solved = solve_problem(prepared, report, decimals=scales.quantity, on_first=publish_first)
    report("publish", 0.0)
    publish(solved, _store, "balance")
    return made[-1]


def solve_problem(
    prepared: Prepared, report: Report, *, decimals: int, on_first: Callable[[Solved], None] | None = None
) -> Solved:
    """Check, solve, explain, price and round. Raises ``InvalidInput`` in words instead of a solver's trace.

    While a large plan is solved exactly, ``on_first`` gets a first one whose distance from the best is proven.
    """
    problem = prepared.problem
    try:
        findings = check_problem(problem)
        report("solve", 0.0)
        session = Session(problem, SolveOptions(second_opinion=True))
        plan, gap = solve_session(session, partial(_show_first, prepared, decimals, on_first), partial(report, "solve"))
    except (UnsoundProblem, SolveFailed) as error:
        raise InvalidInput(
            _("The plan cannot be balanced: %(reason)s. Check the figures that were imported last.")
            % {"reason": error},
            code="not_solvable",
        ) from error
    if plan.status == NEAR:
        return _near(prepared, session, plan, gap, decimals, findings)
    report("explain", 0.0)
    trials = Trials(session, plan)
    shortages, confirmations = confirm_causes(trials, list_shortages(session, plan))
    report("options", 0.0)
    options = price_options(trials, shortages) + price_levers_in_plan(trials)
    return Solved(
        plan=plan,
        whole=round_plan(problem, plan, decimals=decimals),
        shortages=shortages,
        confirmations=confirmations,
        options=options,
        findings=prepared.findings + findings + check_plan(problem, plan),
        warm_start=session.warm_start(),
    )


def _show_first(prepared: Prepared, decimals: int, on_first: Callable[[Solved], None] | None, first: FirstPlan) -> None:
    if on_first is not None and np.isfinite(first.gap):
        plan = replace(first.plan, status=RunStatus.FIRST)
        whole = round_plan(prepared.problem, plan, decimals=decimals)
        on_first(Solved(plan, whole, [], [], [], prepared.findings, gap=first.gap))


def _near(
    prepared: Prepared, session: Session, plan: BalancePlan, gap: float, decimals: int, findings: tuple[Finding, ...]
) -> Solved:
    """A plan too large to be solved exactly: causes are ranked by its prices, nothing is tried on it."""
    problem = prepared.problem
    near = Finding("plan_near", "info", "plan", "", {"share": f"{100 * gap:.2f} %"})
    return Solved(
        plan=plan,
        whole=round_plan(problem, plan, decimals=decimals),
        shortages=list_shortages(session, plan),
        confirmations=[],
        options=[],
        findings=(*prepared.findings, *findings, near, *check_plan(problem, plan)),
        gap=gap if np.isfinite(gap) else 1.0,
    )


def _store(
    made: list[BalanceRun],
    version: Version,
    job: Job | None,
    actor: User | None,
    prepared: Prepared,
    solved: Solved,
    scales: Scales,
    inputs: Mapping[str, HeadRef],
    revision: int,
    started: float,
) -> None:
    """First in the publishing transaction: the job is done and the run is on record, or neither."""
    _store_run(made, version, job, actor, prepared, solved, scales, inputs, revision, started)
    run = made[-1]
    if job is not None:
        job.findings = run.findings
        fence(job, result=summarise_run(run))
    audit.record(
        chain=f"cycle:{version.cycle_id}",
        actor=actor,
        verb="supply.balance.run",
        obj=run,
        detail={"version": version.pk, "input": run.input_hash, "profit": run.profit, "status": run.status},
    )


def _store_run(
    made: list[BalanceRun],
    version: Version,
    job: Job | None,
    actor: User | None,
    prepared: Prepared,
    solved: Solved,
    scales: Scales,
    inputs: Mapping[str, HeadRef],
    revision: int,
    started: float,
) -> None:
    made.append(
        store_run(
            version=version,
            job=job,
            actor=actor,
            prepared=prepared,
            solved=solved,
            scales=scales,
            input_heads={code: {"id": ref.id, "rev": ref.rev, "epoch": ref.epoch} for code, ref in inputs.items()},
            revision=revision,
            seconds=round(time.monotonic() - started, 2),
        )
    )


def summarise_run(run: BalanceRun) -> dict[str, Any]:
    """The result of the job, and what a headless run prints."""
    return {
        "run": run.pk,
        "version": run.version_id,
        "status": run.status,
        "revenue": run.revenue,
        "shortages": run.shortages.count(),
        "short": sum(run.shortages.values_list("quantity", flat=True)),
        "options": run.options.filter(in_plan=False).count(),
        "seconds": run.seconds,
    }
