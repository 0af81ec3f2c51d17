"""A large balance on all workers: the same bytes as in one process, once, whatever happens on the way."""

import numpy as np
import pytest
from django.db.models import Max
from hypothesis import given, settings
from hypothesis import strategies as st

import engine.balancing.components as components
import engine.balancing.first as first
import engine.balancing.solve as solving
from core.choices import JobState
from core.jobs import claim_job, load_progress, request_cancel, run_job, run_job_now
from core.models import Job, JobPart
from engine.balancing.contracts import BalanceProblem, array_fields
from engine.balancing.joining import SolvedBlock, solve_block
from plans.cubes import Axis, Cube
from plans.services import create_working_version, publish_cubes
from supply import measures as m
from supply.adapters.packing import pack, unpack
from supply.models import BalanceRun
from supply.selectors.pricing import get_option_pricing
from supply.selectors.runs import get_data_state
from supply.services import balance_parts
from supply.services.balance import enqueue_balance, run_balance
from supply.services.options import what_if
from supply.services.sessions import forget_models
from tests.engine.balancing.companies import beside, random_company
from tests.factories import make_cycle
from tests.supply.world import NOV, ask, split_in_two, totals

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def version(company, users, monkeypatch):
    """Family A on one line, B on another with a material of its own, both short; small counts as large here."""
    monkeypatch.setattr(solving, "LARGE_NONZEROS", 0)
    monkeypatch.setattr(components, "PART_NONZEROS", 1)
    forget_models()
    split_in_two(company)
    version = create_working_version(cycle=make_cycle("2026-11"), actor=None)
    ask(version, {("A1", "NORTH-1"): [450] * 18, ("B1", "SOUTH-1"): [500] * 18})
    return version


def published(version):
    return {head.measure: head.block_id for head in version.heads.filter(measure__in=m.BALANCED)}


def test_the_parts_are_solved_by_children_and_give_the_bytes_of_one_process(version, users):
    alone = run_balance(version_id=version.pk, actor=users["supply_lead"])
    before = published(version)
    job = run_job_now(enqueue_balance(version_id=version.pk, actor=users["supply_lead"]))
    assert (job.state, job.children.count()) == (JobState.DONE, 2)
    assert published(version) == before
    run = BalanceRun.objects.get(pk=job.result["run"])
    assert (run.status, run.method, run.gap) == ("optimal", "2 independent parts", 0)
    assert (run.objective, run.values) == (alone.objective, alone.values)
    causes = [list(r.shortages.order_by("pk").values_list("product", "month", "quantity", "cause", "code"))
              for r in (alone, run)]  # fmt: skip
    assert causes[0] == causes[1]
    assert {code for *_rest, code in causes[0]} == {"LINE", "LINE-B"}
    assert totals(version, m.CONSTRAINED) == [800] * 18
    assert not JobPart.objects.exists()


def test_trials_begin_from_the_joint_basis(version, users, monkeypatch):
    """25 days × 8 h of a third shift: 200 more can be made, 150 of them for later. Nothing is solved anew."""
    run_job_now(enqueue_balance(version_id=version.pk, actor=users["supply_lead"]))
    monkeypatch.setattr(solving.Session, "solve", lambda _self: pytest.fail("solved anew"))
    tried = what_if(version_id=version.pk, resource="LINE", month=NOV, shifts=3, actor=users["supply_lead"])
    assert (tried.short_before, tried.short_after, tried.effect.units) == (50, 0, 200)


@pytest.fixture
def too_large(monkeypatch):
    """No plan is small enough for an exact one; every product is a block."""
    monkeypatch.setattr(components, "EXACT_NONZEROS", 0)
    monkeypatch.setattr(first, "EXACT_NONZEROS", 0)
    monkeypatch.setattr(first, "GROUP_SIZE", 1)


@pytest.mark.usefixtures("too_large")
def test_a_plan_too_large_for_an_exact_one_is_solved_in_blocks_by_children(version, users):
    alone = run_balance(version_id=version.pk, actor=users["supply_lead"])
    before = published(version)
    job = run_job_now(enqueue_balance(version_id=version.pk, actor=users["supply_lead"]))
    run = BalanceRun.objects.get(pk=job.result["run"])
    assert (run.status, run.method, published(version)) == ("near", "2 blocks", before)
    assert run.gap == alone.gap == pytest.approx(job.result["gap"], abs=1e-6)
    assert get_data_state(version.pk).is_current


@pytest.mark.usefixtures("too_large")
def test_its_dearest_parts_get_confirmed_causes_and_options_afterwards(version, users, client):
    """Both lines lack hours: A1 is short of 50 a month, B1 of 100."""
    run = run_balance(version_id=version.pk, actor=users["supply_lead"])
    pricing = get_option_pricing(version.pk)
    assert (pricing.state, pricing.is_near, pricing.done, pricing.total) == ("pricing", True, 0, 2)
    assert pricing.text == "Confirming causes and pricing options: part 0 of 2."
    client.force_login(users["supply_lead"])
    page = client.get("/supply/").content.decode()
    assert f"plan within {100 * run.gap:.2f} % of the best possible, proven" in page
    assert "Ranked by its price, not confirmed by a trial." in page
    job = run_job_now(Job.objects.get(kind="options"))
    assert job.result["priced"] == 2
    assert get_option_pricing(version.pk).is_over
    assert all(run.shortages.values_list("is_confirmed", flat=True))
    assert dict(run.bottlenecks.values_list("code", "removed")) == {
        "LINE": pytest.approx(50 * 18), "LINE-B": pytest.approx(100 * 18),
    }  # fmt: skip
    overtime = run.options.get(kind="overtime", code="LINE-B")
    until = run.shortages.filter(code="LINE-B").aggregate(last=Max("month"))["last"] + 1
    assert (overtime.units, overtime.amount) == (60 * (until - NOV), pytest.approx(60))  # 15 % of 400 hours
    assert "not confirmed by a trial" not in client.get("/supply/").content.decode()


@pytest.mark.usefixtures("too_large")
@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "of the best possible, proven"), ("zh-hans", "已证明")],
)
def test_the_proven_distance_is_said_in_both_languages(version, users, client, language, words):
    run = run_balance(version_id=version.pk, actor=users["supply_lead"])
    users["supply_lead"].language = language
    users["supply_lead"].save()
    client.force_login(users["supply_lead"])
    page = client.get("/supply/", headers={"accept-language": language}).content.decode()
    assert words in page
    assert f"{100 * run.gap:.2f} %" in page


def test_progress_counts_the_parts_and_cancelling_stops_them(version, users):
    job = enqueue_balance(version_id=version.pk, actor=users["supply_lead"])
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.is_split) == (JobState.WAITING, True)
    before = load_progress(job)
    run_job(job.children.first().pk)
    after = load_progress(job)
    assert after[0] > before[0]
    assert after[1] == "1 of 2 parts done"
    request_cancel(job=job, actor=users["supply_lead"])
    assert set(job.children.values_list("state", flat=True)) == {JobState.DONE, JobState.CANCELLED}
    assert not BalanceRun.objects.exists()
    other = enqueue_balance(version_id=version.pk, actor=users["supply_lead"])
    run_job(other.pk)
    assert not JobPart.objects.filter(job=job).exists()  # the next balance clears what a stopped one left


def test_a_part_that_lost_its_job_leaves_nothing(version, users, monkeypatch):
    """Its lease ran out while it solved: another worker's outcome stands, and the plan is published once."""
    job = enqueue_balance(version_id=version.pk, actor=users["supply_lead"])
    run_job(job.pk)
    child, solve = job.children.first(), balance_parts.solve_block

    def overtaken(block, options):
        monkeypatch.setattr(balance_parts, "solve_block", solve)
        Job.objects.filter(pk=child.pk).update(lease_until=None)
        mine = claim_job(child.pk)
        assert mine.attempt == 2
        return solve(block, options)

    monkeypatch.setattr(balance_parts, "solve_block", overtaken)
    run_job(child.pk)
    assert not JobPart.objects.filter(name__startswith="outcome").exists()
    Job.objects.filter(pk=child.pk).update(lease_until=None)
    for part in job.children.order_by("pk"):
        run_job(part.pk)
    run_job(job.pk)
    assert BalanceRun.objects.filter(status="optimal").count() == 1


def test_a_plan_published_while_the_parts_are_solved_is_not_overwritten(company, version, users):
    job = enqueue_balance(version_id=version.pk, actor=users["supply_lead"])
    run_job(job.pk)
    for part in job.children.order_by("pk"):
        run_job(part.pk)
    axis = Axis.of("product_org", [(company.products["A1"].pk, company.orgs["NORTH-1"].pk)])
    other = Cube(axis, NOV, np.full((1, 18), 7, dtype=np.int64), "quantity", 0)
    publish_cubes(version_id=version.pk, cubes={m.CONSTRAINED: other}, actor=users["supply_lead"])
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.error_code) == (JobState.FAILED, "stale_inputs")
    assert not BalanceRun.objects.exists()
    assert totals(version, m.CONSTRAINED) == [7] * 18


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_problems_and_solved_blocks_travel_to_the_bit(seed, wide):
    problem = beside(random_company(seed, wide=wide), random_company(seed + 1))
    again = unpack(BalanceProblem, pack(problem))
    for part in ("points", "demand", "resource", "material", "supplier", "transfers"):
        for name, values in array_fields(getattr(problem, part)).items():
            back = getattr(getattr(again, part), name)
            assert (back.dtype, back.tobytes()) == (values.dtype, values.tobytes())
    assert (again.products, again.demand.kind) == (problem.products, problem.demand.kind)
    session = solving.Session(problem)
    division = first._in_blocks(session, 1)
    solved = solve_block(division.blocks[0], division.options)
    back = unpack(SolvedBlock, pack(solved))
    assert (back.shortages, back.optimum, back.plan.cost, back.plan.slacks, back.plan.objective) == (
        solved.shortages, solved.optimum, solved.plan.cost, solved.plan.slacks, solved.plan.objective,
    )  # fmt: skip
    assert back.plan.production.tobytes() == solved.plan.production.tobytes()
    assert list(back.rows) == list(solved.rows)
