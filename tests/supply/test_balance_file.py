"""``balance_file`` on company folders: the worked example, row order, bad folders, the real car company."""

import csv
import json
import os
import random
import shutil
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

OPTIONAL_SHEETS = (
    "products", "orgs", "sites", "lanes", "resources", "routings", "bom", "materials", "prices", "costs", "calendar",
)  # fmt: skip
DATA = Path(__file__).parents[1] / "data"
SHARED = Path(os.environ.get("SOP_SHARED", Path(__file__).parents[2].parent / "shared"))


def balance(folder: Path, tmp_path: Path, *flags: str) -> dict:
    out = tmp_path / "result.json"
    call_command("balance_file", str(folder), "--out", str(out), *flags)
    return json.loads(out.read_text("utf-8"))


def rows_of(folder: Path, sheet: str) -> list[list[str]]:
    with (folder / f"{sheet}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def write_rows(folder: Path, sheet: str, rows: list[list[str]]) -> None:
    with (folder / f"{sheet}.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)


@pytest.fixture
def r054(tmp_path):
    return Path(shutil.copytree(DATA / "r054", tmp_path / "r054"))


def test_worked_example_plans_900_of_1000_and_says_why(r054, tmp_path):
    """R-054: asked 1,000; 1,200 less maintenance leaves 900; material A takes 10 days and does not hold it up."""
    result = balance(r054, tmp_path)
    june = [row for row in result["production"] if row["month"] == "2026-06"]
    assert june == [{"product": "S6-SPORT", "site": "CHONGQING", "month": "2026-06", "quantity": 900.0}]
    [short] = result["shortages"]
    assert (short["product"], short["org"], short["month"]) == ("S6-SPORT", "NORTH", "2026-06")
    assert (short["quantity"], short["value"]) == (100.0, 12_000_000.0)
    cause = short["cause"]
    assert (cause["kind"], cause["code"], cause["name"], cause["confirmed"]) == ("resource", "LINE-3", "Line 3", True)
    assert cause["text"] == "Line 3 has no hours left in Jun 2026. Relaxing it removes 100 units."
    load = {(row["resource"], row["month"]): row for row in result["load"]}
    tight = load["LINE-3", "2026-06"]
    assert (tight["load"], tight["available"]) == (180.0, 180.0)
    # 5 cars an hour at 120,000 − 100,000 − 600 each
    assert tight["value_of_one_more_hour"] == pytest.approx(5 * 19_400)
    overtime = next(option for option in result["options"] if option["kind"] == "overtime")
    assert (overtime["units"], overtime["gain"]) == pytest.approx((100.0, 100 * 19_400 - 20 * 900))
    assert overtime["decide_by"] == "2026-06-01"


NAMES = {  # supply.md 4, with what each row of a list holds
    "status", "objective", "revenue", "total_cost", "cost", "production", "shipments", "stock", "backlog", "lost",
    "headcount", "overtime_hours", "load", "shortages", "options", "solver", "rows", "columns", "nonzeros",
}  # fmt: skip


def test_the_result_has_the_names_readers_look_for(r054, tmp_path):
    result = balance(r054, tmp_path)
    assert set(result) >= NAMES
    made, sent, load = result["production"][0], result["shipments"][0], result["load"][0]
    assert set(made) == {"product", "site", "month", "quantity"}
    assert set(sent) == {"product", "site", "org", "month", "quantity"}
    assert set(load) >= {"resource", "month", "load", "available", "value_of_one_more_hour"}
    short = result["shortages"][0]
    assert set(short) >= {"product", "org", "month", "quantity", "value", "cause"}
    assert set(short["cause"]) >= {"kind", "code", "name", "text"}
    solver = result["solver"]
    assert set(solver) >= {"name", "version", "method", "seed", "seconds"}
    assert solver["seconds"] == {"build": solver["build_seconds"], "solve": solver["solve_seconds"]}
    assert solver["seconds"]["solve"] > 0
    assert all(type(result[name]) is int for name in ("rows", "columns", "nonzeros"))


def test_a_plan_too_large_for_an_exact_one_states_its_error_and_tries_its_causes(r054, tmp_path, monkeypatch):
    """The worked example with every limit of size at nothing: one block, so the plan is the best one all the same."""
    monkeypatch.setattr("engine.balancing.solve.LARGE_NONZEROS", 0)
    monkeypatch.setattr("engine.balancing.first.EXACT_NONZEROS", 0)
    result = balance(r054, tmp_path)
    assert (result["status"], result["solver"]["method"]) == ("near", "1 blocks")
    assert 0 <= result["gap"] < 1
    [short] = result["shortages"]
    assert (short["quantity"], short["cause"]["code"], short["cause"]["confirmed"]) == (100.0, "LINE-3", True)
    assert {option["kind"] for option in result["options"]} >= {"overtime"}
    [finding] = [finding for finding in result["findings"] if finding["code"] == "plan_near"]
    assert f"within {100 * result['gap']:.2f} % of the best possible, proven" in finding["message"]


def test_profit_is_revenue_less_all_costs(r054, tmp_path):
    result = balance(r054, tmp_path)
    assert result["objective"] == pytest.approx(result["revenue"] - result["total_cost"])
    assert result["total_cost"] == pytest.approx(sum(result["cost"].values()))


def test_the_order_of_rows_changes_no_byte(r054, tmp_path):
    """Everything but the seconds is the same, byte for byte."""

    def solved() -> str:
        result = balance(r054, tmp_path)
        result["solver"] = {k: v for k, v in result["solver"].items() if not k.endswith("seconds")}
        return json.dumps(result)

    before = solved()
    shuffle = random.Random(11)
    for path in sorted(r054.glob("*.csv")):
        head, *rows = rows_of(r054, path.stem)
        shuffle.shuffle(rows)
        write_rows(r054, path.stem, [head, *rows])
    assert solved() == before


def test_a_folder_without_demand_is_refused_with_a_finding(r054, tmp_path):
    (r054 / "demand.csv").unlink()
    with pytest.raises(CommandError):
        balance(r054, tmp_path)
    result = json.loads((tmp_path / "result.json").read_text("utf-8"))
    assert result["status"] == "unreadable"
    assert [(f["sheet"], f["code"]) for f in result["findings"]] == [("demand", "sheet_missing")]


def test_a_cell_that_is_no_number_is_named(r054, tmp_path):
    rows = rows_of(r054, "demand")
    rows[1][3] = "NaN"
    write_rows(r054, "demand", rows)
    with pytest.raises(CommandError):
        balance(r054, tmp_path)
    [finding] = json.loads((tmp_path / "result.json").read_text("utf-8"))["findings"]
    assert (finding["sheet"], finding["row"], finding["column"]) == ("demand", 2, "quantity")


def test_material_on_order_is_strict_once_anything_is_known(r054, tmp_path):
    """A 40-day lead time, 300 parts in stock, 200 on their way: 500 cars in June."""
    rows = rows_of(r054, "materials")
    rows[1][rows[0].index("lead_time_days")] = "40"
    write_rows(r054, "materials", rows)
    write_rows(r054, "inventory", [["item", "site", "quantity"], ["MATERIAL-A", "CHONGQING", "300"]])
    write_rows(r054, "open_purchases", [["material", "arrival_month", "quantity"], ["MATERIAL-A", "2026-06", "200"]])
    result = balance(r054, tmp_path)
    assert [r["quantity"] for r in result["production"] if r["month"] == "2026-06"] == [500.0]
    assert result["shortages"][0]["cause"]["kind"] == "lead_time"


def test_unknown_pipeline_is_said_and_holds_nothing_up(r054, tmp_path):
    rows = rows_of(r054, "materials")
    rows[1][rows[0].index("lead_time_days")] = "40"
    write_rows(r054, "materials", rows)
    result = balance(r054, tmp_path)
    assert [r["quantity"] for r in result["production"] if r["month"] == "2026-06"] == [900.0]
    assert [(f["code"], f["key"]) for f in result["findings"]] == [("pipeline_unknown", "MATERIAL-A")]


def test_the_car_company_is_balanced_in_whole(tmp_path):
    """96 products, 6 markets, 12 plants: last year's sales plus 30 % are more than batteries and lines give."""
    source = SHARED / "data" / "cars"
    if not source.exists():
        pytest.skip(f"real data not found at {source}; set SOP_SHARED")
    folder = tmp_path / "cars"
    folder.mkdir()
    for path in source.glob("*.csv"):
        (folder / path.name).write_bytes(path.read_bytes())
    _head, *history = rows_of(source, "history")
    demand = [
        [product, org, f"{int(month[:4]) + 1}{month[4:]}", round(1.3 * float(quantity))]
        for product, org, month, quantity, *_rest in history
        if "2025-06" <= month <= "2026-05"
    ]
    write_rows(folder, "demand", [["product", "org", "month", "quantity"], *demand])
    result = balance(folder, tmp_path)
    asked = sum(row[3] for row in demand)
    served = sum(row["quantity"] for row in result["served"])
    short = sum(row["quantity"] for row in result["shortages"])
    assert served + short == pytest.approx(asked)
    assert result["status"] == "optimal"
    assert result["slacks"] == []
    kinds = {row["cause"]["kind"] for row in result["shortages"]}
    assert {"supplier", "resource"} <= kinds
    assert all(row["cause"]["confirmed"] for row in result["shortages"])
    limit = {(r[0], r[1]): float(r[2]) for r in rows_of(source, "material_supply")[1:]}
    bought: dict = {}
    for row in result["purchases"]:
        key = row["material"], row["month"]
        bought[key] = bought.get(key, 0) + row["quantity"]
    assert all(bought[key] <= limit[key] + 1e-4 for key in bought if key in limit)


def changed(folder: Path, sheet: str, column: str, value: str, *, row: int | None = None) -> None:
    head, *rows = rows_of(folder, sheet)
    place = head.index(column)
    for number, cells in enumerate(rows):
        if row in (None, number):
            cells[place] = value
    write_rows(folder, sheet, [head, *rows])


@pytest.mark.parametrize(
    "missing",
    ["products", "orgs", "sites", "lanes", "resources", "routings", "bom", "materials", "prices", "costs", "calendar"],
)
def test_a_company_without_a_sheet_still_gets_a_plan(r054, tmp_path, missing):
    """Demand alone is required; what is missing is free, without limit or named."""
    (r054 / f"{missing}.csv").unlink(missing_ok=True)
    result = balance(r054, tmp_path)
    assert result["status"] == "optimal"
    served = sum(row["quantity"] for row in result["served"])
    assert served + sum(row["quantity"] for row in result["shortages"]) == pytest.approx(3_000)
    assert result["solver"]["check"]["difference"] < 1e-6


def test_nothing_asked_for_is_an_empty_plan(r054, tmp_path):
    changed(r054, "demand", "quantity", "0")
    result = balance(r054, tmp_path)
    assert (result["status"], result["revenue"], result["production"], result["shortages"]) == ("optimal", 0, [], [])


def test_a_slip_in_a_month_is_named_instead_of_planning_for_a_century(r054, tmp_path):
    changed(r054, "demand", "month", "2126-06", row=0)
    with pytest.raises(CommandError):
        balance(r054, tmp_path)
    [finding] = json.loads((tmp_path / "result.json").read_text("utf-8"))["findings"]
    assert (finding["code"], finding["sheet"], finding["value"]) == ("month_far_off", "demand", "2126-06")


def test_months_without_a_supplier_limit_or_demand_are_open(r054, tmp_path):
    """A limit in July alone, nothing asked in July: June and August go on; CLP reads rows without a limit, too."""
    head, *rows = rows_of(r054, "demand")
    write_rows(r054, "demand", [head, *(row for row in rows if row[2] != "2026-07")])
    write_rows(r054, "material_supply", [["material", "month", "max_quantity"], ["MATERIAL-A", "2026-07", "0"]])
    before = balance(r054, tmp_path)
    after = balance(r054, tmp_path, "--solver", "clp")
    assert after["solver"]["method"] == "dual simplex from CLP's basis"
    assert before["production"] == after["production"]
    assert {row["month"] for row in before["served"]} == {"2026-06", "2026-08"}


def test_units_may_be_huge_or_tiny(r054, tmp_path):
    changed(r054, "demand", "quantity", "900000000")
    huge = balance(r054, tmp_path)
    assert huge["status"] == "optimal"
    assert sum(row["quantity"] for row in huge["served"]) == pytest.approx(900 + 1200 + 1200, rel=0.01)
    changed(r054, "demand", "quantity", "0.001")
    tiny = balance(r054, tmp_path)
    assert sum(row["quantity"] for row in tiny["served"]) == pytest.approx(0.003)


def test_the_readable_model_is_written_beside_the_result(r054, tmp_path):
    balance(r054, tmp_path, "--lp", str(tmp_path / "model.lp"))
    text = (tmp_path / "model.lp").read_text("utf-8")
    assert "\nResource_capacity_upper_LINE.3_2026.06: 0.2 make_S6.SPORT_CHONGQING_2026.06" in text


SLIPS = ("0", "", "999999999", "0.000001", "-5", "abc", "NaN", "1", "100%", "2027-13")


@pytest.mark.parametrize("seed", range(10))
def test_whatever_a_folder_holds_the_answer_is_a_plan_or_named_findings(r054, tmp_path, seed):
    """Cells spoilt, rows and columns lost or doubled, sheets gone: never a trace, money always adds up."""
    slip = random.Random(seed)
    for _spoil in range(3):
        path = slip.choice(sorted(r054.glob("*.csv")))
        head, *rows = rows_of(r054, path.stem)
        kind = slip.choice(("cell", "cell", "row", "double", "column", "sheet"))
        if kind == "sheet" or not rows:
            path.unlink()
            continue
        row, place = slip.randrange(len(rows)), slip.randrange(len(head))
        if kind == "cell":
            rows[row][place] = slip.choice(SLIPS)
        elif kind == "row":
            del rows[row]
        elif kind == "double":
            rows.append(list(rows[row]))
        else:
            head, rows = [*head[:place], *head[place + 1 :]], [[*r[:place], *r[place + 1 :]] for r in rows]
        write_rows(r054, path.stem, [head, *rows])
    try:
        result = balance(r054, tmp_path)
    except CommandError:
        refused = json.loads((tmp_path / "result.json").read_text("utf-8"))
        assert any(finding["severity"] == "error" and finding["message"] for finding in refused["findings"])
    else:
        assert result["objective"] == pytest.approx(result["revenue"] - result["total_cost"])
