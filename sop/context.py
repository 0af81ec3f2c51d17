"""What the shell of every page shows: company, cycle, step rail, navigation and its counters.

Everything is read when a template asks for it, so partials and the API pay nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.forms import THEMES
from accounts.policies import can
from core.errors import Missing
from cycles.choices import StepCode, StepState
from cycles.models import Cycle
from cycles.selectors import RailStep, get_current_cycle, get_cycle, get_rail, list_cycles
from masterdata.models import Company
from meetings.selectors import list_undecided

_MENU_LENGTH = 12

# path, label, the right it takes, key of the counter
_NAV: tuple[tuple[str, Promise, str, str], ...] = (
    ("/", _("Cycle"), "", ""),
    ("/demand/", _("Demand"), "plan.read", ""),
    ("/supply/", _("Supply"), "plan.read", ""),
    ("/presop/", _("Reconcile"), "plan.read", ""),
    ("/executive/", _("Decide"), "plan.read", "decisions"),
    ("/orders/", _("Orders"), "plan.read", "orders"),
    ("/kpis/", _("KPIs"), "plan.read", ""),
    ("/import/", _("Data"), "masterdata.read", ""),
)
_PORTAL = ("/supply/portal/", _("Supplier portal"))  # all that a supplier sees
# The pages of a room, in the order of a month's work; a page that does not exist is left out.
_TABS: tuple[tuple[tuple[str, Promise], ...], ...] = (
    (
        ("/demand/", _("Workbench")),
        ("/demand/review/", _("Look back")),
        ("/demand/explain/", _("Explain")),
        ("/demand/activities/", _("Activities")),
        ("/demand/orders/", _("Order book")),
        ("/demand/take-rates/", _("Take rates")),
        ("/demand/rules/", _("Rules")),
        ("/demand/assumptions/", _("Assumptions")),
        ("/meeting/demand_review/", _("Meeting")),
    ),
    (
        ("/supply/", _("Workbench")),
        ("/supply/review/", _("Look back")),
        ("/supply/inventory/", _("Inventory")),
        ("/supply/long-range/", _("Long range")),
        ("/supply/policies/", _("Policies")),
        ("/supply/chains/", _("Chains")),
        ("/supply/shipping/", _("Shipping")),
        ("/supply/together/", _("Side by side")),
        ("/supply/suppliers/", _("Suppliers")),
        ("/meeting/supply_review/", _("Meeting")),
    ),
)
_STEP_PATHS = {
    StepCode.BUSINESS_REVIEW: "/",
    StepCode.DEMAND_REVIEW: "/demand/",
    StepCode.SUPPLY_REVIEW: "/supply/",
    StepCode.PRE_SOP: "/presop/",
    StepCode.EXECUTIVE: "/executive/",
    StepCode.RELEASE: "/orders/",
}


@dataclass(frozen=True)
class NavItem:
    """One word of the top bar."""

    path: str
    label: str | Promise
    active: bool
    count: int = 0
    urgent: bool = False


@dataclass(frozen=True)
class RailItem:
    """One step of the rail: ``mark`` is done, now or todo; ``active`` when the open page belongs to it."""

    step: RailStep
    path: str
    mark: str
    active: bool


def _exists(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


class Shell:
    """The frame of one page for one request."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    def _is_here(self, path: str) -> bool:
        here = self._request.path
        return here == path if path == "/" else here.startswith(path)

    @cached_property
    def company(self) -> Company | None:
        return Company.objects.first()

    @property
    def company_name(self) -> str:
        return self.company.label if self.company else ""

    @cached_property
    def theme(self) -> str:
        user = getattr(self._request, "user", None)
        if user is not None and user.is_authenticated:
            return user.theme
        chosen = self._request.COOKIES.get("theme", "")
        return chosen if chosen in THEMES else THEMES[0]

    @cached_property
    def cycle(self) -> Cycle | None:
        """The one the address names (``?cycle=2026-11``), else the newest."""
        if wanted := self._request.GET.get("cycle"):
            try:
                return get_cycle(wanted)
            except Missing:
                pass
        return get_current_cycle()

    @cached_property
    def query(self) -> str:
        """Keeps the cycle the address names when one walks on; empty for the newest."""
        return f"?cycle={self.cycle}" if self.cycle and self.cycle != get_current_cycle() else ""

    @cached_property
    def cycles(self) -> list[Cycle]:
        return list(list_cycles()[:_MENU_LENGTH])

    @cached_property
    def counts(self) -> dict[str, int]:
        """Open must-decide items of the cycle, for whoever may read the plan."""
        if self.cycle is None or not self._may("plan.read"):
            return {}
        return {"decisions": list_undecided(self.cycle).count()}

    def _may(self, action: str) -> bool:
        user = getattr(self._request, "user", None)
        return user is not None and user.is_authenticated and (not action or can(user, action))

    @cached_property
    def nav(self) -> list[NavItem]:
        if self._may("material.edit") and not self._may("plan.read"):
            path, label = _PORTAL
            return [NavItem(path, label, self._is_here(path))]
        return [
            NavItem(path, label, self._is_here(path), self.counts.get(counter, 0), counter == "orders")
            for path, label, action, counter in _NAV
            if self._may(action) and _exists(path)
        ]

    @cached_property
    def tabs(self) -> list[NavItem]:
        """The pages beside this one; none on a page that stands alone."""
        here = self._request.path
        for room in _TABS:
            found = [(path, label) for path, label in room if _exists(path)]
            inside = [path for path, _label in found if here.startswith(path)]
            if inside and len(found) > 1 and self._may("plan.read"):
                nearest = max(inside, key=len)
                return [NavItem(path, label, path == nearest) for path, label in found]
        return []

    @cached_property
    def rail(self) -> list[RailItem]:
        if self.cycle is None or not self._may("plan.read"):
            return []
        return [self._rail_item(step) for step in get_rail(self.cycle)]

    def _rail_item(self, step: RailStep) -> RailItem:
        path = _STEP_PATHS[StepCode(step.code)]
        is_done = step.state == StepState.SIGNED_OFF
        mark = "done" if is_done else "now" if step.is_current else "todo"
        return RailItem(step, path if _exists(path) else "/", mark, self._is_here(path))


def shell(request: HttpRequest) -> dict[str, Shell]:
    """Context processor."""
    return {"shell": Shell(request)}
