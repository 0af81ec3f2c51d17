"""What a department hands in for the demand review, filled from the plan (R-060)."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from accounts.policies import can
from accounts.selectors import get_scope
from core.months import format_month
from cycles.choices import StepCode
from cycles.models import Cycle, Submission
from cycles.selectors import get_step
from cycles.services import submit_material
from demand.measures import CONSENSUS
from demand.selectors.place import find_place
from demand.streams import STREAMS
from plans.selectors import get_working_version, load_nodes

SHOWN_MONTHS = 6


def submit_streams(*, cycle: Cycle, actor: User, note: str = "") -> Submission:
    """Hand in the actor's department's streams, as they stand inside the actor's scope, with a note.

    The note is where sales names key customers, their delivery wishes and changes of the market. Errors as
    ``cycles.services.submit_material``.
    """
    content = {"note": note.strip(), "figures": _figures(cycle, actor)}
    step = get_step(cycle, StepCode.DEMAND_REVIEW)
    return submit_material(step=step, department=actor.department, content=content, actor=actor)


def _figures(cycle: Cycle, actor: User) -> dict[str, Any]:
    """Stream → units of the near months; of a department without streams the consensus it has seen."""
    own = [s.code for s in STREAMS if s.department == actor.department and can(actor, s.edit_action)]
    place = find_place(scope=get_scope(actor), product=None, org=None)
    months = range(cycle.month, cycle.month + SHOWN_MONTHS)
    totals = load_nodes(
        version_id=get_working_version(cycle).pk,
        measures=own or [CONSENSUS],
        nodes=[place.node],
        months=months,
        scope=place.scope,
        hierarchy=place.hierarchy,
    )
    return {
        code: {
            format_month(month): value / 10**node.scale
            for month, value in zip(months, node.values[0].tolist(), strict=True)
        }
        for code, node in totals.items()
    }
