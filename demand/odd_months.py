"""Odd months of the series below a place: what the forecast replaced, what it asks about, what people decided."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from accounts.models import User
from accounts.policies import can
from demand.models import OutlierDecision
from demand.selectors.place import Place
from demand.services.node_forecast import NodeHistory
from engine.forecasting import Outlier, SeriesSet
from engine.forecasting.profile import Rhythm, profile_series
from engine.money import RATE_DIGITS
from masterdata.models import Org, Product
from masterdata.prices import load_price_rates
from masterdata.selectors import get_company
from plans.choices import AxisKind
from plans.cubes import Axis

MOST_SHOWN = 12
MOST_SEARCHED = 5000  # series; a fifth of a second
# A jump of the last months may be a step: somebody must say, whether the forecast took it or not.
SUSPECT, ASKED, REPLACED, DECIDED = "suspect", "asked", "replaced", "decided"
ASKED_MONTHS = 2
_RANK = {SUSPECT: 0, ASKED: 0, REPLACED: 1, DECIDED: 2}


@dataclass(frozen=True)
class OddMonth:
    """A month of one series: what was sold, and the usual that stands, or would stand, in its place.

    ``units`` and ``money`` are what the usual takes away or adds, ``money`` in minor currency units.
    """

    product: str
    product_label: str
    org: str
    org_label: str
    month: int
    state: str
    sold: float
    usual: float
    units: float
    money: float
    verdict: str
    reason: str
    author: str


@dataclass(frozen=True)
class OddMonths:
    """The first of ``count`` in all, those asked about first, then the most money; ``may_decide`` here."""

    rows: list[OddMonth]
    count: int
    may_decide: bool


def list_odd_months(*, node: NodeHistory, place: Place, user: User) -> OddMonths:
    """Odd months of the series below a place, as the next forecast will see them; of very many, in the largest."""
    from engine.forecasting.review import find_outliers  # brings numba: not into every web process

    if len(node.leaves) > MOST_SEARCHED:
        largest = np.sort(np.argsort(-np.nansum(node.leaves.values, axis=1), kind="stable")[:MOST_SEARCHED])
        node = replace(node, keys=node.keys[largest], leaves=node.leaves.take(largest))
    cleansed, flags = find_outliers(node.leaves)
    usual = np.where(flags == Outlier.SUSPECT, _if_left_out(node, flags), cleansed)
    sold = _sold(node)
    decisions = _decisions(node)
    cells = _states(flags) | {cell: str(DECIDED) for cell in decisions}
    prices = _prices(node)
    size = {cell: abs(float(sold[cell] - usual[cell])) * max(prices[cell[0]], 1.0) for cell in cells}
    ranked = sorted(cells, key=lambda cell: (_RANK[cells[cell]], -size[cell], cell))
    shown = ranked[:MOST_SHOWN]
    products = Product.objects.in_bulk([int(node.keys[row, 0]) for row, _column in shown])
    orgs = Org.objects.in_bulk([int(node.keys[row, 1]) for row, _column in shown])
    rows = []
    for cell in shown:
        product, org = products[int(node.keys[cell[0], 0])], orgs[int(node.keys[cell[0], 1])]
        decision = decisions.get(cell)
        units = float(usual[cell] - sold[cell])
        rows.append(
            OddMonth(
                product=product.code,
                product_label=product.label,
                org=org.code,
                org_label=org.label,
                month=node.months.start + cell[1],
                state=cells[cell],
                sold=float(sold[cell]),
                usual=float(usual[cell]),
                units=units,
                money=units * prices[cell[0]],
                verdict=decision.verdict if decision else "",
                reason=decision.reason if decision else "",
                author=str(decision.author) if decision else "",
            )
        )
    return OddMonths(rows, len(cells), can(user, "forecast.run"))


def _states(flags: np.ndarray) -> dict[tuple[int, int], str]:
    """(row, column) → what the forecast did with the month, and whether it asks."""
    late = flags.shape[1] - ASKED_MONTHS
    found = {}
    for row, column in np.argwhere(flags != Outlier.NONE).tolist():
        if flags[row, column] == Outlier.SUSPECT:
            found[row, column] = SUSPECT
        else:
            found[row, column] = ASKED if column >= late else REPLACED
    return found


def _if_left_out(node: NodeHistory, flags: np.ndarray) -> np.ndarray:
    """What would stand in the months the forecast asks about, were they declared not to come back."""
    values = np.where(flags == Outlier.SUSPECT, np.nan, node.leaves.values)
    without = SeriesSet(node.leaves.keys, values, node.leaves.first_month)
    filled: np.ndarray = profile_series(without, Rhythm(12)).filled
    return filled


def _sold(node: NodeHistory) -> np.ndarray:
    """What was really sold, also where a person's word has made a gap of it."""
    actual = node.plan.frame.actual
    axis = Axis.of(AxisKind.PRODUCT_ORG, node.keys)
    really = actual.align(axis).window(node.months.start, len(node.months)).to_float()[axis.rows_of(node.keys)]
    return np.where(np.isnan(node.leaves.values), really, node.leaves.values)


def _decisions(node: NodeHistory) -> dict[tuple[int, int], OutlierDecision]:
    row_of = {(int(product), int(org)): row for row, (product, org) in enumerate(node.keys.tolist())}
    found = OutlierDecision.objects.select_related("author").filter(month__in=list(node.months))
    return {
        (row_of[d.product_id, d.org_id], d.month - node.months.start): d
        for d in found
        if (d.product_id, d.org_id) in row_of
    }


def _prices(node: NodeHistory) -> np.ndarray:
    """Price of a unit of each series in the first planned month, in minor currency units."""
    company, month = get_company(), node.plan.frame.first_month
    axis = Axis.of(AxisKind.PRODUCT_ORG, node.keys)
    rates = load_price_rates(axis.keys, range(month, month + 1), company=company)[axis.rows_of(node.keys), 0]
    return rates.astype(float) * 10.0 ** (company.currency_decimals - RATE_DIGITS)
