"""The Pre-S&OP page: four plans, why the gap, scenarios, the decision list, the gap list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import formats
from cycles.choices import CycleState
from cycles.models import Cycle
from cycles.selectors.year import Year, get_year
from finance.selectors import Bridge, Gap, MoneyView, PlanColumn
from masterdata.models import Product
from meetings.choices import ConflictState, DecisionState
from meetings.masking import mask_option
from meetings.models import Conflict, Decision
from meetings.selectors import list_conflicts, list_decisions, list_material_gaps, question_of
from plans.choices import VersionKind, VersionState
from plans.models import Version
from plans.selectors import (
    ScenarioStanding,
    get_shown_version,
    get_working_version,
    load_measures,
    load_scenario_standing,
)
from supply.models import SupplyOption
from supply.selectors.runs import get_data_state, get_latest_run, load_names
from supply.wording import Names, say_option

MOST_SCENARIOS = 4
MOST_GAPS = 7
_SETTLED = {CycleState.APPROVED, CycleState.RELEASED, CycleState.CLOSED, CycleState.CANCELLED}


@dataclass(frozen=True)
class PlanRow:
    """One line of the four plans: its figure in each, and the constrained plan against budget."""

    code: str
    label: str
    cells: list[int | float | None]  # unconstrained, constrained, budget, latest estimate
    measures: tuple[str, ...]  # of the cells that are figures of the plan, in the cells' order
    difference: int | float | None
    share: float | None  # per cent of the budget
    is_hidden: bool = False  # from a reader who may not see costs; the cells are empty then

    @property
    def figures(self) -> Iterator[tuple[int | float | None, str]]:
        """Each cell with the plan's measure it is of, empty for a goal or a ratio."""
        rest = [""] * (len(self.cells) - len(self.measures))
        return zip(self.cells, [*self.measures, *rest], strict=True)


@dataclass(frozen=True)
class ScenarioColumn:
    """One scenario in the comparison; figures over the year, units short over the horizon."""

    version: Version
    name: str
    note: str
    revenue: int | None  # None: not valued yet
    profit: int | None  # likewise, or hidden from the reader
    short: int
    highest_load: float | None


@dataclass(frozen=True)
class ScenarioRow:
    """One row of the comparison with the best column marked."""

    label: str
    kind: str  # money, number, percent
    measure: str  # of the plan over the year; empty for other figures
    values: list[int | float | None]
    versions: list[int]
    best: int | None
    is_hidden: bool = False

    @property
    def figures(self) -> Iterator[tuple[int | float | None, int]]:
        """Each value with the plan it is of."""
        return zip(self.values, self.versions, strict=True)


@dataclass(frozen=True)
class DecisionLine:
    """One item of the decision list."""

    decision: Decision
    number: int
    question: str
    recommendation: str
    is_open: bool
    money: int | None  # None: hidden from the reader
    options: list[dict[str, Any]]


@dataclass(frozen=True)
class GapLine:
    """One product and month short of demand."""

    gap: Gap
    product: str
    code: str
    margin_lost: int | None  # None: hidden from the reader
    share: float  # of the largest


@dataclass(frozen=True)
class PreSopBoard:
    cycle: Cycle
    version: Version
    year: Year
    message: str
    rows: list[PlanRow]
    bridge: Bridge | None
    waterfall: dict[str, Any] | None
    scenarios: list[ScenarioColumn]
    scenario_rows: list[ScenarioRow]
    decisions: list[DecisionLine]
    open_gaps: int
    conflicts: list[Conflict]
    gaps: list[GapLine]
    gaps_total: int
    gaps_covered: float | None  # per cent of the margin the shown lines carry; None: hidden
    snapshot: str
    scenario: ScenarioStanding | None
    is_balanced: bool
    is_valued: bool
    stale: str  # what changed since the balance; empty when nothing did


def load_presop_board(cycle: Cycle, wanted: str | None = None, *, sees_costs: bool) -> PreSopBoard:
    """Everything the Pre-S&OP page shows of a cycle's plan, or of its scenario ``wanted``.

    Without ``sees_costs`` no cost, profit or margin is in the board at all; units and revenue are.
    """
    base = get_working_version(cycle)
    version = get_shown_version(cycle, wanted)
    year = get_year(cycle)
    view = MoneyView(version_id=version.pk, months=year.months)
    columns = view.columns()
    is_balanced = get_latest_run(version.pk) is not None
    bridge = view.bridge() if sees_costs and is_balanced and view.is_valued else None
    gaps = MoneyView(version_id=version.pk).gaps()  # over the horizon: the year of the money may begin later
    decisions = list_decision_lines(cycle, sees_costs=sees_costs)
    scenarios = _scenarios(cycle, base, year, sees_costs=sees_costs)
    shown = gaps[:MOST_GAPS]
    total = sum(gap.margin_lost for gap in gaps)
    return PreSopBoard(
        cycle=cycle,
        version=version,
        year=year,
        message=_message(year, columns, decisions, view, sees_costs=sees_costs)
        if is_balanced
        else _("The plan is not balanced yet: run the balance before reconciling it"),
        rows=_rows(columns, sees_costs=sees_costs),
        bridge=bridge,
        waterfall=_waterfall(bridge, view),
        scenarios=scenarios,
        scenario_rows=_scenario_rows(scenarios, sees_costs=sees_costs),
        decisions=decisions,
        open_gaps=sum(1 for gap in list_material_gaps(cycle) if not gap.is_answered),
        conflicts=list(list_conflicts(cycle).filter(state=ConflictState.OPEN)),
        gaps=_gap_lines(shown, sees_costs=sees_costs),
        gaps_total=len(gaps),
        gaps_covered=_covered(shown, total) if sees_costs else None,
        snapshot=version.snapshots.order_by("-at").values_list("code", flat=True).first() or "",
        scenario=load_scenario_standing(version),
        is_balanced=is_balanced,
        is_valued=view.is_valued,
        stale=next(iter(get_data_state(version.pk).reasons), "") if is_balanced and cycle.state not in _SETTLED else "",
    )


def _covered(shown: list[Gap], total: int) -> float:
    return 100 * sum(gap.margin_lost for gap in shown) / total if total else 100.0


def _message(
    year: Year, columns: list[PlanColumn], decisions: list[DecisionLine], view: MoneyView, *, sees_costs: bool
) -> str:
    constrained, budget = columns[1], columns[2]
    recovered = sum(line.decision.money_at_stake for line in decisions if line.is_open)
    facts = {
        "year": year.label,
        "count": len([line for line in decisions if line.is_open]),
        "recovered": formats.money(recovered, view.company),
    }
    if not view.is_valued:
        return _("The plan is not valued yet: revenue and profit are not known")
    if not sees_costs:
        return _revenue_message(facts, constrained, budget, view)
    if budget.profit is None or constrained.profit is None:
        first = _("%(year)s: profit %(profit)s; no budget to compare with.") % {
            **facts,
            "profit": formats.money(constrained.profit, view.company),
        }
    elif constrained.profit < budget.profit:
        first = _("%(year)s misses budget profit by %(gap)s.") % {
            **facts,
            "gap": formats.money(budget.profit - constrained.profit, view.company),
        }
    else:
        first = _("%(year)s exceeds budget profit by %(gap)s.") % {
            **facts,
            "gap": formats.money(constrained.profit - budget.profit, view.company),
        }
    if not facts["count"]:
        return first
    return f"{first} " + _("%(count)d decisions are about %(recovered)s.") % facts


def _revenue_message(facts: dict[str, Any], constrained: PlanColumn, budget: PlanColumn, view: MoneyView) -> str:
    """The same finding for who may see revenue, not profit."""
    revenue, goal = constrained.revenue or 0, budget.revenue
    if goal is None:
        first = _("%(year)s: revenue %(revenue)s; no budget to compare with.") % {
            **facts,
            "revenue": formats.money(revenue, view.company),
        }
    else:
        gap = formats.money(abs(revenue - goal), view.company)
        text = (
            _("%(year)s misses budget revenue by %(gap)s.")
            if revenue < goal
            else _("%(year)s exceeds budget revenue by %(gap)s.")
        )
        first = text % {**facts, "gap": gap}
    if not facts["count"]:
        return first
    text = ngettext("%(count)d decision is open.", "%(count)d decisions are open.", facts["count"])
    return formats.sentences(first, text % facts)


_MASKED_ROWS = ("profit", "margin")


def _rows(columns: list[PlanColumn], *, sees_costs: bool) -> list[PlanRow]:
    def row(code: str, label: str, cells: list[int | float | None], *measures: str) -> PlanRow:
        if code in _MASKED_ROWS and not sees_costs:
            return PlanRow(code, label, [None] * len(cells), (), None, None, is_hidden=True)
        plan, budget = cells[1], cells[2]
        if plan is None or budget is None:
            return PlanRow(code, label, cells, measures, None, None)
        share = None if code == "margin" or not budget else 100 * (plan - budget) / abs(budget)
        return PlanRow(code, label, cells, measures, plan - budget, share)

    return [
        row("units", _("Volume"), [c.units for c in columns], "consensus", "constrained"),
        row("revenue", _("Revenue"), [c.revenue for c in columns], "revenue_unconstrained", "revenue"),
        row("profit", _("Profit"), [c.profit for c in columns], "", "profit"),
        row("margin", _("Net margin, %"), [None if c.margin is None else 100 * c.margin for c in columns]),
    ]


_CAUSES = {
    "volume": lambda: _("Volume"),
    "mix": lambda: _("Mix"),
    "rate": lambda: _("Price and cost"),
    "new": lambda: _("New products"),
    "short": lambda: _("Shortage"),
    "outsourcing_cost": lambda: _("Outsourcing"),
    "freight_cost": lambda: _("Freight"),
    "overtime_cost": lambda: _("Overtime"),
    "holding_cost": lambda: _("Stock"),
    "other": lambda: _("Other"),
}


def _waterfall(bridge: Bridge | None, view: MoneyView) -> dict[str, Any] | None:
    """The chart's bars in the unit of money tables, and where the axis is cut."""
    if bridge is None:
        return None
    unit = 10**view.company.currency_decimals * (100_000_000 if formats.is_chinese() else 1_000_000)
    bars: list[dict[str, Any]] = [{"label": _("Budget"), "value": bridge.start / unit, "total": True, "kind": "pl"}]
    bars += [{"label": _CAUSES[code](), "value": amount / unit} for code, amount in bridge.causes]
    bars.append({"label": _("Plan"), "value": bridge.end / unit, "total": True, "kind": "fc"})
    run, lowest = 0.0, min(bridge.start, bridge.end) / unit
    for bar in bars:
        run = bar["value"] if bar.get("total") else run + bar["value"]
        lowest = min(lowest, run)
    return {"bars": bars, "decimals": 2 if formats.is_chinese() else 0, "cut": max(lowest * 0.8, 0)}


def _scenarios(cycle: Cycle, base: Version, year: Year, *, sees_costs: bool) -> list[ScenarioColumn]:
    others = Version.objects.filter(cycle=cycle, kind=VersionKind.SCENARIO, state=VersionState.OPEN)
    columns = [(base, _("Base"), _("do nothing"))]
    columns += [(v, v.name, v.note) for v in others.order_by("-pk")[:MOST_SCENARIOS]]
    return [_scenario(version, name, note, year, sees_costs=sees_costs) for version, name, note in columns]


def _scenario(version: Version, name: str, note: str, year: Year, *, sees_costs: bool) -> ScenarioColumn:
    plan = MoneyView(version_id=version.pk, months=year.months).columns()[1]
    cubes = load_measures(version_id=version.pk, measures=["short", "load_hours", "available_hours"])
    load, available = cubes["load_hours"], cubes["available_hours"].align(cubes["load_hours"].axis)
    open_hours = available.values > 0
    shares = load.values[open_hours] / available.values[open_hours]
    return ScenarioColumn(
        version=version,
        name=name,
        note=note,
        revenue=plan.revenue,
        profit=plan.profit if sees_costs else None,
        short=int(cubes["short"].values.clip(0).sum()),
        highest_load=100 * float(shares.max()) if shares.size else None,
    )


def _scenario_rows(columns: list[ScenarioColumn], *, sees_costs: bool) -> list[ScenarioRow]:
    def row(
        label: str, kind: str, values: list[Any], want: Any, *, measure: str = "", is_hidden: bool = False
    ) -> ScenarioRow:
        known = [value for value in values if value is not None]
        best = values.index(want(known)) if len(columns) > 1 and known else None
        return ScenarioRow(label, kind, measure, values, [c.version.pk for c in columns], best, is_hidden)

    return [
        row(_("Revenue"), "money", [c.revenue for c in columns], max, measure="revenue"),
        row(_("Profit"), "money", [c.profit for c in columns], max, measure="profit", is_hidden=not sees_costs),
        row(_("Short, units"), "number", [c.short for c in columns], min),
        row(_("Highest load, %"), "percent", [c.highest_load for c in columns], min),
    ]


def list_decision_lines(cycle: Cycle, *, sees_costs: bool) -> list[DecisionLine]:
    """The decision list with its options in the reader's language, without their gain and cost unless seen."""
    open_states = {DecisionState.DRAFT, DecisionState.PROPOSED, DecisionState.ESCALATED}
    decisions = list(list_decisions(cycle))
    asked = {option.get("supply_option") for decision in decisions for option in decision.options}
    known = SupplyOption.objects.in_bulk([pk for pk in asked if pk])
    names = load_names()
    return [
        DecisionLine(
            decision=decision,
            number=decision.number,
            question=question_of(decision),
            recommendation=decision.recommendation,
            is_open=decision.state in open_states,
            money=decision.money_at_stake if sees_costs else None,
            options=[
                mask_option(_in_readers_language(option, known, names), sees_costs=sees_costs)
                for option in decision.options
            ],
        )
        for decision in decisions
    ]


def _in_readers_language(option: dict[str, Any], known: dict[int, SupplyOption], names: Names) -> dict[str, Any]:
    """A priced option says its title anew; one that somebody wrote stays as written."""
    priced = known.get(option.get("supply_option") or 0)
    return option if priced is None else {**option, "title": say_option(priced.kind, names(priced.target))}


def _gap_lines(gaps: list[Gap], *, sees_costs: bool) -> list[GapLine]:
    products = {product.pk: product for product in Product.objects.filter(pk__in=[gap.product for gap in gaps])}
    sizes = [gap.margin_lost if sees_costs else gap.revenue_lost for gap in gaps]
    largest = max(sizes, default=0) or 1
    return [
        GapLine(
            gap=gap,
            product=products[gap.product].label,
            code=products[gap.product].code,
            margin_lost=gap.margin_lost if sees_costs else None,
            share=100 * size / largest,
        )
        for gap, size in zip(gaps, sizes, strict=True)
    ]
