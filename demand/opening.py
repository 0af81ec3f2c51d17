"""Opening the workbench at a place: everything the page and its endpoint show, for one person."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import can
from accounts.selectors import get_scope
from core.formats import money_unit
from cycles.models import Cycle
from demand.board import Desk, Fences
from demand.choices import NoteKind, OverrideReason
from demand.flex_wording import tell_flex
from demand.models import Assumption
from demand.panels import build_accuracy_panel, build_waiting_panel
from demand.selectors.flex import get_flex_basis
from demand.selectors.marks import load_marks
from demand.selectors.place import Place, find_place
from demand.selectors.product_policies import load_product_policies
from demand.selectors.workbench import load_figures
from demand.splits import SPREAD_LABELS
from masterdata.models import Org, Product
from masterdata.selectors import get_company
from plans.models import Version
from plans.selectors import get_working_version, heads_tag


def open_desk(
    *,
    user: User,
    cycle: Cycle,
    product: str | None,
    org: str | None,
    in_money: bool = False,
    version: Version | None = None,
) -> Desk:
    """The place with its figures, marks and fences, by default in the cycle's own plan.

    Raises ``Missing`` outside the person's scope.
    """
    version = version or get_working_version(cycle)
    place = find_place(scope=get_scope(user), product=product, org=org)
    figures = load_figures(cycle=cycle, version_id=version.pk, place=place, in_money=in_money)
    marks = load_marks(cycle=cycle, version_id=version.pk, place=place, months=figures.months, leaves=figures.leaves)
    products = place.hierarchy.products.leaves_under(place.product)
    fences = Fences.of(load_product_policies(place.hierarchy, products))
    plan = range(cycle.month, cycle.month + cycle.horizon)
    sees_costs = can(user, "finance.view_costs")
    flex = tell_flex(get_flex_basis(version.pk), place=place, months=plan, sees_costs=sees_costs)
    return Desk(user, cycle, version, place, figures, marks, fences, flex)


def build_workbench(desk: Desk) -> dict[str, Any]:
    """The JSON of the workbench: place, grid, chart, panels."""
    product, org = desk.codes()
    return {
        "version": desk.version.pk,
        "cycle": str(desk.cycle),
        "tag": heads_tag(desk.figures.heads),
        "product": product,
        "org": org,
        "heading": heading(desk.place),
        "unit": money_unit(get_company()) if desk.figures.is_money else _("units"),
        "isLeaf": desk.place.is_leaf,
        "leaves": desk.figures.leaves,
        "columns": desk.columns(),
        "rows": desk.rows(),
        "chart": desk.chart(),
        "accuracy": build_accuracy_panel(desk, desk.version.pk),
        "waiting": build_waiting_panel(desk),
        "band": {"low": desk.in_units(desk.figures.low), "high": desk.in_units(desk.figures.high)},
    }


def build_choices(user: User, cycle: Cycle) -> dict[str, Any]:
    """What the reason popover and the tools offer."""
    assumptions = Assumption.objects.filter(cycle=cycle).order_by("pk")
    return {
        "reasons": [
            {"code": code, "label": str(label)}
            for code, label in OverrideReason.choices
            if code != OverrideReason.RESTORED  # given by undo, not chosen
        ],
        "causes": [{"code": f"assumption:{row.pk}", "label": row.text} for row in assumptions],
        "spreads": [{"code": code, "label": str(label)} for code, label in SPREAD_LABELS.items()],
        "notes": [{"code": code, "label": str(label)} for code, label in NoteKind.choices],
        "canRunForecast": can(user, "forecast.run"),
        "canComment": can(user, "plan.read"),
    }


def heading(place: Place) -> dict[str, str]:
    """The names of both nodes in the reader's language."""
    product = Product.objects.filter(pk=place.product).first() if place.product is not None else None
    org = Org.objects.filter(pk=place.org).first() if place.org is not None else None
    is_top = org is None or (org.parent_id is None and place.scope.orgs is None)
    return {
        "product": product.label if product else _("All products"),
        "org": _("all regions") if is_top or org is None else org.label,
    }


def default_focus(cycle: Cycle, wanted: int | None) -> int:
    """The month whose values the tree shows: the chosen one inside the plan, else the first that can be changed."""
    if wanted is not None and cycle.month <= wanted < cycle.month + cycle.horizon:
        return wanted
    return cycle.month + 1
