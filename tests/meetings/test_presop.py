"""The Pre-S&OP page before there is anything to reconcile."""

from meetings.boards import load_presop_board


def test_an_unbalanced_plan_is_no_miss_against_budget(cycle, company, users, client):
    board = load_presop_board(cycle, sees_costs=True)
    assert (board.is_balanced, board.waterfall) == (False, None)
    assert board.message == "The plan is not balanced yet: run the balance before reconciling it"
    client.force_login(users["finance"])
    page = client.get("/presop/").content.decode()
    assert "The bridge appears when the plan is balanced and valued." in page
