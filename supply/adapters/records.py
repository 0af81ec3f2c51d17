"""What a run found → its rows."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from accounts.models import User
from core.models import Job
from engine.balancing.contracts import BalancePlan, BalanceProblem, Finding
from engine.balancing.explain import CONFIRMED_SHARE, Confirmation
from engine.balancing.explain import Shortage as FoundShortage
from engine.balancing.highs import WarmStart
from engine.balancing.options import Option
from engine.balancing.rounding import WholePlan
from plans.models import Version
from supply.adapters.cubes import Scales
from supply.adapters.database import Ids, load_ids
from supply.adapters.deadlines import decide_by
from supply.adapters.patches import changes_to_json
from supply.adapters.problem import Prepared
from supply.models import BalanceRun, Bottleneck, RunBasis, Shortage, SupplyOption


@dataclass(frozen=True)
class Solved:
    """Everything a run found, before it is stored.

    ``options_total`` levers are to be priced, ``options_done`` of them are; what is left, and the trial of the causes
    unless ``is_explained``, is a background job's.
    """

    plan: BalancePlan
    whole: WholePlan
    shortages: list[FoundShortage]
    confirmations: list[Confirmation]
    options: list[Option]
    findings: tuple[Finding, ...]
    warm_start: WarmStart | None = None
    gap: float = 0.0
    is_explained: bool = True
    options_total: int = 0
    options_done: int = 0


def store_run(
    *,
    version: Version,
    job: Job | None,
    actor: User | None,
    prepared: Prepared,
    solved: Solved,
    scales: Scales,
    input_heads: dict[str, Any],
    revision: int,
    seconds: float,
) -> BalanceRun:
    """Insert a run with its shortages, bottlenecks and options; inside the caller's transaction."""
    problem, plan = prepared.problem, solved.plan
    cent = 10**scales.money
    run = BalanceRun.objects.create(
        version=version,
        job=job,
        first_month=problem.first_month,
        horizon=problem.months,
        status=plan.status,
        solver_name=plan.solver.name,
        solver_version=plan.solver.version,
        method=plan.solver.method,
        seed=plan.solver.seed,
        build_seconds=plan.solver.build_seconds,
        solve_seconds=plan.solver.solve_seconds,
        seconds=seconds,
        rows=plan.solver.rows,
        columns=plan.solver.columns,
        nonzeros=plan.solver.nonzeros,
        objective=plan.objective,
        gap=solved.gap,
        check_name=plan.solver.check_name,
        check_objective=plan.solver.check_objective if plan.solver.check_name else None,
        revenue=round(plan.revenue * cent),
        profit=round(plan.profit * cent),
        penalty=round(plan.penalty * cent),
        input_hash=prepared.input_hash,
        input_heads=input_heads,
        master_data_revision=revision,
        values=_values(problem, solved),
        findings=[_finding(finding) for finding in solved.findings],
        is_explained=solved.is_explained,
        options_total=solved.options_total,
        options_done=solved.options_done,
        created_by=actor,
    )
    if solved.warm_start is not None:
        _store_basis(run, solved.warm_start)
    Shortage.objects.bulk_create(_shortages(run, problem, solved, load_ids(), scales))
    store_confirmations(run, solved.confirmations)
    SupplyOption.objects.bulk_create(option_row(run, problem, option, scales) for option in solved.options)
    return run


def store_confirmations(run: BalanceRun, confirmations: Iterable[Confirmation]) -> None:
    """What came back when causes were relaxed. One tried before, in another part of the company, adds up."""
    for found in confirmations:
        key = {"run": run, "kind": found.bottleneck.kind, "code": found.bottleneck.code}
        fresh = {"blamed": found.blamed, "removed": found.removed, "is_confirmed": found.is_confirmed}
        row, is_new = Bottleneck.objects.get_or_create(**key, defaults=fresh)
        if not is_new:
            row.blamed, row.removed = row.blamed + found.blamed, row.removed + found.removed
            row.is_confirmed = row.removed >= CONFIRMED_SHARE * row.blamed
            row.save(update_fields=["blamed", "removed", "is_confirmed"])


def update_causes(run: BalanceRun, problem: BalanceProblem, shortages: Iterable[FoundShortage]) -> None:
    """The causes of a stored run's shortages as they were found since; cells it does not know are left out."""
    found = {(s.product, s.org, problem.first_month + s.month): s for s in sorted(shortages, key=lambda s: s.quantity)}
    changed = []
    for row in run.shortages.select_related("product", "org"):
        known = found.get((row.product.code, row.org.code, row.month))
        if known is not None:
            for name, value in _cause(known, problem.first_month).items():
                setattr(row, name, value)
            changed.append(row)
    Shortage.objects.bulk_update(changed, ["cause", "code", "cause_month", "use", "is_confirmed", "further"], 500)


def _store_basis(run: BalanceRun, start: WarmStart) -> None:
    columns, rows = zlib.compress(start.columns), zlib.compress(start.rows)
    RunBasis.objects.create(run=run, columns=columns, rows=rows, limits=list(start.limits))


def load_basis(run: BalanceRun | None) -> WarmStart | None:
    """Where a run's plan stands for the solver; None where nothing was kept."""
    found = None if run is None else RunBasis.objects.filter(run=run).first()
    if found is None:
        return None
    return WarmStart(zlib.decompress(found.columns), zlib.decompress(found.rows), tuple(found.limits))


def _shortages(run: BalanceRun, problem: BalanceProblem, solved: Solved, ids: Ids, scales: Scales) -> list[Shortage]:
    """One row per cell of the published shortage, so that list and cube agree to the unit.

    The engine's shortages explain it; a cell that only rounding left short takes its market's nearest cause.
    """
    whole, orgs = solved.whole, len(problem.orgs)
    by_cell: dict[tuple[str, str, int], list[FoundShortage]] = {}
    for found in solved.shortages:
        by_cell.setdefault((found.product, found.org, found.month), []).append(found)
    short = whole.short()
    rows = []
    for market, month in np.argwhere(short > 0):
        code = int(whole.markets[market])
        product, org = problem.products[code // orgs], problem.orgs[code % orgs]
        explained = by_cell.get((product, org, int(month))) or _nearest(by_cell, product, org, int(month))
        if not explained:
            continue
        rows.append(_shortage(run, problem, explained, whole, int(market), int(month), ids, scales))
    return rows


def _nearest(
    by_cell: dict[tuple[str, str, int], list[FoundShortage]], product: str, org: str, month: int
) -> list[FoundShortage]:
    near = [key for key in by_cell if key[:2] == (product, org)]
    return by_cell[min(near, key=lambda key: (abs(key[2] - month), key[2]))] if near else []


def _shortage(
    run: BalanceRun,
    problem: BalanceProblem,
    explained: list[FoundShortage],
    whole: WholePlan,
    market: int,
    month: int,
    ids: Ids,
    scales: Scales,
) -> Shortage:
    lead = max(explained, key=lambda s: s.quantity)
    first = problem.first_month
    units = int(whole.short()[market, month])
    share = units / 10**scales.quantity / sum(s.quantity for s in explained)
    cent = 10**scales.money
    return Shortage(
        run=run,
        product_id=ids.products[lead.product],
        org_id=ids.orgs[lead.org],
        month=first + month,
        quantity=units,
        demand=int(whole.asked[market, month]),
        revenue=round(sum(s.revenue for s in explained) * share * cent),
        margin=round(sum(s.margin for s in explained) * share * cent),
        is_late=lead.is_late,
        **_cause(lead, first),
    )


def _cause(shortage: FoundShortage, first_month: int) -> dict[str, Any]:
    """The columns of a shortage that say why."""
    cause = shortage.cause
    return {
        "cause": cause.kind,
        "code": cause.code,
        "cause_month": first_month + cause.month,
        "use": cause.use,
        "is_confirmed": cause.is_confirmed,
        "further": [[c.kind, c.code, first_month + c.month] for c in shortage.causes[1:]],
    }


def option_row(run: BalanceRun, problem: BalanceProblem, option: Option, scales: Scales) -> SupplyOption:
    """A priced way out as its row, not stored yet."""
    cent, unit = 10**scales.money, 10**scales.quantity
    return SupplyOption(
        run=run,
        kind=option.kind,
        cause=option.bottleneck.kind,
        code=option.bottleneck.code,
        target=option.target,
        changes=changes_to_json(problem, option.changes),
        start_month=problem.first_month + option.start,
        lead_days=option.lead_days,
        decide_by=decide_by(problem.first_month, option),
        amount=option.amount,
        units=round(option.units * unit),
        revenue=round(option.revenue * cent),
        gain=round(option.gain * cent),
        cost=round(option.cost * cent),
        stock=round(option.stock * unit),
        service=option.service,
        is_cost_known=option.is_cost_known,
        in_plan=option.is_in_plan,
    )


def _values(problem: BalanceProblem, solved: Solved) -> dict[str, dict[str, list[float]]]:
    """What one more hour of a resource, unit from a supplier or unit of storage is worth, by code and month."""
    duals = solved.plan.duals
    supplied = [problem.materials[i] for i in problem.supplier.material]
    stores = [problem.sites[p] for p in problem.storage.site]
    return {
        "hour": _by_code(problem.resources, duals["Resource-capacity-upper"]),
        "material": _by_code(supplied, duals["Supplier-limit"]),
        "storage": _by_code(stores, duals["Storage-upper"]),
    }


def _by_code(codes: Any, values: np.ndarray) -> dict[str, list[float]]:
    return {code: [round(float(v), 4) + 0.0 for v in row] for code, row in zip(codes, values, strict=True) if row.any()}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "part": finding.part,
        "key": finding.key,
        "values": finding.values,
    }
