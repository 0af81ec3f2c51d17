"""The rows and months of a cycle's demand plan, and the weights its totals are split by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.errors import Missing
from cycles.models import Cycle
from demand.lifecycle import Lifecycle
from demand.models import Order, StreamInput
from demand.selectors.sources import OPEN_STATUSES, load_lifecycle
from demand.splitting import NodeTotal
from masterdata.models import Company
from plans.choices import AxisKind
from plans.cubes import Axis, Cube
from plans.hierarchy import Hierarchy, load_hierarchy
from plans.selectors import get_actuals_version, get_working_version, load_measure

Ints = NDArray[np.int64]
TotalRow = tuple[int | None, int | None, int, Decimal]  # product id, org id, month, quantity; None = everything
WEIGHT_MONTHS = 12


@dataclass(frozen=True)
class Frame:
    """What a cycle plans: leaf pairs × the months of its horizon. ``scale``: decimals of a quantity."""

    version_id: int
    axis: Axis
    first_month: int
    horizon: int
    scale: int
    hierarchy: Hierarchy
    actual: Cube

    @property
    def months(self) -> range:
        return range(self.first_month, self.first_month + self.horizon)

    @cached_property
    def lifecycle(self) -> Lifecycle:
        return load_lifecycle(self.axis)

    @cached_property
    def on_sale(self) -> NDArray[np.bool_]:
        return self.lifecycle.is_sold(self.first_month, self.horizon)

    def cube(self, values: Ints, present: NDArray[np.bool_] | None = None) -> Cube:
        """A quantity cube over the frame."""
        return Cube(self.axis, self.first_month, values, "quantity", self.scale, present)

    def history_weights(self) -> Ints:
        """int64 [rows, months]: units of the last twelve closed months, 0 where the product is not on sale."""
        sold = self.actual.align(self.axis).window(self.first_month - WEIGHT_MONTHS, WEIGHT_MONTHS)
        return np.where(self.on_sale, np.maximum(sold.values.sum(axis=1, keepdims=True), 0), 0)

    def org_weights(self) -> Ints:
        """int64 [rows, months]: what each row's org sells in all. For products without a history of their own."""
        weights = self.history_weights().max(axis=1)
        orgs, groups = np.unique(self.axis.keys[:, 1], return_inverse=True)
        sold = np.zeros(len(orgs), dtype=np.int64)
        np.add.at(sold, groups, weights)
        return np.where(self.on_sale, sold[groups][:, None], 0)

    def to_nodes(self, rows: Iterable[TotalRow]) -> tuple[list[NodeTotal], list[TotalRow]]:
        """Figures of any level as node totals, and the rows that reach no leaf or no planned month."""
        by_node: dict[tuple[int | None, int | None], list[TotalRow]] = defaultdict(list)
        lost: list[TotalRow] = []
        for row in rows:
            (by_node[row[0], row[1]] if row[2] in self.months else lost).append(row)
        nodes: list[NodeTotal] = []
        for (product, org), figures in by_node.items():
            leaves = self.hierarchy.leaf_rows(self.axis, product, org)
            if len(leaves):
                nodes.append(self._node(product, org, leaves, figures))
            else:
                lost += figures
        return nodes, lost

    def find_leaves(self, nodes: Iterable[tuple[int, int]]) -> list[int]:
        """Row of each pair that is a leaf of the plan, −1 for the others: most orders name one."""
        return self.axis.rows_of(list(nodes)).tolist()

    def _node(self, product: int | None, org: int | None, leaves: Ints, figures: list[TotalRow]) -> NodeTotal:
        products, orgs = self.hierarchy.products, self.hierarchy.orgs
        depth = (int(products.depths[products.position_of(product)]), int(orgs.depths[orgs.position_of(org)]))
        totals, given = np.zeros(self.horizon, dtype=np.int64), np.zeros(self.horizon, dtype=bool)
        for _product, _org, month, quantity in figures:
            totals[month - self.first_month] = int(quantity.scaleb(self.scale).to_integral_value())
            given[month - self.first_month] = True
        return NodeTotal(leaves, depth, totals, given)


def load_frame(cycle: Cycle) -> Frame:
    """The frame of a cycle's working plan. Raises ``Missing`` before the cycle has one."""
    actual = load_actual()
    hierarchy = load_hierarchy()
    company = Company.objects.first()
    return Frame(
        version_id=get_working_version(cycle).pk,
        axis=_plan_axis(actual, hierarchy, cycle.month),
        first_month=cycle.month,
        horizon=cycle.horizon,
        scale=company.quantity_decimals if company else 0,
        hierarchy=hierarchy,
        actual=actual,
    )


def load_actual(measure: str = "actual") -> Cube:
    """All loaded history of a measure; an empty cube before anything was loaded."""
    try:
        version = get_actuals_version()
        return load_measure(version_id=version.pk, measure=measure)
    except Missing:
        return Cube.empty(Axis.of(AxisKind.PRODUCT_ORG, []), first_month=0, ncols=0, unit="quantity")


def _plan_axis(actual: Cube, hierarchy: Hierarchy, first_month: int) -> Axis:
    """Every leaf pair with sales, an order or a departmental figure, and new products wherever the company sells."""
    keys = [actual.axis.keys]
    for rows in (Order.objects.filter(status__in=OPEN_STATUSES), StreamInput.objects.filter(month__gte=first_month)):
        pairs = rows.values_list("product", "org").distinct()
        keys.append(np.array(list(pairs), dtype=np.int64).reshape(-1, 2))
    axis = Axis.of(AxisKind.PRODUCT_ORG, np.concatenate(keys))
    products, orgs = hierarchy.products, hierarchy.orgs
    leaf_products, leaf_orgs = products.ids[products.is_leaf], orgs.ids[orgs.is_leaf]
    inside = np.isin(axis.keys[:, 0], leaf_products) & np.isin(axis.keys[:, 1], leaf_orgs)
    axis = Axis(axis.kind, axis.keys[inside])
    selling = np.unique(axis.keys[:, 1]) if len(axis) else leaf_orgs
    new = np.setdiff1d(leaf_products, axis.keys[:, 0])
    return axis.union(np.column_stack([np.repeat(new, len(selling)), np.tile(selling, len(new))]))
