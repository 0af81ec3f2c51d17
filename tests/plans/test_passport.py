"""The number passport: the figure, what adds up to it, where it comes from, who froze it, its code, who may see it."""

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from core.months import format_month
from dashboards.selectors.finder import find_things
from plans.models import Snapshot
from plans.passports import read_code
from plans.services import Note, fork_version, freeze_version, save_cells
from plans.templatetags.passport import figure
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def readers(client):
    made = {
        "finance": make_user("finance", username="money"),
        "sales": make_user("sales", username="sales"),
        "north": make_user("sales", username="north", orgs=("N",), products=("FA",)),
    }

    def ask(world, reader="finance", version=None, **query):
        client.force_login(made[reader])
        return client.get(f"/api/v1/plans/{version or world.version.pk}/passport/", query)

    ask.people = made
    return ask


@pytest.fixture
def planned(world):
    """10 of each of 20 leaves in 12 months, worth 300 each, except A1 at n1: 50 in the first month."""
    world.publish("proposal", 10, cause="consensus rule")
    world.publish("constrained", 10)
    world.publish("revenue", 10 * 30_000)
    world.publish("profit", 7_000)
    world.save(
        world.edit("override", "A1", "n1", 50, note=Note(reason="customer", comment="Fleet order")),
        world.edit("override", "A1", "n1", 11, month=1, note=Note(reason="review")),
    )
    return world


def test_the_total_of_everything_and_the_families_that_add_up_to_it(planned, readers):
    found = readers(planned, measure="consensus").json()
    assert found["value"] == 20 * 12 * 10 + 40 + 1
    assert (found["text"], found["unit"], found["label"]) == ("2,441", "units", "Consensus demand")
    assert found["formula"] == "Override where there is one, else the proposal; unconstrained"
    assert [(part["label"], part["value"]) for part in found["parts"]] == [("FA", 1481), ("FB", 960)]
    assert found["scope"] == "all products, all regions, Jul 2026 – Jun 2027"
    assert found["frozen"] is None


def test_below_a_leaf_product_regions_and_below_a_leaf_cell_months(planned, readers):
    regions = readers(planned, measure="consensus", product="A1").json()["parts"]
    assert [(part["label"], part["value"]) for part in regions] == [("N", 281), ("S", 240)]
    span = {"from": "2026-07", "to": "2026-09"}
    months = readers(planned, measure="consensus", product="A1", org="n1", **span).json()
    assert [(part["label"], part["value"]) for part in months["parts"]] == [
        ("Jul 26", 50),
        ("Aug 26", 11),
        ("Sep 26", 10),
    ]
    one = readers(planned, measure="consensus", product="A1", org="n1", **{**span, "to": "2026-07"}).json()
    assert (one["value"], one["parts"], one["scope"]) == (50, [], "A1, n1, Jul 2026")


def test_it_names_the_run_the_edits_and_their_reasons(planned, readers):
    found = readers(planned, measure="consensus").json()
    assert [(s["measure"], s["by"]) for s in found["sources"]] == [("proposal", str(planned.actor))]
    first, second = sorted(found["edits"], key=lambda edit: edit["before"] + edit["after"], reverse=True)
    assert (first["where"], first["before"], first["after"]) == ("A1 · n1 · Jul 26", "–", "50")
    assert (first["by"], first["why"], second["why"]) == (
        str(planned.actor), "Fleet order", "Agreed in the demand review"
    )  # fmt: skip
    assert found["more_edits"] is False
    elsewhere = readers(planned, measure="consensus", product="FB").json()
    assert elsewhere["edits"] == []


def test_money_says_what_it_is_made_of(planned, readers):
    found = readers(planned, measure="revenue").json()
    assert (found["value"], found["text"], found["unit"]) == (720_000, "720,000", "CNY")
    assert [(p["label"], p["text"], p["detail"]) for p in found["parts"]] == [
        ("FA", "432,000", "1,440 × 300"),
        ("FB", "288,000", "960 × 300"),
    ]


def test_many_parts_show_eight_and_the_rest_as_one(world, readers):
    from masterdata.models import Product

    top = Product.objects.create(code="TOP", name="TOP", level="family")
    for number in range(11):
        world.p[f"C{number}"] = Product.objects.create(code=f"C{number}", name=f"C{number}", parent=top).pk
    world.save(*(world.edit("sales", f"C{number}", "n1", 100 + number) for number in range(11)))
    found = readers(world, measure="sales", product="TOP").json()
    assert [part["value"] for part in found["parts"]] == [110, 109, 108, 107, 106, 105, 104, 103]
    assert (found["others"]["count"], found["others"]["value"]) == (3, 303)
    assert found["value"] == sum(part["value"] for part in found["parts"]) + 303


def test_frozen_figures_name_who_froze_them_and_carry_the_snapshots_code(planned, readers):
    before = readers(planned, measure="consensus").json()
    assert before["code"] == f"W{planned.version.pk}/consensus/-/-/2026-07/2027-06"
    freeze_version(version_id=planned.version.pk, kind="D", actor=planned.actor)
    after = readers(planned, measure="consensus").json()
    snapshot = Snapshot.objects.get()
    assert (after["value"], after["frozen"]["snapshot"], after["frozen"]["by"]) == (
        before["value"], snapshot.code, str(planned.actor)
    )  # fmt: skip
    assert after["code"] == f"{snapshot.code[:12]}/consensus/-/-/2026-07/2027-06"
    assert readers(planned, measure="revenue").json()["frozen"] is None


def test_a_code_opens_the_same_figure_from_the_finder(planned, readers):
    freeze_version(version_id=planned.version.pk, kind="D", actor=planned.actor)
    code = readers(planned, measure="consensus", product="A1", org="N", **{"from": "2026-08"}).json()["code"]
    address = read_code(code)
    again = readers(planned, version=address.version_id, **address.query).json()
    assert (again["code"], again["value"]) == (code, 11 + 21 * 10)
    [hit] = find_things(f" {code} ", readers.people["sales"])
    assert hit["label"] == "Consensus demand · A1 · N"
    assert f"passport={planned.version.pk}&measure=consensus" in hit["url"]


@given(st.text(max_size=40))
def test_no_text_breaks_the_finder(text):
    assert read_code(text) is None or "/" in text


def test_a_scope_sees_its_own_part_and_nothing_else(planned, readers):
    found = readers(planned, "north", measure="consensus").json()
    assert found["value"] == 3 * 2 * 12 * 10 + 41
    assert [part["label"] for part in found["parts"]] == ["A1", "A2", "A3"]
    assert readers(planned, "north", measure="consensus", product="FB").status_code == 404
    assert readers(planned, "north", measure="consensus", org="s1").status_code == 404


def test_costs_are_masked(planned, readers):
    assert readers(planned, measure="profit").json()["value"] == 20 * 12 * 70
    assert readers(planned, "sales", measure="profit").status_code == 403
    code = readers(planned, measure="profit").json()["code"]
    assert find_things(code, readers.people["sales"]) == []


def test_a_scenario_inherits_the_past_of_its_base(planned, readers):
    scenario = fork_version(parent_id=planned.version.pk, name="What if", actor=planned.actor)
    planned.save(planned.edit("override", "A1", "n1", 99, base=50))
    save_cells(version_id=scenario, edits=[planned.edit("override", "A2", "n1", 13)], actor=planned.actor)
    found = readers(planned, version=scenario, measure="consensus").json()
    assert found["value"] == 20 * 12 * 10 + 40 + 1 + 3
    assert {edit["after"] for edit in found["edits"]} == {"50", "11", "13"}
    assert [source["measure"] for source in found["sources"]] == ["proposal"]


@pytest.mark.parametrize(
    ("query", "status"),
    [({}, 422), ({"measure": "nothing"}, 404), ({"measure": "sales,consensus"}, 422), ({"measure": "production"}, 422)],
)
def test_it_refuses_what_it_cannot_explain(planned, readers, query, status):
    assert readers(planned, **query).status_code == status


def test_nothing_planned_is_no_zero(world, readers):
    found = readers(world, measure="sales").json()
    assert (found["value"], found["text"], found["undefined"]) == (None, "–", "Nothing is planned here.")


def test_it_speaks_chinese(planned, readers, client):
    person = readers.people["finance"]
    person.language = "zh-hans"
    person.save()
    found = readers(planned, measure="consensus").json()
    assert found["scope"] == "全部产品、全部区域、2026年7月–2027年6月"


def test_the_tag_marks_a_figure_and_leaves_others_alone(world):
    start = world.cycle.month
    marked = figure("1,200", measure="sales", version=7, start=start, end=start + 1, product='A"1')
    assert 'data-passport="7"' in marked
    assert f'data-from="{format_month(start)}"' in marked
    assert 'data-product="A&quot;1"' in marked
    assert marked.endswith(">1,200</button>")
    with translation.override("zh-hans"):
        assert "数字来源" in figure("5", measure="sales", version=7)
    assert figure("–", measure="sales", version=7) == "–"
    assert figure("9", measure="", version=7) == "9"
    assert figure("9", measure="sales", version=None) == "9"
