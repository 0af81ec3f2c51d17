"""Saving cells: one at a time, many at once, in conflict, twice."""

import pytest

from core.errors import Conflict, InvalidInput
from core.models import AuditEntry
from plans.cubes import MAX_CELL
from plans.models import Batch, Edit
from plans.selectors import get_heads
from plans.services import Note


def test_an_edit_is_visible_to_the_next_reader(world):
    result = world.save(world.edit("sales", "A1", "n1", 120, base=None))
    assert [o.status for o in result.outcomes] == ["applied"]
    assert world.read("sales", "A1", "n1") == 120
    assert world.read("sales", "A1", "n2") is None  # nobody said anything: empty, not zero
    assert result.revision == 1


def test_the_ledger_says_who_what_and_why(world):
    note = Note("promotion", "campaign", "spring fair")
    world.save(world.edit("sales", "A1", "n1", 120, base=None, note=note))
    world.save(world.edit("sales", "A1", "n1", 90, base=120))
    rows = Edit.objects.order_by("rev").values_list("rev", "before", "after", "batch__author_name", "batch__reason")
    assert list(rows) == [(1, None, 120, "lead", "promotion"), (2, 120, 90, "lead", "")]
    entry = AuditEntry.objects.filter(verb="plans.cells.saved").order_by("seq").first()
    assert entry.chain == f"cycle:{world.cycle.pk}"
    assert '"cells":1' in entry.detail


def test_two_planners_one_cell_one_wins_the_other_sees_theirs(world):
    world.save(world.edit("sales", "A1", "n1", 120, base=None))
    result = world.save(world.edit("sales", "A1", "n1", 99, base=None), mode="partial")
    assert result.outcomes[0].status == "conflict"
    assert (result.outcomes[0].theirs.value, result.outcomes[0].theirs.by) == (120, "lead")
    assert result.batch_id is None
    assert world.read("sales", "A1", "n1") == 120
    assert Batch.objects.filter(source="grid").count() == 1


def test_a_paste_with_one_conflict_writes_nothing(world):
    world.save(world.edit("sales", "A1", "n1", 120, base=None))
    edits = [world.edit("sales", "A1", org, 7, base=None) for org in ("n1", "n2", "s1", "s2")]
    with pytest.raises(Conflict) as caught:
        world.save(*edits, mode="all_or_nothing")
    assert [row["status"] for row in caught.value.details["results"]] == ["conflict", "applied", "applied", "applied"]
    assert world.read("sales", "A1", "n2") is None
    assert world.head("sales").rev == 1


def test_typing_applies_what_it_can(world):
    world.save(world.edit("sales", "A1", "n1", 120, base=None))
    edits = [world.edit("sales", "A1", org, 7, base=None) for org in ("n1", "n2", "s1", "s2")]
    result = world.save(*edits, mode="partial")
    assert [o.status for o in result.outcomes] == ["conflict", "applied", "applied", "applied"]
    assert [world.read("sales", "A1", org) for org in ("n1", "n2", "s1", "s2")] == [120, 7, 7, 7]
    assert list(Edit.objects.filter(head_id=world.head("sales").id).order_by("rev").values_list("rev", flat=True)) == [
        1,
        2,
        3,
        4,
    ]


def test_unused_revisions_go_back(world):
    world.save(world.edit("sales", "A1", "n1", 5), world.edit("sales", "A1", "n2", 6))
    world.save(*(world.edit("sales", "A1", org, value) for org, value in (("n1", 5), ("n2", 60), ("s1", 7))))
    head = world.head("sales")
    assert head.rev == 4
    assert Edit.objects.filter(head_id=head.id).count() == 4


def test_the_same_key_saves_once(world):
    first = world.save(world.edit("sales", "A1", "n1", 120, base=None), idem_key="k1")
    again = world.save(world.edit("sales", "A1", "n1", 120, base=None), idem_key="k1")
    assert again.replayed
    assert (again.batch_id, again.revision, again.outcomes) == (first.batch_id, first.revision, first.outcomes)
    assert Edit.objects.count() == 1
    assert AuditEntry.objects.filter(verb="plans.cells.saved").count() == 1


def test_a_group_stands_or_falls_as_one(world):
    world.save(world.edit("sales", "A1", "n1", 120, base=None))
    edits = [
        world.edit("sales", "A1", "n1", 1, base=None, group=1),
        world.edit("sales", "A1", "n2", 2, base=None, group=1),
        world.edit("sales", "A1", "s1", 3, base=None),
    ]
    result = world.save(*edits, mode="partial")
    assert [(o.status, o.code) for o in result.outcomes] == [
        ("conflict", "conflict"),
        ("refused", "group_refused"),
        ("applied", ""),
    ]
    assert world.read("sales", "A1", "n2") is None


def test_clearing_a_cell_is_not_zero(world):
    world.save(world.edit("sales", "A1", "n1", 0))
    assert world.read("sales", "A1", "n1") == 0
    world.save(world.edit("sales", "A1", "n1", None, base=0))
    assert world.read("sales", "A1", "n1") is None


class TestConsensus:
    """The overlay: what one sees is the proposal unless somebody overrode it."""

    def test_shows_the_proposal_until_overridden(self, world):
        world.publish("proposal", 50)
        assert world.read("consensus", "A1", "n1") == 50
        world.save(world.edit("consensus", "A1", "n1", 80, base=50))
        assert world.read("consensus", "A1", "n1") == 80
        assert world.read("override", "A1", "n1") == 80
        assert world.read("proposal", "A1", "n1") == 50
        assert world.read("consensus", "A1", "n2") == 50

    def test_clearing_the_override_shows_the_proposal_again(self, world):
        world.publish("proposal", 50)
        world.save(world.edit("consensus", "A1", "n1", 80, base=50))
        result = world.save(world.edit("consensus", "A1", "n1", None, base=80))
        assert result.outcomes[0].value == 50
        assert world.read("consensus", "A1", "n1") == 50
        assert world.read("override", "A1", "n1") is None

    def test_the_base_is_what_was_seen_not_what_is_stored(self, world):
        world.publish("proposal", 50)
        edit = world.edit("consensus", "A1", "n1", 80, base=50)
        world.publish("proposal", 60)  # the proposal moved under the planner's eyes
        result = world.save(edit, mode="partial")
        assert result.outcomes[0].status == "conflict"
        assert result.outcomes[0].theirs.value == 60
        assert world.read("override", "A1", "n1") is None

    def test_a_new_proposal_leaves_overrides_alone(self, world):
        world.publish("proposal", 50)
        world.save(world.edit("consensus", "A1", "n1", 80, base=50))
        world.publish("proposal", 61)
        assert world.read("consensus", "A1", "n1") == 80
        assert world.read("consensus", "A1", "n2") == 61


@pytest.mark.parametrize(
    ("after", "code"),
    [
        (MAX_CELL + 1, "out_of_range"),
        (-1, "below_minimum"),
        (True, "not_a_number"),
        (1.5, "not_a_number"),
        ("1e3", "not_a_number"),
        (float("nan"), "not_a_number"),
    ],
)
def test_what_no_cell_can_hold_is_refused(world, after, code):
    with pytest.raises(InvalidInput) as caught:
        world.save(world.edit("sales", "A1", "n1", after))
    assert caught.value.code == code
    assert Edit.objects.count() == 0
    assert Batch.objects.filter(source="grid").count() == 0


def test_measures_that_are_computed_cannot_be_edited(world):
    with pytest.raises(InvalidInput, match="cannot be edited"):
        world.save(world.edit("constrained", "A1", "n1", 5))
    assert world.head("constrained").rev == 0


def test_months_outside_the_horizon_are_refused(world):
    with pytest.raises(InvalidInput) as caught:
        world.save(world.edit("sales", "A1", "n1", 5, month=12))
    assert caught.value.code == "outside_horizon"


def test_one_cell_twice_in_one_save_is_refused(world):
    with pytest.raises(InvalidInput) as caught:
        world.save(world.edit("consensus", "A1", "n1", 5), world.edit("override", "A1", "n1", 6))
    assert caught.value.code == "duplicate_cell"


def test_each_reason_gets_its_batch(world):
    edits = [
        world.edit("sales", "A1", "n1", 5, note=Note("promotion")),
        world.edit("sales", "A1", "n2", 6, note=Note("new dealer")),
    ]
    result = world.save(*edits)
    lead = Batch.objects.get(pk=result.batch_id)
    assert (lead.reason, [part.reason for part in lead.parts.all()]) == ("promotion", ["new dealer"])


def test_a_version_older_than_a_measure_can_take_it(world):
    from plans.models import Head
    from plans.services import ensure_heads

    Head.objects.filter(version=world.version, measure="marketing").delete()
    ensure_heads(version_id=world.version.pk)
    assert get_heads(version_id=world.version.pk, measures=["marketing"])["marketing"].rev == 0


@pytest.mark.parametrize("count", [1, 5])
def test_a_leaf_save_needs_few_statements(world, count, django_assert_max_num_queries):
    world.publish("sales", 3)
    edits = [world.edit("sales", "A1", "n1", 4 + month, base=3, month=month) for month in range(count)]
    world.read("sales", "A1", "n1")
    # Two reads before, five statements under the lock, four for savepoint and audit chain.
    with django_assert_max_num_queries(13):
        world.save(*edits)
