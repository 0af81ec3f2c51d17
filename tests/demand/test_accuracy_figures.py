"""Who improved the forecast: measured against closed months, by step and by author."""

import pytest

from core.months import parse_month
from cycles.choices import CycleState
from cycles.models import Cycle
from demand.selectors.accuracy import load_author_records, load_step_accuracy
from demand.services import build_proposal
from plans.services import CellEdit, Note, create_working_version, freeze_version, refresh_actuals, save_cells
from tests.demand.world import MONTHLY, World
from tests.factories import make_user

# May was forecast in the cycle of May; it came as MONTHLY says: E7 500, 300, 200; E5 100, 60; S6 40 = 1200
MAY = parse_month("2026-05")


@pytest.fixture
def closed(db, tmp_path):
    """A frozen cycle of May, and the cycle of June that looks back at it."""
    world = World(tmp_path)
    may = Cycle.objects.create(month=MAY, horizon=18, state=CycleState.SUPPLY_REVIEW)
    world.may = World.__new__(World)
    vars(world.may).update(vars(world))
    world.may.cycle, world.may.version = may, create_working_version(cycle=may, actor=None)
    refresh_actuals(version_id=world.may.version.pk, actor=None)
    return world


def publish_may(closed, measure, cells):
    """Figures of the May plan over all its months."""
    import numpy as np

    from plans.cubes import Axis, Cube
    from plans.services import publish_cubes

    keys = np.array([(closed.p[a], closed.o[b]) for a, b in cells])
    axis = Axis.of("product_org", keys)
    values = np.zeros((len(axis), 18), dtype=np.int64)
    values[axis.rows_of(keys)] = np.array(list(cells.values()))[:, None]
    mask = np.ones(values.shape, dtype=bool) if measure == "sales" else None
    cube = Cube(axis, MAY, values, "quantity", 0, mask)
    publish_cubes(version_id=closed.may.version.pk, cubes={measure: cube}, actor=None)


def keys_of(closed):
    import numpy as np

    return np.array(sorted((closed.p[a], closed.o[b]) for a, b in MONTHLY))


def test_nothing_was_measured_before_a_frozen_month_has_closed(closed):
    assert load_step_accuracy(cycle=closed.cycle, keys=keys_of(closed)) == []
    assert load_author_records(cycle=closed.cycle, keys=keys_of(closed)) == []


def test_steps_are_measured_by_hand(closed):
    publish_may(closed, "baseline", {**MONTHLY, ("E7", "BJ"): 560})  # 60 of 1200: 5 %
    publish_may(closed, "sales", {("E7", "BJ"): 620})  # 120 of 1200, else the baseline: 10 %
    publish_may(closed, "proposal", {**MONTHLY, ("E7", "BJ"): 524})  # 24 of 1200: 2 %
    freeze_version(version_id=closed.may.version.pk, kind="D", actor=None)
    steps = {step.source: step for step in load_step_accuracy(cycle=closed.cycle, keys=keys_of(closed))}
    assert steps["baseline"].accuracy.wmape == pytest.approx(0.05)
    assert steps["sales"].accuracy.wmape == pytest.approx(0.10)
    assert steps["consensus"].accuracy.wmape == pytest.approx(0.02)
    assert steps["naive"].accuracy.wmape == 0  # sales never change in this world
    assert steps["sales"].added == pytest.approx(-0.05)
    assert steps["consensus"].added == pytest.approx(0.03)
    assert steps["consensus"].accuracy.bias == pytest.approx(0.02)


def test_a_plan_that_was_never_agreed_is_no_forecast(closed):
    publish_may(closed, "baseline", {**MONTHLY, ("E7", "BJ"): 560})
    assert load_step_accuracy(cycle=closed.cycle, keys=keys_of(closed)) == []


def test_an_authors_overrides_are_held_against_what_came(closed):
    publish_may(closed, "baseline", MONTHLY)
    build_proposal(cycle=closed.may.cycle, actor=None)
    lead = make_user("demand_lead", display_name="Lin Yue")
    edit = CellEdit("consensus", closed.p["E7"], closed.o["BJ"], MAY, 560, 500, note=Note("customer", comment="x"))
    save_cells(version_id=closed.may.version.pk, edits=[edit], actor=lead)
    freeze_version(version_id=closed.may.version.pk, kind="D", actor=None)
    (record,) = load_author_records(cycle=closed.cycle, keys=keys_of(closed))
    assert (record.author, record.changes) == ("Lin Yue", 1)
    assert record.error_change == pytest.approx(60 / 500)  # 0 before, 60 after, of 500 sold
    assert record.bias == pytest.approx(60 / 500)
