"""The balance of a plan in the database: what is published, recorded, stale; on a company solved by hand."""

import numpy as np
import pytest

from core.audit import verify_chain
from core.choices import JobState
from core.errors import Frozen, InvalidInput
from core.jobs import run_job_now
from core.models import AuditEntry
from core.months import parse_month
from masterdata.models import CapacityChange, InventoryLot, MaterialSupply, Resource
from plans.cubes import Axis, Cube
from plans.selectors import load_measure
from plans.services import create_working_version, freeze_version, publish_cubes
from supply import measures as m
from supply.adapters.database import load_sheets
from supply.models import BalanceRun, Shortage
from supply.selectors.runs import get_data_state
from supply.services.balance import enqueue_balance, run_balance
from tests.supply.world import NOV, ask, totals

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(company, cycle):
    return create_working_version(cycle=cycle, actor=None)


def test_everything_asked_is_made_while_capacity_lasts(company, version, users):
    """25 days × 2 shifts × 8 h = 400 h a month, an hour a unit: 300 are no problem."""
    ask(version, {("A1", "NORTH-1"): [300] * 18})
    run = run_balance(version_id=version.pk, actor=users["supply_lead"])
    assert (run.status, run.shortages.count()) == ("optimal", 0)
    assert totals(version, m.CONSTRAINED) == [300] * 18
    assert totals(version, m.PRODUCTION) == [300] * 18
    assert totals(version, m.LOAD_HOURS) == [300 * 100] * 18
    assert totals(version, m.AVAILABLE_HOURS) == [400 * 100] * 18
    assert totals(version, m.SHORT) == [0] * 18


def test_what_capacity_cannot_meet_is_short_with_its_cause(company, version, users):
    """450 asked in the first month, 400 hours: 50 short; later months ask for 300."""
    ask(version, {("A1", "NORTH-1"): [450] + [300] * 17})
    run = run_balance(version_id=version.pk, actor=users["supply_lead"])
    [short] = run.shortages.all()
    assert (short.product.code, short.org.code, short.month, short.quantity, short.demand) == (
        "A1", "NORTH-1", NOV, 50, 450,
    )  # fmt: skip
    # price 100 − 55 all-in, in cents
    assert (short.revenue, short.margin) == (50 * 100_00, 50 * 45_00)
    assert (short.cause, short.code, short.cause_month, short.is_confirmed) == ("resource", "LINE", NOV, True)
    assert run.values["hour"]["LINE"][0] == pytest.approx(45.0)
    assert totals(version, m.SHORT)[:2] == [50, 0]
    assert {o.kind for o in run.options.all()} >= {"defer", "overtime"}
    overtime = run.options.get(kind="overtime")
    assert (overtime.units, overtime.start_month, overtime.is_cost_known) == (50, NOV, False)


def test_published_numbers_balance_exactly(company, version, users):
    """Stock opens with what was counted and moves by production and deliveries; nothing is negative."""
    InventoryLot.objects.create(product=company.products["A1"], site=company.site, quantity=120)
    rng = np.random.default_rng(5)
    codes = [(p.code, o.code) for p in company.leaf_products for o in company.leaf_orgs]
    ask(version, {key: rng.integers(0, 60, 18).tolist() for key in codes})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    cubes = {code: load_measure(version_id=version.pk, measure=code) for code in (m.CONSENSUS, *m.QUANTITIES)}
    axis = cubes[m.CONSENSUS].axis
    asked, served = (cubes[c].align(axis).values for c in (m.CONSENSUS, m.CONSTRAINED))
    assert np.array_equal(asked - served, cubes[m.SHORT].align(axis).values)
    made, stock = cubes[m.PRODUCTION], cubes[m.STOCK_END]
    for row, (product, _site) in enumerate(made.axis.keys.tolist()):
        opening = 120 if product == company.products["A1"].pk else 0
        sent = served[axis.keys[:, 0] == product].sum(axis=0)
        assert np.array_equal(opening + np.cumsum(made.values[row] - sent), stock.values[row])
    assert stock.values.min() >= 0
    bought, kept = cubes[m.PURCHASE].values.sum(axis=0), cubes[m.MATERIAL_STOCK].values.sum(axis=0)
    assert np.array_equal(np.cumsum(bought - made.values.sum(axis=0)), kept)
    load = load_measure(version_id=version.pk, measure=m.LOAD_HOURS).values.sum(axis=0)
    assert np.array_equal(load, made.values.sum(axis=0) * 100)


def test_maintenance_takes_hours(company, version, users):
    CapacityChange.objects.create(resource=company.line, month=NOV, lost_hours=100, reason="maintenance")
    ask(version, {("A1", "NORTH-1"): [400] * 18})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    assert totals(version, m.AVAILABLE_HOURS)[0] == 300 * 100
    assert totals(version, m.CONSTRAINED)[:2] == [300, 400]


def test_a_supplier_limit_is_named(company, version, users):
    MaterialSupply.objects.create(material=company.material, month=NOV, max_quantity=250)
    ask(version, {("A1", "NORTH-1"): [300] * 18})
    run = run_balance(version_id=version.pk, actor=users["supply_lead"])
    [short] = run.shortages.all()
    assert (short.cause, short.code, short.quantity) == ("supplier", "PACK", 50)


def test_overtime_is_booked_to_the_products_that_need_it(company, version, users):
    Resource.objects.filter(pk=company.line.pk).update(max_overtime_share=0.5, overtime_cost_per_hour=20)
    ask(version, {("A1", "NORTH-1"): [300] * 18, ("B1", "SOUTH-1"): [150] + [50] * 17})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    assert totals(version, m.OVERTIME_HOURS)[:2] == [50 * 100, 0]
    cost = load_measure(version_id=version.pk, measure=m.OVERTIME_COST)
    assert cost.values.sum() == 50 * 20_00
    first = dict(zip(map(tuple, cost.axis.keys.tolist()), cost.values[:, 0].tolist(), strict=True))
    key = company.products["B1"].pk, company.orgs["SOUTH-1"].pk
    assert first[key] == round(50 * 20_00 * 150 / 450)


def test_without_demand_nothing_is_written(version, users):
    with pytest.raises(InvalidInput):
        run_balance(version_id=version.pk, actor=users["supply_lead"])
    assert not BalanceRun.objects.exists()


def test_a_sealed_supply_plan_is_refused_and_nothing_changes(company, version, users):
    ask(version, {("A1", "NORTH-1"): [300] * 18})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    freeze_version(version_id=version.pk, kind="S", actor=users["supply_lead"])
    before = totals(version, m.CONSTRAINED)
    with pytest.raises(Frozen):
        run_balance(version_id=version.pk, actor=users["supply_lead"])
    assert BalanceRun.objects.count() == 1
    assert totals(version, m.CONSTRAINED) == before


def test_the_run_is_audited_on_the_cycles_chain(company, version, cycle, users):
    ask(version, {("A1", "NORTH-1"): [300] * 18})
    run = run_balance(version_id=version.pk, actor=users["supply_lead"])
    entry = AuditEntry.objects.get(verb="supply.balance.run")
    assert (entry.chain, entry.object_id, entry.actor) == (f"cycle:{cycle.pk}", str(run.pk), users["supply_lead"])
    assert verify_chain(f"cycle:{cycle.pk}") is None


def test_same_inputs_same_blocks(company, version, users):
    """Reproduced: the second run of the same plan publishes the same bytes under the same input hash."""
    rng = np.random.default_rng(9)
    codes = [(p.code, o.code) for p in company.leaf_products for o in company.leaf_orgs]
    ask(version, {key: rng.integers(0, 70, 18).tolist() for key in codes})
    first = run_balance(version_id=version.pk, actor=users["supply_lead"])
    blocks = {h.measure: h.block_id for h in version.heads.filter(measure__in=m.BALANCED)}
    second = run_balance(version_id=version.pk, actor=users["supply_lead"])
    assert first.input_hash == second.input_hash
    assert blocks == {h.measure: h.block_id for h in version.heads.filter(measure__in=m.BALANCED)}


def test_frozen_months_follow_the_last_approved_plan(company, version, cycle, users):
    """The plan approved in November makes 300 in December; December's cycle may not change its first month."""
    from tests.factories import make_cycle

    ask(version, {("A1", "NORTH-1"): [300] * 18})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    freeze_version(version_id=version.pk, kind="A", actor=users["executive"])
    company.products["A1"].policies.create(frozen_months=1, safety_stock_days=0)
    after = create_working_version(cycle=make_cycle("2026-12"), actor=None)
    ask(after, {("A1", "NORTH-1"): [350] * 18}, first_month=parse_month("2026-12"))
    run = run_balance(version_id=after.pk, actor=users["supply_lead"])
    assert totals(after, m.PRODUCTION, first_month=parse_month("2026-12"))[:2] == [300, 350]
    [short] = run.shortages.all()
    assert (short.cause, short.code, short.quantity) == ("fence", "A1|PLANT", 50)
    sheets = load_sheets(after)
    assert sheets.released["A1", "PLANT"] == {NOV + 1: 300.0}
    assert sheets.slushy["A1", "PLANT"] == {NOV + 2: 300.0, NOV + 3: 300.0, NOV + 4: 300.0}


def test_safety_stock_covers_what_the_forecast_may_miss(company, version, users, monkeypatch):
    """Errors of two markets add up as squares: 3 and 4 units are 5; a market without a forecast counts nothing."""
    asked_for = []

    def errors(*, version_id, keys, months_ahead, level):
        asked_for.append((version_id, months_ahead, level))
        known = {company.orgs["NORTH-1"].pk: 3.0, company.orgs["SOUTH-1"].pk: 4.0}
        return np.array([known.get(org, np.nan) for _product, org in keys.tolist()])

    monkeypatch.setattr("demand.selectors.errors.load_cumulative_error", errors)
    company.products["A1"].policies.create(service_level=0.9, safety_stock_days=0)
    ask(version, {("A1", "NORTH-1"): [30] * 18, ("A1", "SOUTH-1"): [20] * 18})
    assert load_sheets(version).errors == {"A1": 5.0}
    assert asked_for == [(version.pk, 1, 0.9)]
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    assert totals(version, m.STOCK_END) == [5] * 18


@pytest.mark.django_db(transaction=True)
def test_the_job_runs_once_and_says_what_it_did(company, users):
    from tests.factories import make_cycle

    version = create_working_version(cycle=make_cycle("2026-11"), actor=None)
    ask(version, {("A1", "NORTH-1"): [450] + [300] * 17})
    job = enqueue_balance(version_id=version.pk, actor=users["supply_lead"])
    assert enqueue_balance(version_id=version.pk, actor=users["supply_lead"]).pk == job.pk
    run_job_now(job)
    job.refresh_from_db()
    assert job.state == JobState.DONE
    assert (job.result["shortages"], job.result["short"]) == (1, 50)
    assert BalanceRun.objects.get().job_id == job.pk
    assert Shortage.objects.count() == 1


def test_a_plan_edited_while_it_is_balanced_is_not_overwritten(company, version, users, monkeypatch):
    """Somebody publishes the constrained plan between load and store: strict, so nothing of the run is kept."""
    from plans.services import StaleInputs
    from supply.services import balance

    ask(version, {("A1", "NORTH-1"): [300] * 18})
    original = balance.solve_problem

    def meanwhile(*parts, **given):
        axis = Axis.of("product_org", [(company.products["A1"].pk, company.orgs["NORTH-1"].pk)])
        other = Cube(axis, NOV, np.full((1, 18), 7, dtype=np.int64), "quantity", 0)
        publish_cubes(version_id=version.pk, cubes={m.CONSTRAINED: other}, actor=users["supply_lead"])
        return original(*parts, **given)

    monkeypatch.setattr(balance, "solve_problem", meanwhile)
    with pytest.raises(StaleInputs):
        run_balance(version_id=version.pk, actor=users["supply_lead"])
    assert not BalanceRun.objects.exists()
    assert totals(version, m.CONSTRAINED) == [7] * 18


def test_a_first_plan_is_published_until_the_exact_one_replaces_it(company, version, users, monkeypatch):
    """Shown with its distance from the best, refused at the gate, and gone once the exact plan is there."""
    from engine.balancing.bound import upper_bound
    from engine.balancing.explain import list_shortages
    from engine.balancing.first import Balanced, first_plan
    from supply.services import solving

    seen = []

    def slowly(session, on_first, progress):
        bound = upper_bound(session, session.plain_prices())
        on_first(first_plan(session, bound))
        seen.append((get_data_state(version.pk), totals(version, m.CONSTRAINED)))
        plan = session.solve()
        return Balanced(plan, 0.0, list_shortages(session, plan))

    monkeypatch.setattr(solving, "solve_session", slowly)
    ask(version, {("A1", "NORTH-1"): [450] + [300] * 17})
    run = run_balance(version_id=version.pk, actor=users["supply_lead"])
    [(state, constrained)] = seen
    assert (state.run.status, state.is_current) == ("first", False)
    assert 0 < state.run.gap < 0.02  # 50 of 5,550 units cannot be made
    assert state.reasons[0].startswith("This is a first plan, within 0.")
    assert constrained == [400] + [300] * 17
    assert [r.status for r in BalanceRun.objects.order_by("pk")] == ["first", "optimal"]
    assert (run.gap, run.check_name) == (0, "CLP")
    assert run.check_objective == pytest.approx(run.objective, rel=1e-6)
    after = get_data_state(version.pk)
    assert (after.is_current, after.quality) == (True, "best plan, confirmed by a second solver")
