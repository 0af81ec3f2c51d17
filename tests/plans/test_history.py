"""Where a number comes from: the past of a cell, and the waterfall by cause."""

from contextlib import suppress

import numpy as np
import pytest

from plans.selectors import (
    get_heads,
    get_snapshot,
    load_cell_history,
    load_change_by_cause,
    load_measure_state,
    load_nodes,
    load_snapshot_state,
)
from plans.services import Note, StaleInputs, compact_head, fork_version, freeze_version, save_cells, undo_batch


def _history(world, measure, product, org, version_id=None):
    return load_cell_history(
        version_id=version_id or world.version.pk,
        measure=measure,
        key=world.key(product, org),
        month=world.cycle.month,
    )


def test_the_past_of_a_cell_through_edits_publications_and_folds(world):
    world.save(world.edit("sales", "A1", "n1", 5, note=Note("promotion", "campaign", "fair")))
    compact_head(head=world.head("sales"))
    world.publish("sales", 8, cause="streams")
    world.save(world.edit("sales", "A1", "n1", 9))
    world.save(world.edit("sales", "A1", "n2", 1))
    past = _history(world, "sales", "A1", "n1")
    assert [(c.kind, c.before, c.after, c.cause) for c in past] == [
        ("edit", 8, 9, ""),
        ("publish", 5, 8, "streams"),
        ("edit", None, 5, "campaign"),
    ]
    assert {c.by for c in past} == {"lead"}
    assert past[-1].comment == "fair"


def test_a_scenario_inherits_the_past(world):
    world.save(world.edit("sales", "A1", "n1", 5))
    scenario = fork_version(parent_id=world.version.pk, name="x", actor=world.actor)
    world.save(world.edit("sales", "A1", "n1", 6))
    save_cells(version_id=scenario, edits=[world.edit("sales", "A1", "n1", 7)], actor=world.actor)
    assert [(c.before, c.after) for c in _history(world, "sales", "A1", "n1", scenario)] == [(5, 7), (None, 5)]


def test_a_bulk_edit_is_one_change_of_the_cell(world, monkeypatch):
    monkeypatch.setattr("plans.services.cells.LEDGER_LIMIT", 2)
    world.publish("sales", 3)
    world.save(*(world.edit("sales", "A1", org, 4) for org in ("n1", "n2", "s1")))
    assert [(c.kind, c.before, c.after) for c in _history(world, "sales", "A1", "n1")] == [
        ("patch", 3, 4),
        ("publish", None, 3),
    ]


class TestWaterfall:
    def _parts(self, world, measure="consensus", **options):
        return load_change_by_cause(
            measure=measure,
            end=get_heads(version_id=world.version.pk, measures=[measure]),
            months=range(world.cycle.month, world.cycle.month + 12),
            **options,
        )

    def _total(self, world, measure, nodes=((None, None),)):
        months = range(world.cycle.month, world.cycle.month + 12)
        return load_nodes(version_id=world.version.pk, measures=[measure], nodes=nodes, months=months)[measure].values

    def test_parts_by_cause_leave_no_residue(self, world):
        world.publish("proposal", 10, cause="baseline")
        start = get_heads(version_id=world.version.pk, measures=["consensus"])
        before = self._total(world, "consensus")
        world.save(world.edit("consensus", "A1", "n1", 30, note=Note(cause="campaign")))
        world.publish("proposal", 12, cause="baseline")
        world.save(world.edit("consensus", "A2", "n1", 2, note=Note(cause="new_client")))
        world.save(world.edit("consensus", "A1", "n1", None, note=Note(cause="campaign")))
        parts = self._parts(world, start=start)
        assert sum(part for part in parts.values()).tolist() == (self._total(world, "consensus") - before).tolist()
        assert {cause: int(part.sum()) for cause, part in parts.items()} == {
            "baseline": 2 * 20 * 12,
            "campaign": 0,
            "new_client": 2 - 12,
        }

    def test_edits_kept_over_a_publication_are_counted_once(self, world):
        """With keep_newer the edit's `before` belongs to the old block (trap 10)."""
        world.publish("sales", 5)
        seen = {"sales": world.head("sales")}
        world.save(world.edit("sales", "A1", "n1", 42, note=Note(cause="campaign")))
        world.publish("sales", 500, cause="forecast", policy="keep_newer", seen=seen)
        world.save(world.edit("sales", "A1", "n1", 43, base=42, note=Note(cause="campaign")))
        parts = self._parts(world, "sales")
        assert sum(int(part.sum()) for part in parts.values()) == int(self._total(world, "sales").sum())
        assert int(parts["campaign"].sum()) == 38
        assert int(parts["forecast"].sum()) == 495 * (20 * 12 - 1)

    def test_by_node(self, world):
        world.publish("proposal", 10, cause="baseline")
        world.save(world.edit("consensus", "A1", "n1", 30, note=Note(cause="campaign")))
        nodes = [("FA", None), ("FB", None), ("FA", "N")]
        parts = self._parts(world, nodes=nodes)
        assert parts["campaign"][:, 0].tolist() == [20, 0, 20]
        assert sum(parts.values()).tolist() == self._total(world, "consensus", nodes).tolist()

    def test_since_last_months_snapshot(self, world):
        world.publish("proposal", 10, cause="baseline")
        world.save(world.edit("consensus", "A1", "n1", 30))
        code = freeze_version(version_id=world.version.pk, kind="D", actor=world.actor)
        from cycles.models import Cycle
        from plans.services import create_working_version

        old = load_snapshot_state(get_snapshot(code), "consensus")
        world.cycle = Cycle.objects.create(month=world.cycle.month + 1, horizon=12)
        world.version = create_working_version(cycle=world.cycle, actor=world.actor)
        world.publish("proposal", 11, cause="baseline")
        parts = self._parts(world, since=old)
        last = old.cube(months=range(world.cycle.month, world.cycle.month + 12)).values.sum(axis=0)
        assert sum(parts.values())[0].tolist() == (self._total(world, "consensus")[0] - last).tolist()
        assert int(parts["new_plan"].sum()) == -(20 * 10 * 11)  # the new plan began empty; the last month is new
        assert int(parts["baseline"].sum()) == 20 * 11 * 12

    def test_an_undo_cancels_its_cause(self, world):
        world.publish("proposal", 10, cause="baseline")
        saved = world.save(world.edit("consensus", "A1", "n1", 30, note=Note(cause="campaign")))
        undo_batch(batch_id=saved.batch_id, actor=world.actor)
        assert int(self._parts(world)["campaign"].sum()) == 0


@pytest.mark.parametrize("seed", range(6))
def test_any_past_adds_up(world, seed, monkeypatch):
    monkeypatch.setattr("plans.services.cells.LEDGER_LIMIT", 6)
    random = np.random.default_rng(seed)
    world.publish("proposal", 10, cause="baseline")
    start = get_heads(version_id=world.version.pk, measures=["consensus"])
    before = load_measure_state("consensus", start).cube().values.sum()
    seen = None
    for step in range(14):
        choice = random.integers(5)
        if choice == 0:
            world.publish("proposal", int(random.integers(5, 15)), cause="baseline")
        elif choice == 1:
            compact_head(head=world.head("override"))
        elif choice == 2 and seen is not None:
            values = random.integers(0, 9, (20, 12))
            with suppress(StaleInputs):  # a bulk edit since cannot be kept on top
                world.publish("override", values, cause="job", seen={"override": seen}, policy="keep_newer")
            seen = None
        elif choice == 3:
            seen = world.head("override")
        count = int(random.integers(1, 10))
        leaves = random.choice(20, count, replace=False)
        values = [None if random.random() < 0.3 else int(random.integers(0, 40)) for _ in leaves]
        edits = [
            world.edit("consensus", *_names(world, leaf), value, note=Note(cause=f"cause {step % 3}"))
            for leaf, value in zip(leaves, values, strict=True)
        ]
        world.save(*edits)
    end = get_heads(version_id=world.version.pk, measures=["consensus"])
    months = range(world.cycle.month, world.cycle.month + 12)
    parts = load_change_by_cause(measure="consensus", start=start, end=end, months=months)
    after = load_measure_state("consensus", end).cube().values.sum()
    assert sum(int(part.sum()) for part in parts.values()) == int(after - before)


def _names(world, leaf):
    products, orgs = ("A1", "A2", "A3", "B1", "B2"), ("n1", "n2", "s1", "s2")
    return products[leaf // 4], orgs[leaf % 4]
