"""What the plan store does when a step is reopened: sealed figures never open, so another plan stands on them."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import User
from cycles.choices import CycleState
from cycles.gates import register_effect
from cycles.models import Cycle
from plans.choices import FreezeKind
from plans.selectors import get_heads, get_working_version
from plans.services import reopen_version

# The figures that open again with the step of each state.
_OPENED_IN: dict[str, FreezeKind] = {
    CycleState.COLLECTING: FreezeKind.DEMAND,
    CycleState.DEMAND_REVIEW: FreezeKind.DEMAND,
    CycleState.SUPPLY_REVIEW: FreezeKind.SUPPLY,
    CycleState.PRE_SOP: FreezeKind.PRE_SOP,
    CycleState.EXECUTIVE: FreezeKind.APPROVED,
}


def register() -> None:
    register_effect("reopened", reopen_plan)


def reopen_plan(cycle: Cycle, actor: User) -> None:
    """What the reopened step had frozen opens again in a new plan; nothing when it had frozen nothing."""
    kind = _OPENED_IN.get(cycle.state)
    version = get_working_version(cycle)
    if kind is None or not any(head.sealed for head in get_heads(version_id=version.pk).values()):
        return
    reopen_version(version_id=version.pk, kind=kind, actor=actor, reason=_("Step reopened"))
