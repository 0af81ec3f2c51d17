"""Gaps that need an answer, on a plan solved by hand (R-090, R-095).

A1 sells for 100 and costs 55. Demand is 100 a month for 18 months; 60 can be made in December and 99 in January.
B1 sells 50 a month, all made. Revenue: 18 × 150 × 100 − 4,100 = 265,900, so a gap counts from 265.90 on:
December (4,000) does, January (100) does not.
"""

from decimal import Decimal

import pytest

from core.errors import InvalidInput
from core.months import parse_month
from cycles.selectors import list_readiness
from meetings.choices import DecisionSource
from meetings.models import Decision, GapNote
from meetings.selectors import list_material_gaps, question_of
from meetings.services import accept_gap, build_decision_list, save_rule

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_of_november", "only_people_gates")]
DECEMBER, JANUARY = parse_month("2026-12"), parse_month("2027-01")


def gate(cycle):
    return next(line for line in list_readiness(cycle) if line.code == "gaps")


def test_only_the_large_gap_counts_and_it_is_counted_exactly(short_plan, company):
    (gap,) = list_material_gaps(short_plan)
    assert (gap.product, gap.month, gap.short) == (company.products["A"].pk, DECEMBER, 40)
    assert (gap.revenue_lost, gap.margin_lost) == (400_000, 180_000)  # 40 × 100.00 and 40 × 45.00
    assert gap.is_answered is False


def test_the_threshold_is_the_companys(short_plan, users):
    words = {"quorum_minimum": 3, "pre_read_hours": 24, "actor": users["coordinator"]}
    save_rule(gap_share=Decimal("0.0001"), **words)
    assert [gap.month for gap in list_material_gaps(short_plan)] == [DECEMBER, JANUARY]
    save_rule(gap_share=Decimal("0.5"), **words)
    assert list_material_gaps(short_plan) == []
    with pytest.raises(InvalidInput):
        save_rule(gap_share=Decimal("1.1"), **words)


def test_the_decision_list_asks_by_itself_once(short_plan, users):
    assert gate(short_plan).is_met is False
    (decision,) = build_decision_list(cycle=short_plan, actor=users["coordinator"])
    assert build_decision_list(cycle=short_plan, actor=users["coordinator"]) == []
    assert (decision.source, decision.state, decision.must_decide) == (DecisionSource.GAP, "proposed", True)
    assert decision.money_at_stake == 180_000
    assert question_of(decision) == "Family A is short of demand in Dec 2026. How is the gap closed?"
    assert gate(short_plan).is_met is True
    assert Decision.objects.count() == 1


@pytest.mark.parametrize(
    ("product", "month", "answered"),
    [("A", DECEMBER, True), ("A", None, True), ("A", JANUARY, False), ("B", None, False), ("A1", None, False)],
)
def test_a_gap_is_accepted_with_a_note_at_its_node_or_above(short_plan, users, company, product, month, answered):
    note = {"product": company.products[product], "month": month, "actor": users["coordinator"]}
    with pytest.raises(InvalidInput):
        accept_gap(cycle=short_plan, note=" ", **note)
    accept_gap(cycle=short_plan, note="Customers wait.", **note)
    accept_gap(cycle=short_plan, note="Customers wait until May.", **note)
    assert GapNote.objects.get().note == "Customers wait until May."
    assert gate(short_plan).is_met is answered
