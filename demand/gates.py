"""What must hold before the demand review opens and before it closes, and what happens then."""

from __future__ import annotations

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.formats import month, month_long, number
from cycles.gates import register_effect, register_gate
from cycles.models import Cycle
from cycles.selectors import get_previous_cycle
from demand.measures import PROPOSAL
from demand.models import Assumption, ForecastRun
from demand.selectors.frame import load_actual
from demand.selectors.overrides import count_overrides_without_reason
from demand.services import (
    apply_inputs,
    build_proposal,
    carry_assumptions,
    forecast_input_hash,
    publish_flex,
    refresh_sources,
)
from demand.services import check_assumptions as hold_assumptions_against_sales
from demand.services.rolling import roll_forecast
from plans.choices import FreezeKind
from plans.selectors import get_working_version, load_measure
from plans.services import create_working_version, freeze_version, refresh_actuals

OPENING = "collecting->demand_review"
CLOSING = "demand_review->supply_review"
QUALITY_MONTHS = 12
LARGEST_JUMP = 0.6  # a closed month that far from the mean of the three before is probably half loaded


def register() -> None:
    """Called once at start-up."""
    register_effect("draft->collecting", start_plan)
    register_gate(OPENING, "actuals", gettext_lazy("Sales of the closed month are loaded"), check_actuals)
    register_gate(OPENING, "quality", gettext_lazy("The history is clean"), check_quality, waivable=True)
    register_gate(OPENING, "forecast", gettext_lazy("The statistical forecast is current"), check_forecast)
    register_effect(OPENING, open_inputs)
    register_gate(CLOSING, "reasons", gettext_lazy("Every override has a reason"), check_reasons)
    register_gate(CLOSING, "assumptions", gettext_lazy("The assumptions were looked at"), check_assumptions)
    register_gate(CLOSING, "consensus", gettext_lazy("The consensus is built"), check_consensus)
    register_effect(CLOSING, freeze_demand)


def start_plan(cycle: Cycle, actor: User) -> None:
    """A cycle starts: working plan, newest actuals, order streams, annual plan, last month's forecast, assumptions."""
    version = create_working_version(cycle=cycle, actor=actor)
    refresh_actuals(version_id=version.pk, actor=actor)
    refresh_sources(cycle=cycle, actor=actor)
    roll_forecast(cycle=cycle, actor=actor)
    if (previous := get_previous_cycle(cycle)) is not None:
        carry_assumptions(cycle=cycle, previous=previous)
        hold_assumptions_against_sales(cycle=cycle, actor=actor)


def open_inputs(cycle: Cycle, actor: User) -> None:
    """The review opens: waiting departmental figures go into the plan and the proposal is made from them."""
    apply_inputs(cycle=cycle, actor=actor)
    build_proposal(cycle=cycle, actor=actor)


def freeze_demand(cycle: Cycle, actor: User) -> str:
    """The review closes: the unconstrained consensus and its flex band become snapshot D."""
    publish_flex(cycle=cycle, actor=actor)
    return freeze_version(version_id=get_working_version(cycle).pk, kind=FreezeKind.DEMAND, actor=actor)


def check_actuals(cycle: Cycle) -> list[str]:
    """Something was sold in the month before the plan begins."""
    closed = cycle.month - 1
    if load_actual().window(closed, 1).values.any():
        return []
    return [
        _("No sales of %(month)s are loaded; the coordinator imports the sheet “history”.")
        % {"month": month_long(closed)}
    ]


def check_quality(cycle: Cycle) -> list[str]:
    """No empty month among the last twelve since the first sale, and no sudden half of the usual volume."""
    totals = load_actual().window(cycle.month - QUALITY_MONTHS, QUALITY_MONTHS).values.sum(axis=0)
    sold = np.flatnonzero(totals)
    if not len(sold):
        return []
    reasons = [
        _("No sales at all in %(month)s: load the month or waive.") % {"month": month(cycle.month - QUALITY_MONTHS + i)}
        for i in range(int(sold[0]), QUALITY_MONTHS - 1)
        if not totals[i]
    ]
    usual = totals[-4:-1].mean()
    if usual and abs(totals[-1] - usual) > LARGEST_JUMP * usual:
        reasons.append(
            _("Sales of %(month)s are %(closed)s, the three months before had %(usual)s on average: check the load.")
            % {"month": month(cycle.month - 1), "closed": number(int(totals[-1])), "usual": number(int(usual))}
        )
    return reasons


def check_forecast(cycle: Cycle) -> list[str]:
    """The last run read exactly what a run would read now."""
    run = ForecastRun.objects.filter(version=get_working_version(cycle)).first()
    if run is None:
        return [_("The statistical forecast has not run yet; the demand lead runs it.")]
    if run.input_hash != forecast_input_hash(cycle):
        return [_("History or settings changed since the last forecast; the demand lead runs it again.")]
    return []


def check_reasons(cycle: Cycle) -> list[str]:
    """R-053: no gut-feel entry."""
    missing = count_overrides_without_reason(version_id=get_working_version(cycle).pk)
    if not missing:
        return []
    return [_("%(count)d overrides have no reason; their authors give one or take them back.") % {"count": missing}]


def check_assumptions(cycle: Cycle) -> list[str]:
    """R-041: each is looked at in every cycle."""
    waiting = Assumption.objects.filter(cycle=cycle, reviewed_at__isnull=True).order_by("pk")
    return [
        _("The assumption “%(text)s” was not looked at; %(owner)s says whether it holds.")
        % {"text": assumption.text, "owner": assumption.owner or _("the demand lead")}
        for assumption in waiting.select_related("owner")
    ]


def check_consensus(cycle: Cycle) -> list[str]:
    """There is a proposal to agree on."""
    proposal = load_measure(version_id=get_working_version(cycle).pk, measure=PROPOSAL)
    return [] if proposal.values.any() else [_("There is no consensus proposal yet; the demand lead builds it.")]
