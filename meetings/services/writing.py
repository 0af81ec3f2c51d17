"""What every write of this room begins and ends with."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from accounts.models import User
from core import audit
from core.errors import Frozen, InvalidInput
from core.months import format_month
from cycles.choices import CycleState
from cycles.models import Cycle

LONGEST_TEXT = 4000


def hold_cycle(cycle: Cycle) -> Cycle:
    """The cycle's row, locked where the database can; SQLite's writers queue anyway.

    Raises ``Frozen`` for a closed or cancelled cycle: nothing is written into it any more.
    """
    held = Cycle.objects.select_for_update().get(pk=cycle.pk)
    if held.state in {CycleState.CLOSED, CycleState.CANCELLED}:
        raise Frozen(
            _("The cycle %(month)s is %(state)s and read-only.")
            % {"month": format_month(held.month), "state": held.get_state_display()},
            details={"state": held.state},
        )
    return held


def log(cycle: Cycle, actor: User, verb: str, obj: models.Model, detail: dict[str, Any]) -> None:
    """One audit entry in the cycle's chain."""
    audit.record(chain=f"cycle:{cycle.pk}", actor=actor, verb=f"meetings.{verb}", obj=obj, detail=detail)


def need_text(value: str, message: Any) -> str:
    """The stripped text; ``InvalidInput`` when it is empty or longer than a page."""
    text = value.strip()
    if not text:
        raise InvalidInput(message, code="text_missing")
    if len(text) > LONGEST_TEXT:
        raise InvalidInput(_("The text is too long: at most %d characters.") % LONGEST_TEXT, code="text_too_long")
    return text
