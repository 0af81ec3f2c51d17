"""Gaps between demand and supply that are large enough to need an answer."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import Missing
from cycles.models import Cycle
from finance.lines import REVENUE
from finance.selectors import MoneyView
from meetings.choices import DecisionSource, DecisionState
from meetings.models import GapNote
from meetings.selectors.attendance import get_rule
from plans.hierarchy import Hierarchy
from plans.selectors import get_working_version
from supply.selectors.runs import get_latest_run


@dataclass(frozen=True)
class MaterialGap:
    """A product node and month short of demand by more than the threshold; the note or decision that answers it."""

    product: int
    month: int
    short: int
    planned: int
    revenue_lost: int
    margin_lost: int
    is_answered: bool


def list_material_gaps(cycle: Cycle) -> list[MaterialGap]:
    """Gaps of the cycle's working plan whose lost revenue reaches the threshold, dearest first.

    The threshold is a share of the plan's revenue (``MeetingRule.gap_share``). Empty while there is no plan.
    """
    try:
        version = get_working_version(cycle)
    except Missing:
        return []
    view = MoneyView(version_id=version.pk)
    revenue = view.statement().total(REVENUE)
    least = get_rule().gap_share * revenue
    answered = set(GapNote.objects.filter(cycle=cycle).values_list("product_id", "month"))
    asked = _AskedBottlenecks(cycle, version.pk)
    return [
        MaterialGap(
            product=gap.product,
            month=gap.month,
            short=gap.short,
            planned=gap.constrained,
            revenue_lost=gap.revenue_lost,
            margin_lost=gap.margin_lost,
            is_answered=_is_answered(gap.product, gap.month, answered, view.hierarchy)
            or asked.hold_back(view.hierarchy.products.leaves_under(gap.product).tolist(), gap.month),
        )
        for gap in view.gaps()
        if gap.revenue_lost >= least
    ]


def list_gap_products(gaps: list[MaterialGap]) -> dict[int, list[MaterialGap]]:
    """Gaps by product node, the product that loses most first."""
    grouped: dict[int, list[MaterialGap]] = {}
    for gap in gaps:
        grouped.setdefault(gap.product, []).append(gap)
    lost = {product: sum(gap.margin_lost for gap in found) for product, found in grouped.items()}
    return dict(sorted(grouped.items(), key=lambda item: (-lost[item[0]], item[0])))


class _AskedBottlenecks:
    """Bottlenecks that items of the decision list ask about, and which shortages wait for them."""

    def __init__(self, cycle: Cycle, version_id: int) -> None:
        items = cycle.decisions.filter(source=DecisionSource.SUPPLY).exclude(state=DecisionState.REJECTED)
        self.codes = {code for facts in items.values_list("facts", flat=True) for code in facts.get("bottlenecks", [])}
        run = get_latest_run(version_id) if self.codes else None
        self._blamed: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
        rows = run.shortages.values_list("product_id", "month", "code", "quantity") if run else ()
        for product, month, code, quantity in rows:
            self._blamed[product, month][code] += quantity

    def hold_back(self, leaves: Iterable[int], month: int) -> bool:
        """Whether most of what is short of these products in the month waits for one of them."""
        total = sum((self._blamed[leaf, month] for leaf in leaves if (leaf, month) in self._blamed), Counter[str]())
        return bool(total) and total.most_common(1)[0][0] in self.codes


def _is_answered(product: int, month: int, answered: set[tuple[int, int | None]], hierarchy: Hierarchy) -> bool:
    """Answered at the product or above it, for the month or for all."""
    tree, node = hierarchy.products, product
    while node:
        if (node, month) in answered or (node, None) in answered:
            return True
        node = int(tree.parents[tree.position_of(node)])
    return False
