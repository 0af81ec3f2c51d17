"""Take rates: the learnt mix, bent to typed shares."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from engine.take_rates import TypedRates, bend_mix, learn_mix

NAN = np.nan
CONFIG = np.array([0, 0, 1, 1])  # two configurations in two colours
COLOUR = np.array([0, 1, 0, 1])


def test_the_learnt_mix_is_what_was_sold():
    assert learn_mix(np.array([30, 10, 40, 20])).tolist() == [0.3, 0.1, 0.4, 0.2]
    assert learn_mix(np.array([0, 0])).tolist() == [0.5, 0.5]


def test_a_typed_configuration_share_keeps_the_colours_within_it():
    bent = bend_mix(np.array([0.3, 0.1, 0.4, 0.2]), [TypedRates(CONFIG, np.array([0.6, 0.4]))])
    assert bent == pytest.approx([0.45, 0.15, 0.4 * 4 / 6, 0.4 * 2 / 6])


def test_one_typed_value_leaves_the_rest_to_the_others_as_learnt():
    groups = np.array([0, 1, 2])
    bent = bend_mix(np.array([0.2, 0.6, 0.2]), [TypedRates(groups, np.array([0.5, NAN, NAN]))])
    assert bent == pytest.approx([0.5, 0.375, 0.125])


def test_a_variant_nobody_ordered_yet_gets_the_typed_share():
    bent = bend_mix(np.array([0.5, 0.5, 0.0]), [TypedRates(np.array([0, 1, 2]), np.array([NAN, NAN, 0.1]))])
    assert bent == pytest.approx([0.45, 0.45, 0.1])


def test_without_typed_rates_the_mix_stays():
    mix = np.array([0.25, 0.75])
    assert bend_mix(mix, []) is mix


def test_a_negative_rate_is_refused():
    with pytest.raises(ValueError, match="not negative"):
        bend_mix(np.array([0.5, 0.5]), [TypedRates(np.array([0, 1]), np.array([-0.1, NAN]))])


@given(
    sold=arrays(np.int64, 4, elements=st.integers(1, 100)),
    config=st.floats(0.05, 0.95),
    colour=st.floats(0.05, 0.95),
)
def test_both_lists_of_typed_shares_are_met(sold, config, colour):
    typed = [TypedRates(CONFIG, np.array([config, 1 - config])), TypedRates(COLOUR, np.array([colour, 1 - colour]))]
    bent = bend_mix(learn_mix(sold), typed)
    assert bent.sum() == pytest.approx(1)
    assert bent[CONFIG == 0].sum() == pytest.approx(config, abs=1e-4)
    assert bent[COLOUR == 0].sum() == pytest.approx(colour, abs=1e-4)
