"""A large balance on all workers: its blocks are solved beside each other, the job's continuation joins their plans.

Everything goes through the job's parts in the database: what was read, the problem, the blocks of every child and what
it found. The blocks and how each is solved follow from the problem alone, so the plan is to the byte the one that a
single process makes, wherever and in whatever order they are solved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.db import write_transaction
from core.jobs import Progress, clear_stale_parts, enqueue_children, fence, read_part, write_parts
from core.models import Job
from engine.balancing.blocks import Block
from engine.balancing.contracts import BalanceProblem, Finding, SolveOptions
from engine.balancing.first import Balanced, Division, divide, join_division
from engine.balancing.joining import SolvedBlock, solve_block
from engine.balancing.solve import Session
from plans.selectors import HeadRef, get_version
from supply.adapters.packing import pack, unpack
from supply.adapters.problem import Prepared
from supply.services.reading import Reading
from supply.services.solving import open_session, refusals_in_words

MOST_PARTS = 16


@dataclass(frozen=True)
class Kept:
    """What a split balance has read, for its continuation."""

    inputs: dict[str, HeadRef]
    seen: dict[str, HeadRef]
    revision: int
    started: float
    problem: BalanceProblem
    findings: tuple[Finding, ...]
    input_hash: str
    adopted: tuple[int, ...]


@dataclass(frozen=True)
class Task:
    """Blocks for one child to solve."""

    blocks: list[Block]
    options: SolveOptions


@dataclass(frozen=True)
class Outcome:
    """What a child found, block by block."""

    solved: list[SolvedBlock]


def split_balance(job: Job, reading: Reading, prepared: Prepared, division: Division) -> None:
    """Hand the blocks to the job's children; the caller returns right after."""
    kept = Kept(
        reading.inputs,
        reading.seen,
        reading.revision,
        reading.started,
        prepared.problem,
        prepared.findings,
        prepared.input_hash,
        prepared.adopted,
    )
    tasks = {
        f"task/{place}": pack(Task([division.blocks[number] for number in numbers], division.options))
        for place, numbers in enumerate(share_out(len(division.blocks)))
    }
    clear_stale_parts("balance")
    with write_transaction():
        write_parts(job, {"kept": pack(kept), **tasks})
        enqueue_children(
            job=job, kind="balance_part", scopes=[{"run": job.pk, "part": place} for place in range(len(tasks))]
        )


def share_out(blocks: int) -> list[list[int]]:
    """Numbers of the blocks each child solves: neighbours, in about equal counts."""
    return [part.tolist() for part in np.array_split(np.arange(blocks), min(blocks, MOST_PARTS))]


def solve_part(job: Job, progress: Progress) -> dict[str, int]:
    """Solve some blocks of a balance and leave what was found for its continuation."""
    progress.within("parts", 0)
    run, place = job.scope["run"], job.scope["part"]
    task, solved = unpack(Task, read_part(run, f"task/{place}")), []
    for number, block in enumerate(task.blocks):
        with refusals_in_words():
            solved.append(solve_block(block, task.options))
        progress.within("parts", (number + 1) / len(task.blocks))
    result = {"blocks": len(solved)}
    with write_transaction():
        fence(job, result=result)
        write_parts(job.parent, {f"outcome/{place}": pack(Outcome(solved))})
    return result


def read_kept(job: Job) -> tuple[Reading, Prepared]:
    """What the split job had read."""
    kept = unpack(Kept, read_part(job.pk, "kept"))
    version = get_version(job.scope["version"])
    reading = Reading(version, kept.inputs, kept.seen, kept.revision, kept.started)
    return reading, Prepared(kept.problem, kept.findings, kept.input_hash, kept.adopted)


def join_parts(job: Job, prepared: Prepared) -> tuple[Session, Balanced]:
    """The whole's plan from what the children left."""
    session = open_session(prepared)
    division = divide(session)
    if division is None:
        raise RuntimeError("the balance was split and does not divide any more")
    solved = [
        block
        for place in range(len(share_out(len(division.blocks))))
        for block in unpack(Outcome, read_part(job.pk, f"outcome/{place}")).solved
    ]
    with refusals_in_words():
        return session, join_division(session, division, solved)
