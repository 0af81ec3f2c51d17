"""The declared rules family by family, beside what the last cycles measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cycles.models import Cycle
from demand.choices import RuleKind, Stream
from demand.measures import BASELINE, CONSENSUS
from demand.models import ConsensusRule, ConsumptionRule
from demand.rules import EVEN_WEIGHT, weight_by_accuracy
from demand.selectors.accuracy import NAIVE, load_source_errors
from demand.selectors.frame import load_frame
from masterdata.models import Product
from plans.hierarchy import Tree

SHOWN_SOURCES = (NAIVE, BASELINE, Stream.SALES, CONSENSUS)


@dataclass(frozen=True)
class SourceError:
    """WMAPE of a source in per cent, None where it said nothing."""

    error: float | None
    is_best: bool


@dataclass(frozen=True)
class RuleLine:
    """A family's rules; ``product`` None is the company. ``is_own`` : declared for it, else inherited.

    ``errors`` : source → WMAPE at lag 1. ``proposed_weight`` : the sales forecast's weight they propose, None while
    nothing was measured.
    """

    product: Product | None
    rule: ConsensusRule
    is_own: bool
    consumption: ConsumptionRule
    is_own_consumption: bool
    errors: dict[str, float]
    proposed_weight: float | None

    @property
    def weight(self) -> float:
        """The weight in force."""
        return EVEN_WEIGHT if self.rule.sales_weight is None else self.rule.sales_weight

    @property
    def is_accepted(self) -> bool:
        """The proposed weight is the one in force."""
        return self.is_own and self.rule.kind == RuleKind.WEIGHTED and self.weight == self.proposed_weight

    @property
    def figures(self) -> list[SourceError]:
        """The sources' errors in the order of the steps, the smallest marked."""
        best = min(self.errors.values(), default=None)
        shown = [self.errors.get(source) for source in SHOWN_SOURCES]
        return [SourceError(None if e is None else e * 100, e is not None and e == best) for e in shown]


def list_families() -> list[Product]:
    """The products one level below the top, and every product with a rule of its own."""
    tops = Product.objects.filter(parent=None)
    if tops.count() == 1:
        tops = Product.objects.filter(parent__in=tops)
    ids = set(tops.filter(children__isnull=False).values_list("pk", flat=True))
    for model in (ConsensusRule, ConsumptionRule):
        ids |= set(model.objects.filter(product__isnull=False).values_list("product", flat=True))
    return list(Product.objects.filter(pk__in=ids).order_by("code"))


def load_rule_lines(cycle: Cycle, products: Sequence[Product | None]) -> list[RuleLine]:
    """One line per product asked for."""
    frame = load_frame(cycle)
    consensus = {row.product_id: row for row in ConsensusRule.objects.select_related("decided_by")}
    consumption = {row.product_id: row for row in ConsumptionRule.objects.select_related("decided_by")}
    lines = []
    for product in products:
        key = product.pk if product else None
        path = _path(frame.hierarchy.products, key)
        rows = frame.hierarchy.leaf_rows(frame.axis, key)
        errors = load_source_errors(cycle=cycle, keys=frame.axis.keys[rows]) if len(rows) else {}
        measured = [errors.get(source) for source in (Stream.SALES, BASELINE)]
        lines.append(
            RuleLine(
                product=product,
                rule=next((consensus[node] for node in path if node in consensus), ConsensusRule()),
                is_own=key in consensus,
                consumption=next((consumption[node] for node in path if node in consumption), ConsumptionRule()),
                is_own_consumption=key in consumption,
                errors={str(source): round(errors[source], 4) for source in SHOWN_SOURCES if source in errors},
                proposed_weight=None if None in measured else round(weight_by_accuracy(*measured), 2),
            )
        )
    return lines


def _path(tree: Tree, product: int | None) -> list[int | None]:
    """The product and everything above it, nearest first, the company last."""
    if product is None:
        return [None]
    positions = dict.fromkeys(reversed(tree.paths[tree.position_of(product)].tolist()))
    return [*(int(tree.ids[p]) for p in positions if p < len(tree.ids)), None]
