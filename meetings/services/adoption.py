"""Decided options go into the plan: the balance and the money are made anew with them before the approval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from core import audit
from core.db import write_transaction
from core.errors import Conflict
from cycles.choices import CycleState
from cycles.models import Cycle
from finance.services import value_plan
from meetings.selectors import list_unapplied_options
from plans.choices import FreezeKind
from plans.models import Version
from plans.selectors import get_heads, get_working_version
from plans.services import reopen_version
from supply.measures import CONSTRAINED
from supply.services.balance import run_balance
from supply.services.options import adopt_option


def apply_decisions(
    *,
    cycle: Cycle,
    actor: User,
    report: Callable[[float, str], None] = lambda _share, _step: None,
    fence: Callable[[], Any] | None = None,
) -> Version:
    """Build every approved option into the cycle's plan; the plan as it stands then.

    The supply review's figures are frozen, so the changed plan is another one that stands on it: the agreed demand
    stays sealed, supply and money are made anew. Repeating it changes nothing. Raises ``Conflict`` outside the
    executive meeting. Audit ``meetings.decisions.applied``.
    """
    if cycle.state != CycleState.EXECUTIVE:
        raise Conflict(_("Decisions are built into the plan in the executive meeting."), code="cycle_moved")
    options = list_unapplied_options(cycle)
    version = get_working_version(cycle)
    if not options:
        if fence is not None:
            fence()
        return version
    report(0.05, _("Opening the supply figures"))
    if get_heads(version_id=version.pk, measures=[CONSTRAINED])[CONSTRAINED].sealed:
        version = reopen_version(
            version_id=version.pk, kind=FreezeKind.SUPPLY, actor=actor, reason=_("Decisions of the executive meeting")
        )
    for option in options:
        adopt_option(option_id=option.pk, version_id=version.pk, actor=actor)
    report(0.1, _("Balancing with the decisions"))
    run_balance(version_id=version.pk, actor=actor)
    report(0.8, _("Prices and costs"))
    value_plan(version_id=version.pk, actor=actor, fence=fence)
    with write_transaction():
        audit.record(
            chain=f"cycle:{cycle.pk}",
            actor=actor,
            verb="meetings.decisions.applied",
            obj=version,
            detail={"options": [option.pk for option in options]},
        )
    return version
