"""The company's calendar: holidays and the template of cycle dates. They apply to cycles started afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import require
from core import audit
from core.db import write_transaction
from core.errors import InvalidInput
from cycles.calendar import Rule, milestone_dates
from cycles.choices import DayKind, Milestone
from cycles.models import CalendarRule, SpecialDay

_TRIAL_MONTH = 2026 * 12
_CALENDAR = ("cycles.calendar", "1")


def save_special_days(*, days: Mapping[dt.date, tuple[str, str]], actor: User) -> int:
    """Upsert holidays and exchanged working days: date → (kind, name). Audit ``cycles.calendar.days_saved``."""
    require(actor, "cycle.manage")
    if odd := sorted({kind for kind, _name in days.values()} - set(DayKind.values)):
        raise InvalidInput(_("Unknown kind of day: %s.") % ", ".join(odd))
    with write_transaction():
        SpecialDay.objects.bulk_create(
            [SpecialDay(day=day, kind=kind, name=name) for day, (kind, name) in days.items()],
            update_conflicts=True,
            unique_fields=["day"],
            update_fields=["kind", "name"],
        )
        shown = {str(day): kind for day, (kind, _name) in days.items()}
        audit.record(
            chain=audit.SYSTEM,
            actor=actor,
            verb="cycles.calendar.days_saved",
            obj=("cycles.calendar", "1"),
            detail=shown,
        )
    return len(days)


def save_calendar_rules(*, rules: Sequence[Rule], actor: User) -> None:
    """Replace the template of cycle dates. Audit ``cycles.calendar.rules_saved``.

    Raises ``InvalidInput`` when a milestone is missing, doubled, or refers to a later one.
    """
    require(actor, "cycle.manage")
    if sorted(rule.milestone for rule in rules) != sorted(Milestone.values):
        raise InvalidInput(_("The calendar needs each milestone once."), code="milestones")
    try:
        moments = list(milestone_dates(_TRIAL_MONTH, rules=rules).values())
    except ValueError as error:
        raise InvalidInput(_("The calendar cannot be laid out: %s") % error, code="milestones") from error
    if moments != sorted(moments):
        raise InvalidInput(_("The milestones are not in order of time."), code="milestones")
    with write_transaction():
        CalendarRule.objects.all().delete()
        CalendarRule.objects.bulk_create(
            CalendarRule(
                milestone=rule.milestone,
                position=position,
                day=rule.day,
                after=rule.after or "",
                offset_working_days=rule.offset,
                at=rule.at,
            )
            for position, rule in enumerate(rules)
        )
        shown: dict[str, Any] = {rule.milestone: str(rule.day or f"{rule.after}+{rule.offset}") for rule in rules}
        audit.record(
            chain=audit.SYSTEM,
            actor=actor,
            verb="cycles.calendar.rules_saved",
            obj=("cycles.calendar", "1"),
            detail=shown,
        )
