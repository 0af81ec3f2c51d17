"""Before and after solving: what in the inputs makes no sense, and which rules had to be broken.

Nothing here stops a plan; the model is elastic. A finding says what will look odd in the result and why.
"""

from __future__ import annotations

import numpy as np

from engine.balancing.contracts import BalancePlan, BalanceProblem, Finding, array_fields
from engine.balancing.derived import unavoidable_stock
from engine.balancing.extract import TOLERANCE

OPINION_TOLERANCE = 1e-6  # relative
_MAY_BE_NAN = {"outsource_cost", "lost_cost", "reference"}
_BROKEN = {  # row family of a slack → finding
    "Resource-capacity-upper": "hours_missing",
    "Material-balance": "parts_missing",
    "Stock-balance": "stock_missing",
    "Stock-limit": "stock_limit_broken",
    "Storage-upper": "storage_limit_broken",
    "End-stock": "end_stock_missed",
}
_MAY_BE_INFINITE = {"make_max", "outsource_max", "max_stock", "buy_max", "quantity", "shelf_months"}


class UnsoundProblem(ValueError):
    """A number is missing, infinite or negative where it cannot be: part, field and business code are named."""


def check_problem(problem: BalanceProblem) -> tuple[Finding, ...]:
    """Findings on a problem. Raises ``UnsoundProblem`` on numbers no model can take (NaN, infinity)."""
    for part in ("points", "demand", "lanes", "transfers", "resource", "material", "supplier", "storage"):
        _check_numbers(part, getattr(problem, part))
    return tuple(_cycles(problem) + _fences(problem) + _overstocked(problem))


def check_plan(problem: BalanceProblem, plan: BalancePlan) -> tuple[Finding, ...]:
    """One finding per broken rule, in business words, and one when two solvers disagree on the best plan."""
    return _opinions(plan) + tuple(
        Finding(
            _BROKEN[slack.family],
            "error",
            slack.family,
            "|".join(slack.key),
            {"when": _month(problem, slack.month), "quantity": f"{slack.quantity:,.2f}"},
        )
        for slack in plan.slacks
    )


def _opinions(plan: BalancePlan) -> tuple[Finding, ...]:
    """Solvers agree to the digits they give; more than that is a finding, whoever is right."""
    solver = plan.solver
    if not solver.check_name or solver.check_gap <= OPINION_TOLERANCE:
        return ()
    values = {"solver": solver.check_name, "share": f"{100 * solver.check_gap:.4f} %"}
    return (Finding("solvers_disagree", "warning", "solver", solver.name, values),)


def _check_numbers(part: str, values: object) -> None:
    for name, array in array_fields(values).items():
        if array.dtype != np.float64:
            continue
        if name not in _MAY_BE_NAN and np.isnan(array).any():
            raise UnsoundProblem(f"{part}.{name} holds a value that is no number")
        if name not in _MAY_BE_INFINITE and np.isinf(array).any():
            raise UnsoundProblem(f"{part}.{name} holds an infinite value")


def _cycles(problem: BalanceProblem) -> list[Finding]:
    """A component that goes into itself: nothing could ever be made."""
    lines, product = problem.component_lines, problem.points.product
    uppers: dict[int, set[int]] = {}
    for parent, part in zip(product[lines.point], product[lines.component], strict=True):
        uppers.setdefault(int(part), set()).add(int(parent))
    found = []
    for start in sorted(uppers):
        seen, waiting = set(), list(uppers[start])
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                waiting += uppers.get(node, set())
        if start in seen:
            found.append(Finding("component_cycle", "error", "product", problem.products[start]))
    return found


def _fences(problem: BalanceProblem) -> list[Finding]:
    """Released production that needs more hours than a resource has in regular time, overtime and shifts."""
    points, resource, lines = problem.points, problem.resource, problem.routings
    fixed = np.zeros((len(resource), problem.months))
    np.add.at(fixed, lines.resource, lines.hours[:, None] * points.make_min[lines.point])
    most = resource.regular_hours + resource.overtime_max + resource.shift_max * resource.shift_hours
    most = np.where(resource.is_labour[:, None], np.inf, most)
    return [
        Finding(
            "fence_above_limit",
            "error",
            "resource",
            problem.resources[g],
            {"when": _month(problem, int(t)), "quantity": f"{fixed[g, t] - most[g, t]:,.1f}"},
        )
        for g, t in np.argwhere(fixed > most + TOLERANCE)
    ]


def _overstocked(problem: BalanceProblem) -> list[Finding]:
    """Stock above its limit from the start, which no plan can bring down sooner."""
    points = problem.points
    excess = unavoidable_stock(problem) - points.max_stock
    found = []
    for point in np.flatnonzero((excess > TOLERANCE).any(axis=1)):
        last = int(np.flatnonzero(excess[point] > TOLERANCE)[-1])
        key = f"{problem.products[points.product[point]]}|{problem.sites[points.site[point]]}"
        values = {"when": _month(problem, last), "quantity": f"{excess[point].max():,.0f}"}
        found.append(Finding("stock_above_limit", "warning", "product", key, values))
    return found


def _month(problem: BalanceProblem, offset: int) -> str:
    year, month = divmod(problem.first_month + offset, 12)
    return f"{year:04d}-{month + 1:02d}"
