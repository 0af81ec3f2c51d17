"""Commands that work without a browser: the files they read and write."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from django.core.management import call_command

from tests.contracts.conftest import API

pytestmark = pytest.mark.django_db  # without it a run of this file alone makes no test database
R054 = Path(__file__).parents[1] / "data" / "r054"


@pytest.fixture(scope="module")
def balanced(tmp_path_factory) -> dict:
    """R-054 through the optimiser alone."""
    out = tmp_path_factory.mktemp("balance") / "RESULT.json"
    call_command("balance_file", R054, "--out", str(out), stdout=io.StringIO())
    return json.loads(out.read_text("utf-8"))


RESULT = (
    "status objective revenue total_cost cost production shipments stock backlog lost headcount overtime_hours load "
    "shortages options solver rows columns nonzeros"
)


@pytest.mark.parametrize("name", RESULT.split())
def test_a_balance_has_its_field(balanced, name):
    assert name in balanced


def test_rows_of_a_balance_name_their_keys(balanced):
    assert balanced["production"][0].keys() >= {"product", "site", "month", "quantity"}
    assert balanced["shipments"][0].keys() >= {"product", "site", "org", "month", "quantity"}
    assert balanced["load"][0].keys() >= {"resource", "month", "load", "available", "value_of_one_more_hour"}
    (shortage, *_more) = balanced["shortages"]
    assert shortage.keys() >= {"product", "org", "month", "quantity", "value", "cause"}
    assert shortage["cause"].keys() >= {"kind", "code", "name", "text"}
    assert balanced["solver"].keys() >= {"name", "version", "method", "seed"}
    assert {rows["month"] for rows in balanced["load"]} == {row["month"] for row in balanced["load"]}


def test_a_forecast_file_has_bands_and_method(tmp_path):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    months = [f"{2023 + n // 12}-{n % 12 + 1:02d}-01" for n in range(36)]
    lines = [f"A,{month},{100 + n % 12}" for n, month in enumerate(months)]
    source.write_text("\n".join(["unique_id,ds,y", *lines]) + "\n", "utf-8")
    call_command("forecast_file", source, "--horizon", "6", "--out", str(out), stdout=io.StringIO())
    with out.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["unique_id", "ds", "yhat", "lo_80", "hi_80", "lo_95", "hi_95", "method"]
    assert [row["ds"] for row in rows] == [f"2026-{month:02d}-01" for month in range(1, 7)]
    for row in rows:
        low95, low80, mean, high80, high95 = (float(row[n]) for n in ("lo_95", "lo_80", "yhat", "hi_80", "hi_95"))
        assert low95 <= low80 <= mean <= high80 <= high95


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_the_approved_plan_is_exported(released, tmp_path, form):
    path = tmp_path / f"plan.{form}"
    call_command("export_plan", "--format", form, str(path), stdout=io.StringIO())
    older = tmp_path / f"older.{form}"
    call_command("export_plan", released.snapshots[0], "--format", form, str(older), stdout=io.StringIO())
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet, "xlsx": pd.read_excel}[form]
    options = {"sheet_name": None, "engine": "calamine"} if form == "xlsx" else {}
    plan = read(path, **options)
    if form == "xlsx":
        assert {"consensus", "constrained", "production"} <= plan.keys()
        return
    june = read(older)
    assert {"measure", "product", "org", "month", "value", "unit"} <= set(plan.columns)
    wanted = june[(june.measure == "constrained") & (june.month == "2026-06")]
    assert wanted.value.tolist() == [900]
    assert "2026-06" not in set(plan.month)


def test_the_plan_over_rest_is_the_plan_of_the_file(released, tmp_path):
    path = tmp_path / "plan.csv"
    call_command("export_plan", str(path), stdout=io.StringIO())
    file = pd.read_csv(path).query("measure == 'constrained'").set_index("month").value.to_dict()
    lines = released.person("finance").get(f"{API}plan/consensus/").json()["lines"]
    assert {line["month"]: line["constrained"] for line in lines} == file
