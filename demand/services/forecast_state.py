"""What a running forecast has read, kept for its continuation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.jobs import read_part, write_parts
from core.models import Job
from plans.selectors.heads import HeadRef


@dataclass(frozen=True)
class RunState:
    """What a run has read, the hash of its inputs and the heads of its measures; ``started`` in seconds.

    ``borrowed`` says whose season short histories took over, empty when nobody's.
    """

    input_hash: str
    seen: Mapping[str, HeadRef]
    started: float
    borrowed: dict[str, Any]


def write_state(job: Job, state: RunState) -> None:
    """Keep it for the continuation; part of the transaction that splits the job."""
    heads = {code: asdict(ref) for code, ref in state.seen.items()}
    text = json.dumps({**vars(state), "seen": heads})
    write_parts(job, {"state": text.encode()})


def read_state(job: Job) -> RunState:
    told = json.loads(read_part(job.pk, "state"))
    seen = {code: HeadRef(**ref) for code, ref in told["seen"].items()}
    return RunState(told["input_hash"], seen, told["started"], told["borrowed"])
