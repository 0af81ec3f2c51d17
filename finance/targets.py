"""Budget and estimates by node, from rows that may stand at any level."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from masterdata.models import Target
from masterdata.selectors import get_company
from plans.hierarchy import Hierarchy, Node, Tree

Pair = tuple[int | None, int | None]  # product and org of a row; None is everything
_FIGURES = 3  # of a row: units, revenue, profit


@dataclass(frozen=True)
class TargetLine:
    """A target by month; ``None`` where no row gives the figure."""

    kind: str
    months: range
    units: list[int] | None
    revenue: list[int] | None
    profit: list[int] | None


@dataclass(frozen=True)
class TargetBook:
    """The rows of a kind over some months: (product, org) → units, revenue and profit by month, smallest units."""

    kind: str
    months: range
    hierarchy: Hierarchy
    rows: dict[Pair, list[list[int] | None]]

    def line(self, product: Node = None, org: Node = None) -> TargetLine:
        """The target under two nodes.

        Where one row stands above another only the upper one counts, so that nothing is counted twice. Rows above the
        asked node say nothing about it.
        """
        asked = self.hierarchy.products.id_of(product), self.hierarchy.orgs.id_of(org)
        above = {pair: self._above(pair) for pair in self.rows}
        inside = {pair for pair, uppers in above.items() if asked in uppers}
        top = [pair for pair in inside if not any(upper in inside for upper in above[pair] if upper != pair)]
        sums: list[list[int] | None] = [None] * _FIGURES
        for pair in top:
            for position, figures in enumerate(self.rows[pair]):
                if figures is not None:
                    before = sums[position] or [0] * len(self.months)
                    sums[position] = [a + b for a, b in zip(before, figures, strict=True)]
        return TargetLine(self.kind, self.months, *sums)

    def _above(self, pair: Pair) -> set[Pair]:
        """The pair itself and every pair of nodes that contains it."""
        orgs = _path(self.hierarchy.orgs, pair[1])
        return {(product, org) for product in _path(self.hierarchy.products, pair[0]) for org in orgs}


def load_targets(*, kind: str, months: range, hierarchy: Hierarchy) -> TargetBook:
    """The book of a kind."""
    company = get_company()
    scales = company.quantity_decimals, company.currency_decimals, company.currency_decimals
    rows: dict[Pair, list[list[int] | None]] = defaultdict(lambda: [None] * _FIGURES)
    found = Target.objects.filter(kind=kind, month__gte=months.start, month__lt=months.stop)
    for product, org, month, *figures in found.values_list(
        "product_id", "org_id", "month", "quantity", "revenue", "profit"
    ):
        row = rows[product, org]
        for position, (figure, scale) in enumerate(zip(figures, scales, strict=True)):
            if figure is not None:
                by_month = row[position] = row[position] or [0] * len(months)
                by_month[month - months.start] += round(figure * 10**scale)
    return TargetBook(kind, months, hierarchy, dict(rows))


def _path(tree: Tree, node: int | None) -> list[int | None]:
    """The node and everything above it."""
    everything = len(tree.ids)
    places = set(tree.paths[tree.position_of(node)].tolist())
    return [None if place == everything else int(tree.ids[place]) for place in places]
