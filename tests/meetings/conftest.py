"""Cycle and meetings together; the gates of the figures have their own tests."""

import numpy as np
import pytest

from core.months import parse_month
from cycles import gates
from cycles.choices import CycleState
from cycles.rules import register_rules
from finance.services import value_plan
from meetings import gates as meeting_gates
from plans.cubes import Axis, Cube
from plans.services import create_working_version, publish_cubes
from tests.cycles.conftest import first_of_november
from tests.meetings.sitting import walk_to

__all__ = ["first_of_november", "only_people_gates", "short_plan"]
DECEMBER, JANUARY = parse_month("2026-12"), parse_month("2027-01")


@pytest.fixture
def only_people_gates(monkeypatch):
    """Fresh registries with the gates of cycles and meetings; registrations of a test do not outlive it."""
    for registry in ("_gates", "_effects", "_sign_checks"):
        monkeypatch.setattr(gates, registry, {})
    register_rules()
    meeting_gates.register()


@pytest.fixture
def short_plan(cycle, users, company):
    """100 A1 and 50 B1 a month asked, 60 A1 made in December and 99 in January, everything else made; valued."""
    walk_to(cycle, CycleState.PRE_SOP, users)
    version = create_working_version(cycle=cycle, actor=users["coordinator"])
    org = company.orgs["NORTH-1"].pk
    axis = Axis.of("product_org", [(company.products["A1"].pk, org), (company.products["B1"].pk, org)])
    demand = np.repeat([[100], [50]], cycle.horizon, axis=1).astype(np.int64)
    made = demand.copy()
    made[0, DECEMBER - cycle.month], made[0, JANUARY - cycle.month] = 60, 99
    cubes = {
        code: Cube(axis, cycle.month, values, "quantity", 0)
        for code, values in (("proposal", demand), ("constrained", made))
    }
    publish_cubes(version_id=version.pk, cubes=cubes, actor=users["coordinator"])
    value_plan(version_id=version.pk, actor=users["finance"])
    return cycle
