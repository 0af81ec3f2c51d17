"""The page of activities, launches and phase-outs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.policies import can
from accounts.selectors import get_actor, get_scope, list_people
from core.months import format_month
from demand.choices import EventKind
from demand.launch_register import build_launches, build_options, build_phase_outs
from demand.register import build_register
from demand.views import DemandPage, find_cycle, find_shown, scenario_of
from plans.hierarchy import load_hierarchy


class ActivitiesPage(DemandPage):
    """What moves demand from inside and outside, what is it worth, and did the forecast accept it?"""

    def get(self, request: HttpRequest) -> HttpResponse:
        cycle = find_cycle(request)
        if cycle is None:
            return render(request, "demand/empty.html", {"title": _("Activities")})
        actor = get_actor(request)
        version = find_shown(request, cycle)
        shown = None if version is None else version.pk
        register = build_register(actor, cycle, shown)
        launches = build_launches(actor, cycle, shown)
        context = {
            "cycle": cycle,
            "register": register,
            "launches": launches,
            "phase_outs": build_phase_outs(actor, cycle, shown),
            "scenario": scenario_of(version),
            "may_edit": can(actor, "activity.edit"),
            "people": list_people(),
            "options": build_options(get_scope(actor), load_hierarchy()),
            "kinds": EventKind.choices,
            "forms": {row.code: row.form for row in register["rows"] if row.may_edit},
            "launch_forms": {row.code: _launch_form(row) for row in launches},
            "page": {"cycle": str(cycle), "month": format_month(cycle.month + 1)},
        }
        return render(request, "demand/activities.html", context)


def _launch_form(row: object) -> dict[str, object]:
    said = dict(vars(row))
    first = said["first_month"]
    return said | {"first_month": format_month(first) if first is not None else ""}
