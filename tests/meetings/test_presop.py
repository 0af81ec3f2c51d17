"""The Pre-S&OP page before there is anything to reconcile, and before it is valued."""

import pytest

from meetings.boards import load_executive_board, load_presop_board
from plans.services import create_working_version
from supply.services.balance import run_balance
from tests.meetings.conftest import DECEMBER, JANUARY
from tests.supply.world import ask


def test_an_unbalanced_plan_is_no_miss_against_budget(cycle, company, users, client):
    board = load_presop_board(cycle, sees_costs=True)
    assert (board.is_balanced, board.waterfall) == (False, None)
    assert board.message == "The plan is not balanced yet: run the balance before reconciling it"
    client.force_login(users["finance"])
    page = client.get("/presop/").content.decode()
    assert "The bridge appears when the plan is balanced and valued." in page


def test_figures_of_an_older_demand_say_so(cycle, company, users, client):
    version = create_working_version(cycle=cycle, actor=None)
    ask(version, {("A1", "NORTH-1"): [100] * 18})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    assert load_presop_board(cycle, sees_costs=True).stale == ""
    ask(version, {("A1", "NORTH-1"): [120] * 18})
    client.force_login(users["finance"])
    assert "Consensus demand changed." in client.get("/presop/").content.decode()
    type(cycle).objects.filter(pk=cycle.pk).update(state="released")
    assert "Consensus demand changed." not in client.get("/presop/").content.decode()  # it was approved as it stands


def test_a_plan_that_was_never_valued_has_no_money_instead_of_none(cycle, company, users, client):
    version = create_working_version(cycle=cycle, actor=None)
    ask(version, {("A1", "NORTH-1"): [500] * 18})
    run_balance(version_id=version.pk, actor=users["supply_lead"])
    board = load_presop_board(cycle, sees_costs=True)
    assert board.message == "The plan is not valued yet: revenue and profit are not known"
    cells = {row.code: row.cells[:2] for row in board.rows}
    assert cells["units"][1] > 0
    assert cells["revenue"] == cells["profit"] == cells["margin"] == [None, None]
    assert (board.scenarios[0].revenue, board.waterfall) == (None, None)
    assert load_executive_board(cycle, sees_costs=True).message == board.message
    client.force_login(users["finance"])
    assert "Value the plan" not in client.get("/presop/").content.decode()  # finance may not run it
    client.force_login(users["supply_lead"])
    assert "Value the plan" in client.get("/presop/").content.decode()


@pytest.mark.usefixtures("first_of_november", "only_people_gates")
def test_the_gap_list_reaches_over_the_whole_plan(short_plan):
    """The money is of the calendar year 2027, December 2026 lies before it and is short of 40."""
    board = load_presop_board(short_plan, sees_costs=True)
    assert board.year.label == "2027"
    assert [(gap.gap.month, gap.gap.short) for gap in board.gaps] == [(DECEMBER, 40), (JANUARY, 1)]
