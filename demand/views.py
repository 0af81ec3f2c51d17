"""The demand workbench."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import AccessMixin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views import View

from accounts.policies import actions_for, can
from accounts.selectors import get_actor
from core.errors import AppError, GuardFailed, Missing
from core.formats import month as month_name
from core.months import parse_month
from cycles.models import Cycle
from cycles.selectors import get_current_cycle, get_cycle
from demand.opening import build_choices, build_workbench, default_focus, open_desk
from demand.selectors.standing import load_standing
from demand.selectors.tree import load_tree
from demand.services import submit_streams
from plans.models import Version
from plans.selectors import ScenarioStanding, get_shown_version, load_scenario_standing


class DemandPage(AccessMixin, View):
    """A page for those who may read the plan."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        if not can(get_actor(request), "plan.read"):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)


def find_shown(request: HttpRequest, cycle: Cycle) -> Version | None:
    """The scenario ``?version=`` names, else the cycle's own plan; None before it has one."""
    wanted = request.GET.get("version")
    try:
        return get_shown_version(cycle, wanted)
    except Missing as missing:
        if wanted:
            raise Http404(str(missing.message)) from missing
        return None


def scenario_of(version: Version | None) -> ScenarioStanding | None:
    """What the banner says; None for a cycle's own plan."""
    return None if version is None else load_scenario_standing(version)


class WorkbenchPage(DemandPage):
    """What did each stream say, what do we agree, where is it odd, did overrides help here before?"""

    def get(self, request: HttpRequest) -> HttpResponse:
        cycle = find_cycle(request)
        if cycle is None:
            return render(request, "demand/empty.html")
        product, org = request.GET.get("product") or None, request.GET.get("org") or None
        in_money = request.GET.get("unit") == "revenue"
        try:
            version = get_shown_version(cycle, request.GET.get("version"))
            desk = open_desk(
                user=get_actor(request), cycle=cycle, product=product, org=org, in_money=in_money, version=version
            )
        except Missing as missing:
            raise Http404(str(missing.message)) from missing
        side = "org" if request.GET.get("side") == "org" else "product"
        focus = default_focus(cycle, find_month(request.GET.get("month")))
        tree = load_tree(cycle=cycle, version_id=version.pk, place=desk.place, side=side, month=focus)
        context = {
            "cycle": cycle,
            "board": build_workbench(desk),
            "choices": build_choices(get_actor(request), cycle),
            "tree_json": [asdict(node) for node in tree],
            "page": {
                "side": side,
                "month": focus,
                "cycle": str(cycle),
                "unit": "revenue" if in_money else "units",
                "version": version.pk if desk.is_scenario else None,
            },
            "scenario": load_scenario_standing(version),
            "rights": actions_for(get_actor(request)),
            "side": side,
            "focus_name": month_name(focus, year=False),
            "standing": load_standing(cycle=cycle, version=version, user=get_actor(request)),
        }
        return render(request, "demand/workbench.html", context)


class SubmitView(DemandPage):
    """Hand in the own department's figures for the review."""

    def post(self, request: HttpRequest) -> HttpResponse:
        cycle = find_cycle(request)
        if cycle is None:
            raise Http404
        try:
            submit_streams(cycle=cycle, actor=get_actor(request), note=request.POST.get("note", ""))
        except GuardFailed as refused:
            messages.error(request, " ".join(refused.details.get("reasons", [str(refused.message)])))
        except AppError as refused:
            messages.error(request, str(refused.message))
        else:
            messages.success(request, _("Handed in. You can hand in again until the cut-off."))
        return redirect("demand:workbench")


def find_cycle(request: HttpRequest) -> Cycle | None:
    """The cycle asked for, else the newest; a page of an unknown cycle does not exist."""
    wanted = request.GET.get("cycle")
    try:
        return get_cycle(wanted) if wanted else get_current_cycle()
    except Missing as missing:
        raise Http404(str(missing.message)) from missing


def find_month(text: str | None) -> int | None:
    try:
        return parse_month(text) if text else None
    except ValueError:
        return None
