"""Taking a save back, and back again."""

import pytest

from core.errors import Conflict, InvalidInput
from plans.models import Batch
from plans.services import Note, preview_spread, save_spread, undo_batch


def test_undo_and_redo(world):
    world.save(world.edit("sales", "A1", "n1", 5))
    result = world.save(world.edit("sales", "A1", "n1", 9, base=5), world.edit("sales", "A1", "n2", 7))
    undone = undo_batch(batch_id=result.batch_id, actor=world.actor)
    assert (world.read("sales", "A1", "n1"), world.read("sales", "A1", "n2")) == (5, None)
    assert Batch.objects.get(pk=undone.batch_id).undo_of_id == result.batch_id
    undo_batch(batch_id=undone.batch_id, actor=world.actor)
    assert (world.read("sales", "A1", "n1"), world.read("sales", "A1", "n2")) == (9, 7)


def test_undo_of_a_save_with_two_reasons_takes_all_of_it_back(world):
    edits = [
        world.edit("sales", "A1", "n1", 5, note=Note("promotion", "campaign")),
        world.edit("sales", "A1", "n2", 6, note=Note("dealer", "new_client")),
    ]
    result = world.save(*edits)
    part = Batch.objects.get(part_of_id=result.batch_id)
    undone = undo_batch(batch_id=part.pk, actor=world.actor)
    assert undone.applied == 2
    assert world.read("sales", "A1", "n1") is None


def test_what_somebody_changed_since_is_not_undone(world):
    result = world.save(world.edit("sales", "A1", "n1", 5), world.edit("sales", "A1", "n2", 6))
    world.save(world.edit("sales", "A1", "n2", 60, base=6))
    with pytest.raises(Conflict):
        undo_batch(batch_id=result.batch_id, actor=world.actor)
    assert (world.read("sales", "A1", "n1"), world.read("sales", "A1", "n2")) == (5, 60)


def test_an_override_is_taken_off_again(world):
    world.publish("proposal", 10)
    result = world.save(world.edit("consensus", "A1", "n1", 12, base=10))
    undo_batch(batch_id=result.batch_id, actor=world.actor)
    assert world.read("override", "A1", "n1") is None
    assert world.read("consensus", "A1", "n1") == 10


@pytest.mark.parametrize("limit", [2_000, 20])
def test_a_spread_is_taken_back_cell_for_cell(world, monkeypatch, limit):
    monkeypatch.setattr("plans.services.cells.LEDGER_LIMIT", limit)
    world.publish("sales", 10)
    world.save(world.edit("sales", "A1", "n1", None), world.edit("sales", "A2", "n1", 0))
    totals = {world.cycle.month + offset: 777 for offset in range(3)}
    preview = preview_spread(
        version_id=world.version.pk, measure="sales", product="FA", org=None, totals=totals, rule="equal"
    )
    before = [[world.read("sales", p, "n1", m) for p in ("A1", "A2", "A3")] for m in range(3)]
    result = save_spread(preview=preview, actor=world.actor)
    assert world.read("sales", "A1", "n1") == 65
    undone = undo_batch(batch_id=result.batch_id, actor=world.actor)
    assert [[world.read("sales", p, "n1", m) for p in ("A1", "A2", "A3")] for m in range(3)] == before
    undo_batch(batch_id=undone.batch_id, actor=world.actor)
    assert world.read("sales", "A1", "n1") == 65


def test_a_calculation_is_not_undone_cell_by_cell(world):
    result = world.publish("sales", 10)
    with pytest.raises(InvalidInput) as caught:
        undo_batch(batch_id=result.batch_id, actor=world.actor)
    assert caught.value.code == "nothing_to_undo"


def test_the_same_key_undoes_once(world):
    result = world.save(world.edit("sales", "A1", "n1", 5))
    first = undo_batch(batch_id=result.batch_id, actor=world.actor, idem_key="u")
    assert undo_batch(batch_id=result.batch_id, actor=world.actor, idem_key="u").batch_id == first.batch_id
    assert world.head("sales").rev == 2
