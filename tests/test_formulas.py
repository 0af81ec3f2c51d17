"""Every heading that explains its figure has a formula, every formula a heading and a case by hand."""

from __future__ import annotations

import datetime as dt
import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from accounts.models import Scope
from core.formulas import get_formula, list_formulas, register_formulas
from core.months import parse_month
from cycles.models import Cycle
from engine.balancing.options import Option
from plans.services import create_working_version
from supply.adapters.deadlines import decide_by
from supply.selectors.flow import load_flow
from supply.selectors.policies import list_policies
from supply.selectors.values import load_unit_values
from tests.supply.world import ask

TEMPLATES = Path(__file__).parents[1] / "templates"
PLANNING, WORKBENCH, RATES = "supply.test_planning", "supply.test_workbench", "demand.test_take_rates"
COVERAGE, AGEING, ROUGHCUT = "engine.test_coverage", "engine.test_ageing", "engine.test_roughcut"
STOCK = f"{PLANNING}.test_stock_days_walk_forward_and_service_is_what_is_delivered"
BOTH = f"{PLANNING}.test_too_much_and_too_little_stand_side_by_side_and_name_a_wrong_mix"
MATERIAL = f"{PLANNING}.test_material_cover_is_asked_at_the_outer_band_and_names_months_no_order_can_save"
VARIETY = f"{PLANNING}.test_variety_counts_products_their_volume_the_tail_and_changeovers"
FAR = f"{PLANNING}.test_the_far_months_load_the_line_and_an_option_is_judged"
OPTIONS = f"{WORKBENCH}.test_options_are_listed_by_gain_with_their_deadline"
SHORTAGES = f"{WORKBENCH}.test_shortages_by_product_and_month_with_cause_in_words"
DRIFT = f"{RATES}.test_the_page_shows_learnt_planned_sold_and_the_drift"

BY_HAND = {
    "days": STOCK,
    "days_limit": BOTH,
    "money_bound": BOTH,
    "stock_value": STOCK,
    "short": BOTH,
    "margin_lost": SHORTAGES,
    "revenue_lost": "meetings.test_gaps.test_only_the_large_gap_counts_and_it_is_counted_exactly",
    "age": f"{PLANNING}.test_age_first_in_first_out_with_loss_and_who_asked",
    "value_loss": f"{AGEING}.test_value_is_lost_by_the_month_beyond_the_free_ones_and_never_more_than_all",
    "material_days": f"{COVERAGE}.test_days_of_supply",
    "material_short": MATERIAL,
    "material_excess": f"{PLANNING}.test_dead_and_slow_stock_is_listed_until_somebody_decides",
    "tail": VARIETY,
    "tail_volume": VARIETY,
    "units_each": VARIETY,
    "changeovers": VARIETY,
    "units_a_run": VARIETY,
    "peak": FAR,
    "peak_need": FAR,
    "units_relieved": f"{ROUGHCUT}.test_an_investment_pays_when_its_margin_has_paid_it_back",
    "gain_a_month": FAR,
    "break_even_months": FAR,
    "break_even_units": FAR,
    "begin_by": FAR,
    "safety_proposal": "test_formulas.test_safety_stock_is_the_joined_error_in_days_of_demand",
    "safety_effect": "test_formulas.test_safety_stock_is_the_joined_error_in_days_of_demand",
    "option_units": OPTIONS,
    "option_gain": OPTIONS,
    "decide_by": "test_formulas.test_decide_by_is_the_first_day_less_the_lead_time",
    "rate_learnt": DRIFT,
    "rate_planned": DRIFT,
    "rate_sold": DRIFT,
    "rate_drift": DRIFT,
    "rate_in_plan": DRIFT,
    "weight_proposed": "demand.test_rules.test_more_accurate_voice_weighs_more",
}


def test_what_is_explained_is_registered_and_what_is_registered_is_shown():
    shown = {
        key
        for path in TEMPLATES.rglob("*.html")
        for key in re.findall(r'{% explained [^%]*? "(\w+)" %}', path.read_text("utf-8"))
    }
    assert shown == set(list_formulas())


@pytest.mark.parametrize("key", sorted(BY_HAND))
def test_a_formula_has_its_case_by_hand(key):
    module, _dot, name = BY_HAND[key].rpartition(".")
    assert callable(getattr(import_module(f"tests.{module}"), name))
    assert str(get_formula(key)).endswith(".")


def test_no_formula_is_without_a_case():
    assert set(list_formulas()) - BY_HAND.keys() == set()


def test_a_key_has_one_formula():
    with pytest.raises(ValueError, match="days"):
        register_formulas({"days": "something else"})


@pytest.mark.parametrize(
    ("start", "lead_days", "expected"),
    [
        (3, 0, dt.date(2026, 12, 1)),  # works from December and takes no time: the first of December
        (3, 30, dt.date(2026, 11, 1)),
        (3, 45, dt.date(2026, 10, 17)),
        (1, 60, dt.date(2026, 9, 1)),  # late already: decide at once
    ],
)
def test_decide_by_is_the_first_day_less_the_lead_time(start, lead_days, expected):
    option = _option(start=start, lead_days=lead_days)
    assert decide_by(parse_month("2026-09"), option) == expected


def _option(*, start: int, lead_days: int) -> Option:
    return Option(**{**dict.fromkeys(Option.__dataclass_fields__), "start": start, "lead_days": lead_days})


@pytest.mark.django_db
def test_safety_stock_is_the_joined_error_in_days_of_demand(company, cycle: Cycle, users, monkeypatch):
    """Errors of 24 and 18 units in two markets that move apart join to 30; 60 a month are 1,080 in 546 days."""
    version = create_working_version(cycle=cycle, actor=None)
    ask(version, {("A1", "NORTH-1"): [40] * 18, ("A1", "SOUTH-1"): [20] * 18})
    monkeypatch.setattr("demand.selectors.errors.load_cumulative_error", lambda **_: np.array([24.0, 18.0]))
    monkeypatch.setattr("supply.selectors.policies.load_error_correlation", lambda _version: 0.0)
    flow = load_flow(version.pk, Scope())
    [row] = list_policies(flow, load_unit_values(flow.consensus), version_id=version.pk, cycle=cycle)
    daily = 1080 / float(flow.days.sum())
    assert row.proposal == pytest.approx(30 / daily)
    assert row.effect == 30 * 55_00  # from none to 30 units at material 40, labour 10, overhead 5
