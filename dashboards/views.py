"""Home, the finder, and the page of components."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.generic import TemplateView, View

from accounts.policies import can
from accounts.selectors import get_actor
from core.errors import Missing
from cycles.models import Cycle
from cycles.selectors import get_current_cycle, get_cycle
from dashboards.selectors.finder import find_things
from dashboards.selectors.home import load_home
from dashboards.showcase import build_showcase


class HomeView(LoginRequiredMixin, TemplateView):
    """What closes when, what needs a decision, who has not delivered. ``?cycle=2026-11`` shows an earlier month."""

    template_name = "dashboards/home.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A supplier's home is its portal."""
        user = get_actor(request)
        if can(user, "material.edit") and not can(user, "plan.read"):
            return redirect("supply:portal")
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        cycle: Cycle | None
        try:
            cycle = get_cycle(self.request.GET["cycle"])
        except (KeyError, Missing):
            cycle = get_current_cycle()
        may_read = can(get_actor(self.request), "plan.read")
        home = load_home(cycle, get_actor(self.request)) if cycle and may_read else None
        return context | {"home": home, "may_read": may_read, "today": timezone.localdate()}


class FindView(LoginRequiredMixin, View):
    """Products, regions, resources and plan codes for the finder (Ctrl K)."""

    def get(self, request: HttpRequest) -> JsonResponse:
        return JsonResponse({"results": find_things(request.GET.get("q", ""), get_actor(request))})


class ComponentsView(LoginRequiredMixin, TemplateView):
    """Every component in every state: the reference for builders and for the accessibility check."""

    template_name = "dashboards/components.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | build_showcase()
