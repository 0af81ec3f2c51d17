"""The supply workbench."""

from __future__ import annotations

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from accounts.policies import can, require
from accounts.selectors import get_actor
from core.errors import Missing
from cycles.selectors import get_current_cycle, get_cycle
from supply.board import load_supply_board


class WorkbenchPage(LoginRequiredMixin, View):
    """Where is it tight, what is one more hour worth, what is short and why, which way out, decide by when?"""

    def get(self, request: HttpRequest) -> HttpResponse:
        require(get_actor(request), "plan.read")
        asked = request.GET.get("cycle")
        try:
            cycle = get_cycle(asked) if asked else get_current_cycle()
            if cycle is None:
                return render(request, "supply/empty.html")
            board = load_supply_board(
                cycle,
                user=get_actor(request),
                wanted=request.GET.get("version"),
                code=request.GET.get("code"),
            )
        except Missing as missing:
            raise Http404(str(missing.message)) from missing
        context = {"board": board, "sees_costs": can(get_actor(request), "finance.view_costs")}
        return render(request, "supply/workbench.html", context)
