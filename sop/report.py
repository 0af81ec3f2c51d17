"""The result of a played month as one JSON-ready document (``run_cycle --json``)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np

from core.months import format_month
from cycles.models import Cycle
from demand.measures import FLEX_CAPACITY, FLEX_MATERIAL
from demand.selectors.flex import load_flex_cubes
from finance.lines import COST_LINES
from finance.selectors import MoneyView
from masterdata.models import Resource
from masterdata.selectors import get_company
from plans.cubes import Cube
from plans.hierarchy import Hierarchy, load_hierarchy
from plans.models import Version
from plans.selectors import get_working_version, load_measures
from supply.models import BalanceRun, Release, Shortage
from supply.wording import Names, say_cause, say_option

BY_FAMILY = ("baseline", "consensus", "constrained", "short", "production", "stock_end")
BY_RESOURCE = ("load_hours", "available_hours")
Table = dict[str, dict[str, int | float]]


def build_report(cycle: Cycle, *, seconds: dict[str, float]) -> dict[str, Any]:
    """Snapshot, release, totals per family and month, load, shortages, options, balance, finance, seconds per step."""
    version = get_working_version(cycle)
    months = range(cycle.month, cycle.month + cycle.horizon)
    cubes = load_measures(version_id=version.pk, measures=[*BY_FAMILY, *BY_RESOURCE], months=months)
    hierarchy = load_hierarchy()
    run = BalanceRun.objects.filter(version__cycle=cycle).order_by("-pk").first()
    release = Release.objects.filter(cycle=cycle).order_by("-number").first()
    return {
        "cycle": format_month(cycle.month),
        "horizon": cycle.horizon,
        "state": cycle.state,
        "currency": get_company().currency,
        "snapshot": version.snapshot_code,
        "release": release.number if release else None,
        **{measure: _by_family(cubes[measure], hierarchy) for measure in BY_FAMILY},
        **{measure: _by_resource(cubes[measure]) for measure in BY_RESOURCE},
        "band": _band(version, cubes["constrained"], hierarchy),
        "shortages": _shortages(run),
        "options": _options(run),
        "balance": _balance(run),
        "finance": _finance(version, months),
        "seconds": {**seconds, "total": round(sum(seconds.values()), 3)},
    }


def list_family_nodes(hierarchy: Hierarchy) -> list[int]:
    """Products of the level “family”; without such a level the nodes below the root, or the roots."""
    tree = hierarchy.products
    if len(families := tree.at_level("family")):
        return [int(node) for node in families]
    roots = [int(node) for node in tree.children_of(None)]
    return [int(child) for root in roots for child in tree.children_of(root)] or roots


def _by_family(cube: Cube, hierarchy: Hierarchy) -> Table:
    """Family code → month → total; products outside every family under their own code."""
    tree = hierarchy.products
    sums: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(cube.ncols, np.int64))
    taken = np.zeros(len(cube.axis), bool)
    for node in list_family_nodes(hierarchy):
        rows = np.isin(cube.axis.keys[:, 0], tree.leaves_under(node))
        sums[tree.code_of(node)] += cube.values[rows].sum(axis=0)
        taken |= rows
    for row in np.flatnonzero(~taken):
        sums[tree.code_of(int(cube.axis.keys[row, 0]))] += cube.values[row]
    return {code: _months(numbers, cube) for code, numbers in sorted(sums.items())}


def _band(version: Version, constrained: Cube, hierarchy: Hierarchy) -> dict[str, Table]:
    """The flex band round the constrained plan: demand ≤ capacity prepared ≤ core material secured (R-055)."""
    edges = load_flex_cubes(version_id=version.pk, figures=constrained, hierarchy=hierarchy)
    named = {"demand": constrained, "capacity": edges[FLEX_CAPACITY], "material": edges[FLEX_MATERIAL]}
    return {name: _by_family(cube, hierarchy) for name, cube in named.items()}


def _by_resource(cube: Cube) -> Table:
    codes = dict(Resource.objects.values_list("pk", "code"))
    rows = zip(cube.axis.keys[:, 0].tolist(), cube.values, strict=True)
    return {code: _months(numbers, cube) for code, numbers in sorted((codes[pk], numbers) for pk, numbers in rows)}


def _months(numbers: Iterable[int], cube: Cube) -> dict[str, int | float]:
    return {format_month(month): _unscaled(int(n), cube.scale) for month, n in zip(cube.months, numbers, strict=True)}


def _unscaled(number: int, scale: int) -> int | float:
    return number if scale == 0 else number / 10**scale


def _shortages(run: BalanceRun | None) -> list[dict[str, Any]]:
    if run is None:
        return []
    company = get_company()
    names = Names(kinds=dict(Resource.objects.values_list("code", "kind")))
    rows = Shortage.objects.filter(run=run).select_related("product", "org").order_by("-margin", "pk")
    return [
        {
            "product": row.product.code,
            "org": row.org.code,
            "month": format_month(row.month),
            "quantity": _unscaled(row.quantity, company.quantity_decimals),
            "value": _unscaled(row.revenue, company.currency_decimals),
            "margin": _unscaled(row.margin, company.currency_decimals),
            "cause": {
                "kind": row.cause,
                "code": row.code,
                "text": say_cause(row.cause, row.code, row.cause_month, is_confirmed=row.is_confirmed, names=names),
            },
        }
        for row in rows
    ]


def _options(run: BalanceRun | None) -> list[dict[str, Any]]:
    if run is None:
        return []
    company = get_company()
    return [
        {
            "kind": option.kind,
            "code": option.code,
            "title": say_option(option.kind, option.target or option.code),
            "units": _unscaled(option.units, company.quantity_decimals),
            "gain": _unscaled(option.gain, company.currency_decimals),
            "cost": _unscaled(option.cost, company.currency_decimals),
            "revenue": _unscaled(option.revenue, company.currency_decimals),
            "decide_by": option.decide_by.isoformat(),
            "in_plan": option.in_plan,
        }
        for option in run.options.all()
    ]


def _balance(run: BalanceRun | None) -> dict[str, Any] | None:
    """How good the plan is: ``gap`` the proven share of the best it may be short of, and whether all was priced."""
    if run is None:
        return None
    return {
        "status": run.status,
        "gap": round(run.gap, 6),
        "method": run.method,
        "causes_confirmed": run.is_explained,
        "options_priced": run.options_done,
        "options_total": run.options_total,
    }


def _finance(version: Version, months: range) -> dict[str, Any]:
    view = MoneyView(version_id=version.pk, months=months)
    scale = view.company.currency_decimals
    statement = view.statement()
    figures: dict[str, Any] = {
        line: _unscaled(statement.total(line), scale) for line in ("revenue", *COST_LINES, "profit")
    }
    figures["margin"] = statement.margin
    figures["by_month"] = {
        line: {format_month(m): _unscaled(n, scale) for m, n in zip(months, statement.lines[line], strict=True)}
        for line in statement.lines
    }
    plan = {"units": sum(statement.units), "revenue": statement.total("revenue"), "profit": statement.total("profit")}
    figures["units"] = _unscaled(plan["units"], view.company.quantity_decimals)
    for kind in ("budget", "le"):
        target = view.target(kind)
        figures[f"against_{kind}"] = {
            name: None
            if goal is None
            else _unscaled(plan[name] - sum(goal), view.company.quantity_decimals if name == "units" else scale)
            for name, goal in (("units", target.units), ("revenue", target.revenue), ("profit", target.profit))
        }
    return figures
