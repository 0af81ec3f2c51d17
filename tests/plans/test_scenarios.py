"""Scenarios: pinned, stale, refreshed, compared, merged, closed."""

import numpy as np
import pytest

from core.errors import Conflict, InvalidInput
from plans.models import Edit, Head, Version
from plans.selectors import get_heads, list_scenarios, list_stale_measures, load_comparison
from plans.services import (
    Selection,
    compact_head,
    expire_scenario,
    fork_version,
    freeze_version,
    merge_version,
    plan_merge,
    refresh_scenario,
    reopen_version,
    save_cells,
)


@pytest.fixture
def forked(world):
    world.publish("proposal", 10)
    world.publish("sales", 5)
    world.save(world.edit("sales", "A1", "n1", 50), world.edit("sales", "A1", "n2", 51))
    world.scenario = fork_version(parent_id=world.version.pk, name="What if", actor=world.actor)
    return world


def _save(world, *edits, **options):
    return save_cells(version_id=world.scenario, edits=edits, actor=world.actor, **options)


def _mine(world, *where):
    return world.read(*where, version_id=world.scenario)


def test_a_fork_copies_no_numbers(forked, django_assert_max_num_queries):
    blocks = {h.block_id for h in get_heads(version_id=forked.version.pk).values()}
    assert {h.block_id for h in get_heads(version_id=forked.scenario).values()} == blocks
    assert Edit.objects.count() == 2
    with django_assert_max_num_queries(12):
        fork_version(parent_id=forked.version.pk, name="Another", actor=forked.actor)


def test_it_reads_as_the_parent_did_then(forked):
    assert _mine(forked, "sales", "A1", "n1") == 50
    forked.save(forked.edit("sales", "A1", "n1", 60, base=50))
    forked.publish("sales", 7)
    compact_head(head=forked.head("sales"))
    assert _mine(forked, "sales", "A1", "n1") == 50
    assert _mine(forked, "sales", "B1", "n1") == 5
    assert list_stale_measures(version_id=forked.scenario) == ["sales"]


def test_compacting_the_parent_makes_nothing_stale(forked):
    assert compact_head(head=forked.head("sales"))
    assert list_stale_measures(version_id=forked.scenario) == []


def test_its_edits_are_its_own(forked):
    _save(forked, forked.edit("sales", "A1", "n1", 99, base=50))
    assert (_mine(forked, "sales", "A1", "n1"), forked.read("sales", "A1", "n1")) == (99, 50)
    assert list_stale_measures(version_id=forked.scenario) == []


def test_compacting_it_keeps_where_it_came_from(forked):
    _save(forked, forked.edit("sales", "A1", "n1", 99))
    head = get_heads(version_id=forked.scenario)["sales"]
    assert compact_head(head=head)
    folded = get_heads(version_id=forked.scenario)["sales"]
    assert not folded.is_dirty
    assert folded.pin == head.pin
    assert _mine(forked, "sales", "A1", "n2") == 51


@pytest.mark.parametrize("edited_first", [False, True])
def test_a_scenario_of_a_scenario(forked, edited_first):
    if edited_first:
        _save(forked, forked.edit("sales", "A2", "n1", 77))
    child = fork_version(parent_id=forked.scenario, name="Deeper", actor=forked.actor)
    save_cells(version_id=child, edits=[forked.edit("sales", "A3", "n1", 88)], actor=forked.actor)
    forked.save(forked.edit("sales", "A1", "n1", 1))
    _save(forked, forked.edit("sales", "A2", "n2", 2))
    reads = [forked.read("sales", *where, version_id=child) for where in (("A1", "n1"), ("A2", "n1"), ("A3", "n1"))]
    assert reads == [50, 77 if edited_first else 5, 88]
    assert forked.read("sales", "A2", "n2", version_id=child) == 5
    assert list_stale_measures(version_id=child) == ["sales"]
    merged = merge_version(source_id=child, target_id=forked.scenario, actor=forked.actor)
    assert merged.applied == 1
    assert _mine(forked, "sales", "A3", "n1") == 88


class TestRefresh:
    def test_takes_the_parents_figures_and_keeps_its_edits(self, forked):
        _save(forked, forked.edit("sales", "A1", "n1", 99), forked.edit("sales", "A2", "n1", 98))
        forked.publish("sales", 8)
        forked.publish("proposal", 12)
        assert sorted(refresh_scenario(version_id=forked.scenario, actor=forked.actor)) == ["proposal", "sales"]
        assert [_mine(forked, "sales", *where) for where in (("A1", "n1"), ("A2", "n1"), ("A1", "n2"))] == [99, 98, 8]
        assert _mine(forked, "proposal", "A1", "n1") == 12
        assert list_stale_measures(version_id=forked.scenario) == []
        plan = plan_merge(source_id=forked.scenario, target_id=forked.version.pk)
        assert sorted((e.after, e.base) for e in plan.edits) == [(98, 8), (99, 8)]

    def test_calculated_measures_take_the_parents(self, forked):
        forked.publish("constrained", 4)
        forked.publish("constrained", 3, version_id=forked.scenario)
        assert refresh_scenario(version_id=forked.scenario, actor=forked.actor) == ["constrained"]
        assert _mine(forked, "constrained", "A1", "n1") == 4

    def test_nothing_to_do(self, forked):
        assert refresh_scenario(version_id=forked.scenario, actor=forked.actor) == []

    def test_after_a_reopening_it_follows_the_new_plan(self, forked):
        _save(forked, forked.edit("sales", "A2", "n1", 98))
        freeze_version(version_id=forked.version.pk, kind="D", actor=forked.actor)
        new = reopen_version(version_id=forked.version.pk, kind="D", actor=forked.actor, reason="x")
        save_cells(version_id=new.pk, edits=[forked.edit("sales", "A1", "n1", 60)], actor=forked.actor)
        assert "sales" in list_stale_measures(version_id=forked.scenario)
        refresh_scenario(version_id=forked.scenario, actor=forked.actor)
        assert Version.objects.get(pk=forked.scenario).parent_id == new.pk
        assert list_stale_measures(version_id=forked.scenario) == []
        assert [_mine(forked, "sales", *where) for where in (("A1", "n1"), ("A2", "n1"))] == [60, 98]


class TestMerge:
    def test_takes_what_the_scenario_changed(self, forked):
        _save(forked, forked.edit("sales", "A1", "n1", 99), forked.edit("consensus", "A2", "n1", 20))
        result = merge_version(source_id=forked.scenario, target_id=forked.version.pk, actor=forked.actor)
        assert result.applied == 2
        assert forked.read("sales", "A1", "n1") == 99
        assert forked.read("consensus", "A2", "n1") == 20
        assert forked.read("sales", "A1", "n2") == 51
        with pytest.raises(InvalidInput, match="changes nothing"):
            merge_version(source_id=forked.scenario, target_id=forked.version.pk, actor=forked.actor)

    def test_a_part_of_it(self, forked):
        edits = [forked.edit("sales", product, "n1", 70, month=month) for product in ("A2", "B1") for month in (0, 5)]
        _save(forked, *edits, forked.edit("marketing", "A2", "n1", 3))
        part = Selection(
            measures=("sales",), product="FA", org="N", months=range(forked.cycle.month, forked.cycle.month + 3)
        )
        merge_version(source_id=forked.scenario, target_id=forked.version.pk, actor=forked.actor, selection=part)
        reads = [forked.read("sales", p, "n1", m) for p in ("A2", "B1") for m in (0, 5)]
        assert reads == [70, 5, 5, 5]
        assert forked.read("marketing", "A2", "n1") is None

    def test_what_both_changed_is_decided_by_a_person(self, forked):
        _save(forked, forked.edit("sales", "A1", "n1", 99), forked.edit("sales", "A2", "n1", 98))
        forked.save(forked.edit("sales", "A1", "n1", 60))
        with pytest.raises(Conflict) as caught:
            merge_version(source_id=forked.scenario, target_id=forked.version.pk, actor=forked.actor)
        (conflict,) = caught.value.details["conflicts"]
        assert (conflict["base"], conflict["mine"], conflict["theirs"]) == (50, 99, 60)
        assert forked.read("sales", "A2", "n1") == 5  # nothing was taken
        cell = (*forked.key("A1", "n1"), forked.cycle.month)
        merge_version(
            source_id=forked.scenario,
            target_id=forked.version.pk,
            actor=forked.actor,
            resolutions={("sales", cell): "theirs"},
        )
        assert (forked.read("sales", "A1", "n1"), forked.read("sales", "A2", "n1")) == (60, 98)

    def test_both_changed_to_the_same(self, forked):
        _save(forked, forked.edit("sales", "A1", "n1", 60), forked.edit("sales", "A2", "n1", 98))
        forked.save(forked.edit("sales", "A1", "n1", 60))
        assert merge_version(source_id=forked.scenario, target_id=forked.version.pk, actor=forked.actor).applied == 1

    def test_a_large_one_is_a_bulk_edit(self, forked, monkeypatch):
        monkeypatch.setattr("plans.services.cells.LEDGER_LIMIT", 20)
        forked.publish("sales", np.arange(100, 120)[:, None], version_id=forked.scenario)
        result = merge_version(source_id=forked.scenario, target_id=forked.version.pk, actor=forked.actor)
        assert result.applied == 20 * 12
        assert forked.read("sales", "B2", "s2") == 119
        assert forked.head("sales").epoch == 2

    def test_the_same_key_merges_once(self, forked):
        _save(forked, forked.edit("sales", "A1", "n1", 99))
        options = {"source_id": forked.scenario, "target_id": forked.version.pk, "actor": forked.actor}
        merge_version(**options, idem_key="m1")
        assert forked.head("sales").rev == 3


def test_side_by_side(forked):
    _save(forked, forked.edit("sales", "A1", "n1", 99))
    both = load_comparison(
        version_ids=[forked.version.pk, forked.scenario], measures=["sales"], nodes=[(None, None), ("FA", None)]
    )
    first = [both[v]["sales"].values[:, 0].tolist() for v in (forked.version.pk, forked.scenario)]
    assert first == [[191, 151], [240, 200]]


def test_closing(forked):
    expire_scenario(version_id=forked.scenario, actor=forked.actor)
    assert not list_scenarios(parent_id=forked.version.pk).exists()
    with pytest.raises(Conflict):
        _save(forked, forked.edit("sales", "A1", "n1", 1))
    with pytest.raises(Conflict):
        forked.publish("constrained", 1, version_id=forked.scenario)
    assert _mine(forked, "sales", "A1", "n1") == 50
    with pytest.raises(Conflict):
        expire_scenario(version_id=forked.scenario, actor=forked.actor)


def test_a_base_never_stands_on_a_base(forked):
    _save(forked, forked.edit("sales", "A1", "n1", 99))
    child = fork_version(parent_id=forked.scenario, name="Deeper", actor=forked.actor)
    for head in Head.objects.filter(version_id=child, detached=False).select_related("base_head"):
        assert head.base_head.detached or head.base_head.base_rev == head.base_head.base_fold or head.base_rev == 0
