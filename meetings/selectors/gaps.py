"""Gaps between demand and supply that are large enough to need an answer."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import Missing
from cycles.models import Cycle
from finance.lines import REVENUE
from finance.selectors import MoneyView
from meetings.models import GapNote
from meetings.selectors.attendance import get_rule
from plans.hierarchy import Hierarchy
from plans.selectors import get_working_version


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
    return [
        MaterialGap(
            product=gap.product,
            month=gap.month,
            short=gap.short,
            planned=gap.constrained,
            revenue_lost=gap.revenue_lost,
            margin_lost=gap.margin_lost,
            is_answered=_is_answered(gap.product, gap.month, answered, view.hierarchy),
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


def _is_answered(product: int, month: int, answered: set[tuple[int, int | None]], hierarchy: Hierarchy) -> bool:
    """Answered at the product or above it, for the month or for all."""
    tree, node = hierarchy.products, product
    while node:
        if (node, month) in answered or (node, None) in answered:
            return True
        node = int(tree.parents[tree.position_of(node)])
    return False
