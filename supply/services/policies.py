"""Reviewing a product's policy: confirm it or change it, with the trail of both (R-011, R-071)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core import audit
from core.db import write_transaction
from core.errors import InvalidInput, unknown
from cycles.selectors import get_current_cycle
from masterdata.choices import Fulfilment, InventoryStrategy, SupplyStrategy
from masterdata.models import Company, Policy, Product
from masterdata.services.importing import take_lock, take_revision
from supply.models import PolicyReview

CHOICES: Mapping[str, list[str]] = {
    "fulfilment": Fulfilment.values,
    "supply_strategy": SupplyStrategy.values,
    "inventory_strategy": InventoryStrategy.values,
}
# field → smallest and largest value, whether it may be empty, whether it is a whole number
LIMITS: Mapping[str, tuple[float, float, bool, bool]] = {
    "service_level": (0.5, 0.9999, False, False),
    "safety_stock_days": (0, 3_650, False, False),
    "max_stock_days": (0, 3_650, True, False),
    "frozen_months": (0, 24, False, True),
    "slushy_months": (0, 24, False, True),
    "flex_capacity_pct": (0, 100, True, False),
    "flex_material_pct": (0, 100, True, False),
    "aged_after_months": (0, 120, True, False),
}
FIELDS = (*CHOICES, *LIMITS)
RULES: Mapping[str, tuple[float, float]] = {
    "aged_after_months": (0.5, 120),
    "value_loss_pct_per_month": (0, 100),
    "slow_cover_days": (1, 3_650),
}


def review_policy(
    *,
    product: str,
    values: Mapping[str, Any],
    actor: User,
    note: str = "",
    guard: Callable[[Policy], None] = lambda _policy: None,
) -> PolicyReview:
    """Write the policy of a product as reviewed today: ``values`` changes fields of ``FIELDS``, none confirms it.

    ``guard`` sees the policy, held, before it changes; a new one has the standard values. A changed policy is a change
    of master data: the next balance uses it. Audit ``supply.policy.reviewed``. Raises ``Denied``, ``Missing``,
    ``InvalidInput``.
    """
    require(actor, "policy.edit", product=product)
    found = Product.objects.filter(code=product).first()
    if found is None:
        raise unknown("product", product)
    checked = check_policy(values)
    if len(note) > 300:
        raise InvalidInput(_("The note may have %(limit)s characters at most.") % {"limit": 300})
    company = Company.objects.get()
    with write_transaction():
        take_lock(company)
        policy = Policy.objects.filter(product=found, site=None).first() or Policy(product=found)
        guard(policy)
        changes = {
            name: [getattr(policy, name), value] for name, value in checked.items() if getattr(policy, name) != value
        }
        for name, value in checked.items():
            setattr(policy, name, value)
        if changes or policy.pk is None:
            policy.revision = take_revision(company)
        policy.reviewed_on = timezone.localdate()
        policy.save()
        review = PolicyReview.objects.create(
            policy=policy, cycle=get_current_cycle(), changes=changes, note=note, reviewer=actor
        )
        audit.record(
            chain=audit.SYSTEM,
            actor=actor,
            verb="supply.policy.reviewed",
            obj=policy,
            detail={"product": product, "changes": changes, "note": note},
        )
    return review


def check_policy(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values in their types. Raises ``InvalidInput`` that names the field and its limits."""
    checked: dict[str, Any] = {}
    for name, value in values.items():
        if name in CHOICES:
            if value not in CHOICES[name]:
                raise _wrong(name, ", ".join(CHOICES[name]))
            checked[name] = value
        elif name in LIMITS:
            checked[name] = _number(name, value)
        else:
            raise InvalidInput(
                _("There is no such field: %(name)s.") % {"name": name}, code="unknown_field", details={"field": name}
            )
    return checked


def _number(name: str, value: Any) -> float | int | None:
    low, high, may_be_empty, is_whole = LIMITS[name]
    if value in (None, "") and may_be_empty:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not low <= number <= high or (is_whole and number != int(number)):
        raise _wrong(name, f"{low:g} – {high:g}")
    return int(number) if is_whole else number


def _wrong(name: str, allowed: str) -> InvalidInput:
    return InvalidInput(
        _("%(field)s: only %(allowed)s is possible.") % {"field": name, "allowed": allowed},
        code="invalid_policy",
        details={"field": name},
    )


def _changes(row: Policy | Company, values: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Field → [old, new] where they differ."""
    return {name: [getattr(row, name), value] for name, value in values.items() if getattr(row, name) != value}


def save_stock_rules(*, values: Mapping[str, Any], actor: User) -> Company:
    """Change when stock counts as aged or slow and what ageing costs. Audit ``supply.rules.saved``."""
    require(actor, "policy.edit")
    company = Company.objects.get()
    checked: dict[str, float] = {}
    for name, (low, high) in RULES.items():
        if name in values:
            try:
                checked[name] = float(values[name])
            except (TypeError, ValueError):
                raise _wrong(name, f"{low:g} – {high:g}") from None
            if not low <= checked[name] <= high:
                raise _wrong(name, f"{low:g} – {high:g}")
    if "slow_cover_days" in checked:
        checked["slow_cover_days"] = int(checked["slow_cover_days"])
    with write_transaction():
        changes = {
            name: [getattr(company, name), value] for name, value in checked.items() if getattr(company, name) != value
        }
        if changes:
            Company.objects.filter(pk=company.pk).update(**checked)
            audit.record(chain=audit.SYSTEM, actor=actor, verb="supply.rules.saved", obj=company, detail=changes)
    company.refresh_from_db()
    return company
