"""The look back of the demand review: last cycle's forecast against what came, with root causes."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from accounts.selectors import get_actor, get_scope
from core.errors import AppError, Denied, Missing
from demand.follow_ups import offer_action
from demand.review_board import FORMULAS, LAGS, ReviewBoard
from demand.selectors.place import find_place
from demand.services.deviations import explain_deviation
from demand.views import DemandPage, find_cycle, find_month
from masterdata.models import Org, Product


class ReviewPage(DemandPage):
    """How good was the forecast, who improved it, where was it wrong and why?"""

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
        lag = next((lag for lag in LAGS if str(lag) == query.get("lag")), LAGS[0])
        board = ReviewBoard(cycle, place, user, lag)
        context = {
            "board": board,
            "cycle": cycle,
            "lags": LAGS,
            "formulas": FORMULAS,
            "offer": offer_action(user, today=timezone.localdate()),
        }
        return render(request, "demand/review.html", context)


class ExplainDeviationView(DemandPage):
    """Record the root cause of one deviation and go back where it was asked."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        cycle, month = find_cycle(request), find_month(request.POST.get("month"))
        product = Product.objects.filter(code=request.POST.get("product", "")).first()
        org = Org.objects.filter(code=request.POST.get("org", "")).first()
        if cycle is None or month is None or product is None or org is None:
            raise Http404
        try:
            explain_deviation(
                cycle=cycle,
                product=product,
                org=org,
                month=month,
                cause=request.POST.get("cause", ""),
                note=request.POST.get("note", ""),
                actor=get_actor(request),
            )
        except Missing as missing:
            raise Http404(str(missing.message)) from missing
        except Denied as denied:
            raise PermissionDenied(str(denied.message)) from denied
        except AppError as refused:
            messages.error(request, str(refused.message))
        else:
            messages.success(request, _("Root cause recorded."))
        back = request.POST.get("back", "")
        return redirect(back if url_has_allowed_host_and_scheme(back, {request.get_host()}) else "demand:review")
