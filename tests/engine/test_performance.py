"""Attainment by hand."""

import numpy as np

from engine.performance import measure_attainment, share


def test_volume_hides_what_the_mix_shows():
    found = measure_attainment(np.array([120.0, 70.0, 50.0]), np.array([100.0, 100.0, 50.0]), [1, 1, 2])
    assert found.mix == (100 + 70 + 50) / 250
    assert found.volume == (190 + 50) / 250
    assert found.adherence == 1 / 3
    assert found.lines == 3


def test_more_than_planned_is_no_more_than_all():
    found = measure_attainment(np.array([150.0]), np.array([100.0]), [1])
    assert (found.mix, found.volume) == (1.0, 1.0)


def test_five_per_cent_either_way_keeps_the_schedule():
    found = measure_attainment(np.array([95.0, 105.0, 94.0]), np.array([100.0] * 3), [1, 1, 1])
    assert found.adherence == 2 / 3


def test_a_share_of_nothing_is_undefined():
    found = measure_attainment(np.array([10.0]), np.array([0.0]), [1])
    assert (found.mix, found.volume, found.adherence, found.lines) == (None, None, None, 0)
    assert measure_attainment(np.zeros(0), np.zeros(0), []).mix is None
    assert share(0.0, 4.0) == 0.0
