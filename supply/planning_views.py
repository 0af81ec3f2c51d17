"""The pages beside the workbench: inventory, long range, look back, policies. Each also takes its own form."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views import View

from accounts.models import User
from accounts.policies import require
from accounts.selectors import get_actor
from core.errors import AppError, Denied, InvalidInput, Missing
from core.months import parse_month
from core.numbers import parse_quantity
from cycles.models import Cycle
from cycles.selectors import get_current_cycle, get_cycle
from plans.models import Version
from plans.selectors import get_shown_version
from supply.boards.inventory import load_inventory_board
from supply.boards.long_range import load_long_range_board
from supply.boards.policies import load_policies_board
from supply.boards.review import load_review_board
from supply.services.inventory import explain_deviation, save_disposition
from supply.services.investments import remove_investment, save_investment
from supply.services.policies import FIELDS, RULES, review_policy, save_stock_rules

MONEY_PLACES = 4
_LARGEST = 10**17


def run_command(request: HttpRequest, command: Callable[[User], str], *, right: str) -> HttpResponse:
    """Run a command of a form and come back with what became of it; what is not there is 404."""
    user = get_actor(request)
    require(user, right)
    try:
        done = command(user)
    except Denied:
        raise
    except Missing as missing:
        raise Http404(str(missing.message)) from missing
    except AppError as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, done)
    return redirect(request.get_full_path())


class PlanPage(LoginRequiredMixin, View, ABC):
    """A page about the plan of ``?cycle=``, by default the newest, or about a scenario ``?version=``."""

    template = ""

    @abstractmethod
    def board(self, cycle: Cycle, version: Version, user: User) -> Any:
        """What the template shows."""

    def get(self, request: HttpRequest) -> HttpResponse:
        user = get_actor(request)
        require(user, "plan.read")
        try:
            asked = request.GET.get("cycle")
            cycle = get_cycle(asked) if asked else get_current_cycle()
            if cycle is None:
                return render(request, "supply/empty.html")
            board = self.board(cycle, get_shown_version(cycle, request.GET.get("version")), user)
        except Missing as missing:
            raise Http404(str(missing.message)) from missing
        return render(request, self.template, {"board": board})

    def apply(self, command: Callable[[User], object], *, done: str) -> HttpResponse:
        """Run a command of the page's form, ``done`` being what is said afterwards."""

        def say_done(user: User) -> str:
            command(user)
            return done

        return run_command(self.request, say_done, right="plan.read")


class InventoryPage(PlanPage):
    """What is too much, what is missing, what is old, who asked for it, and what is done about it?"""

    template = "supply/inventory.html"

    def board(self, cycle: Cycle, version: Version, user: User) -> Any:
        return load_inventory_board(cycle, version, user=user, level=self.request.GET.get("level", ""))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = request.POST
        return self.apply(
            lambda user: save_disposition(
                item=form.get("item", ""),
                site=form.get("site", ""),
                kind=form.get("kind", ""),
                owner=form.get("owner", ""),
                due=read_date(form.get("due", "")),
                note=form.get("note", ""),
                actor=user,
            ),
            done=_("The disposition is saved."),
        )


class LongRangePage(PlanPage):
    """Which resources run out in months 7 to 24, and what must be begun when?"""

    template = "supply/long_range.html"

    def board(self, cycle: Cycle, version: Version, user: User) -> Any:
        return load_long_range_board(cycle, version, user=user)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = request.POST
        number = form.get("investment", "")
        known = int(number) if number.isdecimal() and len(number) < 16 else None
        if form.get("do") == "remove":
            return self.apply(
                lambda user: remove_investment(investment_id=known or 0, actor=user), done=_("The option is removed.")
            )
        return self.apply(
            lambda user: save_investment(values=read_investment(form), investment_id=known, actor=user),
            done=_("The option is saved."),
        )


class ReviewPage(PlanPage):
    """Did supply do last month what was planned, and why not?"""

    template = "supply/review.html"

    def board(self, cycle: Cycle, version: Version, user: User) -> Any:
        asked = self.request.GET.get("month")
        return load_review_board(cycle, user=user, month=read_month(asked) if asked else None)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = request.POST
        return self.apply(
            lambda user: explain_deviation(
                month=read_month(form.get("month", "")),
                area=form.get("area", ""),
                product=form.get("product", ""),
                cause=form.get("cause", ""),
                note=form.get("note", ""),
                actor=user,
            ),
            done=_("The cause is recorded."),
        )


class PoliciesPage(PlanPage):
    """Which policies hold, which are due, and what would the forecast errors ask for?"""

    template = "supply/policies.html"

    def board(self, cycle: Cycle, version: Version, user: User) -> Any:
        return load_policies_board(cycle, version, user=user, product=self.request.GET.get("product"))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = request.POST
        if form.get("do") == "rules":
            values = {name: form[name] for name in RULES if name in form}
            return self.apply(lambda user: save_stock_rules(values=values, actor=user), done=_("The rules are saved."))
        changes = {name: form[name] for name in FIELDS if name in form}
        return self.apply(
            lambda user: review_policy(
                product=form.get("product", ""), values=changes, note=form.get("note", "").strip(), actor=user
            ),
            done=_("The policy is reviewed."),
        )


def read_date(text: str) -> dt.date:
    """Raises ``InvalidInput``."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(_("Give a date."), code="invalid_date", details={"field": "due"}) from error


def read_month(text: str) -> int:
    """Raises ``InvalidInput``."""
    try:
        return parse_month(text)
    except ValueError as error:
        raise InvalidInput(_("Give a month as YYYY-MM."), code="invalid_month", details={"field": "month"}) from error


def read_investment(form: Any) -> dict[str, Any]:
    """The fields of an investment's form in their types. Raises ``InvalidInput``."""
    values: dict[str, Any] = {
        name: form[name] for name in ("resource", "name", "kind", "note") if form.get(name) is not None
    }
    for name in ("invest", "fixed_cost", "hours_per_month"):
        if form.get(name):
            exact = parse_quantity(form[name], decimals=MONEY_PLACES, minimum=0, maximum=_LARGEST)
            values[name] = exact / 10**MONEY_PLACES
    if form.get("lead_time_months"):
        values["lead_time_months"] = parse_quantity(form["lead_time_months"], decimals=0, minimum=0, maximum=120)
    return values
