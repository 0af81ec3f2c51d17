"""The interleavings that lose or mix numbers in a naive store, each made to happen (docs: plan store, races R1 … R14).

Threads meet at fixed points, so every run takes the same path. "Waits" is shown by the second writer still being held
up while the first one's transaction is open.
"""

from __future__ import annotations

import sqlite3
import threading

import numpy as np
import pytest
from django.conf import settings
from django.db import connection

from core.db import write_transaction
from core.errors import Conflict, Frozen
from plans import cache
from plans.models import Edit
from plans.selectors import get_heads, load_cube, load_snapshot_measure, load_state, verify_snapshot
from plans.services import (
    StaleInputs,
    cells,
    compact_head,
    freeze_version,
    ledger,
    preview_spread,
    put_block,
    save_spread,
)
from plans.services.head_rows import move_head
from tests.plans.threads import Pause, Writer

is_sqlite = "sqlite" in settings.DATABASES["default"]["ENGINE"]


@pytest.fixture
def world(live_world):
    return live_world


@pytest.fixture
def hold_before_commit(monkeypatch):
    """Make the next save stop with everything written but nothing committed."""

    def arm() -> Pause:
        pause, original = Pause(), ledger.Save.conclude
        once = threading.Lock()

        def conclude(self, *args):
            result = original(self, *args)
            if once.acquire(blocking=False):
                pause.here()
            return result

        monkeypatch.setattr(ledger.Save, "conclude", conclude)
        return pause

    return arm


def test_r1_an_uncommitted_edit_is_not_lost_by_a_compaction(world, hold_before_commit):
    pause = hold_before_commit()
    first = Writer(lambda: world.save(world.edit("sales", "A1", "n1", 77)))
    pause.wait_until_reached()
    second = Writer(lambda: world.save(world.edit("sales", "A1", "n2", 88)))
    assert second.is_waiting()  # revisions are handed out in commit order
    seen = world.head("sales")
    assert seen.rev == 0
    folding = Writer(lambda: compact_head(head=seen))
    assert folding.result() is False  # nothing committed, nothing to fold
    pause.let_go()
    assert (first.result().revision, second.result().revision) == (1, 2)
    assert compact_head(head=world.head("sales"))
    assert (world.read("sales", "A1", "n1"), world.read("sales", "A1", "n2")) == (77, 88)


def test_r1_an_edit_made_while_a_compaction_computes_stays_on_top(world):
    world.save(world.edit("sales", "A1", "n1", 77))
    seen = world.head("sales")
    world.save(world.edit("sales", "A1", "n2", 88))  # commits between the compaction's read and its swap
    assert compact_head(head=seen)
    head = world.head("sales")
    assert (head.fold, head.rev) == (1, 2)
    assert (world.read("sales", "A1", "n1"), world.read("sales", "A1", "n2")) == (77, 88)


def test_r2_an_edit_typed_on_the_old_block_meets_the_new_number(world):
    world.publish("sales", 0)
    edit = world.edit("sales", "A1", "n1", 10, base=0)
    world.publish("sales", 500)
    with pytest.raises(Conflict) as caught:
        world.save(edit)
    assert caught.value.details["results"][0]["theirs"]["value"] == 500
    assert world.read("sales", "A1", "n1") == 500


def test_r2b_a_job_started_before_an_edit(world):
    world.publish("sales", 1)
    seen = {"sales": world.head("sales")}
    world.save(world.edit("sales", "A1", "n1", 42, base=1))
    with pytest.raises(StaleInputs):
        world.publish("sales", 500, policy="strict", seen=seen)
    assert world.read("sales", "A1", "n2") == 1
    world.publish("sales", 500, policy="keep_newer", seen=seen)
    assert (world.read("sales", "A1", "n1"), world.read("sales", "A1", "n2")) == (42, 500)


@pytest.mark.parametrize("policy", ["strict", "keep_newer"])
def test_r2c_a_compaction_in_between_makes_no_job_stale(world, policy):
    world.save(world.edit("sales", "A1", "n1", 42))
    seen = {"sales": world.head("sales")}
    assert compact_head(head=seen["sales"])
    world.publish("sales", 500, policy=policy, seen=seen)
    assert world.read("sales", "A1", "n1") == 500


def test_r3_a_read_is_one_picture_whatever_happens_meanwhile(world):
    world.publish("sales", 0)
    seen = world.head("sales")
    world.publish("sales", 500)
    world.save(world.edit("sales", "A1", "n1", 501, base=500))
    compact_head(head=world.head("sales"))
    cache.clear()
    old = load_cube(head=seen)
    assert np.unique(old.values).tolist() == [0]


def test_r4_two_first_edits_of_one_cell(world):
    barrier = threading.Barrier(2)

    def first_edit(value):
        barrier.wait()
        return world.save(world.edit("sales", "A1", "n1", value, base=None), mode="partial")

    writers = [Writer(lambda value=value: first_edit(value)) for value in (7, 8)]
    outcomes = sorted(writer.result().outcomes[0].status for writer in writers)
    assert outcomes == ["applied", "conflict"]
    assert Edit.objects.count() == 1


def test_r5_an_edit_in_flight_is_in_the_snapshot_a_later_one_is_refused(world, hold_before_commit):
    pause = hold_before_commit()
    first = Writer(lambda: world.save(world.edit("sales", "A1", "n1", 9)))
    pause.wait_until_reached()
    freeze = Writer(lambda: freeze_version(version_id=world.version.pk, kind="D", actor=world.actor))
    assert freeze.is_waiting()
    late = Writer(lambda: world.save(world.edit("sales", "A1", "n2", 5)))
    assert late.is_waiting()
    pause.let_go()
    assert first.result().applied == 1
    code = freeze.result()
    late.join(20)
    cube = load_snapshot_measure(code=code, measure="sales")
    month = world.cycle.month
    assert cube.cell(world.key("A1", "n1"), month) == 9
    # The late one either came before the seal and is in the picture, or was refused: never in between.
    if isinstance(late.outcome, Exception):
        assert isinstance(late.outcome, Frozen)
        assert cube.cell(world.key("A1", "n2"), month) is None
    else:
        assert cube.cell(world.key("A1", "n2"), month) == 5
    assert verify_snapshot(code=code) == []
    with pytest.raises(Frozen):
        world.save(world.edit("sales", "A1", "n1", 1))


def test_r5_a_job_cannot_publish_under_the_seal(world):
    world.publish("sales", 1)
    seen = {"sales": world.head("sales")}
    freeze_version(version_id=world.version.pk, kind="D", actor=world.actor)
    with pytest.raises(Frozen):
        world.publish("sales", 500, seen=seen)


def test_r6_the_first_edit_after_a_compaction(world):
    world.save(world.edit("sales", "A1", "n1", 1, base=None))
    compact_head(head=world.head("sales"))
    assert world.save(world.edit("sales", "A1", "n1", 2, base=1)).applied == 1
    assert world.read("sales", "A1", "n1") == 2


def test_r7_two_processes_fold_the_same_head(world):
    world.save(world.edit("sales", "A1", "n1", 1))
    seen = world.head("sales")
    assert [compact_head(head=seen), compact_head(head=seen)] == [True, False]
    assert world.read("sales", "A1", "n1") == 1


def test_r8_a_spread_beside_an_edit_of_a_leaf_it_leaves_alone(world):
    world.publish("sales", 100)
    month = world.cycle.month
    preview = preview_spread(
        version_id=world.version.pk, measure="sales", product="FA", org=None, totals={month: 1_203}
    )
    last = tuple(preview.keys[-1].tolist())
    assert int(preview.after[-1, 0]) == 100  # its share does not change
    other = world.edit("sales", "A3", "s2", 150, base=100)
    assert (other.a_id, other.b_id) == last
    world.save(other)
    with pytest.raises(Conflict):
        world.save(*preview.edits())
    save_spread(preview=preview, actor=world.actor)
    cube = load_state(world.head("sales")).cube()
    family = [world.p[code] for code in ("A1", "A2", "A3")]
    rows = np.isin(cube.axis.keys[:, 0], family)
    assert int(cube.values[rows, 0].sum()) == 1_203


def test_r9_the_same_request_sent_twice_at_once(world):
    barrier = threading.Barrier(2)

    def send():
        barrier.wait()
        return world.save(world.edit("sales", "A1", "n1", 5, base=None), idem_key="same")

    results = [writer.result() for writer in [Writer(send), Writer(send)]]
    assert len({result.batch_id for result in results}) == 1
    assert sorted(result.replayed for result in results) == [False, True]
    assert Edit.objects.count() == 1


def test_r10_saves_over_two_measures_in_opposite_order(world):
    rounds = 12
    barrier = threading.Barrier(2)

    def save(order, orgs):
        for step in range(rounds):
            barrier.wait()
            world.save(*(world.edit(code, "A1", org, step) for code, org in zip(order, orgs, strict=True)))

    writers = [
        Writer(lambda: save(("sales", "marketing"), ("n1", "n1"))),
        Writer(lambda: save(("marketing", "sales"), ("n2", "n2"))),
    ]
    for writer in writers:
        writer.result()  # no deadlock
    assert [world.head(code).rev for code in ("sales", "marketing")] == [2 * rounds, 2 * rounds]


def test_r11_a_publication_while_an_edit_waits_for_the_head(world):
    """The edit's base is compared with what the head holds after the wait, not before."""
    world.publish("sales", 1)
    seen = world.head("sales")
    block = put_block(cube=world.cube("sales", 500))
    pause = Pause()

    def publish():
        with write_transaction():
            moved = move_head(seen, block, policy="strict")
            pause.here()
            return moved.epoch

    publication = Writer(publish)
    pause.wait_until_reached()
    edit = Writer(lambda: world.save(world.edit("sales", "A1", "n1", 2, base=1), mode="partial"))
    assert edit.is_waiting()
    pause.let_go()
    publication.result()
    outcome = edit.result().outcomes[0]
    assert (outcome.status, outcome.theirs.value) == ("conflict", 500)


def test_r12_two_publishers_one_wins(world):
    seen = world.head("sales")
    blocks = [put_block(cube=world.cube("sales", value)) for value in (1, 2)]
    pause = Pause()

    def slow():
        with write_transaction():
            moved = move_head(seen, blocks[0], policy="strict")
            pause.here()
            return moved

    def fast():
        with write_transaction():
            return move_head(seen, blocks[1], policy="strict")

    first = Writer(slow)
    pause.wait_until_reached()
    second = Writer(fast)
    assert second.is_waiting()
    pause.let_go()
    assert first.result() is not None
    assert second.result() is None  # the WHERE is looked at again after the wait
    assert world.head("sales").block_id == blocks[0]


def test_r13_readers_leave_no_transaction_open(world):
    """On SQLite an open BEGIN of a reader would lock writers out; here reads are single statements."""
    world.publish("sales", 1)
    cache.clear()
    world.read("sales", "A1", "n1")
    assert not connection.in_atomic_block
    if is_sqlite:
        assert not connection.connection.in_transaction
    writer = Writer(lambda: world.save(world.edit("sales", "A1", "n1", 2)))
    assert writer.result().applied == 1


@pytest.mark.skipif(not is_sqlite, reason="PostgreSQL readers never block writers")
def test_r13_what_an_open_reader_does_to_sqlite(world):
    reader = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM plan_head").fetchone()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 200")
    try:
        with pytest.raises(Exception, match="locked"):
            world.save(world.edit("sales", "A1", "n1", 9))
    finally:
        reader.execute("COMMIT")
        reader.close()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 30000")
    assert world.read("sales", "A1", "n1") is None


def test_r14_a_request_is_not_a_transaction(world):
    assert settings.DATABASES["default"].get("ATOMIC_REQUESTS", False) is False


def test_many_planners_on_few_cells_lose_nothing(world):
    """Increments by compare and retry: the sum of acknowledgements is the value."""
    cellnames = [("A1", "n1"), ("A2", "n2")]
    world.publish("sales", 0)
    acknowledged = dict.fromkeys(cellnames, 0)
    lock = threading.Lock()

    def plan(seed):
        random = np.random.default_rng(seed)
        for _round in range(25):
            name = cellnames[random.integers(2)]
            while True:
                base = world.read("sales", *name)
                result = world.save(world.edit("sales", *name, base + 1, base=base), mode="partial")
                if result.applied:
                    break
            with lock:
                acknowledged[name] += 1

    writers = [Writer(lambda seed=seed: plan(seed)) for seed in range(4)]
    folds = 0
    while any(writer.is_alive() for writer in writers):
        folds += compact_head(head=get_heads(version_id=world.version.pk, measures=["sales"])["sales"])
        writers[0].join(0.05)
    for writer in writers:
        writer.result()
    assert {name: world.read("sales", *name) for name in cellnames} == acknowledged
    revs = list(Edit.objects.order_by("rev").values_list("rev", flat=True))
    assert revs == list(range(1, 101))
    assert folds > 0


def test_the_save_path_is_the_one_that_was_held(world):
    """The pause sits in the code the saves run through; otherwise the races above would prove nothing."""
    assert cells.write_ledger is ledger.write_ledger
