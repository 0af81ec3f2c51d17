"""Before and after solving: what in the inputs makes no sense, and which rules had to be broken.

Nothing here stops a plan; the model is elastic. A finding says what will look odd in the result and why.
"""

from __future__ import annotations

import numpy as np

from engine.balancing.contracts import BalancePlan, BalanceProblem, Finding, Slack, array_fields
from engine.balancing.derived import unavoidable_stock
from engine.balancing.extract import TOLERANCE

OPINION_TOLERANCE = 1e-6  # relative
FAR_APART = 1e6  # times the smallest
LITTLE = 1e-4  # units or hours of which nothing more can be made, by unit that is missing
_MAY_BE_NAN = {"outsource_cost", "lost_cost", "reference"}
_BROKEN = {  # row family of a slack → finding
    "Stock-limit": "stock_limit_broken",
    "Storage-upper": "storage_limit_broken",
    "End-stock": "end_stock_missed",
    "Release-range": "frozen_cut",
}
_MAY_BE_INFINITE = {"make_max", "outsource_max", "max_stock", "buy_max", "quantity", "shelf_months", "opening_kept"}


class UnsoundProblem(ValueError):
    """A number is missing, infinite or negative where it cannot be: part, field and business code are named."""


def check_problem(problem: BalanceProblem) -> tuple[Finding, ...]:
    """Findings on a problem. Raises ``UnsoundProblem`` on numbers no model can take (NaN, infinity)."""
    for part in ("points", "demand", "lanes", "transfers", "resource", "material", "supplier", "storage"):
        _check_numbers(part, getattr(problem, part))
    return tuple(_cycles(problem) + _fences(problem) + _overstocked(problem) + _cheap_overtime(problem))


def check_plan(problem: BalanceProblem, plan: BalancePlan) -> tuple[Finding, ...]:
    """One finding per broken rule, in business words, and one when two solvers disagree on the best plan."""
    broken = tuple(_broken(problem, plan, slack) for slack in plan.slacks)
    left_out = [Finding(f"no_{what}", "warning", "plan", "") for what in plan.solver.left_out]
    apart = figures_apart(problem) if left_out else []
    return _opinions(plan) + broken + tuple(_small_orders(problem, plan)) + tuple(left_out + apart)


def figures_apart(problem: BalanceProblem) -> list[Finding]:
    """The largest figure of each kind that is more than a million times the smallest: what defeats solvers."""
    lines, demand, points = problem.routings, problem.demand, problem.points
    made = [problem.products[k] for k in points.product]
    routed = [f"{made[p]}|{problem.resources[g]}" for p, g in zip(lines.point, lines.resource, strict=True)]
    kinds = (
        ("hours_apart", lines.hours, routed),
        ("units_apart", demand.quantity.max(axis=1, initial=0.0), [problem.products[k] for k in demand.product]),
        ("costs_apart", points.make_cost.max(axis=1, initial=0.0), made),
    )
    found = []
    for code, values, keys in kinds:
        some = np.flatnonzero(values > 0)
        if len(some) and values[some].max() > FAR_APART * values[some].min():
            low, high = some[values[some].argmin()], some[values[some].argmax()]
            figures = {"least": f"{values[low]:,.6g}", "most": f"{values[high]:,.6g}", "other": keys[low]}
            found.append(Finding(code, "warning", "product", keys[high], figures))
    return found


def _small_orders(problem: BalanceProblem, plan: BalancePlan) -> list[Finding]:
    """Materials of which the plan buys less than the supplier's least order in some month."""
    material, bought = problem.material, plan.purchases
    small = (bought > TOLERANCE) & (bought < material.min_order[:, None] - TOLERANCE)
    return [
        Finding(
            "order_too_small",
            "info",
            "material",
            f"{problem.materials[material.material[place]]}|{problem.sites[material.site[place]]}",
            {
                "when": _month(problem, int(np.flatnonzero(small[place])[0])),
                "quantity": f"{bought[place][small[place]][0]:,.2f}",
                "least": f"{material.min_order[place]:,.2f}",
                "count": str(int(small[place].sum())),
            },
        )
        for place in np.flatnonzero(small.any(axis=1))
    ]


def _broken(problem: BalanceProblem, plan: BalancePlan, slack: Slack) -> Finding:
    values = {"when": _month(problem, slack.month), "quantity": f"{slack.quantity:,.2f}"}
    if slack.family == "Release-range":
        values["missing"] = ", ".join(_used_up(problem, plan, slack))
    return Finding(_BROKEN[slack.family], "error", slack.family, "|".join(slack.key), values)


def _used_up(problem: BalanceProblem, plan: BalancePlan, slack: Slack) -> list[str]:
    """Codes of the materials, components and resources of which nothing is left for more of a frozen production."""
    product, site = problem.products.index(slack.key[0]), problem.sites.index(slack.key[1])
    point = (problem.points.product == product) & (problem.points.site == site)
    parts, lines, machines = problem.material_lines, problem.component_lines, problem.routings
    resource = problem.resource
    overtime = resource.overtime_max + resource.overtime_per_person * plan.headcount
    room = plan.available + overtime + resource.shift_max * resource.shift_hours - plan.load
    left = [
        (problem.materials, problem.material.material, parts.material_point[point[parts.point]], plan.material_stock),
        (problem.products, problem.points.product, lines.component[point[lines.point]], plan.stock),
        (problem.resources, np.arange(len(problem.resource)), machines.resource[point[machines.point]], room),
    ]
    return sorted(
        codes[owner[place]]
        for codes, owner, used, values in left
        for place in used.tolist()
        if values[place, slack.month] <= LITTLE * max(1.0, slack.quantity)
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


def _cheap_overtime(problem: BalanceProblem) -> list[Finding]:
    """Resources whose overtime is said to cost less than their regular hours."""
    resource = problem.resource
    cheap = (resource.overtime_cost > 0) & (resource.overtime_cost < resource.regular_cost)
    codes = [problem.resources[g] for g in np.flatnonzero(cheap.any(axis=1))]
    return [Finding("overtime_cheap", "warning", "resource", code) for code in codes]


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
