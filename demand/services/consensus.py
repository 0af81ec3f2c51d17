"""One consistent demand: the proposal by the declared rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from accounts.models import User
from cycles.models import Cycle
from demand.measures import CARRIED, PROPOSAL
from demand.selectors.frame import load_frame
from demand.selectors.voices import VOICES, list_rules, load_voices, propose_all
from demand.services.flex import publish_flex
from plans.choices import PublishPolicy, Source
from plans.selectors import get_heads
from plans.services import ensure_heads, publish_cubes


def build_proposal(*, cycle: Cycle, actor: User | None) -> dict[str, Any]:
    """Make the proposal of every leaf by its family's declared rule, else the company's, and publish it.

    Overrides stay on top of the new proposal. Returns units by rule and what the proposal sums to.
    """
    frame = load_frame(cycle)
    ensure_heads(version_id=frame.version_id, measures=[CARRIED])
    heads = get_heads(version_id=frame.version_id, measures=[PROPOSAL, *VOICES])
    voices = load_voices(version_id=frame.version_id, keys=frame.axis.keys, months=frame.months)
    rules = list_rules(frame.hierarchy, frame.axis)
    values = propose_all(rules, voices)
    used: dict[str, int] = {}
    for rule, rows in rules:
        used[str(rule.kind)] = used.get(str(rule.kind), 0) + len(rows)
    publish_cubes(
        version_id=frame.version_id,
        cubes={PROPOSAL: frame.cube(np.where(frame.on_sale, values, 0))},
        seen={PROPOSAL: heads[PROPOSAL]},
        inputs={code: heads[code] for code in VOICES},
        policy=PublishPolicy.STRICT,
        actor=actor,
        source=Source.SYSTEM,
        cause="rule",
    )
    publish_flex(cycle=cycle, actor=actor)
    return {"rows": len(frame.axis), "rules": used, "total": int(values.sum())}
