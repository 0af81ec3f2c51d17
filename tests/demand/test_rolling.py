"""Invariant 8 in the plan: what a month roll finds open is kept or dropped by rule, written down, counted once."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.months import first_day
from cycles.choices import CycleState
from cycles.models import Cycle
from demand.choices import OrderKind, RollKind
from demand.measures import ACTUAL
from demand.models import ConsumptionRule, Order, RolledForecast
from demand.selectors.frame import load_actual
from demand.services import build_proposal
from demand.services.rolling import roll_forecast
from plans import cache
from plans.cubes import Cube
from plans.selectors import load_measure
from plans.services import create_working_version, get_or_create_actuals, publish_cubes, refresh_actuals
from tests.demand.world import MONTH, MONTHLY

PAIRS = tuple(MONTHLY)
FAMILY_OF = {"E7": "NEV", "E5": "NEV", "S6": "FUEL"}
UNITS = st.lists(st.integers(0, 60), min_size=len(PAIRS), max_size=len(PAIRS))


def _sell(world, sold: list[int]) -> None:
    """June's sales beside the stored history."""
    known = load_actual(ACTUAL)
    wider = known.window(known.first_month, MONTH - known.first_month + 1)
    values = wider.values.copy()
    rows = wider.axis.rows_of(np.array([(world.p[a], world.o[b]) for a, b in PAIRS]))
    values[rows, -1] = sold
    cube = Cube(wider.axis, wider.first_month, values, wider.unit, wider.scale)
    publish_cubes(version_id=get_or_create_actuals().pk, cubes={ACTUAL: cube}, actor=None)


def _order(world, ordered: list[int]) -> None:
    day = first_day(MONTH) + dt.timedelta(days=12)
    Order.objects.bulk_create(
        Order(
            order=f"SO{number}",
            product_id=world.p[product],
            org_id=world.o[org],
            quantity=units,
            due_date=day,
            kind=OrderKind.CUSTOMER,
        )
        for number, ((product, org), units) in enumerate(zip(PAIRS, ordered, strict=True))
        if units
    )


@pytest.mark.django_db
@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(forecast=UNITS, ordered=UNITS, sold=UNITS, keeping=st.sets(st.sampled_from(["NEV", "FUEL", "E7"])))
def test_every_unit_of_a_closed_forecast_is_taken_kept_or_dropped(world, forecast, ordered, sold, keeping):
    point = transaction.savepoint()
    try:
        world.publish("proposal", dict(zip(PAIRS, forecast, strict=True)))
        _order(world, ordered)
        for node in keeping:
            ConsumptionRule.objects.create(product_id=world.p[node], at_roll=RollKind.KEEP)
        _sell(world, sold)
        Cycle.objects.filter(pk=world.cycle.pk).update(state=CycleState.CLOSED)
        cycle = Cycle.objects.create(month=MONTH + 1, horizon=18, state=CycleState.COLLECTING)
        version = create_working_version(cycle=cycle, actor=None)
        refresh_actuals(version_id=version.pk, actor=None)
        first = roll_forecast(cycle=cycle, actor=None)
        assert roll_forecast(cycle=cycle, actor=None) == first  # said again, nothing adds up twice

        carried = load_measure(version_id=version.pk, measure="carried")
        log = {(row.product_id, row.org_id): row for row in RolledForecast.objects.filter(cycle=cycle)}
        kept_in_all = 0
        for (product, org), planned, wanted, gone in zip(PAIRS, forecast, ordered, sold, strict=True):
            key = world.p[product], world.o[org]
            keeps = bool({product, FAMILY_OF[product]} & keeping)
            taken = max(wanted, gone)
            open_units = max(planned - taken, 0)
            assert carried.cell(key, MONTH + 1) in ((open_units if keeps else 0), None)
            if planned or taken:
                row = log[key]
                assert (row.month, row.forecast, row.ordered, row.sold) == (MONTH, planned, wanted, gone)
                assert (row.unconsumed, row.over) == (open_units, max(taken - planned, 0))
                assert (row.kept, row.rule) == (open_units if keeps else 0, RollKind.KEEP if keeps else RollKind.DROP)
                assert row.forecast == min(planned, taken) + row.unconsumed
            kept_in_all += open_units if keeps else 0
        assert int(carried.values.sum()) == kept_in_all == first["kept"]
        build_proposal(cycle=cycle, actor=None)
        proposal = load_measure(version_id=version.pk, measure="proposal")
        assert int(proposal.values.sum()) == kept_in_all  # no baseline yet: what was kept stands there once
    finally:
        transaction.savepoint_rollback(point)
        cache.clear()
