"""What follows from a gap by itself: sales talks to customers, supply chain secures material, production schedules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.choices import Role
from accounts.models import User
from core.formats import month_long
from cycles.choices import StepCode
from cycles.models import Cycle
from cycles.selectors import get_step
from masterdata.models import Product
from meetings.models import ActionItem
from meetings.selectors import MaterialGap
from meetings.services.actions import add_action

_DAYS_AFTER_RELEASE = 3


@dataclass(frozen=True)
class FollowUp:
    """An action of a department; ``title`` takes the product, the month, and the units planned and short."""

    role: Role
    title: str | Promise


FOLLOW_UPS = (
    FollowUp(
        Role.SALES, _("Agree delivery with key customers: %(product)s in %(month)s, %(short)d of %(demand)d later")
    ),
    FollowUp(Role.PURCHASING, _("Lock core material early for %(product)s in %(month)s: %(planned)d")),
    FollowUp(Role.PRODUCTION, _("Schedule %(planned)d %(product)s in %(month)s")),
)


def add_follow_ups(*, cycle: Cycle, product: Product, gap: MaterialGap, actor: User) -> list[ActionItem]:
    """The three departments' actions for the dearest month of a gap, due after the release. Call in a transaction."""
    facts = {
        "product": product.label,
        "month": month_long(gap.month),
        "short": gap.short,
        "planned": gap.planned,
        "demand": gap.planned + gap.short,
    }
    due = get_step(cycle, StepCode.RELEASE).due_at + timedelta(days=_DAYS_AFTER_RELEASE)
    owners = [(follow_up, _first_of(follow_up.role)) for follow_up in FOLLOW_UPS]
    return [
        add_action(
            cycle=cycle,
            title=str(follow_up.title) % facts,
            owner=owner,
            due=timezone.localdate(due),
            actor=actor,
        )
        for follow_up, owner in owners
        if owner is not None
    ]


def _first_of(role: Role) -> User | None:
    return User.objects.filter(role=role, is_active=True, is_service=False).order_by("pk").first()
