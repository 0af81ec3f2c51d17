"""Figures kept in memory: made once for a state of the plan, again after every change, never inside a transaction."""

from django.db import transaction

from plans.selectors import get_heads, keep_figures, load_measure


def _total(world, made: list[int], *marks: object) -> int:
    heads = get_heads(version_id=world.version.pk, measures=["sales"])

    def make() -> int:
        made.append(1)
        return int(load_measure(version_id=world.version.pk, measure="sales").values.sum())

    return keep_figures("total", heads, *marks, make=make)


def test_a_figure_is_made_again_after_an_edit_and_for_another_mark(live_world):
    made: list[int] = []
    live_world.save(live_world.edit("sales", "A1", "n1", 5))
    assert [_total(live_world, made), _total(live_world, made)] == [5, 5]
    assert len(made) == 1
    live_world.save(live_world.edit("sales", "A1", "n1", 8))
    assert _total(live_world, made) == 8
    assert _total(live_world, made, "another price list") == 8
    assert len(made) == 3


def test_a_revision_that_rolls_back_leaves_nothing_behind(live_world):
    made: list[int] = []
    live_world.save(live_world.edit("sales", "A1", "n1", 5))
    with transaction.atomic():
        live_world.save(live_world.edit("sales", "A1", "n1", 7))
        assert _total(live_world, made) == 7
        transaction.set_rollback(True)
    live_world.save(live_world.edit("sales", "A1", "n1", 9))  # takes the same revision
    assert _total(live_world, made) == 9
