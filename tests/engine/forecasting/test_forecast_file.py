"""``manage.py forecast_file``: contract of its columns, other rhythms, and faults named by file, row and column."""

import io

import numpy as np
import pandas as pd
import pytest
from django.core.management import CommandError, call_command

MONTHS = pd.date_range("2021-01-01", periods=48, freq="MS").strftime("%Y-%m-%d")


def run(tmp_path, rows, *options, header="unique_id,ds,y", encoding="utf-8"):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes("\n".join([header, *rows]).encode(encoding))
    errors = io.StringIO()
    call_command("forecast_file", source, "--out", out, *options, stdout=io.StringIO(), stderr=errors)
    return pd.read_csv(out), errors.getvalue()


def steady(name="A", dates=MONTHS, value=100):
    return [f"{name},{day},{value}" for day in dates]


def test_columns_dates_and_a_constant(tmp_path):
    table, _ = run(tmp_path, steady("B") + steady("A", MONTHS[:-2], 7), "--horizon", "3")
    assert list(table.columns) == ["unique_id", "ds", "yhat", "lo_80", "hi_80", "lo_95", "hi_95", "method"]
    assert table["unique_id"].tolist() == ["B"] * 3 + ["A"] * 3  # order of the file
    assert table["ds"].tolist() == ["2025-01-01", "2025-02-01", "2025-03-01", "2024-11-01", "2024-12-01", "2025-01-01"]
    np.testing.assert_allclose(table["yhat"], [100] * 3 + [7] * 3)


def test_other_levels(tmp_path):
    table, _ = run(tmp_path, steady(), "--horizon", "2", "--levels", "99.5, 50")
    assert list(table.columns) == ["unique_id", "ds", "yhat", "lo_50", "hi_50", "lo_99.5", "hi_99.5", "method"]


def test_rows_in_any_order_and_gaps_give_the_same_forecast(tmp_path):
    values = 100 + 10 * np.sin(np.arange(48) / 2)
    rows = [f"A,{day},{value:.3f}" for day, value in zip(MONTHS, values, strict=True)]
    straight, _ = run(tmp_path, rows, "--horizon", "4")
    shuffled, _ = run(tmp_path, list(np.random.default_rng(0).permutation(rows)), "--horizon", "4")
    pd.testing.assert_frame_equal(straight, shuffled)
    gappy, _ = run(tmp_path, rows[:20] + rows[21:], "--horizon", "4")
    np.testing.assert_allclose(gappy["yhat"], straight["yhat"], rtol=0.1)


@pytest.mark.parametrize(
    ("freq", "dates", "following"),
    [
        ("W", pd.date_range("2022-01-03", periods=120, freq="W-MON").strftime("%Y-%m-%d"), "2024-04-22"),
        ("D", pd.date_range("2024-01-01", periods=60).strftime("%Y-%m-%d"), "2024-03-01"),
        ("Q", pd.date_range("2018-03-31", periods=24, freq="QE").strftime("%Y-%m-%d"), "2024-03-31"),
        ("M", pd.date_range("2021-01-31", periods=37, freq="ME").strftime("%Y-%m-%d"), "2024-02-29"),
        ("MS", pd.date_range("2021-01-01", periods=36, freq="MS").strftime("%Y-%m"), "2024-01"),
        ("Y", pd.date_range("2004-01-01", periods=20, freq="YS").strftime("%Y-%m-%d"), "2024-01-01"),
    ],
)
def test_other_rhythms(tmp_path, freq, dates, following):
    table, _ = run(tmp_path, steady("A", dates, 42), "--horizon", "2", "--freq", freq)
    assert table["ds"].iloc[0] == following
    np.testing.assert_allclose(table["yhat"], 42)


def test_weekly_pattern_of_days_is_found(tmp_path):
    dates = pd.date_range("2024-01-01", periods=70).strftime("%Y-%m-%d")
    rows = [f"A,{day},{[10, 20, 30, 40, 50, 60, 70][i % 7]}" for i, day in enumerate(dates)]
    table, _ = run(tmp_path, rows, "--horizon", "7", "--freq", "D")
    np.testing.assert_allclose(table["yhat"], [10, 20, 30, 40, 50, 60, 70], rtol=0.02)


def test_chinese_text_full_width_digits_and_thousands(tmp_path):
    rows = [f'轿车,{day},"1,200"' for day in MONTHS[:40]] + [f"轿车,{day},１２００" for day in MONTHS[40:]]
    table, _ = run(tmp_path, rows, "--horizon", "2", encoding="gb18030")
    assert table["unique_id"].unique().tolist() == ["轿车"]
    np.testing.assert_allclose(table["yhat"], 1200)


def test_a_year_written_over_and_over_is_taken_in_row_order(tmp_path):
    dates = [f"1700-{i % 12 + 1:02d}-01" for i in range(30)]
    rows = [f"N,{day},{100 + 5 * i}" for i, day in enumerate(dates)]
    table, errors = run(tmp_path, rows, "--horizon", "2")
    assert "N …" in errors
    assert (table["yhat"] > 235).all()


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        (["A,2024-01-01,1", "A,2024-02-01,abc"], "row 3, column y: 'abc' is no finite number"),
        (["A,2024-01-01,nan"], "row 2, column y: 'nan' is no finite number"),
        (["A,2024-01-01,1e999"], "row 2, column y: '1e999' is no finite number"),
        (["A,2024-01-01,1", "A,2024-02-01,"], "row 3, column y: is empty"),
        (["A,2024-01-01,1", "", "A,soon,2"], "row 4, column ds: 'soon' is no date"),
        (["A,2024-13-01,1"], "row 2, column ds: '2024-13-01' is no date"),
        (["A,,1"], "row 2, column ds: is empty"),
        ([" ,2024-01-01,1"], "row 2, column unique_id: is empty"),
        (
            ["A,2024-01-01,1", "B,2024-01-01,1", "A,2024-01-15,2"],
            "row 4, column ds: '2024-01-15' is there twice for 'A'",
        ),
        (["A,2024-01-01,1,9,9"], "is no CSV file"),
        ([], "holds no rows"),
    ],
)
def test_faults_are_named_by_file_row_and_column(tmp_path, rows, fault):
    if not rows:
        rows = [""]
    with pytest.raises(CommandError) as caught:
        run(tmp_path, rows, "--horizon", "2")
    assert "in.csv" in str(caught.value)
    assert fault in str(caught.value)
    assert not (tmp_path / "out.csv").exists()


def test_a_missing_column_and_a_missing_file(tmp_path):
    with pytest.raises(CommandError, match="row 1, column y: is missing; found unique_id, ds, sales"):
        run(tmp_path, ["A,2024-01-01,1"], "--horizon", "2", header="unique_id,ds,sales")
    with pytest.raises(CommandError, match=r"nowhere\.csv cannot be read"):
        call_command("forecast_file", tmp_path / "nowhere.csv", "--horizon", "2", "--out", tmp_path / "out.csv")


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--horizon", "0"], "horizon 0 is outside"),
        (["--horizon", "2", "--levels", "80,120"], "levels"),
        (["--horizon", "2", "--freq", "fortnight"], "frequency 'fortnight' is unknown"),
    ],
)
def test_bad_options(tmp_path, options, fault):
    with pytest.raises(CommandError, match=fault):
        run(tmp_path, steady(), *options)
