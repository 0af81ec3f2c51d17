"""Editing above the leaves."""

import numpy as np
import pytest

from core.errors import Conflict, InvalidInput
from plans.models import Edit, Move
from plans.selectors import load_nodes, load_rollup
from plans.services import CellEdit, Note, lock_cells, preview_spread, save_cells, save_spread, unlock_cells
from plans.services import spreads as spreads_module


def _preview(world, total, *, measure="sales", product="FA", org=None, rule="current", month=0):
    totals = total if isinstance(total, dict) else {world.cycle.month + month: total}
    return preview_spread(
        version_id=world.version.pk, measure=measure, product=product, org=org, totals=totals, rule=rule
    )


def _sum(world, measure, product, org=None, month=0):
    at = world.cycle.month + month
    return int(
        load_rollup(
            version_id=world.version.pk, measure=measure, products=[product], orgs=[org], months=range(at, at + 1)
        ).sum()
    )


def test_a_family_total_lands_on_its_leaves_exactly(world):
    world.publish("sales", np.arange(20)[:, None])
    preview = _preview(world, 1_001)
    assert int(preview.after.sum()) == 1_001
    assert world.head("sales").rev == 0  # a preview holds and writes nothing
    save_spread(preview=preview, actor=world.actor)
    assert _sum(world, "sales", "FA") == 1_001
    assert _sum(world, "sales", None) == 1_001 + sum(range(12, 20))
    assert _sum(world, "sales", "FA", "N") + _sum(world, "sales", "FA", "S") == 1_001


def test_rules_split_by_what_they_name(world):
    world.publish("sales", 1)
    world.publish("baseline", np.repeat([[1], [3], [0], [0], [0]], 4, axis=0))
    split = {}
    for rule in ("current", "baseline", "equal"):
        preview = _preview(world, 160, org="n1", rule=rule)
        split[rule] = preview.after[:, 0].tolist()
        assert preview.rules == (rule,)
    assert split == {"current": [54, 53, 53], "baseline": [40, 120, 0], "equal": [54, 53, 53]}


def test_history_weighs_the_last_twelve_months(world):
    actuals = world.cube("actual", np.repeat([[2], [1], [1], [0], [0]], 4, axis=0))
    from dataclasses import replace

    past = replace(actuals, first_month=world.cycle.month - 12)
    from plans.services import publish_cubes

    publish_cubes(version_id=world.version.pk, cubes={"actual": past}, actor=world.actor)
    preview = _preview(world, 100, org="n1", rule="history")
    assert preview.after[:, 0].tolist() == [50, 25, 25]


def test_without_numbers_a_rule_falls_back_and_says_so(world):
    preview = _preview(world, 7, org="n1")
    assert preview.rules == ("equal",)
    assert preview.after[:, 0].tolist() == [3, 2, 2]


def test_locked_cells_keep_their_value(world):
    world.publish("sales", 10)
    months = range(world.cycle.month, world.cycle.month + 1)
    lock_cells(
        version_id=world.version.pk,
        measure="sales",
        keys=[world.key("A1", "n1")],
        months=months,
        actor=world.actor,
        reason="agreed",
    )
    preview = _preview(world, 230)
    assert int(preview.locked.sum()) == 1
    save_spread(preview=preview, actor=world.actor)
    assert world.read("sales", "A1", "n1") == 10
    assert _sum(world, "sales", "FA") == 230
    refused = world.save(world.edit("sales", "A1", "n1", 11, base=10), mode="partial")
    assert refused.outcomes[0].code == "locked"
    unlock_cells(
        version_id=world.version.pk,
        measure="sales",
        keys=[world.key("A1", "n1")],
        months=months,
        actor=world.actor,
    )
    assert world.save(world.edit("sales", "A1", "n1", 11, base=10)).applied == 1


def test_a_lock_on_the_consensus_guards_the_override(world):
    world.publish("proposal", 10)
    months = range(world.cycle.month, world.cycle.month + 3)
    keys = [world.key("A1", "n1")]
    lock_cells(version_id=world.version.pk, measure="consensus", keys=keys, months=months, actor=world.actor)
    for measure in ("consensus", "override"):
        with pytest.raises(Conflict) as caught:
            world.save(world.edit(measure, "A1", "n1", 11))
        assert caught.value.code == "locked"
    assert world.save(world.edit("consensus", "A1", "n1", 11, month=3)).applied == 1


def test_negative_totals_are_refused(world):
    with pytest.raises(InvalidInput) as caught:
        _preview(world, -1)
    assert caught.value.code == "below_minimum"
    assert int(_preview(world, -6, measure="marketing", org="n1").after.sum()) == -6  # campaigns may take away


def test_what_does_not_add_up_is_not_spread(world):
    with pytest.raises(InvalidInput) as caught:
        _preview(world, 5, measure="baseline_lo80")
    assert caught.value.code == "not_additive"


def test_a_spread_on_the_consensus_overrides_only_what_changes(world):
    world.publish("proposal", 10)
    save_spread(preview=_preview(world, 121, measure="consensus"), actor=world.actor)
    assert _sum(world, "consensus", "FA") == 121
    assert Edit.objects.filter(head_id=world.head("override").id).count() == 1  # one leaf takes the odd unit


def test_an_edit_of_an_unchanged_leaf_makes_the_spread_start_again(world):
    """The leaf another planner changed keeps no share of the old split: the total holds (race R8)."""
    world.publish("sales", np.full((20, 1), 100))
    preview = _preview(world, 1_203)  # 12 leaves of 100 each: only three change
    world.save(world.edit("sales", "A3", "s2", 150, base=100))
    save_spread(preview=preview, actor=world.actor)
    assert _sum(world, "sales", "FA") == 1_203


def test_after_too_many_tries_the_planner_decides(world, monkeypatch):
    world.publish("sales", np.full((20, 1), 100))
    preview = _preview(world, 1_203)
    tries = []

    def busy(**options):
        value = 200 + len(tries)
        tries.append(value)
        save_cells(version_id=world.version.pk, edits=[world.edit("sales", "A3", "s2", value)], actor=world.actor)
        return save_cells(**options)

    monkeypatch.setattr(spreads_module, "save_cells", busy)
    with pytest.raises(Conflict):
        save_spread(preview=preview, actor=world.actor, retries=2)
    assert len(tries) == 3
    assert _sum(world, "sales", "FA") == 1_100 + tries[-1]


def test_clearing_a_family_clears_its_leaves(world):
    world.publish("sales", 10)
    save_spread(preview=_preview(world, None), actor=world.actor)
    totals = load_nodes(version_id=world.version.pk, measures=["sales"], nodes=[("FA", None), ("FB", None)])["sales"]
    assert totals.present[:, 0].tolist() == [False, True]
    assert totals.values[:, 0].tolist() == [0, 80]


class TestBulk:
    """More cells than the ledger takes row by row."""

    @pytest.fixture(autouse=True)
    def _low_limit(self, monkeypatch):
        monkeypatch.setattr("plans.services.cells.LEDGER_LIMIT", 50)

    def _totals(self, world, total):
        return {month: total + month - world.cycle.month for month in range(world.cycle.month, world.cycle.month + 12)}

    def test_becomes_a_block_and_keeps_what_it_changed(self, world):
        world.publish("sales", 10)
        preview = _preview(world, self._totals(world, 130))
        result = save_spread(preview=preview, actor=world.actor, note=Note("plan", "campaign"))
        assert result.applied == 12 * 12
        assert not Edit.objects.exists()
        move = Move.objects.get(head_id=world.head("sales").id, kind="patch")
        assert move.batch_id == result.batch_id
        assert [_sum(world, "sales", "FA", month=month) for month in range(12)] == list(range(130, 142))
        assert _sum(world, "sales", "FB", month=5) == 80

    def test_checks_every_base(self, world):
        world.publish("sales", 10)
        edits = _preview(world, self._totals(world, 130)).edits()
        world.save(world.edit("sales", "A3", "s2", 11, base=10, month=7))
        with pytest.raises(Conflict) as caught:
            world.save(*edits)
        rows = caught.value.details["results"]
        assert [row["status"] for row in rows].count("conflict") == 1
        assert _sum(world, "sales", "FA") == 120

    def test_clears_cells_too(self, world):
        world.publish("sales", 10)
        edits = [
            CellEdit("sales", a, b, month, None, 10)
            for a, b in world.leaf_keys.tolist()
            for month in range(world.cycle.month, world.cycle.month + 4)
        ]
        world.save(*edits)
        assert world.read("sales", "B2", "s2", 3) is None
        assert world.read("sales", "B2", "s2", 4) == 10

    def test_through_the_overlay(self, world):
        world.publish("proposal", 10)
        save_spread(preview=_preview(world, self._totals(world, 240), measure="consensus"), actor=world.actor)
        assert _sum(world, "consensus", "FA") == 240
        assert world.read("proposal", "A1", "n1") == 10
        assert world.read("override", "A1", "n1") == 20

    def test_the_same_key_patches_once(self, world):
        world.publish("sales", 10)
        preview = _preview(world, self._totals(world, 130))
        first = save_spread(preview=preview, actor=world.actor, idem_key="once")
        again = save_spread(preview=preview, actor=world.actor, idem_key="once", retries=0)
        assert (again.replayed, again.batch_id) == (True, first.batch_id)
        assert Move.objects.filter(head_id=world.head("sales").id, kind="patch").count() == 1
