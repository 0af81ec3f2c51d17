"""What a spread needs to know: the leaves under a node and how much each counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from plans.choices import SpreadRule
from plans.cubes import Cube, Ints
from plans.hierarchy import Hierarchy, Node
from plans.selectors.heads import HeadRef
from plans.selectors.state import load_measure, load_measure_state

BASIS_MEASURES = ("baseline", "actual")
HISTORY_MONTHS = 12

# (keys, months, first month of the plan, heads) → int64 [keys, months], not negative
Weigher = Callable[[Ints, range, int, Mapping[str, HeadRef]], Ints]
_WEIGHERS: dict[str, Weigher] = {}


def register_weights(rule: str, weigher: Weigher) -> None:
    """Let a room above say by which shares a rule splits; it may read the heads of ``BASIS_MEASURES``."""
    _WEIGHERS[rule] = weigher


def list_spread_keys(
    *, measure: str, product: Node, org: Node, hierarchy: Hierarchy, heads: Mapping[str, HeadRef]
) -> Ints:
    """Leaf key pairs under two nodes that sell or are planned; every leaf pair when none is known yet."""
    known = []
    for code in (measure, *BASIS_MEASURES):
        state = load_measure_state(code, heads)
        axis = state.block.axis.union(state.tail.keys)
        known.append(axis.keys[hierarchy.leaf_rows(axis, product, org)])
    keys = np.unique(np.concatenate(known), axis=0)
    return keys if len(keys) else hierarchy.leaf_keys(product, org)


def load_weights(
    *, rule: str, keys: Ints, months: range, current: Cube, heads: Mapping[str, HeadRef], history_end: int
) -> Ints:
    """int64 [keys, months], not negative: the shares by which a rule splits."""
    if rule in _WEIGHERS:
        return _WEIGHERS[rule](keys, months, history_end, heads)
    version_id = next(iter(heads.values())).version_id
    if rule == SpreadRule.CURRENT:
        return np.abs(current.values)
    if rule == SpreadRule.BASELINE:
        cube = load_measure(version_id=version_id, measure="baseline", keys=keys, months=months, heads=heads)
        return np.maximum(cube.values, 0)
    if rule == SpreadRule.HISTORY:
        past = range(history_end - HISTORY_MONTHS, history_end)
        cube = load_measure(version_id=version_id, measure="actual", keys=keys, months=past, heads=heads)
        sold = np.maximum(cube.values, 0).sum(axis=1)
        return np.repeat(sold[:, None], len(months), axis=1)
    return np.ones((len(keys), len(months)), np.int64)
