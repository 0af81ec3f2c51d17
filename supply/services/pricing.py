"""What a large plan leaves for later: its causes are confirmed and its levers priced in a job of their own.

The plan is visible meanwhile. Every lever priced is on record at once; which comes next stands on the run and moves by
compare-and-swap, so a killed worker's successor goes on where it stopped and nothing is stored twice.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from accounts.models import User
from core import audit
from core.db import write_transaction
from core.errors import Conflict
from core.jobs import LeaseLost, Progress, enqueue_job, fence
from core.models import Job
from engine.balancing.block_trials import explain_blocks, leading_blocks
from engine.balancing.explain import Confirmation, Shortage, confirm_causes, list_shortages
from engine.balancing.first import divide
from engine.balancing.options import Option, list_candidates, price_rung
from masterdata.selectors import get_company
from supply.adapters.cubes import Scales
from supply.adapters.problem import Prepared, prepare_problem
from supply.adapters.records import option_row, store_confirmations, update_causes
from supply.choices import RunStatus
from supply.models import BalanceRun, SupplyOption
from supply.selectors.runs import get_latest_run
from supply.services.sessions import WarmModel, build_model
from supply.services.solving import open_session


def enqueue_pricing(*, run: BalanceRun, actor: User | None) -> Job:
    """Put what is left to price of a run in the queue; an equal waiting job is returned instead."""
    job = enqueue_job(kind="options", scope={"run": run.pk, "version": run.version_id}, actor=actor)
    BalanceRun.objects.filter(pk=run.pk).update(options_job=job)
    run.options_job = job
    return job


def resume_pricing(*, version_id: int, actor: User | None) -> Job:
    """Price what a stopped job left of a plan's last balance. Raises ``Conflict`` with nothing left."""
    run = get_latest_run(version_id)
    if run is None or run.version_id != version_id:
        raise Conflict(_("The plan has not been balanced yet."), code="not_balanced")
    if (run.options_done == run.options_total and run.is_explained) or run.status == RunStatus.FIRST:
        raise Conflict(_("Every option of this plan is priced."), code="nothing_left")
    return enqueue_pricing(run=run, actor=actor)


def price_left(job: Job, progress: Progress) -> dict[str, Any]:
    """Confirm the causes of a run and price its levers one by one.

    Raises ``Conflict`` (stale) when the plan was balanced again or its inputs moved on. Audit verb
    ``supply.options.priced``.
    """
    progress.within("load", 0)
    run = _find_run(job)
    if run.status == RunStatus.NEAR:
        return _explain_blocks(job, progress, run)
    model = _load_model(run)
    progress.within("confirm", 0)
    shortages, confirmations = confirm_causes(
        model.trials,
        list_shortages(model.trials.session, model.trials.base),
        progress=partial(progress.within, "confirm"),
    )
    candidates = list_candidates(model.trials.session, model.trials.base, shortages)
    if not run.is_explained:
        _store_causes(run, model, shortages, confirmations, total=len(candidates))
    for position in range(run.options_done, len(candidates)):
        _say(progress, position, len(candidates))
        option = price_rung(model.trials, *candidates[position])
        _find_run(job)  # still the plan's last balance
        _store_option(run, model, position, option)
    return _finish(job, run, len(candidates))


def _find_run(job: Job) -> BalanceRun:
    run = BalanceRun.objects.select_related("version").filter(pk=job.scope["run"]).first()
    if run is None or get_latest_run(run.version_id) != run:
        raise Conflict(_("The plan was balanced again; its options are priced anew."), code="stale")
    return run


def _explain_blocks(job: Job, progress: Progress, run: BalanceRun) -> dict[str, Any]:
    """Ask the blocks that lose most, and store what they say in one transaction."""
    prepared = prepare_problem(run.version)
    _check_inputs(run, prepared)
    division = divide(open_session(prepared))
    if division is None:
        raise Conflict(_("The plan's inputs changed after its balance. Run the balance again."), code="stale")
    company = get_company()
    margins = run.shortages.values_list("product__code").annotate(lost=Sum("margin")).order_by()
    chosen = leading_blocks(division.blocks, {code: float(lost) for code, lost in margins})

    def tell(done: int) -> None:
        _say(progress, done, len(chosen))
        _find_run(job)
        BalanceRun.objects.filter(pk=run.pk).update(options_total=len(chosen), options_done=done)

    asked = float(prepared.problem.demand.quantity.sum())
    found = explain_blocks([division.blocks[number] for number in chosen], division.options, asked, tell)
    scales = Scales(company.quantity_decimals, company.currency_decimals)
    with write_transaction():
        SupplyOption.objects.bulk_create(option_row(run, prepared.problem, one, scales) for one in found.options)
        update_causes(run, prepared.problem, found.shortages)
        store_confirmations(run, found.confirmations)
        BalanceRun.objects.filter(pk=run.pk).update(
            is_explained=True, options_total=len(chosen), options_done=len(chosen)
        )
        return _finish(job, run, len(chosen))


def _load_model(run: BalanceRun) -> WarmModel:
    """The solved model the run was made from."""
    model = build_model(run.version)
    _check_inputs(run, model.prepared)
    return model


def _check_inputs(run: BalanceRun, prepared: Prepared) -> None:
    if prepared.input_hash != run.input_hash:
        raise Conflict(_("The plan's inputs changed after its balance. Run the balance again."), code="stale")


def _say(progress: Progress, done: int, total: int) -> None:
    text = _("pricing ways out: %(done)d of %(total)d") % {"done": done, "total": total}
    progress.within("price", done / max(1, total), text)


def _store_causes(
    run: BalanceRun, model: WarmModel, shortages: list[Shortage], confirmations: list[Confirmation], *, total: int
) -> None:
    """Once a run: what the trials said of the causes, and how many levers follow from them."""
    with write_transaction():
        fresh = BalanceRun.objects.filter(pk=run.pk, is_explained=False)
        if not fresh.update(is_explained=True, options_total=total, options_done=0):
            raise LeaseLost
        update_causes(run, model.prepared.problem, shortages)
        store_confirmations(run, confirmations)
        for found in confirmations:  # where equally good plans are short in other cells
            if found.is_confirmed:
                blamed = run.shortages.filter(cause=found.bottleneck.kind, code=found.bottleneck.code)
                blamed.update(is_confirmed=True)
    run.refresh_from_db()


def _store_option(run: BalanceRun, model: WarmModel, position: int, option: Option) -> None:
    """The next lever is priced; kept if it helps and is not on record already."""
    company = get_company()
    row = option_row(run, model.prepared.problem, option, Scales(company.quantity_decimals, company.currency_decimals))
    known = run.options.filter(kind=row.kind, cause=row.cause, code=row.code, target=row.target, in_plan=row.in_plan)
    with write_transaction():
        if not BalanceRun.objects.filter(pk=run.pk, options_done=position).update(options_done=position + 1):
            raise LeaseLost
        if option.is_useful and not known.exists():
            row.save()


def _finish(job: Job, run: BalanceRun, total: int) -> dict[str, Any]:
    result = {"run": run.pk, "priced": total, "options": run.options.filter(in_plan=False).count()}
    with write_transaction():
        fence(job, result=result)
        audit.record(
            chain=f"cycle:{run.version.cycle_id}",
            actor=job.created_by,
            verb="supply.options.priced",
            obj=run,
            detail={"version": run.version_id, **result},
        )
    return result
