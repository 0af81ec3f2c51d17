"""Decided options go into the plan: the balance and the money are made anew with them before the approval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from core import audit
from core.db import write_transaction
from core.errors import Conflict
from cycles.choices import CycleState
from cycles.models import Cycle
from finance.services import value_plan
from meetings.selectors import list_waiting
from plans.choices import FreezeKind, Source
from plans.models import Version
from plans.selectors import get_heads, get_working_version
from plans.services import (
    MergePlan,
    Note,
    freeze_kind,
    freeze_version,
    plan_merge,
    reopen_version,
    save_cells,
)
from supply.measures import CONSTRAINED
from supply.services.balance import run_balance
from supply.services.options import adopt_option


def apply_decisions(
    *,
    cycle: Cycle,
    actor: User,
    report: Callable[[float, str], None] = lambda _share, _step: None,
    fence: Callable[[], Any] | None = None,
) -> Version:
    """Build every approved option into the cycle's plan; the plan as it stands then.

    The supply review's figures are frozen, so the changed plan is another one that stands on it: supply and money are
    made anew. The agreed demand stays sealed, but for what a decided scenario changes in it. Repeating it changes
    nothing. Raises ``Conflict`` outside the executive meeting, and for scenarios that contradict each other. Audit
    ``meetings.decisions.applied``.
    """
    if cycle.state != CycleState.EXECUTIVE:
        raise Conflict(_("Decisions are built into the plan in the executive meeting."), code="cycle_moved")
    waiting = list_waiting(cycle)
    version = get_working_version(cycle)
    if not waiting:
        if fence is not None:
            fence()
        return version
    report(0.05, _("Opening the supply figures"))
    version = _take_figures(version, [one.scenario for one in waiting if one.scenario], actor)
    if get_heads(version_id=version.pk, measures=[CONSTRAINED])[CONSTRAINED].sealed:
        version = _reopen(version, FreezeKind.SUPPLY, actor)
    options = list(dict.fromkeys(option for one in waiting for option in one.options))
    for option in options:
        adopt_option(option_id=option.pk, version_id=version.pk, actor=actor)
    report(0.1, _("Balancing with the decisions"))
    run_balance(version_id=version.pk, actor=actor)
    report(0.8, _("Prices and costs"))
    value_plan(version_id=version.pk, actor=actor, fence=fence)
    with write_transaction():
        audit.record(
            chain=f"cycle:{cycle.pk}",
            actor=actor,
            verb="meetings.decisions.applied",
            obj=version,
            detail={
                "decisions": [one.decision.number for one in waiting],
                "options": [option.pk for option in options],
                "scenarios": [one.scenario for one in waiting if one.scenario],
            },
        )
    return version


def _take_figures(version: Version, scenarios: list[int], actor: User) -> Version:
    """Figures people changed in decided scenarios, e.g. a rush order's, become the plan's; its demand is sealed again.

    Raises ``Conflict`` where two scenarios contradict each other, before anything is opened.
    """
    note = Note(reason="decision", cause="scenario")
    merges = [plan_merge(source_id=scenario, target_id=version.pk, note=note) for scenario in scenarios]
    _refuse_contradictions(merges)
    edits = {(edit.measure, *edit.cell): edit for plan in merges for edit in plan.edits}
    if not edits:
        return version
    opened = min((freeze_kind(edit.measure) for edit in edits.values()), key=list(FreezeKind).index)
    if any(ref.sealed for code, ref in get_heads(version_id=version.pk).items() if freeze_kind(code) == opened):
        version = _reopen(version, opened, actor)
    save_cells(version_id=version.pk, edits=list(edits.values()), actor=actor, source=Source.DECISION)
    if opened == FreezeKind.DEMAND:
        freeze_version(version_id=version.pk, kind=FreezeKind.DEMAND, actor=actor)
    return version


def _refuse_contradictions(merges: Sequence[MergePlan]) -> None:
    """Two decided scenarios may not want different figures in one cell, nor one that the plan changed meanwhile."""
    wanted: dict[tuple[str, int, int, int], set[int | None]] = {}
    for plan in merges:
        for edit in plan.edits:
            wanted.setdefault((edit.measure, *edit.cell), set()).add(edit.after)
    count = sum(len(values) > 1 for values in wanted.values()) + sum(len(plan.conflicts) for plan in merges)
    if count:
        text = ngettext(
            "%(count)d figure differs between the decided scenarios, or was changed in the plan since."
            " Put the changes into one scenario and decide on that.",
            "%(count)d figures differ between the decided scenarios, or were changed in the plan since."
            " Put the changes into one scenario and decide on that.",
            count,
        )
        raise Conflict(text % {"count": count}, code="merge_conflict")


def _reopen(version: Version, kind: FreezeKind, actor: User) -> Version:
    return reopen_version(version_id=version.pk, kind=kind, actor=actor, reason=_("Decisions of the executive meeting"))
