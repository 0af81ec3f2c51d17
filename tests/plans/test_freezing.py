"""Freezing, its code, what stays the same ever after, and reopening."""

import hashlib
import json

import numpy as np
import pytest
from django.db import connection

from core.errors import Frozen, InvalidInput
from masterdata.models import Org, Product
from plans.models import Edit, Snapshot, Version
from plans.selectors import (
    get_heads,
    get_snapshot,
    get_valid_snapshot,
    get_working_version,
    load_manifest,
    load_nodes,
    load_snapshot_measure,
    load_snapshot_nodes,
    verify_snapshot,
)
from plans.services import create_working_version, freeze_version, lock_cells, reopen_version, save_cells
from tests.plans.world import change


def _freeze(world, kind, **options):
    return freeze_version(version_id=world.version.pk, kind=kind, actor=world.actor, **options)


@pytest.fixture
def planned(world):
    world.publish("proposal", np.arange(20)[:, None])
    world.save(world.edit("consensus", "A1", "n1", 70))
    world.publish("constrained", 3)
    world.publish("revenue", 900)
    return world


def test_a_step_freezes_its_own_measures_only(planned):
    _freeze(planned, "D")
    heads = get_heads(version_id=planned.version.pk)
    assert heads["override"].sealed
    assert heads["actual"].sealed
    assert not heads["constrained"].sealed
    assert not heads["revenue"].sealed
    assert set(load_manifest(get_snapshot(_freeze(planned, "S")))["measures"]) >= {"override", "constrained"}
    with pytest.raises(Frozen):
        planned.save(planned.edit("sales", "A1", "n1", 5))
    with pytest.raises(Frozen):
        planned.publish("constrained", 4)
    planned.publish("revenue", 901)
    assert planned.read("revenue", "A1", "n1") == 901


def test_the_refusal_names_the_snapshot_and_the_way_back(planned):
    code = _freeze(planned, "D")
    with pytest.raises(Frozen) as caught:
        planned.save(planned.edit("consensus", "A1", "n1", 5), mode="partial")
    assert caught.value.details["snapshot"] == code
    assert "coordinator" in caught.value.details["how_to_reopen"]
    assert Edit.objects.count() == 1


def test_the_code_is_the_hash_of_what_was_frozen(planned):
    code = _freeze(planned, "D", price_set="prices-7", calendar="cn-2026")
    snapshot = get_snapshot(code[:12])
    assert hashlib.sha256(snapshot.manifest.encode()).hexdigest() == code
    manifest = json.loads(snapshot.manifest)
    assert (manifest["cycle"], manifest["kind"], manifest["issue"]) == ("2026-07", "D", 1)
    assert (manifest["price_set"], manifest["calendar"]) == ("prices-7", "cn-2026")
    assert manifest["measures"]["override"] == planned.head("override").block_id
    assert not planned.head("override").is_dirty
    assert verify_snapshot(code=code) == []


def test_the_approval_freezes_everything_left(planned):
    _freeze(planned, "D")
    code = _freeze(planned, "A")
    version = Version.objects.get(pk=planned.version.pk)
    assert (version.kind, version.state, version.snapshot_code) == ("approved", "frozen", code)
    assert all(ref.sealed for ref in get_heads(version_id=version.pk).values())
    assert get_working_version(planned.cycle) == version
    with pytest.raises(Frozen) as caught:
        _freeze(planned, "A")
    assert caught.value.code == "already_frozen"


def test_frozen_figures_read_the_same_for_ever(planned):
    code = _freeze(planned, "D")
    before = load_snapshot_measure(code=code, measure="consensus")
    totals = load_snapshot_nodes(code=code, measure="consensus", nodes=[("FA", None), ("FB", None), ("A1", "n1")])
    assert totals.values[:, 0].tolist() == [136, 124, 70]
    change(Product, "A1", parent=Product.objects.get(code="FB"), code="A1-new")
    change(Org, "n1", parent=Org.objects.get(code="S"))
    again = load_snapshot_nodes(
        code=code, measure="consensus", nodes=[("FA", None), ("FB", None), ("A1-new", "n1"), (None, "N")]
    )
    assert again.values[:, 0].tolist() == [136, 124, 70, totals.values[:2, 0].sum() - _south(planned)]
    assert load_snapshot_measure(code=code, measure="consensus").same_numbers(before)
    today = load_nodes(version_id=planned.version.pk, measures=["consensus"], nodes=[("FA", None)])["consensus"]
    assert today.values[0, 0] == 136 - (70 + 1 + 2 + 3)
    assert verify_snapshot(code=code) == []


def _south(world):
    return sum(4 * product + org for product in range(5) for org in (2, 3))


def test_a_new_product_survives_compaction_and_freeze(planned):
    parent = Product.objects.get(code="FA")
    planned.p["A9"] = Product.objects.create(code="A9", name="A9", level="sku", parent=parent).pk
    planned.save(planned.edit("consensus", "A9", "n1", 33))
    code = _freeze(planned, "D")
    cube = load_snapshot_measure(code=code, measure="consensus")
    assert cube.cell(planned.key("A9", "n1"), planned.cycle.month) == 33
    nodes = [("FA", None), ("A9", None)]
    assert load_snapshot_nodes(code=code, measure="consensus", nodes=nodes).values[:, 0].tolist() == [169, 33]


def test_verify_names_what_was_tampered_with(planned, without_triggers):
    code = _freeze(planned, "D")
    sha = planned.head("proposal").block_id
    other = planned.head("constrained").block_id
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE plan_block SET data = (SELECT data FROM plan_block WHERE sha = %s) WHERE sha = %s", [other, sha]
        )
        cursor.execute("UPDATE plan_snapshot SET manifest = manifest || ' ' WHERE code = %s", [code])
    problems = {finding.part: finding.problem for finding in verify_snapshot(code=code)}
    assert set(problems) == {"manifest", "proposal"}


def test_only_the_plan_of_a_cycle_is_frozen(planned):
    from plans.services import fork_version

    scenario = fork_version(parent_id=planned.version.pk, name="what if", actor=planned.actor)
    with pytest.raises(InvalidInput):
        freeze_version(version_id=scenario, kind="D", actor=planned.actor)


class TestReopening:
    def test_makes_a_new_plan_on_the_frozen_figures(self, planned):
        codes = [_freeze(planned, kind) for kind in "DSPA"]
        new = reopen_version(version_id=planned.version.pk, kind="S", actor=planned.actor, reason="line down")
        assert get_working_version(planned.cycle) == new
        heads = get_heads(version_id=new.pk)
        assert heads["override"].sealed
        assert not heads["constrained"].sealed
        assert not heads["revenue"].sealed
        assert planned.read("consensus", "A1", "n1", version_id=new.pk) == 70
        assert planned.read("constrained", "A1", "n1", version_id=new.pk) == 3
        invalid = [bool(getattr(Snapshot.objects.get(code=c), "invalidation", None)) for c in codes]
        assert invalid == [False, True, True, True]
        assert get_valid_snapshot(version_id=planned.version.pk, kind="S") is None
        assert all(verify_snapshot(code=c) == [] for c in codes)

    def test_new_numbers_leave_the_old_snapshot_alone(self, planned):
        _freeze(planned, "D")
        old_code = _freeze(planned, "S")
        new = reopen_version(version_id=planned.version.pk, kind="S", actor=planned.actor, reason="line down")
        planned.publish("constrained", 2, version_id=new.pk)
        new_code = freeze_version(version_id=new.pk, kind="S", actor=planned.actor)
        assert new_code != old_code
        assert load_manifest(get_snapshot(new_code))["issue"] == 2
        month, key = planned.cycle.month, planned.key("A1", "n1")
        assert load_snapshot_measure(code=old_code, measure="constrained").cell(key, month) == 3
        assert load_snapshot_measure(code=new_code, measure="constrained").cell(key, month) == 2

    def test_the_same_figures_frozen_again_are_another_issue(self, planned):
        first = _freeze(planned, "D")
        new = reopen_version(version_id=planned.version.pk, kind="D", actor=planned.actor, reason="check")
        second = freeze_version(version_id=new.pk, kind="D", actor=planned.actor)
        assert first != second
        assert load_manifest(get_snapshot(first))["measures"] == load_manifest(get_snapshot(second))["measures"]

    def test_the_old_plan_takes_no_edit_any_more(self, planned):
        _freeze(planned, "D")
        reopen_version(version_id=planned.version.pk, kind="D", actor=planned.actor, reason="x")
        with pytest.raises(Frozen):
            planned.publish("constrained", 9)  # was open when the step was reopened
        with pytest.raises(InvalidInput):
            reopen_version(version_id=planned.version.pk, kind="D", actor=planned.actor, reason="again")

    def test_edits_go_on_in_the_new_plan_and_it_freezes(self, planned):
        _freeze(planned, "D")
        months = range(planned.cycle.month + 2, planned.cycle.month + 3)
        new = reopen_version(version_id=planned.version.pk, kind="D", actor=planned.actor, reason="x")
        keys = [planned.key("A2", "n1")]
        lock_cells(version_id=new.pk, measure="consensus", keys=keys, months=months, actor=planned.actor)
        save_cells(version_id=new.pk, edits=[planned.edit("consensus", "A1", "n1", 71, base=70)], actor=planned.actor)
        newer = reopen_version(version_id=new.pk, kind="D", actor=planned.actor, reason="y")
        assert planned.read("consensus", "A1", "n1", version_id=newer.pk) == 71
        assert newer.locks.count() == 1
        code = freeze_version(version_id=newer.pk, kind="D", actor=planned.actor)
        assert verify_snapshot(code=code) == []


class TestNextCycle:
    def test_inputs_roll_and_what_falls_out_is_logged(self, planned):
        from core.models import AuditEntry
        from cycles.models import Cycle

        planned.publish("sales", np.arange(1, 13)[None, :])  # January 1, … December 12 for every leaf
        _freeze(planned, "A")
        cycle = Cycle.objects.create(month=planned.cycle.month + 1, horizon=12)
        version = create_working_version(cycle=cycle, actor=planned.actor)
        cube_key = planned.key("A1", "n1")
        from plans.selectors import load_measure

        sales = load_measure(version_id=version.pk, measure="sales")
        assert [sales.cell(cube_key, m) for m in sales.months] == [*range(2, 13), None]
        assert load_measure(version_id=version.pk, measure="override").cell(cube_key, cycle.month) is None
        entry = AuditEntry.objects.get(verb="plans.version.created", object_id=str(version.pk))
        assert json.loads(entry.detail)["dropped_quantity"]["sales"] == 20

    def test_one_plan_per_cycle(self, planned):
        assert create_working_version(cycle=planned.cycle, actor=planned.actor) == planned.version
