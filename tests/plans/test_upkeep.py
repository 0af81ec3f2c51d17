"""What beat and the command line do to the store, and that it changes no number."""

import logging
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from plans import cache, tasks
from plans.models import Block, Garbage
from plans.selectors import load_snapshot_measure, verify_snapshot
from plans.services import collect_blocks, compact_long_tails, fork_version, freeze_version, put_block


class TestCollection:
    def test_only_what_nothing_names_goes(self, world, monkeypatch):
        monkeypatch.setattr("plans.services.cells.LEDGER_LIMIT", 2)
        world.publish("sales", 1)
        world.save(*(world.edit("sales", "A1", org, 2) for org in ("n1", "n2", "s1")))  # a bulk edit keeps two blocks
        fork_version(parent_id=world.version.pk, name="x", actor=world.actor)
        code = freeze_version(version_id=world.version.pk, kind="D", actor=world.actor)
        named = set(Block.objects.values_list("sha", flat=True))
        orphan = put_block(cube=world.cube("constrained", 77))
        assert collect_blocks(older_than_days=-1) == 1
        assert set(Block.objects.values_list("sha", flat=True)) == named - {orphan}
        assert not Garbage.objects.exists()
        assert verify_snapshot(code=code) == []
        assert world.read("sales", "A1", "n1") == 2

    def test_the_young_are_left_alone(self, world):
        put_block(cube=world.cube("constrained", 77))
        assert collect_blocks() == 0

    def test_a_collected_block_can_be_put_again(self, world):
        cube = world.cube("constrained", 77)
        sha = put_block(cube=cube)
        collect_blocks(older_than_days=-1)
        cache.clear()
        assert put_block(cube=cube) == sha
        world.publish("constrained", 77)
        cache.clear()
        assert world.read("constrained", "A1", "n1") == 77


class TestFolding:
    def test_long_tails_only(self, world):
        world.save(*(world.edit("sales", "A1", org, 5) for org in ("n1", "n2", "s1")))
        world.save(world.edit("marketing", "A1", "n1", 5))
        assert compact_long_tails(limit=2) == 1
        assert (world.head("sales").fold, world.head("marketing").fold) == (3, 0)
        assert world.read("sales", "A1", "s1") == 5

    def test_a_scenario_on_a_long_tail(self, world):
        world.save(*(world.edit("sales", "A1", org, 5) for org in ("n1", "n2", "s1")))
        scenario = fork_version(parent_id=world.version.pk, name="x", actor=world.actor)
        assert compact_long_tails(limit=2) == 2  # the plan's and the scenario's
        assert not world.head("sales", scenario).is_dirty
        assert world.read("sales", "A1", "s1", version_id=scenario) == 5

    def test_sealed_heads_are_left_alone(self, world):
        world.save(*(world.edit("sales", "A1", org, 5) for org in ("n1", "n2", "s1")))
        freeze_version(version_id=world.version.pk, kind="D", actor=world.actor)
        assert compact_long_tails(limit=0) == 0


def test_tending_from_the_command_line(world):
    world.save(world.edit("sales", "A1", "n1", 5), world.edit("sales", "A1", "n2", 5))
    put_block(cube=world.cube("constrained", 77))
    out = StringIO()
    call_command("tend_plans", "--tail", "1", "--days", "-1", stdout=out)
    assert out.getvalue().splitlines() == ["1 heads folded", "1 blocks deleted"]
    assert world.read("sales", "A1", "n1") == 5


def test_beat_runs_the_same(world):
    world.save(world.edit("sales", "A1", "n1", 5))
    put_block(cube=world.cube("constrained", 77))
    before = Block.objects.count()
    tasks.compact()
    tasks.collect()
    assert (world.head("sales").fold, Block.objects.count()) == (0, before)  # neither long nor old


def test_snapshots_are_verified(world, without_triggers, caplog):
    world.publish("proposal", 3)
    code = freeze_version(version_id=world.version.pk, kind="D", actor=world.actor)
    out = StringIO()
    call_command("verify_snapshots", stdout=out)
    assert out.getvalue() == f"D {code} ok\n1 snapshots intact\n"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE plan_block SET scale = 1 WHERE sha = %s", [world.head("proposal").block_id])
    with pytest.raises(CommandError, match="1 of 1"):
        call_command("verify_snapshots", code[:12], stderr=StringIO())
    logging.getLogger("plans.tasks").addHandler(caplog.handler)
    tasks.verify()
    assert "proposal" in caplog.text


def test_grid_reads_cost_one_statement_each(live_world, django_assert_num_queries):
    """Warm: the heads. With new edits: the heads and the edits since, nothing read twice."""
    world = live_world
    world.publish("sales", 3)
    world.read("sales", "A1", "n1")
    with django_assert_num_queries(1):
        world.read("sales", "A1", "n1")
    world.save(world.edit("sales", "A1", "n1", 4))
    with django_assert_num_queries(2):
        assert world.read("sales", "A1", "n1") == 4
    with django_assert_num_queries(1):
        assert world.read("sales", "A1", "n1") == 4


def test_a_rolled_back_edit_is_not_remembered(live_world):
    world = live_world
    with transaction.atomic():
        world.save(world.edit("sales", "A1", "n1", 99))
        assert world.read("sales", "A1", "n1") == 99
        transaction.set_rollback(True)
    assert world.read("sales", "A1", "n1") is None
    world.save(world.edit("sales", "A1", "n1", 5))  # gets the revision that was rolled back
    assert world.read("sales", "A1", "n1") == 5


def test_frozen_numbers_are_the_same_after_everything_is_forgotten(world):
    world.publish("proposal", 3)
    code = freeze_version(version_id=world.version.pk, kind="D", actor=world.actor)
    before = load_snapshot_measure(code=code, measure="consensus")
    cache.clear()
    assert load_snapshot_measure(code=code, measure="consensus").same_numbers(before)


def test_the_cache_keeps_to_its_size():
    class Sized:
        nbytes = 1_000

    small = cache.ByteLru(5_000)
    for key in range(20):
        small.get_or_make(key, Sized)
    assert small.size_bytes <= 5_000
    assert small.misses == 20
    small.get_or_make(19, Sized)
    assert small.hits == 1
