"""Where the closed month came out differently from its forecast, by money, and the root causes people gave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.months import format_month
from cycles.models import Cycle
from demand.follow_ups import FollowUp
from demand.measures import CONSENSUS
from demand.models import RootCause
from demand.selectors.accuracy import find_forecast_plan, keep_review
from demand.selectors.frame import load_actual
from demand.selectors.place import Place
from engine.money import RATE_DIGITS
from masterdata.models import Company, Org, Product
from masterdata.prices import load_price_rates
from masterdata.selectors import get_company, get_money_mark
from plans.choices import AxisKind
from plans.cubes import Axis, pack_keys
from plans.hierarchy import Hierarchy, Tree
from plans.selectors import load_measure

Ints = NDArray[np.int64]

PRODUCT_DEPTH, ORG_DEPTH = 3, 2  # model × region in a tree company → family → series → model, company → region


@dataclass(frozen=True)
class DeviationPlace:
    """Where a closed month differed: a product and an org of any level."""

    product: Product
    org: Org
    month: int


@dataclass(frozen=True)
class Deviation:
    """One product × org in the closed month. Quantities in smallest units, ``revenue`` at stake in minor units ≥ 0."""

    product: Product
    org: Org
    month: int
    forecast: int
    actual: int
    revenue: int
    root: RootCause | None
    actions: tuple[FollowUp, ...] = ()

    @property
    def month_code(self) -> str:
        return format_month(self.month)

    @property
    def units(self) -> int:
        """Actual − forecast: more was sold than forecast when positive."""
        return self.actual - self.forecast

    @property
    def share(self) -> float | None:
        """Of the forecast, in per cent; ``None`` when nothing was forecast."""
        return 100 * self.units / self.forecast if self.forecast else None


def load_deviations(*, cycle: Cycle, place: Place, lag: int = 1) -> list[Deviation]:
    """Deviations of the month before the cycle under a place, the most revenue first; empty when it was not forecast.

    Leaves are summed to model × region, or to the deepest level above the leaves the company has.
    """
    month = cycle.month - 1
    plan = find_forecast_plan(month=month, lag=lag)
    if plan is None:
        return []
    groups, sums = keep_review(
        ("deviations", lag),
        cycle=cycle,
        place=place,
        lags=[lag],
        make=lambda: _sum_deviations(plan, month, place),
        marks=get_money_mark(),
    )
    return _rows(groups, sums, month, rate_to_minor=_minor(get_company()))


def _sum_deviations(plan: int, month: int, place: Place) -> tuple[Ints, Ints]:
    """[n, 2] model and region, and [n, 3] forecast, sold and the difference at the month's prices."""
    actual = load_actual()
    axis = load_measure(version_id=plan, measure=CONSENSUS).axis.union(actual.axis.keys)
    axis = Axis(AxisKind.PRODUCT_ORG, axis.keys[place.rows(axis)])
    forecast = load_measure(version_id=plan, measure=CONSENSUS, keys=axis.keys, months=range(month, month + 1))
    came = actual.align(axis).window(month, 1).values[:, 0]
    said = forecast.values[:, 0]
    rates = load_price_rates(axis.keys, range(month, month + 1), company=get_company())[:, 0]
    groups, at = group_pairs(review_nodes(place.hierarchy, axis.keys))
    sums = np.zeros((len(groups), 3), dtype=np.int64)
    np.add.at(sums, at, np.column_stack([said, came, (came - said) * rates]))
    return groups, sums


def group_pairs(nodes: Ints) -> tuple[Ints, Ints]:
    """The different pairs of ``nodes`` [n, 2], sorted, and for each row which of them it is."""
    packed, at = np.unique(pack_keys(nodes), return_inverse=True)
    return np.column_stack([packed >> 32, packed & 0xFFFFFFFF]), at.ravel()


def review_nodes(hierarchy: Hierarchy, keys: Ints) -> Ints:
    """[n, 2] the model and the region a review speaks about for each leaf pair."""
    return np.column_stack(
        [
            _ancestors(hierarchy.products, keys[:, 0], PRODUCT_DEPTH),
            _ancestors(hierarchy.orgs, keys[:, 1], ORG_DEPTH),
        ]
    )


def _minor(company: Company) -> float:
    """Minor currency units per (smallest quantity unit × price rate)."""
    return float(10.0 ** (company.currency_decimals - company.quantity_decimals - RATE_DIGITS))


def _ancestors(tree: Tree, ids: Ints, depth: int) -> Ints:
    """The ancestor of each leaf at a depth, or its parent when the tree is not that deep; the root only for itself."""
    positions = tree.positions(ids)
    depths = tree.depths[positions]
    deepest = np.minimum(np.maximum(depths - 1, np.minimum(depths, 2)), depth)
    return tree.ids[tree.paths[positions, deepest]]


def _rows(groups: Ints, sums: Ints, month: int, *, rate_to_minor: float) -> list[Deviation]:
    products = Product.objects.in_bulk(np.unique(groups[:, 0]).tolist())
    orgs = Org.objects.in_bulk(np.unique(groups[:, 1]).tolist())
    roots = {(row.product_id, row.org_id): row for row in _roots(month)}
    found = [
        Deviation(
            product=products[product],
            org=orgs[org],
            month=month,
            forecast=forecast,
            actual=came,
            revenue=round(abs(money) * rate_to_minor),
            root=roots.get((product, org)),
        )
        for (product, org), (forecast, came, money) in zip(groups.tolist(), sums.tolist(), strict=True)
        if forecast != came
    ]
    return sorted(found, key=lambda row: (-row.revenue, -abs(row.units), row.product.code, row.org.code))


def _roots(month: int) -> list[RootCause]:
    return list(RootCause.objects.filter(month=month).select_related("author", "product", "org"))
