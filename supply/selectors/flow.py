"""Stock in and out by product, site and month: of the balanced plan, or rolled forward before there is one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from accounts.models import Scope
from core.months import first_day
from plans.cubes import Cube
from plans.hierarchy import load_hierarchy
from plans.selectors import get_last_approved, get_version, load_measure, load_measures
from supply import measures as m
from supply.selectors.horizon import plan_months
from supply.selectors.opening import load_opening
from supply.selectors.runs import get_latest_run

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FAMILY_LEVELS = ("series", "family")


@dataclass(frozen=True, eq=False)
class StockFlow:
    """Units of products, in whole units.

    Parameters
    ----------
    keys : int64 [n, 2], product and site ids.
    initial : float [n] ; inflow, outflow, end : float [n, T].
    products : int64 [p], ids sorted; demand, served : float [p, T] of each.
    consensus : the demand [product, org] they come from.
    is_balanced : false when there is no balance yet: then what the last approved plan makes meets this month's demand.
    """

    version_id: int
    months: range
    keys: Ints
    initial: Floats
    inflow: Floats
    outflow: Floats
    end: Floats
    products: Ints
    demand: Floats
    served: Floats
    consensus: Cube
    is_balanced: bool

    @cached_property
    def days(self) -> Floats:
        """[T] calendar days of the months."""
        return np.array([(first_day(month + 1) - first_day(month)).days for month in self.months], dtype=float)

    @cached_property
    def place(self) -> Ints:
        """[n] row of ``products`` of each key."""
        return np.searchsorted(self.products, self.keys[:, 0])

    def by_product(self, values: Floats) -> Floats:
        """[n, …] by key → [p, …] by product."""
        sums = np.zeros((len(self.products), *values.shape[1:]))
        np.add.at(sums, self.place, values)
        return sums


def load_flow(version_id: int, scope: Scope) -> StockFlow:
    """Where the finished stock of a plan comes from and goes, for the products the scope shows."""
    months = plan_months(get_version(version_id))
    measures = [m.CONSENSUS, m.CONSTRAINED, m.STOCK_END, m.PRODUCTION, m.OUTSOURCED]
    cubes = load_measures(version_id=version_id, measures=measures, months=months)
    seen = _seen(scope)
    cubes = {code: _only(cube, seen) for code, cube in cubes.items()}
    lots = {key: units for key, units in _lots(months.start).items() if seen is None or key[0] in seen}
    is_balanced = get_latest_run(version_id) is not None
    if is_balanced:
        made: dict[tuple[int, int], Floats] = _rows(cubes[m.PRODUCTION])
        for key, units in _rows(cubes[m.OUTSOURCED]).items():
            made[key] = made[key] + units if key in made else units
    else:
        made = _approved_make(months, seen)
    stock = _rows(cubes[m.STOCK_END]) if is_balanced else {}
    products, demand = _sums(cubes[m.CONSENSUS], {product for product, _site in (*lots, *made, *stock)})
    keys = np.array(sorted({*lots, *made, *stock}), dtype=np.int64).reshape(-1, 2)
    nothing = np.zeros(len(months))
    pairs = [(product, site) for product, site in keys.tolist()]
    initial = np.array([lots.get(key, 0.0) for key in pairs], dtype=np.float64)
    inflow = np.array([made.get(key, nothing) for key in pairs]).reshape(-1, len(months))
    if is_balanced:
        still = np.repeat(initial[:, None], len(months), axis=1)
        end = np.array([stock.get(key, still[row]) for row, key in enumerate(pairs)]).reshape(-1, len(months))
        served = _sums(cubes[m.CONSTRAINED], set(products.tolist()))[1]
    else:
        end, served = _roll(keys, initial, inflow, products, demand)
    before = np.concatenate([initial[:, None], end[:, :-1]], axis=1)
    return StockFlow(
        version_id=version_id,
        months=months,
        keys=keys,
        initial=initial,
        inflow=inflow,
        outflow=np.maximum(before + inflow - end, 0.0),
        end=end,
        products=products,
        demand=demand,
        served=served,
        consensus=cubes[m.CONSENSUS],
        is_balanced=is_balanced,
    )


def _seen(scope: Scope) -> set[int] | None:
    if scope.products is None:
        return None
    tree = load_hierarchy().products
    return set(tree.ids[tree.seen_by(scope.products)].tolist())


def _only(cube: Cube, seen: set[int] | None) -> Cube:
    return cube if seen is None else cube.take(np.flatnonzero(np.isin(cube.axis.keys[:, 0], sorted(seen))))


def _lots(month: int) -> dict[tuple[int, int], float]:
    found: dict[tuple[int, int], float] = defaultdict(float)
    for lot in load_opening(month).lots:
        if lot.product_id is not None:
            found[lot.product_id, lot.site_id] += float(lot.quantity)
    return found


def _rows(cube: Cube) -> dict[tuple[int, int], Floats]:
    return {tuple(key): row for key, row in zip(cube.axis.keys.tolist(), cube.to_float(), strict=True)}


def _sums(cube: Cube, also: set[int]) -> tuple[Ints, Floats]:
    """Product ids and [p, T] sums over orgs; products of ``also`` are there even when nothing is asked for."""
    products = np.array(sorted({*cube.axis.keys[:, 0].tolist(), *also}), dtype=np.int64)
    sums = np.zeros((len(products), cube.ncols))
    np.add.at(sums, np.searchsorted(products, cube.axis.keys[:, 0]), cube.to_float())
    return products, sums


def _approved_make(months: range, seen: set[int] | None) -> dict[tuple[int, int], Floats]:
    """What the last approved plan makes in these months; nothing beyond its horizon."""
    last = get_last_approved(before_month=months.start)
    if last is None:
        return {}
    return _rows(_only(load_measure(version_id=last.pk, measure=m.PRODUCTION, months=months), seen))


def _roll(keys: Ints, initial: Floats, inflow: Floats, products: Ints, demand: Floats) -> tuple[Floats, Floats]:
    """Stock [n, T] and served demand [p, T] when each product's sites deliver in proportion to what they have."""
    place = np.searchsorted(products, keys[:, 0])
    end, served = np.zeros_like(inflow), np.zeros_like(demand)
    stock = initial.copy()
    for month in range(inflow.shape[1]):
        there = stock + inflow[:, month]
        total = np.bincount(place, weights=there, minlength=len(products))
        served[:, month] = np.minimum(total, demand[:, month])
        share = np.divide(served[:, month], total, out=np.zeros(len(products)), where=total > 0)
        stock = there * (1 - share[place])
        end[:, month] = stock
    return end, served


def families_of(product_ids: Ints) -> dict[int, int]:
    """Product id → id of its series or family: the nearest node above of such a level, else its parent, else itself."""
    tree = load_hierarchy().products
    above = dict(zip(tree.ids.tolist(), tree.parents.tolist(), strict=True))
    level = dict(zip(tree.ids.tolist(), tree.levels, strict=True))
    found = {}
    for product in product_ids.tolist():
        node = above.get(product, 0)
        while node and level[node] not in FAMILY_LEVELS:
            node = above[node]
        found[product] = node or above.get(product, 0) or product
    return found
