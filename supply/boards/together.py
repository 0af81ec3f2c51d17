"""The page that shows sales, production and supply chain the same: orders, plan, stock, arrivals of one product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.selectors import get_scope
from core import formats
from cycles.models import Cycle
from masterdata.models import Product
from plans.choices import VersionKind
from plans.hierarchy import load_hierarchy
from plans.models import Version
from plans.selectors.slices import to_units
from supply import measures as m
from supply.models import Release
from supply.selectors.marks import keep_plan_figures
from supply.selectors.releases import find_release_of
from supply.selectors.together import MaterialArrivals, Together, load_together

SHOWN_MONTHS = 12
MOST_MATERIALS = 8
MOST_CHOICES = 600


@dataclass(frozen=True)
class Line:
    """A row of the table; ``measure`` has a passport where it stands, ``tone`` colours what is not nought."""

    label: str
    values: list[tuple[int, int]]  # month, smallest units
    measure: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Chart:
    code: str
    title: str
    unit: str
    data: dict[str, Any]


@dataclass(frozen=True)
class TogetherBoard:
    cycle: Cycle
    version: Version
    release: Release | None
    is_approved: bool
    is_balanced: bool
    is_part: bool  # orders and demand are of the reader's regions, production and stock of the company
    message: str
    product: str
    label: str
    scale: int
    months: list[str]
    charts: list[Chart]
    lines: list[Line]
    materials: list[tuple[MaterialArrivals, list[tuple[int, int]]]]  # arriving and needed by month
    more_materials: int
    choices: list[tuple[str, str]]


def load_together_board(cycle: Cycle, version: Version, *, user: User, product: str) -> TogetherBoard:
    """The page of a product or family, everything by default. Raises ``Missing`` for one outside the user's scope."""
    scope = get_scope(user)
    found = keep_plan_figures(
        ("together", product), version=version, user=user, make=lambda: load_together(version, product or None, scope)
    )
    node = Product.objects.filter(code=product).first() if product else None
    label = node.label if node else _("All products")
    return TogetherBoard(
        cycle=cycle,
        version=version,
        release=find_release_of(version),
        is_approved=version.kind == VersionKind.APPROVED,
        is_balanced=any(found.made) or any(found.served),
        is_part=scope.orgs is not None,
        message=_message(label, found),
        product=product,
        label=label,
        scale=found.scale,
        months=formats.month_heads(list(found.months[:SHOWN_MONTHS])),
        charts=_charts(found, label),
        lines=_lines(found),
        materials=[
            (row, list(zip(row.arrives, row.needed, strict=True))[:SHOWN_MONTHS])
            for row in found.materials[:MOST_MATERIALS]
        ],
        more_materials=max(0, len(found.materials) - MOST_MATERIALS),
        choices=_choices(user),
    )


def _message(label: str, found: Together) -> str:
    orders, short = (formats.quantity(sum(values), found.scale) for values in (found.orders, found.short))
    if any(found.short):
        return _("%(name)s: %(orders)s on order, %(short)s short") % {"name": label, "orders": orders, "short": short}
    return _("%(name)s: %(orders)s on order, nothing short") % {"name": label, "orders": orders}


def _charts(found: Together, label: str) -> list[Chart]:
    rows = [
        ("orders", _("Sales orders"), _("units by due month"), found.orders),
        ("made", _("Production plan"), _("units made or bought in"), _added(found.made, found.bought_in)),
        ("stock", _("Finished stock"), _("units at month end"), found.stock),
    ]
    if found.materials:
        first = found.materials[0]
        rows.append(("arrivals", _("Arrivals: %(material)s") % {"material": first.label}, first.uom, first.arrives))
    heads = formats.month_heads(list(found.months[:SHOWN_MONTHS]))
    return [
        Chart(
            code,
            title,
            unit,
            {
                "title": f"{title}, {label}",
                "labels": heads,
                "values": [to_units(value, found.scale) for value in values[:SHOWN_MONTHS]],
                "actuals": 0,
            },
        )
        for code, title, unit, values in rows
    ]


def _lines(found: Together) -> list[Line]:
    rows = [
        (_("On order"), found.orders, "", ""),
        (_("Demand"), found.asked, m.CONSENSUS, ""),
        (_("Served"), found.served, m.CONSTRAINED, ""),
        (_("Short"), found.short, m.SHORT, "bad"),
        (_("Made"), found.made, "", ""),
        *([(_("Bought in"), found.bought_in, "", "")] if any(found.bought_in) else []),
        (_("Stock at month end"), found.stock, "", ""),
    ]
    months = found.months[:SHOWN_MONTHS]
    return [
        Line(label, list(zip(months, values, strict=False)), measure, tone) for label, values, measure, tone in rows
    ]


def _added(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _choices(user: User) -> list[tuple[str, str]]:
    """Families and products to complete while typing, those first that hold others."""
    tree = load_hierarchy().products
    seen = set(tree.ids[tree.seen_by(get_scope(user).products)].tolist())
    rows = [row for row in Product.objects.order_by("code") if row.pk in seen]
    parents = {row.parent_id for row in rows}
    rows.sort(key=lambda row: row.pk not in parents)
    return [(row.code, row.label) for row in rows[:MOST_CHOICES]]
