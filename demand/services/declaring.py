"""Declaring rules: how a family's consensus proposal is made, and how orders consume its forecast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core.audit import SYSTEM, record
from core.db import write_transaction
from core.errors import InvalidInput
from cycles.models import Cycle
from demand.choices import DealerOrders, RollKind, RuleKind
from demand.models import ConsensusRule, ConsumptionRule
from demand.selectors.rule_book import load_rule_lines
from masterdata.models import Product

DECLARE = "consensus.override"
LONGEST_WINDOW, LONGEST_FENCE = 12, 24


@dataclass(frozen=True)
class ConsensusTerms:
    """``sales_weight`` 0 … 1 of the weighted kind; None is one half."""

    kind: str
    sales_weight: float | None = None
    add_activities: bool = True
    at_least_orders: bool = True


@dataclass(frozen=True)
class ConsumptionTerms:
    """Months; ``fence_months`` None takes the frozen months of each product's policy."""

    back_months: int = 1
    forward_months: int = 1
    fence_months: int | None = None
    dealers: str = DealerOrders.LARGER
    at_roll: str = RollKind.DROP


def declare_consensus_rule(*, product: Product | None, terms: ConsensusTerms, actor: User) -> ConsensusRule:
    """Declare the rule of a product's family, without a product the company's. It holds from the next proposal on.

    Audit verb ``demand.rule.declared``. Raises ``Denied``, ``InvalidInput``.
    """
    require(actor, DECLARE, product=product.code if product else None)
    if terms.kind not in RuleKind.values:
        raise InvalidInput(_("There is no such consensus rule."), details={"parameter": "kind"})
    if terms.sales_weight is not None and not 0 <= terms.sales_weight <= 1:
        raise InvalidInput(_("A weight lies between 0 and 1."), details={"parameter": "sales_weight"})
    return _save(ConsensusRule, product, {**vars(terms), "measured": {}}, actor)


def accept_weight(*, product: Product | None, cycle: Cycle, actor: User) -> ConsensusRule:
    """Take the weight that the measured errors of the last cycles propose, with the errors it rests on.

    Audit verb ``demand.rule.declared``. Raises ``Denied``, ``InvalidInput`` while nothing was measured.
    """
    require(actor, DECLARE, product=product.code if product else None)
    line = next(line for line in load_rule_lines(cycle, [product]))
    if line.proposed_weight is None:
        raise InvalidInput(_("Nothing was measured here yet: the first frozen plan's month must have closed."))
    held = line.rule
    changes = {
        "kind": RuleKind.WEIGHTED,
        "sales_weight": line.proposed_weight,
        "add_activities": held.add_activities,
        "at_least_orders": held.at_least_orders,
        "measured": line.errors,
    }
    return _save(ConsensusRule, product, changes, actor)


def declare_consumption_rule(*, product: Product | None, terms: ConsumptionTerms, actor: User) -> ConsumptionRule:
    """Declare how orders consume a family's forecast, without a product the company's.

    Audit verb ``demand.rule.declared``. Raises ``Denied``, ``InvalidInput``.
    """
    require(actor, DECLARE, product=product.code if product else None)
    windows = (terms.back_months, terms.forward_months)
    if not all(0 <= months <= LONGEST_WINDOW for months in windows):
        raise InvalidInput(_("A window reaches 0 to %(n)d months.") % {"n": LONGEST_WINDOW})
    if terms.fence_months is not None and not 0 <= terms.fence_months <= LONGEST_FENCE:
        raise InvalidInput(_("The demand fence lies 0 to %(n)d months ahead.") % {"n": LONGEST_FENCE})
    if terms.dealers not in DealerOrders.values or terms.at_roll not in RollKind.values:
        raise InvalidInput(_("There is no such consumption rule."))
    return _save(ConsumptionRule, product, vars(terms), actor)


def _save(model: Any, product: Product | None, changes: dict[str, Any], actor: User) -> Any:
    """Insert or change the one rule of a product; the audit keeps before and after."""
    with write_transaction():
        before = model.objects.filter(product=product).values(*changes).first()
        decided = {"decided_by": actor, "decided_at": timezone.now()}
        row, _is_new = model.objects.update_or_create(product=product, defaults={**changes, **decided})
        detail = {
            "rule": model._meta.model_name,
            "product": product.code if product else None,
            "before": before,
            "after": changes,
        }
        record(chain=SYSTEM, actor=actor, verb="demand.rule.declared", obj=row, detail=detail)
    return row
