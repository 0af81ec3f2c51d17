"""The page that explains the forecast of one place."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.policies import can
from accounts.selectors import get_actor, get_scope
from core.errors import InvalidInput, Missing
from cycles.models import Cycle
from demand.explain_board import build_explanation, list_place_activities
from demand.explaining import explain_place
from demand.launch_register import build_options
from demand.odd_months import list_odd_months
from demand.opening import heading
from demand.selectors.place import Place, find_place
from demand.views import DemandPage, find_cycle, find_shown, scenario_of
from plans.models import Version


class ExplainPage(DemandPage):
    """Why is the forecast here what it is? The frame at once; the figures follow as a part of their own."""

    def get(self, request: HttpRequest) -> HttpResponse:
        cycle = find_cycle(request)
        if cycle is None:
            return render(request, "demand/empty.html", {"title": _("Explain")})
        place, version = _place(request), find_shown(request, cycle)
        if request.headers.get("HX-Request"):
            return _explanation(request, cycle, place, version)
        context = {"cycle": cycle, **_codes(place), "options": build_options(place.scope, place.hierarchy)}
        return render(
            request, "demand/explain.html", context | {"name": _name(place), "scenario": scenario_of(version)}
        )


def _explanation(request: HttpRequest, cycle: Cycle, place: Place, version: Version | None) -> HttpResponse:
    actor = get_actor(request)
    context = {"cycle": cycle, **_codes(place), "name": _name(place), "may_decide": can(actor, "forecast.run")}
    try:
        told = explain_place(
            cycle=cycle, place=place, name=context["name"], version_id=None if version is None else version.pk
        )
    except InvalidInput as nothing:
        return render(request, "demand/_explain_empty.html", context | {"why": str(nothing.message)})
    context |= {
        "told": told,
        "board": build_explanation(told, cycle=cycle, place=place),
        "odd": list_odd_months(node=told.node, place=place, user=actor),
        "activities": list_place_activities(cycle=cycle, place=place),
    }
    return render(request, "demand/_explain.html", context)


def _place(request: HttpRequest) -> Place:
    asked = {side: request.GET.get(side) or None for side in ("product", "org")}
    try:
        return find_place(scope=get_scope(get_actor(request)), **asked)
    except Missing as missing:
        raise Http404(str(missing.message)) from missing


def _codes(place: Place) -> dict[str, Any]:
    products, orgs = place.hierarchy.products, place.hierarchy.orgs
    return {
        "product": "" if place.product is None else products.code_of(place.product),
        "org": "" if place.org is None else orgs.code_of(place.org),
        "is_leaf": place.is_leaf,
    }


def _name(place: Place) -> str:
    """``E7 SUV`` where every region is meant, else ``E7 SUV · South``."""
    names = heading(place)
    is_everywhere = place.org is None or names["org"] == _("all regions")
    return names["product"] if is_everywhere else f"{names['product']} · {names['org']}"
