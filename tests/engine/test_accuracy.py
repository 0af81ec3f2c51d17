"""Accuracy figures against numbers worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.accuracy import BandRecord, measure_accuracy, measure_band, naive_forecast, value_added, wmape


def test_hand_case():
    # errors +20, −10, +30, 0 against actuals 100, 50, 0, 50
    figures = measure_accuracy([120, 40, 30, 50], [100, 50, 0, 50])
    assert figures.wmape == pytest.approx(60 / 200)
    assert figures.bias == pytest.approx(40 / 200)
    assert figures.mape == pytest.approx((0.2 + 0.2 + 0) / 3)
    assert figures.mape_excluded == 1
    assert figures.tracking_signal == pytest.approx(40 / 15)
    assert figures.pairs == 4


def test_nothing_sold_is_undefined_not_perfect():
    figures = measure_accuracy([5, 0], [0, 0])
    assert figures.wmape is None
    assert figures.bias is None
    assert figures.mape is None
    assert figures.mape_excluded == 2


def test_perfect_forecast_has_no_tracking_signal():
    figures = measure_accuracy([7, 8], [7, 8])
    assert figures.wmape == 0
    assert figures.tracking_signal is None


def test_nothing_measured():
    figures = measure_accuracy([], [])
    assert (figures.wmape, figures.tracking_signal, figures.pairs) == (None, None, 0)


def test_unmeasured_pairs_are_left_out():
    assert wmape([110, np.nan, 5], [100, 100, np.nan]) == pytest.approx(0.1)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="shape"):
        wmape([1, 2], [1, 2, 3])


def test_value_added_has_the_sign_of_help():
    assert value_added(0.20, 0.15) == pytest.approx(0.05)
    assert value_added(0.15, 0.20) == pytest.approx(-0.05)
    assert value_added(None, 0.2) is None


def test_naive_knows_only_the_past():
    naive = naive_forecast(np.array([[1.0, 2.0, 3.0, 4.0]]), lag=2)
    assert np.isnan(naive[0, :2]).all()
    assert naive[0, 2:].tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="lag"):
        naive_forecast(np.ones((1, 3)), lag=0)


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=30),
    st.integers(1, 1000),
)
def test_figures_do_not_depend_on_the_unit(pairs, factor):
    f, a = np.array(pairs, dtype=float).T
    one, other = measure_accuracy(f, a), measure_accuracy(f * factor, a * factor)
    for name in ("wmape", "mape", "bias", "tracking_signal"):
        left, right = getattr(one, name), getattr(other, name)
        assert (left is None) == (right is None)
        if left is not None:
            assert left == pytest.approx(right)
    if one.wmape is not None:
        assert abs(one.bias) <= one.wmape + 1e-12


def test_the_band_900_950_1000_is_counted_by_hand():
    record = measure_band([900] * 6, [950] * 6, [1000] * 6, [899, 900, 950, 951, 1000, 1001])
    assert record == BandRecord(below=1, within_capacity=2, within_material=2, above=1)
    assert record.hit_rate == 4 / 6


def test_what_was_not_measured_is_no_case():
    record = measure_band([900, 900], [950, np.nan], [1000, 1000], [np.nan, 940])
    assert (record.cases, record.hit_rate) == (0, None)


def test_bands_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match="shapes differ"):
        measure_band([900], [950], [1000], [940, 950])


@given(st.lists(st.tuples(*[st.integers(0, 50)] * 4), min_size=1, max_size=30))
def test_every_case_falls_in_exactly_one_stretch(rows):
    forecast, capacity, material = np.sort(np.array([row[:3] for row in rows]), axis=1).T
    actual = np.array([row[3] for row in rows])
    record = measure_band(forecast, capacity, material, actual)
    assert record.cases == len(rows)
    assert record.within_capacity + record.within_material == np.count_nonzero(
        (forecast <= actual) & (actual <= material)
    )
