"""Activities in the forecast: learnt where the history can tell, declared where it cannot, told in either case."""

import numpy as np
import pytest

from core.choices import JobState
from core.jobs import run_job_now
from core.months import format_month
from demand.choices import EffectReason
from demand.drivers import NEW_YEAR, WORKING_DAYS, Kept, apply_drivers, build_drivers
from demand.lifecycle import learn_last_months, share_with_predecessors
from demand.models import ForecastRun
from demand.outlook import Outlook
from demand.selectors.drivers import ActivityRow, keeps_new_year
from demand.services import enqueue_forecast, forecast_input_hash
from plans.cubes import Axis
from plans.hierarchy import load_hierarchy
from tests.demand.world import MONTH, import_sheets

WIDTH, HORIZON = 36, 6
START = MONTH - WIDTH


def activity(kind="promotion", first=MONTH, last=None, *, code="A", uplift=None, quantity=None, price=None):
    return ActivityRow(code, kind, first, last, None, None, uplift, quantity, price)


def drivers(*register, rows=(0, 1), days=None, new_year=(False, False)):
    return build_drivers(
        [(row, np.array(rows, np.int64)) for row in register], first_month=START, width=WIDTH, horizon=HORIZON, count=2,
        working_days=days or {}, new_year=np.array(new_year),
    )  # fmt: skip


def outlook(units=100.0):
    mean = np.full((2, HORIZON), units)
    return Outlook(mean, np.stack([mean * 0.8, mean * 0.6], axis=1), np.stack([mean * 1.2, mean * 1.4], axis=1))


def nothing_kept(count):
    return Kept(np.zeros((2, count)), np.zeros((2, count), bool), np.zeros((2, count), bool))


class TestDeclared:
    def test_a_percentage_acts_in_its_months(self):
        figures = outlook()
        told = apply_drivers(drivers(activity(first=MONTH + 1, last=MONTH + 2, uplift=20.0)), nothing_kept(0), figures)
        assert figures.mean[0].tolist() == [100, 120, 120, 100, 100, 100]
        assert figures.upper[0, 0].tolist() == [120, 144, 144, 120, 120, 120]
        assert told == {"A": {"series": 2, "kept": 2, "effect_pct": 20.0, "units": 80.0, "why": "declared"}}

    def test_units_a_month_are_shared_by_forecast_and_come_on_top_of_the_percentage(self):
        figures = outlook()
        figures.mean[1] = 300.0
        told = apply_drivers(
            drivers(activity("new_client", MONTH + 5, uplift=10.0, quantity=40.0)), nothing_kept(0), figures
        )  # fmt: skip
        assert figures.mean[:, 5] == pytest.approx([120.0, 360.0])
        assert told["A"]["units"] == 80.0
        assert told["A"]["effect_pct"] == 20.0

    def test_units_where_nothing_is_forecast_are_shared_equally(self):
        figures = outlook(0.0)
        apply_drivers(drivers(activity("npd", MONTH, MONTH, quantity=7.0)), nothing_kept(0), figures)
        assert figures.mean[:, 0].tolist() == [3.5, 3.5]

    def test_one_that_is_running_is_in_the_history_already(self):
        figures = outlook()
        told = apply_drivers(drivers(activity(first=MONTH - 1, uplift=50.0)), nothing_kept(1), figures)
        assert told["A"] == {"series": 2, "kept": 0, "effect_pct": None, "units": 0.0, "why": "running"}
        assert (figures.mean == 100).all()

    @pytest.mark.parametrize(
        ("row", "rows", "why"),
        [
            (activity(first=MONTH - 5, last=MONTH - 4, uplift=5.0), (0, 1), EffectReason.PAST),
            (activity("npd"), (0, 1), EffectReason.NOTHING_SAID),
            (activity(uplift=5.0), (), EffectReason.NO_SERIES),
        ],
    )
    def test_what_moves_nothing_says_why(self, row, rows, why):
        figures = outlook()
        plan = drivers(row, rows=rows)
        assert apply_drivers(plan, nothing_kept(len(plan.names)), figures)["A"]["why"] == why
        assert (figures.mean == 100).all()

    def test_a_phase_out_runs_down_after_all_else(self):
        figures = outlook()
        register = activity("phase_out", MONTH + 1, MONTH + 3, code="END"), activity(code="UP", uplift=100.0)
        told = apply_drivers(drivers(*register), nothing_kept(0), figures)
        assert figures.mean[0].tolist() == [200, 150, 100, 50, 0, 0]
        assert told["END"]["why"] == "ramp"
        assert told["END"]["units"] == 2 * (500 - 1200)


class TestLearnt:
    def test_a_kind_is_one_regressor_weighted_by_what_was_expected(self):
        plan = drivers(
            activity(first=START + 3, last=START + 4, uplift=10.0), activity(first=MONTH, last=MONTH, uplift=21.0)
        )  # fmt: skip
        assert plan.names == ("promotion",)
        values = plan.regressors(np.array([1])).values[0, 0]
        assert np.flatnonzero(values).tolist() == [3, 4, WIDTH]
        np.testing.assert_allclose(np.exp(values[[3, WIDTH]]), [1.1, 1.21])
        assert plan.touched.tolist() == [0, 1]

    def test_a_kept_effect_is_put_on_and_told(self):
        """Twice the expected logarithm: 21 % expected are 46.41 %."""
        plan = drivers(activity(first=START + 3, last=START + 3, uplift=10.0, code="OLD"),
                       activity(first=MONTH, last=MONTH, uplift=21.0, code="NEW"))  # fmt: skip
        figures = outlook()
        kept = Kept(np.array([[2.0], [0.0]]), np.array([[True], [False]]), np.array([[True], [True]]))
        told = apply_drivers(plan, kept, figures)
        np.testing.assert_allclose(figures.mean[:, 0], [146.41, 100])
        assert told["NEW"] == {"series": 2, "kept": 1, "effect_pct": 46.41, "units": 46.4, "why": "learnt"}
        assert told["OLD"]["why"] == "past"

    def test_a_history_that_says_no_outweighs_the_declaration(self):
        plan = drivers(activity(first=START + 3, last=START + 3, uplift=10.0, code="OLD"), activity(uplift=30.0))
        figures = outlook()
        kept = Kept(np.zeros((2, 1)), np.zeros((2, 1), bool), np.array([[True], [False]]))
        told = apply_drivers(plan, kept, figures)
        assert figures.mean[:, 0].tolist() == [100, pytest.approx(130)]  # the second has no history of promotions
        assert (told["A"]["kept"], told["A"]["why"]) == (1, "declared")
        none = Kept(np.zeros((2, 1)), np.zeros((2, 1), bool), np.ones((2, 1), bool))
        assert apply_drivers(plan, none, outlook())["A"]["why"] == "no_gain"

    def test_candidates_of_the_calendar(self):
        days = {START + t: 20.0 + (t % 5) for t in range(WIDTH + HORIZON)}
        plan = drivers(days=days, new_year=(True, False))
        assert plan.names == (WORKING_DAYS, NEW_YEAR)
        values = plan.regressors(np.array([0, 1])).values
        assert (values[1, 1] == 0).all()
        assert values[1, 0].sum() == pytest.approx(3)  # three New Years in three and a half years
        assert drivers(days={START: 20.0}).names == ()
        figures = outlook()
        kept = Kept(
            np.array([[0.0, -0.5], [0.0, 0.0]]), np.array([[False, True], [False, False]]), np.ones((2, 2), bool)
        )
        told = apply_drivers(plan, kept, figures)
        assert told[NEW_YEAR]["kept"] == 1
        assert told[WORKING_DAYS]["why"] == "no_gain"

    def test_a_price_works_against_demand_and_without_a_price_is_learnt_like_others(self):
        plan = drivers(
            activity("price", START, START, price=-10.0), activity("price", START + 1, START + 1, uplift=5.0)
        )
        assert plan.names == ("price", "other")
        told = plan.regressors(np.array([0]))
        assert told.signs == (-1, 1)
        np.testing.assert_allclose(np.exp(told.values[:, 0, :2]), [[0.9, 1], [1, 1.05]])

    def test_a_holiday_in_the_new_year_is_told_as_the_new_year(self):
        year = activity("holiday", MONTH + 8, MONTH + 8, code="SPRING")
        plan = build_drivers([(year, np.array([0, 1]))], first_month=START, width=WIDTH, horizon=12, count=2,
                             working_days={}, new_year=np.array([True, True]))  # fmt: skip
        mean = np.full((2, 12), 100.0)
        kept = Kept(np.full((2, 1), -0.2), np.ones((2, 1), bool), np.ones((2, 1), bool))
        told = apply_drivers(plan, kept, Outlook(mean, mean[:, None].copy(), mean[:, None].copy()))
        assert told["SPRING"] == told[NEW_YEAR]
        assert told["SPRING"]["why"] == "learnt"


class TestLifecycle:
    def test_past_phase_outs_show_the_last_months(self):
        life = np.full(24, 100.0)
        life[-3:] = [80, 50, 10]
        ended = np.tile(life, (5, 1))
        assert learn_last_months(ended, np.full(5, 23)).tolist() == [0.8, 0.5, 0.1]
        assert learn_last_months(ended[:4], np.full(4, 23)).tolist() == [0.75, 0.5, 0.25]

    def test_a_successor_sells_what_its_predecessors_no_longer_do(self):
        axis = Axis.of("product_org", [(1, 7), (2, 7), (3, 7)])
        whole = np.array([[100.0, 100.0], [100.0, 100.0], [30.0, 0.0]])
        own = share_with_predecessors(whole, axis, {1: 2, 2: 3}, np.array([0, 1]))
        assert own.tolist() == [[0, 0], [70, 100], [30, 0]]


def promoted_history():
    """E7 sells 60 % more in four promotions of a month each; the others do not."""
    rng = np.random.default_rng(2)
    lines = ["product,org,month,quantity"]
    for org, units in (("BJ", 500), ("GZ", 300), ("SZ", 200)):
        for t in range(WIDTH):
            lift = 1.6 if t in (5, 16, 25, 33) else 1.0
            lines.append(f"E7,{org},{format_month(START + t)},{units * lift * rng.lognormal(0, 0.03):.0f}")
    return "\n".join(lines) + "\n"


EVENTS = "code,kind,from_month,to_month,product,org,uplift_pct\n" + "".join(
    f"P{n},promotion,{format_month(month)},{format_month(month)},E7,,\n"
    for n, month in enumerate([*(START + t for t in (5, 16, 25, 33)), MONTH + 2])
)


def test_a_promotion_to_come_moves_the_baseline_as_past_ones_did(world):
    import_sheets(world.folder / "promoted", history=promoted_history(), events=EVENTS)
    job = run_job_now(enqueue_forecast(cycle=world.cycle, actor=None))
    assert job.state == JobState.DONE, job.error
    told = ForecastRun.objects.get().events
    assert told["P4"]["why"] == "learnt"
    assert (told["P4"]["series"], told["P4"]["kept"]) == (3, 3)
    assert told["P4"]["effect_pct"] == pytest.approx(60, abs=8)
    assert told["P0"]["why"] == "past"
    assert world.cell("baseline", "E7", "BJ", 2) == pytest.approx(800, rel=0.06)
    assert world.cell("baseline", "E7", "BJ", 3) == pytest.approx(500, rel=0.06)
    assert world.cell("baseline", "S6", "GZ", 2) == 40
    assert forecast_input_hash(world.cycle) == ForecastRun.objects.get().input_hash
    import_sheets(world.folder / "later", events=EVENTS.splitlines()[0] + "\nP9,promotion,2026-09,2026-09,E5,,10\n")
    assert forecast_input_hash(world.cycle) != ForecastRun.objects.get().input_hash


def test_an_org_keeps_the_new_year_of_its_currency(world):
    hierarchy = load_hierarchy()
    axis = Axis.of("product_org", [(world.p["E7"], world.o["BJ"])])
    assert keeps_new_year(hierarchy, axis).tolist() == [True]
    import_sheets(world.folder / "abroad", orgs="code,name,parent,level,currency\nBJ,Bonn,NORTH,dealer,EUR\n")
    assert keeps_new_year(load_hierarchy(), axis).tolist() == [False]
