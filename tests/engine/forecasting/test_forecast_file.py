"""``manage.py forecast_file``: contract of its columns, other rhythms, and faults named by file, row and column."""

import io
import zipfile

import numpy as np
import pandas as pd
import pytest
from django.core.management import CommandError, call_command

MONTHS = pd.date_range("2021-01-01", periods=48, freq="MS").strftime("%Y-%m-%d")


def run(tmp_path, rows, *options, header="unique_id,ds,y", encoding="utf-8", dtype=None):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes("\n".join([header, *rows]).encode(encoding))
    errors = io.StringIO()
    call_command("forecast_file", source, "--out", out, *options, stdout=io.StringIO(), stderr=errors)
    return pd.read_csv(out, dtype=dtype), errors.getvalue()


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


NOTATIONS = [
    (["2024/1/1", "2024/2/1", "2024/3/1"], ["2024/4/1", "2024/5/1"], "monthly"),
    (["2024-10-5", "2024-11-5", "2024-12-5"], ["2025-1-5", "2025-2-5"], "monthly"),
    (["2024/10/05", "2024/11/05", "2024/12/05"], ["2025/01/05", "2025/02/05"], "monthly"),
    (["202411", "202412"], ["202501", "202502"], "monthly"),
    (["20240131", "20240229", "20240331"], ["20240430", "20240531"], "monthly"),
    (["20240101", "20240102", "20240103"], ["20240104", "20240105"], "daily"),
    (["2024年11月", "2024年12月"], ["2025年1月", "2025年2月"], "monthly"),
    (["2024年1月8日", "2024年1月15日"], ["2024年1月22日", "2024年1月29日"], "weekly"),
    (["2024-01", "2024-02"], ["2024-03", "2024-04"], "monthly"),
    (["2024-01", "2024-04"], ["2024-07", "2024-10"], "quarterly"),
    (["2023Q4", "2024Q1"], ["2024Q2", "2024Q3"], "quarterly"),
    (["2024-Q3", "2024-Q4"], ["2025-Q1", "2025-Q2"], "quarterly"),
    (["2024-03-31", "2024-06-30"], ["2024-09-30", "2024-12-31"], "quarterly"),
    (["2022", "2023", "2024"], ["2025", "2026"], "yearly"),
    (["2022-06-30", "2023-06-30"], ["2024-06-30", "2025-06-30"], "yearly"),
    (["2024W51", "2024W52"], ["2025W01", "2025W02"], "weekly"),
    (["2024-01-01", "2024-01-08"], ["2024-01-15", "2024-01-22"], "weekly"),
    (["2024-01-01 22:00:00", "2024-01-01 23:00:00"], ["2024-01-02 00:00:00", "2024-01-02 01:00:00"], "hourly"),
    (["2024-01-01T22:00+08:00", "2024-01-01T23:00+08:00"], [f"2024-01-02T0{h}:00+08:00" for h in (0, 1)], "hourly"),
    (["2024-01-31 00:00:00", "2024-02-29 00:00:00"], ["2024-03-31 00:00:00", "2024-04-30 00:00:00"], "monthly"),
    (["45292", "45323", "45352"], ["45383", "45413"], "monthly"),
    (["1", "2", "3"], ["4", "5"], "monthly"),
    (["9", "10"], ["11", "12"], "monthly"),
    (["２０２４－０１", "2024-02"], ["2024-03", "2024-04"], "monthly"),
]  # fmt: skip


@pytest.mark.parametrize(("dates", "following", "rhythm"), NOTATIONS)
def test_the_dates_people_write_go_on_in_the_same_notation(tmp_path, dates, following, rhythm):
    table, errors = run(tmp_path, steady("A", dates, 5), "--horizon", "2", dtype=str)
    assert table["ds"].tolist() == following
    assert table["yhat"].tolist() == ["5", "5"]
    assert f"Without --freq: {rhythm}" in errors or "monthly is assumed" in errors


def test_steps_take_the_named_season(tmp_path):
    rows = [f"A,{t + 1},{[10, 20, 30, 40][t % 4]}" for t in range(32)]
    table, errors = run(tmp_path, rows, "--horizon", "4", "--freq", "Q")
    assert table["ds"].tolist() == [33, 34, 35, 36]
    np.testing.assert_allclose(table["yhat"], [10, 20, 30, 40], rtol=0.02)
    assert "--freq" not in errors


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_any_order_of_columns_more_of_them_and_other_signs(tmp_path, encoding):
    rows = [f'红;"1,2{i % 10}0.5";轿车;{day}' for i, day in enumerate(MONTHS)]
    table, _ = run(tmp_path, rows, "--horizon", "1", header="colour;Y;Unique_ID;ds", encoding=encoding)
    assert table["unique_id"].tolist() == ["轿车"]
    assert table["yhat"].between(1200, 1300).all()


def test_gaps_are_filled_and_named(tmp_path):
    rows = steady("A", MONTHS) + [row for row in steady("B", MONTHS, 7) if row[2:9] not in ("2022-05", "2023-01")]
    table, errors = run(tmp_path, rows, "--horizon", "2")
    assert "2 periods without a row (B at 2022-05-01 the first) were filled" in errors
    np.testing.assert_allclose(table["yhat"], [100, 100, 7, 7])


def test_odd_series_are_forecast_beside_each_other(tmp_path):
    """One point, all zero, below zero, constant: finite numbers, and nothing below zero that never was."""
    rows = steady("ONE", MONTHS[-1:], 9) + steady("ZERO", MONTHS, 0) + steady("LOSS", MONTHS, -4) + steady("SAME")
    table, _ = run(tmp_path, rows, "--horizon", "3")
    means = table.groupby("unique_id")["yhat"].first()
    assert means.to_dict() == {"ONE": 9, "ZERO": 0, "LOSS": -4, "SAME": 100}
    assert np.isfinite(table.drop(columns=["unique_id", "ds", "method"])).all(axis=None)


def test_ten_thousand_points(tmp_path):
    dates = pd.date_range("2023-01-01", periods=10_000, freq="h").strftime("%Y-%m-%d %H:%M")
    rows = [f"A,{date},{100 + 10 * (t % 24)}" for t, date in enumerate(dates)]
    table, errors = run(tmp_path, rows, "--horizon", "24")
    assert table["ds"].iloc[0] == "2024-02-21 16:00"
    assert "hourly, as the dates are an hour apart" in errors
    np.testing.assert_allclose(table["yhat"], 100 + 10 * (np.arange(16, 40) % 24), rtol=0.02)


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
            ["A,2024-01-01,1", "B,2024-01-01,1", "A,2024-02-01,2", "A,2024-01-01,1"],
            "row 5, column ds: '2024-01-01' is there twice for 'A', first in row 2",
        ),
        (["A,2024-01-01,1,9,9"], "is no CSV file with a header: row 2 has 5 cells, the header 3"),
        (["A,20240231,1"], "row 2, column ds: '20240231' is no date"),
        (["A,2024-01-01 25:00,1"], "row 2, column ds: '2024-01-01 25:00' is no date"),
        (["A,2024W54,1"], "row 2, column ds: '2024W54' is no date"),
        (["A,2024Q1,1", "A,2024-04,2"], "row 3, column ds: '2024-04' stands among quarters; write all of them alike"),
        (["A,2024-01-01,1", "A,2024-01-15,2"], "column ds: the dates are 14 days apart: no rhythm known here"),
        (
            ["A,1824-01-01,1", *(f"A,2024-01-0{day},2" for day in (1, 2, 3))],
            "row 2, column ds: '1824-01-01' lies 73,052",
        ),
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


def test_a_date_too_many_for_the_named_rhythm(tmp_path):
    rows = ["A,2024-01-01,1", "B,2024-01-01,1", "A,2024-01-15,2"]
    with pytest.raises(CommandError, match=r"row 4, column ds: '2024-01-15' is there twice for 'A', first in row 2 as"):
        run(tmp_path, rows, "--horizon", "2", "--freq", "M")
    with pytest.raises(
        CommandError, match="column ds: holds months, which are monthly and not daily; leave --freq out"
    ):
        run(tmp_path, ["A,2024-01,1", "A,2024-02,1"], "--horizon", "2", "--freq", "D")


def test_nothing_is_written_where_there_is_no_folder_and_the_old_file_stays_on_a_fault(tmp_path):
    run(tmp_path, steady(), "--horizon", "2")
    with pytest.raises(CommandError, match="there is no folder"):
        run(tmp_path, steady(), "--horizon", "2", "--out", tmp_path / "no" / "out.csv")
    with pytest.raises(CommandError):
        run(tmp_path, ["A,soon,1"], "--horizon", "2")
    assert len(pd.read_csv(tmp_path / "out.csv")) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_a_workbook_is_told_to_be_saved_as_csv(tmp_path):
    source = tmp_path / "in.xlsx"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(CommandError, match="save the sheet as CSV"):
        call_command("forecast_file", source, "--horizon", "2", "--out", tmp_path / "out.csv")


def test_a_missing_column_and_a_missing_file(tmp_path):
    with pytest.raises(CommandError, match="row 1, column y: is missing; found unique_id, ds, sales"):
        run(tmp_path, ["A,2024-01-01,1"], "--horizon", "2", header="unique_id,ds,sales")
    with pytest.raises(CommandError, match="row 1, column y: is there twice; found unique_id, ds, y, Y"):
        run(tmp_path, ["A,2024-01-01,1,2"], "--horizon", "2", header="unique_id,ds,y,Y")
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
