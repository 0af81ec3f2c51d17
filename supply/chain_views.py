"""The chains of a plan as a page and as files; one product side by side."""

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
from plans.models import Version
from plans.selectors import find_version
from supply.boards.chains import load_chains_board, load_plan_chains
from supply.boards.together import load_together_board
from supply.exports import answer_file, list_chain_lines
from supply.planning_views import PlanPage


class ChainsPage(PlanPage):
    """What must every plant, warehouse and supplier do for the plan, and do their parts make up the whole?"""

    template = "supply/chains.html"

    def board(self, cycle: Cycle, version: Version, user: User) -> Any:
        return load_chains_board(cycle, version, user=user, wanted=self.request.GET.get("chain", ""))


class TogetherPage(PlanPage):
    """What is ordered, planned, in stock and on its way of one product, the same for everybody?"""

    template = "supply/together.html"

    def board(self, cycle: Cycle, version: Version, user: User) -> Any:
        return load_together_board(cycle, version, user=user, product=self.request.GET.get("product", "").strip())


class ChainFile(LoginRequiredMixin, View):
    """One chain's plan, or all of them, as CSV or workbook: ``?plan=&chain=&format=``."""

    def get(self, request: HttpRequest) -> HttpResponse:
        user, asked = get_actor(request), request.GET.get("chain", "")
        require(user, "plan.read")
        try:
            version = find_version(request.GET.get("plan", "working"))
            plan = load_plan_chains(version, user)
            chosen = [chain for chain in plan.chains if asked in ("", chain.code)]
            if not chosen:
                raise Http404(asked)
            return answer_file(
                list_chain_lines(chosen),
                plan.months,
                name=f"chain-{asked.replace(':', '-') or 'all'}-{version.cycle}",
                form=request.GET.get("format", "csv"),
            )
        except (Missing, InvalidInput) as refused:
            raise Http404(str(refused.message)) from refused
