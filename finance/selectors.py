"""Reading the plan in money: statements, targets, the four plans side by side, gaps and the bridge to budget.

All amounts are Python integers in the currency's minor unit, all quantities in the smallest unit.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np

from engine.money import explain_difference, value
from finance.lines import COST_LINES, PROFIT, REVENUE, REVENUE_UNCONSTRAINED, STATEMENT, UNIT_COST_LINES, VALUED
from finance.rates import load_cost_rates
from finance.targets import TargetBook, TargetLine, load_targets
from finance.valuation import INPUTS, compute_money, plan_months
from masterdata.choices import TargetKind
from masterdata.prices import load_price_rates
from masterdata.selectors import get_company, get_money_mark
from plans.cubes import Axis, Cube, Ints
from plans.hierarchy import Hierarchy, Node, load_hierarchy
from plans.selectors import get_heads, keep_figures, load_measure_state, load_measures

_READ = ("consensus", "constrained", REVENUE_UNCONSTRAINED, *STATEMENT)
_T = TypeVar("_T")


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

    def compare() -> bool:
        stored = load_measures(version_id=version_id, measures=VALUED)
        if not len(stored[REVENUE].axis):
            return False
        return all(cube.same_numbers(stored[code]) for code, cube in compute_money(version_id=version_id).items())

    heads = get_heads(version_id=version_id, measures=[*VALUED, *INPUTS])
    return keep_figures("is valued", heads, plan_months(version_id), get_money_mark(), make=compare)


class MoneyView:
    """The money of one version over a window, answered by node.

    ``months`` default to the cycle's horizon. Every answer is kept for the state of the plan, the prices and targets it
    was made from; the cubes are loaded, once, when one has to be made.
    """

    def __init__(self, *, version_id: int, months: range | None = None, hierarchy: Hierarchy | None = None) -> None:
        self.months = months or plan_months(version_id)
        self.hierarchy = hierarchy or load_hierarchy()
        self.company = get_company()
        self._heads = get_heads(version_id=version_id, measures=_READ)
        self._marks = self.months, self.hierarchy.sha, get_money_mark()

    @property
    def is_valued(self) -> bool:
        """Whether the plan was ever valued; until then it has no money, not money of nothing."""
        return self._keep("valued", lambda: bool(len(load_measure_state(REVENUE, self._heads).block.axis)))

    def statement(self, product: Node = None, org: Node = None) -> Statement:
        """The statement of everything under two nodes."""
        return self._keep(("statement", product, org), lambda: self._statement(product, org))

    def target(self, kind: str, product: Node = None, org: Node = None) -> TargetLine:
        """The target of a kind under two nodes, from the rows given for it."""
        return self._keep(("target", kind, product, org), lambda: self._targets[kind].line(product, org))

    def columns(self, product: Node = None, org: Node = None) -> list[PlanColumn]:
        """Unconstrained, constrained, budget and latest estimate side by side.

        The unconstrained profit takes the constrained plan's stock and operating costs. A plan that was never valued
        has neither revenue nor profit.
        """
        return self._keep(("columns", product, org), lambda: self._columns(product, org))

    def gaps(self, *, level: str | None = None, least_units: int = 1) -> list[Gap]:
        """Product nodes and months short of demand, dearest first. ``level`` defaults to series."""
        return self._keep(("gaps", level, least_units), lambda: self._gaps(level, least_units))

    def bridge(self, kind: str = "budget") -> Bridge | None:
        """Why the plan's profit differs from a target's; ``None`` when the target gives no profit."""
        return self._keep(("bridge", kind), lambda: self._bridge(kind))

    def _keep(self, what: Hashable, make: Callable[[], _T]) -> _T:
        return keep_figures(("money", what), self._heads, *self._marks, make=make)

    @cached_property
    def _loaded(self) -> tuple[Axis, dict[str, Cube]]:
        """Every cube over one axis."""
        cubes = {code: load_measure_state(code, self._heads).cube(months=self.months) for code in _READ}
        axis = cubes["consensus"].axis
        for cube in cubes.values():
            axis = axis.union(cube.axis.keys)
        return axis, {code: cube.align(axis) for code, cube in cubes.items()}

    @property
    def axis(self) -> Axis:
        """The rows that any measure has."""
        return self._loaded[0]

    @property
    def _cubes(self) -> dict[str, Cube]:
        return self._loaded[1]

    @cached_property
    def _targets(self) -> dict[str, TargetBook]:
        return {
            kind: load_targets(kind=kind, months=self.months, hierarchy=self.hierarchy) for kind in TargetKind.values
        }

    def _statement(self, product: Node, org: Node) -> Statement:
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

    def _columns(self, product: Node, org: Node) -> list[PlanColumn]:
        plan = self.statement(product, org)
        rows = self.hierarchy.leaf_rows(self.axis, product, org)
        free_cost = int(self._unit_cost("consensus")[rows].sum())
        other = sum(plan.total(code) for code in COST_LINES if code not in UNIT_COST_LINES)
        free_revenue = sum(plan.revenue_unconstrained)
        free: tuple[int | None, int | None] = (free_revenue, free_revenue - free_cost - other)
        own: tuple[int | None, int | None] = (plan.total(REVENUE), plan.total(PROFIT))
        if not self.is_valued:
            free = own = (None, None)
        columns = [
            PlanColumn("unconstrained", sum(plan.units_unconstrained), *free),
            PlanColumn("constrained", sum(plan.units), *own),
        ]
        for kind in ("budget", "le"):
            line = self.target(kind, product, org)
            columns.append(PlanColumn(kind, _sum(line.units), _sum(line.revenue), _sum(line.profit)))
        return columns

    def _gaps(self, level: str | None, least_units: int) -> list[Gap]:
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

    def _bridge(self, kind: str) -> Bridge | None:
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


def _sum(numbers: list[int] | None) -> int | None:
    return None if numbers is None else sum(numbers)
