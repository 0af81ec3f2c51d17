"""What a balance reads of a plan, and where its own measures stood then."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core.errors import InvalidInput
from masterdata.selectors import get_company
from plans.models import Version
from plans.selectors import HeadRef, get_heads, get_version
from plans.services import ensure_heads
from supply import measures as m
from supply.adapters.problem import Prepared, prepare_problem


@dataclass(frozen=True)
class Reading:
    """``inputs`` are the heads read, ``seen`` those the plan will replace; ``started`` in seconds."""

    version: Version
    inputs: dict[str, HeadRef]
    seen: dict[str, HeadRef]
    revision: int
    started: float


def read_plan(version_id: int) -> tuple[Reading, Prepared]:
    """A plan's problem and what it was read from. Raises ``InvalidInput`` when nothing is asked for."""
    version, started = get_version(version_id), time.time()
    ensure_heads(version_id=version_id, measures=m.BALANCED)
    reading = Reading(
        version=version,
        inputs=get_heads(version_id=version_id, measures=[m.CONSENSUS]),
        seen=get_heads(version_id=version_id, measures=m.BALANCED),
        revision=get_company().revision,
        started=started,
    )
    prepared = prepare_problem(version)
    if not prepared.problem.demand.quantity.any():
        raise InvalidInput(
            _("There is no consensus demand to balance. Build the demand proposal first."), code="no_demand"
        )
    return reading, prepared
