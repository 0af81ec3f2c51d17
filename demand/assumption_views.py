"""The page of the assumptions: what the forecast rests on, what was measured, what people say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.policies import can
from accounts.selectors import get_actor, get_scope
from core.errors import AppError, Denied, Missing
from cycles.models import Cycle
from demand.assumption_wording import tell_arithmetic
from demand.choices import AssumptionState, TriggerKind
from demand.follow_ups import FollowUp, load_follow_ups, offer_action
from demand.models import Assumption
from demand.selectors.assumptions import get_assumption, list_visible_assumptions
from demand.selectors.place import Place, find_place
from demand.services import add_assumption, assess_assumption
from demand.triggers import MOST_MONTHS
from demand.views import DemandPage, find_cycle, find_month
from masterdata.models import Org, Product
from plans.hierarchy import Tree

_LOOKS = {"broken": "bad", "at_risk": "warn", "active": "ok", "confirmed": "ok", "expired": "idle"}
_ORDER = list(_LOOKS)


class AssumptionsPage(DemandPage):
    """Which assumption broke, which was not looked at yet, and what hangs on it?"""

    def get(self, request: HttpRequest) -> HttpResponse:
        cycle = find_cycle(request)
        if cycle is None:
            return render(request, "demand/empty.html")
        place = find_place(scope=get_scope(get_actor(request)), product=None, org=None)
        rows = list_visible_assumptions(cycle=cycle, place=place)
        rows.sort(key=lambda row: (_ORDER.index(row.state), -abs(row.impact_quantity or 0), row.pk))
        promised = load_follow_ups(cycle).assumptions
        context = {
            "cycle": cycle,
            "rows": [_line(row, promised) for row in rows],
            "unseen": sum(row.reviewed_at is None for row in rows),
            "broken": sum(row.state == AssumptionState.BROKEN for row in rows),
            "states": AssumptionState.choices,
            "triggers": TriggerKind.choices,
            "most_months": MOST_MONTHS,
            "products": _codes(Product, place.hierarchy.products, place.scope.products),
            "orgs": _codes(Org, place.hierarchy.orgs, place.scope.orgs),
            "offer": offer_action(get_actor(request), today=timezone.localdate()),
            "may_propose": can(get_actor(request), "decision.propose"),
        }
        return render(request, "demand/assumptions.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        """A new assumption, or a word on one that stands (``assumption``)."""
        cycle = find_cycle(request)
        if cycle is None:
            raise Http404
        place = find_place(scope=get_scope(get_actor(request)), product=None, org=None)
        try:
            said = _assess(request, place) if request.POST.get("assumption") else _add(request, cycle)
        except Missing as missing:
            raise Http404(str(missing.message)) from missing
        except Denied as denied:
            raise PermissionDenied(str(denied.message)) from denied
        except AppError as refused:
            messages.error(request, str(refused.message))
        else:
            messages.success(request, said)
        return redirect(request.get_full_path())


def _line(row: Assumption, promised: Mapping[int, list[FollowUp]]) -> dict[str, Any]:
    """A row of the page: the assumption, its look, its arithmetic, the actions that answer it."""
    return {
        "row": row,
        "look": _LOOKS[row.state],
        "told": tell_arithmetic(row),
        "actions": promised.get(row.pk, []),
    }


def _assess(request: HttpRequest, place: Place) -> str:
    number = request.POST["assumption"]
    row = get_assumption(assumption_id=int(number) if number.isdecimal() else 0, place=place)
    state, note = request.POST.get("state", ""), request.POST.get("note", "")
    assess_assumption(assumption=row, state=state, note=note, actor=get_actor(request))
    return _("Assessed: %(text)s") % {"text": row.text}


def _add(request: HttpRequest, cycle: Cycle) -> str:
    given = request.POST
    sides: dict[str, Any] = {}
    for name, model in (("product", Product), ("org", Org)):
        sides[name] = model.objects.filter(code=given[name]).first() if given.get(name) else None
        if given.get(name) and sides[name] is None:
            raise Missing(_("There is no “%(code)s”.") % {"code": given[name]})
    row: Assumption = add_assumption(
        cycle=cycle,
        text=given.get("text", ""),
        evidence=given.get("evidence", ""),
        impact_quantity=_whole(given.get("impact_quantity", "")),
        trigger=given.get("trigger", ""),
        trigger_value=_number(given.get("trigger_value", "")),
        trigger_months=_whole(given.get("trigger_months", "")) or 1,
        trigger_misses=_whole(given.get("trigger_misses", "")) or 1,
        trigger_is_sum="trigger_is_sum" in given,
        until=find_month(given.get("until")),
        actor=get_actor(request),
        **sides,
    )
    return _("Recorded: %(text)s") % {"text": row.text}


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def _whole(text: str) -> int | None:
    number = _number(text)
    return None if number is None or abs(number) > 10**9 else round(number)


def _codes(model: type[Product] | type[Org], tree: Tree, scope: frozenset[str] | None) -> list[tuple[str, str]]:
    """(code, label) of the nodes that the reader's scope touches: those above the leaves and those below the top."""
    seen = tree.ids[tree.seen_by(scope)].tolist()
    is_offered = Q(children__isnull=False) | Q(parent__isnull=False, parent__parent__isnull=True)
    rows = model.objects.filter(is_offered, pk__in=seen).distinct().order_by("code")
    return [(row.code, row.label) for row in rows]
