"""The demand meeting: what changed since last cycle and why, who improves the forecast, what broke, what to decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policies import can
from accounts.selectors import get_scope
from core.formats import listing, number
from cycles.choices import StepCode
from cycles.models import Cycle
from cycles.selectors import get_step
from demand.choices import AssumptionState, OverrideReason
from demand.consumption_board import say_excess
from demand.flex_board import FlexFamily, list_flex_families
from demand.follow_ups import ActionForm, FollowUp, load_follow_ups, offer_action
from demand.models import Assumption
from demand.review_board import FORMULAS, ReviewBoard
from demand.selectors.activities import Activity, load_activities
from demand.selectors.assumptions import list_visible_assumptions
from demand.selectors.bridge import LAST_OVERRIDES, NOT_REBUILT, RULES, Bridge, load_demand_bridge
from demand.selectors.excess_orders import find_excess_orders
from demand.selectors.place import Place
from masterdata.selectors import get_company
from meetings.boards.presop import DecisionLine, list_decision_lines
from meetings.choices import UNFINISHED, ConflictState
from meetings.models import ActionItem, Conflict, Meeting, Risk
from meetings.selectors import Flag, get_meeting, list_actions, list_conflicts, list_flags, list_risks
from plans.hierarchy import load_hierarchy
from plans.measures import get_measure
from plans.selectors import get_valid_snapshot, get_working_version
from supply.selectors.marks import keep_plan_figures

_T = TypeVar("_T")
ACTIVITIES, RISKS = 5, 5
MOST_BARS = 9  # a waterfall of more causes joins the small ones
_LOOKS = {
    AssumptionState.BROKEN: "bad",
    AssumptionState.AT_RISK: "warn",
    AssumptionState.ACTIVE: "ok",
    AssumptionState.CONFIRMED: "ok",
    AssumptionState.EXPIRED: "idle",
}
_URGENCY = (AssumptionState.BROKEN, AssumptionState.AT_RISK, AssumptionState.ACTIVE, AssumptionState.CONFIRMED)


@dataclass(frozen=True)
class AssumptionLine:
    """One assumption with the look of its state and the actions that answer it."""

    row: Assumption
    look: str
    actions: list[FollowUp]


@dataclass(frozen=True)
class DemandMeetingBoard:
    """Everything the demand meeting shows, inside one person's scope."""

    cycle: Cycle
    user: User

    @cached_property
    def place(self) -> Place:
        return Place(load_hierarchy(), get_scope(self.user), None, None)

    @cached_property
    def review(self) -> ReviewBoard:
        return ReviewBoard(self.cycle, self.place, self.user)

    @cached_property
    def bridge(self) -> Bridge | None:
        return self._keep("bridge", lambda: load_demand_bridge(cycle=self.cycle, place=self.place))

    def _keep(self, what: str, make: Callable[[], _T]) -> _T:
        seen = what, can(self.user, "finance.view_costs")
        return keep_plan_figures(seen, version=get_working_version(self.cycle), user=self.user, make=make)

    @property
    def formulas(self) -> dict[str, Any]:
        return FORMULAS

    @property
    def message(self) -> str:
        """How demand moved against last cycle, and the two causes that carry most of it."""
        bridge = self.bridge
        if bridge is None:
            return _("The first demand review: there is no earlier plan to compare with")
        change = self._units(bridge.end - bridge.start)
        carriers = sorted(bridge.parts, key=lambda part: -abs(part.change))[:2]
        facts = {"units": number(abs(change)), "causes": listing(_cause_label(part.cause) for part in carriers)}
        if not carriers:
            return _("Demand is what it was last cycle, to the unit")
        if change == 0:
            return _("Demand is what it was last cycle in sum; moved by: %(causes)s") % facts
        if change > 0:
            return _("Demand rises by %(units)s units against last cycle; most by: %(causes)s") % facts
        return _("Demand falls by %(units)s units against last cycle; most by: %(causes)s") % facts

    @cached_property
    def waterfall(self) -> dict[str, Any] | None:
        """The chart's bars in units; small causes are joined so that the picture stays readable."""
        bridge = self.bridge
        if bridge is None:
            return None
        order = {part.cause: index for index, part in enumerate(bridge.parts)}
        largest = sorted(bridge.parts, key=lambda part: -abs(part.change))
        shown = sorted(largest[:MOST_BARS], key=lambda part: order[part.cause])
        rest = sum(part.change for part in largest[MOST_BARS:])
        bars: list[dict[str, Any]] = [
            {"label": _("Plan of last cycle"), "value": self._units(bridge.start), "total": True, "kind": "py"}
        ]
        bars += [{"label": _cause_label(part.cause), "value": self._units(part.change)} for part in shown]
        if rest:
            bars.append({"label": _("Other causes"), "value": self._units(rest)})
        bars.append({"label": _("Plan of this cycle"), "value": self._units(bridge.end), "total": True, "kind": "fc"})
        return {"bars": bars, "decimals": 0, "cut": _axis_cut(bars)}

    def _units(self, value: int) -> int | float:
        scale = get_company().quantity_decimals
        return value / 10**scale if scale else value

    @cached_property
    def assumptions(self) -> list[AssumptionLine]:
        rows = list_visible_assumptions(cycle=self.cycle, place=self.place)
        order = {str(state): index for index, state in enumerate(_URGENCY)}
        rows.sort(key=lambda row: (order.get(row.state, len(order)), -abs(row.impact_quantity or 0), row.pk))
        promised = load_follow_ups(self.cycle).assumptions
        return [AssumptionLine(row, _LOOKS[AssumptionState(row.state)], promised.get(row.pk, [])) for row in rows]

    @property
    def assumption_summary(self) -> str:
        reviewed = sum(line.row.reviewed_at is not None for line in self.assumptions)
        broken = sum(line.row.state == AssumptionState.BROKEN for line in self.assumptions)
        at_risk = sum(line.row.state == AssumptionState.AT_RISK for line in self.assumptions)
        return _("%(reviewed)s reviewed · %(broken)s broken · %(risk)s at risk") % {
            "reviewed": number(reviewed),
            "broken": number(broken),
            "risk": number(at_risk),
        }

    @cached_property
    def excess(self) -> str:
        """Where orders exceed the consensus, in a sentence; empty where they do not."""
        return say_excess(find_excess_orders(self.cycle, self.place))

    @cached_property
    def actions(self) -> list[ActionItem]:
        """Open actions that this cycle follows, the next due first."""
        return [row for row in list_actions(self.cycle) if row.state in UNFINISHED]

    @cached_property
    def offer(self) -> ActionForm | None:
        """The dialog for a new action; None where the user may not promise one."""
        return offer_action(self.user, today=timezone.localdate())

    @cached_property
    def flex(self) -> list[FlexFamily]:
        """The band that capacity and core materials prepare for in the first month, by family."""
        first, version = range(self.cycle.month, self.cycle.month + 1), get_working_version(self.cycle)
        return self._keep("flex", lambda: list_flex_families(version_id=version.pk, months=first, user=self.user))

    @cached_property
    def activities(self) -> list[Activity]:
        found = load_activities(cycle=self.cycle, scope=get_scope(self.user), may_edit=False)
        return [activity for activity in found if not activity.is_past][:ACTIVITIES]

    @cached_property
    def risks(self) -> list[Risk]:
        return list_risks(self.cycle)[:RISKS]

    @cached_property
    def decisions(self) -> list[DecisionLine]:
        lines = list_decision_lines(self.cycle, sees_costs=can(self.user, "finance.view_costs"))
        return [line for line in lines if line.is_open]

    @cached_property
    def conflicts(self) -> list[Conflict]:
        return list(list_conflicts(self.cycle).filter(state=ConflictState.OPEN))

    @property
    def conflicts_count(self) -> int:
        return len(self.conflicts)

    @property
    def last_month(self) -> int | None:
        return self.bridge.months[-1] if self.bridge else None

    @cached_property
    def flags(self) -> list[Flag]:
        """Bad habits of the meeting so far (R-018)."""
        meeting: Meeting | None = get_meeting(get_step(self.cycle, StepCode.DEMAND_REVIEW))
        return list_flags(meeting) if meeting and meeting.begun_at else []

    @cached_property
    def snapshot(self) -> str:
        """The code of the frozen demand; empty until it is signed."""
        found = get_valid_snapshot(version_id=get_working_version(self.cycle).pk, kind="D")
        return found.code if found else ""


def _cause_label(cause: str) -> str:
    """The words of a bar."""
    own = {
        LAST_OVERRIDES: _("Last overrides end"),
        RULES: _("Rules changed"),
        NOT_REBUILT: _("Proposal out of date"),
    }
    if cause in own:
        return own[cause]
    if cause.startswith("override:"):
        reason = cause.removeprefix("override:")
        labels = {code: str(label) for code, label in OverrideReason.choices}
        return labels.get(reason, reason) if reason else _("Override")
    return str(get_measure(cause).label)


def _axis_cut(bars: list[dict[str, Any]]) -> float:
    """Where the axis begins: the changes take two fifths of the height, however small they are beside the whole."""
    run, points = 0.0, []
    for bar in bars:
        run = bar["value"] if bar.get("total") else run + bar["value"]
        points.append(run)
    return max(min(points) - 1.5 * (max(points) - min(points)), 0.0)
