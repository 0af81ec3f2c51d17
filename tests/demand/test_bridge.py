"""The waterfall from last cycle's demand to this one's: by hand, and never a unit left over."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Scope
from core.months import parse_month
from cycles.choices import CycleState
from cycles.models import Cycle
from demand.selectors.bridge import LAST_OVERRIDES, Part, load_demand_bridge
from demand.selectors.place import find_place
from demand.services import build_proposal
from plans.choices import VersionKind
from plans.cubes import Axis, Cube
from plans.models import Version
from plans.selectors import load_rollup
from plans.services import CellEdit, Note, create_working_version, publish_cubes, save_cells
from tests.demand.world import MONTH, MONTHLY
from tests.factories import make_user

MAY = parse_month("2026-05")


@pytest.fixture
def before(world):
    """The approved plan of May."""
    may = Cycle.objects.create(month=MAY, horizon=18, state=CycleState.RELEASED)
    version = create_working_version(cycle=may, actor=None)
    Version.objects.filter(pk=version.pk).update(kind=VersionKind.APPROVED)
    return version


def publish(world, version, first_month, **measures):
    """Figures by measure and pair, the same in every month."""
    for measure, cells in measures.items():
        keys = np.array([(world.p[a], world.o[b]) for a, b in cells])
        axis = Axis.of("product_org", keys)
        values = np.zeros((len(axis), 18), dtype=np.int64)
        values[axis.rows_of(keys)] = np.array(list(cells.values()))[:, None]
        mask = np.ones(values.shape, bool) if measure in ("sales", "override", "marketing") else None
        publish_cubes(
            version_id=version.pk, cubes={measure: Cube(axis, first_month, values, "quantity", 0, mask)}, actor=None
        )


def bridge_of(world, months=12):
    place = find_place(scope=Scope(products=None, orgs=None), product=None, org=None)
    return load_demand_bridge(cycle=world.cycle, place=place, months=months)


def test_without_an_earlier_plan_there_is_no_bridge(world):
    assert bridge_of(world) is None


def test_every_cause_by_hand(world, before):
    """Last cycle 1,200 and an override of 20 more; now the baseline adds 60, marketing 10, a new override takes 30."""
    publish(world, before, MAY, baseline=MONTHLY, proposal=MONTHLY, override={("E7", "BJ"): 520})
    publish(world, world.version, MONTH, baseline={**MONTHLY, ("E7", "GZ"): 360}, marketing={("E5", "GZ"): 10})
    build_proposal(cycle=world.cycle, actor=None)
    lead = make_user("demand_lead")
    edit = CellEdit("consensus", world.p["S6"], world.o["GZ"], MONTH, 10, 40, note=Note("price", comment="x"))
    save_cells(version_id=world.version.pk, edits=[edit], actor=lead)
    bridge = bridge_of(world, months=1)
    assert (bridge.start, bridge.end) == (1220, 1240)
    assert bridge.parts == (
        Part(LAST_OVERRIDES, -20),
        Part("baseline", 60),
        Part("marketing", 10),
        Part("override:price", -30),
    )


def test_a_scope_sees_its_own_bridge(world, before):
    publish(world, before, MAY, baseline=MONTHLY, proposal=MONTHLY)
    publish(world, world.version, MONTH, baseline={**MONTHLY, ("E7", "GZ"): 360})
    build_proposal(cycle=world.cycle, actor=None)
    north = find_place(scope=Scope(products=None, orgs=frozenset({"NORTH"})), product=None, org=None)
    bridge = load_demand_bridge(cycle=world.cycle, place=north, months=1)
    assert (bridge.start, bridge.end, bridge.parts) == (600, 600, ())


CELLS = st.dictionaries(st.sampled_from(sorted(MONTHLY)), st.integers(0, 900), min_size=1)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=st.fixed_dictionaries({"baseline": CELLS, "proposal": CELLS}), new=CELLS, said=CELLS, over=CELLS)
def test_the_parts_add_up_exactly(world, before, old, new, said, over):
    publish(world, before, MAY, **old)
    publish(world, world.version, MONTH, baseline=new, sales=said, override=over)
    bridge = bridge_of(world)
    now = load_rollup(version_id=world.version.pk, measure="consensus", months=range(MONTH, MONTH + 12))
    assert bridge.start + sum(part.change for part in bridge.parts) == bridge.end == int(now.sum())
