"""Reading the plan in money: statements, targets, the four plans side by side, gaps and the bridge to budget.

All amounts are Python integers in the currency's minor unit, all quantities in the smallest unit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from engine.money import explain_difference, value
from finance.lines import COST_LINES, PROFIT, REVENUE, REVENUE_UNCONSTRAINED, STATEMENT, UNIT_COST_LINES, VALUED
from finance.rates import load_cost_rates
from finance.valuation import compute_money, plan_months
from masterdata.models import Target
from masterdata.prices import load_price_rates
from masterdata.selectors import get_company
from plans.cubes import Cube, Ints
from plans.hierarchy import Hierarchy, Node, Tree, load_hierarchy
from plans.selectors import load_measures

_QUANTITIES = ("consensus", "constrained")


@dataclass(frozen=True)
class Statement:
    """One income statement by month. ``lines`` holds the statement's lines, ``units`` what is sold."""

    months: range
    lines: dict[str, list[int]]
    units: list[int]
    units_unconstrained: list[int]
    revenue_unconstrained: list[int]

    def total(self, line: str) -> int:
        return sum(self.lines[line])

    @property
    def margin(self) -> float | None:
        """Profit over revenue; ``None`` without revenue."""
        revenue = self.total(REVENUE)
        return self.total(PROFIT) / revenue if revenue else None


@dataclass(frozen=True)
class TargetLine:
    """A target by month; ``None`` where no row gives the figure."""

    kind: str
    months: range
    units: list[int] | None
    revenue: list[int] | None
    profit: list[int] | None


@dataclass(frozen=True)
class PlanColumn:
    """One of the plans side by side, over the whole window. Undefined figures are ``None``."""

    code: str  # unconstrained, constrained, budget, le
    units: int | None
    revenue: int | None
    profit: int | None

    @property
    def margin(self) -> float | None:
        return self.profit / self.revenue if self.revenue and self.profit is not None else None


@dataclass(frozen=True)
class Gap:
    """Where the constrained plan misses the demand: one product node and month."""

    product: int
    month: int
    demand: int
    constrained: int
    revenue_lost: int
    margin_lost: int

    @property
    def short(self) -> int:
        return self.demand - self.constrained


@dataclass(frozen=True)
class Bridge:
    """From the target's profit to the plan's: (cause, amount) in order; their sum closes the gap exactly."""

    start: int
    end: int
    causes: list[tuple[str, int]] = field(default_factory=list)


def is_valued(*, version_id: int) -> bool:
    """Whether the stored money is what the plan's quantities and today's prices and costs give."""
    stored = load_measures(version_id=version_id, measures=VALUED)
    return all(cube.same_numbers(stored[code]) for code, cube in compute_money(version_id=version_id).items()) and bool(
        len(stored[REVENUE].axis)
    )


class MoneyView:
    """The money of one version over a window; loads each cube once, then answers by node.

    ``months`` default to the cycle's horizon.
    """

    def __init__(self, *, version_id: int, months: range | None = None, hierarchy: Hierarchy | None = None) -> None:
        self.months = months or plan_months(version_id)
        self.hierarchy = hierarchy or load_hierarchy()
        self.company = get_company()
        cubes = load_measures(
            version_id=version_id, measures=[*_QUANTITIES, REVENUE_UNCONSTRAINED, *STATEMENT], months=self.months
        )
        axis = cubes["consensus"].axis
        for cube in cubes.values():
            axis = axis.union(cube.axis.keys)
        self.axis = axis
        self._cubes = {code: cube.align(axis) for code, cube in cubes.items()}

    def statement(self, product: Node = None, org: Node = None) -> Statement:
        """The statement of everything under two nodes."""
        rows = self.hierarchy.leaf_rows(self.axis, product, org)

        def by_month(code: str) -> list[int]:
            return [int(x) for x in self._cubes[code].values[rows].sum(axis=0)]

        return Statement(
            months=self.months,
            lines={code: by_month(code) for code in STATEMENT},
            units=by_month("constrained"),
            units_unconstrained=by_month("consensus"),
            revenue_unconstrained=by_month(REVENUE_UNCONSTRAINED),
        )

    def target(self, kind: str, product: Node = None, org: Node = None) -> TargetLine:
        """The target of a kind under two nodes, from the rows given for it."""
        return load_target(kind=kind, months=self.months, hierarchy=self.hierarchy, product=product, org=org)

    def columns(self, product: Node = None, org: Node = None) -> list[PlanColumn]:
        """Unconstrained, constrained, budget and latest estimate side by side.

        The unconstrained profit takes the constrained plan's stock and operating costs.
        """
        plan = self.statement(product, org)
        rows = self.hierarchy.leaf_rows(self.axis, product, org)
        free_cost = int(self._unit_cost("consensus")[rows].sum())
        other = sum(plan.total(code) for code in COST_LINES if code not in UNIT_COST_LINES)
        free_revenue = sum(plan.revenue_unconstrained)
        columns = [
            PlanColumn("unconstrained", sum(plan.units_unconstrained), free_revenue, free_revenue - free_cost - other),
            PlanColumn("constrained", sum(plan.units), plan.total(REVENUE), plan.total(PROFIT)),
        ]
        for kind in ("budget", "le"):
            line = self.target(kind, product, org)
            columns.append(PlanColumn(kind, _sum(line.units), _sum(line.revenue), _sum(line.profit)))
        return columns

    def gaps(self, *, level: str | None = None, least_units: int = 1) -> list[Gap]:
        """Product nodes and months short of demand, dearest first. ``level`` defaults to series."""
        short = self._cubes["consensus"].values - self._cubes["constrained"].values
        margin = short * self._unit_margin
        revenue = self._cubes[REVENUE_UNCONSTRAINED].values - self._cubes[REVENUE].values
        found = []
        for node in self._nodes(level):
            rows = self.hierarchy.leaf_rows(self.axis, node)
            units = short[rows].sum(axis=0)
            for column in np.flatnonzero(units >= least_units):
                found.append(
                    Gap(
                        product=node,
                        month=self.months[int(column)],
                        demand=int(self._cubes["consensus"].values[rows, column].sum()),
                        constrained=int(self._cubes["constrained"].values[rows, column].sum()),
                        revenue_lost=int(revenue[rows, column].sum()),
                        margin_lost=int(margin[rows, column].sum()),
                    )
                )
        return sorted(found, key=lambda gap: (-gap.margin_lost, gap.month, gap.product))

    def bridge(self, kind: str = "budget") -> Bridge | None:
        """Why the plan's profit differs from a target's; ``None`` when the target gives no profit."""
        base = self.target(kind)
        if base.profit is None or base.units is None:
            return None
        nodes = self._nodes(None)
        targets = [self.target(kind, node) for node in nodes]
        rows = [self.hierarchy.leaf_rows(self.axis, node) for node in nodes]
        wanted = self._cubes["consensus"].values
        free = self._cubes[REVENUE_UNCONSTRAINED].values - self._unit_cost("consensus")
        causes = explain_difference(
            np.array([int(wanted[r].sum()) for r in rows], np.int64),
            np.array([int(free[r].sum()) for r in rows], np.int64),
            np.array([_sum(line.units) or 0 for line in targets], np.int64),
            np.array([_sum(line.profit) or 0 for line in targets], np.int64),
        )
        plan = self.statement()
        start, end = sum(base.profit), plan.total(PROFIT)
        sold_margin = plan.total(REVENUE) - sum(plan.total(code) for code in UNIT_COST_LINES)
        steps = [*causes.items(), ("short", sold_margin - int(free.sum()))]
        steps += [(code, -plan.total(code)) for code in COST_LINES if code not in UNIT_COST_LINES]
        rest = end - start - sum(amount for _, amount in steps)  # targets or demand outside the series level
        return Bridge(start, end, [(code, amount) for code, amount in [*steps, ("other", rest)] if amount])

    def _nodes(self, level: str | None) -> list[int]:
        """Product nodes of a level; by default series, else the level below the root, else the roots."""
        tree = self.hierarchy.products
        for name in [level] if level else ["series", "family"]:
            if name and len(found := tree.at_level(name)):
                return [int(node) for node in found]
        roots = [int(node) for node in tree.children_of(None)]
        below = [int(child) for root in roots for child in tree.children_of(root)]
        return below or roots

    @cached_property
    def _rates(self) -> dict[str, Ints]:
        rates = load_cost_rates(self.axis.keys, self.months, UNIT_COST_LINES)
        return {**rates, REVENUE: load_price_rates(self.axis.keys, self.months, company=self.company)}

    @cached_property
    def _unit_margin(self) -> Ints:
        """Margin per smallest unit in minor currency units, rounded; for ranking what is lost."""
        one = Cube(
            self.axis, self.months.start, np.ones(self._cubes["consensus"].values.shape, np.int64), "quantity", 0
        )
        scale = self._cubes["consensus"].scale
        amounts = {
            code: value(one.values, rate, quantity_scale=scale, money_scale=self.company.currency_decimals)
            for code, rate in self._rates.items()
        }
        return amounts[REVENUE] - sum(amounts[code] for code in UNIT_COST_LINES)

    def _unit_cost(self, quantity: str) -> Ints:
        cube = self._cubes[quantity]
        return sum(
            (
                value(
                    cube.values,
                    self._rates[code],
                    quantity_scale=cube.scale,
                    money_scale=self.company.currency_decimals,
                )
                for code in UNIT_COST_LINES
            ),
            start=np.zeros(cube.values.shape, np.int64),
        )


def load_target(
    *, kind: str, months: range, hierarchy: Hierarchy, product: Node = None, org: Node = None
) -> TargetLine:
    """A target by month under two nodes.

    Rows may stand at any level; where one stands above another only the upper one counts, so that nothing is
    counted twice. Rows above the asked node say nothing about it.
    """
    company = get_company()
    rows = list(
        Target.objects.filter(kind=kind, month__gte=months.start, month__lt=months.stop).values_list(
            "product_id", "org_id", "month", "quantity", "revenue", "profit"
        )
    )
    inside = [row for row in rows if _is_under(hierarchy, row[0], row[1], product, org)]
    nodes = {(row[0], row[1]) for row in inside}
    top = {pair for pair in nodes if not any(_is_above(hierarchy, other, pair) for other in nodes if other != pair)}
    sums: dict[int, list[int] | None] = {3: None, 4: None, 5: None}
    scales = {3: company.quantity_decimals, 4: company.currency_decimals, 5: company.currency_decimals}
    for row in inside:
        if (row[0], row[1]) not in top:
            continue
        for position, scale in scales.items():
            if row[position] is not None:
                by_month = sums[position] = sums[position] or [0] * len(months)
                by_month[row[2] - months.start] += round(row[position] * 10**scale)
    return TargetLine(kind, months, sums[3], sums[4], sums[5])


def _is_under(hierarchy: Hierarchy, row_product: int | None, row_org: int | None, product: Node, org: Node) -> bool:
    pairs = ((hierarchy.products, row_product, product), (hierarchy.orgs, row_org, org))
    return all(_contains(tree, node, row) for tree, row, node in pairs)


def _is_above(hierarchy: Hierarchy, upper: tuple[int | None, int | None], lower: tuple[int | None, int | None]) -> bool:
    return _contains(hierarchy.products, upper[0], lower[0]) and _contains(hierarchy.orgs, upper[1], lower[1])


def _contains(tree: Tree, node: Node, inner: int | None) -> bool:
    """Whether ``inner`` is ``node`` or below it; everything contains all."""
    if node is None:
        return True
    position = tree.position_of(node)
    return inner is not None and bool((tree.paths[tree.position_of(inner)] == position).any())


def _sum(numbers: list[int] | None) -> int | None:
    return None if numbers is None else sum(numbers)
