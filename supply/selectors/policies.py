"""Policies product by product: what holds, what forecast errors propose, what that binds, when it was reviewed."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cycles.models import Cycle
from demand.bands import join_widths
from demand.choices import FlexSource
from demand.selectors.correlation import load_error_correlation
from demand.selectors.flex import EDGES, load_flex_shares
from masterdata.choices import Fulfilment, InventoryStrategy
from masterdata.models import Lane, Policy, Product
from plans.hierarchy import load_hierarchy
from supply.models import PolicyReview
from supply.selectors.flow import StockFlow, families_of
from supply.selectors.values import UnitValues

Floats = NDArray[np.float64]
DAYS_PER_MONTH = 30.4375
WITHOUT_STOCK = (InventoryStrategy.NONE, InventoryStrategy.PARTS, InventoryStrategy.RUN_OUT)
REVIEW_MONTHS = 3  # a policy nobody looked at for so long is due
MATERIAL_DIFFERENCE = 1.0  # days between proposal and policy below which nothing is worth a change


@dataclass(frozen=True)
class PolicyRow:
    """One product's policy. Money in minor units; ``proposal`` in days, ``None`` where no forecast error is known.

    ``effect`` is the money the proposal binds more (or frees, negative). ``is_own`` is false while the product has no
    policy of its own and shows the standard one. ``flex_*``: per cent beyond the demand of the first month, as the plan
    published it; the source of each edge in words.
    """

    product: str
    label: str
    family: str
    policy: Policy
    is_own: bool
    daily_demand: float
    proposal: float | None
    proposal_units: float | None
    effect: int | None
    reviewed_on: dt.date | None
    reviewed_by: str
    is_due: bool
    flex_capacity: float
    flex_material: float
    flex_source: str

    @property
    def service_percent(self) -> float:
        """The service level in per cent."""
        return 100 * self.policy.service_level

    @property
    def current_units(self) -> float:
        """Units of the safety stock as it stands."""
        return self.policy.safety_stock_days * self.daily_demand


def list_policies(flow: StockFlow, values: UnitValues, *, version_id: int, cycle: Cycle) -> list[PolicyRow]:
    """Policies of the products of a plan: those due with the largest money effect first."""
    policies = {policy.product_id: policy for policy in Policy.objects.filter(site=None)}
    reviews: dict[int, PolicyReview] = {}
    for review in PolicyReview.objects.select_related("reviewer").order_by("pk"):
        reviews[review.policy_id] = review
    names = Product.objects.select_related("parent").in_bulk(flow.products.tolist())
    families = families_of(flow.products)
    family_names = Product.objects.in_bulk(set(families.values()))
    daily = flow.demand.sum(axis=1) / max(float(flow.days.sum()), 1.0)
    units = load_safety_units(flow, version_id=version_id, policies=policies)
    flex = load_flex_shares(
        version_id=version_id, hierarchy=load_hierarchy(), products=flow.products, months=flow.months
    )
    rows = []
    for row, product in enumerate(flow.products.tolist()):
        own = policies.get(product)
        policy = own or Policy(product=names[product])
        known = units[row] if daily[row] > 0 and not np.isnan(units[row]) else None
        if keeps_no_stock(policy):
            known = 0.0
        days = None if known is None else float(known) / float(daily[row]) if daily[row] > 0 else 0.0
        found = reviews.get(policy.pk) if policy.pk else None
        on = policy.reviewed_on
        rows.append(
            PolicyRow(
                product=names[product].code,
                label=names[product].label,
                family=family_names[families[product]].label,
                policy=policy,
                is_own=own is not None,
                daily_demand=float(daily[row]),
                proposal=days,
                proposal_units=None if known is None else float(known),
                effect=_effect(days, policy, float(daily[row]), values.cost.get(product, 0.0)),
                reviewed_on=on,
                reviewed_by=str(found.reviewer) if found and found.at.date() == on else "",
                is_due=_is_due(on, cycle),
                flex_capacity=float(flex.capacity[row, 0]),
                flex_material=float(flex.material[row, 0]),
                flex_source=" / ".join(str(FlexSource(flex.sources[edge][row]).label) for edge in EDGES),
            )
        )
    return sorted(rows, key=lambda row: (not row.is_due, -abs(row.effect or 0), row.product))


def keeps_no_stock(policy: Policy) -> bool:
    """Whether the strategies leave no room for a safety stock of finished goods."""
    return policy.fulfilment == Fulfilment.MTO or policy.inventory_strategy in WITHOUT_STOCK


def _effect(days: float | None, policy: Policy, daily: float, cost: float) -> int | None:
    return None if days is None else round((days - policy.safety_stock_days) * daily * cost)


def _is_due(reviewed_on: dt.date | None, cycle: Cycle) -> bool:
    """Reviewed within the last three cycles counts; the cycle's own month is month 0."""
    if reviewed_on is None:
        return True
    return cycle.month - (reviewed_on.year * 12 + reviewed_on.month - 1) > REVIEW_MONTHS


def load_safety_units(flow: StockFlow, *, version_id: int, policies: dict[int, Policy]) -> Floats:
    """[p] units that cover the forecast errors of the time until stock can be replaced, at each service level.

    That time is one month and the longest transport. Errors of a product's markets join with the correlation the
    back-test measured. NaN where nothing was forecast or the service level is no probability.
    """
    from demand.selectors.errors import load_cumulative_error  # brings numba: not at the start of a web process

    keys = flow.consensus.axis.keys
    place = np.searchsorted(flow.products, keys[:, 0])
    transport = max(Lane.objects.values_list("lead_time_days", flat=True), default=0)
    months = 1 + int(transport / DAYS_PER_MONTH + 0.5)
    standard = Policy().service_level
    level = np.array([_level(policies.get(product), standard) for product in keys[:, 0].tolist()])
    widths = np.full(len(keys), np.nan)
    for probability in np.unique(level[(level > 0) & (level < 1)]).tolist():
        rows = np.flatnonzero(level == probability)
        widths[rows] = load_cumulative_error(
            version_id=version_id, keys=keys[rows], months_ahead=months, level=probability
        )
    correlation = load_error_correlation(version_id)
    by_product: dict[int, list[float]] = defaultdict(list)
    for row, width in zip(place.tolist(), widths.tolist(), strict=True):
        if not np.isnan(width):
            by_product[row].append(width)
    found = np.full(len(flow.products), np.nan)
    for row, own in by_product.items():
        found[row] = float(join_widths(np.array(own)[:, None], correlation)[0])
    return found


def _level(policy: Policy | None, standard: float) -> float:
    return standard if policy is None else policy.service_level


def list_reviews(product: str, *, limit: int = 10) -> list[PolicyReview]:
    """The last reviews of a product's policy, newest first."""
    rows = PolicyReview.objects.filter(policy__product__code=product, policy__site=None)
    return list(rows.select_related("reviewer", "cycle")[:limit])


def count_due(cycle: Cycle) -> tuple[int, int]:
    """(Policies due for review, policies) of the products that carry plan cells."""
    tree = load_hierarchy().products
    leaves = tree.ids[tree.is_leaf].tolist()
    reviewed = dict(Policy.objects.filter(site=None).values_list("product_id", "reviewed_on"))
    return sum(_is_due(reviewed.get(product), cycle) for product in leaves), len(leaves)
