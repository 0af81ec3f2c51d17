"""The demo company is made from a seed: same seed, same sheets; its planted stories are really in the numbers."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from django.utils import translation

from core.months import parse_month
from demand.models import Assumption, Event, RootCause, TakeRate
from meetings.models import ActionItem, Risk
from sop.demo.market import HISTORY_MONTHS, build_market
from sop.demo.sheets import SHEETS, write_company
from sop.demo.view import HandOver
from sop.demo.words import FREE_TEXT

CYCLE = parse_month("2026-12")


@pytest.fixture(scope="module")
def market():
    return build_market(cycle_month=CYCLE, seed=7)


def _write(folder: Path, market, month=CYCLE, left=None) -> dict[str, list[dict[str, str]]]:
    folder.mkdir(exist_ok=True)
    write_company(folder, market=market, cycle_month=month, latest_month=CYCLE, seed=7, left=left)
    return {sheet: list(csv.DictReader((folder / f"{sheet}.csv").open(encoding="utf-8"))) for sheet in SHEETS}


@pytest.fixture(scope="module")
def sheets(market, tmp_path_factory):
    return _write(tmp_path_factory.mktemp("company"), market)


def test_same_seed_same_bytes(market, tmp_path):
    _write(tmp_path / "a", market)
    _write(tmp_path / "b", build_market(cycle_month=CYCLE, seed=7))
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_an_earlier_cycle_knows_less_history(market, sheets, tmp_path):
    earlier = _write(tmp_path / "earlier", market, CYCLE - 1)
    assert max(row["month"] for row in sheets["history"]) == "2026-11"
    assert max(row["month"] for row in earlier["history"]) == "2026-10"
    assert len({row["month"] for row in sheets["history"]}) == HISTORY_MONTHS


def test_two_powertrains_four_regions_three_plants(sheets):
    assert {row["code"] for row in sheets["products"] if row["level"] == "family"} == {"NEV", "FUEL"}
    assert len([row for row in sheets["orgs"] if row["level"] == "region"]) == 4
    assert {row["level"] for row in sheets["orgs"]} == {"company", "region", "dealer", "direct"}
    assert len([row for row in sheets["sites"] if row["kind"] == "plant"]) == 3


def test_the_south_forecasts_too_much(market, sheets):
    def ratio(region):
        asked = sum(
            int(row["quantity"]) for row in sheets["inputs"] if row["stream"] == "sales" and row["org"] == region
        )
        columns = slice(market.column(CYCLE), market.column(CYCLE) + 12)
        rows = [i for i, leaf in enumerate(market.leaves) if leaf.region == region]
        return asked / market.expected[rows, columns].sum()

    assert ratio("SOUTH") == pytest.approx(1.14, abs=0.02)
    assert ratio("EAST") == pytest.approx(1.015, abs=0.02)


def test_the_battery_is_short_where_the_story_says(sheets):
    limits = {row["month"]: int(row["max_quantity"]) for row in sheets["material_supply"] if row["material"] == "B75"}
    assert [limits[m] for m in ("2027-01", "2027-02", "2027-03", "2027-04")] == [3200] * 4
    assert limits["2027-05"] > 4500


def test_m8_has_no_history_and_starts_in_april(market, sheets):
    assert not [row for row in sheets["history"] if row["product"].startswith("M8")]
    first = min(row["month"] for row in sheets["inputs"] if row["product"] == "M8")
    assert first == "2027-04"
    assert (
        np.flatnonzero(market.expected[[leaf.series.code == "M8" for leaf in market.leaves]].sum(0))[0]
        == HISTORY_MONTHS + 4
    )


def test_aged_stock_names_who_asked(sheets):
    aged = [row for row in sheets["inventory"] if row["produced_on"] == "2026-06-10"]
    assert {row["requested_by"] for row in aged} == {"sales_south"}
    assert all(row["item"].startswith("C3") for row in aged)


def test_the_planted_stories_are_in_the_sales(market, sheets):
    """A campaign lifts E7 by 14 %, E5 answers to its price, the flood closes Chongqing: all beside the season."""

    def sold(series, *offsets, org=None):
        rows = [i for i, leaf in enumerate(market.leaves) if leaf.series.code == series and org in (None, leaf.org)]
        return market.actual[rows][:, [market.column(CYCLE + offset) for offset in offsets]].sum()

    def expected(series, offset):
        rows = [i for i, leaf in enumerate(market.leaves) if leaf.series.code == series]
        return market.expected[rows, market.column(CYCLE + offset)].sum()

    beside = [expected("E7", offset) / expected("S6", offset) for offset in (-10, -9, -8)]
    assert beside[1] / ((beside[0] + beside[2]) / 2) == pytest.approx(1.14, abs=0.005)
    assert sold("E7", -9) / sold("S6", -9) == pytest.approx(beside[1], rel=0.1)
    step = expected("E5", -11) / expected("E7", -11) / (expected("E5", -12) / expected("E7", -12))
    assert step == pytest.approx(0.95**-1.8, abs=0.005)
    assert sold("S6", -8, org="CQ") < 0.3 * sold("S6", -7, org="CQ")
    prices = {row["from_month"]: int(row["price"]) for row in sheets["prices"] if row["product"] == "E5-STD-W"}
    assert list(prices.values()) == [132_000, 124_100, 132_000, 125_400]


def test_earlier_launches_lie_inside_the_history(market):
    for config, age in (("E7-AWD", 33), ("S6-SPORT", 34), ("C3-CITY", 32)):
        rows = [i for i, leaf in enumerate(market.leaves) if leaf.config.code == config]
        months = market.actual[rows].sum(0)
        assert np.flatnonzero(months)[0] == HISTORY_MONTHS - age
    series = market.expected[[leaf.series.code == "E7" for leaf in market.leaves]].sum(0)
    assert series[0] > 0.5 * series[12]  # the other configurations had E7's volume before


def test_the_register_has_what_was_and_what_comes(sheets):
    kinds = {row["kind"] for row in sheets["events"]}
    assert kinds == {"promotion", "price", "external", "new_client", "npd", "phase_out", "holiday"}
    past = [row for row in sheets["events"] if row["to_month"] and row["to_month"] < "2026-12"]
    assert len(past) == 10


def _counted(rows: list[dict[str, str]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        found[row["item"]] = found.get(row["item"], 0) + int(row["quantity"])
    return found


def test_a_month_opens_with_what_the_one_before_left(market, tmp_path):
    """Cars: the count before, plus made, less delivered, by configuration. Every count bears the last day before."""
    before, after = (_write(tmp_path / str(month), market, month) for month in (CYCLE - 1, CYCLE))
    closed = [row for row in after["actuals"] if row["month"] == "2026-11"]
    change: dict[str, int] = {}
    for row in closed:
        change[row["product"]] = change.get(row["product"], 0) + int(row["produced"]) - int(row["delivered"])
    opening, closing = _counted(before["inventory"]), _counted(after["inventory"])
    cars = {row["code"]: row["parent"] for row in after["products"] if row["level"] == "sku"}
    for config, moved in change.items():
        own = [code for code, parent in cars.items() if parent == config]
        assert sum(closing.get(code, 0) - opening.get(code, 0) for code in own) == moved
    assert {row["counted_on"] for row in after["inventory"]} == {"2026-11-30"}
    assert {row["counted_on"] for row in before["inventory"]} == {"2026-10-31"}


def test_parts_are_what_the_release_left_and_its_orders_are_open(market, tmp_path):
    left = HandOver(parts={("ENGINE", "WUHAN"): 321.0, ("TRIM", "WUHAN"): 3_900.0}, ordered={"ENGINE": 1_000.0})
    rows = _write(tmp_path / "left", market, CYCLE, left)
    plain = _write(tmp_path / "plain", market, CYCLE)
    counted = _counted(rows["inventory"])
    assert (counted["ENGINE"], counted["TRIM"], counted["HARNESS"]) == (321, 3_900, 3_400)

    def engines(sheets, month):
        orders = sheets["open_purchases"]
        return sum(int(r["quantity"]) for r in orders if (r["material"], r["arrival_month"]) == ("ENGINE", month))

    assert engines(rows, "2026-12") == engines(plain, "2026-12") + 1_000
    assert engines(rows, "2027-01") == engines(plain, "2027-01") > 0


def test_parts_lie_where_they_are_used(market, tmp_path):
    """The first month's engines lie at the two plants that build cars with them, in the proportion of these cars."""
    rows = _write(tmp_path / "first", market, CYCLE - 2)
    engines = {row["site"]: int(row["quantity"]) for row in rows["inventory"] if row["item"] == "ENGINE"}
    assert set(engines) == {"CHONGQING", "WUHAN"}


def _is_chinese(text: str) -> bool:
    return any("一" <= letter <= "鿿" for letter in text)


def test_a_chinese_company_is_the_same_company_in_other_words(market, sheets, tmp_path):
    with translation.override("zh-hans"):
        chinese = _write(tmp_path / "zh", market)
    spoken = {*FREE_TEXT, "name", "language", "attr_config", "attr_colour"}
    for sheet, rows in sheets.items():
        for here, there in zip(rows, chinese[sheet], strict=True):
            assert {k: v for k, v in here.items() if k not in spoken} == {
                k: v for k, v in there.items() if k not in spoken
            }
            assert all(_is_chinese(there[column]) for column in FREE_TEXT if there.get(column))
    assert {row["language"] for row in chinese["users"]} == {"zh-hans"}
    assert all(_is_chinese(row["name"]) for row in chinese["users"])


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_people_of_a_chinese_company_write_chinese():
    call_command("load_demo", language="zh-hans", verbosity=0, stdout=io.StringIO())
    for model, field in (
        (Assumption, "text"),
        (RootCause, "note"),
        (Event, "note"),
        (ActionItem, "title"),
        (Risk, "title"),
        (TakeRate, "reason"),
    ):
        texts = list(model.objects.values_list(field, flat=True))
        assert texts
        assert all(_is_chinese(text) for text in texts), (model, texts)
    assert TakeRate.objects.filter(value="长续航", share=0.46).exists()
