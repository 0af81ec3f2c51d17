"""The meeting pages: each step's table, Pre-S&OP, the executive pages, minutes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views import View

from accounts.models import User
from accounts.policies import can, require
from accounts.selectors import get_actor
from core.errors import AppError, Missing
from core.models import Job
from cycles.choices import CycleState, StepCode
from cycles.models import Cycle
from cycles.selectors import get_cycle, get_step, list_cycles
from meetings.boards import (
    DemandMeetingBoard,
    MeetingTable,
    load_executive_board,
    load_meeting_table,
    load_presop_board,
    load_supply_review,
)
from meetings.capacity_form import CAPACITY, get_capacity_form
from meetings.commands import Request, run_command
from meetings.demand_form import ANSWERED, DEMAND, WISHES, get_demand_form
from meetings.material import TYPED, get_typed_form
from meetings.selectors import get_meeting
from meetings.selectors.minutes import render_minutes
from meetings.template import MATERIAL
from plans.policies import SEE_COSTS

EXECUTIVE_PAGES = ("1", "2", "3")
CLOSED_LISTS = {CycleState.APPROVED, CycleState.RELEASED, CycleState.CLOSED, CycleState.CANCELLED}


class CyclePage(LoginRequiredMixin, View):
    """A page about the cycle of ``?cycle=YYYY-MM``, by default the newest."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            require(get_actor(request), "plan.read")
        return super().dispatch(request, *args, **kwargs)

    def cycle(self) -> Cycle:
        asked = self.request.GET.get("cycle") or self.request.POST.get("cycle")
        found = get_cycle(asked) if asked else list_cycles().exclude(state=CycleState.CANCELLED).first()
        if found is None:
            raise Missing(_("There is no cycle yet. The coordinator starts the first one."))
        return found


class MeetingView(CyclePage):
    """The table of any step: material, attendance, what is missing, signatures."""

    def get(self, request: HttpRequest, step: str) -> HttpResponse:
        if step not in StepCode.values:
            raise Missing(_("There is no such step."))
        cycle, actor = self.cycle(), get_actor(request)
        table = load_meeting_table(cycle, step, actor)
        context = {"table": table, "sees_costs": can(actor, SEE_COSTS), **_own_material(table, actor)}
        if step == StepCode.DEMAND_REVIEW:
            board = DemandMeetingBoard(cycle, actor)
            return render(request, "meetings/demand.html", context | {"board": board, "review": board.review})
        if step != StepCode.SUPPLY_REVIEW:
            return render(request, "meetings/step.html", context)
        review = load_supply_review(cycle, actor, request.GET.get("version"))
        return render(request, "meetings/supply.html", context | {"review": review, "board": review.supply})


def _own_material(table: MeetingTable, actor: User) -> dict[str, Any]:
    """The form of the reader's own department with what it wrote so far; figures only of a draft, others count."""
    own = table.own_submission
    if own is None or not table.is_current:
        return {}
    figures = own.written if own.is_draft else {}
    demand = get_demand_form(actor, table.cycle, figures.get(DEMAND, ()), own.written.get(WISHES, ()))
    asked = [
        (key, _(label), own.written.get(key, ""))
        for key, label in MATERIAL.get(actor.department, ())
        if demand is None or key not in ANSWERED or own.written.get(key)
    ]
    return {
        "material_fields": asked,
        "typed_form": get_typed_form(actor, table.cycle, figures.get(TYPED, ())),
        "capacity_form": get_capacity_form(actor, table.cycle, figures.get(CAPACITY, ())),
        "demand_form": demand,
    }


class PreSopView(CyclePage):
    """Pre-S&OP: four plans, the gap, scenarios, decisions."""

    def get(self, request: HttpRequest) -> HttpResponse:
        cycle, sees_costs = self.cycle(), can(get_actor(request), SEE_COSTS)
        board = load_presop_board(cycle, request.GET.get("version"), sees_costs=sees_costs)
        wants_money = cycle.state == CycleState.PRE_SOP or (board.is_balanced and not board.is_valued)
        context = {
            "board": board,
            "sees_costs": sees_costs,
            "table": load_meeting_table(cycle, StepCode.PRE_SOP, get_actor(request)),
            "may_value": can(get_actor(request), "balance.run") and wants_money and cycle.state not in CLOSED_LISTS,
            "may_propose": can(get_actor(request), "decision.propose") and cycle.state == CycleState.PRE_SOP,
            "may_ask": can(get_actor(request), "decision.propose") and cycle.state not in CLOSED_LISTS,
        }
        return render(request, "meetings/presop.html", context)


class ExecutiveView(CyclePage):
    """The executive meeting in three pages."""

    def get(self, request: HttpRequest) -> HttpResponse:
        cycle, sees_costs = self.cycle(), can(get_actor(request), SEE_COSTS)
        page = request.GET.get("p", "1")
        context = {
            "board": load_executive_board(cycle, request.GET.get("version"), sees_costs=sees_costs),
            "sees_costs": sees_costs,
            "table": load_meeting_table(cycle, StepCode.EXECUTIVE, get_actor(request)),
            "page": page if page in EXECUTIVE_PAGES else "1",
            "may_decide": can(get_actor(request), "decision.decide")
            and cycle.state in {CycleState.PRE_SOP, CycleState.EXECUTIVE},
        }
        return render(request, "meetings/executive.html", context)


class MinutesView(CyclePage):
    """The minutes of a step's meeting, for reading and printing."""

    def get(self, request: HttpRequest, step: str) -> HttpResponse:
        meeting = get_meeting(get_step(self.cycle(), step))
        if meeting is None or not meeting.facts:
            raise Missing(_("There are no minutes yet; they are kept when the meeting ends."))
        return render(request, "meetings/minutes.html", {"meeting": meeting, "minutes": render_minutes(meeting)})


class CommandView(CyclePage):
    """Every button of the meeting pages: a POST with its fields, answered where it came from."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, command: str) -> HttpResponse:
        click = Request(self.cycle(), get_actor(request), request.POST, request.FILES)
        back = request.POST.get("back", "/")
        if not url_has_allowed_host_and_scheme(back, {request.get_host()}):
            back = "/"
        try:
            result = run_command(command, click)
        except AppError as error:
            messages.error(request, str(error.message))
            return redirect(back)
        if isinstance(result, Job):
            return redirect(f"{back}{'&' if '?' in back else '?'}{urlencode({'job': result.pk})}")
        messages.success(request, result)
        return redirect(back)
