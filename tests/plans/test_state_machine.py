"""The store against a dictionary: any order of everything a planner, a job or the coordinator can do.

After every step each plan reads as its model says, parents are the sums of their children, revisions are dense, and
every reference taken earlier still reads what it read then.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

import numpy as np
import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.errors import Conflict, Frozen, InvalidInput
from plans import cache
from plans.models import Edit, Version
from plans.selectors import get_heads, get_parent, load_measure_state, load_nodes, load_snapshot_measure, load_state
from plans.services import (
    Note,
    StaleInputs,
    compact_head,
    fork_version,
    freeze_version,
    merge_version,
    preview_spread,
    publish_cubes,
    refresh_scenario,
    reopen_version,
    save_cells,
    save_spread,
    undo_batch,
    verify_snapshot,
)
from tests.factories import make_user
from tests.plans.world import make_world

MONTHS = 3
PRODUCTS, ORGS = ("A1", "A2", "B1"), ("n1", "s1")
MEASURES = ("sales", "proposal", "override")
EDITABLE = ("sales", "override", "consensus")
Cell = tuple[str, str, int]

cells = st.tuples(st.sampled_from(PRODUCTS), st.sampled_from(ORGS), st.integers(0, MONTHS - 1))
values = st.one_of(st.none(), st.integers(0, 30))


@dataclass
class Plan:
    """One version's model: measure → cell → value; ``log`` the edits of each measure, ``bulk`` its bulk writes."""

    id: int
    numbers: dict[str, dict[Cell, int | None]]
    pins: dict[str, dict[Cell, int | None]] = field(default_factory=dict)
    log: dict[str, list[Cell]] = field(default_factory=lambda: {m: [] for m in MEASURES})
    bulk: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MEASURES, 0))
    sealed: bool = False

    def read(self, measure: str, cell: Cell) -> int | None:
        if measure == "consensus":
            over = self.numbers["override"].get(cell)
            return self.read("proposal", cell) if over is None else over
        return self.numbers[measure].get(cell, 0 if measure == "proposal" else None)

    def write(self, measure: str, cell: Cell, value: int | None, *, is_bulk: bool) -> None:
        """As a save does: what is there already is not written."""
        stored = "override" if measure == "consensus" else measure
        current = self.numbers[stored].get(cell) if value is None else self.read(measure, cell)
        if value == current:
            return
        self.numbers[stored][cell] = value
        if not is_bulk:
            self.log[stored].append(cell)


class Store(RuleBasedStateMachine):
    """Rules take small integers that pick among what exists, so that every example can shrink."""

    LEDGER_LIMIT = 5

    def __init__(self) -> None:
        super().__init__()
        cache.clear()
        self._example = transaction.atomic()
        self._example.__enter__()
        self.depth = len(connection.savepoint_ids)
        self.plans: list[Plan] = []
        self.kept: list[tuple[object, np.ndarray, np.ndarray | None]] = []
        self.seen: dict[tuple[int, str], tuple[object, int, int]] = {}
        self.batches: list[tuple[Plan, int, dict[tuple[str, Cell], tuple[int | None, int | None]]]] = []
        self.snapshots: list[tuple[str, dict[Cell, int | None]]] = []

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._example.__exit__(None, None, None)
        cache.clear()

    @initialize()
    def begin(self) -> None:
        self.world = make_world(make_user("demand_lead", username="lead"), horizon=12)
        self.plans.append(Plan(self.world.version.pk, {measure: {} for measure in MEASURES}))

    # What can happen

    @rule(which=st.integers(0, 9), measure=st.sampled_from(EDITABLE), cell=cells, value=values)
    def edit(self, which, measure, cell, value):
        self._save(self._plan(which), [(measure, cell, value)])

    @rule(
        which=st.integers(0, 9),
        measure=st.sampled_from(EDITABLE),
        changes=st.dictionaries(cells, values, min_size=2),
    )
    def paste(self, which, measure, changes):
        self._save(self._plan(which), [(measure, cell, value) for cell, value in changes.items()])

    @rule(which=st.integers(0, 9), measure=st.sampled_from(EDITABLE), cell=cells, wrong=st.integers(31, 40))
    def edit_on_a_stale_base(self, which, measure, cell, wrong):
        plan = self._plan(which)
        edit = self.world.edit(measure, cell[0], cell[1], 1, month=cell[2], base=wrong)
        with pytest.raises((Conflict, Frozen)):
            save_cells(version_id=plan.id, edits=[edit], actor=self.world.actor)

    @rule(
        which=st.integers(0, 9),
        measure=st.sampled_from(EDITABLE),
        product=st.sampled_from(["FA", "FB", "A1", None]),
        org=st.sampled_from([None, "N", "S", "n1"]),
        month=st.integers(0, MONTHS - 1),
        total=st.integers(-5, 90),
        split=st.sampled_from(["current", "baseline", "history", "equal"]),
    )
    def spread(self, which, measure, product, org, month, total, split):
        plan = self._plan(which)
        at = self.world.cycle.month + month
        asked = {"measure": measure, "product": product, "org": org, "totals": {at: total}, "rule": split}
        if total < 0:
            with pytest.raises(InvalidInput, match="cannot be negative"):
                preview_spread(version_id=plan.id, **asked)
            return
        preview = preview_spread(version_id=plan.id, **asked)
        assert int(preview.after.sum()) == total
        if plan.sealed:
            with pytest.raises(Frozen):
                save_spread(preview=preview, actor=self.world.actor)
            return
        save_spread(preview=preview, actor=self.world.actor)
        is_bulk = len(preview.keys) > self.LEDGER_LIMIT
        codes = {v: k for k, v in {**self.world.p}.items()}, {v: k for k, v in self.world.o.items()}
        changed = False
        for (a_id, b_id), share in zip(preview.keys.tolist(), preview.after[:, 0].tolist(), strict=True):
            cell = (codes[0][a_id], codes[1][b_id], month)
            changed |= plan.read(measure, cell) != share
            plan.write(measure, cell, share, is_bulk=is_bulk)
        plan.bulk["override" if measure == "consensus" else measure] += is_bulk and changed

    @rule(which=st.integers(0, 9), measure=st.sampled_from(MEASURES))
    def start_a_job(self, which, measure):
        plan = self._plan(which)
        head = self._head(plan, measure)
        self.seen[plan.id, measure] = (head, len(plan.log[measure]), plan.bulk[measure])

    @precondition(lambda self: self.seen)
    @rule(pick=st.integers(0, 9), value=st.integers(0, 30), policy=st.sampled_from(["strict", "keep_newer"]))
    def finish_the_job(self, pick, value, policy):
        plan_id, measure = sorted(self.seen)[pick % len(self.seen)]
        head, edits_seen, bulk_seen = self.seen.pop((plan_id, measure))
        plan = next(plan for plan in self.plans if plan.id == plan_id)
        cube = self.world.cube(measure, value)
        since = plan.log[measure][edits_seen:]
        is_stale = plan.bulk[measure] != bulk_seen or (policy == "strict" and since)
        options = {"version_id": plan_id, "cubes": {measure: cube}, "actor": self.world.actor}
        if plan.sealed or is_stale:
            with pytest.raises((StaleInputs, Frozen)):
                publish_cubes(**options, seen={measure: head}, policy=policy)
            return
        publish_cubes(**options, seen={measure: head}, policy=policy)
        kept = {cell: plan.numbers[measure].get(cell) for cell in since}
        plan.numbers[measure] = {**dict.fromkeys(self._all_cells(), value), **kept}
        plan.bulk[measure] += 1

    @rule(which=st.integers(0, 9), measure=st.sampled_from(MEASURES))
    def compact(self, which, measure):
        compact_head(head=self._head(self._plan(which), measure))

    @precondition(lambda self: len(self.plans) < 5)
    @rule(which=st.integers(0, 9))
    def fork(self, which):
        parent = self._plan(which)
        version = fork_version(parent_id=parent.id, name=f"scenario {len(self.plans)}", actor=self.world.actor)
        self.plans.append(Plan(version, copy.deepcopy(parent.numbers), copy.deepcopy(parent.numbers)))

    @precondition(lambda self: any(plan.pins for plan in self.plans))
    @rule(which=st.integers(0, 9), into=st.integers(0, 9), cell=cells, value=values)
    def merge(self, which, into, cell, value):
        scenarios = [plan for plan in self.plans if plan.pins]
        source, target = scenarios[which % len(scenarios)], self._plan(into)
        self._save(source, [("consensus", cell, value)])
        changes = []
        for measure in ("sales", "override"):
            for cell in self._all_cells():
                mine = source.read(measure, cell)
                if mine != source.pins[measure].get(cell) and mine != target.read(measure, cell):
                    changes.append((measure, cell, mine))
        options = {"source_id": source.id, "target_id": target.id, "actor": self.world.actor, "default": "mine"}
        if not changes or target.sealed:
            with pytest.raises((InvalidInput, Frozen)):
                merge_version(**options)
            return
        merge_version(**options)
        self._write(target, changes)

    @precondition(lambda self: any(plan.pins for plan in self.plans))
    @rule(which=st.integers(0, 9), mine=cells, theirs=cells, value=values)
    def refresh(self, which, mine, theirs, value):
        scenarios = [plan for plan in self.plans if plan.pins]
        plan = scenarios[which % len(scenarios)]
        parent = self._parent_of(plan)
        self._save(plan, [("sales", mine, value)])
        self._save(parent, [("sales", theirs, 17)])
        moved = refresh_scenario(version_id=plan.id, actor=self.world.actor)
        for measure in moved:
            if measure not in MEASURES:
                continue
            numbers = copy.deepcopy(parent.numbers[measure])
            if measure != "proposal":
                for cell in self._all_cells():
                    mine = plan.read(measure, cell)
                    if mine != plan.pins[measure].get(cell):
                        numbers[cell] = mine
            plan.numbers[measure] = numbers
            plan.pins[measure] = copy.deepcopy(parent.numbers[measure])
            plan.bulk[measure] += 1
        for measure in set(MEASURES) - set(moved):
            assert {c: v for c, v in plan.pins[measure].items() if v} == {
                c: v for c, v in parent.numbers[measure].items() if v
            }

    @precondition(lambda self: self.batches)
    @rule(pick=st.integers(0, 99))
    def undo(self, pick):
        plan, batch_id, changed = self.batches[pick % len(self.batches)]
        possible = all(plan.numbers[measure].get(cell) == after for (measure, cell), (_b, after) in changed.items())
        if plan.sealed or not possible or not changed:
            with pytest.raises((Conflict, Frozen, InvalidInput)):
                undo_batch(batch_id=batch_id, actor=self.world.actor)
            return
        undo_batch(batch_id=batch_id, actor=self.world.actor)
        self._write(plan, [(measure, cell, before) for (measure, cell), (before, _a) in changed.items()])

    @precondition(lambda self: not self.plans[0].sealed)
    @rule()
    def freeze(self):
        working = self.plans[0]
        code = freeze_version(version_id=working.id, kind="D", actor=self.world.actor)
        working.sealed = True
        self.snapshots.append((code, {cell: working.read("consensus", cell) for cell in self._all_cells()}))

    @precondition(lambda self: self.plans[0].sealed)
    @rule()
    def reopen(self):
        old = self.plans[0]
        new = reopen_version(version_id=old.id, kind="D", actor=self.world.actor, reason="test")
        self.plans[0] = Plan(new.pk, copy.deepcopy(old.numbers))
        self.seen = {key: value for key, value in self.seen.items() if key[0] != old.id}
        self.world.version = new
        self.old_plans = [*getattr(self, "old_plans", []), old]

    # What must hold

    @invariant()
    def every_plan_reads_as_its_model(self):
        for plan in self.plans:
            heads = get_heads(version_id=plan.id)
            for measure in (*MEASURES, "consensus"):
                cube = load_measure_state(measure, heads).cube()
                for cell in self._all_cells():
                    found = cube.cell(self.world.key(cell[0], cell[1]), self.world.cycle.month + cell[2])
                    assert found == plan.read(measure, cell), (plan.id, measure, cell)

    @invariant()
    def parents_are_the_sums_of_their_children(self):
        months = range(self.world.cycle.month, self.world.cycle.month + MONTHS)
        nodes = [(None, None), ("FA", None), ("FB", None), (None, "N"), (None, "S")]
        for plan in self.plans:
            totals = load_nodes(version_id=plan.id, measures=["sales", "consensus"], nodes=nodes, months=months)
            for measure, found in totals.items():
                cube = load_measure_state(measure, get_heads(version_id=plan.id)).cube(months=months)
                whole = cube.values.sum(axis=0).tolist()
                by_node = found.values.tolist()
                assert by_node[0] == whole
                assert np.add(by_node[1], by_node[2]).tolist() == whole
                assert np.add(by_node[3], by_node[4]).tolist() == whole

    @invariant()
    def revisions_are_dense(self):
        for plan in self.plans:
            for ref in get_heads(version_id=plan.id, measures=MEASURES).values():
                revs = list(Edit.objects.filter(head_id=ref.id).order_by("rev").values_list("rev", flat=True))
                assert revs == list(range(1, ref.rev + 1))
                assert len([rev for rev in revs if rev > ref.fold]) == ref.rev - ref.fold

    @invariant()
    def earlier_references_read_the_same(self):
        for ref, numbers, mask in self.kept:
            cube = load_state(ref).cube()
            assert np.array_equal(cube.values, numbers)
            assert mask is None or np.array_equal(cube.present, mask)
        if self.plans and len(self.kept) < 12:
            ref = self._head(self.plans[-1], MEASURES[len(self.kept) % 3])
            cube = load_state(ref).cube()
            self.kept.append((ref, cube.values.copy(), None if cube.present is None else cube.present.copy()))

    @invariant()
    def snapshots_stay(self):
        for code, _numbers in self.snapshots[-1:]:
            assert verify_snapshot(code=code) == []
        for code, numbers in self.snapshots:
            cube = load_snapshot_measure(code=code, measure="consensus")
            for cell, value in numbers.items():
                assert cube.cell(self.world.key(cell[0], cell[1]), self.world.cycle.month + cell[2]) == value

    # Machinery

    def _plan(self, which: int) -> Plan:
        return self.plans[which % len(self.plans)]

    def _parent_of(self, plan: Plan) -> Plan:
        parent = get_parent(Version.objects.get(pk=plan.id))
        return next(other for other in self.plans if other.id == parent.pk)

    def _head(self, plan: Plan, measure: str):
        return get_heads(version_id=plan.id, measures=[measure])[measure]

    def _all_cells(self) -> list[Cell]:
        products, orgs = ("A1", "A2", "A3", "B1", "B2"), ("n1", "n2", "s1", "s2")
        return [(p, o, m) for p in products for o in orgs for m in range(MONTHS)]

    def _save(self, plan: Plan, changes) -> None:
        edits = [
            self.world.edit(
                measure, cell[0], cell[1], value, month=cell[2], base=plan.read(measure, cell), note=Note(cause="x")
            )
            for measure, cell, value in changes
        ]
        if plan.sealed:
            with pytest.raises(Frozen):
                save_cells(version_id=plan.id, edits=edits, actor=self.world.actor)
            return
        result = save_cells(version_id=plan.id, edits=edits, actor=self.world.actor)
        changed = self._write(plan, changes)
        self.batches.append((plan, result.batch_id, changed))

    def _write(self, plan: Plan, changes):
        is_bulk = len(changes) > self.LEDGER_LIMIT
        changed = {}
        for measure, cell, value in changes:
            stored = "override" if measure == "consensus" else measure
            before = plan.numbers[stored].get(cell)
            plan.write(measure, cell, value, is_bulk=is_bulk)
            after = plan.numbers[stored].get(cell)
            if before != after:
                changed[stored, cell] = (before, after)
        if is_bulk:
            for stored in {measure for measure, _cell in changed}:
                plan.bulk[stored] += 1
        return changed


@pytest.mark.slow
def test_any_order_of_events(db, monkeypatch):
    monkeypatch.setattr("plans.services.cells.LEDGER_LIMIT", Store.LEDGER_LIMIT)
    # Each example is one rolled-back savepoint; inside it, what is not in a deeper one counts as committed.
    monkeypatch.setattr(
        "plans.selectors.blocks.is_settled", lambda: len(connection.savepoint_ids) <= len(_baseline) + 1
    )
    _baseline = list(connection.savepoint_ids)
    run_state_machine_as_test(
        Store,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            suppress_health_check=list(HealthCheck),
        ),
    )
