"""Causes and options inside the blocks of a plan too large for trials: bounded, and never promised too much."""

from dataclasses import replace

import numpy as np
import pytest

import engine.balancing.components as components
import engine.balancing.first as first
import engine.balancing.solve as solving
from engine.balancing.block_trials import explain_blocks, leading_blocks, margin_lost, with_causes
from engine.balancing.contracts import Routings
from engine.balancing.explain import Bottleneck
from engine.balancing.first import NEAR, solve_session
from engine.balancing.levers import apply_changes
from engine.balancing.solve import Session, solve
from tests.engine.balancing.companies import beside
from tests.engine.balancing.test_explain import one_product


@pytest.fixture
def in_blocks(monkeypatch):
    """Every company is too large for an exact plan, and every product a block."""
    monkeypatch.setattr(solving, "LARGE_NONZEROS", 0)
    monkeypatch.setattr(components, "EXACT_NONZEROS", 0)
    monkeypatch.setattr(first, "EXACT_NONZEROS", 0)
    monkeypatch.setattr(first, "GROUP_SIZE", 1)


def one_line(*quantities, hours):
    """One product each, 40 a unit earned, all on one line at an hour a unit."""
    problem = beside(*(one_product(quantity, hours=hours) for quantity in quantities))
    shared = np.zeros(len(quantities), dtype=np.int64)
    resource = type(problem.resource)(**{name: value[:1] for name, value in vars(problem.resource).items()})
    lines = problem.routings
    return replace(problem, resources=("LINE",), resource=resource, routings=Routings(lines.point, shared, lines.hours))


def test_the_dearest_blocks_confirm_their_causes_and_the_rest_stays_ranked(in_blocks):
    """600 and 300 asked on a line of 600 hours in every month: two thirds and one third of the hours, 300 short."""
    problem = one_line((600, 600, 600), (300, 300, 300), hours=(600, 600, 600))
    balanced = solve_session(Session(problem))
    assert balanced.plan.status == NEAR
    lost = margin_lost(balanced.shortages)
    assert lost == {"K0000-0": pytest.approx(200 * 3 * 40), "K0000-1": pytest.approx(100 * 3 * 40)}
    blocks = balanced.division.blocks
    assert leading_blocks(blocks, lost) == [0, 1]
    [dearest] = leading_blocks(blocks, lost, most=1)
    found = explain_blocks([blocks[dearest]], balanced.division.options, 2700)
    assert [(c.bottleneck, c.removed, c.is_confirmed) for c in found.confirmations] == [
        (Bottleneck("resource", "LINE"), pytest.approx(600), True)
    ]
    said = with_causes(balanced.shortages, found.shortages)
    assert {(one.product, one.cause.is_confirmed) for one in said} == {("K0000-0", True), ("K0000-1", False)}


def test_the_same_lever_in_several_blocks_is_one_and_brings_at_least_what_it_says(in_blocks):
    problem = one_line((600, 600, 600), (300, 300, 300), hours=(600, 600, 600))
    balanced = solve_session(Session(problem))
    found = explain_blocks(balanced.division.blocks, balanced.division.options, 2700)
    [overtime] = [option for option in found.options if option.kind == "overtime"]
    # 15 % of 600 hours in each of three months, split by need and added up again
    assert (overtime.amount, overtime.units, overtime.target) == (pytest.approx(90), pytest.approx(270), "LINE")
    [change] = overtime.changes
    assert (change.key, change.amount) == (("LINE",), pytest.approx(90))
    assert overtime.service == pytest.approx(270 / 2700)
    better = solve(apply_changes(problem, overtime.changes))
    assert better.objective - solve(problem).objective >= overtime.gain - 1e-6
    [later] = [option for option in found.options if option.kind == "defer"] or [None]
    assert later is None or {cls for cls, _m, _u in later.changes[0].cells} <= {0, 1}


def test_two_thousand_blocks_are_not_all_asked(in_blocks):
    problem = beside(*(one_product((10 + n, 0, 0), hours=(5, 5, 5)) for n in range(15)))
    balanced = solve_session(Session(problem))
    chosen = leading_blocks(balanced.division.blocks, margin_lost(balanced.shortages))
    assert len(chosen) == 12
    asked = [balanced.division.blocks[number].problem.demand.quantity.sum() for number in chosen]
    assert asked == sorted((10.0 + n for n in range(3, 15)), reverse=True)
