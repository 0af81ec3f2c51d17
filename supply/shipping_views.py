"""The shipping plan as a page and as a file."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.views import View

from accounts.models import User
from accounts.policies import require
from accounts.selectors import get_actor
from core.errors import InvalidInput, Missing
from cycles.models import Cycle
from demand.choices import Granularity
from plans.models import Version
from plans.selectors import find_version
from supply.boards.shipping import list_shipping_lines, load_figures, load_shipping_board
from supply.exports import answer_file
from supply.planning_views import PlanPage


class ShippingPage(PlanPage):
    """What leaves when, on which way, does it fit into the stores, and which orders does it serve?"""

    template = "supply/shipping.html"

    def board(self, cycle: Cycle, version: Version, user: User) -> Any:
        asked = self.request.GET
        by_week = asked.get("by") == Granularity.WEEK
        return load_shipping_board(cycle, version, user=user, by_week=by_week, text=asked.get("q", "").strip())


class ShippingFile(LoginRequiredMixin, View):
    """The shipping plan by product, lane and month of leaving: ``?plan=&format=``."""

    def get(self, request: HttpRequest) -> HttpResponse:
        user = get_actor(request)
        require(user, "plan.read")
        try:
            version = find_version(request.GET.get("plan", "working"))
            plan = load_figures(version, user).plan
            return answer_file(
                list_shipping_lines(plan),
                plan.months,
                name=f"shipping-{version.cycle}",
                form=request.GET.get("format", "csv"),
            )
        except (Missing, InvalidInput) as refused:
            raise Http404(str(refused.message)) from refused
