"""What the supply room asks and does when the cycle moves."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from cycles.gates import register_effect, register_gate
from cycles.models import Cycle
from plans.choices import FreezeKind
from plans.selectors import get_working_version
from plans.services import freeze_version
from supply.choices import CauseKind
from supply.selectors.pricing import get_option_pricing
from supply.selectors.runs import get_data_state
from supply.selectors.shortages import list_shortages
from supply.services.releases import check_release, publish_release

LARGE_SHARE = 0.001  # of the plan's revenue: a shortage above it needs a way out before Pre-S&OP
_NO_WAY_OUT = {CauseKind.MARGIN}  # serving it would lose money: nothing to solve


def register() -> None:
    """Called once at start-up."""
    supply = "supply_review->pre_sop"
    register_gate(supply, "balanced", gettext_lazy("The plan is balanced on current inputs"), check_balanced)
    register_gate(supply, "options", gettext_lazy("Every large shortage has a way out"), check_ways_out, waivable=True)
    register_effect(supply, freeze_constrained)
    register_gate("approved->released", "release", gettext_lazy("The plan can be released"), check_release)
    register_effect("approved->released", publish_release)


def check_balanced(cycle: Cycle) -> list[str]:
    """Solved, on the demand, master data and options as they are now."""
    state = get_data_state(get_working_version(cycle).pk)
    return [_("%(reason)s Supply planning runs the balance again.") % {"reason": reason} for reason in state.reasons]


def check_ways_out(cycle: Cycle) -> list[str]:
    """A large shortage without any option goes to nobody's table; nobody knows before all options are priced."""
    version = get_working_version(cycle)
    state, pricing = get_data_state(version.pk), get_option_pricing(version.pk)
    if state.run is None or pricing is None:
        return []
    if not pricing.is_over:
        return [pricing.text]
    least = state.run.revenue * LARGE_SHARE
    open_rows = [
        row
        for row in list_shortages(version.pk)
        if row.revenue > least and not row.options and row.cause not in _NO_WAY_OUT
    ]
    if not open_rows:
        return []
    text = ngettext(
        "%(count)d large shortage has no way out (%(product)s): supply planning prices one or asks for a waiver.",
        "%(count)d large shortages have no way out (first %(product)s): supply planning prices one each.",
        len(open_rows),
    )
    return [text % {"count": len(open_rows), "product": open_rows[0].label}]


def freeze_constrained(cycle: Cycle, actor: User) -> str:
    """Snapshot S: capacity, policies and the constrained plan as the supply review leaves them."""
    return freeze_version(version_id=get_working_version(cycle).pk, kind=FreezeKind.SUPPLY, actor=actor)
