"""The rule book: how each family's consensus is proposed and how orders consume its forecast."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.policies import can
from accounts.selectors import get_actor
from core.errors import AppError, InvalidInput
from cycles.models import Cycle
from demand.choices import DealerOrders, RollKind, RuleKind
from demand.selectors.rule_book import list_families, load_rule_lines
from demand.services.declaring import (
    DECLARE,
    ConsensusTerms,
    ConsumptionTerms,
    accept_weight,
    declare_consensus_rule,
    declare_consumption_rule,
)
from demand.views import DemandPage, find_cycle
from masterdata.models import Product

Number = TypeVar("Number", int, float)


class RuleBookPage(DemandPage):
    """Everybody reads which rule makes the numbers; the demand lead declares it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        cycle = find_cycle(request)
        if cycle is None:
            return render(request, "demand/empty.html")
        context = {
            "cycle": cycle,
            "lines": load_rule_lines(cycle, [None, *list_families()]),
            "may_declare": can(get_actor(request), DECLARE),
            "kinds": RuleKind.choices,
            "dealers": DealerOrders.choices,
            "rolls": RollKind.choices,
        }
        return render(request, "demand/rules.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        cycle = find_cycle(request)
        if cycle is None:
            raise Http404
        try:
            told = _COMMANDS[request.POST.get("do", "")](request, cycle)
        except KeyError:
            messages.error(request, _("The page did not say what to do. Load it again."))
        except AppError as refused:
            messages.error(request, str(refused.message))
        else:
            messages.success(request, told)
        return redirect(f"{reverse('demand:rules')}?cycle={cycle}")


def _accept(request: HttpRequest, cycle: Cycle) -> str:
    rule = accept_weight(product=_product(request.POST), cycle=cycle, actor=get_actor(request))
    return _("The sales forecast now weighs %(weight)s. Build the proposal again to use it.") % {
        "weight": f"{rule.sales_weight:.2f}"
    }


def _declare_consensus(request: HttpRequest, _cycle_: Cycle) -> str:
    form = request.POST
    weight = form.get("sales_weight", "").strip()
    terms = ConsensusTerms(
        kind=form.get("kind", ""),
        sales_weight=_number(weight, float) if weight else None,
        add_activities=form.get("add_activities") == "1",
        at_least_orders=form.get("at_least_orders") == "1",
    )
    declare_consensus_rule(product=_product(form), terms=terms, actor=get_actor(request))
    return _("The consensus rule is declared. Build the proposal again to use it.")


def _declare_consumption(request: HttpRequest, _cycle_: Cycle) -> str:
    form = request.POST
    fence = form.get("fence_months", "").strip()
    terms = ConsumptionTerms(
        back_months=_number(form.get("back_months", ""), int),
        forward_months=_number(form.get("forward_months", ""), int),
        fence_months=_number(fence, int) if fence else None,
        dealers=form.get("dealers", ""),
        at_roll=form.get("at_roll", ""),
    )
    declare_consumption_rule(product=_product(form), terms=terms, actor=get_actor(request))
    return _("The consumption rule is declared; it holds at once.")


def _product(form: QueryDict) -> Product | None:
    code = form.get("product", "")
    if not code:
        return None
    found = Product.objects.filter(code=code).first()
    if found is None:
        raise InvalidInput(_("There is no “%(code)s”.") % {"code": code})
    return found


def _number(text: str, kind: Callable[[str], Number]) -> Number:
    try:
        return kind(text.strip())
    except ValueError as error:
        raise InvalidInput(_("“%(text)s” is not a number.") % {"text": text}) from error


_COMMANDS = {"accept": _accept, "consensus": _declare_consensus, "consumption": _declare_consumption}
