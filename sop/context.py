"""What the shell of every page shows: company, cycle, step rail, navigation and its counters.

Everything is read when a template asks for it, so partials and the API pay nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cycles.choices import CycleState, StepCode, StepState
from cycles.models import Cycle, Step
from masterdata.models import Company

THEMES = ("light", "dark")


@dataclass(frozen=True)
class NavItem:
    """One word of the top bar."""

    path: str
    label: str | Promise
    active: bool
    count: int = 0
    urgent: bool = False


@dataclass(frozen=True)
class RailStep:
    """One step of the rail: ``mark`` is done, now or todo; ``active`` when the open page belongs to it."""

    position: int
    title: str
    path: str
    mark: str
    state: str
    due_at: datetime | None
    signed_at: datetime | None
    active: bool

    @property
    def is_late(self) -> bool:
        return self.mark == "now" and self.due_at is not None and self.due_at < timezone.now()


# path, label, key of the counter
_NAV: tuple[tuple[str, Promise, str], ...] = (
    ("/", _("Cycle"), ""),
    ("/demand/", _("Demand"), ""),
    ("/supply/", _("Supply"), ""),
    ("/presop/", _("Reconcile"), ""),
    ("/executive/", _("Decide"), "decisions"),
    ("/orders/", _("Orders"), "orders"),
    ("/kpis/", _("KPIs"), ""),
    ("/import/", _("Data"), ""),
)
_STEP_PATHS = {
    StepCode.BUSINESS_REVIEW: "/",
    StepCode.DEMAND_REVIEW: "/demand/",
    StepCode.SUPPLY_REVIEW: "/supply/",
    StepCode.PRE_SOP: "/presop/",
    StepCode.EXECUTIVE: "/executive/",
    StepCode.RELEASE: "/orders/",
}


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

    @cached_property
    def company(self) -> Company | None:
        return Company.objects.first()

    @cached_property
    def theme(self) -> str:
        user = getattr(self._request, "user", None)
        if user is not None and user.is_authenticated:
            return user.theme
        chosen = self._request.COOKIES.get("theme", "")
        return chosen if chosen in THEMES else THEMES[0]

    @cached_property
    def company_name(self) -> str:
        return self.company.name if self.company else ""

    @cached_property
    def cycle(self) -> Cycle | None:
        return Cycle.objects.exclude(state=CycleState.CANCELLED).order_by("-month").first()

    @cached_property
    def cycles(self) -> list[Cycle]:
        return list(Cycle.objects.exclude(state=CycleState.CANCELLED).order_by("-month")[:12])

    @cached_property
    def counts(self) -> dict[str, int]:
        return {}

    @cached_property
    def nav(self) -> list[NavItem]:
        here = self._request.path
        return [
            NavItem(
                path=path,
                label=label,
                active=here == path if path == "/" else here.startswith(path),
                count=self.counts.get(counter, 0),
                urgent=counter == "orders",
            )
            for path, label, counter in _NAV
            if _exists(path)
        ]

    @cached_property
    def rail(self) -> list[RailStep]:
        if self.cycle is None:
            return []
        steps = list(Step.objects.filter(cycle=self.cycle))
        current = next((s.pk for s in steps if s.state != StepState.SIGNED_OFF), None)
        return [self._rail_step(step, is_current=step.pk == current) for step in steps]

    def _rail_step(self, step: Step, *, is_current: bool) -> RailStep:
        here, path = self._request.path, _STEP_PATHS[StepCode(step.code)]
        is_done = step.state == StepState.SIGNED_OFF
        return RailStep(
            position=step.position,
            title=step.get_code_display(),
            path=path,
            mark="done" if is_done else "now" if is_current else "todo",
            state=step.state,
            due_at=step.due_at,
            signed_at=step.signed_at,
            active=here == path if path == "/" else here.startswith(path),
        )


def shell(request: HttpRequest) -> dict[str, Shell]:
    """Context processor."""
    return {"shell": Shell(request)}
