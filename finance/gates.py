"""What finance does after a balance and when the cycle moves: money first, then the freeze."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from cycles.gates import register_effect, register_gate
from cycles.models import Cycle
from finance.rates import price_set_code
from finance.selectors import is_valued
from finance.services import enqueue_valuation
from plans.choices import FreezeKind
from plans.selectors import get_working_version
from plans.services import freeze_version
from supply.followers import register_follower


def register() -> None:
    register_follower("finance", enqueue_valuation)
    register_effect("supply_review->pre_sop", value_in_background)
    register_gate("pre_sop->executive", "money", gettext_lazy("The financial projection is made"), check_money)
    register_effect("pre_sop->executive", freeze_evaluated)
    register_gate("executive->approved", "money", gettext_lazy("The financial projection is current"), check_money)
    register_effect("executive->approved", freeze_approved)


def value_in_background(cycle: Cycle, actor: User) -> None:
    """The constrained plan gets its money as soon as the supply review is signed."""
    version_id = get_working_version(cycle).pk
    transaction.on_commit(lambda: enqueue_valuation(version_id, actor))


def check_money(cycle: Cycle) -> list[str]:
    """The plan's money must be that of its quantities and of today's prices and costs."""
    if is_valued(version_id=get_working_version(cycle).pk):
        return []
    return [_("Finance values the plan: quantities, prices or costs changed since the last valuation.")]


def freeze_evaluated(cycle: Cycle, actor: User) -> str:
    """Snapshot P: the evaluated demand and its money, which is the pre-read."""
    return _freeze(cycle, FreezeKind.PRE_SOP, actor)


def freeze_approved(cycle: Cycle, actor: User) -> str:
    """Snapshot A: the approved plan."""
    return _freeze(cycle, FreezeKind.APPROVED, actor)


def _freeze(cycle: Cycle, kind: FreezeKind, actor: User) -> str:
    version = get_working_version(cycle)
    return freeze_version(version_id=version.pk, kind=kind, actor=actor, price_set=price_set_code())
