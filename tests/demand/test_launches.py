"""Launches: what counts as new, what it may resemble, the curve that follows; phase-outs and successors."""

import pytest

from accounts.models import Scope
from core.errors import InvalidInput, Missing
from core.months import format_month
from demand.launch_register import build_launches, build_phase_outs
from demand.launching import propose, try_launch
from demand.selectors.launches import find_launches, list_new_products, load_node_histories
from demand.selectors.place import Place, find_place
from demand.services import plan_launch
from masterdata.models import Product
from plans.hierarchy import load_hierarchy
from tests.demand.world import MONTH, import_sheets
from tests.factories import make_user

# E9 began 20 months ago at one dealer: 10, 20, 30, then 40 a month; E8 a year ago: 5, 10, 15, then 20.
RAMPS = {"E9": (20, (10, 20, 30, 40)), "E8": (12, (5, 10, 15, 20))}


@pytest.fixture
def launched(world):
    lines = ["product,org,month,quantity"]
    for code, (age, ramp) in RAMPS.items():
        for n in range(age):
            lines.append(f"{code},BJ,{format_month(MONTH - age + n)},{ramp[min(n, 3)]}")
    products = "code,name,parent,level,attr_power\nE9,E9,NEV,model,BEV\nE8,E8,FUEL,model,ICE\nM8,M8 MPV,NEV,model,BEV\n"
    import_sheets(world.folder / "more", products=products, history="\n".join(lines) + "\n")
    return world


def everywhere(product: str | None = None) -> Place:
    hierarchy = load_hierarchy()
    return Place(hierarchy, Scope(), hierarchy.products.id_of(product), None)


def test_only_what_began_inside_the_history_is_a_launch(launched):
    histories = load_node_histories(cycle=launched.cycle, place=everywhere())
    library = find_launches(histories)
    codes = [histories.tree.code_of(int(key)) for key in library.keys]
    assert sorted(codes) == ["E8", "E9"]  # the others sold from the first month on
    assert library.curves[codes.index("E9")][:5].tolist() == [10, 20, 30, 40, 40]


def test_a_groups_sales_are_those_of_its_leaves(launched):
    histories = load_node_histories(cycle=launched.cycle, place=everywhere())
    assert histories.of(histories.tree.id_of("NEV"))[-1] == 1000 + 160 + 40  # E7, E5, E9
    assert histories.of(histories.tree.id_of("CARS"))[-1] == 1200 + 40 + 20  # and S6, E8


def test_new_is_what_has_not_sold_yet_or_began_within_a_year(launched):
    histories = load_node_histories(cycle=launched.cycle, place=everywhere())
    new = list_new_products(cycle=launched.cycle, scope=Scope(), histories=histories)
    assert [histories.tree.code_of(node) for node in new] == ["M8"]  # E8 has its year


def test_the_nearest_launches_share_features(launched):
    found = propose(cycle=launched.cycle, place=everywhere("M8"))
    assert [(one.code, one.likeness, one.shares) for one in found] == [
        ("E9", 1.0, ["family", "power"]),
        ("E8", 0.0, []),
    ]
    assert found[0].first_month == MONTH - 20


def test_the_curve_is_the_median_of_the_chosen_times_the_size(launched):
    curve = try_launch(cycle=launched.cycle, place=everywhere("M8"), analogues=["E9", "E8"], scale=2)
    assert curve.mean[:5] == [15, 30, 45, 60, 60]  # medians 7.5, 15, 22.5, 30
    assert curve.first_month == MONTH + 3  # the product's launch month
    assert curve.first_year == 15 + 30 + 45 + 9 * 60
    assert all(low <= mean <= high for low, mean, high in zip(curve.low, curve.mean, curve.high, strict=True))
    assert curve.known == []


def test_once_it_sells_its_own_sales_size_it(launched):
    """E8's first year against E9's: 225 of 450 units, so half of E9's 40, half and half with its own run rate of 20."""
    curve = try_launch(cycle=launched.cycle, place=everywhere("E8"), analogues=["E9"], scale=9)
    assert len(curve.known) == 12
    assert curve.mean[0] == pytest.approx(20, abs=0.5)


@pytest.mark.parametrize(
    ("codes", "refusal"), [([], InvalidInput), (["E7"], InvalidInput), (["NOPE"], Missing), (["M8"], InvalidInput)]
)
def test_what_cannot_be_followed_is_refused(launched, codes, refusal):
    with pytest.raises(refusal):
        try_launch(cycle=launched.cycle, place=everywhere("M8"), analogues=codes, scale=1)


def test_the_register_shows_planned_launches_first(launched):
    lead = make_user("demand_lead")
    assert [(row.code, row.is_planned, row.may_edit) for row in build_launches(lead, launched.cycle)] == [
        ("M8", False, True)
    ]
    plan_launch(product=Product.objects.get(code="M8"), analogues=["E9"], actor=lead)
    row = build_launches(lead, launched.cycle)[0]
    assert (row.is_planned, row.analogues, row.first_month, row.units) == (
        True,
        ["E9"],
        MONTH + 3,
        10 + 20 + 30 + 9 * 40,
    )
    assert not build_launches(make_user("sales"), launched.cycle)[0].may_edit


def test_the_scope_decides_what_is_seen(launched):
    place = find_place(scope=Scope(orgs=frozenset({"SOUTH"})), product="NEV", org=None)
    histories = load_node_histories(cycle=launched.cycle, place=place)
    assert histories.of(histories.tree.id_of("NEV"))[-1] == 300 + 200 + 60  # GZ and SZ only
    south = make_user("marketing", orgs=("SOUTH",))
    assert not build_launches(south, launched.cycle)[0].may_edit  # a launch everywhere is not theirs


def test_what_ends_names_its_successor(world):
    sheet = "code,name,parent,level,end_month,predecessor\nE5,E5 sedan,NEV,model,2026-12,\nE6,E6 sedan,NEV,model,,E5\n"
    import_sheets(world.folder / "end", products=sheet)
    rows = build_phase_outs(make_user("demand_lead"), world.cycle)
    assert [(row.code, row.last_month, row.follower, row.sold) for row in rows] == [
        ("E5", MONTH + 6, "E6 sedan", 160 * 12)
    ]
