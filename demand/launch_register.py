"""Launches and phase-outs as the page of activities shows them, and what its dialogs offer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from accounts.models import Scope, User
from accounts.policies import can
from accounts.selectors import get_scope
from core.errors import AppError
from cycles.models import Cycle
from demand.launching import LaunchCurve, try_launch
from demand.models import Launch
from demand.selectors.activities import PlanBase
from demand.selectors.launches import (
    find_launch_month,
    list_launches,
    list_new_products,
    list_phase_outs,
    load_node_histories,
)
from demand.selectors.place import Place
from masterdata.models import Org, Product
from plans.hierarchy import Hierarchy, Tree, load_hierarchy

FIRST_YEAR = 12
MOST_OPTIONS = 400


@dataclass(frozen=True)
class LaunchRow:
    """A product that is new: planned by analogues or not yet. Units and money of its first twelve months."""

    code: str
    label: str
    first_month: int | None
    analogues: list[str]
    units: float | None
    money: float | None
    sold_months: int
    is_planned: bool
    may_edit: bool
    analogue_codes: list[str] = field(default_factory=list)
    org: str = ""
    org_label: str = ""
    scale: float = 1.0
    owner: str = ""
    note: str = ""


def build_launches(user: User, cycle: Cycle, version_id: int | None = None) -> list[LaunchRow]:
    """Launches planned and to be planned, the most money first, those without a plan at the end.

    Prices are those of the cycle's plan, or of the scenario named.
    """
    scope = get_scope(user)
    hierarchy = load_hierarchy()
    histories = load_node_histories(cycle=cycle, place=Place(hierarchy, scope, None, None))
    planned = {launch.product_id: launch for launch in list_launches(scope, hierarchy)}
    new = list_new_products(cycle=cycle, scope=scope, histories=histories)
    products = Product.objects.in_bulk([*planned, *new])
    base = PlanBase(cycle, scope, hierarchy, version_id)
    edits = can(user, "activity.edit")
    rows = []
    for node, product in products.items():
        launch = planned.get(node)
        where = Place(hierarchy, scope, node, launch.org_id if launch else None)
        curve = _curve(cycle, where, launch)
        price = base.at(node, None, cycle.month, None).mean_price
        rows.append(
            LaunchRow(
                code=product.code,
                label=product.label,
                sold_months=int((histories.of(node) > 0).sum()),
                units=curve.first_year if curve else None,
                money=curve.first_year * price if curve and price else None,
                may_edit=edits and hierarchy.is_in_scope(scope, node, where.org),
                **_said(product, launch),
            )
        )
    return sorted(rows, key=lambda row: (not row.is_planned, -(row.money or 0), row.code))


def _said(product: Product, launch: Launch | None) -> dict[str, Any]:
    """What the plan of a launch says; of a product without one, when it begins."""
    if launch is None:
        return {"first_month": find_launch_month(product), "analogues": [], "is_planned": False}
    return {
        "first_month": launch.first_month or find_launch_month(product),
        "analogues": _labels(launch.analogues),
        "analogue_codes": launch.analogues,
        "is_planned": True,
        "org": launch.org.code if launch.org else "",
        "org_label": launch.org.label if launch.org else "",
        "scale": launch.scale,
        "owner": str(launch.owner or ""),
        "note": launch.note,
    }


def _curve(cycle: Cycle, place: Place, launch: Launch | None) -> LaunchCurve | None:
    """The planned launch's curve; None without a plan, or when an analogue is no launch of this history any more."""
    if launch is None:
        return None
    try:
        return try_launch(
            cycle=cycle, place=place, analogues=launch.analogues, scale=launch.scale, first_month=launch.first_month
        )
    except AppError:
        return None


def _labels(codes: list[str]) -> list[str]:
    known = {product.code: product.label for product in Product.objects.filter(code__in=codes)}
    return [known.get(code, code) for code in codes]


@dataclass(frozen=True)
class PhaseOutRow:
    """A product that ends, or that follows another: its months and what is sold with it."""

    code: str
    label: str
    last_month: int | None
    follower: str
    sold: float
    ahead: float
    money: float


def build_phase_outs(user: User, cycle: Cycle, version_id: int | None = None) -> list[PhaseOutRow]:
    """Products that end inside the horizon and those handed over to a follower, the most money first.

    What lies ahead of them is that of the cycle's plan, or of the scenario named.
    """
    scope = get_scope(user)
    hierarchy = load_hierarchy()
    histories = load_node_histories(cycle=cycle, place=Place(hierarchy, scope, None, None))
    base = PlanBase(cycle, scope, hierarchy, version_id)
    rows = []
    for out in list_phase_outs(cycle=cycle, scope=scope, hierarchy=hierarchy):
        ahead = base.at(out.product.pk, None, cycle.month, None)
        rows.append(
            PhaseOutRow(
                code=out.product.code,
                label=out.product.label,
                last_month=out.last_month,
                follower=", ".join(follower.label for follower in out.followers),
                sold=float(histories.of(out.product.pk)[-FIRST_YEAR:].sum()),
                ahead=float(ahead.units.sum()),
                money=float(ahead.revenue.sum()),
            )
        )
    return sorted(rows, key=lambda row: (-row.money, -row.sold, row.code))


def build_options(scope: Scope, hierarchy: Hierarchy) -> dict[str, list[dict[str, str]]]:
    """Codes and names inside a scope that the dialogs offer, upper levels first, no more than a list can hold."""
    return {
        "products": _options(Product, hierarchy.products, scope.products),
        "orgs": _options(Org, hierarchy.orgs, scope.orgs),
    }


def _options(model: type[Product] | type[Org], tree: Tree, nodes: frozenset[str] | None) -> list[dict[str, str]]:
    inside = tree.is_under([None] if nodes is None else [code for code in sorted(nodes) if code in tree.codes])
    order = sorted(inside.nonzero()[0].tolist(), key=lambda p: (int(tree.depths[p]), tree.codes[p]))[:MOST_OPTIONS]
    labels = {row.pk: row.label for row in model.objects.filter(pk__in=[int(tree.ids[p]) for p in order])}
    return [{"code": tree.codes[p], "label": labels[int(tree.ids[p])]} for p in order]
