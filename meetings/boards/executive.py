"""The executive pages: where we stand, the decisions, what became of the promises."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import formats
from cycles.models import Cycle
from cycles.selectors.year import Year, get_year
from demand.choices import AssumptionState
from demand.models import Assumption
from engine.coverage import days_of_supply
from finance.selectors import MoneyView
from finance.targets import load_targets
from masterdata.models import ActualRecord, CalendarMonth
from meetings.boards.presop import DecisionLine, list_decision_lines
from meetings.choices import ActionState
from meetings.models import ActionItem, Risk
from meetings.selectors import Waiting, get_quorum, is_overdue, list_actions, list_risks, list_waiting
from meetings.selectors.attendance import Quorum
from plans.hierarchy import load_hierarchy
from plans.measures import get_measure
from plans.models import Version
from plans.selectors import ScenarioStanding, get_shown_version, load_measure, load_nodes, load_scenario_standing
from supply.selectors.marks import keep_plan_figures
from supply.selectors.opening import load_opening

ACTUAL_MONTHS, PLAN_MONTHS = 3, 14
_WORKING_DAYS = 21.0  # where the calendar sheet says nothing


@dataclass(frozen=True)
class Headline:
    """One figure of page 1. ``is_good`` says whether the difference helps the business."""

    label: str
    value: str
    unit: str
    difference: str
    is_good: bool | None
    against: str
    formula: str
    is_hidden: bool = False  # from a reader who may not see costs
    measure: str = ""  # of the plan over the year: the figure then has a passport


@dataclass(frozen=True)
class Promise:
    """One action of page 3."""

    action: ActionItem
    look: str
    state: str


@dataclass(frozen=True)
class ExecutiveBoard:
    cycle: Cycle
    version: Version
    scenario: ScenarioStanding | None
    year: Year
    message: str
    headlines: list[Headline]
    chart: dict[str, Any]
    risks: list[Risk]
    assumptions: list[Assumption]
    decisions: list[DecisionLine]
    promises: list[Promise]
    quorum: Quorum
    must_decide: int
    unapplied: int
    snapshot: str
    horizon: range
    effects: dict[str, Any] = field(default_factory=dict)

    @property
    def promise_message(self) -> str:
        """What became of the promises, in a sentence."""
        looks = [promise.look for promise in self.promises]
        late, done = looks.count("late"), looks.count("ok")
        text = ngettext("%(n)s action was promised", "%(n)s actions were promised", len(looks)) % {"n": len(looks)}
        if not looks:
            return text
        return text + _(": %(done)s done, %(late)s overdue") % {"done": done, "late": late}

    @property
    def last_month(self) -> int:
        """Of the horizon, over which options are priced."""
        return self.horizon[-1]


def load_executive_board(cycle: Cycle, wanted: str | None = None, *, sees_costs: bool) -> ExecutiveBoard:
    """Everything the three executive pages show of a cycle's plan, or of its scenario ``wanted``.

    Without ``sees_costs`` no cost, profit or margin is in the board at all; units and revenue are.
    """
    version = get_shown_version(cycle, wanted)
    year = get_year(cycle)
    view = MoneyView(version_id=version.pk, months=year.months)
    decisions = list_decision_lines(cycle, sees_costs=sees_costs)
    waiting = list_waiting(cycle)
    must = [line for line in decisions if line.is_open and line.decision.must_decide]
    whole = MoneyView(version_id=version.pk)  # the horizon, over which options are priced
    return ExecutiveBoard(
        cycle=cycle,
        version=version,
        scenario=load_scenario_standing(version),
        year=year,
        message=_message(view, year) if sees_costs else _revenue_message(view, year),
        headlines=[*_money_headlines(view, year, sees_costs=sees_costs), *_service_headlines(cycle, version)],
        chart=_revenue_chart(cycle, version.pk, view),
        risks=list(list_risks(cycle))[:3],
        assumptions=list(
            Assumption.objects.filter(
                cycle=cycle, state__in=[AssumptionState.AT_RISK, AssumptionState.BROKEN]
            ).order_by("pk")[:4]
        ),
        decisions=decisions,
        promises=[_promise(action) for action in list_actions(cycle)],
        quorum=get_quorum(cycle),
        must_decide=len(must),
        unapplied=len(waiting),
        snapshot=version.snapshots.order_by("-at").values_list("code", flat=True).first() or "",
        horizon=whole.months,
        effects=_effects(whole, decisions, waiting, version.pk, sees_costs=sees_costs),
    )


def _message(view: MoneyView, year: Year) -> str:
    _free, plan, budget, _le = view.columns()
    facts = {"year": year.label}
    if not view.is_valued:
        return _("The plan is not valued yet: revenue and profit are not known")
    if plan.profit is None or not budget.profit:
        return _("%(year)s: profit %(profit)s, no budget to compare with.") % {
            **facts,
            "profit": formats.money(plan.profit, view.company),
        }
    share = 100 * (plan.profit - budget.profit) / abs(budget.profit)
    facts["share"] = formats.percent(abs(share), 0 if abs(share) >= 10 else 1)
    if share >= 0:
        return _("The plan is %(share)s above the profit budgeted for %(year)s.") % facts
    bridge = view.bridge()
    worst = min(bridge.causes, key=lambda cause: cause[1])[0] if bridge and bridge.causes else ""
    reason = {
        "short": _("Shortages explain most of it."),
        "volume": _("A weaker market explains most of it."),
        "mix": _("A cheaper mix explains most of it."),
        "rate": _("Prices and costs explain most of it."),
    }.get(worst, "")
    return (_("The plan is %(share)s short of the profit budgeted for %(year)s.") % facts + f" {reason}").strip()


def _revenue_message(view: MoneyView, year: Year) -> str:
    """The same finding for who may see revenue, not profit."""
    _free, plan, budget, _le = view.columns()
    if not view.is_valued:
        return _("The plan is not valued yet: revenue and profit are not known")
    if plan.revenue is None or not budget.revenue:
        return _("%(year)s: revenue %(revenue)s, no budget to compare with.") % {
            "year": year.label,
            "revenue": formats.money(plan.revenue, view.company),
        }
    share = 100 * (plan.revenue - budget.revenue) / abs(budget.revenue)
    facts = {"year": year.label, "share": formats.percent(abs(share), 0 if abs(share) >= 10 else 1)}
    if share >= 0:
        return _("The plan is %(share)s above the revenue budgeted for %(year)s.") % facts
    return _("The plan is %(share)s short of the revenue budgeted for %(year)s.") % facts


def _money_headlines(view: MoneyView, year: Year, *, sees_costs: bool) -> list[Headline]:
    _free, plan, budget, _le = view.columns()
    margin = None if plan.margin is None else 100 * plan.margin
    goal = None if budget.margin is None else 100 * budget.margin
    revenue = _amount(_("Revenue %s") % year.label, plan.revenue, budget.revenue, view, "revenue")
    volume = _volume(_("Volume %s") % year.label, plan.units, budget.units)
    if not sees_costs:
        return [revenue, _hidden(_("Profit %s") % year.label), _hidden(_("Net margin")), volume]
    return [
        revenue,
        _amount(_("Profit %s") % year.label, plan.profit, budget.profit, view, "profit"),
        Headline(
            _("Net margin"),
            formats.number(margin, 1),
            "%",
            formats.points(margin - goal) if margin is not None and goal is not None else formats.UNDEFINED,
            None if margin is None or goal is None else margin >= goal,
            _("budget %s") % formats.number(goal, 1),
            _("profit ÷ revenue"),
        ),
        volume,
    ]


def _hidden(label: str) -> Headline:
    return Headline(label, "", "", "", None, "", "", is_hidden=True)


def _amount(label: str, value: int | None, goal: int | None, view: MoneyView, measure: str) -> Headline:
    words = formats.money(value, view.company)
    number, _space, unit = words.rpartition(" ")
    share = 100 * (value - goal) / abs(goal) if value is not None and goal else None
    return Headline(
        label,
        number or words,
        unit if number else "",
        formats.percent(share, sign=True),
        None if share is None else share >= 0,
        _("budget %s") % formats.money(goal, view.company),
        str(get_measure(measure).formula),
        measure=measure,
    )


def _volume(label: str, value: int | None, goal: int | None) -> Headline:
    share = 100 * (value - goal) / goal if value is not None and goal else None
    return Headline(
        label,
        formats.number(value),
        _("units"),
        formats.percent(share, sign=True),
        None if share is None else share >= 0,
        _("budget %s") % formats.number(goal),
        _("Σ constrained plan"),
        measure="constrained",
    )


def _service_headlines(cycle: Cycle, version: Version) -> list[Headline]:
    last = cycle.month - 1
    now, before = _on_time(last), _on_time(last - 1)
    days = _stock_days(cycle, version)
    return [
        Headline(
            _("On time, %s") % formats.month(last, year=False),
            formats.number(now, 1),
            "%",
            formats.points(now - before) if now is not None and before is not None else formats.UNDEFINED,
            None if now is None or before is None else now >= before,
            _("month before %s") % formats.number(before, 1),
            _("delivered on time ÷ delivered"),
        ),
        Headline(
            _("Stock at the start"),
            formats.number(days, 1),
            _("days"),
            "",
            None,
            _("of coming demand"),
            _("stock ÷ coming demand, walked forward month by month"),
        ),
    ]


def _on_time(month: int) -> float | None:
    sums = ActualRecord.objects.filter(month=month).aggregate(
        delivered=Sum("delivered"), on_time=Sum("delivered_on_time")
    )
    if not sums["delivered"] or sums["on_time"] is None:
        return None
    return 100 * float(sums["on_time"]) / float(sums["delivered"])


def _stock_days(cycle: Cycle, version: Version) -> float | None:
    units = keep_plan_figures(
        ("units in stock", cycle.month), version=version, user=None, make=lambda: _count_stock(cycle.month)
    )
    months = range(cycle.month, cycle.month + 6)
    wanted = load_nodes(version_id=version.pk, measures=["consensus"], nodes=[(None, None)], months=months)["consensus"]
    if units is None or not wanted.values.any():
        return None
    known = dict(CalendarMonth.objects.filter(month__in=months).values_list("month", "working_days"))
    days = [float(known.get(month, _WORKING_DAYS)) for month in months]
    return days_of_supply(units, wanted.to_float()[0].tolist(), days)


def _count_stock(month: int) -> float | None:
    units = [float(lot.quantity) for lot in load_opening(month).lots if lot.product_id is not None]
    return sum(units) if units else None


def _revenue_chart(cycle: Cycle, version_id: int, view: MoneyView) -> dict[str, Any]:
    """Three actual months and fourteen planned ones against budget, in the unit of money tables."""
    months = range(cycle.month - ACTUAL_MONTHS, cycle.month + min(PLAN_MONTHS, cycle.horizon))
    unit = 10**view.company.currency_decimals * (100_000_000 if formats.is_chinese() else 1_000_000)
    actual = load_measure(
        version_id=version_id, measure="actual_revenue", months=range(months.start, cycle.month)
    ).values.sum(axis=0)
    plan = load_measure(version_id=version_id, measure="revenue", months=range(cycle.month, months.stop)).values.sum(
        axis=0
    )
    budget = load_targets(kind="budget", months=months, hierarchy=load_hierarchy()).line()
    return {
        "title": _("Revenue against budget by month"),
        "labels": [
            formats.month(m, year=False) + (f"<br>{m // 12}" if m % 12 == 0 or m == months.start else "")
            for m in months
        ],
        "actual": [int(x) / unit for x in actual],
        "plan": [int(x) / unit for x in plan],
        "budget": [x / unit for x in budget.revenue] if budget.revenue else [0] * len(months),
        "decimals": 1 if formats.is_chinese() else 0,
    }


def _promise(action: ActionItem) -> Promise:
    if action.state in {ActionState.DONE, ActionState.VERIFIED}:
        return Promise(action, "ok", str(action.get_state_display()))
    if is_overdue(action):
        return Promise(action, "late", _("overdue"))
    return Promise(action, "clock", str(action.get_state_display()))


def _effects(
    view: MoneyView, decisions: list[DecisionLine], waiting: list[Waiting], version_id: int, *, sees_costs: bool
) -> dict[str, Any]:
    """What the live panel of page 2 adds up: the plan today, its goals, and what is decided already.

    All over the horizon, as options are priced; a budget that ends before it is no goal.
    """
    _free, plan, budget, _le = view.columns()
    goal = view.target("budget")
    reaches = goal.revenue is not None and all(goal.revenue)
    open_ones = {one.decision.pk for one in waiting}  # what is applied stands in the base already
    chosen = [
        option["effects"]
        for line in decisions
        for option in line.decision.options
        if line.decision.pk in open_ones and option["code"] == line.decision.chosen_option
    ]
    short = load_measure(version_id=version_id, measure="short").values.clip(0).sum()
    panel: dict[str, Any] = {
        "base": {"revenue": plan.revenue, "profit": plan.profit, "short": int(short)},
        "goal": {
            "revenue": budget.revenue if reaches else None,
            "profit": budget.profit if reaches else None,
            "short": 0,
        },
        "decided": {
            "revenue": sum(int(effects.get("revenue") or 0) for effects in chosen),
            "profit": sum(int(effects.get("gain") or 0) for effects in chosen),
            "short": -sum(int(effects.get("units") or 0) for effects in chosen),
        },
    }
    if not sees_costs:
        for side in panel.values():
            del side["profit"]
    return panel
