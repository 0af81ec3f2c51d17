"""The workbench's figures at every level, its bands, marks and who may type where."""

import pytest

from accounts.models import Scope
from core.errors import Missing
from cycles.choices import CycleState
from demand.models import Assumption, ForecastRun
from demand.opening import build_workbench, open_desk
from demand.selectors.place import find_place
from demand.selectors.tree import load_branch, load_tree
from demand.selectors.workbench import LAST_YEAR, PAST_MONTHS, load_figures
from demand.services import add_comment, build_proposal, refresh_sources
from masterdata.models import Org, Product
from plans.services import CellEdit, Note, lock_cells, save_cells
from plans.services.spreads import preview_spread, save_spread
from tests.demand.world import MONTH, MONTHLY, import_sheets
from tests.factories import make_user

EVERYTHING = Scope()


@pytest.fixture
def planned(world):
    world.publish("baseline", MONTHLY)
    world.publish("baseline_lo80", {pair: units - 30 for pair, units in MONTHLY.items()})
    world.publish("baseline_hi80", {pair: units + 40 for pair, units in MONTHLY.items()})
    build_proposal(cycle=world.cycle, actor=None)
    return world


def figures(world, product=None, org=None, scope=EVERYTHING):
    place = find_place(scope=scope, product=product, org=org)
    return load_figures(cycle=world.cycle, version_id=world.version.pk, place=place)


def row(board, key):
    return next(line for line in board["rows"] if line["key"] == key)


def desk(world, user, product=None, org=None):
    return open_desk(user=user, cycle=world.cycle, product=product, org=org)


def board(world, user, product=None, org=None):
    return build_workbench(desk(world, user, product, org))


def test_every_level_adds_up(planned):
    whole = figures(planned).rows["consensus"]
    families = [figures(planned, product).rows["consensus"] for product in ("NEV", "FUEL")]
    regions = [figures(planned, org=org).rows["consensus"] for org in ("NORTH", "SOUTH")]
    assert whole[PAST_MONTHS] == 1200
    assert [a + b for a, b in zip(*(f[PAST_MONTHS:] for f in families), strict=True)] == whole[PAST_MONTHS:]
    assert [a + b for a, b in zip(*(r[PAST_MONTHS:] for r in regions), strict=True)] == whole[PAST_MONTHS:]


@pytest.mark.parametrize("total", [1001, 0, 7, 999_999])
def test_children_sum_to_the_parent_after_an_edit_at_any_level(planned, total):
    lead = make_user("demand_lead")
    preview = preview_spread(
        version_id=planned.version.pk, measure="consensus", product="NEV", org="SOUTH", totals={MONTH + 1: total},
        rule="baseline",
    )  # fmt: skip
    save_spread(preview=preview, actor=lead, note=Note("review", comment="minutes"))
    column = PAST_MONTHS + 1
    south = figures(planned, "NEV", "SOUTH").rows["consensus"][column]
    dealers = [figures(planned, "NEV", org).rows["consensus"][column] for org in ("GZ", "SZ")]
    models = [figures(planned, product, "SOUTH").rows["consensus"][column] or 0 for product in ("E7", "E5", "M8")]
    assert south == total == sum(dealers) == sum(models)
    whole = figures(planned).rows["consensus"][column]
    assert (
        whole
        == total
        + figures(planned, "FUEL").rows["consensus"][column]
        + figures(planned, "NEV", "NORTH").rows["consensus"][column]
    )


def test_past_months_show_sales_and_last_year_is_shifted(planned):
    found = figures(planned, "E7", "BJ")
    assert found.rows["actual"][:PAST_MONTHS] == [500, 500, 500]
    assert found.rows["actual"][PAST_MONTHS:] == [None] * 18
    assert found.rows[LAST_YEAR][:15] == [500] * 15
    assert found.rows[LAST_YEAR][15:] == [None] * 6  # not sold yet
    assert found.history == [500] * 24


def test_band_of_a_leaf_is_its_own_and_of_a_sum_narrower_than_the_sum_of_bands(planned):
    leaf = figures(planned, "E7", "BJ")
    assert (leaf.low[PAST_MONTHS], leaf.high[PAST_MONTHS]) == (470, 540)
    whole = figures(planned)
    # six independent leaves: ± 30 √6 = 73.5 down, 40 √6 = 98.0 up
    assert (whole.low[PAST_MONTHS], whole.high[PAST_MONTHS]) == (1126, 1298)


def test_errors_that_move_together_widen_the_band_of_a_sum(planned):
    ForecastRun.objects.create(
        version=planned.version, first_month=MONTH, horizon=18, series=6, seconds=1, input_hash="x",
        accuracy={"error_correlation": 1.0}, finished_at="2026-06-01T00:00Z",
    )  # fmt: skip
    whole = figures(planned)
    assert (whole.low[PAST_MONTHS], whole.high[PAST_MONTHS]) == (1200 - 180, 1200 + 240)


def test_flex_band_follows_the_consensus_of_this_moment(planned):
    edit = CellEdit("consensus", planned.p["E7"], planned.o["BJ"], MONTH, 400, 500, note=Note("customer"))
    save_cells(version_id=planned.version.pk, edits=[edit], actor=None)
    column = PAST_MONTHS
    e7 = figures(planned, "E7")
    assert [e7.rows[code][column] for code in ("consensus", "flex_capacity", "flex_material")] == [900, 950, 1000]
    parts = [figures(planned, "E7", org).rows["flex_capacity"][column] for org in ("NORTH", "SOUTH")]
    assert sum(parts) == 950


def test_a_sales_user_sees_only_the_own_region(planned):
    scope = Scope(orgs=frozenset({"SOUTH"}))
    found = figures(planned, scope=scope)
    assert found.rows["consensus"][PAST_MONTHS] == 600
    assert found.rows["actual"][0] == 600
    assert figures(planned, "E7", "GZ", scope).rows["consensus"][PAST_MONTHS] == 300
    for org in ("NORTH", "CN", "BJ"):
        with pytest.raises(Missing):
            figures(planned, org=org, scope=scope)


def test_codes_that_do_not_exist_and_codes_outside_the_scope_look_alike(planned):
    outside = Scope(orgs=frozenset({"SOUTH"}))
    with pytest.raises(Missing) as unknown:
        find_place(scope=EVERYTHING, product="NOPE", org=None)
    with pytest.raises(Missing) as hidden:
        find_place(scope=outside, product=None, org="NORTH")
    assert unknown.value.status == hidden.value.status == 404


# Rows -------------------------------------------------------------------------------------------------------------
def test_rows_stand_in_reading_order(planned):
    keys = [line["key"] for line in board(planned, make_user("demand_lead"))["rows"]]
    assert keys == [
        "actual", "baseline", "business_plan", "sales", "orders", "channel", "marketing", "stock_building",
        "consensus", "last_cycle", "last_year", "budget", "flex_capacity", "flex_material",
    ]  # fmt: skip
    assert "product" in [line["key"] for line in board(planned, make_user("marketing"))["rows"]]


@pytest.mark.parametrize(
    ("role", "typed"),
    [
        ("demand_lead", {"consensus", "sales", "orders", "channel", "stock_building", "marketing"}),
        ("sales", {"sales", "orders", "channel", "stock_building"}),
        ("marketing", {"marketing", "product"}),
        ("finance", {"finance_view"}),
        ("executive", set()),
        ("production", set()),
    ],
)
def test_who_may_type_where(planned, role, typed, open_inputs):
    lines = board(planned, make_user(role))["rows"]
    assert {line["key"] for line in lines if line.get("editable")} == typed
    for line in lines:
        if "editable" in line and not line["editable"]:
            assert line["why"]


@pytest.fixture
def open_inputs(monkeypatch):
    """The input window as on a day before the cut-off."""
    from cycles.selectors import InputWindow

    monkeypatch.setattr("demand.board.get_input_window", lambda cycle, department: InputWindow(True, "", None))


def test_streams_close_with_the_input_window(planned):
    line = row(board(planned, make_user("sales")), "sales")
    assert not line["editable"]
    assert "baseline" in line["why"].lower()


def test_consensus_is_not_typed_after_the_review(planned):
    planned.cycle.state = CycleState.SUPPLY_REVIEW
    assert not row(board(planned, make_user("demand_lead")), "consensus")["editable"]


def test_the_frozen_month_is_locked_with_its_reason(planned):
    found = board(planned, make_user("demand_lead"))
    cell = row(found, "consensus")["cells"][PAST_MONTHS]
    assert cell["locked"]
    assert "frozen" in cell["why"]
    assert [c["note"] for c in found["columns"][:7]] == ["actual"] * 3 + ["frozen"] + ["±10 %"] * 3


def test_an_override_outside_the_band_without_evidence_is_marked(planned):
    edit = CellEdit("consensus", planned.p["E7"], planned.o["BJ"], MONTH + 2, 600, 500, note=Note("customer"))
    save_cells(version_id=planned.version.pk, edits=[edit], actor=None)
    found = board(planned, make_user("demand_lead"), "E7", "NORTH")
    cell = row(found, "consensus")["cells"][PAST_MONTHS + 2]
    assert cell == {"value": 600, "missing": True, "outside": True}
    assert any("without evidence" in line["text"] for line in found["waiting"])
    south = board(planned, make_user("sales"), "E7", "SOUTH")
    assert row(south, "consensus")["cells"][PAST_MONTHS + 2] == 500


def test_evidence_takes_the_mark_away(planned):
    note = Note("customer", comment="order letter of 3 June")
    edit = CellEdit("consensus", planned.p["E7"], planned.o["BJ"], MONTH + 2, 510, 500, note=note)
    save_cells(version_id=planned.version.pk, edits=[edit], actor=None)
    assert row(board(planned, make_user("demand_lead"), "E7", "BJ"), "consensus")["cells"][PAST_MONTHS + 2] == 510


def test_a_comment_is_shown_at_its_cell_and_counted_above(planned):
    lead, author = make_user("demand_lead", username="lin"), make_user("sales", username="wei")
    add_comment(
        version=planned.version, measure="sales", product=Product.objects.get(code="E7"),
        org=Org.objects.get(code="SOUTH"), month=MONTH + 1, text="Dealers overstocked, @lin please look", actor=author,
    )  # fmt: skip
    here = row(board(planned, lead, "E7", "SOUTH"), "sales")["cells"][PAST_MONTHS + 1]
    assert here["comment"].startswith("Dealers overstocked")
    waiting = [line["text"] for line in board(planned, lead)["waiting"]]
    assert "1 comment, 1 for you" in waiting
    assert "1 comment" not in " ".join(line["text"] for line in board(planned, lead, "S6")["waiting"])


def test_a_cell_is_locked_when_all_its_leaves_are(planned):
    def lock(org):
        lock_cells(
            version_id=planned.version.pk, measure="consensus", keys=[(planned.p["E7"], planned.o[org])],
            months=range(MONTH + 3, MONTH + 4), actor=None,
        )  # fmt: skip

    lock("GZ")
    lead = make_user("demand_lead")
    column = PAST_MONTHS + 3
    assert row(board(planned, lead, "E7", "GZ"), "consensus")["cells"][column] == {"value": 300, "locked": True}
    assert row(board(planned, lead, "E7", "SOUTH"), "consensus")["cells"][column] == 500
    lock("SZ")
    assert row(board(planned, lead, "E7", "SOUTH"), "consensus")["cells"][column]["locked"]


def test_broken_assumptions_wait_where_they_matter(planned):
    Assumption.objects.create(
        cycle=planned.cycle, text="Subsidy stays", product_id=planned.p["NEV"], state="broken",
        reviewed_at="2026-06-01T00:00Z",
    )  # fmt: skip
    lead = make_user("demand_lead")
    assert "1 broken assumption" in [line["text"] for line in board(planned, lead)["waiting"]]
    assert "1 broken assumption" not in [line["text"] for line in board(planned, lead, "FUEL")["waiting"]]


def test_the_chart_speaks_in_a_sentence(planned):
    import_sheets(planned.folder / "t", targets="kind,month,product,org,quantity\nbudget,2026-06,CARS,CN,1000\n")
    refresh_sources(cycle=planned.cycle, actor=None)
    title = board(planned, make_user("demand_lead"))["chart"]["title"]
    assert title == "12 months ahead: ±0\xa0% on the last 12, +20\xa0% on budget"


# Tree -------------------------------------------------------------------------------------------------------------
def tree(world, side="product", scope=EVERYTHING, product=None, org=None, month=MONTH + 1):
    place = find_place(scope=scope, product=product, org=org)
    return load_tree(cycle=world.cycle, version_id=world.version.pk, place=place, side=side, month=month)


def test_tree_shows_the_month_in_focus(planned):
    values = {node.code: node.value for node in tree(planned)}
    assert values == {"CARS": 1200, "NEV": 1160, "E7": 1000, "E5": 160, "M8": 0, "FUEL": 40, "S6": 40}
    assert [node.depth for node in tree(planned)] == [0, 1, 2, 1, 2, 2, 2]
    south = {node.code: node.value for node in tree(planned, org="SOUTH")}
    assert south["CARS"] == 600
    assert {node.code: node.value for node in tree(planned, side="org", product="E7")}["NORTH"] == 500


def test_tree_of_a_scope_starts_at_its_nodes(planned):
    lines = tree(planned, side="org", scope=Scope(orgs=frozenset({"SOUTH"})))
    assert [(node.code, node.value) for node in lines] == [("SOUTH", 600), ("GZ", 400), ("SZ", 200)]


def test_tree_flags_what_is_odd(planned):
    import_sheets(planned.folder / "o", orders="order,product,org,quantity,due_date\nSO1,S6,GZ,70,2026-07-20\n")
    refresh_sources(cycle=planned.cycle, actor=None)
    edit = CellEdit("consensus", planned.p["E5"], planned.o["BJ"], MONTH + 1, 250, 100, note=Note("customer"))
    save_cells(version_id=planned.version.pk, edits=[edit], actor=None)
    flags = {node.code: node.flag for node in tree(planned)}
    assert flags["M8"] == "empty"
    assert flags["S6"] == "below_orders"
    assert flags["E5"] == "outside"
    assert flags["E7"] == ""


def test_children_of_a_closed_node(planned):
    place = find_place(scope=EVERYTHING, product=None, org=None)
    lines = load_branch(
        cycle=planned.cycle, version_id=planned.version.pk, place=place, side="org", month=MONTH, under="SOUTH"
    )
    assert [(node.code, node.value, node.has_children) for node in lines] == [("GZ", 400, False), ("SZ", 200, False)]


# Money ------------------------------------------------------------------------------------------------------------
def test_revenue_is_units_times_the_price_of_the_month(planned):
    import_sheets(
        planned.folder / "prices",
        prices="product,from_month,price,org,currency\nE7,2025-01,185000.50,,CNY\nE7,2026-08,180000,,CNY\n"
        "E7,2025-01,190000,BJ,CNY\n",
    )
    place = find_place(scope=EVERYTHING, product="E7", org=None)
    money = load_figures(cycle=planned.cycle, version_id=planned.version.pk, place=place, in_money=True)
    column = PAST_MONTHS
    assert money.scale == 2
    # 500 at 190,000 in Beijing, 500 at 185,000.50 elsewhere; in fen
    assert money.rows["consensus"][column] == (500 * 190_000 * 100) + (500 * 18_500_050)
    assert money.rows["consensus"][column + 2] == (500 * 190_000 + 500 * 180_000) * 100
    assert money.rows["actual"][0] == 1000 * 1000 * 100  # as invoiced, not units × price
    south = find_place(scope=Scope(orgs=frozenset({"SOUTH"})), product="E7", org=None)
    part = load_figures(cycle=planned.cycle, version_id=planned.version.pk, place=south, in_money=True)
    assert part.rows["consensus"][column] == 500 * 18_500_050


def test_money_is_read_and_not_typed(planned, open_inputs):
    user = make_user("demand_lead")
    found = build_workbench(open_desk(user=user, cycle=planned.cycle, product="E7", org=None, in_money=True))
    assert found["unit"] == "¥ million"
    assert not any(line.get("editable") for line in found["rows"])
    assert row(found, "actual")["cells"][0] == 1.0  # ¥ 1,000,000 invoiced
