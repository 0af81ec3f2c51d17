"""The banner over a scenario: how far it is from its base, until when it lives, which plan a page shows."""

import datetime as dt

import pytest
from django.utils import timezone

from core.errors import Missing
from cycles.models import Cycle
from plans.choices import VersionState
from plans.models import Version
from plans.selectors import get_shown_version, get_version, load_scenario_standing
from plans.services import (
    compact_head,
    create_working_version,
    expire_overdue_scenarios,
    fork_version,
    refresh_scenario,
    save_cells,
)
from plans.services.scenarios import SCENARIO_DAYS


@pytest.fixture
def forked(world):
    world.publish("proposal", 10)
    world.save(world.edit("sales", "A1", "n1", 50))
    world.scenario = fork_version(parent_id=world.version.pk, name="What if", actor=world.actor)
    return world


def standing(world):
    return load_scenario_standing(get_version(world.scenario))


def test_a_plan_of_a_cycle_has_no_banner(world):
    assert load_scenario_standing(world.version) is None


def test_a_fresh_fork_is_the_same_as_its_base(forked):
    found = standing(forked)
    assert (found.changed_cells, found.calculated, found.stale) == (0, (), ())
    assert found.is_unchanged
    assert found.is_open
    assert found.base == forked.version


def test_it_counts_cells_that_differ_not_keystrokes(forked):
    for after in (60, 61, 62):
        save_cells(version_id=forked.scenario, edits=[forked.edit("sales", "A1", "n1", after)], actor=forked.actor)
    save_cells(version_id=forked.scenario, edits=[forked.edit("sales", "A2", "n1", 7)], actor=forked.actor)
    assert standing(forked).changed_cells == 2
    save_cells(version_id=forked.scenario, edits=[forked.edit("sales", "A1", "n1", 50)], actor=forked.actor)
    assert standing(forked).changed_cells == 1
    assert compact_head(head=forked.head("sales", forked.scenario))
    assert standing(forked).changed_cells == 1


def test_it_names_what_was_calculated_and_what_moved_in_the_base(forked):
    forked.publish("constrained", 8, version_id=forked.scenario)
    forked.publish("proposal", 12)
    found = standing(forked)
    assert found.calculated == ("Constrained plan",)
    assert found.stale == ("Proposal",)
    refresh_scenario(version_id=forked.scenario, actor=forked.actor)
    assert standing(forked).stale == ()


def test_a_page_shows_the_plan_asked_for_of_its_own_cycle_only(forked):
    assert get_shown_version(forked.cycle, None) == forked.version
    assert get_shown_version(forked.cycle, str(forked.scenario)).pk == forked.scenario
    other = Cycle.objects.create(month=forked.cycle.month + 1, horizon=12)
    create_working_version(cycle=other, actor=forked.actor)
    for wanted in (str(forked.scenario), "999999", "x"):
        with pytest.raises(Missing):
            get_shown_version(other, wanted)


def test_it_lives_until_the_last_step_is_due_and_two_weeks_at_least(world, cycle):
    soon = timezone.now()
    short = get_version(fork_version(parent_id=world.version.pk, name="No steps", actor=world.actor))
    assert dt.timedelta(0) <= short.expires_at - soon - dt.timedelta(days=SCENARIO_DAYS) < dt.timedelta(minutes=1)
    last_due = soon + dt.timedelta(days=40)
    cycle.steps.update(due_at=last_due)
    plan = create_working_version(cycle=cycle, actor=world.actor)
    long = get_version(fork_version(parent_id=plan.pk, name="With steps", actor=world.actor))
    assert long.expires_at == last_due


def test_beat_closes_scenarios_whose_time_is_over_and_no_other(forked):
    kept = fork_version(parent_id=forked.version.pk, name="Kept", actor=forked.actor)
    Version.objects.filter(pk=forked.scenario).update(expires_at=timezone.now() - dt.timedelta(minutes=1))
    assert expire_overdue_scenarios() == 1
    assert expire_overdue_scenarios() == 0
    states = {row.pk: row.state for row in Version.objects.filter(cycle=forked.cycle)}
    assert states == {
        forked.version.pk: VersionState.OPEN,
        forked.scenario: VersionState.EXPIRED,
        kept: VersionState.OPEN,
    }
    assert not standing(forked).is_open
