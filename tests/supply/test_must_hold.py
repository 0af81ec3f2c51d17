"""Process invariants 3 and 5 on random companies, in the published whole numbers."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from masterdata.models import CapacityChange, InventoryLot, MaterialSupply, Policy, Resource
from plans import cache
from plans.models import Version
from plans.selectors import get_heads, load_measures
from plans.services import create_working_version, fork_version
from supply import measures as m
from supply.services.balance import run_balance
from supply.services.options import adopt_option
from tests.factories import SmallCompany
from tests.supply.world import NOV, ask

pytestmark = pytest.mark.django_db
MONTHS = 18
BALANCED = (*m.QUANTITIES, m.LOAD_HOURS, m.AVAILABLE_HOURS, m.OVERTIME_HOURS)


@pytest.fixture
def version(company, cycle) -> Version:
    return create_working_version(cycle=cycle, actor=None)


def _shake(company: SmallCompany, version: Version, seed: int, *, tight: bool) -> None:
    """Random demand at every dealer, stock, maintenance, supplier limits, overtime and safety stock."""
    rng = np.random.default_rng(seed)
    codes = [(p.code, o.code) for p in company.leaf_products for o in company.leaf_orgs]
    most = 70 if tight else 35  # 400 hours a month for sixteen cells
    ask(version, {key: rng.integers(0, most, MONTHS).tolist() for key in codes})
    for product in company.leaf_products[:2]:
        InventoryLot.objects.create(product=product, site=company.site, quantity=int(rng.integers(0, 90)))
        Policy.objects.create(product=product, safety_stock_days=int(rng.integers(0, 20)), frozen_months=0)
    CapacityChange.objects.create(
        resource=company.line, month=NOV + int(rng.integers(0, 6)), lost_hours=float(rng.integers(20, 200)), reason="x"
    )
    MaterialSupply.objects.create(
        material=company.material, month=NOV + int(rng.integers(0, 6)), max_quantity=int(rng.integers(100, 400))
    )
    if rng.integers(2):
        Resource.objects.filter(pk=company.line.pk).update(max_overtime_share=0.2, overtime_cost_per_hour=15)


def _by_product(cube, ids: list[int]) -> np.ndarray:
    """[products, months]"""
    return np.array([cube.values[cube.axis.keys[:, 0] == pk].sum(axis=0) for pk in ids])


@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 100_000), tight=st.booleans())
def test_a_published_plan_delivers_what_was_asked_made_and_stored(company, version, users, seed, tight):
    """Invariant 3. Deliveries never run ahead of demand or of what there is; no line works longer than it can."""
    point = transaction.savepoint()
    try:
        _shake(company, version, seed, tight=tight)
        run_balance(version_id=version.pk, actor=users["supply_lead"])
        months = range(NOV, NOV + MONTHS)
        cubes = load_measures(version_id=version.pk, measures=[m.CONSENSUS, *BALANCED], months=months)
        ids = [product.pk for product in company.leaf_products]
        asked, served, short = (_by_product(cubes[c], ids) for c in (m.CONSENSUS, m.CONSTRAINED, m.SHORT))
        made, stock = (_by_product(cubes[c], ids) for c in (m.PRODUCTION, m.STOCK_END))
        lots = {lot.product_id: int(lot.quantity) for lot in InventoryLot.objects.all()}
        opening = np.array([[lots.get(pk, 0)] for pk in ids])

        assert (asked.cumsum(axis=1) - served.cumsum(axis=1) >= 0).all()
        assert (asked.cumsum(axis=1) - served.cumsum(axis=1) == short.cumsum(axis=1)).all()
        assert (stock == opening + made.cumsum(axis=1) - served.cumsum(axis=1)).all()
        assert stock.min() >= 0
        for code in (m.CONSTRAINED, m.PRODUCTION, m.PURCHASE, m.MATERIAL_STOCK):
            assert cubes[code].values.min() >= 0, code
        load, room = (cubes[c].values.sum(axis=0) for c in (m.LOAD_HOURS, m.AVAILABLE_HOURS))
        room += cubes[m.OVERTIME_HOURS].values.sum(axis=0)
        assert (load.cumsum() <= room.cumsum()).all()  # what a month rounds up, an earlier one rounded down:
        assert (load - room).max() <= len(ids) * 100  # less than a unit of an hour of each product
        bought, left = cubes[m.PURCHASE].values.sum(axis=0), cubes[m.MATERIAL_STOCK].values.sum(axis=0)
        assert (left == bought.cumsum() - made.sum(axis=0).cumsum()).all()
    finally:
        transaction.savepoint_rollback(point)
        cache.clear()


@settings(max_examples=4, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 100_000), picks=st.integers(1, 3))
def test_a_plan_with_its_options_is_the_base_with_the_same_options_again(company, version, users, seed, picks):
    """Invariant 5: approved plan = base + approved patches, to the byte, in a plan of its own and once more."""
    point = transaction.savepoint()
    try:
        _shake(company, version, seed, tight=True)
        run = run_balance(version_id=version.pk, actor=users["supply_lead"])
        base = _blocks(version.pk)
        options = list(run.options.filter(in_plan=False).order_by("pk")[:picks])
        twin = fork_version(parent_id=version.pk, name="twin", actor=users["supply_lead"])
        assert _blocks(twin) == base
        for plan in (version.pk, twin):
            for option in options:
                adopt_option(option_id=option.pk, version_id=plan, actor=users["supply_lead"])
            run_balance(version_id=plan, actor=users["supply_lead"])
        patched = _blocks(version.pk)
        assert _blocks(twin) == patched
        assert patched != base or not options
        run_balance(version_id=version.pk, actor=users["supply_lead"])
        assert _blocks(version.pk) == patched
    finally:
        transaction.savepoint_rollback(point)
        cache.clear()


def _blocks(version_id: int) -> dict[str, str]:
    """Measure → hash of its numbers."""
    return {code: ref.block_id for code, ref in get_heads(version_id=version_id, measures=BALANCED).items()}
