"""A plan as plain records for ``balance_file``: one row per thing and month, zero rows left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from core.months import format_month
from engine.balancing.contracts import BalancePlan, BalanceProblem, Finding, Floats
from engine.balancing.explain import Cause, Confirmation, Shortage
from engine.balancing.options import Option
from supply.adapters.deadlines import decide_by
from supply.wording import Names, say_cause, say_finding, say_option

_DIGITS = 6

Keys = Callable[[int], dict[str, str]]


def result_record(
    problem: BalanceProblem,
    plan: BalancePlan,
    *,
    shortages: Sequence[Shortage],
    confirmations: Sequence[Confirmation],
    options: Sequence[Option],
    findings: Sequence[Finding],
    names: Names,
    gap: float = 0.0,
) -> dict[str, Any]:
    """Everything about a plan, ready for JSON; ``gap`` is the share of the best it may be short of."""
    shown = _Rows(problem)
    removed = {c.bottleneck: c.removed for c in confirmations}
    return {
        "status": plan.status,
        "gap": _number(gap) if np.isfinite(gap) else None,
        "objective": _number(plan.profit),
        "revenue": _number(plan.revenue),
        "total_cost": _number(sum(plan.cost.values())),
        "cost": {kind: _number(amount) for kind, amount in plan.cost.items()},
        "penalty": _number(plan.penalty),
        "production": shown.rows(plan.production, shown.point),
        "outsourced": shown.rows(plan.outsourced, shown.point),
        "shipments": shown.rows(plan.shipments, shown.lane),
        "served": shown.rows(plan.served, shown.demand),
        "transfers": shown.rows(plan.transfers, shown.transfer),
        "stock": shown.rows(plan.stock, shown.point),
        "scrapped": shown.rows(plan.scrapped, shown.point),
        "backlog": shown.rows(plan.backlog, shown.demand),
        "lost": shown.rows(plan.lost, shown.demand),
        "purchases": shown.rows(plan.purchases, shown.material),
        "material_stock": shown.rows(plan.material_stock, shown.material),
        "material_scrapped": shown.rows(plan.material_scrapped, shown.material),
        "headcount": _headcount(shown, plan),
        "overtime_hours": shown.rows(plan.overtime, shown.resource, value="hours"),
        "load": _load(shown, plan),
        "shortages": [_shortage(problem, s, names, removed) for s in shortages],
        "options": [_option(problem, o, names) for o in options],
        "solver": {
            "name": plan.solver.name,
            "version": plan.solver.version,
            "method": plan.solver.method,
            "seed": plan.solver.seed,
            "check": _check(plan),
            "seconds": {
                "build": round(plan.solver.build_seconds, 3),
                "solve": round(plan.solver.solve_seconds, 3),
            },
            "build_seconds": round(plan.solver.build_seconds, 3),
            "solve_seconds": round(plan.solver.solve_seconds, 3),
        },
        "rows": plan.solver.rows,
        "columns": plan.solver.columns,
        "nonzeros": plan.solver.nonzeros,
        "slacks": [
            {"rule": s.family, "key": list(s.key), "month": shown.month(s.month), "quantity": _number(s.quantity)}
            for s in plan.slacks
        ],
        "findings": finding_records(findings, names),
    }


def finding_records(findings: Sequence[Finding], names: Names) -> list[dict[str, Any]]:
    """What is to be said, in the active language."""
    return [
        {"code": f.code, "severity": f.severity, "key": f.key, "message": say_finding(f.code, names(f.key), f.values)}
        for f in findings
    ]


def _check(plan: BalancePlan) -> dict[str, Any] | None:
    """The second opinion; null when no other solver was asked or none answered."""
    solver = plan.solver
    if not solver.check_name:
        return None
    return {
        "solver": solver.check_name,
        "objective": _number(solver.check_objective + plan.penalty),
        "difference": float(f"{solver.check_gap:.1e}"),
    }


class _Rows:
    """Arrays → rows with the codes of their entities."""

    def __init__(self, problem: BalanceProblem) -> None:
        self.problem = problem

    def month(self, offset: int) -> str:
        return format_month(self.problem.first_month + offset)

    def rows(self, values: Floats, keys: Keys, *, value: str = "quantity") -> list[dict[str, Any]]:
        """Non-zero cells in order of entity and month."""
        return [
            {**keys(int(entity)), "month": self.month(int(month)), value: _number(values[entity, month])}
            for entity, month in np.argwhere(values != 0)
        ]

    def point(self, entity: int) -> dict[str, str]:
        points = self.problem.points
        product, site = self.problem.products[points.product[entity]], self.problem.sites[points.site[entity]]
        return {"product": product, "site": site}

    def lane(self, entity: int) -> dict[str, str]:
        lanes = self.problem.lanes
        return {**self.point(int(lanes.point[entity])), "org": self.problem.orgs[lanes.org[entity]]}

    def transfer(self, entity: int) -> dict[str, str]:
        moves = self.problem.transfers
        target = self.problem.points.site[moves.target[entity]]
        return {**self.point(int(moves.source[entity])), "to_site": self.problem.sites[target]}

    def demand(self, entity: int) -> dict[str, str]:
        demand = self.problem.demand
        product, org = self.problem.products[demand.product[entity]], self.problem.orgs[demand.org[entity]]
        return {"product": product, "org": org, "kind": demand.kind[entity]}

    def material(self, entity: int) -> dict[str, str]:
        material = self.problem.material
        return {
            "material": self.problem.materials[material.material[entity]],
            "site": self.problem.sites[material.site[entity]],
        }

    def resource(self, entity: int) -> dict[str, str]:
        return {"resource": self.problem.resources[entity]}


def _headcount(shown: _Rows, plan: BalancePlan) -> list[dict[str, Any]]:
    return [
        {
            **shown.resource(int(g)),
            "month": shown.month(t),
            "headcount": _number(plan.headcount[g, t]),
            "hired": _number(plan.hired[g, t]),
            "laid_off": _number(plan.laid_off[g, t]),
        }
        for g in np.flatnonzero(shown.problem.resource.is_labour)
        for t in range(shown.problem.months)
    ]


def _load(shown: _Rows, plan: BalancePlan) -> list[dict[str, Any]]:
    """Every resource and month; ``available`` are regular hours, overtime and extra shifts stand beside."""
    value = plan.duals["Resource-capacity-upper"]
    shifts = plan.extra_shifts * shown.problem.resource.shift_hours
    return [
        {
            **shown.resource(g),
            "month": shown.month(t),
            "load": _number(plan.load[g, t]),
            "available": _number(plan.available[g, t]),
            "overtime": _number(plan.overtime[g, t]),
            "extra_shift_hours": _number(shifts[g, t]),
            "value_of_one_more_hour": _number(value[g, t]),
        }
        for g in range(len(shown.problem.resource))
        for t in range(shown.problem.months)
    ]


def _shortage(problem: BalanceProblem, shortage: Shortage, names: Names, removed: dict) -> dict[str, Any]:
    return {
        "product": shortage.product,
        "org": shortage.org,
        "month": format_month(problem.first_month + shortage.month),
        "quantity": _number(shortage.quantity),
        "value": _number(shortage.revenue),
        "margin": _number(shortage.margin),
        "late": shortage.is_late,
        "cause": cause_record(problem, shortage.cause, names, removed.get(shortage.cause.bottleneck)),
        "further_causes": [
            cause_record(problem, cause, names, None, is_leading=False) for cause in shortage.causes[1:]
        ],
    }


def cause_record(
    problem: BalanceProblem, cause: Cause, names: Names, removed: float | None, *, is_leading: bool = True
) -> dict[str, Any]:
    """A cause with its sentence in the active language."""
    month = problem.first_month + cause.month
    confirmed = cause.is_confirmed if is_leading else None
    text = say_cause(cause.kind, cause.code, month, is_confirmed=confirmed, removed=removed, names=names)
    record = {
        "kind": cause.kind,
        "code": cause.code,
        "name": names(cause.code),
        "month": format_month(month),
        "confirmed": cause.is_confirmed,
        "text": text,
    }
    if cause.kind == "resource":
        record["resource_kind"] = problem.resource.kind[problem.resources.index(cause.code)]
    return record


def _option(problem: BalanceProblem, option: Option, names: Names) -> dict[str, Any]:
    return {
        "kind": option.kind,
        "bottleneck": {"kind": option.bottleneck.kind, "code": option.bottleneck.code},
        "target": option.target,
        "text": say_option(option.kind, names(option.target)),
        "amount": _number(option.amount),
        "units": _number(option.units),
        "revenue": _number(option.revenue),
        "gain": _number(option.gain),
        "cost": _number(option.cost),
        "cost_known": option.is_cost_known,
        "in_plan": option.is_in_plan,
        "from_month": format_month(problem.first_month + option.start),
        "lead_days": option.lead_days,
        "decide_by": decide_by(problem.first_month, option).isoformat(),
    }


def _number(value: float) -> float:
    """Rounded to a millionth, without a negative zero."""
    return round(float(value), _DIGITS) + 0.0
