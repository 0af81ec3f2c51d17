"""Assumptions: recorded, held against what was sold, assessed in the review, carried into the next cycle."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core.audit import record
from core.db import write_transaction
from core.errors import InvalidInput
from core.jobs import enqueue_job
from core.models import Job
from cycles.models import Cycle
from demand.choices import AssumptionState, TriggerKind
from demand.models import Assumption
from demand.selectors.assumptions import get_trigger, read_sales
from demand.triggers import MOST_MONTHS
from masterdata.models import Org, Product

_LIVE = (AssumptionState.ACTIVE, AssumptionState.AT_RISK)


def add_assumption(
    *,
    cycle: Cycle,
    text: str,
    actor: User,
    product: Product | None = None,
    org: Org | None = None,
    evidence: str = "",
    impact_quantity: int | None = None,
    owner: User | None = None,
    trigger: str = "",
    trigger_value: float | None = None,
    trigger_months: int = 1,
    trigger_misses: int = 1,
    trigger_is_sum: bool = False,
    until: int | None = None,
) -> Assumption:
    """Record what the forecast rests on, inside the actor's scope. Verb ``demand.assumption.added``.

    With a ``trigger`` every closed month is held against ``trigger_value`` (per cent or units) until ``until``; see
    ``demand.triggers`` for several months.
    """
    require(actor, "decision.propose", product=product.code if product else None, org=org.code if org else None)
    if not text.strip():
        raise InvalidInput(_("Write the assumption as one sentence that can turn out true or false."))
    if trigger and (trigger not in TriggerKind.values or trigger_value is None or not math.isfinite(trigger_value)):
        raise InvalidInput(_("A measurable trigger needs its kind and a number."), details={"field": "trigger_value"})
    if not 1 <= trigger_months <= MOST_MONTHS or not 1 <= trigger_misses <= trigger_months:
        raise InvalidInput(
            _("A trigger looks at 1 to %(most)s months; at most as many can be missed.") % {"most": MOST_MONTHS},
            details={"field": "trigger_months"},
        )
    with write_transaction():
        assumption = Assumption.objects.create(
            cycle=cycle,
            text=text.strip()[:300],
            evidence=evidence,
            product=product,
            org=org,
            impact_quantity=impact_quantity,
            owner=owner or actor,
            trigger=trigger,
            trigger_value=trigger_value if trigger else None,
            trigger_months=trigger_months if trigger else 1,
            trigger_misses=1 if trigger_is_sum or not trigger else trigger_misses,
            trigger_is_sum=bool(trigger) and trigger_is_sum,
            until=until,
            reviewed_at=timezone.now(),
            reviewed_by=actor,
        )
        record(chain=_chain(cycle), actor=actor, verb="demand.assumption.added", obj=assumption)
    return assumption


def assess_assumption(*, assumption: Assumption, state: str, note: str, actor: User) -> Assumption:
    """Say in the review whether it still holds (R-041), inside the actor's scope. Verb ``demand.assumption.assessed``.

    Raises ``Denied``, ``Missing`` for nodes outside the scope, ``InvalidInput``.
    """
    product, org = assumption.product, assumption.org
    require(actor, "decision.propose", product=product.code if product else None, org=org.code if org else None)
    if state not in AssumptionState.values:
        raise InvalidInput(_("An assumption holds, is at risk, broken, confirmed or expired."))
    if state == AssumptionState.BROKEN and not note.strip():
        raise InvalidInput(_("Say what broke the assumption: the figures that rest on it must be looked at."))
    with write_transaction():
        Assumption.objects.filter(pk=assumption.pk).update(
            state=state, review_note=note.strip(), reviewed_at=timezone.now(), reviewed_by=actor
        )
        record(
            chain=_chain(assumption.cycle),
            actor=actor,
            verb="demand.assumption.assessed",
            obj=assumption,
            detail={"before": assumption.state, "after": state},
        )
    assumption.refresh_from_db()
    return assumption


def carry_assumptions(*, cycle: Cycle, previous: Cycle) -> int:
    """Bring what still mattered in the previous cycle into this one, to be looked at again; returns how many."""
    live = (AssumptionState.ACTIVE, AssumptionState.AT_RISK, AssumptionState.BROKEN)
    rows = [
        Assumption(
            cycle=cycle,
            text=old.text,
            evidence=old.evidence,
            product_id=old.product_id,
            org_id=old.org_id,
            impact_quantity=old.impact_quantity,
            state=old.state,
            owner_id=old.owner_id,
            carried_from=old,
            trigger=old.trigger,
            trigger_value=old.trigger_value,
            trigger_months=old.trigger_months,
            trigger_misses=old.trigger_misses,
            trigger_is_sum=old.trigger_is_sum,
            until=old.until,
            measured=old.measured,
            readings=old.readings,
            checked_month=old.checked_month,
        )
        for old in Assumption.objects.filter(cycle=previous, state__in=live).order_by("pk")
    ]
    return len(Assumption.objects.bulk_create(rows, ignore_conflicts=True))


def enqueue_assumption_check(*, cycle: Cycle, actor: User | None) -> Job:
    """Put a check of the cycle's assumptions in the queue; an equal waiting one is returned instead."""
    return enqueue_job(kind="check_assumptions", scope={"cycle": cycle.pk}, actor=actor)


def check_assumptions(*, cycle: Cycle, actor: User | None) -> dict[str, int]:
    """Hold every assumption that can be measured against the month that closed before the cycle.

    A state that changes asks to be looked at again; what was checked for this month is checked again when its sales
    were corrected, and a person's word stands until then. Returns how many were checked and changed. Audit verb
    ``demand.assumption.checked``, one row for each change.
    """
    month = cycle.month - 1
    checked = changed = 0
    for row in _to_check(cycle, month):
        found = _Found.of(row, month)
        if found is None or (row.checked_month == month and row.readings == found.readings):
            continue
        checked += 1
        changed += found.state != row.state
        _store(row, month, found, actor)
    return {"checked": checked, "changed": changed}


@dataclass(frozen=True)
class _Found:
    """What a check says about one assumption."""

    state: str
    measured: float | None
    readings: list[list[float | None]]

    @classmethod
    def of(cls, row: Assumption, month: int) -> _Found | None:
        """None when nothing can be said: no sales, no forecast. Expired: nor was there any in its last month."""
        is_over = row.until is not None and row.until <= month
        readings = read_sales(row, month if row.until is None else min(month, row.until))
        trigger = get_trigger(row)
        if trigger is None or not readings:
            is_past = row.until is not None and row.until < month
            return cls(AssumptionState.EXPIRED, row.measured, row.readings) if is_past else None
        shown = readings if trigger.is_sum else readings[-1:]
        state = trigger.judge(readings, is_over=is_over)
        return cls(state, trigger.figure(shown), [[r.month, r.sold, r.forecast] for r in readings])


def _to_check(cycle: Cycle, month: int) -> Iterable[Assumption]:
    """The live ones, and those that only the check itself has judged by this month's sales."""
    judged_by_check = Q(checked_month=month, reviewed_at=None)
    can_be_said = ~Q(trigger="") | Q(until__lt=month)
    rows = Assumption.objects.filter(Q(state__in=_LIVE) | judged_by_check, can_be_said, cycle=cycle)
    return rows.select_related("cycle", "product", "org").order_by("pk")


def _store(row: Assumption, month: int, found: _Found, actor: User | None) -> None:
    state = found.state
    seen: dict[str, Any] = {} if state == row.state else {"reviewed_at": None, "reviewed_by": None}
    figures = {"measured": found.measured, "readings": found.readings, "checked_month": month}
    with write_transaction():
        held = Assumption.objects.filter(pk=row.pk, state=row.state)
        if not held.update(state=state, **figures, **seen) or state == row.state:
            return  # somebody assessed it in this moment: the person's word stands
        measured = None if found.measured is None else round(found.measured, 2)
        record(
            chain=_chain(row.cycle),
            actor=actor,
            verb="demand.assumption.checked",
            obj=row,
            detail={"before": row.state, "after": state, "month": month, "measured": measured},
        )


def _chain(cycle: Cycle) -> str:
    return f"cycle:{cycle.pk}"
