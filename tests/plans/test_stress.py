"""A short run of the stress driver, and proof that its account notices what it is there to notice."""

import pytest
from django.db import connection

from plans import stress
from plans.models import Edit
from plans.services import save_cells


@pytest.fixture
def arena(live_world, tmp_path):
    months = range(live_world.cycle.month, live_world.cycle.month + 12)
    cells = [(a, b, month) for a, b in live_world.leaf_keys.tolist() for month in months]
    return stress.make_arena(version_id=live_world.version.pk, cells=cells, logs=tmp_path)


@pytest.mark.slow
def test_two_thousand_edits_with_kills(arena):
    account = stress.run_stress(arena, edits=2_000, processes=3, kill_every=0.7)
    assert account.faults == ()
    assert (account.lost, account.doubled) == (0, 0)
    assert account.edits >= 2_000
    assert account.kills >= 4
    assert account.folds + account.publications > 0


@pytest.mark.slow
def test_the_account_sees_lost_and_doubled_edits(arena):
    account = stress.run_stress(arena, edits=60, processes=1, kill_every=60)
    assert account.is_clean
    cell = arena.cells[0]
    edit = stress.CellEdit("sales", *cell, after=10_000, checked=False)
    save_cells(version_id=arena.version_id, edits=[edit], actor=None)
    again = stress._settle(arena, seconds=1, kills=0)
    assert again.doubled > 0
    assert any("rows in the ledger" in fault for fault in again.faults)
    save_cells(
        version_id=arena.version_id,
        edits=[stress.CellEdit("sales", *place, after=0, checked=False) for place in arena.cells],
        actor=None,
    )
    assert stress._settle(arena, seconds=1, kills=0).lost > 0
    assert Edit.objects.count() > 60
    assert not connection.in_atomic_block
