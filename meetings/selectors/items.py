"""Decisions, actions, risks and conflicts."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from core.errors import Missing
from core.formats import month_long
from cycles.models import Cycle
from masterdata.models import Product
from meetings.choices import ActionState, DecisionState
from meetings.models import ActionItem, Conflict, Decision, Risk
from plans.models import Version
from supply.selectors.runs import load_names

_PEOPLE = ("owner", "proposed_by", "decided_by")
_OPEN_FIRST = Case(
    When(state=DecisionState.ESCALATED, then=Value(0)),
    When(state=DecisionState.PROPOSED, then=Value(1)),
    When(state=DecisionState.DRAFT, then=Value(2)),
    default=Value(3),
    output_field=IntegerField(),
)


def list_decisions(cycle: Cycle) -> QuerySet[Decision]:
    """The decision list: escalated, proposed, drafts, settled; within each by money at stake."""
    rows = cycle.decisions.select_related("cycle", *_PEOPLE)
    return rows.order_by(_OPEN_FIRST, "-money_at_stake", "number")


def get_decision(cycle: Cycle, number: int) -> Decision:
    """One item of a cycle by its number. Raises ``Missing``."""
    decision = cycle.decisions.select_related("cycle", *_PEOPLE).filter(number=number).first()
    if decision is None:
        raise Missing(_("There is no decision %d in this cycle.") % number)
    return decision


def list_undecided(cycle: Cycle) -> QuerySet[Decision]:
    """Must-decide items that are neither decided nor deferred."""
    settled = [DecisionState.APPROVED, DecisionState.REJECTED, DecisionState.DEFERRED]
    settled += [DecisionState.IMPLEMENTED, DecisionState.VERIFIED]
    return list_decisions(cycle).filter(must_decide=True).exclude(state__in=settled)


def question_of(decision: Decision) -> str:
    """The question in the reader's language: as written, or from the facts of an item made by the system."""
    facts = decision.facts
    if decision.question or not facts:
        return decision.question
    if "product" not in facts:
        return _ask_supply(facts)
    product = Product.objects.filter(code=facts["product"]).first()
    months = ", ".join(month_long(month) for month in facts["months"])
    return _("%(product)s is short of demand in %(months)s. How is the gap closed?") % {
        "product": product.label if product else facts["product"],
        "months": months,
    }


def _ask_supply(facts: dict[str, Any]) -> str:
    """What is asked about ways out of bottlenecks, or about scenarios."""
    if facts["scenarios"]:
        names = Version.objects.in_bulk(facts["scenarios"])
        said = " / ".join(f"“{names[pk].name}”" for pk in facts["scenarios"] if pk in names)
        return _("Is %(scenario)s taken into the plan?") % {"scenario": said}
    names_of = load_names()
    return _("Which way out of the bottleneck %(name)s?") % {
        "name": ", ".join(names_of(code) for code in facts["bottlenecks"])
    }


def list_actions(cycle: Cycle) -> QuerySet[ActionItem]:
    """Actions followed in a cycle, also those promised in earlier ones; by due date."""
    rows = ActionItem.objects.filter(followed_in=cycle)
    people = ("owner", "follower", "initiator")
    return rows.select_related(*people, "cycle", "followed_in", "deviation_product", "deviation_org").order_by(
        "due", "pk"
    )


def get_action(cycle: Cycle, action_id: int) -> ActionItem:
    """An action followed in the cycle. Raises ``Missing``."""
    action = list_actions(cycle).filter(pk=action_id).first()
    if action is None:
        raise Missing(_("There is no such action in this cycle."))
    return action


def is_overdue(action: ActionItem, *, today: dt.date | None = None) -> bool:
    """Still open after its due date, in the company's time zone."""
    open_states = {ActionState.OPEN, ActionState.IN_PROGRESS}
    return action.state in open_states and (today or timezone.localdate()) > action.due


def list_risks(cycle: Cycle) -> list[Risk]:
    """Risks and opportunities, largest expected money first."""
    rows = cycle.risks.select_related("owner", "product")
    return sorted(rows, key=lambda risk: (-abs(risk.expected_money), risk.pk))


def get_risk(cycle: Cycle, risk_id: int) -> Risk:
    """Raises ``Missing``."""
    risk = cycle.risks.select_related("owner", "product", "cycle").filter(pk=risk_id).first()
    if risk is None:
        raise Missing(_("There is no such risk in this cycle."))
    return risk


def list_conflicts(cycle: Cycle) -> QuerySet[Conflict]:
    """Conflicts in order of raising."""
    return cycle.conflicts.select_related("raised_by", "settled_by", "decision").order_by("pk")


def get_conflict(cycle: Cycle, conflict_id: int) -> Conflict:
    """Raises ``Missing``."""
    conflict = list_conflicts(cycle).select_related("cycle").filter(pk=conflict_id).first()
    if conflict is None:
        raise Missing(_("There is no such conflict in this cycle."))
    return conflict
