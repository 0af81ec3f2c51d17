"""The newsvendor's flex band against numbers worked by hand."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.flex import HIGHEST_RATIO, critical_ratio, units_above

MONEY = st.floats(0.01, 1e7)


def test_the_ratio_is_the_lost_unit_against_both():
    assert critical_ratio([300.0, 90.0], [100.0, 10.0]).tolist() == [0.75, 0.9]


def test_a_sale_that_earns_nothing_prepares_nothing():
    assert critical_ratio([0.0, -5.0], [100.0, 100.0]).tolist() == [0.0, 0.0]
    assert units_above([0.0, 0.5, 0.3], [[80.0]] * 3, [[120.0]] * 3).ravel().tolist() == [0.0, 0.0, 0.0]


def test_an_unknown_cost_says_nothing():
    ratios = critical_ratio([300.0, np.nan, 300.0, 300.0], [np.nan, 100.0, 0.0, -1.0])
    assert np.isnan(ratios).all()
    assert np.isnan(units_above(ratios, [[80.0]] * 4, [[120.0]] * 4)).all()


def test_no_ratio_goes_beyond_what_a_back_test_can_say():
    assert critical_ratio([1e9], [1.0]).tolist() == [HIGHEST_RATIO]


def test_the_quantile_is_read_off_the_published_band():
    """Forecast 900; 90 of 100 months stay below 964, 97.5 below 998.

    0.9 and 0.975 give the edges; 0.7391658 is half as many standard deviations as 0.9; 0.95 lies at 1.645, which is
    (1.645 − 1.282) / (1.960 − 1.282) = 0.5355 of the way from 64 to 98.
    """
    found = units_above([0.9, 0.975, 0.7391658154, 0.95], [[64.0]] * 4, [[98.0]] * 4).ravel()
    assert found.tolist() == pytest.approx([64.0, 98.0, 32.0, 64.0 + 0.5355 * 34.0], abs=0.01)


def test_beyond_the_band_it_grows_with_the_normal_quantile():
    far = NormalDist().inv_cdf(0.99) / NormalDist().inv_cdf(0.975)
    assert units_above([0.99], [[64.0]], [[98.0]])[0, 0] == pytest.approx(98 * far)


@given(MONEY, MONEY, MONEY, st.floats(0, 1e5), st.floats(0, 1e5))
def test_the_dearer_spare_unit_is_never_prepared_further(short, idle, hold, near, more):
    ratios = critical_ratio([short, short], [max(idle, hold), min(idle, hold)])
    dear, cheap = units_above(ratios, [[near]] * 2, [[near + more]] * 2).ravel()
    assert 0 <= dear <= cheap + 1e-9
