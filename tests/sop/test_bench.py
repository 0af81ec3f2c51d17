"""The table of figures: what counts as a missed goal."""

import pytest

from bench.__main__ import is_missed
from bench.table import Row


@pytest.mark.parametrize(
    ("value", "goal", "missed"),
    [
        (0.79, "≤ 0.790", False),
        (0.791, "≤ 0.790", True),
        (95.0, "≥ 95", False),
        (94.9, "≥ 95", True),
        (1200.0, "≤ 1,000 ms", True),
        (5.0, "", False),
        (float("nan"), "≤ 1", False),
    ],
)
def test_a_figure_is_held_against_its_goal(value, goal, missed):
    assert is_missed(Row("figure", value, "ms", goal)) is missed


def test_any_file_of_series_is_measured_on_its_last_periods(tmp_path, monkeypatch):
    """A level that steps up by a tenth each year, exactly: every method is judged against Naive2."""
    from bench import forecasting_file, forecasting_peers

    def unavailable(*_args, **_keywords):
        raise forecasting_peers.PeersUnavailable("not here")

    monkeypatch.setattr(forecasting_peers, "run_statsforecast", unavailable)
    lines = ["unique_id,ds,y"]
    for name, level in (("A", 100), ("B", 40)):
        for t in range(48):
            lines.append(
                f"{name},{2020 + t // 12}-{t % 12 + 1:02},{level * (1 + (t % 12 == 5)) * 1.1 ** (t // 12):.3f}"
            )
    lines.append("SHORT,2023-12,7")
    source = tmp_path / "any.csv"
    source.write_text("\n".join(lines) + "\n")
    rows = {row.name: row for row in forecasting_file.run_file(source, 6, None)}
    assert rows["series"].value == 2
    assert rows["series"].note == "monthly, season of 12; 1 too short or with gaps in the hold-out"
    assert rows["Naive2: OWA"].value == pytest.approx(1.0)
    assert rows["seasonal naive: OWA"].note.startswith("sMAPE 9.524 %")  # 200 × 0.1 / 2.1
    assert 0 < rows["this engine, full: OWA"].value < rows["seasonal naive: OWA"].value
    assert rows["statsforecast"].note == "not measured: not here"


def test_a_series_that_a_peer_refuses_is_scored_for_no_method(tmp_path, monkeypatch):
    """The peer is right wherever it answers: its OWA is 0, and what it refuses spoils nobody's figures."""
    import numpy as np

    from bench import forecasting_file, forecasting_peers

    months = [f"{2022 + t // 12}-{t % 12 + 1:02}" for t in range(30)]
    lines = [
        f"{name},{month},{level + 3 * t}" for name, level in (("A", 50), ("B", 70)) for t, month in enumerate(months)
    ]
    lines += [f"SHORT,{month},{10 + t * t}" for t, month in enumerate(months[-7:])]
    source = tmp_path / "any.csv"
    source.write_text("\n".join(["unique_id,ds,y", *lines]) + "\n")

    def refuse_the_short_one(_series, horizon, season):
        ahead = 3 * np.arange(30 - horizon, 30)
        mean = np.vstack([50 + ahead, 70 + ahead, np.full(horizon, np.nan)])
        return [forecasting_peers.Peer("Picky", mean.astype(float), 0.3)]

    monkeypatch.setattr(forecasting_peers, "run_statsforecast", refuse_the_short_one)
    rows = {row.name: row for row in forecasting_file.run_file(source, 4, None)}
    assert rows["series"].value == 3
    assert rows["series"].note.endswith("; 1 that statsforecast refuses are scored for no method")
    assert rows["Picky: OWA"].value == 0
    assert rows["Picky: cost"].value == pytest.approx(100)
    assert rows["Naive2: OWA"].value == pytest.approx(1)
