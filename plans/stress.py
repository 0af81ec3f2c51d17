"""Random concurrent edits by processes that are killed, and the account of every one of them afterwards.

Each edit adds one to a cell, so the sum of the edits that took effect is the cell's value. An editor notes an edit
before it sends it and again when it was acknowledged; what was in flight at a kill is sent once more with the same key,
as a client does that heard no answer. After that nothing is uncertain: every edit counts once or was refused.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.db import OperationalError, connections

from core import audit
from core.errors import Conflict
from plans import cache
from plans.choices import PublishPolicy, SaveMode
from plans.cubes import Axis, Cube
from plans.models import Edit
from plans.selectors import HeadRef, Tail, get_heads, load_state
from plans.services import CellEdit, StaleInputs, compact_head, publish_cubes, save_cells

Cell = tuple[int, int, int]
MEASURES = ("sales", "channel")
_SIZES, _WEIGHTS = ((1, 1), (2, 12), (13, 60)), (40, 40, 20)  # cells a save: typed, pasted, spread
_FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Arena:
    """Where the edits fall: a plan, its cells, and the cell in which the mover counts its publications."""

    version_id: int
    cells: tuple[Cell, ...]
    marker: Cell
    logs: Path


@dataclass(frozen=True)
class Account:
    """What came of a run.

    ``edits`` : changed cells that were acknowledged; ``replayed`` : saves committed but not acknowledged before a kill;
    ``conflicts`` : saves that met somebody else's value and were tried again. ``lost`` and ``doubled`` must be 0 and
    ``faults`` empty.
    """

    edits: int
    seconds: float
    kills: int
    replayed: int
    conflicts: int
    folds: int
    publications: int
    lost: int
    doubled: int
    faults: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        return not self.lost and not self.doubled and not self.faults


def make_arena(*, version_id: int, cells: Sequence[Cell], logs: Path) -> Arena:
    """All cells but the last are for the editors; the last is the mover's. Both measures start at 0 everywhere."""
    keys, months = [cell[:2] for cell in cells], sorted({cell[2] for cell in cells})
    axis = Axis.of("product_org", keys)
    values = np.zeros((len(axis), months[-1] - months[0] + 1), np.int64)
    cube = Cube(axis, months[0], values, "quantity", 0, np.ones(values.shape, bool))
    publish_cubes(version_id=version_id, cubes=dict.fromkeys(MEASURES, cube), actor=None)
    return Arena(version_id, tuple(cells[:-1]), cells[-1], logs)


def run_stress(
    arena: Arena,
    *,
    edits: int,
    processes: int,
    kill_every: float,
    report: Callable[[str], None] = lambda _line: None,
) -> Account:
    """Edit until ``edits`` cells were acknowledged, killing a process every ``kill_every`` seconds on average."""
    began = time.monotonic()
    workers = [_Worker(arena, number, _edit_for_ever) for number in range(processes)]
    workers.append(_Worker(arena, processes, _move_for_ever))
    progress, kills = _Progress(arena), 0
    next_kill, next_report = began + kill_every, began + 10
    try:
        while progress.count() < edits:
            time.sleep(0.05)
            now = time.monotonic()
            if now >= next_kill:
                random.choice(workers).kill_and_restart()
                kills, next_kill = kills + 1, now + kill_every * random.uniform(0.5, 1.5)
            if now >= next_report:
                report(f"{progress.total} edits, {kills} kills, {now - began:.0f} s")
                next_report = now + 10
            for worker in workers:
                worker.require_alive()
    finally:  # none may outlive a failed run and hold its locks
        for worker in workers:
            worker.kill()
    return _settle(arena, seconds=time.monotonic() - began, kills=kills + len(workers))


class _Worker:
    """A forked process that runs until it is killed. The parent holds no database connection while it forks."""

    def __init__(self, arena: Arena, number: int, work: Callable[[Arena, _Log], None]) -> None:
        self._arena, self._number, self._work, self._life = arena, number, work, 0
        self._start()

    def _start(self) -> None:
        connections.close_all()
        log = self._arena.logs / f"{self._number:02d}-{self._life:04d}.log"
        self._process = _FORK.Process(target=_run, args=(self._work, self._arena, log), daemon=True)
        self._process.start()

    def kill(self) -> None:
        """As the kernel does: no goodbye."""
        os.kill(self._process.pid or 0, signal.SIGKILL)
        self._process.join()

    def kill_and_restart(self) -> None:
        self.kill()
        self._life += 1
        self._start()

    def require_alive(self) -> None:
        if not self._process.is_alive():
            raise RuntimeError(f"worker {self._number} ended by itself, see {self._arena.logs}")


class _Log:
    """Lines that survive a kill: written by the kernel before the next step is taken."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def write(self, kind: str, **values: object) -> None:
        os.write(self._file, (json.dumps({"kind": kind, **values}) + "\n").encode())


def _run(work: Callable[[Arena, _Log], None], arena: Arena, path: Path) -> None:
    for inherited in connections.all(initialized_only=True):
        # With an event loop on the parent's thread Django keeps a second set of connections, which closing did not
        # reach; two processes on one socket read each other's answers.
        inherited.connection = None
    random.seed()
    cache.clear()
    work(arena, _Log(path))


def _edit_for_ever(arena: Arena, log: _Log) -> None:
    while True:
        count = random.randint(*random.choices(_SIZES, _WEIGHTS)[0])
        wanted = [(random.choice(MEASURES), cell) for cell in random.sample(arena.cells, count)]
        while not _try_to_add(arena, log, wanted):
            pass


def _try_to_add(arena: Arena, log: _Log, wanted: list[tuple[str, Cell]]) -> bool:
    """Read, add one, save; false when somebody else was faster."""
    heads = get_heads(version_id=arena.version_id, measures=MEASURES)
    states = {code: load_state(ref) for code, ref in heads.items()}
    now = {code: state.at([cell for _code, cell in wanted]) for code, state in states.items()}
    rows = [[code, *cell, now[code][place]] for place, (code, cell) in enumerate(wanted)]
    key = uuid.uuid4().hex
    log.write("intent", key=key, rows=rows)
    try:
        _save(arena, key, rows)
    except Conflict:
        log.write("refused", key=key)
        return False
    except OperationalError as error:
        log.write("error", text=str(error))
        return False
    log.write("done", key=key, cells=len(rows))
    return True


def _save(arena: Arena, key: str, rows: list[list[Any]]) -> bool:
    """Whether the save had been done before."""
    edits = [CellEdit(code, a, b, m, (base or 0) + 1, base) for code, a, b, m, base in rows]
    result = save_cells(
        version_id=arena.version_id, edits=edits, actor=None, mode=SaveMode.ALL_OR_NOTHING, idem_key=key
    )
    return result.replayed


def _move_for_ever(arena: Arena, log: _Log) -> None:
    """Fold and publish all the time: what compaction and jobs do to a head under edit."""
    while True:
        for code in MEASURES:
            seen = get_heads(version_id=arena.version_id, measures=[code])[code]
            if random.random() < 0.5:
                if compact_head(head=seen):
                    log.write("fold")
            elif code == MEASURES[0]:
                _publish_mark(arena, log, seen)
        time.sleep(0.02)


def _publish_mark(arena: Arena, log: _Log, seen: HeadRef) -> None:
    """Publish what was seen with the marker one higher; edits made meanwhile must stay on top."""
    state = load_state(seen)
    count = (state.at([arena.marker])[0] or 0) + 1
    marked = Tail.of(np.array([arena.marker]), np.array([count]), np.array([True]))
    cube = state.with_tail(marked).cube()
    log.write("publish")
    with suppress(StaleInputs):
        publish_cubes(
            version_id=arena.version_id,
            cubes={seen.measure: cube},
            seen={seen.measure: seen},
            actor=None,
            policy=PublishPolicy.KEEP_NEWER,
        )
        log.write("published")


class _Progress:
    """Acknowledged cells so far; each log is read on from where the last look ended."""

    def __init__(self, arena: Arena) -> None:
        self._logs, self._read, self.total = arena.logs, Counter[Path](), 0

    def count(self) -> int:
        for path in self._logs.glob("*.log"):
            with path.open("rb") as file:
                file.seek(self._read[path])
                chunk = file.read()
            whole = chunk[: chunk.rfind(b"\n") + 1]
            self._read[path] += len(whole)
            lines = (json.loads(line) for line in whole.splitlines() if b'"done"' in line)
            self.total += sum(line["cells"] for line in lines)
        return self.total


def _settle(arena: Arena, *, seconds: float, kills: int) -> Account:
    """Send again what was in flight at a kill, with its key; then hold every cell against the edits that count."""
    lines = [json.loads(line) for path in sorted(arena.logs.glob("*.log")) for line in _whole_lines(path)]
    kinds = Counter(line["kind"] for line in lines)
    intents = {line["key"]: line["rows"] for line in lines if line["kind"] == "intent"}
    done = {line["key"] for line in lines if line["kind"] == "done"}
    refused = {line["key"] for line in lines if line["kind"] == "refused"}
    replayed = 0
    for key in intents.keys() - done - refused:
        try:
            replayed += _save(arena, key, intents[key])
        except Conflict:
            refused.add(key)
    expected = Counter((row[0], tuple(row[1:4])) for key in intents.keys() - refused for row in intents[key])
    found = _read_cells(arena)
    return Account(
        edits=sum(len(intents[key]) for key in done),
        seconds=seconds,
        kills=kills,
        replayed=replayed,
        conflicts=kinds["refused"],
        folds=kinds["fold"],
        publications=kinds["published"],
        lost=sum(max(0, count - found[cell]) for cell, count in expected.items()),
        doubled=sum(max(0, count - expected[cell]) for cell, count in found.items()),
        faults=(
            *(line["text"] for line in lines if line["kind"] == "error"),
            *_broken_ledgers(arena, expected),
            *_miscounted_publications(arena, kinds),
        ),
    )


def _whole_lines(path: Path) -> list[str]:
    text = path.read_text()
    return text[: text.rfind("\n") + 1].splitlines()  # the last line of a killed process may be cut


def _read_cells(arena: Arena) -> Counter[tuple[str, Cell]]:
    heads = get_heads(version_id=arena.version_id, measures=MEASURES)
    found: Counter[tuple[str, Cell]] = Counter()
    for code, ref in heads.items():
        values = load_state(ref).at(arena.cells)
        found.update({(code, cell): value or 0 for cell, value in zip(arena.cells, values, strict=True)})
    return found


def _broken_ledgers(arena: Arena, expected: Counter[tuple[str, Cell]]) -> Iterator[str]:
    """Revisions that are not 1 … rev, a ledger of another length than the edits, a broken audit chain."""
    heads = get_heads(version_id=arena.version_id, measures=MEASURES)
    for code, ref in heads.items():
        revs = list(Edit.objects.filter(head_id=ref.id).order_by("rev").values_list("rev", flat=True))
        if revs != list(range(1, ref.rev + 1)):
            yield f"{code}: revisions are not dense"
        if len(revs) != sum(count for (measure, _cell), count in expected.items() if measure == code):
            yield f"{code}: {len(revs)} rows in the ledger"
    for chain in audit.list_chains():
        if (bad := audit.verify_chain(chain)) is not None:
            yield f"audit chain {chain}: {bad.problem}"


def _miscounted_publications(arena: Arena, kinds: Counter[str]) -> Iterator[str]:
    """The marker counts publications; one may have committed without being noted for each kill of the mover."""
    head = get_heads(version_id=arena.version_id, measures=MEASURES[:1])[MEASURES[0]]
    marked = load_state(head).at([arena.marker])[0] or 0
    if not kinds["published"] <= marked <= kinds["publish"]:
        yield f"{marked} publications in the plan, {kinds['published']} acknowledged, {kinds['publish']} tried"
