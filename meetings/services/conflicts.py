"""Conflicts of departments: both positions, and an end (R-019)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.choices import Department
from accounts.models import User
from accounts.policies import require
from core.db import write_transaction
from core.errors import Conflict as ConflictError
from core.errors import InvalidInput
from cycles.models import Cycle
from meetings.choices import ConflictState, DecisionSource
from meetings.models import Conflict, Decision, Meeting
from meetings.services.decisions import add_item
from meetings.services.writing import hold_cycle, log, need_text


def raise_conflict(
    *,
    cycle: Cycle,
    subject: str,
    party_a: str,
    position_a: str,
    party_b: str,
    position_b: str,
    actor: User,
    meeting: Meeting | None = None,
) -> Conflict:
    """Log a disagreement with both positions. Audit ``meetings.conflict.raised``."""
    require(actor, "decision.propose")
    if party_a == party_b or {party_a, party_b} - set(Department.values):
        raise InvalidInput(_("A conflict has two different departments."), code="invalid_parties")
    with write_transaction():
        held = hold_cycle(cycle)
        conflict = Conflict.objects.create(
            cycle=held,
            meeting=meeting,
            subject=need_text(subject, _("Say what it is about."))[:200],
            party_a=party_a,
            position_a=need_text(position_a, _("Write down both positions.")),
            party_b=party_b,
            position_b=need_text(position_b, _("Write down both positions.")),
            raised_by=actor,
            raised_at=timezone.now(),
        )
        log(held, actor, "conflict.raised", conflict, {"subject": conflict.subject, "parties": [party_a, party_b]})
    return conflict


def settle_conflict(
    *, conflict: Conflict, state: str, outcome: str, actor: User, deferred_to: dt.date | None = None
) -> Conflict:
    """End a conflict: decided, deferred with a date, or escalated as an item the executive must decide (R-008).

    Audit ``meetings.conflict.<state>``. Raises ``Conflict`` when it is settled already.
    """
    require(actor, "decision.propose")
    if state not in {ConflictState.DECIDED, ConflictState.ESCALATED, ConflictState.DEFERRED}:
        raise InvalidInput(_("A conflict ends decided, escalated or deferred."), code="unknown_state")
    if state == ConflictState.DEFERRED and deferred_to is None:
        raise InvalidInput(_("A deferral needs its date."), code="date_missing")
    outcome = need_text(outcome, _("Write down how it ends."))
    with write_transaction():
        cycle = hold_cycle(conflict.cycle)
        moved = Conflict.objects.filter(pk=conflict.pk, state=ConflictState.OPEN).update(
            state=state,
            outcome=outcome,
            deferred_to=deferred_to if state == ConflictState.DEFERRED else None,
            settled_by=actor,
            settled_at=timezone.now(),
        )
        conflict.refresh_from_db()
        if not moved:
            raise ConflictError(
                _("The conflict is %s already.") % conflict.get_state_display(), code="conflict_settled"
            )
        if state == ConflictState.ESCALATED:
            conflict.decision = _escalate(cycle, conflict, actor)
            conflict.save(update_fields=["decision"])
        log(cycle, actor, f"conflict.{state}", conflict, {"subject": conflict.subject, "outcome": outcome})
    return conflict


def _escalate(cycle: Cycle, conflict: Conflict, actor: User) -> Decision:
    options: list[dict[str, Any]] = [
        {"code": "A", "title": conflict.position_a, "effects": {}, "scenario": None},
        {"code": "B", "title": conflict.position_b, "effects": {}, "scenario": None},
    ]
    return add_item(
        cycle=cycle,
        actor=actor,
        source=DecisionSource.CONFLICT,
        source_key=str(conflict.pk),
        question=conflict.subject,
        recommendation=conflict.outcome,
        options=options,
        owner=actor,
        must_decide=True,
    )
