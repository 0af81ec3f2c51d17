"""Take rates: what customers choose of a series, what the plan assumes, and the drift between both."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.selectors import get_actor, get_scope
from core.errors import AppError, InvalidInput
from cycles.models import Cycle
from demand.rate_board import WINDOWS, RateBoard
from demand.selectors.place import find_place
from demand.selectors.take_rates import LEARN_MONTHS
from demand.services.take_rates import set_take_rates
from demand.views import DemandPage, find_cycle


class TakeRatePage(DemandPage):
    """GET shows the series that drifts most, or the chosen one; POST types the rates of one attribute."""

    def get(self, request: HttpRequest, form: QueryDict | None = None) -> HttpResponse:
        cycle = find_cycle(request)
        if cycle is None:
            return render(request, "demand/empty.html")
        board = self._board(request, cycle)
        context = {"board": board, "cycle": cycle, "windows": WINDOWS, "form": form}
        return render(request, "demand/take_rates.html", context, status=422 if form is not None else 200)

    def post(self, request: HttpRequest) -> HttpResponse:
        cycle = find_cycle(request)
        if cycle is None:
            raise Http404
        product = self._board(request, cycle).product
        if product is None or product.code != request.GET.get("product"):
            raise Http404
        try:
            set_take_rates(
                product=product,
                attribute=request.POST.get("attribute", ""),
                shares=_read_shares(request.POST),
                reason=request.POST.get("reason", ""),
                actor=get_actor(request),
            )
        except AppError as refused:
            messages.error(request, str(refused.message))
            return self.get(request, form=request.POST)
        messages.success(request, _("The take rates are set. Spread a total “by take rate” to use them."))
        return redirect(f"{reverse('demand:take-rates')}?product={product.code}&cycle={cycle}")

    @staticmethod
    def _board(request: HttpRequest, cycle: Cycle) -> RateBoard:
        user = get_actor(request)
        place = find_place(scope=get_scope(user), product=None, org=None)
        months = request.GET.get("months", "")
        chosen = int(months) if months.isdecimal() and int(months) in WINDOWS else LEARN_MONTHS
        return RateBoard(user, cycle, place, chosen, request.GET.get("product", ""))


def _read_shares(form: QueryDict) -> dict[str, float]:
    """Per cent as typed → shares; empty fields are left to what was learnt."""
    shares = {}
    for value, text in zip(form.getlist("value"), form.getlist("share"), strict=False):
        cleaned = text.strip().removesuffix("%").replace(",", ".").strip()
        if cleaned:
            try:
                shares[value] = float(cleaned) / 100
            except ValueError as error:
                raise InvalidInput(_("“%(text)s” is not a number; write it like 45.5.") % {"text": text}) from error
    return shares
