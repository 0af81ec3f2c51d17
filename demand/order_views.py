"""The order book: lines, what they consume of the forecast, the near zone, the month roll."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext

from accounts.selectors import get_actor, get_scope
from core import formats
from core.errors import AppError, Denied, Missing
from demand.choices import Granularity, OrderKind
from demand.order_board import OrderBoard
from demand.selectors.order_book import FLAGS, OrderFilter
from demand.selectors.place import find_place
from demand.services import raise_to_orders
from demand.views import DemandPage, find_cycle, find_month

VIEWS = ("lines", "consumption", "excess", "weeks", "roll")


class OrderBookPage(DemandPage):
    """What is ordered, by whom, how urgent; what it takes of the forecast; what production sees by week."""

    def get(self, request: HttpRequest) -> HttpResponse:
        cycle = find_cycle(request)
        if cycle is None:
            return render(request, "demand/empty.html")
        user, query = get_actor(request), request.GET
        try:
            sides = {side: query.get(side) or None for side in ("product", "org")}
            place = find_place(scope=get_scope(user), **sides)
        except Missing as missing:
            raise Http404(str(missing.message)) from missing
        shown = query.get("view") if query.get("view") in VIEWS else VIEWS[0]
        wanted = OrderFilter(
            kind=query["kind"] if query.get("kind") in OrderKind.values else "",
            flag=query["flag"] if query.get("flag") in FLAGS else "",
            month=find_month(query.get("due")),
            text=query.get("q", "")[:100],
            is_closed_shown=query.get("closed") == "1",
        )
        number = query.get("page", "1")
        granularity = query["by"] if query.get("by") in Granularity.values else Granularity.WEEK
        board = OrderBoard(cycle, place, granularity, user, wanted, int(number) if number.isdecimal() else 1)
        base = {name: query[name] for name in ("cycle", "product", "org") if query.get(name)}
        context = {"board": board, "view": shown, "cycle": cycle, "base": base, "query": query}
        return render(request, f"demand/orders_{shown}.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Raise the consensus to the orders that were looked at."""
        cycle = find_cycle(request)
        if cycle is None:
            raise Http404
        sides = {side: request.GET.get(side) or None for side in ("product", "org")}
        try:
            raised = raise_to_orders(cycle=cycle, seen=request.POST.get("seen", ""), actor=get_actor(request), **sides)
        except Missing as missing:
            raise Http404(str(missing.message)) from missing
        except Denied as denied:
            raise PermissionDenied(str(denied.message)) from denied
        except AppError as refused:
            messages.error(request, str(refused.message))
        else:
            figures = {"n": formats.number(len(raised)), "units": formats.number(raised.units, raised.scale)}
            text = ngettext(
                "Consensus raised in %(n)s place by %(units)s.",
                "Consensus raised in %(n)s places by %(units)s.",
                len(raised),
            )
            messages.success(request, text % figures)
        return redirect(request.get_full_path())
