"""What the database itself refuses, whoever asks."""

import re
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from plans.models import Garbage
from plans.services import freeze_version, put_block

STATEMENTS = {
    "edit changed": "UPDATE plan_edit SET after = 1",
    "edit deleted": "DELETE FROM plan_edit",
    "block changed": "UPDATE plan_block SET ncols = 1",
    "block deleted": "DELETE FROM plan_block",
    "axis changed": "UPDATE plan_axis SET nrows = 1",
    "axis deleted": "DELETE FROM plan_axis",
    "move changed": "UPDATE plan_move SET rev = 9",
    "move deleted": "DELETE FROM plan_move",
    "batch changed": "UPDATE plan_batch SET reason = 'other'",
    "batch deleted": "DELETE FROM plan_batch",
    "snapshot changed": "UPDATE plan_snapshot SET manifest = '{}'",
    "snapshot deleted": "DELETE FROM plan_snapshot",
    "sealed head moved": "UPDATE plan_head SET rev = rev + 1 WHERE sealed",
    "sealed head opened": "UPDATE plan_head SET sealed = {false} WHERE sealed",
    "sealed head deleted": "DELETE FROM plan_head WHERE sealed",
    "edit under a seal": (
        'INSERT INTO plan_edit (head_id, rev, a_id, b_id, m, "before", "after", batch_id) '
        "SELECT h.id, h.rev + 1, 1, 1, 24318, NULL, 5, b.id FROM plan_head h, plan_batch b WHERE h.sealed LIMIT 1"
    ),
}


@pytest.fixture
def frozen(world):
    world.save(world.edit("sales", "A1", "n1", 5))
    world.publish("constrained", 2)
    freeze_version(version_id=world.version.pk, kind="D", actor=world.actor)
    return world


def _run(statement):
    false = "FALSE" if connection.vendor == "postgresql" else "0"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.replace("{false}", false))


@pytest.mark.parametrize("name", STATEMENTS)
def test_raw_sql_is_refused(frozen, name):
    with pytest.raises(DatabaseError, match=r"append-only|never|only collected|no edit"):
        _run(STATEMENTS[name])
    assert frozen.read("sales", "A1", "n1") == 5


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE plan_head SET fold = rev + 1 WHERE NOT sealed",
        "UPDATE plan_head SET fold = -1 WHERE NOT sealed",
        "INSERT INTO plan_head (version_id, measure, block_id, fold, rev, epoch, sealed, base_fold, base_rev, "
        "detached, pin_rev, pin_epoch) "
        "SELECT version_id, measure, block_id, 0, 0, 0, {false}, 0, 0, {false}, 0, 0 FROM plan_head",
    ],
)
def test_heads_keep_their_invariants(frozen, statement):
    with pytest.raises(DatabaseError):
        _run(statement)


def test_two_edits_cannot_have_the_same_revision(world):
    world.save(world.edit("sales", "A1", "n1", 5))
    with pytest.raises(DatabaseError):
        _run(
            'INSERT INTO plan_edit (head_id, rev, a_id, b_id, m, "before", "after", batch_id) '
            'SELECT head_id, rev, a_id, b_id, m, "before", "after", batch_id FROM plan_edit'
        )


def test_a_value_beyond_the_bound_cannot_be_stored(world):
    world.save(world.edit("sales", "A1", "n1", 5))
    with pytest.raises(DatabaseError):
        _run(
            'INSERT INTO plan_edit (head_id, rev, a_id, b_id, m, "before", "after", batch_id) '
            'SELECT head_id, 99, a_id, b_id, m, "before", 1000000000001, batch_id FROM plan_edit'
        )


def test_only_listed_garbage_goes(world):
    sha = put_block(cube=world.cube("constrained", 77))
    with pytest.raises(DatabaseError):
        _run(f"DELETE FROM plan_block WHERE sha = '{sha}'")
    Garbage.objects.create(sha=sha)
    _run(f"DELETE FROM plan_block WHERE sha = '{sha}'")


def test_heads_are_written_by_the_store_alone():
    """A head saved elsewhere would be a read-modify-write round every protocol."""
    root = Path(__file__).parents[2]
    rooms = "core accounts masterdata cycles plans demand supply finance meetings dashboards sop"
    tables = "Head|Edit|Move|Block|StoredAxis|Batch"
    writes = re.compile(rf"\b({tables})\.objects\.(create|bulk_|get_or_|update|filter\([^)]*\)\.(update|delete))")
    found = [
        path.relative_to(root).as_posix()
        for room in rooms.split()
        for path in (root / room).rglob("*.py")
        if "plans/services/" not in path.as_posix() and writes.search(path.read_text())
    ]
    assert found == []
