"""Take rates of a series: learnt from the last months, as planned with what people typed, and as sold since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demand.measures import ACTUAL, BASELINE
from demand.models import TakeRate
from demand.selectors.sources import load_lifecycle
from engine.take_rates import TypedRates, bend_mix, learn_mix
from masterdata.models import Product
from plans.choices import AxisKind
from plans.cubes import Axis, Cube
from plans.hierarchy import Hierarchy, load_hierarchy
from plans.selectors import HeadRef, load_measure

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LEARN_MONTHS = 6
SERIES_LEVEL = "series"
_PARTS = 1_000_000  # a rate as a whole number: millionths
_LARGEST_BASE = 10**9


@dataclass(frozen=True)
class Attribute:
    """One attribute of a series: its values, each variant's value [variants], typed shares (NaN where none is)."""

    key: str
    values: tuple[str, ...]
    groups: Ints
    typed: Floats

    def shares(self, mix: Floats) -> Floats:
        """Share of each value [values] in a mix of variants."""
        return np.bincount(self.groups, mix, minlength=len(self.values)).astype(np.float64)


@dataclass(frozen=True)
class SeriesMix:
    """The variants (leaf products) of a series. ``learnt`` and ``planned`` : share of each variant, sum 1.

    ``sold`` : int64 [variants, months], units of the months before ``end_month`` that were learnt from.
    """

    product: int
    variants: Ints
    sold: Ints
    learnt: Floats
    planned: Floats
    attributes: tuple[Attribute, ...]


def find_series(hierarchy: Hierarchy, variants: Ints) -> dict[int, int]:
    """Leaf product → the node its rates belong to.

    The nearest one above with typed rates, else the nearest of the level “series”, else its parent.
    """
    typed = set(TakeRate.objects.values_list("product", flat=True))
    tree, found = hierarchy.products, {}
    for variant in variants.tolist():
        position = tree.position_of(variant)
        path = [int(p) for p in dict.fromkeys(tree.paths[position].tolist()) if p < len(tree.ids) and p != position]
        above = [int(tree.ids[p]) for p in reversed(path)]
        if not above:
            continue
        chosen = next((node for node in above if node in typed), None)
        levelled = next((node for node in above if tree.level_of(node) == SERIES_LEVEL), None)
        found[variant] = chosen or levelled or above[0]
    return found


def load_mixes(
    actual: Cube,
    hierarchy: Hierarchy,
    *,
    end_month: int,
    series: Sequence[int] | None = None,
    months: int = LEARN_MONTHS,
) -> list[SeriesMix]:
    """The mix of every series (or of some), learnt from the last ``months`` before ``end_month``."""
    leaves = hierarchy.products.leaves_under(None)
    members: dict[int, list[int]] = defaultdict(list)
    for variant, node in find_series(hierarchy, leaves).items():
        if series is None or node in series:
            members[node].append(variant)
    wanted = np.array(sorted(v for group in members.values() for v in group), dtype=np.int64)
    sold = _sold_by_product(actual, wanted, range(end_month - months, end_month))
    attributes = dict(Product.objects.filter(pk__in=wanted.tolist()).values_list("pk", "attributes"))
    typed: dict[int, dict[tuple[str, str], float]] = defaultdict(dict)
    for product, key, value, share in TakeRate.objects.values_list("product", "attribute", "value", "share"):
        typed[product][key, value] = share
    return [
        _to_mix(node, np.array(group, dtype=np.int64), sold[np.searchsorted(wanted, group)], attributes, typed[node])
        for node, group in sorted(members.items())
    ]


def _sold_by_product(actual: Cube, products: Ints, months: range) -> Ints:
    cube = actual.window(months.start, len(months))
    at = np.searchsorted(products, cube.axis.keys[:, 0])
    inside = (
        (at < len(products)) & (products[np.minimum(at, len(products) - 1)] == cube.axis.keys[:, 0])
        if len(products)
        else np.zeros(len(cube.axis), bool)
    )
    sold = np.zeros((len(products), len(months)), dtype=np.int64)
    np.add.at(sold, at[inside], np.maximum(cube.values[inside], 0))
    return sold


def _to_mix(
    node: int,
    variants: Ints,
    sold: Ints,
    attributes: Mapping[int, Mapping[str, str]],
    typed: Mapping[tuple[str, str], float],
) -> SeriesMix:
    keys = sorted({key for variant in variants.tolist() for key in attributes.get(variant, {})})
    told = []
    for key in keys:
        names = [str(attributes.get(variant, {}).get(key, "")) for variant in variants.tolist()]
        values = tuple(sorted(set(names)))
        if len(values) > 1:
            groups = np.array([values.index(name) for name in names], dtype=np.int64)
            told.append(Attribute(key, values, groups, np.array([typed.get((key, v), np.nan) for v in values])))
    learnt = learn_mix(sold.sum(axis=1))
    given = [TypedRates(a.groups, a.typed) for a in told if not np.isnan(a.typed).all()]
    return SeriesMix(node, variants, sold, learnt, bend_mix(learnt, given), tuple(told))


def weigh_by_take_rate(keys: Ints, months: range, history_end: int, heads: Mapping[str, HeadRef]) -> Ints:
    """Weights int64 [keys, months] of the spread rule “by take rate”.

    What the series is expected to sell at the org in the month (its baseline, else its last sales), times the planned
    share of the variant among those that are sold there and on sale in the month.
    """
    version_id = next(iter(heads.values())).version_id
    hierarchy = load_hierarchy()
    products, at = np.unique(keys[:, 0], return_inverse=True)
    series_of = find_series(hierarchy, products)
    actual = load_measure(version_id=version_id, measure=ACTUAL, heads=heads)
    mixes = load_mixes(actual, hierarchy, end_month=history_end, series=sorted(set(series_of.values())))
    rate = {int(v): share for mix in mixes for v, share in zip(mix.variants, mix.planned, strict=True)}
    rates = np.array([rate.get(int(p), 0.0) for p in products])[at]
    series = np.array([series_of.get(int(p), 0) for p in products], dtype=np.int64)[at]
    _pairs, groups = np.unique(np.column_stack([series, keys[:, 1]]), axis=0, return_inverse=True)
    base = _series_base(version_id, keys, months, history_end, heads, groups.ravel())
    on_sale = load_lifecycle(Axis(AxisKind.PRODUCT_ORG, keys)).is_sold(months.start, len(months))
    shares = np.where(on_sale, rates[:, None], 0.0)
    whole = np.zeros((int(groups.max(initial=-1)) + 1, len(months)))
    np.add.at(whole, groups.ravel(), shares)
    parts = np.divide(shares, whole[groups.ravel()], out=np.zeros_like(shares), where=shares > 0)
    return base * np.rint(parts * _PARTS).astype(np.int64)


def _series_base(
    version_id: int, keys: Ints, months: range, history_end: int, heads: Mapping[str, HeadRef], groups: Ints
) -> Ints:
    """What each row's series sells at its org, int64 [keys, months], small enough to multiply."""
    cube = load_measure(version_id=version_id, measure=BASELINE, keys=keys, months=months, heads=heads)
    past = range(history_end - 12, history_end)
    sold = load_measure(version_id=version_id, measure=ACTUAL, keys=keys, months=past, heads=heads)
    count = int(groups.max(initial=-1)) + 1
    base = np.zeros((count, len(months)), dtype=np.int64)
    np.add.at(base, groups, np.maximum(cube.values, 0))
    usual = np.zeros(count, dtype=np.int64)
    np.add.at(usual, groups, np.maximum(sold.values, 0).sum(axis=1))
    empty = ~base.any(axis=0)
    base[:, empty] = usual[:, None]
    base[:, ~base.any(axis=0)] = 1
    divisor = max(1, int(base.max(initial=0)) // _LARGEST_BASE)
    return base[groups] // divisor
