"""The policies page: what holds, what is proposed, what that binds, when it was looked at (R-011, R-071)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.policies import can
from accounts.selectors import get_scope
from core import formats
from cycles.models import Cycle
from masterdata.choices import Fulfilment, InventoryStrategy, SupplyStrategy
from masterdata.models import Company
from masterdata.selectors import get_company
from plans.models import Version
from supply.models import PolicyReview
from supply.selectors.flow import load_flow
from supply.selectors.policies import PolicyRow, list_policies, list_reviews
from supply.selectors.values import load_unit_values


@dataclass(frozen=True)
class FamilyPolicies:
    """The products of a family and what their proposals bind together."""

    label: str
    rows: list[PolicyRow]
    due: int
    effect: int


@dataclass(frozen=True)
class PoliciesBoard:
    """The page; ``focus`` is the product being looked at with its history."""

    cycle: Cycle
    version: Version
    company: Company
    message: str
    families: list[FamilyPolicies]
    due: int
    total: int
    effect: int
    has_errors: bool
    focus: PolicyRow | None
    reviews: list[PolicyReview]
    fulfilments: list[tuple[str, str]]
    supply_strategies: list[tuple[str, str]]
    inventory_strategies: list[tuple[str, str]]
    may_edit: bool
    sees_costs: bool


def load_policies_board(cycle: Cycle, version: Version, *, user: User, product: str | None = None) -> PoliciesBoard:
    """Policies of the products the user may see, by family."""
    flow = load_flow(version.pk, get_scope(user))
    rows = list_policies(flow, load_unit_values(flow.consensus), version_id=version.pk, cycle=cycle)
    due, effect = sum(row.is_due for row in rows), sum(row.effect or 0 for row in rows)
    focus = next((row for row in rows if row.product == product), None)
    has_errors = any(row.proposal is not None for row in rows)
    by_family = sorted(rows, key=lambda row: (row.family, row.product))
    families = [_family(label, list(group)) for label, group in groupby(by_family, key=lambda row: row.family)]
    sees_costs = can(user, "finance.view_costs")
    return PoliciesBoard(
        cycle=cycle,
        version=version,
        company=get_company(),
        message=_message(due, len(rows), effect, has_errors=has_errors and sees_costs),
        families=sorted(families, key=lambda family: (-abs(family.effect), family.label)),
        due=due,
        total=len(rows),
        effect=effect,
        has_errors=has_errors,
        focus=focus,
        reviews=list_reviews(focus.product) if focus else [],
        fulfilments=[(value, str(label)) for value, label in Fulfilment.choices],
        supply_strategies=[(value, str(label)) for value, label in SupplyStrategy.choices],
        inventory_strategies=[(value, str(label)) for value, label in InventoryStrategy.choices],
        may_edit=can(user, "policy.edit"),
        sees_costs=sees_costs,
    )


def _family(label: str, rows: list[PolicyRow]) -> FamilyPolicies:
    return FamilyPolicies(label, rows, sum(row.is_due for row in rows), sum(row.effect or 0 for row in rows))


def _message(due: int, total: int, effect: int, *, has_errors: bool) -> str:
    if not total:
        return _("There are no products yet")
    text = ngettext(
        "%(due)s of %(total)s policy is due for review", "%(due)s of %(total)s policies are due for review", total
    )
    text = text % {"due": due, "total": total}
    if not has_errors:
        return text
    money = formats.money(abs(effect), get_company())
    more = (
        _("forecast errors ask for %(money)s more safety stock")
        if effect >= 0
        else _("forecast errors would free %(money)s of safety stock")
    )
    return text + _("; ") + more % {"money": money}
