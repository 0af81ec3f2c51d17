"""Safety stock from summed errors: independent errors grow with √L, persistent ones with L."""

import numpy as np
import pytest

from engine.forecasting.lead_time import cumulative_quantiles, error_size, learn_table

Z95 = 1.6449


def stock(errors, months, level=0.95):
    n = len(errors)
    return cumulative_quantiles(errors, np.ones(n), np.full(n, months), np.full(n, level))


@pytest.fixture(scope="module")
def independent():
    return np.random.default_rng(0).normal(0, 1, (2000, 5, 6))


@pytest.mark.parametrize(
    ("months", "expected"), [(1, 1.0), (4, 2.0), (6, np.sqrt(6)), (0.25, 0.5), (24, np.sqrt(24)), (0, 0)]
)
def test_independent_errors(independent, months, expected):
    np.testing.assert_allclose(stock(independent, months), Z95 * expected, rtol=0.05)


def test_persistent_errors_need_more_than_the_root():
    errors = np.repeat(np.random.default_rng(1).normal(0, 1, (2000, 5, 1)), 6, axis=2)
    np.testing.assert_allclose(stock(errors, 4), Z95 * 4, rtol=0.05)
    np.testing.assert_allclose(stock(errors, 2.5), Z95 * 2.5, rtol=0.05)


def test_stock_follows_the_size_of_each_series(independent):
    small, large = (
        cumulative_quantiles(independent[:2], np.array([1.0, 7.0]), np.array([1.0, 1.0]), np.array([0.5, 0.5])),
        cumulative_quantiles(independent, np.arange(2000.0), np.ones(2000), np.full(2000, 0.9)),
    )
    assert small.tolist() == [0.0, 0.0]  # ten sums are too few to read a quantile from
    assert large[1000] == pytest.approx(1000 * large[1])


def test_a_forecast_that_is_always_too_high_needs_no_stock():
    assert (stock(np.full((50, 5, 3), -2.0), 3) == 0).all()


def test_error_size_is_between_own_errors_and_scale():
    errors = np.full((3, 1, 2), np.nan)
    errors[0] = [[4.0, -4.0]]
    errors[1] = 4.0
    sizes = error_size(errors, np.array([1.0, np.nan, 9.0]))
    assert sizes.tolist() == [2.0, 4.0, 9.0]


def table_of(errors, classes=None, size=None, months=6):
    n = len(errors)
    kinds = np.zeros(n, np.int8) if classes is None else np.asarray(classes, np.int8)
    return learn_table(errors, np.ones(n) if size is None else size, kinds, np.full(n, 1.2816), months)


class TestTable:
    @pytest.mark.parametrize(("months", "expected"), [(1, 1.0), (4, 2.0), (6, np.sqrt(6)), (24, np.sqrt(24))])
    def test_it_reads_what_the_sums_say(self, independent, months, expected):
        read = table_of(independent).read(months, 0.95)
        np.testing.assert_allclose(read, stock(independent, months), rtol=1e-5)
        np.testing.assert_allclose(read, Z95 * expected, rtol=0.05)

    def test_between_kept_levels_it_follows_the_normal_curve(self, independent):
        np.testing.assert_allclose(table_of(independent).read(1, 0.955), 1.6954, rtol=0.05)

    def test_classes_have_quantiles_of_their_own(self, independent):
        lumpy = 5 * independent[:200]
        both = np.concatenate([independent, lumpy])
        read = table_of(both, classes=[0] * 2000 + [1] * 200).read(1, 0.95)
        assert read[0] == pytest.approx(Z95, rel=0.05)
        assert read[-1] == pytest.approx(5 * Z95, rel=0.15)

    def test_without_a_backtest_the_band_speaks_and_months_go_wrong_together(self, independent):
        errors = np.concatenate([independent, np.full((1, 5, 6), np.nan)])
        assert table_of(errors).read(4, 0.95)[-1] == pytest.approx(4 * Z95, rel=1e-3)
        assert table_of(np.full((3, 5, 6), np.nan)).read(1, 0.9) == pytest.approx([1.2816] * 3, rel=1e-3)

    def test_a_class_with_too_few_sums_takes_those_of_all(self, independent):
        read = table_of(independent, classes=[0] * 1999 + [1]).read(3, 0.95)
        assert read[-1] == pytest.approx(read[0], rel=1e-3)

    @pytest.mark.parametrize(("months", "level"), [(0, 0.9), (1, 0.0), (1, 1.0)])
    def test_nonsense_is_refused(self, independent, months, level):
        with pytest.raises(ValueError, match="no quantile"):
            table_of(independent).read(months, level)

    def test_no_series_at_all(self):
        assert table_of(np.zeros((0, 5, 6))).read(2, 0.9).shape == (0,)
